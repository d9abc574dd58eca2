# SPDX-License-Identifier: EUPL-1.2
"""The Asterisk switch on a real Asterisk, with Local channels in place of telephones.

The configuration here is the smallest that has the contexts which the switch relies on; the
product's own dialplan is tested over SIP in tests/lab.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.clock import SystemClock
from bridge.ivr.script import Ask, Heard, HungUp, Keys, Said, Say, Silence, Taken, Wait
from bridge.settings import AsteriskSettings
from bridge.telephony.asterisk.config import render
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.asterisk.switch import AsteriskSwitch
from bridge.telephony.asterisk.version import UnsupportedAsterisk
from bridge.telephony.gate import permit
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    Ending,
    EnterRoom,
    HangUp,
    LegAnswered,
    LegEnded,
    LegRinging,
    LinkLost,
    LinkRestored,
    Next,
    NoSuchLeg,
    OutboundLeg,
    RoomEntered,
    RoomLeft,
    SwitchError,
    SwitchEvent,
    SwitchUnavailable,
    ToPerson,
)
from bridge.vocabulary import LegId, PhoneNumber, Role, RoomId, new_leg_id
from lab.asterisk import AsteriskProcess, find_asterisk
from lab.ports import PortLease
from tests.adapters.fake_ami import FakeAmi, FakePeer

DEADLINE = 60
"""Seconds; far longer than anything takes, for a machine that is busy with other things."""
ROOM = RoomId("room-1")
OURS = PhoneNumber.parse("+351218106191")
PHONES = {
    "answers": "+351210000001",
    "rings": "+351210000002",
    "keys": "+351210000003",
    "busy": "+351210000004",
    "congested": "+351210000005",
    "unknown": "+351210000006",
    "hangs up": "+351210000007",
    "keys slowly": "+351210000008",
}

CONFIGURATION = {
    "asterisk.conf": """
[directories]
astetcdir => @config_dir@
astmoddir => @modules_dir@
astvarlibdir => @state_dir@/lib
astdbdir => @state_dir@/lib
astkeydir => @state_dir@/lib
astdatadir => @data_dir@
astagidir => @state_dir@/lib
astspooldir => @state_dir@/spool
astrundir => @state_dir@/run
astlogdir => @state_dir@/log
astcachedir => @state_dir@/cache
""",
    "modules.conf": """
[modules]
autoload = no
load = pbx_config.so
load = app_confbridge.so
load = app_senddtmf.so
load = bridge_softmix.so
load = bridge_simple.so
load = bridge_builtin_features.so
load = codec_alaw.so
load = codec_ulaw.so
load = codec_resample.so
load = format_wav.so
load = func_logic.so
load = func_callerid.so
load = res_speech.so
load = res_agi.so
load = res_musiconhold.so
load = res_timing_timerfd.so
""",
    "manager.conf": """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = @ami_port@
timestampevents = yes
[bridge-reader]
secret = reader-secret
read = system,call
write = reporting
writetimeout = 5000
[bridge-writer]
secret = writer-secret
read =
write = originate,call
writetimeout = 5000
""",
    "extensions.conf": """
[legs]
exten => offer,1,Goto(talk,${EXTEN},1)
exten => goodbye,1,Goto(talk,${EXTEN},1)
[talk]
exten => _[a-z].,1,Set(BRIDGE_NEXT=)
 same => n,AGI(agi://127.0.0.1:@agi_port@/${EXTEN})
 same => n,GotoIf($["${BRIDGE_NEXT}" = "room"]?rooms,${BRIDGE_ROOM},1)
 same => n,GotoIf($["${BRIDGE_NEXT}" = "person"]?rooms,room-person,1)
 same => n,GotoIf($["${BRIDGE_NEXT}" = "hangup"]?end,1)
 same => n,Goto(rooms,room-bridge-down,1)
exten => end,1,Hangup()
[rooms]
exten => _room-.,1,ConfBridge(${EXTEN})
 same => n,Hangup()
[phones]
exten => +351210000001,1,Answer()
 same => n,Wait(120)
exten => +351210000002,1,Ringing()
 same => n,Wait(120)
exten => +351210000003,1,Answer()
 same => n,SendDTMF(12W34#,200,120)
 same => n,Wait(120)
exten => +351210000004,1,Busy(1)
exten => +351210000005,1,Congestion(1)
exten => +351210000007,1,Answer()
 same => n,Wait(0.3)
 same => n,Hangup()
exten => +351210000008,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(7,300,120)
 same => n,Wait(120)
""",
    "confbridge.conf": """
[general]
[default_bridge]
type = bridge
[default_user]
type = user
quiet = yes
""",
    "musiconhold.conf": """
[default]
mode = files
directory = @music_dir@
""",
    "logger.conf": """
[general]
[logfiles]
messages => notice,warning,error
""",
    **dict.fromkeys(
        ("cel.conf", "features.conf", "acl.conf", "udptl.conf", "ccss.conf"), "[general]\n"
    ),
    "cdr.conf": "[general]\nenable = no\n",
}


def tone(path: Path, seconds: float) -> Path:
    """A quiet sound of some length, 8 kHz mono 16 bit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", i % 50) for i in range(int(8000 * seconds))))
    return path


async def nothing(conversation: Conversation) -> None:
    """What a handler does before its turns, unless a test says otherwise."""


class World:
    """An Asterisk, the switch on it, and everything that was told and heard."""

    def __init__(self, folder: Path, lease: PortLease) -> None:
        self.folder = folder
        self.settings = AsteriskSettings(
            ami_port=lease.port(),
            agi_port=lease.port(),
            reader_secret=SecretStr("reader-secret"),
            writer_secret=SecretStr("writer-secret"),
        )
        install = find_asterisk()
        templates = folder / "templates"
        templates.mkdir()
        for name, text in CONFIGURATION.items():
            (templates / f"{name}.in").write_text(text)
        tone(folder / "music" / "quiet.wav", 5)
        tone(folder / "prompts" / "pt" / "short.wav", 0.1)
        tone(folder / "prompts" / "pt" / "long.wav", 20)
        conf = render(
            templates,
            folder / "pbx",
            {
                "modules_dir": str(install.modules_dir),
                "data_dir": str(install.data_dir),
                "music_dir": str(folder / "music"),
                "ami_port": str(self.settings.ami_port),
                "agi_port": str(self.settings.agi_port),
            },
        )
        self.asterisk = AsteriskProcess(install, conf)
        self.switch = self.new_switch()
        self.heard: list[Heard | Taken] = []
        self.conversations: dict[LegId, Conversation] = {}
        self.then: Next = HangUp()
        self.turns: list[Say | Ask | Wait] = []
        self.before_turns: Callable[[Conversation], Awaitable[None]] = nothing
        self.told: list[SwitchEvent] = []
        self._news = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None

    def new_switch(self) -> AsteriskSwitch:
        return AsteriskSwitch(
            self.settings,
            self.converse,
            SystemClock(),
            lambda key, language: str(self.folder / "prompts" / language / key),
            dial=lambda number: f"Local/{number.e164}@phones/n",
            idle_seconds=10,
        )

    async def start(self) -> None:
        await self.asterisk.start()
        await self.switch.start()
        self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.switch.stop()
        await self.asterisk.stop()

    async def _listen(self) -> None:
        async for event in self.switch.events():
            self.told.append(event)
            await self.note()

    async def note(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(DEADLINE), self._news:
                await self._news.wait_for(true)
        except TimeoutError:
            story = f"told {self.told}\nheard {self.heard}\n{self.asterisk.log_tail()}"
            raise AssertionError(f"it did not come true in time; {story}") from None

    async def until_console(self, text: str) -> None:
        """Wait for something that only Asterisk's own list of channels shows."""
        for _ in range(200):
            shown = await self.asterisk.rx("core show channels concise")
            if text in shown:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{text} did not show in\n{shown}")

    async def until_told(self, kind: type[SwitchEvent], leg: LegId) -> SwitchEvent:
        def found() -> list[SwitchEvent]:
            return [e for e in self.told if isinstance(e, kind) and getattr(e, "leg", "") == leg]

        await self.until(lambda: bool(found()))
        return found()[0]

    def of(self, leg: LegId) -> list[SwitchEvent]:
        return [event for event in self.told if getattr(event, "leg", "") == leg]

    async def converse(self, conversation: Conversation) -> Next:
        self.conversations[conversation.leg] = conversation
        await self.note()
        await self.before_turns(conversation)
        for turn in self.turns:
            heard = await conversation.perform(turn)
            self.heard.append(heard)
            await self.note()
            if isinstance(heard, HungUp | Taken):
                break
        return self.then

    async def ring(
        self,
        phone: str,
        conversation: ConversationName = ConversationName.OFFER,
        *,
        ring_seconds: float = 30,
    ) -> LegId:
        leg = new_leg_id(Role.INTERPRETER)
        await self.switch.originate(
            OutboundLeg(leg, permit(PHONES[phone]), OURS, conversation, ring_seconds)
        )
        return leg


@pytest.fixture
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="stt-") as folder, PortLease(64) as lease:
        made = World(Path(folder), lease)
        try:
            await made.start()
            yield made
        finally:
            await made.stop()


async def test_a_leg_is_rung_talked_to_and_enters_the_room(world: World) -> None:
    world.turns = [Say(("short",), "pt"), Ask(("long",), "pt", most_keys=6, finish_key="#")]
    world.then = EnterRoom(ROOM)
    before = datetime.now(UTC)
    leg = await world.ring("keys")
    entered = await world.until_told(RoomEntered, leg)
    # The first two keys cut the first prompt short or come while it ends; none is lost.
    digits = "".join(heard.digits for heard in world.heard if isinstance(heard, Keys))
    assert digits == "1234"
    conversation = world.conversations[leg]
    assert (conversation.leg, conversation.name) == (leg, "offer")
    assert isinstance(entered, RoomEntered)
    assert entered.room == ROOM
    assert before <= entered.at <= datetime.now(UTC)
    kinds = [type(event) for event in world.of(leg)]
    assert kinds == [LegAnswered, RoomEntered]

    snapshot = await world.switch.snapshot()
    assert snapshot.legs == {leg}
    assert snapshot.rooms == {ROOM: {leg}}

    await world.switch.hang_up(leg)
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.HUNG_UP
    await world.switch.hang_up(leg)  # already gone: no error
    with pytest.raises(NoSuchLeg):
        await world.switch.enter_room(leg, ROOM)
    assert [type(event) for event in world.of(leg)] == [*kinds, RoomLeft, LegEnded]
    empty = await world.switch.snapshot()
    assert (empty.legs, empty.rooms) == (frozenset(), {})


async def test_a_waiting_leg_is_moved_and_comes_back(world: World) -> None:
    world.turns = [Wait(600)]
    leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    await world.switch.enter_room(leg, ROOM)
    await world.until_told(RoomEntered, leg)
    assert world.heard == [Taken()]

    await world.switch.converse(leg, ConversationName.GOODBYE)
    await world.until(lambda: world.conversations[leg].name == "goodbye")
    await world.until_told(RoomLeft, leg)
    await world.switch.hang_up(leg)
    ended = await world.until_told(LegEnded, leg)
    await world.until(lambda: world.heard == [Taken(), HungUp()])
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.HUNG_UP
    assert [type(event) for event in world.of(leg)] == [
        LegAnswered,
        RoomEntered,
        RoomLeft,
        LegEnded,
    ]


async def test_a_leg_can_be_moved_between_two_turns(world: World) -> None:
    world.turns = [Wait(600)]
    thinking = asyncio.Event()
    go_on = asyncio.Event()

    async def think(conversation: Conversation) -> None:
        assert await conversation.perform(Say(("short",), "pt")) == Said()
        thinking.set()
        await go_on.wait()

    world.before_turns = think
    leg = await world.ring("answers")
    await asyncio.wait_for(thinking.wait(), DEADLINE)
    await world.switch.enter_room(leg, ROOM)
    await world.until_told(RoomEntered, leg)
    go_on.set()
    await world.until(lambda: world.heard == [Taken()])


async def test_interrupt_ends_a_wait_and_the_leg_goes_on(world: World) -> None:
    world.turns = [Wait(600), Say(("short",), "pt"), Wait(0.3)]
    leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    world.conversations[leg].interrupt()
    await world.until_told(LegEnded, leg)
    assert world.heard == [Silence(), Said(), Silence()]


async def test_keys_pressed_while_the_application_thinks_are_kept(world: World) -> None:
    world.turns = [Ask(("long",), "pt", most_keys=1)]

    async def think_until_keyed(conversation: Conversation) -> None:
        assert await conversation.perform(Say(("short",), "pt")) == Said()
        await world.until_console("!4!Up!Wait!")

    world.before_turns = think_until_keyed
    leg = await world.ring("keys slowly")
    await world.until_told(LegEnded, leg)
    (heard,) = world.heard
    assert isinstance(heard, Keys)
    assert heard.digits == "7"
    assert heard.at is not None


async def test_a_missing_prompt_cuts_nobody_off(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.turns = [Say(("no-such-prompt", "short"), "pt"), Ask((), "pt", 1, first_key_seconds=0.1)]
    world.then = ToPerson()
    leg = await world.ring("answers")
    entered = await world.until_told(RoomEntered, leg)
    assert world.heard == [Said(), Silence()]
    assert isinstance(entered, RoomEntered)
    assert entered.room == "room-person"
    assert "no-such-prompt" in capsys.readouterr().out


async def test_a_ringing_leg_is_hung_up(world: World) -> None:
    leg = await world.ring("rings")
    await world.until_told(LegRinging, leg)
    await world.switch.hang_up(leg)
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.CANCELLED
    again = await world.ring("answers")  # whatever else is told of the first leg comes before this
    await world.until_told(LegAnswered, again)
    assert [type(event) for event in world.of(leg)] == [LegRinging, LegEnded]


async def test_legs_hung_up_at_once_never_ring_on(world: World) -> None:
    legs = []
    for _ in range(5):
        leg = await world.ring("rings")
        await world.switch.hang_up(leg)
        legs.append(leg)
    for leg in legs:
        ended = await world.until_told(LegEnded, leg)
        assert isinstance(ended, LegEnded)
        assert ended.ending is Ending.CANCELLED
    assert (await world.switch.snapshot()).legs == frozenset()


@pytest.mark.parametrize(
    ("phone", "ending"),
    [
        ("busy", Ending.BUSY),
        ("congested", Ending.UNREACHABLE),
        ("unknown", Ending.FAILED),
        ("rings", Ending.NO_ANSWER),
        ("hangs up", Ending.HUNG_UP),
    ],
)
async def test_each_leg_ends_once_and_says_how(world: World, phone: str, ending: Ending) -> None:
    world.turns = [Wait(600)]
    leg = await world.ring(phone, ring_seconds=1)
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is ending
    again = await world.ring("answers")
    await world.until_told(LegAnswered, again)
    assert sum(isinstance(event, LegEnded) for event in world.of(leg)) == 1
    assert world.heard == ([HungUp()] if ending is Ending.HUNG_UP else [])


async def test_a_leg_that_cannot_be_tried_ends_too(world: World) -> None:
    world.switch._dial = lambda number: "Nonsense/nobody"
    leg = await world.ring("answers")
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.FAILED


async def test_a_failing_handler_leaves_the_leg_to_the_dialplan(world: World) -> None:
    async def fail(conversation: Conversation) -> None:
        raise RuntimeError("a bug")

    world.before_turns = fail
    leg = await world.ring("answers")
    entered = await world.until_told(RoomEntered, leg)
    assert isinstance(entered, RoomEntered)
    assert entered.room == "room-bridge-down"


async def test_a_lost_link_is_told_and_restored_with_what_is_true(world: World) -> None:
    world.then = EnterRoom(ROOM)
    leg = await world.ring("answers")
    await world.until_told(RoomEntered, leg)
    for link in (world.switch._reader, world.switch._writer):
        assert link._client is not None
        await asyncio.to_thread(link._client.close)
    await world.until(lambda: any(isinstance(event, LinkRestored) for event in world.told))
    lost, restored = world.told[-2:]
    assert isinstance(lost, LinkLost)
    assert isinstance(restored, LinkRestored)
    assert restored.snapshot.legs == {leg}
    assert restored.snapshot.rooms == {ROOM: {leg}}
    await world.switch.hang_up(leg)
    await world.until_told(LegEnded, leg)


async def test_asterisk_dies_and_comes_back(world: World) -> None:
    world.turns = [Wait(600)]
    leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    await world.asterisk.kill()
    await world.until(lambda: any(isinstance(event, LinkLost) for event in world.told))
    await world.until(lambda: world.heard == [HungUp()])
    # The link that sees is down; the one that acts may notice a little later, and then says that
    # no answer came.
    with pytest.raises(SwitchUnavailable, match="check that Asterisk runs"):
        await world.switch.snapshot()
    with pytest.raises(SwitchUnavailable):
        await world.ring("answers")

    await world.asterisk.start()
    await world.until(lambda: any(isinstance(event, LinkRestored) for event in world.told))
    restored = next(event for event in world.told if isinstance(event, LinkRestored))
    assert restored.snapshot.legs == frozenset()
    again = await world.ring("answers")
    await world.until_told(LegAnswered, again)


async def test_a_room_outlives_the_bridge(world: World) -> None:
    world.then = EnterRoom(ROOM)
    leg = await world.ring("answers")
    await world.until_told(RoomEntered, leg)
    await world.switch.stop()
    later = world.new_switch()
    await later.start()
    snapshot = await later.snapshot()
    assert snapshot.rooms == {ROOM: {leg}}
    await later.stop()


async def test_start_says_what_to_do_and_leaves_nothing_running(world: World) -> None:
    await world.switch.stop()
    before = asyncio.all_tasks()
    right = world.settings
    for changes, remedy in (
        ({"reader_secret": SecretStr("wrong")}, "manager.conf"),
        ({"writer_secret": SecretStr("wrong")}, "manager.conf"),
        ({"ami_port": right.agi_port}, "start Asterisk"),
        ({"agi_port": right.ami_port}, "STT_ASTERISK__AGI_PORT"),
    ):
        world.settings = right.model_copy(update=changes)
        switch = world.new_switch()
        with pytest.raises(SwitchError, match=remedy) as failure:
            await switch.start()
        assert "wrong" not in str(failure.value)
        assert not switch._reader.up
        assert not switch._writer.up
    assert asyncio.all_tasks() <= before


async def test_an_old_asterisk_is_refused() -> None:
    async with FakeAmi() as fake:

        async def old(peer: FakePeer, action: Frame) -> None:
            await peer.ok(action, ("AsteriskVersion", "22.10.0"))

        fake.replies["CoreSettings"] = old
        switch = AsteriskSwitch(
            AsteriskSettings(ami_port=fake.port, agi_port=0),
            lambda conversation: asyncio.sleep(0, HangUp()),
            SystemClock(),
            lambda key, language: key,
        )
        with pytest.raises(UnsupportedAsterisk, match=r"22\.10\.1"):
            await switch.start()
        assert not switch._reader.up
        assert [len(peer.actions) for peer in fake.peers] == [2]
