# SPDX-License-Identifier: EUPL-1.2
"""The PBX configuration on a real Asterisk: who gets in, and who cares for callers without us."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import re
import struct
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import PbxPlan, write_configuration
from bridge.telephony.gate import permit
from lab.asterisk import AsteriskFailed, AsteriskInstall, AsteriskProcess, find_asterisk
from lab.ports import PortLease
from tests.lab.sip_probe import SipProbe, probe

PT_HZ, EN_HZ = 300.0, 500.0
"""The apology in both languages; `TONES` has the other words."""
LEG_PT_HZ, LEG_EN_HZ = 700.0, 900.0
END_PT_HZ, END_EN_HZ = 1100.0, 1300.0
TONES = {
    "apology": (PT_HZ, EN_HZ),
    "apology-leg": (LEG_PT_HZ, LEG_EN_HZ),
    "apology-end": (END_PT_HZ, END_EN_HZ),
}
LOUD = 2000.0
"""A pitch this loud is there; the tones are at 8000, leakage and music stay below."""
CALLER = "+351210000001"
OPERATOR = "+351210000009"
SERVICE = "+351210000089"


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
        _tone(tmp_path / "prompts" / "pt" / f"{key}.wav", portuguese)
        _tone(tmp_path / "prompts" / "en" / f"{key}.wav", english)
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


def _tone(path: Path, hz: float) -> None:
    """One second of a tone as 8 kHz mono 16-bit WAV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = [round(8000 * math.sin(2 * math.pi * hz * n / 8000)) for n in range(8000)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


@contextlib.asynccontextmanager
async def running(
    install: AsteriskInstall, plan: PbxPlan, folder: Path, **changes: str
) -> AsyncIterator[AsteriskProcess]:
    """A PBX that runs within the block; `changes` replace settings of ``pjsip.conf``."""
    conf = write_configuration(plan, folder / "pbx")
    pjsip = conf.parent / "pjsip.conf"
    for name, value in changes.items():
        text, count = re.subn(
            rf"^{name} = .*$", f"{name} = {value}", pjsip.read_text(), flags=re.MULTILINE
        )
        assert count == 1
        pjsip.write_text(text)
    pbx = AsteriskProcess(install, conf)
    await pbx.start()
    try:
        yield pbx
    finally:
        await pbx.stop()


@contextlib.asynccontextmanager
async def bridge(
    plan: PbxPlan, talk: Callable[[dict[str, str], Agi], Awaitable[None]]
) -> AsyncIterator[list[dict[str, str]]]:
    """A bridge that says `talk` in every conversation; yields what it was told about each leg."""
    legs: list[dict[str, str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\n\n")).decode().splitlines()
        leg = dict(line.split(": ", 1) for line in lines if ": " in line)
        legs.append(leg)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(leg, Agi(reader, writer))
        writer.close()

    server = await asyncio.start_server(serve, plan.agi_host, plan.agi_port)
    try:
        yield legs
    finally:
        server.close()


class Agi:
    """The far end of one conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, command: str) -> str:
        self.writer.write(command.encode() + b"\n")
        return (await self.reader.readuntil(b"\n")).decode().strip()


class Manager:
    """A manager session, as raw as it gets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def login(cls, plan: PbxPlan, user: str) -> AsyncIterator[Manager]:
        secret = plan.reader_secret if user == "bridge-reader" else plan.writer_secret
        reader, writer = await asyncio.open_connection("127.0.0.1", plan.ami_port)
        await reader.readline()
        manager = cls(reader, writer)
        told = await manager.ask("Login", Username=user, Secret=secret, Events="off")
        assert "Authentication accepted" in told
        try:
            yield manager
        finally:
            writer.close()
            await writer.wait_closed()

    async def ask(self, action: str, **headers: str) -> str:
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(10):
            while True:
                frame = (await self.reader.readuntil(b"\r\n\r\n")).decode()
                if frame.startswith("Response:"):
                    return frame


async def _until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await what():
                return
            await asyncio.sleep(0.05)


async def _hears(phone: SipProbe, hz: float) -> None:
    """Wait until the phone hears this pitch."""
    async with asyncio.timeout(30):
        while phone.level(0.25, hz) < LOUD:
            await phone.until_heard(0.06)


def _pbx_address(plan: PbxPlan) -> tuple[str, int]:
    return plan.bind, plan.sip_port


async def _stay(_: dict[str, str], agi: Agi) -> None:
    """A conversation that lasts until the leg is gone or taken."""
    while "result=-1" not in await agi.say("WAIT FOR DIGIT 60000"):
        pass


# --- the bridge is down ------------------------------------------------------------------------


async def test_caller_hears_an_apology_then_music_then_a_polite_end_when_nothing_listens(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
    ):
        assert await phone.call("+351218106191", caller=CALLER) == 200
        await _hears(phone, PT_HZ)
        await _hears(phone, EN_HZ)
        async with asyncio.timeout(10):
            while max(phone.level(0.25, PT_HZ), phone.level(0.25, EN_HZ)) > LOUD / 4:
                await phone.until_heard(0.06)
        await phone.until_heard(1.5)
        assert phone.level(1.0) > 50
        assert max(phone.level(1.0, PT_HZ), phone.level(1.0, EN_HZ)) < LOUD / 4
        await _hears(phone, END_PT_HZ)
        await _hears(phone, END_EN_HZ)
        async with asyncio.timeout(20):
            await phone.hung_up.wait()
        assert "0 active channels" in await pbx.rx("core show channels")
        log = (pbx.conf.parent / "state/log/messages").read_text()
        assert "210000001" not in log
        assert "218106191" not in log


async def test_recorded_apology_wins_over_the_rendered_one(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    _tone(plan.recordings_dir / "pt" / "apology.wav", 1000.0)
    async with (
        running(install, plan, tmp_path),
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
    ):
        await phone.call("808257257")
        await _hears(phone, 1000.0)
        await _hears(phone, EN_HZ)


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
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
    ):
        await phone.call("218106191")
        await _hears(phone, PT_HZ)

        async def in_room() -> bool:
            return "room-0001" in await pbx.rx("confbridge list")

        await _until(in_room)
        assert len(legs) == 2
        assert legs[0]["agi_uniqueid"] == legs[1]["agi_uniqueid"]
        assert legs[1]["agi_dnid"] == "218106191"
        assert not phone.hung_up.is_set()


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
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
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


@pytest.mark.parametrize("conversation", ["offer", "migrant", "opening"])
async def test_rung_person_hears_a_short_apology_and_is_let_go(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path, conversation: str
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        Manager.login(plan, "bridge-writer") as writer,
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
    ):
        told = await _originate(writer, plan, conversation, "leg-0001")
        assert told.startswith("Response: Success")
        await _hears(phone, LEG_PT_HZ)
        await _hears(phone, LEG_EN_HZ)
        async with asyncio.timeout(20):
            await phone.hung_up.wait()
        assert "0 active channels" in await pbx.rx("core show channels")


async def _originate(writer: Manager, plan: PbxPlan, conversation: str, leg: str) -> str:
    return await writer.ask(
        "Originate",
        Channel=f"PJSIP/+351910000001@{plan.trunk}",
        Context="legs",
        Exten=conversation,
        Priority="1",
        ChannelId=leg,
        Async="true",
        Timeout="20000",
    )


# --- put through to a number that the bridge names ----------------------------------------------


@contextlib.asynccontextmanager
async def putting_through(
    install: AsteriskInstall, plan: PbxPlan, folder: Path, number: str, *, again: bool = False
) -> AsyncIterator[tuple[SipProbe, list[dict[str, str]]]]:
    """A caller whom the bridge puts through to this, once or each time they come back."""

    async def talk(leg: dict[str, str], agi: Agi) -> None:
        if again or not leg["agi_request"].endswith("/back"):
            await agi.say(f'SET VARIABLE BRIDGE_NUMBER "{number}"')
            await agi.say("SET VARIABLE BRIDGE_NEXT transfer")
        else:
            await agi.say("SET VARIABLE BRIDGE_NEXT hangup")

    async with (
        running(install, plan, folder),
        bridge(plan, talk) as legs,
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
    ):
        yield phone, legs


async def test_caller_is_put_through_with_our_number_and_for_a_limited_time(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    plan = dataclasses.replace(plan, longest_transfer_seconds=2)
    async with putting_through(install, plan, tmp_path, SERVICE) as (phone, legs):
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert len(legs) == 1, "answered and over: nobody is asked again"
        assert [f"sip:{SERVICE}@" in invite.splitlines()[0] for invite in phone.invites] == [True]
        assert plan.caller_id in phone.invites[0]
        assert CALLER not in phone.invites[0]


async def test_caller_whom_nobody_answers_comes_back_to_the_bridge_as_who_they_were(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with putting_through(install, plan, tmp_path, SERVICE) as (phone, legs):
        phone.picks_up = False
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert len(phone.invites) == 1
        assert [leg["agi_request"].rpartition("/")[2] for leg in legs] == ["line", "back"]
        assert legs[0]["agi_uniqueid"] == legs[1]["agi_uniqueid"]
        assert legs[1]["agi_callerid"] == CALLER
        assert legs[1]["agi_dnid"] == "218106191"


async def test_nobody_is_put_through_without_end(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with putting_through(install, plan, tmp_path, SERVICE, again=True) as (phone, legs):
        phone.picks_up = False
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(60):
            await phone.hung_up.wait()
        assert 2 <= len(phone.invites) <= 6
        assert len(legs) == len(phone.invites) + 1


@pytest.mark.parametrize(
    "number", ["", f"{SERVICE}&PJSIP/+351910000001", "${OPERATOR}", "+351 96", "112@x", "0;x"]
)
async def test_what_is_no_plain_number_is_not_dialled_at_all(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path, number: str
) -> None:
    async with putting_through(install, plan, tmp_path, number) as (phone, legs):
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert phone.invites == []
        assert legs[-1]["agi_request"].endswith("/line/back")


# --- who gets in -------------------------------------------------------------------------------


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
            async with probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone:
                assert await phone.call(number) == 200, number
                async with asyncio.timeout(10):
                    await phone.hung_up.wait()
        assert [leg["agi_dnid"] for leg in legs] == forms
        for number in others:
            async with probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone:
                assert 400 <= await phone.call(number) < 500, number
        async with probe("127.0.0.1", ports.port(), _pbx_address(plan)) as stranger:
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
            async with probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone:
                if await phone.call("218106191", caller=caller, name=name) == 200:
                    async with asyncio.timeout(10):
                        await phone.hung_up.wait()
        assert len(legs) >= 2
        for leg in legs:
            assert re.fullmatch(r"\+?[0-9]*|unknown", leg["agi_callerid"])
            assert leg["agi_calleridname"] in ("", "unknown")


# --- the manager interface ---------------------------------------------------------------------


async def test_leg_in_a_conversation_is_redirected_and_hung_up_by_its_uniqueid(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with (
        running(install, plan, tmp_path) as pbx,
        bridge(plan, _stay) as legs,
        Manager.login(plan, "bridge-writer") as writer,
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
    ):
        await _originate(writer, plan, "offer", "interpreter-0001")

        async def talking() -> bool:
            return bool(legs)

        await _until(talking)
        assert legs[0]["agi_uniqueid"] == "interpreter-0001"
        moved = await writer.ask(
            "Redirect", Channel="interpreter-0001", Context="rooms", Exten="room-77", Priority="1"
        )
        assert moved.startswith("Response: Success")

        async def in_room() -> bool:
            return "room-77" in await pbx.rx("confbridge list")

        await _until(in_room)
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


# --- what is loaded, and what ends -------------------------------------------------------------


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
        await _stay(leg, agi)

    async with (
        running(install, plan, tmp_path, rtp_timeout="2"),
        bridge(plan, talk),
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
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
        probe("127.0.0.1", plan.trunk_port, _pbx_address(plan)) as phone,
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
