# SPDX-License-Identifier: EUPL-1.2
"""What the tests of the PBX share: ports of their own, and a plan that gives up soon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import PbxPlan
from lab.asterisk import AsteriskInstall, find_asterisk
from lab.ports import PortLease
from tests.lab.bare_pbx import TONES, tone


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name is short, instead of the test's: Asterisk's socket is to fit below it."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture
def install() -> AsteriskInstall:
    return find_asterisk()


@pytest.fixture
def ports() -> Iterator[PortLease]:
    with PortLease() as lease:
        yield lease


@pytest.fixture
def plan(install: AsteriskInstall, ports: PortLease, tmp_path: Path) -> PbxPlan:
    """A PBX that gives up soon, with a tone for each of its own words."""
    for key, (portuguese, english) in TONES.items():
        tone(tmp_path / "prompts" / "pt" / f"{key}.wav", portuguese)
        tone(tmp_path / "prompts" / "en" / f"{key}.wav", english)
    first, last = ports.rtp_range(64)
    return PbxPlan(
        modules_dir=install.modules_dir,
        data_dir=install.data_dir,
        music_dir=install.music_dir,
        prompts_dir=tmp_path / "prompts",
        recordings_dir=tmp_path / "recordings",
        reader_secret="reader-secret-0123456789",
        writer_secret="writer-secret-0123456789",
        trunk_host="127.0.0.1",
        trunk_port=ports.port(),
        sip_port=ports.port(),
        ami_port=ports.port(),
        agi_port=ports.port(),
        rtp_first=first,
        rtp_last=last,
        apology_rounds=1,
        apology_music_seconds=2,
    )
