# SPDX-License-Identifier: EUPL-1.2
"""A small Asterisk and the switch on it, with Local channels in place of telephones.

The configuration here is the smallest that has the contexts which the switch relies on; the
product's own dialplan is tested over SIP in tests/lab.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from bridge.clock import SystemClock
from bridge.ivr.script import Ask, Heard, HungUp, Say, Taken, Wait
from bridge.settings import AsteriskSettings
from bridge.telephony.asterisk.config import render
from bridge.telephony.asterisk.switch import AsteriskSwitch
from bridge.telephony.gate import permit
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    HangUp,
    Next,
    OutboundLeg,
    SwitchEvent,
)
from bridge.vocabulary import LegId, PhoneNumber, Role, RoomId, new_leg_id
from lab.asterisk import AsteriskProcess, find_asterisk
from lab.ports import PortLease

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


@asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    """A world that runs within the block."""
    with tempfile.TemporaryDirectory(prefix="stt-") as folder, PortLease(64) as lease:
        made = World(Path(folder), lease)
        try:
            await made.start()
            yield made
        finally:
            await made.stop()
