# SPDX-License-Identifier: EUPL-1.2
"""Floods from one number are slowed, then refused; others don't notice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.callers.flood import (
    HOLDS,
    MANY_BEHIND_ONE_NUMBER,
    ONE_CALLER,
    Arrival,
    FloodGuard,
    MissedCodes,
)
from bridge.callers.keys import CallerKey

ONE, OTHER = CallerKey("one"), CallerKey("other")
NOBODY = CallerKey("nobody", withheld=True)
TAKEN = Arrival()


def test_six_calls_pass_then_each_waits_longer() -> None:
    guard = FloodGuard()
    arrivals = [guard.arrived(ONE, float(n)) for n in range(ONE_CALLER.in_ten_minutes + 6)]
    assert arrivals[:6] == [TAKEN] * 6
    assert [one.hold for one in arrivals[6:]] == [5.0, 10.0, 20.0, 30.0, 30.0, 30.0]
    assert guard.arrived(OTHER, 11.0) == TAKEN
    assert guard.arrived(ONE, 11.0 + 600.0) == TAKEN


def test_more_than_thirty_in_an_hour_are_refused_until_they_stop() -> None:
    guard = FloodGuard()
    every = 3600 / 31
    assert not any(guard.arrived(ONE, n * every).refused for n in range(30))
    assert guard.arrived(ONE, 30 * every).refused
    assert guard.arrived(ONE, 31 * every).refused
    assert not guard.arrived(ONE, 31 * every + 3600.0).refused


def test_a_hundred_different_callers_with_no_number_are_held_but_never_refused() -> None:
    guard = FloodGuard()
    arrivals = [guard.arrived(NOBODY, n / 10) for n in range(1000)]
    assert arrivals[:60] == [TAKEN] * 60
    assert not any(one.refused for one in arrivals)
    assert arrivals[-1].hold == max(HOLDS)


def test_a_hospital_behind_one_number_is_not_taken_for_a_flood() -> None:
    guard = FloodGuard()
    calls = [guard.arrived(ONE, n * 15.0, known=True) for n in range(240)]
    assert calls == [TAKEN] * 240


def test_the_memory_is_bounded_and_forgets_who_rang_longest_ago() -> None:
    guard = FloodGuard(most_callers=3)
    for _ in range(7):
        guard.arrived(ONE, 0.0)
    assert guard.arrived(ONE, 1.0).hold > 0
    for name in "abc":
        guard.arrived(CallerKey(name), 2.0)
    assert len(guard) == 3
    assert guard.arrived(ONE, 3.0) == TAKEN


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([ONE, NOBODY, OTHER]), st.booleans()),
        max_size=120,
    )
)
def test_the_answer_is_that_of_a_plain_count(calls: list[tuple[int, CallerKey, bool]]) -> None:
    guard, now = FloodGuard(), 0.0
    seen: dict[CallerKey, list[float]] = {}
    known_before: dict[CallerKey, bool] = {}
    for pause, caller, known in calls:
        now += pause
        known = known_before.setdefault(caller, known)
        mine = seen.setdefault(caller, [])
        mine.append(now)
        calm = MANY_BEHIND_ONE_NUMBER if caller.withheld or known else ONE_CALLER
        within = sum(one > now - 3600 for one in mine)
        beyond = sum(one > now - 600 for one in mine) - calm.in_ten_minutes
        refused = calm.in_an_hour is not None and within > calm.in_an_hour
        hold = 0.0 if refused or beyond <= 0 else (5.0, 10.0, 20.0, 30.0)[min(beyond, 4) - 1]
        assert guard.arrived(caller, now, known=known) == Arrival(hold, refused)


def test_so_many_missed_codes_an_hour_are_answered_and_no_more() -> None:
    missed = MissedCodes(most=3)
    for at in (0.0, 10.0, 3000.0):
        assert missed.may_try(at)
        missed.missed(at)
    assert not missed.may_try(3000.0)
    assert not missed.may_try(3599.9)
    assert missed.may_try(3600.0)
    missed.missed(3600.0)
    assert not missed.may_try(3609.9)
    assert missed.may_try(3610.0)
