# SPDX-License-Identifier: EUPL-1.2
"""Somebody who has just become free joins those who ring: at once, or after their head start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.policies import POLICIES, Default, head_start
from bridge.roster.waves import (
    BUSY,
    MARGIN,
    OVERLAP_AFTER,
    TARGET,
    WIDEST,
    Prospect,
    fewest,
)
from bridge.vocabulary import InterpreterId

ONE_AT_A_TIME = ("leastrecent", "longest_idle", "round_robin")
NEWCOMER = Prospect(InterpreterId(99), 0.5)

prospects = st.builds(
    Prospect,
    st.integers(1, 50).map(InterpreterId),
    st.floats(0.05, 0.97),
    st.integers(0, 2),
    st.floats(0.0, 2.0),
)
ringing = st.lists(st.tuples(prospects, st.floats(0.0, 20.0)), max_size=9)


def phone(chance: float = 0.5, *, score: float = 0.0) -> Prospect:
    return Prospect(InterpreterId(1), chance, score=score)


@given(ringing, prospects, st.sampled_from(sorted(POLICIES)))
def test_a_head_start_ends_when_the_last_who_has_it_has_rung_for_so_long(
    rings: list[tuple[Prospect, float]], newcomer: Prospect, name: str
) -> None:
    wait = head_start(POLICIES[name], rings, newcomer)
    assert wait == 0.0 or wait >= 0.001
    ends = [OVERLAP_AFTER - seconds for _, seconds in rings if seconds < OVERLAP_AFTER]
    assert wait in {0.0, *ends}
    later = [(one, seconds + wait) for one, seconds in rings]
    # However that was rounded: who comes back when told to does not come in vain.
    assert head_start(POLICIES[name], later, newcomer) == 0.0


@given(st.lists(st.tuples(prospects, st.floats(OVERLAP_AFTER, 60.0)), max_size=9), prospects)
def test_nobody_waits_for_telephones_that_have_rung_for_long(
    rings: list[tuple[Prospect, float]], newcomer: Prospect
) -> None:
    for policy in POLICIES.values():
        assert head_start(policy, rings, newcomer) == 0.0


@given(prospects, prospects, st.floats(0.0, OVERLAP_AFTER, exclude_max=True))
def test_who_is_of_a_lower_tier_never_rings_beside_those_who_have_just_begun(
    one: Prospect, newcomer: Prospect, seconds: float
) -> None:
    for policy in POLICIES.values():
        if newcomer.tier > one.tier:
            wait = head_start(policy, [(one, seconds)], newcomer)
            assert wait == pytest.approx(OVERLAP_AFTER - seconds, abs=0.001)


@given(st.lists(st.tuples(prospects, st.floats(0.0, 20.0)), min_size=1, max_size=9), prospects)
def test_who_has_more_of_what_was_asked_joins_at_once(
    rings: list[tuple[Prospect, float]], newcomer: Prospect
) -> None:
    for name in ("default", "ring_all"):
        if newcomer.tier < min(one.tier for one, _ in rings):
            assert head_start(POLICIES[name], rings, newcomer) == 0.0


@given(st.lists(st.floats(0.05, 0.97), min_size=1, max_size=12))
def test_who_would_have_been_one_of_the_wave_joins_it_at_once(chances: list[float]) -> None:
    ranked = [Prospect(InterpreterId(n), chance) for n, chance in enumerate(chances, start=1)]
    wave = fewest(ranked)
    rings = [(one, 1.0) for one in ranked if one.interpreter in wave.phones]
    expected = wave.chance >= TARGET or len(rings) == WIDEST
    assert bool(head_start(Default(), rings, NEWCOMER)) is expected


def test_in_a_busy_service_who_becomes_free_lets_even_one_have_their_head_start() -> None:
    one_rings = [(phone(0.7), 1.0)]
    assert head_start(Default(), one_rings, NEWCOMER) == 0.0
    assert head_start(Default().at_load(BUSY), one_rings, NEWCOMER) == OVERLAP_AFTER - 1.0


def test_who_costs_more_than_those_who_ring_lets_them_have_their_head_start() -> None:
    dear = phone(score=2 * MARGIN)
    assert head_start(Default(), [(phone(), 3.0)], dear) == OVERLAP_AFTER - 3.0
    assert head_start(Default(), [(dear, 3.0)], phone()) == 0.0


@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_one_at_a_time_is_one_until_they_are_hardly_at_their_telephone(name: str) -> None:
    policy = POLICIES[name]
    assert head_start(policy, [(phone(0.05), 3.0)], NEWCOMER) == OVERLAP_AFTER - 3.0
    assert head_start(policy, [(phone(0.05), 3.0), (phone(0.05), 9.0)], NEWCOMER) == 4.0
    assert head_start(policy, [(phone(0.05), OVERLAP_AFTER)], NEWCOMER) == 0.0


def test_where_all_ring_the_newcomer_does() -> None:
    assert head_start(POLICIES["ring_all"], [(phone(0.99), 0.0)] * 20, NEWCOMER) == 0.0
