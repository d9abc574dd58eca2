# SPDX-License-Identifier: EUPL-1.2
"""Any schedule at any moment, against a second, slow reading of the rules by looking at the clock.

The oracle never converts a boundary to an instant. It looks at what a wall clock shows, minute by
minute around the moment: a window has opened when the clock has shown its opening time or later,
and has not closed while the clock will yet show a time before its closing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.hours.localtime import LISBON
from bridge.hours.model import (
    LOOK_AHEAD,
    Absence,
    Closure,
    ExtraHours,
    Period,
    Schedule,
    Weekday,
    Why,
    Window,
)
from bridge.hours.periods import clip, merge, subtract

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
TWICE = 90
"""Minutes to look back and ahead: more than clocks are ever turned by here."""
ZONES = (LISBON, ZoneInfo("Atlantic/Azores"))
WEEKS = (date(2026, 3, 26), date(2026, 10, 22), date(2026, 12, 29))
"""Around both clock changes, and around the end of a year."""

days = st.builds(lambda first, step: first + DAY * step, st.sampled_from(WEEKS), st.integers(0, 7))
edges = [time(0), time(0, 30), time(1), time(1, 15), time(1, 30), time(1, 59), time(2), time(23)]
clock_times = st.sampled_from(edges) | st.builds(time, st.integers(0, 23), st.integers(0, 59))
minutes_of_day = st.integers(0, 179) | st.integers(0, 24 * 60 - 1)
moments = st.builds(
    lambda day, minute, half: (
        datetime.combine(day, time(), UTC) + MINUTE * minute + half * 30 * SECOND
    ),
    days,
    minutes_of_day,
    st.booleans(),
)
ends = st.tuples(moments, st.integers(1, 3 * 24 * 60)).map(
    lambda drawn: (drawn[0], drawn[0] + MINUTE * drawn[1])
)
periods = ends.map(lambda drawn: Period(*drawn))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since, until = draw(st.none() | days), draw(st.none() | days)
    if since and until and until < since:
        since, until = until, since
    return Window(
        draw(st.frozensets(st.sampled_from(Weekday), min_size=1)),
        draw(clock_times),
        draw(clock_times),
        since,
        until,
        draw(st.booleans()),
    )


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    named = draw(st.frozensets(days, max_size=3))
    return Schedule(
        windows=tuple(draw(st.lists(windows(), max_size=4))),
        absences=tuple(Absence(*one) for one in draw(st.lists(ends, max_size=2))),
        extra=tuple(ExtraHours(*one) for one in draw(st.lists(ends, max_size=2))),
        closures=tuple(Closure(day, "closed") for day in draw(st.frozensets(days, max_size=2))),
        holidays=lambda day: "holiday" if day in named else None,
        zone=draw(st.sampled_from(ZONES)),
    )


def is_open_by_the_clock(schedule: Schedule, moment: datetime) -> bool:
    """The oracle: what the module's text says, read off a clock on the wall."""
    if any(one.start <= moment < one.end for one in schedule.absences):
        return False
    if any(one.start <= moment < one.end for one in schedule.extra):
        return True

    def clock(at: datetime) -> datetime:
        return at.astimezone(schedule.zone).replace(tzinfo=None)

    whole = moment.replace(second=0)
    latest = max(clock(moment), *(clock(whole - MINUTE * back) for back in range(TWICE)))
    to_come = min(clock(whole + MINUTE * on) for on in range(1, TWICE))

    def is_still_open(closes: datetime) -> bool:
        """A closing that comes twice is the second; it may be the very minute that comes again."""
        return clock(moment) < closes or to_come <= closes

    today = clock(moment).date()
    return any(
        datetime.combine(day, one.opens) <= latest
        and is_still_open(datetime.combine(day + DAY * (one.closes <= one.opens), one.closes))
        for day in (today - 2 * DAY, today - DAY, today, today + DAY)
        for one in held_on(schedule, day)
    )


def held_on(schedule: Schedule, day: date) -> list[Window]:
    if any(closure.day == day for closure in schedule.closures):
        return []
    valid = [
        one
        for one in schedule.windows
        if not (one.valid_from and day < one.valid_from)
        and not (one.valid_until and one.valid_until < day)
    ]
    newest = max((one.valid_from or date.min for one in valid), default=None)
    return [
        one
        for one in valid
        if (one.valid_from or date.min) == newest
        and Weekday(day.weekday()) in one.weekdays
        and (one.on_holidays or schedule.holidays(day) is None)
    ]


@pytest.mark.thorough
@settings(max_examples=400, deadline=None)
@given(schedules(), moments)
def test_it_is_open_when_the_clock_on_the_wall_says_so(
    schedule: Schedule, moment: datetime
) -> None:
    expected = is_open_by_the_clock(schedule, moment)
    assert schedule.is_open(moment) is expected
    assert schedule.open_at(moment).open is expected


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(schedules(), moments, st.timedeltas(timedelta(0), timedelta(days=20)), st.data())
def test_periods_are_in_order_apart_and_exactly_the_open_instants(
    schedule: Schedule, start: datetime, length: timedelta, data: st.DataObject
) -> None:
    end = start + length
    found = schedule.periods(start, end)
    assert list(found) == merge(found)
    assert all(start <= one.start < one.end <= end for one in found)
    for one in found:
        assert is_open_by_the_clock(schedule, one.start)
        if one.start > start:
            assert not is_open_by_the_clock(schedule, one.start - SECOND)
        if one.end < end:
            assert not is_open_by_the_clock(schedule, one.end)
    if length >= MINUTE:
        moment = start + data.draw(st.timedeltas(timedelta(0), length - MINUTE))
        moment = moment.replace(microsecond=0)
        if start <= moment:
            assert any(one.start <= moment < one.end for one in found) is is_open_by_the_clock(
                schedule, moment
            )


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(schedules(), moments, st.data())
def test_opens_at_is_the_next_opening_with_no_open_instant_before_it(
    schedule: Schedule, moment: datetime, data: st.DataObject
) -> None:
    verdict = schedule.open_at(moment)
    if verdict.open:
        assert verdict.opens_at is None
        return
    assert verdict.closes_at is None
    assert verdict.opens_at == schedule.next_opening(moment)
    if verdict.opens_at is None:
        assert schedule.periods(moment, moment + LOOK_AHEAD) == ()
        return
    assert verdict.opens_at > moment
    assert is_open_by_the_clock(schedule, verdict.opens_at)
    assert not is_open_by_the_clock(schedule, verdict.opens_at - SECOND)
    assert schedule.periods(moment, verdict.opens_at) == ()
    minutes = (verdict.opens_at - moment) // MINUTE
    between = moment + MINUTE * data.draw(st.integers(0, max(0, minutes - 1)))
    assert not is_open_by_the_clock(schedule, between)


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(schedules(), moments)
def test_closes_at_is_the_first_closed_instant_and_the_next_opening_comes_after_it(
    schedule: Schedule, moment: datetime
) -> None:
    verdict = schedule.open_at(moment)
    if not verdict.open:
        return
    if verdict.closes_at is None:
        beyond = moment + LOOK_AHEAD
        assert schedule.periods(moment, beyond) == (Period(moment, beyond),)
        return
    assert schedule.periods(moment, verdict.closes_at) == (Period(moment, verdict.closes_at),)
    assert not is_open_by_the_clock(schedule, verdict.closes_at)
    after = schedule.next_opening(moment)
    assert after is None or after > verdict.closes_at
    assert after == schedule.open_at(verdict.closes_at).opens_at


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(schedules(), moments)
def test_the_reason_given_is_true(schedule: Schedule, moment: datetime) -> None:
    verdict = schedule.open_at(moment)
    match verdict.why:
        case Why.WINDOW:
            assert verdict.window in schedule.windows
            assert replace(schedule, extra=()).is_open(moment)
        case Why.EXTRA:
            assert not replace(schedule, extra=()).is_open(moment)
        case Why.ABSENCE:
            assert any(one.start <= moment < one.end for one in schedule.absences)
        case Why.HOLIDAY | Why.CLOSURE:
            today = moment.astimezone(schedule.zone).date()
            excused = {one.day for one in schedule.closures}
            assert any(
                (day in excused) if verdict.why is Why.CLOSURE else schedule.holidays(day)
                for day in (today, today - DAY)
            )
        case Why.OUTSIDE:
            assert not verdict.open
    assert verdict.open is (verdict.why in {Why.WINDOW, Why.EXTRA})


@pytest.mark.thorough
@settings(max_examples=100, deadline=None)
@given(schedules(), st.lists(moments, min_size=3, max_size=6).map(sorted))
def test_promised_time_adds_up_over_adjacent_stretches(
    schedule: Schedule, cuts: list[datetime]
) -> None:
    parts = [schedule.promised(*pair) for pair in pairwise(cuts)]
    assert sum(parts, timedelta()) == schedule.promised(cuts[0], cuts[-1])


@given(st.lists(periods, max_size=6), st.lists(periods, max_size=6), moments)
def test_sums_and_differences_of_periods_hold_instant_by_instant(
    some: list[Period], others: list[Period], moment: datetime
) -> None:
    def covers(found: list[Period], at: datetime) -> bool:
        return any(one.start <= at < one.end for one in found)

    left = subtract(merge(some), merge(others))
    assert left == merge(left)
    assert clip(left, moment, moment + DAY) == subtract(
        clip(merge(some), moment, moment + DAY), merge(others)
    )
    corners = [instant for one in some + others for instant in (one.start, one.end)]
    for at in [moment, *corners]:
        assert covers(merge(some), at) is covers(some, at)
        assert covers(left, at) is (covers(some, at) and not covers(others, at))
