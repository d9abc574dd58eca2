# SPDX-License-Identifier: EUPL-1.2
"""Guessing PINs: how fast it can go at most, and that nobody honest is locked out for long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.callers.model import (
    CODE_CLOSED,
    CODE_SPAN,
    CODE_TRIES,
    FORGIVEN_AFTER,
    LOCKS,
    LONGEST_WITHHELD_LOCK,
    MOST_CODE_TRIES,
    TRIES_PER_CALL,
    CodeTries,
    Tries,
)

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
_pauses = st.lists(
    st.one_of(
        st.integers(0, 120),
        st.sampled_from([0, 59, 60, 61, 300, 899, 900, 901, 3600, 86399, 86400, 86401]),
    ),
    max_size=80,
)


def test_the_locks_rise_and_the_last_one_stays() -> None:
    tries, at, locks = Tries(), START, []
    for _ in range(7):
        for _ in range(TRIES_PER_CALL):
            assert tries.may_try(at)
            tries = tries.one_more(at)
        assert tries.locked_until is not None
        locks.append(tries.locked_until - at)
        at = tries.locked_until
    hours = timedelta(hours=1)
    # After the day's lock everything would be forgiven a day later; whoever goes on at once is not.
    assert locks == [MINUTE, 5 * MINUTE, 15 * MINUTE, hours, 24 * hours, 24 * hours, 24 * hours]


def test_a_lock_ends_to_the_second() -> None:
    tries = Tries()
    for _ in range(TRIES_PER_CALL):
        tries = tries.one_more(START)
    assert not tries.may_try(START + LOCKS[0] - SECOND)
    assert tries.may_try(START + LOCKS[0])


def test_a_day_without_a_wrong_one_forgives() -> None:
    tries = Tries().one_more(START).one_more(START)
    assert tries.one_more(START + FORGIVEN_AFTER - SECOND).wrong == 3
    assert tries.one_more(START + FORGIVEN_AFTER) == Tries(1, START + FORGIVEN_AFTER)


def test_whoever_shares_a_lock_with_strangers_waits_a_quarter_of_an_hour_at_most() -> None:
    tries, at = Tries(), START
    for _ in range(40 * TRIES_PER_CALL):
        tries = tries.one_more(at, withheld=True)
        if tries.locked_until is not None:
            assert tries.locked_until - at <= LONGEST_WITHHELD_LOCK
            at = max(at, tries.locked_until)


@given(_pauses)
def test_no_day_has_more_tries_of_one_caller_than_the_locks_leave(pauses: list[int]) -> None:
    """Whatever the rhythm: within a day at most three tries for each lock there is, and two."""
    tries, at, counted = Tries(), START, []
    for pause in pauses:
        at += timedelta(seconds=pause)
        if tries.may_try(at):
            counted.append(at)
        before = tries
        tries = tries.one_more(at)
        assert before.may_try(at) or tries == before
    most = TRIES_PER_CALL * len(LOCKS) + TRIES_PER_CALL - 1
    for since in counted:
        assert sum(since <= one < since + timedelta(hours=24) for one in counted) <= most


@given(_pauses)
def test_three_tries_at_once_are_always_the_most(pauses: list[int]) -> None:
    tries, at, counted = Tries(), START, []
    for pause in pauses:
        at += timedelta(seconds=pause)
        if tries.may_try(at):
            counted.append(at)
        tries = tries.one_more(at)
    for first, fourth in zip(counted, counted[TRIES_PER_CALL:], strict=False):
        assert fourth - first >= LOCKS[0]


def guessed(pauses: Iterable[float], right: frozenset[int] = frozenset()) -> list[datetime]:
    """When strangers' wrong tries of a code were let through; `right` are turns of honest people,
    whose try is taken back after its proof.
    """
    tries, at, wrong = CodeTries(), START, []
    for turn, pause in enumerate(pauses):
        at += timedelta(seconds=pause)
        if not tries.may_try(at):
            assert tries.one_more(at) == tries
        elif turn in right:
            tries = tries.one_more(at).taken_back(at)
        else:
            wrong.append(at)
            tries = tries.one_more(at)
        assert len(tries.wrong) <= MOST_CODE_TRIES
    return wrong


def assert_bounded(wrong: list[datetime]) -> None:
    """No day has more tries than a day may have, and no quarter of an hour more than ten."""
    for first, after in zip(wrong, wrong[MOST_CODE_TRIES:], strict=False):
        assert after - first >= timedelta(hours=24)
    for first, eleventh in zip(wrong, wrong[CODE_TRIES:], strict=False):
        assert eleventh - first >= CODE_CLOSED[0]


_rhythms = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.one_of(
            st.floats(0, 7200),
            st.sampled_from([0, 1, 59, 400, 899, 900, 901, 3600, 14400, 86399, 86400, 86401]),
        ),
    ),
    max_size=12,
)
"""So many tries, each after such a pause."""


@example([(20, 4340.0), (7, 899), (16, 400), (8, 0.0)], frozenset())
@given(_rhythms, st.frozensets(st.integers(0, 300)))
def test_no_day_has_more_than_forty_tries_of_one_code_by_strangers(
    rhythms: list[tuple[int, float]], right: frozenset[int]
) -> None:
    """Whatever the rhythm, however many numbers, and whoever is right in between."""
    assert MOST_CODE_TRIES == 40
    assert_bounded(guessed((pause for times, pause in rhythms for _ in range(times)), right))


@pytest.mark.parametrize("pause", [1, 60, 399, 400, 900, 2159, 2160, 3600, 7200])
def test_three_days_of_guessing_at_one_pace_are_bounded_too(pause: int) -> None:
    turns = range(3 * 86400 // pause)
    honest = frozenset(turns[::7])
    for wrong in (guessed(pause for _ in turns), guessed((pause for _ in turns), honest)):
        assert_bounded(wrong)
        assert len(wrong) <= 3 * MOST_CODE_TRIES


def test_a_code_closes_for_longer_with_every_ten_tries_of_a_day() -> None:
    tries, at, closed = CodeTries(), START, []
    for _ in range(6):
        for _ in range(CODE_TRIES):
            assert tries.may_try(at)
            tries = tries.one_more(at)
        assert tries.closed_until is not None
        assert not tries.may_try(tries.closed_until - SECOND)
        closed.append(tries.closed_until - at)
        at = tries.closed_until
    hour = timedelta(hours=1)
    # After the day's closure all tries are past, so it begins again.
    assert closed == [15 * MINUTE, hour, 4 * hour, 24 * hour, 15 * MINUTE, hour]


def test_after_a_quiet_day_a_code_closes_for_a_quarter_of_an_hour_again() -> None:
    tries, at = CodeTries(), START
    for _ in range(3 * CODE_TRIES):
        tries = tries.one_more(at)
        at = max(at, tries.closed_until or at)
    last = tries.wrong[-1]
    assert not tries.forgiven(last + CODE_SPAN - SECOND)
    assert tries.forgiven(last + CODE_SPAN)
    at = last + CODE_SPAN
    for _ in range(CODE_TRIES):
        tries = tries.one_more(at)
    assert tries.closed_until == at + CODE_CLOSED[0]


def test_being_right_opens_no_code_that_others_closed() -> None:
    """A hospital whose people are right all day long does not help whoever guesses its code."""
    tries, at, closed = CodeTries(), START, []
    for turn in range(4 * 2 * CODE_TRIES):
        tries = tries.one_more(at).taken_back(at) if turn % 2 else tries.one_more(at)
        if tries.closed_until is not None and not tries.may_try(at):
            closed.append(tries.closed_until - at)
            at = tries.closed_until
        at += SECOND
    assert closed == list(CODE_CLOSED)


def counted(tries: CodeTries, at: datetime) -> list[datetime]:
    """The wrong tries that still count."""
    return [one for one in tries.wrong if one + CODE_SPAN > at]


@example(pauses=[0] * 13 + [100] + [200] * 4, last=17)
@given(pauses=st.lists(st.integers(0, 200), min_size=1, max_size=30), last=st.integers(0, 29))
def test_what_is_taken_back_has_not_been(pauses: list[int], last: int) -> None:
    tries, at, at_right = CodeTries(), START, min(last, len(pauses) - 1)
    without = CodeTries()
    for turn, pause in enumerate(pauses):
        at += timedelta(seconds=pause)
        if turn == at_right and tries.may_try(at):
            tries = tries.one_more(at).taken_back(at)
        else:
            tries, without = tries.one_more(at), without.one_more(at)
        assert tries.may_try(at) == without.may_try(at)
        assert counted(tries, at) == counted(without, at)


def test_nine_mistakes_a_day_close_no_code() -> None:
    tries, at = CodeTries(), START
    for _ in range(100):
        tries = tries.one_more(at)
        assert tries.may_try(at)
        at += CODE_SPAN / (CODE_TRIES - 1)
    assert not tries.forgiven(at)
    assert tries.forgiven(at + CODE_SPAN)


@pytest.mark.parametrize("wrong", range(TRIES_PER_CALL))
def test_a_few_mistakes_lock_nobody(wrong: int) -> None:
    tries = Tries()
    for _ in range(wrong):
        tries = tries.one_more(START)
    assert tries.may_try(START)
