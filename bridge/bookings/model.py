# SPDX-License-Identifier: EUPL-1.2
"""Booked calls, and the next times at which one could be booked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo

from bridge.hours.localtime import LISBON
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits
from bridge.roster.requirements import Requirements
from bridge.roster.skills import pair
from bridge.roster.standing import Standing, next_midnight
from bridge.vocabulary import (
    AgencyId,
    CallId,
    InterpreterId,
    LanguageTag,
    PhoneNumber,
    TechnicianId,
)

BookingId = NewType("BookingId", int)

GRID = timedelta(minutes=15)
"""Bookings begin at full quarters of an hour and hold whole ones."""
USUAL_MINUTES = 30
"""How long a booked call is held unless told otherwise."""
REMINDED_BEFORE = timedelta(hours=1)
"""How long before a booked call its interpreter is reminded of it."""
_HORIZON = timedelta(days=14)


class BookingState(StrEnum):
    """Where a booking stands."""

    BOOKED = "booked"
    DIALLING = "dialling"
    """Its call was begun; from then on the call tells what happens."""
    DONE = "done"
    CANCELLED = "cancelled"
    MISSED = "missed"
    """Its time passed without anybody being rung."""


LIVE = frozenset({BookingState.BOOKED, BookingState.DIALLING})
"""The states in which an interpreter is held."""


class MadeBy(StrEnum):
    """How a booking came about."""

    PHONE = "phone"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class FarHalf:
    """The second interpreter of a relay: between the migrant's language and the one between."""

    interpreter: InterpreterId
    pivot: LanguageTag
    """The language between, which the first interprets to and from Portuguese."""


@dataclass(frozen=True, slots=True)
class NewBooking:
    """A booking to be made. Raises `ValueError` for a time off the grid or no length."""

    requirements: Requirements
    interpreter: InterpreterId
    starts_at: datetime
    agency: AgencyId
    technician: TechnicianId
    technician_number: PhoneNumber
    migrant_number: PhoneNumber | None = None
    """`None`: the migrant sits beside the technician."""
    minutes: int = USUAL_MINUTES
    made_by: MadeBy = MadeBy.PHONE
    reminders: tuple[datetime, ...] = ()
    """When the interpreter is to be reminded."""
    far: FarHalf | None = None
    """With two interpreters, the second; `interpreter` is then the one who speaks Portuguese."""

    @property
    def interpreters(self) -> tuple[InterpreterId, ...]:
        """Everybody who is to be held."""
        return _both(self.interpreter, self.far)

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("a booking lasts at least a minute: give its minutes")
        if self.starts_at != ceil(self.starts_at):
            raise ValueError("a booking starts at a full quarter of an hour: round its time")
        if len(set(self.interpreters)) != len(self.interpreters):
            raise ValueError("nobody is both halves of a relay: name two interpreters")


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as stored. Telephone numbers are kept only while it is live."""

    id: BookingId
    call: CallId | None
    """The call that it became."""
    requirements: Requirements
    agency: AgencyId
    technician: TechnicianId
    technician_number: PhoneNumber | None = field(repr=False)
    migrant_number: PhoneNumber | None = field(repr=False)
    migrant_beside: bool
    """Whether the migrant sits beside the technician, instead of being rung."""
    interpreter: InterpreterId
    starts_at: datetime
    minutes: int
    state: BookingState
    made_by: MadeBy
    reminders: tuple[datetime, ...]
    far: FarHalf | None = None
    """With two interpreters, the second; `interpreter` is then the one who speaks Portuguese."""

    @property
    def language(self) -> LanguageTag:
        """The language asked for."""
        return self.requirements.language

    @property
    def interpreters(self) -> tuple[InterpreterId, ...]:
        """Whom it was booked with, the one who speaks Portuguese first."""
        return _both(self.interpreter, self.far)

    def language_of(self, who: InterpreterId) -> LanguageTag:
        """What this interpreter interprets: the one of two who speaks Portuguese, the pivot."""
        near = self.far is not None and who == self.interpreter
        return self.far.pivot if near and self.far is not None else self.language

    def asked_of(self, who: InterpreterId) -> Requirements:
        """What this interpreter is asked for: the request, or their half of the way."""
        asked = replace(self.requirements, agency=self.agency)
        if self.far is None:
            return asked
        far = who == self.far.interpreter
        half = pair(self.language, self.far.pivot) if far else self.far.pivot
        return replace(asked, language=half)

    @property
    def coming(self) -> tuple[InterpreterId, ...]:
        """Those of them who have not said that they will not be there; they alone are held."""
        return tuple(one for one in self.interpreters if one not in self.requirements.excluded)

    @property
    def refused(self) -> bool:
        """Whether nobody whom it was booked with will be there."""
        return not self.coming

    @property
    def ends_at(self) -> datetime:
        """Until when the interpreter is held."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Busy:
    """An interpreter is held by a booking from one moment until just before another."""

    interpreter: InterpreterId
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which this interpreter keeps a window, is not held, and within their limits."""

    interpreter: InterpreterId
    starts_at: datetime
    """In UTC, at a full quarter of an hour."""
    minutes: int
    far: FarHalf | None = None
    """With two interpreters, the second."""


def _both(near: InterpreterId, far: FarHalf | None) -> tuple[InterpreterId, ...]:
    return (near,) if far is None else (near, far.interpreter)


def ceil(moment: datetime) -> datetime:
    """The moment itself, or the next full quarter of an hour after it."""
    over = timedelta(
        minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond
    )
    return moment if not over else moment - over + GRID


def reminders_of(starts_at: datetime, now: datetime) -> tuple[datetime, ...]:
    """When an interpreter is reminded of a booked call: an hour before, if that is to come."""
    reminder = starts_at - REMINDED_BEFORE
    return (reminder,) if reminder > now else ()


def quarters(start: datetime, minutes: int) -> range:
    """The numbers of the quarters of an hour that a booking touches, counted from 1970 in UTC."""
    seconds, grid = int(start.timestamp()), int(GRID.total_seconds())
    return range(seconds // grid, -(-(seconds + minutes * 60) // grid))


def free_slots(
    candidates: Sequence[Interpreter],
    busy: Iterable[Busy],
    after: datetime,
    *,
    minutes: int = USUAL_MINUTES,
    count: int = 3,
    standings: Mapping[InterpreterId, Standing] | None = None,
    lead: timedelta = GRID,
    apart: timedelta = timedelta(minutes=30),
    horizon: timedelta = _HORIZON,
    zone: ZoneInfo = LISBON,
) -> tuple[Slot, ...]:
    """The next times, up to `count` of them, at which a call of so many minutes could be booked.

    `candidates` are those whom the request may be given to, the first preferred; whoever keeps no
    windows promised no time and is passed over, and so is whoever is not vetted or not answering.
    `busy` are all bookings of these people. `standings` tell today's minutes.

    Each time lies, to its end, in a window of its interpreter; it is on the grid, `lead` after
    `after` at the earliest and `horizon` at the latest, and `apart` from the one before. Whoever
    said that they are on a break or off is back when they said, or else not before tomorrow.
    """
    earliest, last = ceil(after + lead), after + horizon
    half = _Half(candidates, busy, standings or {}, after, zone, (earliest, last, minutes))
    found: list[Slot] = []
    while len(found) < count and (start := half.next(earliest)) is not None:
        found.append(Slot(half.free_at(start)[0], start, minutes))
        earliest = ceil(start + apart)
    return tuple(found)


def relay_slots(
    pivot: LanguageTag,
    near: Sequence[Interpreter],
    far: Sequence[Interpreter],
    busy: Sequence[Busy],
    after: datetime,
    *,
    minutes: int = USUAL_MINUTES,
    count: int = 3,
    standings: Mapping[InterpreterId, Standing] | None = None,
    lead: timedelta = GRID,
    apart: timedelta = timedelta(minutes=30),
    horizon: timedelta = _HORIZON,
    zone: ZoneInfo = LISBON,
) -> tuple[Slot, ...]:
    """The next times at which a relay over `pivot` could be booked: as `free_slots`, for two.

    At each time one of `near` and another one of `far` are free for all of it; whoever is in both
    is taken for one half only.
    """
    earliest, last = ceil(after + lead), after + horizon
    span = (earliest, last, minutes)
    ends = [_Half(one, busy, standings or {}, after, zone, span) for one in (near, far)]
    found: list[Slot] = []
    while len(found) < count:
        starts = [one.next(earliest) for one in ends]
        if starts[0] is None or starts[1] is None:
            break
        start = max(starts[0], starts[1])
        two = _two(*(one.free_at(start) for one in ends)) if starts[0] == starts[1] else None
        if two is not None:
            found.append(Slot(two[0], start, minutes, FarHalf(two[1], pivot)))
            earliest = ceil(start + apart)
        elif starts[0] == starts[1]:
            earliest = start + GRID
        else:
            earliest = start
    return tuple(found)


def soonest(
    slots: Iterable[Slot], *, count: int = 3, apart: timedelta = timedelta(minutes=30)
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

    def __init__(
        self,
        candidates: Sequence[Interpreter],
        busy: Iterable[Busy],
        standings: Mapping[InterpreterId, Standing],
        after: datetime,
        zone: ZoneInfo,
        span: tuple[datetime, datetime, int],
    ) -> None:
        diaries = [
            _Diary(person, busy_of, standings.get(person.id, Standing()), after, zone)
            for person, busy_of in _with_busy(candidates, busy)
            if person.vetted and person.schedule is not None
        ]
        self._starts = {one.who: _Starts(one.starts(*span)) for one in diaries if one.answers}

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
                    if self._fits(start, start + length):
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
