# SPDX-License-Identifier: EUPL-1.2
"""The PBX while the bridge is down: callers hear a word and reach a person or a polite end."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import PbxPlan
from bridge.telephony.gate import permit
from lab.asterisk import AsteriskInstall
from tests.lab.bare_pbx import (
    CALLER,
    EN_HZ,
    END_EN_HZ,
    END_PT_HZ,
    LEG_EN_HZ,
    LEG_PT_HZ,
    LOUD,
    OPERATOR,
    PT_HZ,
    Agi,
    Manager,
    bridge,
    hears,
    in_room,
    originate,
    pbx_address,
    redirect,
    running,
    stay,
    tone,
    until,
)
from tests.lab.sip_probe import probe


async def test_caller_hears_an_apology_then_music_then_a_polite_end_when_nothing_listens(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        assert await phone.call("+351218106191", caller=CALLER) == 200
        await hears(phone, PT_HZ)
        await hears(phone, EN_HZ)
        async with asyncio.timeout(10):
            while max(phone.level(0.25, PT_HZ), phone.level(0.25, EN_HZ)) > LOUD / 4:
                await phone.until_heard(0.06)
        await phone.until_heard(1.5)
        assert phone.level(1.0) > 50
        assert max(phone.level(1.0, PT_HZ), phone.level(1.0, EN_HZ)) < LOUD / 4
        await hears(phone, END_PT_HZ)
        await hears(phone, END_EN_HZ)
        async with asyncio.timeout(20):
            await phone.hung_up.wait()
        assert "0 active channels" in await pbx.rx("core show channels")
        log = (pbx.conf.parent / "state/log/messages").read_text()
        assert "210000001" not in log
        assert "218106191" not in log


async def test_recorded_apology_wins_over_the_rendered_one(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    tone(plan.recordings_dir / "pt" / "apology.wav", 1000.0)
    async with (
        running(install, plan, tmp_path),
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await phone.call("808257257")
        await hears(phone, 1000.0)
        await hears(phone, EN_HZ)


async def test_socket_that_dies_midway_leads_to_the_apology_and_back_to_the_bridge(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    sessions = 0

    async def talk(_: dict[str, str], agi: Agi) -> None:
        nonlocal sessions
        sessions += 1
        if sessions == 1:
            await agi.say("ANSWER")
            agi.writer.write(b"WAIT FOR DIGIT 60000\n")
            await agi.writer.drain()
            agi.writer.transport.abort()
            return
        await agi.say("SET VARIABLE BRIDGE_ROOM room-0001")
        await agi.say("SET VARIABLE BRIDGE_NEXT room")

    async with (
        running(install, plan, tmp_path) as pbx,
        bridge(plan, talk) as legs,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await phone.call("218106191")
        await hears(phone, PT_HZ)

        await in_room(pbx, "room-0001")
        assert len(legs) == 2
        assert legs[0]["agi_uniqueid"] == legs[1]["agi_uniqueid"]
        assert legs[1]["agi_dnid"] == "218106191"
        assert not phone.hung_up.is_set()


@pytest.mark.parametrize(("works", "conversations"), [("with a word", 6), ("for long", 5)])
async def test_second_outage_is_met_like_the_first(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path, works: str, conversations: int
) -> None:
    """An apology and every round again for a caller with whom the bridge has talked meanwhile."""
    begun = 0

    async def talk(_: dict[str, str], agi: Agi) -> None:
        nonlocal begun
        begun += 1
        if begun == 3 and works == "with a word":
            await agi.say("SET VARIABLE BRIDGE_NEXT line")
            return
        if begun == 3:
            await asyncio.sleep(plan.apology_music_seconds + 5)
        agi.writer.transport.abort()

    async with (
        running(install, plan, tmp_path),
        bridge(plan, talk) as legs,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await phone.call("218106191")
        async with asyncio.timeout(60):
            await phone.hung_up.wait()
        assert len(legs) == conversations


async def test_outage_before_leaves_a_goodbye_nothing_to_wait_for(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    begun = 0

    async def talk(leg: dict[str, str], agi: Agi) -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            await stay(leg, agi)
        agi.writer.transport.abort()

    async with (
        running(install, plan, tmp_path) as pbx,
        bridge(plan, talk) as legs,
        Manager.login(plan, "bridge-writer") as writer,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await phone.call("218106191")

        async def waits() -> bool:
            return len(legs) == 2

        await until(waits)

        leg = legs[0]["agi_uniqueid"]
        await redirect(writer, leg, "rooms", "room-0001")

        await in_room(pbx, "room-0001")
        await redirect(writer, leg, "legs", "goodbye")
        async with asyncio.timeout(10):
            await phone.hung_up.wait()
        assert len(legs) == 3


@pytest.mark.parametrize("asked_for", [True, False])
async def test_person_is_rung_when_asked_for_and_when_the_bridge_stays_away(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path, asked_for: bool
) -> None:
    plan = dataclasses.replace(plan, operator=permit(OPERATOR), apology_rounds=0)

    async def talk(_: dict[str, str], agi: Agi) -> None:
        if asked_for:
            await agi.say("SET VARIABLE BRIDGE_NEXT person")

    async with (
        running(install, plan, tmp_path),
        bridge(plan, talk) as legs,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        phone.picks_up = False
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert len(legs) == (1 if asked_for else 2)
        assert len(phone.invites) == 1
        request, sender = phone.invites[0].splitlines()[0], phone.invites[0]
        assert f"sip:{OPERATOR}@" in request
        assert CALLER not in sender


@pytest.mark.parametrize("conversation", ["offer", "migrant", "opening", "not-answering"])
async def test_rung_person_hears_a_short_apology_and_is_let_go(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path, conversation: str
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        Manager.login(plan, "bridge-writer") as writer,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        told = await originate(writer, plan, conversation, "leg-0001")
        assert told.startswith("Response: Success")
        await hears(phone, LEG_PT_HZ)
        await hears(phone, LEG_EN_HZ)
        async with asyncio.timeout(20):
            await phone.hung_up.wait()
        assert "0 active channels" in await pbx.rx("core show channels")


async def test_rung_person_is_brought_into_the_room_out_of_the_apology(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        Manager.login(plan, "bridge-writer") as writer,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await originate(writer, plan, "offer", "leg-0001")
        await hears(phone, LEG_PT_HZ)
        await redirect(writer, "leg-0001", "rooms", "room-0001")

        await in_room(pbx, "room-0001")
        await phone.until_heard(3.0)
        assert phone.level(1.0, LEG_EN_HZ) < LOUD / 4
        assert not phone.hung_up.is_set()
