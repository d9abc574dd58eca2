# SPDX-License-Identifier: EUPL-1.2
"""What `bench/app_queue.py` says of Asterisk's own queues is true of a real one.

The queues have the settings that the benchmark plays, but ring for two seconds and pause for one.
Nothing here looks at a clock: who was rung, and in which order, tells the rules apart.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import render
from lab.asterisk import AsteriskInstall, AsteriskProcess
from lab.network import TEMPLATES
from tests.lab.bare_pbx import until

MODULES = (
    "pbx_config",
    "bridge_builtin_features",
    "bridge_simple",
    "codec_ulaw",
    "res_clioriginate",
    "res_musiconhold",
    "app_queue",
)
QUEUES = """
[general]
[calm](!)
strategy = leastrecent
ringinuse = no
timeout = 2
retry = 1
[english](calm)
member => Local/ana@members/n,0,ana
member => Local/rui@members/n,0,rui
[tigrinya](calm)
member => Local/ana@members/n,0,ana
[amharic](calm)
member => Local/rui@members/n,0,rui
"""
DIALPLAN = """
[members]
exten => away,1,Ringing()
 same => n,Wait(60)
exten => refuses,1,Hangup(17)
exten => _[ar][nu][ai],1,Answer()
 same => n,Wait(1.5)
[callers]
exten => _[a-z].,1,Answer()
 same => n,Queue(${EXTEN},,,,60)
"""


class Queues:
    """A running Asterisk with queues, and what it wrote about them."""

    def __init__(self, asterisk: AsteriskProcess, log: Path) -> None:
        self.asterisk = asterisk
        self._log = log

    def of_call(self, number: int) -> list[tuple[str, str]]:
        """What happened to the call of this number, counted from 1: who, and what."""
        lines = [line.split("|") for line in self._log.read_text().splitlines()]
        calls = [line[1] for line in lines if line[4] == "ENTERQUEUE"]
        if len(calls) < number:
            return []
        return [(line[3], line[4]) for line in lines if line[1] == calls[number - 1]]

    async def call(self, queue: str, number: int) -> str:
        """A caller waits until a member has served them. Returns who did."""
        await self.originate(queue)

        async def served() -> bool:
            done = {"COMPLETEAGENT", "COMPLETECALLER"}
            return any(what in done for _, what in self.of_call(number))

        await until(served)
        return next(who for who, what in self.of_call(number) if what == "CONNECT")

    async def originate(self, queue: str) -> None:
        await self.asterisk.rx(f"channel originate Local/{queue}@callers/n application Wait 60")

    async def joins(self, who: str, queue: str) -> None:
        """Add a member, who has taken no call yet and so comes first."""
        where = f"Local/{who}@members/n to {queue} penalty 0 as {who}"
        await self.asterisk.rx(f"queue add member {where}")


@pytest.fixture
async def queues(install: AsteriskInstall, tmp_path: Path) -> AsyncIterator[Queues]:
    """Asterisk with these queues; its folders are those of the laboratory's."""
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(TEMPLATES / "asterisk.conf.in", source)
    loads = [f"load = {name}.so" for name in MODULES]
    (source / "modules.conf").write_text("\n".join(["[modules]", "autoload = no", *loads, ""]))
    (source / "logger.conf").write_text("[general]\nqueue_log = yes\n[logfiles]\nfull => error\n")
    (source / "queues.conf").write_text(QUEUES)
    (source / "extensions.conf").write_text(DIALPLAN)
    folders = {"modules_dir": str(install.modules_dir), "data_dir": str(install.data_dir)}
    asterisk = AsteriskProcess(install, render(source, tmp_path / "pbx", folders))
    await asterisk.start()
    try:
        yield Queues(asterisk, tmp_path / "pbx" / "state" / "log" / "queue_log")
    finally:
        await asterisk.stop()


async def test_a_call_of_another_queue_does_not_count(queues: Queues) -> None:
    first = await queues.call("english", 1)
    second = await queues.call("english", 2)
    assert {first, second} == {"ana", "rui"}
    # Now the first has taken the latest call of all, but still the earlier one of this queue.
    assert await queues.call({"ana": "tigrinya", "rui": "amharic"}[first], 3) == first
    assert await queues.call("english", 4) == first
    assert await queues.call("english", 5) == second


async def test_who_is_away_is_rung_again_though_somebody_else_is_free(queues: Queues) -> None:
    assert await queues.call("amharic", 1) == "rui"
    await queues.joins("away", "amharic")
    await queues.originate("amharic")

    async def rung_three_times() -> bool:
        return queues.of_call(2).count(("away", "RINGNOANSWER")) >= 3

    await until(rung_three_times)
    assert {who for who, what in queues.of_call(2) if what != "ENTERQUEUE"} == {"away"}


async def test_who_refuses_is_followed_by_the_next_at_once(queues: Queues) -> None:
    assert await queues.call("amharic", 1) == "rui"
    await queues.joins("refuses", "amharic")
    # A try begun anew would ring the one who refuses once more, before anybody else.
    assert await queues.call("amharic", 2) == "rui"
    assert queues.of_call(2).count(("refuses", "RINGNOANSWER")) == 1


async def test_with_the_setting_for_it_a_call_of_another_queue_counts(
    tmp_path: Path, queues: Queues
) -> None:
    path = tmp_path / "pbx" / "queues.conf"
    path.write_text(QUEUES.replace("[general]", "[general]\nshared_lastcall = yes"))
    await queues.asterisk.rx("queue reload all")
    first = await queues.call("english", 1)
    second = await queues.call("english", 2)
    await queues.call({"ana": "tigrinya", "rui": "amharic"}[first], 3)
    assert await queues.call("english", 4) == second
