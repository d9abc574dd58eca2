# SPDX-License-Identifier: EUPL-1.2
"""What Asterisk's own `app_queue` would make of the same calls: one queue for each language.

So services ring that have an Asterisk and nothing else, with `strategy=leastrecent` and otherwise
the settings that Asterisk comes with, but for `ringinuse=no` (without it people in calls are rung).
tests/lab/test_app_queue.py holds a real Asterisk to the order and to who is rung again; how long it
rings and waits (15, 5 and 1 s) are its defaults:

* A queue rings one member at a time: of those free, the one whose last call *of that queue* ended
  longest ago. A call of another queue does not count, for `shared_lastcall` is off.
* A member is rung for `RING` seconds. Who refuses is followed by the next, for what is left of
  them. Then the queue waits for `RETRY` seconds and begins anew, with the same order: it keeps no
  memory of who did not answer, so who is away and was called longest ago is rung again and again.
* A caller has a turn while fewer wait before them than members are free, and looks for it every
  `RECHECK` seconds: somebody who becomes free is found then, and not at once.

Where app_queue has no rule, the product's holds: windows, the pause after a call, the limits, and
that three offers unanswered in a row make somebody "not answering" until they come back. Without
the last one, as Asterisk comes (`autopause=no`), a queue would ring who is away without end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.service import Service
from bench.simulation import RING, Hunt, Simulation
from bridge.roster.policies import Policy
from bridge.vocabulary import InterpreterId, LanguageTag

RETRY = 5.0
"""Seconds between two tries of a caller (`retry`)."""
RECHECK = 1.0
"""Seconds between two looks of a caller whose turn it is not."""
_LEAST = 0.5
"""Seconds that must be left of a try for one more member to be rung."""


class AppQueue(Simulation):
    """Serves the calls of a trace as queues of app_queue, instead of by the product's rules."""

    def __init__(self, service: Service, policy: Policy, *, foreknowing: bool = False) -> None:
        super().__init__(service, policy, foreknowing=foreknowing)
        self._last_call: dict[tuple[LanguageTag, InterpreterId], float] = {}
        """When the last call of a queue that somebody took ended."""
        self._try_ends: dict[int, float] = {}
        """By call: when the try that rings now is over."""

    def _ring_next(self, hunt: Hunt) -> None:
        """Begin a try, if it is this caller's turn."""
        if hunt.over:
            return
        hunt.tried.clear()
        if self._before(hunt) >= len(self._ranking(hunt)):
            self._later(self._now + RECHECK, lambda: self._ring_next(hunt))
            return
        self._try_ends[hunt.call.number] = self._now + RING
        self._ring_first(hunt)

    def _ring_first(self, hunt: Hunt) -> None:
        """Ring whose turn it is among those whom this try has not rung, or end the try."""
        left = self._try_ends[hunt.call.number] - self._now
        members = self._members(hunt) if left > _LEAST else ()
        if members:
            self._ring(hunt, members[0], left)
        else:
            self._later(self._now + RETRY, lambda: self._ring_next(hunt))

    def _members(self, hunt: Hunt) -> Sequence[InterpreterId]:
        """The free members whom this try has not rung, in the order of `leastrecent`."""
        queue, ranking = hunt.call.language, self._ranking(hunt)
        free = (one.interpreter for one in ranking.prospects(len(ranking)))
        return sorted(free, key=lambda who: (self._last_call.get((queue, who), -math.inf), who))

    def _before(self, hunt: Hunt) -> int:
        """How many callers of the queue wait before this one and have nobody ringing."""
        return sum(
            1
            for other in self._waiting[hunt.call.language].values()
            if other.call.number < hunt.call.number and not other.live
        )

    def _fail(self, hunt: Hunt, who: InterpreterId, *, refused: bool) -> None:
        hunt.tried.add(who)
        self._ring_first(hunt)

    def _accept(self, hunt: Hunt, who: InterpreterId, since: float) -> None:
        super()._accept(hunt, who, since)
        ends, queue = self._now + hunt.call.talk, hunt.call.language

        def end() -> None:
            self._last_call[queue, who] = ends

        self._later(ends, end)

    def _is_there(self, who: InterpreterId) -> None:
        """Nobody is told: each caller finds out at their next look."""

    def _offer_to_waiting(self, who: InterpreterId) -> None:
        """As above."""
