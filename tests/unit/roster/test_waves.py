# SPDX-License-Identifier: EUPL-1.2
"""A wave reaches its target with no phone too many, and keeps what was asked for."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.policies import POLICIES, Default
from bridge.roster.waves import (
    BUSY,
    BUSY_TARGET,
    MARGIN,
    NOT_BUSY,
    OVERLAP_AFTER,
    TARGET,
    WIDEST,
    Prospect,
    chance_of_any,
    fewest,
    target_at,
)
from bridge.vocabulary import InterpreterId


@st.composite
def rankings(draw: st.DrawFn) -> list[Prospect]:
    chances = draw(st.lists(st.floats(0.05, 0.999), min_size=1, max_size=12))
    size = len(chances)
    tiers = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    if draw(st.booleans()):
        # Without preferred interpreters of a level that is not the highest, tiers only rise.
        tiers.sort()
    costs = sorted(draw(st.lists(st.floats(0.0, 2.0), min_size=size, max_size=size)))
    return [
        Prospect(InterpreterId(place), chance, tier, score)
        for place, (chance, tier, score) in enumerate(
            zip(chances, tiers, costs, strict=True), start=1
        )
    ]


def _may_ring(ranked: list[Prospect]) -> list[Prospect]:
    """The head of a ranking, down to the first before whom somebody has more of what was asked."""
    rises = (
        place
        for place in range(1, len(ranked))
        if any(before.tier < ranked[place].tier for before in ranked[:place])
    )
    return ranked[: next(rises, len(ranked))]


def _chances(ranked: list[Prospect], phones: tuple[InterpreterId, ...]) -> list[float]:
    by_id = {one.interpreter: one.chance for one in ranked}
    return [by_id[phone] for phone in phones]


@given(rankings())
def test_no_phone_of_a_wave_could_be_left_out(ranked: list[Prospect]) -> None:
    wave = fewest(ranked)
    chances = _chances(ranked, wave.phones)
    assert wave.chance == pytest.approx(chance_of_any(chances))
    if wave.chance < TARGET - 1e-9:
        # Not reached: then it is everybody who may ring, or as many as may ring at once.
        assert len(wave.phones) == min(len(_may_ring(ranked)), WIDEST)
        return
    for left_out in range(len(chances)):
        assert chance_of_any(chances[:left_out] + chances[left_out + 1 :]) < TARGET


@given(rankings())
def test_a_wave_is_the_smallest_set_of_its_shortlist(ranked: list[Prospect]) -> None:
    wave = fewest(ranked)
    if wave.chance < TARGET:
        return
    some = _may_ring(ranked)
    shortlist = next(
        some[:size]
        for size in range(1, len(some) + 1)
        if chance_of_any([one.chance for one in some[:size]]) >= TARGET - 1e-9
    )
    assert set(wave.phones) <= {one.interpreter for one in shortlist}
    for fewer in combinations(shortlist, len(wave.phones) - 1):
        assert chance_of_any([one.chance for one in fewer]) < TARGET


@given(rankings())
def test_waves_keep_the_order_and_ring_nobody_beside_a_lower_tier_before_them(
    ranked: list[Prospect],
) -> None:
    may_ring = {one.interpreter for one in _may_ring(ranked)}
    for policy in POLICIES.values():
        phones = policy.wave(ranked).phones
        assert phones
        assert list(phones) == sorted(phones)
        assert set(phones) <= may_ring


@given(rankings())
def test_a_wave_rings_nobody_who_costs_more_than_the_margin(ranked: list[Prospect]) -> None:
    wave = Default().wave(ranked)
    cheap = [one for one in ranked if one.score <= ranked[0].score + MARGIN]
    assert wave.phones == fewest(cheap).phones
    assert ranked[0].interpreter in wave.phones or len(cheap) > 1


@given(rankings())
def test_wave_after_wave_rings_everybody_once(ranked: list[Prospect]) -> None:
    for policy in POLICIES.values():
        left, rung = list(ranked), list[InterpreterId]()
        while left:
            wave = policy.wave(left)
            rung += wave.phones
            left = [one for one in left if one.interpreter not in wave.phones]
        assert sorted(rung) == [one.interpreter for one in ranked]


def test_a_tier_rings_alone_until_the_next_wave_joins() -> None:
    again = [Prospect(InterpreterId(1), 0.6, 0), Prospect(InterpreterId(2), 0.6, 2)]
    assert Default().wave(again).phones == (1,)
    assert Default().overlap_after == OVERLAP_AFTER


def test_the_preferred_of_a_lower_level_ring_with_those_above_and_before_those_below() -> None:
    ranked = [Prospect(InterpreterId(place), 0.5, tier) for place, tier in enumerate((1, 1, 0, 1))]
    for name in ("default", "ring_all"):
        assert POLICIES[name].wave(ranked).phones == (0, 1, 2)


def test_of_equal_phones_the_higher_ranked_ring() -> None:
    ranked = [Prospect(InterpreterId(place), 0.7) for place in range(1, 8)]
    assert fewest(ranked, target=0.9).phones == (1, 2)
    assert fewest(ranked).phones == (1, 2, 3, 4, 5)


@given(st.floats(0.0, 1.5), st.floats(0.0, 1.5))
def test_the_busier_a_service_the_lower_its_target(load: float, more: float) -> None:
    less, most = sorted((load, more))
    assert BUSY_TARGET - 1e-9 <= target_at(most) <= target_at(less) + 1e-9
    assert target_at(less) <= TARGET + 1e-9
    if most <= NOT_BUSY:
        assert target_at(most) == pytest.approx(TARGET)
    if less >= BUSY:
        assert target_at(less) == pytest.approx(BUSY_TARGET)


def test_halfway_to_busy_the_chance_to_miss_is_halfway_too_in_proportion() -> None:
    missed = 1.0 - target_at((NOT_BUSY + BUSY) / 2)
    assert missed**2 == pytest.approx((1.0 - TARGET) * (1.0 - BUSY_TARGET))


@given(rankings(), st.floats(0.0, 1.0))
def test_at_a_load_a_wave_is_the_fewest_for_the_target_at_that_load(
    ranked: list[Prospect], load: float
) -> None:
    wave = Default().at_load(load).wave(ranked)
    assert wave == fewest(ranked, target_at(load), margin=MARGIN)


def test_in_a_busy_service_fewer_phones_ring() -> None:
    ranked = [Prospect(InterpreterId(place), 0.7) for place in range(1, 8)]
    loads = (0.0, NOT_BUSY, (NOT_BUSY + BUSY) / 2, BUSY, 1.0)
    assert [len(Default().at_load(load).wave(ranked).phones) for load in loads] == [5, 5, 3, 1, 1]


def test_a_sure_phone_makes_the_unsure_ones_before_it_needless() -> None:
    ranked = [Prospect(InterpreterId(1), 0.3), Prospect(InterpreterId(2), 0.995)]
    assert fewest(ranked).phones == (2,)


def test_the_others_ring_one_or_all() -> None:
    ranked = [Prospect(InterpreterId(place), 0.5) for place in (4, 2, 9)]
    assert POLICIES["leastrecent"].wave(ranked).phones == (4,)
    assert POLICIES["longest_idle"].wave(ranked).phones == (4,)
    assert POLICIES["round_robin"].wave(ranked).phones == (4,)
    assert POLICIES["ring_all"].wave(ranked).phones == (4, 2, 9)


def test_nobody_makes_no_wave() -> None:
    for policy in POLICIES.values():
        assert policy.wave([]).phones == ()
    assert Default().wave([]).chance == 0.0
