# SPDX-License-Identifier: EUPL-1.2
"""Where callers who mean harm ring: a real PBX with a real bridge, and somebody who looks on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from bridge.calllog.model import Event, EventKind
from bridge.conference.model import Outcome
from lab.installation import LINE, Installation
from lab.runner import until
from tests.lab.sip_probe import SipProbe, probe

LINE_E164 = "+351218106191"
AUDIBLE = 300.0
"""Speech in sample units; silence and noise stay far below."""
PATIENCE_SECONDS = 30.0
NOBODYS = {"FullyBooted", "ContactStatus", "PeerStatus"}
"""Events that belong to no call and may come at any time."""
WHY = {"Cause", "Cause-txt", "TechCause"}


class Watcher:
    """Everything that the PBX tells whoever may look on, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.frames: list[list[tuple[str, str]]] = []
        self._reader = reader

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, installation: Installation) -> AsyncIterator[Watcher]:
        host, port, user, secret = installation.manager("bridge-reader")
        reader, writer = await asyncio.open_connection(host, port)
        await reader.readline()
        writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n".encode())
        watcher = cls(reader)
        watching = asyncio.create_task(watcher._watch())
        try:
            yield watcher
        finally:
            watching.cancel()
            writer.close()
            await writer.wait_closed()

    async def _watch(self) -> None:
        while True:
            raw = (await self._reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
            lines = raw.removesuffix("\r\n\r\n").split("\r\n")
            parts = [line.partition(":") for line in lines]
            self.frames.append([(name, value.strip()) for name, _, value in parts])

    def events(self, since: int = 0) -> list[list[tuple[str, str]]]:
        """The events after the `since`-th frame that belong to calls."""
        return [
            frame
            for frame in self.frames[since:]
            if frame[0][0] == "Event" and frame[0][1] not in NOBODYS
        ]


@dataclass
class Ground:
    """Where the callers of this module ring."""

    installation: Installation
    watcher: Watcher
    port: int
    other_port: int
    """A second caller's, while the first is still connected."""
    usual: dict[str, Counter[str]] = field(default_factory=dict)
    """The headers of each event that an ordinary call brings."""
    callers: Iterator[str] = field(
        default_factory=lambda: (f"+351210000{place}" for place in itertools.count(100))
    )
    """Each call is somebody else's: many from one number would be held at the door, and the
    language that one chose would be remembered for the next."""

    @contextlib.asynccontextmanager
    async def caller(self, port: int = 0) -> AsyncIterator[SipProbe]:
        address = self.installation.pbx_address
        async with probe("127.0.0.1", port or self.port, address) as phone:
            yield phone

    def record(self) -> list[Event]:
        """The events of the latest call."""
        call, _ = self.installation.calls()[-1]
        return [stored.event for stored in self.installation.events(call)]

    async def happened(self, kind: EventKind) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: any(event.kind is kind for event in self.record()))

    async def nobody_connected(self) -> None:
        show = "core show channels"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._channels(await self.installation.pbx.rx(show)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    @staticmethod
    def _channels(shown: str) -> int:
        found = re.search(r"^(\d+) active channel", shown, re.MULTILINE)
        assert found, shown
        return int(found[1])

    async def rings(
        self,
        line: str = LINE,
        *,
        name: str = "",
        sender: str = "",
        headers: Sequence[str] = (),
        within_seconds: float = 5.0,
    ) -> int:
        """Ring, hang up on hearing the greeting, wait until all is over; the SIP status."""
        before = len(self.installation.calls())
        async with self.caller() as phone:
            status = await phone.call(
                line,
                caller=next(self.callers),
                name=name,
                sender=sender,
                headers=headers,
                within_seconds=within_seconds,
            )
            if status == 200:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while phone.level(0.1) < AUDIBLE:
                        await phone.until_heard(0.06)
                    await until(lambda: len(self.installation.calls()) > before)
                    phone.hang_up()
                    await self.happened(EventKind.CALL_ENDED)
        await self.nobody_connected()
        return status

    async def rings_as_usual(self) -> None:
        """An ordinary call goes as ever. The first one teaches what is usual."""
        since, logged = len(self.watcher.frames), self.installation.log_file.read_bytes()
        assert await self.rings(name="Ana") == 200
        assert told(self.record()) == GREETED
        assert self.installation.log_file.read_bytes() == logged
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(
                lambda: any(frame[0][1] == "Hangup" for frame in self.watcher.events(since))
            )
        for frame in self.watcher.events(since):
            headers = Counter(name for name, _ in frame)
            self.usual.setdefault(frame[0][1], headers)

    async def nothing_was_injected(self, since: int, calls: int) -> None:
        """The events after the `since`-th frame are those of so many ordinary calls."""

        def ends() -> int:
            return sum(frame[0][1] == "Hangup" for frame in self.watcher.events(since))

        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: ends() >= calls)
        events = self.watcher.events(since)
        kinds = Counter(frame[0][1] for frame in events)
        assert kinds["Newchannel"] == kinds["Hangup"] == calls
        ids = {dict(frame)["Uniqueid"] for frame in events if frame[0][1] == "Newchannel"}
        for frame in events:
            # Each usual header once, and no other but why the call ended.
            names = Counter(name for name, _ in frame)
            assert set(names) - WHY == set(self.usual[frame[0][1]]) - WHY
            assert set(names.values()) == {1}
            assert dict(frame)["Uniqueid"] in ids
            assert re.fullmatch(r"\d+\.\d+", dict(frame)["Uniqueid"])
            assert re.fullmatch(r"PJSIP/carrier-[0-9a-f]{8}", dict(frame)["Channel"])
            if dict(frame)["Context"] not in ("support-line", "attend"):
                assert re.fullmatch(r"\+?[0-9]*|<unknown>", dict(frame)["CallerIDNum"])
                assert dict(frame)["CallerIDName"] in ("", "<unknown>")


def told(events: Sequence[Event]) -> list[tuple[str, dict[str, object]]]:
    """What the record says, without ids and times."""
    return [(event.kind.value, dict(event.data)) for event in events]


GREETED = [
    ("call_answered", {"line": LINE_E164}),
    ("leg_ended", {"role": "technician", "ending": "hung_up"}),
    ("call_ended", {"outcome": Outcome.NOT_REQUESTED.value}),
]
"""The record of a caller who hears the greeting and hangs up."""
