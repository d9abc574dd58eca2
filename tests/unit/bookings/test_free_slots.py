# SPDX-License-Identifier: EUPL-1.2
"""The next times that are promised to a technician are times that interpreters promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.bookings.model import Busy, NewBooking, Slot, ceil, quarters
from bridge.bookings.slots import Search, free_slots, relay_slots, soonest
from bridge.hours.localtime import LISBON
from bridge.hours.model import Absence, Schedule, Weekday, Window
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow
from bridge.roster.requirements import Requirements
from bridge.roster.standing import Standing
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag, TechnicianId
from tests.storage_samples import number
from tests.unit.roster.people import MONDAY, interpreters, moments

UK = LanguageTag("uk")
QUARTER, MINUTE, HOUR, DAY = (
    timedelta(minutes=15),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def at(hour: int, minute: int = 0, days: int = 0) -> datetime:
    """On the Monday, or so many days after; winter, so Lisbon's time."""
    return MONDAY + timedelta(days=days, hours=hour, minutes=minute)


def person(place: int, opens: int = 9, closes: int = 12, **more: object) -> Interpreter:
    window = Window(frozenset(Weekday), time(opens), time(closes % 24), on_holidays=True)
    values: dict[str, object] = {"schedule": Schedule((window,)), "limits": Limits(), **more}
    return Interpreter(InterpreterId(place), {UK: 0}, **values)  # type: ignore[arg-type,dict-item]


def free(
    candidates: Sequence[Interpreter], busy: list[Busy], after: datetime, **more: object
) -> tuple[Slot, ...]:
    return free_slots(candidates, Search(after, busy, **more))  # type: ignore[arg-type]


def starts(slots: tuple[Slot, ...]) -> list[tuple[int, datetime]]:
    return [(int(one.interpreter), one.starts_at) for one in slots]


def test_the_next_times_are_the_earliest_of_anybody_and_half_an_hour_apart() -> None:
    slots = free([person(1, 10), person(2, 9)], [], at(8, 59))
    assert starts(slots) == [(2, at(9, 15)), (2, at(9, 45)), (1, at(10, 15))]
    assert {one.minutes for one in slots} == {30}


def test_a_time_ends_within_its_window_and_the_next_is_on_the_next_day() -> None:
    slots = free([person(1)], [], at(11))
    assert starts(slots) == [(1, at(11, 15)), (1, at(9, days=1)), (1, at(9, 30, days=1))]
    assert starts(free([person(1)], [], at(11, 1), count=1)) == [(1, at(11, 30))]


def test_the_first_candidate_is_preferred_where_both_are_free() -> None:
    assert starts(free([person(2), person(1)], [], at(9), count=1)) == [(2, at(9, 15))]


def test_a_booking_keeps_its_time_and_the_pause_after_it() -> None:
    busy = [Busy(InterpreterId(1), at(9, 15), at(9, 45))]
    assert starts(free([person(1)], busy, at(8), count=2)) == [
        (1, at(10)),
        (1, at(10, 30)),
    ]
    # A quarter before it would be over when it begins, but for the pause.
    shorter = free([person(1)], busy, at(8), count=1, minutes=14)
    assert starts(shorter) == [(1, at(9))]
    assert starts(free([person(1)], busy, at(8), count=1, minutes=15)) == [(1, at(10))]
    other = [Busy(InterpreterId(2), at(9), at(12))]
    assert starts(free([person(1)], other, at(8), count=1)) == [(1, at(9))]


@pytest.mark.parametrize(
    "who",
    [
        person(1, vetted=False),
        person(1, schedule=None),
        person(1, schedule=Schedule()),
        person(1, limits=Limits(daily_minutes=29)),
        person(1, limits=Limits(consecutive_minutes=29)),
    ],
)
def test_who_promised_nothing_is_not_promised(who: Interpreter) -> None:
    assert free([who], [], at(8)) == ()


def test_who_does_not_answer_is_not_promised() -> None:
    silent = {InterpreterId(1): Standing(unanswered_streak=3)}
    assert free([person(1)], [], at(8), standings=silent) == ()
    assert len(free([person(1)], [], at(8), standings={})) == 3


def test_todays_minutes_count_today_only() -> None:
    limits = Limits(daily_minutes=60)
    worked = {InterpreterId(1): Standing(minutes_today=31, day_ends=at(24))}
    slots = free([person(1, limits=limits)], [], at(8), standings=worked, count=1)
    assert starts(slots) == [(1, at(9, days=1))]
    yesterday = {InterpreterId(1): Standing(minutes_today=31, day_ends=at(0))}
    slots = free([person(1, limits=limits)], [], at(8), standings=yesterday, count=1)
    assert starts(slots) == [(1, at(9))]


def test_bookings_without_a_rest_between_stay_within_the_consecutive_minutes() -> None:
    limits = Limits(consecutive_minutes=60, rest=timedelta(minutes=30))
    busy = [Busy(InterpreterId(1), at(9), at(9, 45))]
    # At 10:00 there would be a quarter of an hour of rest only.
    slots = free([person(1, limits=limits)], busy, at(8), count=1)
    assert starts(slots) == [(1, at(10, 15))]
    busy = [Busy(InterpreterId(1), at(10), at(10, 45))]
    slots = free([person(1, limits=limits)], busy, at(8), count=2)
    assert starts(slots) == [(1, at(9)), (1, at(11, 15))]


@pytest.mark.parametrize(
    ("presence", "first"),
    [
        (PresenceNow(Presence.AVAILABLE), at(9, 15)),
        (PresenceNow(Presence.AVAILABLE, at(9, 30)), at(9, 15)),
        (PresenceNow(Presence.ON_BREAK, at(10, 7)), at(10, 15)),
        (PresenceNow(Presence.OFF, at(10)), at(10)),
        (PresenceNow(Presence.ON_BREAK, at(8)), at(9, 15)),
        (PresenceNow(Presence.OFF), at(9, days=1)),
        (PresenceNow(Presence.ON_BREAK), at(9, days=1)),
    ],
)
def test_who_is_away_is_back_when_they_said_or_tomorrow(
    presence: PresenceNow, first: datetime
) -> None:
    assert starts(free([person(1, presence=presence)], [], at(9), count=1)) == [(1, first)]


def test_who_is_off_from_a_moment_on_is_not_there_until_tomorrow() -> None:
    """As they would be told from that moment on: who is off is not there before tomorrow."""
    until_ten = person(1, presence=PresenceNow(Presence.AVAILABLE, at(10)))
    slots = free([until_ten], [], at(9), count=4)
    tomorrow = [(1, at(9, days=1)), (1, at(9, 30, days=1))]
    assert starts(slots) == [(1, at(9, 15)), (1, at(9, 45)), *tomorrow]
    assert starts(free([until_ten], [], at(10), count=2)) == tomorrow
    until_tomorrow = person(1, presence=PresenceNow(Presence.AVAILABLE, at(9, days=1)))
    slots = free([until_tomorrow], [], at(11), count=2)
    assert starts(slots) == [(1, at(11, 15)), (1, at(9, days=2))]


def test_an_absence_is_nobodys_window() -> None:
    window = Window(frozenset(Weekday), time(9), time(12), on_holidays=True)
    absent = Schedule((window,), (Absence(at(9, 40), at(34), "away"),))
    slots = free([person(1, schedule=absent)], [], at(9), count=2, minutes=20)
    assert starts(slots) == [(1, at(9, 15)), (1, at(10, days=1))]


def test_the_same_local_time_on_both_sides_of_a_clock_change() -> None:
    before = datetime(2026, 10, 24, 18, tzinfo=UTC)
    one = person(1, 9, 10)
    slots = free([one], [], before, apart=DAY, minutes=60)
    assert [slot.starts_at.astimezone(LISBON).hour for slot in slots] == [9, 9, 9]
    assert [slot.starts_at.hour for slot in slots] == [9, 9, 9]
    slots = free([one], [], before - DAY, apart=HOUR, minutes=60, count=2)
    assert [slot.starts_at.hour for slot in slots] == [8, 9]


@st.composite
def _busy(draw: st.DrawFn) -> Busy:
    start = ceil(draw(moments)) + draw(st.integers(0, 3)) * DAY
    length = draw(st.sampled_from([15, 30, 60])) * MINUTE
    return Busy(InterpreterId(draw(st.integers(1, 3))), start, start + length)


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@given(
    people=st.tuples(*(interpreters(place) for place in (1, 2, 3))),
    busy=st.lists(_busy(), max_size=8),
    after=moments,
    seconds=st.integers(0, 59),
    minutes=st.sampled_from([15, 20, 30, 45]),
    count=st.integers(1, 4),
)
def test_every_time_is_true_to_the_roster(
    people: tuple[Interpreter, ...],
    busy: list[Busy],
    after: datetime,
    seconds: int,
    minutes: int,
    count: int,
) -> None:
    after += timedelta(seconds=seconds)
    length = timedelta(minutes=minutes)
    horizon = timedelta(days=4)
    slots = free(people, busy, after, minutes=minutes, count=count, horizon=horizon)
    assert len(slots) <= count
    for earlier, later in pairwise(slots):
        assert later.starts_at - earlier.starts_at >= timedelta(minutes=30)
    by_id = {one.id: one for one in people}
    for slot in slots:
        who, begin, end = by_id[slot.interpreter], slot.starts_at, slot.starts_at + length
        assert begin >= after + QUARTER
        assert begin <= after + horizon
        assert begin == ceil(begin)
        assert begin.utcoffset() == timedelta(0)
        assert who.vetted
        assert isinstance(who.schedule, Schedule)
        assert who.schedule.promised(begin, end) == length
        if who.presence.at(after) is Presence.AVAILABLE and begin.date() == after.date():
            assert who.presence.at(begin) is Presence.AVAILABLE
        held = [one for one in busy if one.interpreter == who.id]
        for one in held:
            assert end + who.limits.wrap_up <= one.start or one.end + who.limits.wrap_up <= begin
        same_day = [one for one in held if one.start.date() == begin.date()]
        total = sum((one.end - one.start for one in same_day), length)
        assert total / MINUTE <= who.limits.daily_minutes
        assert length / MINUTE <= who.limits.consecutive_minutes
    # Nobody could be had sooner than the first: look at every quarter of an hour.
    first = slots[0].starts_at if slots else after + horizon
    moment = ceil(after + QUARTER)
    while moment < first:
        for who in people:
            assert not _could(who, busy, moment, length, after), (who.id, moment)
        moment += QUARTER


def _could(
    who: Interpreter, busy: list[Busy], begin: datetime, length: timedelta, after: datetime
) -> bool:
    """Whether somebody could surely take a booking; unsure where bookings touch the limits."""
    held = [one for one in busy if one.interpreter == who.id]
    return (
        who.vetted
        and isinstance(who.schedule, Schedule)
        and who.schedule.promised(begin, begin + length) == length
        and who.presence.at(after) is who.presence.at(begin) is Presence.AVAILABLE
        and not any(abs(one.start - begin) < DAY for one in held)
        and length / MINUTE <= min(who.limits.daily_minutes, who.limits.consecutive_minutes)
    )


@given(moments, st.integers(0, 3600 * 10**6 - 1))
def test_rounding_up_to_a_quarter(moment: datetime, microseconds: int) -> None:
    moment += timedelta(microseconds=microseconds)
    rounded = ceil(moment)
    assert timedelta(0) <= rounded - moment < QUARTER
    assert (rounded.minute % 15, rounded.second, rounded.microsecond) == (0, 0, 0)


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_booking_touches_the_quarters_in_which_it_lasts(place: int, minutes: int) -> None:
    start = MONDAY + place * QUARTER
    touched = quarters(start, minutes)
    zero = quarters(MONDAY, 1)[0]
    assert touched[0] == zero + place
    assert (touched[-1] - zero) * QUARTER < place * QUARTER + minutes * MINUTE
    assert (touched[-1] + 1 - zero) * QUARTER >= place * QUARTER + minutes * MINUTE


@pytest.mark.parametrize(
    ("starts_at", "minutes"), [(at(9, 1), 30), (at(9) + timedelta(microseconds=1), 30), (at(9), 0)]
)
def test_a_booking_off_the_grid_is_refused(starts_at: datetime, minutes: int) -> None:
    with pytest.raises(ValueError, match="a booking"):
        NewBooking(
            Requirements(UK),
            InterpreterId(1),
            starts_at,
            AgencyId(1),
            TechnicianId(1),
            number(1),
            minutes=minutes,
        )


@pytest.mark.thorough
@settings(max_examples=100, deadline=None)
@given(
    people=st.tuples(*(interpreters(place) for place in (1, 2, 3))),
    busy=st.lists(_busy(), max_size=8),
    after=moments,
)
def test_times_of_two_are_exactly_those_at_which_two_are_free(
    people: tuple[Interpreter, ...], busy: list[Busy], after: datetime
) -> None:
    near, far, horizon = people[:2], people[1:], timedelta(days=1)

    def alone(who: Interpreter) -> set[datetime]:
        found = free([who], busy, after, count=200, apart=QUARTER, horizon=horizon)
        return {one.starts_at for one in found}

    times = {one.id: alone(one) for one in people}
    every = Search(after, busy, count=200, apart=QUARTER, horizon=horizon)
    slots = relay_slots(LanguageTag("en"), near, far, every)
    for slot in slots:
        assert slot.far is not None
        assert slot.far.pivot == "en"
        assert slot.interpreter != slot.far.interpreter
        assert slot.starts_at in times[slot.interpreter] & times[slot.far.interpreter]
    wanted = {
        start
        for one in near
        for other in far
        if one.id != other.id
        for start in times[one.id] & times[other.id]
    }
    assert [one.starts_at for one in slots] == sorted(wanted)
    few = relay_slots(LanguageTag("en"), near, far, Search(after, busy, horizon=horizon))
    assert list(few) == list(soonest(slots))


def test_the_soonest_of_several_ways_are_apart() -> None:
    first = [Slot(InterpreterId(1), at(9, minute), 30) for minute in (0, 30)]
    second = [Slot(InterpreterId(2), at(9, minute), 30) for minute in (0, 15, 45)]
    assert starts(soonest([*first, *second])) == [(1, at(9)), (1, at(9, 30))]
    assert starts(soonest([*second, *first], count=2)) == [(2, at(9)), (1, at(9, 30))]
