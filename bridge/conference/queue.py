# SPDX-License-Identifier: EUPL-1.2
"""The requests that lack an interpreter: who is first, and who is offered what.

Nothing is polled. The roster in memory tells who became free, by an event or by a moment that came;
the requests that this person can serve are asked in the order of their asking, until one has rung
them. A request waits until somebody has accepted, also while others are being rung for it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from bridge.clock import Clock
from bridge.conference.call import Call
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.model import LACKING
from bridge.roster.live import Freed, LiveRoster
from bridge.roster.skills import pair
from bridge.storage.database import DatabaseUnavailable
from bridge.vocabulary import LanguageTag

log = structlog.get_logger(__name__)

LONGEST_SLEEP = 3600.0
"""Seconds; a clock that was put forward is noticed after so long at the latest."""
ASK_AGAIN = 2.0
"""Seconds after which somebody is offered again, when the database could not be used."""


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


@dataclass(frozen=True, slots=True)
class Half:
    """How many could be one half of a relay: free now, and in calls."""

    free: int
    busy: int


def relay_estimate_minutes(place: int, near: Half, far: Half, call_minutes: float) -> int | None:
    """How long the `place`-th in the queue will wait for both halves of a relay.

    Each half has somebody for this place at once, or after a wait as in `estimate_minutes`. Where
    both have to be waited for, it is the mean of the longer of two independent exponential waits a
    and b: a + b - ab / (a + b). `None` when for one half nobody is free or busy.
    """
    waits: list[float] = []
    for half in (near, far):
        missing = max(0, place - half.free)
        if missing and not half.busy:
            return None
        waits.append(missing * call_minutes / half.busy if missing else 0.0)
    one, other = waits
    both = one + other
    longer = both - one * other / both if one and other else both
    return max(1, math.ceil(longer))


class Queue:
    """Offers whoever becomes free to the request that has waited longest."""

    def __init__(
        self, roster: LiveRoster, clock: Clock, calls: Callable[[], Iterable[Call]]
    ) -> None:
        self._roster = roster
        self._clock = clock
        self._calls = calls
        self._freed: asyncio.Queue[Freed | None] = asyncio.Queue()
        roster.on_free = self._freed.put_nowait
        roster.on_change = lambda: self._freed.put_nowait(None)

    def waiting(self) -> list[Call]:
        """The calls that lack an interpreter, the longest waiting first."""
        waiting = [call for call in self._calls() if call.record.state in LACKING]
        return sorted(
            (call for call in waiting if call.record.asked_at is not None),
            key=lambda call: (call.record.asked_at, call.job),
        )

    def place(self, call: Call) -> tuple[int, int | None]:
        """A call's place among those that wait for the same language, and the minutes to wait.

        It has the place by when it was asked, whether somebody is being rung for it, or for one
        before it, or not.
        """
        request, asked_at = call.record.request, call.record.asked_at
        if request is None:
            return 1, None
        rivals = [
            other
            for other in self.waiting()
            if other is not call
            and other.record.request is not None
            and other.record.request.language == request.language
        ]
        if asked_at is not None:
            mine = (asked_at, call.job)
            rivals = [one for one in rivals if (one.record.asked_at, one.job) < mine]
        place = len(rivals) + 1
        return place, self._estimate(place, request.language, call.record.relay_allowed)

    def _estimate(self, place: int, language: LanguageTag, relay_allowed: bool) -> int | None:
        """The minutes to wait; over a relay where nobody on the roster interprets directly."""
        roster = self._roster
        if roster.has_speakers(language) or not relay_allowed:
            return estimate_minutes(place, roster.busy_speakers(language), roster.call_minutes)
        ways = (
            relay_estimate_minutes(
                place, self._half(pivot), self._half(pair(language, pivot)), roster.call_minutes
            )
            for pivot in roster.pivots(language)
        )
        return min((one for one in ways if one is not None), default=None)

    def _half(self, language: LanguageTag) -> Half:
        return Half(self._roster.free_speakers(language), self._roster.busy_speakers(language))

    async def run(self) -> None:
        """Follow who becomes free, for ever."""
        while True:
            try:
                async with asyncio.timeout(self._until_next_change()):
                    freed = await self._freed.get()
            except TimeoutError:
                self._roster.advance(self._clock.now())
                continue
            if freed is not None:
                await self._offer(freed)

    def _until_next_change(self) -> float:
        moment = self._roster.next_change
        if moment is None:
            return LONGEST_SLEEP
        seconds = (moment - self._clock.now()).total_seconds()
        return min(max(seconds, 0.001), LONGEST_SLEEP)

    async def _offer(self, freed: Freed) -> None:
        who = freed.interpreter
        for call in self.waiting():
            if not self._roster.is_free(who):
                return
            if not call.served_by(who):
                continue
            try:
                await call.somebody_free(freed)
            except MailboxClosed:
                continue
            except DatabaseUnavailable as reason:
                log.warning("somebody became free, but cannot be offered yet", why=str(reason))
                asyncio.get_running_loop().call_later(ASK_AGAIN, self._freed.put_nowait, freed)
                return
            except Exception:
                log.exception("somebody became free, but could not be offered to a waiting call")
