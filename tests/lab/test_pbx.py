# SPDX-License-Identifier: EUPL-1.2
"""The PBX configuration on a real Asterisk: who gets in, what is loaded, and what ends."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import PbxPlan, write_configuration
from lab.asterisk import AsteriskFailed, AsteriskInstall, AsteriskProcess
from lab.ports import PortLease
from tests.lab.bare_pbx import (
    Agi,
    Manager,
    bridge,
    in_room,
    originate,
    pbx_address,
    redirect,
    running,
    stay,
    until,
)
from tests.lab.sip_probe import probe

# --- who gets in --------------------------------------------------------------------------------


async def test_carrier_reaches_the_lines_in_every_form_and_nothing_else(
    install: AsteriskInstall, plan: PbxPlan, ports: PortLease, tmp_path: Path
) -> None:
    async def talk(_: dict[str, str], agi: Agi) -> None:
        await agi.say("SET VARIABLE BRIDGE_NEXT hangup")

    forms = [
        f"{prefix}{line}"
        for line in ("808257257", "218106191")
        for prefix in ("", "351", "+351", "00351")
    ]
    others = ["218106192", "112", "+351760000000", "line", "begin", "room-0001", "s", "h", "call"]
    others += ["218106191&PJSIP/+351910000001", "218106191,1,Hangup", "%24%7BOPERATOR%7D"]
    async with running(install, plan, tmp_path), bridge(plan, talk) as legs:
        for number in forms:
            async with probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone:
                assert await phone.call(number) == 200, number
                async with asyncio.timeout(10):
                    await phone.hung_up.wait()
        assert [leg["agi_dnid"] for leg in legs] == forms
        for number in others:
            async with probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone:
                assert 400 <= await phone.call(number) < 500, number
        async with probe("127.0.0.1", ports.port(), pbx_address(plan)) as stranger:
            assert await stranger.call("218106191") == 401
        assert len(legs) == len(forms)


async def test_hostile_caller_names_and_numbers_reach_nobody(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async def talk(_: dict[str, str], agi: Agi) -> None:
        await agi.say("SET VARIABLE BRIDGE_NEXT hangup")

    async with running(install, plan, tmp_path), bridge(plan, talk) as legs:
        for caller, name in (
            ("+351210000001", "${OPERATOR}&PJSIP/1,1"),
            ("21${OPERATOR}0&,1", 'Ana\\" <sip:x@y>'),
            ("+351210000001", "Ana\u2028Conference: 99"),
        ):
            async with probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone:
                if await phone.call("218106191", caller=caller, name=name) == 200:
                    async with asyncio.timeout(10):
                        await phone.hung_up.wait()
        assert len(legs) >= 2
        for leg in legs:
            assert re.fullmatch(r"\+?[0-9]*|unknown", leg["agi_callerid"])
            assert leg["agi_calleridname"] in ("", "unknown")


# --- the manager interface ----------------------------------------------------------------------


async def test_leg_in_a_conversation_is_redirected_and_hung_up_by_its_uniqueid(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        bridge(plan, stay) as legs,
        Manager.login(plan, "bridge-writer") as writer,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await originate(writer, plan, "offer", "interpreter-0001")

        async def talking() -> bool:
            return bool(legs)

        await until(talking)
        assert legs[0]["agi_uniqueid"] == "interpreter-0001"
        await redirect(writer, "interpreter-0001", "rooms", "room-77")

        await in_room(pbx, "room-77")
        ended = await writer.ask("Hangup", Channel="interpreter-0001")
        assert ended.startswith("Response: Success")
        async with asyncio.timeout(10):
            await phone.hung_up.wait()
        for action in ("Redirect", "Hangup"):
            gone = await writer.ask(
                action, Channel="interpreter-0001", Context="rooms", Exten="room-77", Priority="1"
            )
            assert gone.startswith("Response: Error")


async def test_manager_users_may_do_their_part_and_no_more(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with (
        running(install, plan, tmp_path),
        Manager.login(plan, "bridge-reader") as reader,
        Manager.login(plan, "bridge-writer") as writer,
    ):
        assert "Success" in await reader.ask("CoreStatus")
        for manager in (reader, writer):
            for action, headers in (
                ("Command", {"Command": "core show version"}),
                ("GetConfig", {"Filename": "manager.conf"}),
                ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
                ("Reload", {}),
            ):
                assert "Permission denied" in await manager.ask(action, **headers), action
        for action in ("Originate", "Redirect", "Hangup", "Setvar"):
            assert "Permission denied" in await reader.ask(action, Channel="x"), action
        assert "Permission denied" in await writer.ask("CoreStatus")


# --- what is loaded, and what ends --------------------------------------------------------------


async def test_everything_the_dialplan_calls_is_loaded_and_nothing_that_records(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with running(install, plan, tmp_path) as pbx:
        known = set(
            re.findall(r"^\s*(\w+): ", await pbx.rx("core show applications"), re.MULTILINE)
        )
        functions = set(re.findall(r"^(\w+)\s", await pbx.rx("core show functions"), re.MULTILINE))
        dialplan = (pbx.conf.parent / "extensions.conf").read_text()
        lines = [line for line in dialplan.splitlines() if not line.startswith(";")]
        used = set(re.findall(r"=> (?:[^,]+,1|n(?:\(\w+\))?),(\w+)\(", "\n".join(lines)))
        assert {"AGI", "ConfBridge", "Dial", "Answer"} <= used <= known
        called = set(re.findall(r"\b([A-Z]{2,})\(", "\n".join(lines))) - {"AGI"}
        assert {"FILTER", "CALLERID", "TIMEOUT"} <= called <= functions
        dangerous = {"Record", "MixMonitor", "Monitor", "System", "TrySystem", "Originate", "Exec"}
        dangerous |= {"ChanSpy", "Dictate", "VoiceMail", "ExternalIVR", "Transfer", "UserEvent"}
        assert not known & dangerous
        assert not functions & {"SHELL", "CURL", "DB", "ODBC", "REALTIME"}
        log = (pbx.conf.parent / "state/log/messages").read_text()
        assert "WARNING" not in log
        assert "ERROR" not in log


async def test_telephone_that_vanished_is_let_go_and_one_that_listens_to_music_is_not(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async def talk(leg: dict[str, str], agi: Agi) -> None:
        await agi.say("EXEC StartMusicOnHold waiting")
        await stay(leg, agi)

    async with (
        running(install, plan, tmp_path, rtp_timeout="2"),
        bridge(plan, talk),
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await phone.call("218106191")
        await phone.until_heard(5)
        assert not phone.hung_up.is_set()
        phone.speaks = False
        async with asyncio.timeout(20):
            await phone.hung_up.wait()


async def test_no_leg_outlives_the_longest_call(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async def talk(_: dict[str, str], agi: Agi) -> None:
        await agi.say("SET VARIABLE BRIDGE_ROOM room-9")
        await agi.say("SET VARIABLE BRIDGE_NEXT room")

    plan = dataclasses.replace(plan, longest_call_seconds=2)
    async with (
        running(install, plan, tmp_path),
        bridge(plan, talk),
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        await phone.call("218106191")
        async with asyncio.timeout(20):
            await phone.hung_up.wait()


async def test_taken_port_is_one_clear_error_and_leaves_nothing_running(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with running(install, plan, tmp_path / "first"):
        pbx = AsteriskProcess(install, write_configuration(plan, tmp_path / "second"))
        with pytest.raises(AsteriskFailed, match="port is already taken"):
            await pbx.start()
        assert not pbx.running
