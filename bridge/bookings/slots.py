# SPDX-License-Identifier: EUPL-1.2
"""The next times at which a call could be booked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.bookings.model import GRID, USUAL_MINUTES, Busy, FarHalf, Slot, ceil
from bridge.hours.localtime import LISBON
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits
from bridge.roster.standing import Standing, next_midnight
from bridge.vocabulary import InterpreterId, LanguageTag

HORIZON = timedelta(days=14)
"""No time further away is offered unasked."""
SLOTS = 3
"""So many times are offered."""
APART = timedelta(minutes=30)
"""How far they are from each other."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which times are looked for, and what stands in their way."""

    after: datetime
    busy: Sequence[Busy]
    """All bookings of the people who are looked at."""
    standings: Mapping[InterpreterId, Standing] = field(default_factory=dict)
    """They tell today's minutes, and who does not answer."""
    minutes: int = USUAL_MINUTES
    """How long the call is to last."""
    count: int = SLOTS
    """How many times are wanted at the most."""
    lead: timedelta = GRID
    """How soon after `after` the first may be."""
    apart: timedelta = APART
    """How far each is from the one before."""
    horizon: timedelta = HORIZON
    """How long after `after` the last may be."""
    zone: ZoneInfo = LISBON

    @property
    def earliest(self) -> datetime:
        """The first time on the grid that may be offered."""
        return ceil(self.after + self.lead)


def free_slots(candidates: Sequence[Interpreter], search: Search) -> tuple[Slot, ...]:
    """The next times at which a call could be booked with one interpreter.

    `candidates` are those whom the request may be given to, the first preferred; whoever keeps no
    windows promised no time and is passed over, and so is whoever is not vetted or not answering.

    Each time lies, to its end, in a window of its interpreter; it is on the grid. Whoever said
    that they are on a break or off is back when they said, or else not before tomorrow; so is
    whoever is there until a moment, from that moment on.
    """
    half, earliest = _Half(candidates, search), search.earliest
    found: list[Slot] = []
    while len(found) < search.count and (start := half.next(earliest)) is not None:
        found.append(Slot(half.free_at(start)[0], start, search.minutes))
        earliest = ceil(start + search.apart)
    return tuple(found)


def relay_slots(
    pivot: LanguageTag, near: Sequence[Interpreter], far: Sequence[Interpreter], search: Search
) -> tuple[Slot, ...]:
    """The next times at which a relay over `pivot` could be booked: as `free_slots`, for two.

    At each time one of `near` and another one of `far` are free for all of it; whoever is in both
    is taken for one half only.
    """
    ends, earliest = [_Half(one, search) for one in (near, far)], search.earliest
    found: list[Slot] = []
    while len(found) < search.count:
        starts = [one.next(earliest) for one in ends]
        if starts[0] is None or starts[1] is None:
            break
        start = max(starts[0], starts[1])
        two = _two(*(one.free_at(start) for one in ends)) if starts[0] == starts[1] else None
        if two is not None:
            found.append(Slot(two[0], start, search.minutes, FarHalf(two[1], pivot)))
            earliest = ceil(start + search.apart)
        elif starts[0] == starts[1]:
            earliest = start + GRID
        else:
            earliest = start
    return tuple(found)


def soonest(
    slots: Iterable[Slot], *, count: int = SLOTS, apart: timedelta = APART
) -> tuple[Slot, ...]:
    """The first of several slots, `apart` from each other; of equal times the first named."""
    found: list[Slot] = []
    for slot in sorted(slots, key=lambda one: one.starts_at):
        if len(found) < count and (not found or slot.starts_at - found[-1].starts_at >= apart):
            found.append(slot)
    return tuple(found)


def _two(
    near: Sequence[InterpreterId], far: Sequence[InterpreterId]
) -> tuple[InterpreterId, InterpreterId] | None:
    """One of each who are not the same person, the best named first."""
    pairs = ((one, other) for one in near for other in far if one != other)
    return next(pairs, None)


class _Half:
    """When somebody of several interpreters could take a booking."""

    def __init__(self, candidates: Sequence[Interpreter], search: Search) -> None:
        diaries = [
            _Diary(
                person, busy, search.standings.get(person.id, Standing()), search.after, search.zone
            )
            for person, busy in _with_busy(candidates, search.busy)
            if person.vetted and person.schedule is not None
        ]
        last = search.after + search.horizon
        self._starts = {
            one.who: _Starts(one.starts(search.earliest, last, search.minutes))
            for one in diaries
            if one.answers
        }

    def next(self, moment: datetime) -> datetime | None:
        """The first time from a moment on; earlier moments are not asked about afterwards."""
        times = [one.from_(moment) for one in self._starts.values()]
        return min((one for one in times if one is not None), default=None)

    def free_at(self, start: datetime) -> list[InterpreterId]:
        """Who could begin at this very time, the first named first."""
        return [who for who, one in self._starts.items() if one.from_(start) == start]


def _with_busy(
    candidates: Sequence[Interpreter], busy: Iterable[Busy]
) -> Iterator[tuple[Interpreter, list[Busy]]]:
    of: dict[InterpreterId, list[Busy]] = {}
    for one in busy:
        of.setdefault(one.interpreter, []).append(one)
    for person in candidates:
        yield person, sorted(of.get(person.id, []), key=lambda one: one.start)


class _Starts:
    """Times in order, of which the ones before a moment are dropped for good."""

    def __init__(self, times: Iterator[datetime]) -> None:
        self._times = times
        self._next = next(times, None)

    def from_(self, moment: datetime) -> datetime | None:
        while self._next is not None and self._next < moment:
            self._next = next(self._times, None)
        return self._next


class _Diary:
    """When one interpreter could take a booking."""

    def __init__(
        self,
        person: Interpreter,
        busy: Sequence[Busy],
        standing: Standing,
        after: datetime,
        zone: ZoneInfo,
    ) -> None:
        self.who = person.id
        self._person = person
        self._busy = busy
        self._standing = standing
        self._zone = zone
        self._after = after
        self.answers = standing.unanswered_streak < person.limits.unanswered_in_a_row

    def starts(self, first: datetime, last: datetime, minutes: int) -> Iterator[datetime]:
        """All times from `first` to `last` at which they could begin, in order."""
        length = timedelta(minutes=minutes)
        schedule = self._person.schedule
        first = max(first, self._back())
        if schedule is None or first > last:
            return
        begin = first
        while begin <= last:
            end = min(begin + timedelta(days=1), last)
            # So far beyond that a booking that begins in this day also ends in what is seen.
            for period in schedule.periods(begin, end + length + GRID):
                start = ceil(max(period.start, begin))
                while start + length <= period.end and start < end:
                    if not self._off_by(start) and self._fits(start, start + length):
                        yield start
                    start += GRID
            if end == last:
                return
            begin = end

    def _back(self) -> datetime:
        """From when on they are there as far as their presence goes."""
        presence = self._person.presence
        if presence.at(self._after) is Presence.AVAILABLE:
            return self._after
        if presence.until is not None and self._after < presence.until:
            return presence.until
        return next_midnight(self._after, self._zone)

    def _off_by(self, start: datetime) -> bool:
        """Whether they said that they are there, but off by this moment of the same day."""
        ends = self._person.presence.until
        if ends is None or self._person.presence.at(self._after) is not Presence.AVAILABLE:
            return False
        return self._after < ends <= start < next_midnight(ends, self._zone)

    def _fits(self, start: datetime, end: datetime) -> bool:
        limits = self._person.limits
        pause = limits.wrap_up
        near = [one for one in self._busy if one.start < end + pause and start < one.end + pause]
        return not near and self._day_has_room(start, end) and self._rested(start, end, limits)

    def _day_has_room(self, start: datetime, end: datetime) -> bool:
        """Whether the minutes of the day on which it starts stay within the daily limit."""
        day = start.astimezone(self._zone).date()
        booked = sum(
            (one.end - one.start).total_seconds()
            for one in self._busy
            if one.start.astimezone(self._zone).date() == day
        )
        had = self._standing.minutes_today if self._counts_on(day) else 0.0
        total = had + (booked + (end - start).total_seconds()) / 60.0
        return total <= self._person.limits.daily_minutes

    def _counts_on(self, day: date) -> bool:
        """Whether the minutes that the standing knows were of this day."""
        ends = self._standing.day_ends
        current = ends is None or self._after < ends
        return current and day == self._after.astimezone(self._zone).date()

    def _rested(self, start: datetime, end: datetime, limits: Limits) -> bool:
        """Whether bookings without a rest between them stay within the consecutive minutes."""
        total = (end - start).total_seconds()
        edge = start
        for one in reversed([one for one in self._busy if one.end <= start]):
            if edge - one.end >= limits.rest:
                break
            total += (one.end - one.start).total_seconds()
            edge = one.start
        edge = end
        for one in (one for one in self._busy if one.start >= end):
            if one.start - edge >= limits.rest:
                break
            total += (one.end - one.start).total_seconds()
            edge = one.end
        return total <= limits.consecutive_minutes * 60.0
