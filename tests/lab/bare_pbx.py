# SPDX-License-Identifier: EUPL-1.2
"""A PBX with a telephone, a bridge and a manager at its ends, each no more than the wire needs."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import struct
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from bridge.telephony.asterisk.config import PbxPlan, write_configuration
from lab.asterisk import AsteriskInstall, AsteriskProcess
from tests.lab.sip_probe import SipProbe

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


def tone(path: Path, hz: float) -> None:
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


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await what():
                return
            await asyncio.sleep(0.05)


async def hears(phone: SipProbe, hz: float) -> None:
    """Wait until the phone hears this pitch."""
    async with asyncio.timeout(30):
        while phone.level(0.25, hz) < LOUD:
            await phone.until_heard(0.06)


def pbx_address(plan: PbxPlan) -> tuple[str, int]:
    return plan.bind, plan.sip_port


async def stay(_: dict[str, str], agi: Agi) -> None:
    """A conversation that lasts until the leg is gone or taken."""
    while "result=-1" not in await agi.say("WAIT FOR DIGIT 60000"):
        pass


async def in_room(pbx: AsteriskProcess, room: str) -> None:
    """Wait until somebody is in this room."""

    async def is_there() -> bool:
        return room in await pbx.rx("confbridge list")

    await until(is_there)


async def redirect(writer: Manager, leg: str, context: str, extension: str) -> None:
    """Move a leg, as the bridge does."""
    told = await writer.ask("Redirect", Channel=leg, Context=context, Exten=extension, Priority="1")
    assert told.startswith("Response: Success")


async def originate(writer: Manager, plan: PbxPlan, conversation: str, leg: str) -> str:
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
