# SPDX-License-Identifier: EUPL-1.2
"""The requests that wait for somebody to become free: who is first, and who is offered what.

Nothing is polled. The roster's desk tells who became free, by an event or by a moment that came;
the requests that this person can serve are asked in the order of their asking, until one has rung.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable

import structlog

from bridge.clock import Clock
from bridge.conference.call import Call
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.model import CallState
from bridge.roster.desk import RosterDesk
from bridge.vocabulary import InterpreterId

log = structlog.get_logger(__name__)

LONGEST_SLEEP = 3600.0
"""Seconds; a clock that was put forward is noticed after so long at the latest."""


def estimate_minutes(place: int, busy: int, call_minutes: float) -> int | None:
    """How long the `place`-th in the queue will wait, in minutes, rounded up.

    With `busy` interpreters in calls whose rest is as long as a fresh call (the exponential's lack
    of memory), one becomes free every `call_minutes / busy` on average, so the place-th after
    `place` of these. `None` when nobody is busy: then it is windows or breaks that keep everybody
    away, and nobody can tell.
    """
    if busy <= 0 or place <= 0:
        return None
    return max(1, math.ceil(place * call_minutes / busy))


class Queue:
    """Offers whoever becomes free to the request that has waited longest."""

    def __init__(self, desk: RosterDesk, clock: Clock, calls: Callable[[], Iterable[Call]]) -> None:
        self._desk = desk
        self._clock = clock
        self._calls = calls
        self._freed: asyncio.Queue[InterpreterId | None] = asyncio.Queue()
        desk.on_free = self._freed.put_nowait
        desk.on_change = lambda: self._freed.put_nowait(None)

    def waiting(self) -> list[Call]:
        """The calls that wait, the longest waiting first."""
        waiting = [call for call in self._calls() if call.record.state is CallState.QUEUED]
        return sorted(
            (call for call in waiting if call.record.asked_at is not None),
            key=lambda call: (call.record.asked_at, call.job),
        )

    def place(self, call: Call) -> tuple[int, int | None]:
        """A call's place among those that wait for the same language, and the minutes to wait."""
        request = call.record.request
        if request is None:
            return 1, None
        rivals = [
            other
            for other in self.waiting()
            if other.record.request is not None
            and other.record.request.language == request.language
        ]
        place = rivals.index(call) + 1 if call in rivals else len(rivals) + 1
        busy = self._desk.busy_speakers(request.language)
        return place, estimate_minutes(place, busy, self._desk.call_minutes)

    async def run(self) -> None:
        """Follow who becomes free, for ever."""
        while True:
            try:
                async with asyncio.timeout(self._until_next_change()):
                    who = await self._freed.get()
            except TimeoutError:
                self._desk.advance(self._clock.now())
                continue
            if who is not None:
                await self._offer(who)

    def _until_next_change(self) -> float:
        moment = self._desk.next_change
        if moment is None:
            return LONGEST_SLEEP
        seconds = (moment - self._clock.now()).total_seconds()
        return min(max(seconds, 0.001), LONGEST_SLEEP)

    async def _offer(self, who: InterpreterId) -> None:
        for call in self.waiting():
            if not self._desk.is_free(who):
                return
            if not call.served_by(who):
                continue
            try:
                await call.somebody_free(who)
            except MailboxClosed:
                continue
            except Exception:
                log.exception("somebody became free, but could not be offered to a waiting call")
