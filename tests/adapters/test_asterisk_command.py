# SPDX-License-Identifier: EUPL-1.2
"""The PBX's configuration as the command writes it: it fits the bridge that the settings make."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.cli import app
from bridge.telephony.asterisk.config import APOLOGIES

READER, WRITER = "reader-secret-0123456789", "writer-secret-0123456789"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders such as an Asterisk and rendered prompts make, and the settings of a bridge."""
    for folder in ("modules", "data/moh", "prompts/pt", "prompts/en"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data" / "moh" / "song.wav").touch()
    for language in ("pt", "en"):
        for key in APOLOGIES:
            (tmp_path / "prompts" / language / f"{key}.wav").touch()
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "PROMPTS_DIR": "prompts",
        "ASTERISK__READER_USER": "ears",
        "ASTERISK__READER_SECRET": READER,
        "ASTERISK__WRITER_SECRET": WRITER,
        "ASTERISK__AMI_PORT": "5099",
        "ASTERISK__TRUNK": "operadora",
        "OPERATOR_NUMBER": "210 000 000",
    }.items():
        monkeypatch.setenv(f"STT_{name}", value)
    return tmp_path


def configure(*words: str) -> Result:
    where = ("--modules-dir", "modules", "--data-dir", "data")
    hosts = ("--trunk-host", "198.51.100.7", "--bind", "203.0.113.5")
    return CliRunner().invoke(app, ["asterisk", "configure", *hosts, *where, *words])


def test_the_configuration_has_what_the_bridge_is_set_to(machine: Path) -> None:
    result = configure("--rtp-last", "10049")
    assert result.exception is None, result.exception
    conf = machine / "var" / "asterisk"
    assert result.stdout == "written; run: asterisk -C var/asterisk/asterisk.conf -f\n"
    manager = (conf / "manager.conf").read_text()
    for line in ("port = 5099", "[ears]", f"secret = {READER}", "[bridge-writer]"):
        assert f"\n{line}\n" in manager
    pjsip = (conf / "pjsip.conf").read_text()
    assert "[operadora]" in pjsip
    assert "198.51.100.7" in pjsip
    assert "203.0.113.5" in pjsip
    assert "10049" in (conf / "rtp.conf").read_text()
    extensions = (conf / "extensions.conf").read_text()
    assert "+351210000000" in extensions
    assert "exten => 218106191,1,Goto(attend,line,1)" in extensions
    assert not {READER, WRITER} & set(result.stdout.split())


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("ASTERISK__READER_SECRET", "", "STT_ASTERISK__READER_SECRET"),
        ("ASTERISK__WRITER_SECRET", "short", "16 characters"),
        ("ASTERISK__WRITER_USER", "ears", "two names"),
        ("OPERATOR_NUMBER", "112", "STT_OPERATOR_NUMBER"),
        ("DIRECTORY", "nowhere.toml", "STT_DIRECTORY"),
    ],
)
def test_a_setting_that_fits_no_pbx_is_one_sentence_and_nothing_is_written(
    machine: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(f"STT_{setting}", value)
    refused = configure().exception
    assert isinstance(refused, ValueError)
    assert remedy in str(refused)
    assert not (machine / "var").exists()
