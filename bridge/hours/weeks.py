# SPDX-License-Identifier: EUPL-1.2
"""Changing a weekly plan from one day to another without touching the days around. Pure.

Windows that begin later replace *all* earlier ones (`bridge.hours.model`), so one window more or
less is a new week: it has to be written whole, once for every week in force meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from bridge.hours.window import Window

_DAY = timedelta(days=1)

Week = tuple[Window, ...]
"""The windows of a week, without dates."""


def turning_days(windows: Iterable[Window]) -> tuple[date, ...]:
    """The days on which a weekly plan may change, from the first day of time on."""
    days = {date.min}
    for window in windows:
        if window.valid_from is not None:
            days.add(window.valid_from)
        if window.valid_until is not None:
            days.add(window.valid_until + _DAY)
    return tuple(sorted(days))


def in_force(windows: Iterable[Window], day: date) -> tuple[Window, ...]:
    """The week in force on a day: of the windows valid then, those that begin latest, in order."""
    valid = [window for window in windows if window.valid_on(day)]
    latest = max((window.valid_from or date.min for window in valid), default=date.min)
    return tuple(
        sorted(
            (window for window in valid if (window.valid_from or date.min) == latest),
            key=lambda window: (window.opens, window.closes),
        )
    )


def rewritten(
    windows: Sequence[Window], first: date, last: date | None, change: Callable[[Week], Week]
) -> tuple[Window, ...]:
    """The plan with each week changed that is in force from `first` to `last`; `None`: for ever.

    All other days keep their windows. No two weeks of the outcome are valid on the same day.
    """
    turns = {*turning_days(windows), first}
    if last is not None:
        turns.add(last + _DAY)
    weeks: list[tuple[date, Week]] = []
    for day in sorted(turns):
        week = tuple(
            replace(one, valid_from=None, valid_until=None) for one in in_force(windows, day)
        )
        if first <= day and (last is None or day <= last):
            week = change(week)
        if not weeks or weeks[-1][1] != week:
            weeks.append((day, week))
    ends = [*(day - _DAY for day, _ in weeks[1:]), None]
    return tuple(
        replace(one, valid_from=None if begins == date.min else begins, valid_until=ends_on)
        for (begins, week), ends_on in zip(weeks, ends, strict=True)
        for one in week
    )


def with_window(week: Week, window: Window) -> Week:
    """A week and one window more; where one of these hours is there, it gains the weekdays."""
    for place, one in enumerate(week):
        if replace(one, weekdays=window.weekdays) == window:
            both = replace(one, weekdays=one.weekdays | window.weekdays)
            return (*week[:place], both, *week[place + 1 :])
    return (*week, window)


def without_window(week: Week, window: Window) -> Week:
    """A week without the windows of these hours on these weekdays; on others they stay."""
    left = []
    for one in week:
        if (one.opens, one.closes) != (window.opens, window.closes):
            left.append(one)
        elif days := one.weekdays - window.weekdays:
            left.append(replace(one, weekdays=days))
    return tuple(left)
