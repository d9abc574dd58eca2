# SPDX-License-Identifier: EUPL-1.2
"""The rules against guessing PINs. Pure.

Three bounds stand side by side. A call allows `TRIES_PER_CALL` tries. A caller (a number, known by
its keyed hash) who keeps being wrong is locked out for longer and longer. And a code that is tried
from many numbers, which may be forged, is closed for longer and longer to all numbers but the
agency's own: whoever invents numbers can close it to people elsewhere, never to the agency's
telephones. Each of those has only its own lock as a caller, so a stranger who forges the number of
one locks that one; without it, the number would be a way to guess without end.

Nobody is ever told which of these holds: a locked caller hears the same words, as late, as one who
keyed a wrong PIN or an unknown code. Whoever asks therefore proves the PIN even when
`claim` said no, and then throws the answer away.

There is no lock for each technician besides: a wrong PIN does not say whose it was meant to be,
so the lock of the agency's code takes that place. It rises with the wrong tries of the last day,
and being right takes nothing back but the try itself: else the agency's own people, who are right
all day long, would open it for whoever guesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TRIES_PER_CALL = 3

LOCKS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=24),
)
"""How long a caller is locked out after each further `TRIES_PER_CALL` wrong ones in a row; the
last holds for all that follow."""

LONGEST_WITHHELD_LOCK = timedelta(minutes=15)
"""Whoever withholds their number shares a lock with all others who do, so that one hostile caller
would lock out every hospital that shows no number; three tries in 15 minutes are few enough."""

FORGIVEN_AFTER = timedelta(hours=24)
"""Wrong tries count in a row only as long as the last one, and its lock, are no longer past."""

CODE_TRIES = 10
"""After each further so many wrong tries from foreign numbers within `CODE_SPAN`, a code closes to
them; and after so many within the first of `CODE_CLOSED`: while old ones pass as fast as new ones
come, their number stays the same."""
CODE_CLOSED = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=24),
)
"""For how long, each time. The last is as long as `CODE_SPAN`, so that whoever comes after it finds
all tries past."""
CODE_SPAN = timedelta(hours=24)
MOST_CODE_TRIES = CODE_TRIES * len(CODE_CLOSED)
"""No `CODE_SPAN` has more wrong tries of one code from foreign numbers, whatever their rhythm."""

REMEMBERED = timedelta(days=180)
"""How long a caller's language is remembered after their last call."""


@dataclass(frozen=True, slots=True)
class Tries:
    """The wrong tries of one caller in a row."""

    wrong: int = 0
    last: datetime | None = None
    locked_until: datetime | None = None

    def may_try(self, at: datetime) -> bool:
        """Whether a try counts at this moment."""
        return self.locked_until is None or at >= self.locked_until

    def one_more(self, at: datetime, *, withheld: bool = False) -> Tries:
        """After one more wrong try. A try during a lock is none: nothing changes."""
        if not self.may_try(at):
            return self
        wrong = 1 if self.forgiven(at) else self.wrong + 1
        if wrong % TRIES_PER_CALL:
            return Tries(wrong, at)
        lock = LOCKS[min(wrong // TRIES_PER_CALL, len(LOCKS)) - 1]
        if withheld:
            lock = min(lock, LONGEST_WITHHELD_LOCK)
        return Tries(wrong, at, at + lock)

    def forgiven(self, at: datetime) -> bool:
        """Whether nothing of this counts any more."""
        over = max((one for one in (self.last, self.locked_until) if one is not None), default=None)
        return over is None or at - over >= FORGIVEN_AFTER


@dataclass(frozen=True, slots=True)
class CodeTries:
    """The wrong tries of one code from numbers that are not its agency's own."""

    wrong: tuple[datetime, ...] = ()
    """Within the last `CODE_SPAN`, in order; older ones may linger."""
    closed_until: datetime | None = None
    """Set by the last try when that closed the code."""

    def may_try(self, at: datetime) -> bool:
        """Whether a try from a foreign number counts at this moment."""
        return self.closed_until is None or at >= self.closed_until

    def one_more(self, at: datetime) -> CodeTries:
        """After one more wrong try from a foreign number. While closed, nothing changes."""
        if not self.may_try(at):
            return self
        wrong = (*(one for one in self.wrong if one + CODE_SPAN > at), at)
        closures, further = divmod(len(wrong), CODE_TRIES)
        lately = closures and wrong[-CODE_TRIES] + CODE_CLOSED[0] > at
        if further and not lately:
            return CodeTries(wrong)
        return CodeTries(wrong, at + CODE_CLOSED[min(closures, len(CODE_CLOSED)) - 1])

    def taken_back(self, at: datetime) -> CodeTries:
        """As if the try of that moment had not been; what it closed is open again."""
        if at not in self.wrong:
            return self
        place = self.wrong.index(at)
        return CodeTries(self.wrong[:place] + self.wrong[place + 1 :])

    def forgiven(self, at: datetime) -> bool:
        """Whether nothing of this counts any more."""
        return self.may_try(at) and all(one + CODE_SPAN <= at for one in self.wrong)
