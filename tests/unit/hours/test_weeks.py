# SPDX-License-Identifier: EUPL-1.2
"""A week that is changed from one day to another leaves all other days as they were."""

from __future__ import annotations

from collections import Counter
from datetime import date, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.hours.model import WORKING_WEEK, Schedule, Weekday, Window
from bridge.hours.weeks import Week, rewritten, with_window, without_window

DAY = timedelta(days=1)
MONDAY = date(2026, 12, 7)
SPAN = [MONDAY + DAY * step for step in range(40)]

days = st.sampled_from(SPAN[5:-5])
ends = st.none() | days
hours = st.sampled_from([time(0), time(9), time(13), time(22)])
weekdays = st.frozensets(st.sampled_from(Weekday), min_size=1)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since, until = draw(ends), draw(ends)
    if since and until and until < since:
        since, until = until, since
    return Window(draw(weekdays), draw(hours), draw(hours), since, until, draw(st.booleans()))


plans = st.lists(windows(), max_size=5).map(tuple)


def bare(window: Window) -> tuple[time, time, bool]:
    return window.opens, window.closes, window.on_holidays


def opened(plan: tuple[Window, ...], day: date) -> Counter[tuple[time, time, bool]]:
    """What opens on a day."""
    return Counter(bare(window) for window in Schedule(plan).windows_on(day))


@given(plan=plans, first=days, last=ends, new=windows())
def test_a_window_is_added_on_its_days_and_on_no_others(
    plan: tuple[Window, ...], first: date, last: date | None, new: Window
) -> None:
    new = Window(new.weekdays, new.opens, new.closes, on_holidays=new.on_holidays)
    after = rewritten(plan, first, last, lambda week: with_window(week, new))
    for day in SPAN:
        wanted = set(opened(plan, day))
        if first <= day and (last is None or day <= last) and day.weekday() in new.weekdays:
            wanted.add(bare(new))
        assert set(opened(after, day)) == wanted


@given(plan=plans, first=days, last=ends, old=windows())
def test_a_window_is_taken_away_on_its_days_and_on_no_others(
    plan: tuple[Window, ...], first: date, last: date | None, old: Window
) -> None:
    after = rewritten(plan, first, last, lambda week: without_window(week, old))
    for day in SPAN:
        wanted = opened(plan, day)
        if first <= day and (last is None or day <= last) and day.weekday() in old.weekdays:
            for one in list(wanted):
                if one[:2] == (old.opens, old.closes):
                    del wanted[one]
        assert opened(after, day) == wanted


@given(plan=plans, first=days, last=ends)
def test_a_plan_that_is_not_changed_means_the_same_and_is_written_without_overlaps(
    plan: tuple[Window, ...], first: date, last: date | None
) -> None:
    after = rewritten(plan, first, last, lambda week: week)
    for day in SPAN:
        assert opened(after, day) == opened(plan, day)
        assert len({one.valid_from for one in after if one.valid_on(day)}) <= 1
    assert rewritten(after, first, last, lambda week: week) == after


def test_a_window_more_joins_one_of_the_same_hours() -> None:
    week: Week = (Window(frozenset({Weekday.MON}), time(9), time(13)),)
    both = with_window(week, Window(frozenset({Weekday.TUE}), time(9), time(13)))
    assert [sorted(one.weekdays) for one in both] == [[Weekday.MON, Weekday.TUE]]
    other = with_window(week, Window(WORKING_WEEK, time(9), time(13), on_holidays=True))
    assert len(other) == 2
