# SPDX-License-Identifier: EUPL-1.2
"""Booked calls, and the next times at which one could be booked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo

from bridge.hours.localtime import LISBON
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits
from bridge.roster.requirements import Requirements
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

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("a booking lasts at least a minute: give its minutes")
        if self.starts_at != ceil(self.starts_at):
            raise ValueError("a booking starts at a full quarter of an hour: round its time")


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

    @property
    def language(self) -> LanguageTag:
        """The language asked for."""
        return self.requirements.language

    @property
    def refused(self) -> bool:
        """Whether its interpreter said that they will not be there: they are held no more."""
        return self.interpreter in self.requirements.excluded

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
    diaries = [
        _Diary(person, busy_of, (standings or {}).get(person.id, Standing()), after, zone)
        for person, busy_of in _with_busy(candidates, busy)
        if person.vetted and person.schedule is not None
    ]
    diaries = [one for one in diaries if one.answers]
    found: list[Slot] = []
    earliest, last = ceil(after + lead), after + horizon
    starts = [_Starts(one.starts(earliest, last, minutes)) for one in diaries]
    while len(found) < count:
        offers = [
            (start, place)
            for place, one in enumerate(starts)
            if (start := one.from_(earliest)) is not None
        ]
        if not offers:
            break
        start, place = min(offers)
        found.append(Slot(diaries[place].who, start, minutes))
        earliest = ceil(start + apart)
    return tuple(found)


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
