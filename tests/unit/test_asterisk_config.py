# SPDX-License-Identifier: EUPL-1.2
"""Which Asterisk is good enough, and what becomes of a plan before any Asterisk sees it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import (
    APOLOGIES,
    BadPlan,
    PbxPlan,
    render,
    write_configuration,
)
from bridge.telephony.asterisk.version import UnsupportedAsterisk, require_supported
from bridge.telephony.gate import permit


@pytest.fixture
def plan(tmp_path: Path) -> PbxPlan:
    for folder in ("modules", "data", "music", "prompts/pt", "prompts/en"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "music" / "song.wav").touch()
    for language in ("pt", "en"):
        for key in APOLOGIES:
            (tmp_path / "prompts" / language / f"{key}.wav").touch()
    return PbxPlan(
        modules_dir=tmp_path / "modules",
        data_dir=tmp_path / "data",
        music_dir=tmp_path / "music",
        prompts_dir=tmp_path / "prompts",
        recordings_dir=tmp_path / "recordings",
        reader_secret="reader-secret-0123456789",
        writer_secret="writer-secret-0123456789",
        trunk_host="192.0.2.1",
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", "22.10.1"),
        ("Asterisk 22.10.1~dfsg-2", "22.10.1"),
        ("22.11.0", "22.11.0"),
        ("Asterisk 22.11.0-rc1", "22.11.0-rc"),
        ("Asterisk 23.0.0", "23.0.0"),
        ("Asterisk certified-22.8-cert4", "certified-22.8-cert4"),
        ("Asterisk certified/22.8-cert5", "certified-22.8-cert5"),
    ],
)
def test_asterisk_that_is_new_enough(text: str, shown: str) -> None:
    assert str(require_supported(text)) == shown


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Asterisk 22.10.0", "22.10.0"),
        ("Asterisk 22.10.1-rc1", "22.10.1-rc"),
        ("Asterisk 22.9.9", "22.9.9"),
        ("Asterisk 20.99.0", "20.99.0"),
        ("Asterisk certified-22.8-cert3", "certified-22.8-cert3"),
        ("Asterisk certified-20.7-cert9", "certified-20.7-cert9"),
        ("Asterisk GIT-master-abcdef", "GIT-master-abcdef"),
        ("", "nothing"),
        ("\x1b[31m٢٢.10.1", "10.1"),
    ],
)
def test_asterisk_that_is_too_old_or_unknown_is_refused_with_what_was_found(
    text: str, found: str
) -> None:
    with pytest.raises(UnsupportedAsterisk) as refused:
        require_supported(text)
    assert found in str(refused.value)
    assert "22.10.1 or newer" in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_configuration_is_complete_private_and_holds_no_open_placeholder(
    plan: PbxPlan, tmp_path: Path
) -> None:
    plan = dataclasses.replace(plan, operator=permit("+351210000009"), sip_port=5070)
    conf = write_configuration(plan, tmp_path / "etc")
    assert conf == tmp_path / "etc" / "asterisk.conf"
    for file in conf.parent.glob("*.conf"):
        assert file.stat().st_mode & 0o077 == 0, file.name
        assert "@state_dir@" not in file.read_text()
    assert "bind = 127.0.0.1:5070" in (conf.parent / "pjsip.conf").read_text()
    assert "match = 192.0.2.1:5060" in (conf.parent / "pjsip.conf").read_text()
    assert "OPERATOR = +351210000009" in (conf.parent / "extensions.conf").read_text()


def test_writing_again_replaces_our_files_and_leaves_the_installation_s_own(
    plan: PbxPlan, tmp_path: Path
) -> None:
    conf = write_configuration(plan, tmp_path / "etc")
    own = conf.parent / "pjsip.local.conf"
    own.write_text("; ours\n")
    write_configuration(dataclasses.replace(plan, sip_port=5071), tmp_path / "etc")
    assert own.read_text() == "; ours\n"
    assert "5071" in (conf.parent / "pjsip.conf").read_text()


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"modules_dir": Path("/nowhere")}, "make setup"),
        ({"music_dir": Path("/nowhere")}, "make setup"),
        ({"prompts_dir": Path("/nowhere")}, "stt-bridge prompts build"),
        ({"prompts_dir": Path("/a,b")}, "move the folder"),
        ({"recordings_dir": Path("/a${SHELL(x)}")}, "move the folder"),
        ({"reader_secret": "short"}, "16 characters"),
        ({"writer_secret": "0123456789abcdef\nwrite = system"}, "writer_secret"),
        ({"reader_secret": "0123456789abcdef;comment"}, "reader_secret"),
        ({"trunk": "carrier]\ntype = endpoint"}, "trunk's name"),
        ({"trunk_host": "192.0.2.1\ncontact = sip:x"}, "hosts and sources"),
        ({"trunk_sources": ("0.0.0.0/0", "x y")}, "hosts and sources"),
        ({"lines": ("218106191",)}, "nine digits"),
        ({"caller_id": "+351218106191,1"}, "nine digits"),
        ({"extra_modules": ("x.so\nload = app_system.so",)}, "extra module"),
        ({"rtp_first": 9, "rtp_last": 9}, "rtp_first"),
        ({"reader_user": "ears]\n[x"}, "reader_user may hold"),
        ({"writer_user": "bridge-reader"}, "two names"),
        ({"reader_user": "general"}, "two names"),
    ],
)
def test_bad_plan_is_refused_before_anything_is_written(
    plan: PbxPlan, tmp_path: Path, change: dict[str, object], remedy: str
) -> None:
    with pytest.raises(BadPlan, match=remedy):
        write_configuration(dataclasses.replace(plan, **change), tmp_path / "etc")  # type: ignore[arg-type]
    assert not (tmp_path / "etc").exists()


def test_recorded_apologies_alone_are_enough(plan: PbxPlan, tmp_path: Path) -> None:
    (tmp_path / "prompts").rename(tmp_path / "recordings")
    assert write_configuration(plan, tmp_path / "etc").exists()


def test_placeholder_that_nobody_gave_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "asterisk.conf.in").write_text("port = @unheard_of@\n")
    with pytest.raises(BadPlan, match="@unheard_of@"):
        render(tmp_path / "source", tmp_path / "etc", {})
    assert not (tmp_path / "etc").exists()


def test_secrets_do_not_show(plan: PbxPlan) -> None:
    assert "secret-0123456789" not in repr(plan)
