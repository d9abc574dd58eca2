# SPDX-License-Identifier: EUPL-1.2
"""A supervised link to the fake server, and somebody who notes what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.telephony.asterisk.ami import AmiLink
from bridge.telephony.asterisk.frames import Frame
from tests.adapters.fake_ami import FakeAmi

DEADLINE = 30


class Watcher:
    """What a link tells, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[Frame] = []
        self.told: list[str] = []
        self.news = asyncio.Event()

    def on_event(self, event: Frame) -> None:
        self.events.append(event)
        self.news.set()

    def note(self, what: str) -> Callable[[], None]:
        def write() -> None:
            self.told.append(what)
            self.news.set()

        return write

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not true():
                self.news.clear()
                await self.news.wait()

    def named(self, name: str) -> list[Frame]:
        return [event for event in self.events if event.event == name]


def link_to(fake: FakeAmi, watcher: Watcher, *, idle_seconds: float = 20.0) -> AmiLink:
    return AmiLink(
        "127.0.0.1",
        fake.port,
        "bridge-reader",
        "secret",
        on_event=watcher.on_event,
        events=True,
        idle_seconds=idle_seconds,
        on_up=watcher.note("up"),
        on_down=watcher.note("down"),
    )
