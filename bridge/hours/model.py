# SPDX-License-Identifier: EUPL-1.2
"""The hours of a line, a service or an interpreter: weekly windows and the exceptions to them.

A `Schedule` is open at an instant when

* one of its extra hours covers it, or one of its windows does that opens on a day which is
  neither closed by a coordinator nor (unless the window says otherwise) a public holiday;
* and no absence covers it. An absence wins over everything, extra hours included: whoever is away
  is not rung.

**A window belongs to the day on which it opens.** One from 22:00 to 06:00 that opens on the eve of
a holiday runs on into the holiday, and the one that would open on the holiday itself is not held.
The same goes for closures and for the dates from and until which a window is valid.

**Effective dates.** The windows in force on a day are, of those valid on it, the ones with the
latest `valid_from`; they replace *all* earlier ones, on every weekday, so a week that changes is
written whole. When they have an end (`valid_until`) and it is past, the earlier ones return.

What a boundary means on a day when clocks change is said in `bridge.hours.localtime`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from bridge.hours.localtime import LISBON, opening_instant
from bridge.hours.periods import Period, clip, merge, subtract, utc
from bridge.hours.weeks import in_force, turning_days
from bridge.hours.window import WORKING_WEEK, BadHours, Weekday, Window

__all__ = [
    "LOOK_AHEAD",
    "WORKING_WEEK",
    "Absence",
    "BadHours",
    "Closure",
    "ExtraHours",
    "Holidays",
    "Period",
    "Schedule",
    "Verdict",
    "Weekday",
    "Why",
    "Window",
    "no_holidays",
]

LOOK_AHEAD = timedelta(days=5 * 366)
"""How far the next opening or closing is looked for; beyond it there is said to be none."""

_DAY = timedelta(days=1)
_FIRST_CHUNK = timedelta(days=4)
_LONGEST_CHUNK = timedelta(days=256)
_BLINK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """Nobody there between two instants, whatever the windows say. Time-zone aware."""

    start: datetime
    end: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        _refuse_backwards("an absence", self.start, self.end)


@dataclass(frozen=True, slots=True)
class ExtraHours:
    """Open between two instants, over holidays and closures too. Time-zone aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        _refuse_backwards("extra hours", self.start, self.end)


@dataclass(frozen=True, slots=True)
class Closure:
    """A day on which no window opens, by a coordinator's word."""

    day: date
    reason: str


Holidays = Callable[[date], str | None]
"""The name of the public holiday on a day, or `None`."""


def no_holidays(_day: date) -> str | None:
    """The calendar of those who keep no holidays."""
    return None


class Why(StrEnum):
    """What decides whether a schedule is open at an instant."""

    WINDOW = "window"
    """Open: inside a window."""
    EXTRA = "extra"
    """Open: inside extra hours and no window."""
    HOLIDAY = "holiday"
    """Closed: a window would be open but for a public holiday."""
    CLOSURE = "closure"
    """Closed: a window would be open but for a coordinator's closure."""
    ABSENCE = "absence"
    """Closed: away."""
    OUTSIDE = "outside"
    """Closed: no window covers the instant."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a schedule is open at an instant, why, and until when. Instants in UTC."""

    open: bool
    why: Why
    name: str = ""
    """The holiday's name, or the reason of the closure or absence."""
    window: Window | None = None
    """The window that keeps it open; with several, the one that closes last."""
    closes_at: datetime | None = None
    """When it closes, back-to-back windows taken as one; `None` if closed now or never closing."""
    opens_at: datetime | None = None
    """When it opens next; `None` if it is open now or does not open within `LOOK_AHEAD`."""


@dataclass(frozen=True)
class Schedule:
    """The hours of one line, service or interpreter. Immutable; asks no clock.

    All instants given are time-zone aware, all instants returned are in UTC. A moment without a
    time zone, or before 1900 or after 2099, raises `ValueError`.
    """

    windows: tuple[Window, ...] = ()
    absences: tuple[Absence, ...] = ()
    extra: tuple[ExtraHours, ...] = ()
    closures: tuple[Closure, ...] = ()
    holidays: Holidays = no_holidays
    zone: ZoneInfo = LISBON

    def periods(self, start: datetime, end: datetime) -> tuple[Period, ...]:
        """When it is open from `start` (included) to `end` (excluded), merged.

        Raises `ValueError` when `end` is before `start`; alike, there are none.
        """
        start, end = utc(start), utc(end)
        if end < start:
            raise ValueError("the end is before the start; swap the two")
        return tuple(self._periods(start, end))

    def periods_on_day_of(self, moment: datetime) -> tuple[Period, ...]:
        """When it is open on the local day of a moment, from its midnight to the next one, which
        are not always 24 hours apart.
        """
        day = utc(moment).astimezone(self.zone).date()
        midnights = (opening_instant(self.zone, one, time()) for one in (day, day + _DAY))
        return self.periods(*midnights)

    def promised(self, start: datetime, end: datetime) -> timedelta:
        """For how long it is open from `start` to `end`, in elapsed time."""
        return sum((period.duration for period in self.periods(start, end)), timedelta())

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open at this instant. Much cheaper than `open_at`."""
        moment = utc(moment)
        return bool(self._periods(moment, moment + _BLINK))

    def open_at(self, moment: datetime) -> Verdict:
        """Whether it is open at this instant, why, and when that changes."""
        moment = utc(moment)
        coming = next(self._coming(moment), None)
        if coming is None or coming.start > moment:
            return self._closed(moment, coming.start if coming else None)
        beyond = moment + LOOK_AHEAD
        window = self._window_at(moment)
        return Verdict(
            open=True,
            why=Why.WINDOW if window else Why.EXTRA,
            window=window,
            closes_at=coming.end if coming.end < beyond else None,
        )

    def next_opening(self, after: datetime) -> datetime | None:
        """The first instant after this one at which it goes from closed to open.

        While it is open, that is the opening after its next closing. `None` if there is none
        within `LOOK_AHEAD`.
        """
        after = utc(after)
        return next((one.start for one in self._coming(after) if one.start > after), None)

    def day_at(self, moment: datetime) -> tuple[Period, ...]:
        """The hours of this day, what is past of them included; of the next open day, when none of
        them is left.

        A period belongs to the day on which it starts. None are told when it does not open within
        `LOOK_AHEAD`, and while it is open since an earlier day or for more than a day: then from
        when to when means nothing to somebody who thinks of a day.
        """
        moment = utc(moment)
        midnight = opening_instant(self.zone, moment.astimezone(self.zone).date(), time())
        found: list[Period] = []
        for period in self._coming(midnight):
            if period.start == midnight and self.is_open(midnight - _BLINK):
                if moment < period.end:
                    return ()
                continue
            if found and self._day_of(period) != self._day_of(found[0]):
                if moment < found[-1].end:
                    break
                found = []
            found.append(period)
        left = bool(found) and moment < found[-1].end
        return tuple(found) if left and all(one.duration <= _DAY for one in found) else ()

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """The windows that open on this day by the weekly plan, earliest first.

        Holidays, closures, absences and extra hours are not looked at.
        """
        index = bisect_right(self._turning_days, day) - 1
        return self._eras[index][day.weekday()]

    def off_on(self, day: date, window: Window) -> tuple[Why, str] | None:
        """Why this window is not held on this day: closure or holiday, with its name.

        `None` when it is held.
        """
        reason = self._closed_days.get(day)
        if reason is not None:
            return Why.CLOSURE, reason
        if not window.on_holidays:
            name = self.holidays(day)
            if name is not None:
                return Why.HOLIDAY, name
        return None

    def _day_of(self, period: Period) -> date:
        return period.start.astimezone(self.zone).date()

    def _periods(self, start: datetime, end: datetime) -> list[Period]:
        first = start.astimezone(self.zone).date() - _DAY
        last = end.astimezone(self.zone).date()
        found = [period for _, period in self._held(first, last)]
        found += _within(start, end, self._extra)
        return subtract(clip(merge(found), start, end), _within(start, end, self._away))

    def _held(self, first: date, last: date) -> Iterator[tuple[Window, Period]]:
        """Every window held that opens from `first` to `last`, both included."""
        for day in _days(first, last):
            for window in self.windows_on(day):
                if self.off_on(day, window) is None:
                    period = window.period_on(day, self.zone)
                    if period is not None:
                        yield window, period

    def _coming(self, start: datetime) -> Iterator[Period]:
        """The open periods from `start` on, in order; ends at `LOOK_AHEAD`.

        Looks at a few days first and at more only if asked on. A period that is open at `start`
        begins there.
        """
        beyond = start + LOOK_AHEAD
        size = _FIRST_CHUNK
        pending: Period | None = None
        while start < beyond:
            end = min(start + size, beyond)
            for period in self._periods(start, end):
                if pending is not None and pending.end == period.start:
                    pending = Period(pending.start, period.end)
                    continue
                if pending is not None:
                    yield pending
                pending = period
            if pending is not None and pending.end < end:
                yield pending
                pending = None
            start, size = end, min(size * 2, _LONGEST_CHUNK)
        if pending is not None:
            yield pending

    def _window_at(self, moment: datetime) -> Window | None:
        """The window, held, that covers this instant; with several, the one that closes last."""
        today = moment.astimezone(self.zone).date()
        covering = [
            (period.end, window)
            for window, period in self._held(today - _DAY, today)
            if period.start <= moment < period.end
        ]
        return max(covering, key=lambda one: one[0])[1] if covering else None

    def _closed(self, moment: datetime, opens_at: datetime | None) -> Verdict:
        why, name = self._why_closed(moment)
        return Verdict(open=False, why=why, name=name, opens_at=opens_at)

    def _why_closed(self, moment: datetime) -> tuple[Why, str]:
        """The most telling reason: absence, then what cancelled a window, else outside.

        A holiday or closure is named all day long when it cancels every window of that day, for
        "we are closed for the holiday" is the better answer at 07:00 too.
        """
        for absence in self.absences:
            if absence.start <= moment < absence.end:
                return Why.ABSENCE, absence.reason
        today = moment.astimezone(self.zone).date()
        for day in (today, today - _DAY):
            for window in self.windows_on(day):
                off = self.off_on(day, window)
                period = window.period_on(day, self.zone)
                if off and period and period.start <= moment < period.end:
                    return off
        reasons = [self.off_on(today, window) for window in self.windows_on(today)]
        if reasons and reasons[0] is not None and None not in reasons:
            return reasons[0]
        return Why.OUTSIDE, ""

    @cached_property
    def _turning_days(self) -> tuple[date, ...]:
        """The days on which the weekly plan may change, from the first day of time on."""
        return turning_days(self.windows)

    @cached_property
    def _eras(self) -> tuple[tuple[tuple[Window, ...], ...], ...]:
        """For each turning day, the week from then on: seven tuples of windows."""
        return tuple(self._week_of(day) for day in self._turning_days)

    def _week_of(self, day: date) -> tuple[tuple[Window, ...], ...]:
        week = in_force(self.windows, day)
        return tuple(
            tuple(window for window in week if weekday in window.weekdays) for weekday in Weekday
        )

    @cached_property
    def _closed_days(self) -> dict[date, str]:
        return {closure.day: closure.reason for closure in self.closures}

    @cached_property
    def _extra(self) -> list[Period]:
        return merge(Period(utc(one.start), utc(one.end)) for one in self.extra)

    @cached_property
    def _away(self) -> list[Period]:
        return merge(Period(utc(one.start), utc(one.end)) for one in self.absences)


def _within(start: datetime, end: datetime, merged: list[Period]) -> list[Period]:
    """Those of the merged periods that reach into start to end: years of others are skipped."""
    first = bisect_right(merged, start, key=lambda one: one.end)
    return merged[first : bisect_left(merged, end, key=lambda one: one.start)]


def _refuse_backwards(what: str, start: datetime, end: datetime) -> None:
    if utc(end) <= utc(start):
        raise BadHours(f"{what} must end after the start; swap the two")


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)
