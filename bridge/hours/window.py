# SPDX-License-Identifier: EUPL-1.2
"""One window of a weekly plan. `bridge.hours.model` makes schedules of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from bridge.hours.localtime import LISBON, closing_instant, opening_instant
from bridge.hours.periods import FIRST_YEAR, LAST_YEAR, Period

_DAY = timedelta(days=1)


class Weekday(IntEnum):
    """A day of the week, numbered as `datetime.date.weekday` does."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6

    @property
    def label(self) -> str:
        """Its English abbreviation: ``Mon``."""
        return self.name.capitalize()


WORKING_WEEK = frozenset(Weekday) - {Weekday.SAT, Weekday.SUN}
"""Monday to Friday."""


class BadHours(ValueError):
    """Hours that make no sense; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, on which weekdays, in local time. Whole seconds.

    `closes` at or before `opens` means the next day; both alike is 24 hours. Midnight at the end
    of a day is ``00:00``.
    """

    weekdays: frozenset[Weekday]
    """The days on which it opens."""
    opens: time
    closes: time
    valid_from: date | None = None
    """The first day on which it opens; `None` is since ever."""
    valid_until: date | None = None
    """The last day on which it opens; `None` is for ever."""
    on_holidays: bool = False
    """Whether it is held on public holidays too."""

    def __post_init__(self) -> None:
        if not self.weekdays:
            raise BadHours("a window opens on at least one weekday; name one")
        for boundary in (self.opens, self.closes):
            if boundary.tzinfo is not None or boundary.microsecond:
                raise BadHours("a window opens and closes at a local time in whole seconds")
        for day in (self.valid_from, self.valid_until):
            if day is not None and not FIRST_YEAR < day.year < LAST_YEAR:
                raise BadHours(f"{day} is not a date that hours can change on; check its year")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise BadHours(f"a window valid from {self.valid_from} cannot end before; swap the two")

    @property
    def crosses_midnight(self) -> bool:
        """Whether it closes on the day after the one on which it opens."""
        return self.closes <= self.opens

    def valid_on(self, day: date) -> bool:
        """Whether this day is within its effective dates, whatever the weekday."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def period_on(self, day: date, zone: ZoneInfo = LISBON) -> Period | None:
        """From when to when it lasts if it opens on this day.

        `None` when the hour that clocks skip in spring swallows it. Weekday and effective dates
        are not looked at.
        """
        start = opening_instant(zone, day, self.opens)
        end = closing_instant(zone, day + _DAY if self.crosses_midnight else day, self.closes)
        return Period(start, end) if start < end else None

    def __str__(self) -> str:
        """As people write it: ``Mon–Fri 09:00–19:00``."""
        return f"{_days_label(self.weekdays)} {_time_label(self.opens)}–{_time_label(self.closes)}"


def _time_label(at: time) -> str:
    return at.isoformat("seconds" if at.second else "minutes")


def _days_label(weekdays: frozenset[Weekday]) -> str:
    """Three or more days in a row as a range, others one by one: ``Mon–Fri, Sun``."""
    runs: list[list[Weekday]] = []
    for day in sorted(weekdays):
        if runs and runs[-1][-1] + 1 == day:
            runs[-1].append(day)
        else:
            runs.append([day])
    labels: list[str] = []
    for run in runs:
        if len(run) > 2:
            labels.append(f"{run[0].label}–{run[-1].label}")
        else:
            labels.extend(day.label for day in run)
    return ", ".join(labels)
