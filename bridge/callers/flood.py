# SPDX-License-Identifier: EUPL-1.2
"""Floods of calls from one number are slowed, and at last refused with a word; floods of guesses
from ever new numbers stop being answered. Pure.

Only counts are kept, in memory, of so many callers at most: a restart forgives everybody, and a
flood from ever new numbers cannot fill the memory. Against that one, the carrier has to help.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from bridge.callers.keys import CallerKey

_TEN_MINUTES = 600.0
_HOUR = 3600.0
HOLDS = (5.0, 10.0, 20.0, 30.0)
"""How many seconds the first, second, … call beyond the calm ones is held; the last holds on."""


@dataclass(frozen=True, slots=True)
class Calm:
    """How often a caller may ring."""

    in_ten_minutes: int
    """So many calls are taken at once; more are held."""
    in_an_hour: int | None
    """So many are taken at all; `None`: any number."""


ONE_CALLER = Calm(6, 30)
MANY_BEHIND_ONE_NUMBER = Calm(60, None)
"""All who withhold their number look alike, and a hospital's telephones show one number: nobody
there is to be refused for what the others do."""


MOST_MISSES = 100
"""Within an hour, over all callers. Of a million codes a few are open at a time, so guesses at this
pace find one within some thousand hours; and no service has so many migrants who mistype."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is to be done with a call that came in."""

    hold: float = 0.0
    """Seconds to keep the caller waiting before the greeting."""
    refused: bool = False
    """Whether to say that there were too many calls, and hang up."""


class FloodGuard:
    """Counts arrivals on whatever clock its user has (seconds, never going back)."""

    def __init__(self, most_callers: int = 10_000) -> None:
        """So many callers are remembered; of more, those who rang longest ago are forgotten."""
        self._most = most_callers
        self._arrivals: OrderedDict[str, deque[float]] = OrderedDict()

    def arrived(self, caller: CallerKey, at: float, *, known: bool = False) -> Arrival:
        """A call came in. `known` is whether it shows a number that an agency has registered.

        A call that is refused counts too: whoever keeps ringing stays refused.
        """
        calm = MANY_BEHIND_ONE_NUMBER if caller.withheld or known else ONE_CALLER
        arrivals = self._arrivals.setdefault(caller.digest, deque())
        self._arrivals.move_to_end(caller.digest)
        while len(self._arrivals) > self._most:
            self._arrivals.popitem(last=False)
        arrivals.append(at)
        # Enough to tell what is asked below: older ones make no difference.
        most = max(calm.in_ten_minutes + len(HOLDS), calm.in_an_hour or 0) + 1
        while arrivals[0] + _HOUR <= at or len(arrivals) > most:
            arrivals.popleft()
        if calm.in_an_hour is not None and len(arrivals) > calm.in_an_hour:
            return Arrival(refused=True)
        beyond = sum(one + _TEN_MINUTES > at for one in arrivals) - calm.in_ten_minutes
        return Arrival(HOLDS[min(beyond, len(HOLDS)) - 1]) if beyond > 0 else Arrival()

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._arrivals)


class MissedCodes:
    """Counts the codes of conversations that nobody has, on whatever clock its user has (seconds).

    Each caller has a lock of their own (`model.Tries`); this one holds against whoever shows a new
    number each time. While it holds, no code is looked up, and every caller hears that there is
    none: a conversation that a stranger enters is worse than one that a migrant has to be rung for.
    """

    def __init__(self, most: int = MOST_MISSES) -> None:
        """So many misses within an hour are answered."""
        self._most = most
        self._missed: deque[float] = deque(maxlen=most)

    def may_try(self, at: float) -> bool:
        """Whether a code is looked up now."""
        return len(self._missed) < self._most or self._missed[0] + _HOUR <= at

    def missed(self, at: float) -> None:
        """One more code that nobody has."""
        self._missed.append(at)
