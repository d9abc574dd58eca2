# SPDX-License-Identifier: EUPL-1.2
"""The formulas against known values: Erlang B, prices, Gini, shares, chances, rates."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.answering import PROMPTLY, Answering, Pace, Prior, Tally, expected_acceptance
from bridge.roster.fairness import gini, pool_rate, published_shares, share
from bridge.roster.rates import RatePrior, estimate
from bridge.roster.scarcity import erlang_b, price, prices_up_to, scarcity
from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId, LanguageTag

UK, EN, TI = LanguageTag("uk"), LanguageTag("en"), LanguageTag("ti")
ONE, TWO = InterpreterId(1), InterpreterId(2)
loads = st.floats(0.01, 40)


@pytest.mark.parametrize(
    ("servers", "offered", "loss"),
    [
        (0, 3.0, 1.0),
        (1, 1.0, 1 / 2),
        (2, 1.0, 1 / 5),
        (3, 2.0, 4 / 19),
        # Rows of the published tables of Erlang B, which print the load for a loss of 1 %.
        (5, 1.361, 0.01),
        (10, 4.461, 0.01),
        (20, 12.031, 0.01),
        (50, 37.901, 0.01),
    ],
)
def test_erlang_b_is_what_the_tables_say(servers: int, offered: float, loss: float) -> None:
    assert erlang_b(servers, offered) == pytest.approx(loss, abs=2e-5)


@given(st.integers(0, 60), loads)
def test_one_server_more_never_loses_more(servers: int, offered: float) -> None:
    assert erlang_b(servers + 1, offered) < erlang_b(servers, offered)


@pytest.mark.parametrize(("servers", "offered"), [(-1, 1.0), (1, -0.1)])
def test_less_than_nothing_is_refused(servers: int, offered: float) -> None:
    with pytest.raises(ValueError, match="Erlang B"):
        erlang_b(servers, offered)


@given(loads)
def test_the_price_of_the_last_speaker_is_the_chance_of_a_call_meanwhile(offered: float) -> None:
    assert price(1, offered) == pytest.approx(offered / (1 + offered))


@given(st.integers(1, 80), loads)
def test_a_table_of_prices_has_the_very_same_prices(most: int, offered: float) -> None:
    assert prices_up_to(most, offered) == [price(free, offered) for free in range(most + 1)]


def test_scarcity_counts_the_other_languages_only() -> None:
    prices = {UK: 0.5, EN: 0.01, TI: 0.2}
    assert scarcity([UK, EN, TI], UK, prices) == pytest.approx(0.21)
    assert scarcity([UK], UK, prices) == 0.0
    assert scarcity([UK, LanguageTag("xx")], UK, prices) == 0.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 0.0), ([0, 0], 0.0), ([3, 3, 3], 0.0), ([1, 2, 3, 4], 0.25), ([0, 0, 0, 8], 0.75)],
)
def test_gini(values: list[float], expected: float) -> None:
    assert gini(values) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0.1, 100))
def test_gini_is_within_bounds_and_knows_no_unit(values: list[float], unit: float) -> None:
    found = gini(values)
    assert -1e-9 <= found < 1
    assert gini([value * unit for value in values]) == pytest.approx(found, abs=1e-6)


def test_gini_refuses_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        gini([1.0, -1.0])


def test_everybody_begins_with_an_even_share() -> None:
    assert share(0.0, 0.0, 0.2) == 1.0
    assert share(500.0, 100.0, 0.0) == 1.0


def test_shares_are_relative_to_the_roster() -> None:
    standings = {
        ONE: Standing(minutes_offered=900.0, minutes_promised=6000.0),
        TWO: Standing(minutes_offered=300.0, minutes_promised=6000.0),
    }
    shares = published_shares(standings)
    assert pool_rate(standings.values()) == pytest.approx(0.1)
    assert shares[ONE] == pytest.approx((9000 + 480) / 6480)
    assert shares[TWO] == pytest.approx((3000 + 480) / 6480)


def test_a_chance_falls_back_to_the_person_then_to_the_service() -> None:
    prior = Prior(chance=0.5, service_weight=10, person_weight=5, hour_weight=4)
    answering = Answering(prior)
    assert answering.chance(ONE, 9) == pytest.approx(0.5)
    for _ in range(10):
        answering.accepted(ONE, 9, 0.5)
    # Of 20 phones, the prior's ten with half a one in each second and these, all in the first.
    service = 10.5 / 20 + 9.5 / 20 * 4.5 / 9.5
    person = (10 + 5 * service) / 15
    assert answering.service_chance() == pytest.approx(service)
    assert answering.chance(TWO, 9) == pytest.approx(service)
    assert answering.chance(ONE, 15) == pytest.approx(person)
    assert answering.chance(ONE, 9) == pytest.approx((10 + 4 * person) / 14)


@pytest.mark.thorough
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ONE, TWO]),
            st.integers(0, 23),
            st.integers(0, 50).flatmap(
                lambda offers: st.builds(Tally, st.just(offers), st.integers(0, offers))
            ),
        )
    ),
    st.integers(0, 23),
)
def test_a_chance_is_never_certain(
    tallies: list[tuple[InterpreterId, int, Tally]], hour: int
) -> None:
    assert 0 < Answering.of(tallies).chance(ONE, hour) < 1


def test_there_is_no_hour_24() -> None:
    with pytest.raises(ValueError, match="0 to 23"):
        Answering().accepted(ONE, 24, 4.0)


@given(st.floats(0.01, 0.99), st.floats(0, 30), st.floats(0, 30))
def test_the_longer_a_phone_rang_in_vain_the_less_is_expected(
    chance: float, one: float, other: float
) -> None:
    pace = Pace()
    sooner, later = (expected_acceptance(chance, pace.passed(it)) for it in sorted([one, other]))
    assert later <= sooner + 1e-12
    assert expected_acceptance(chance, pace.passed(0.0)) == pytest.approx(chance)
    assert expected_acceptance(chance, pace.passed(10.0)) == 0.0


RINGS = st.tuples(st.sampled_from(["accepted", "declined", "stopped"]), st.floats(-0.1, 30.0))


@given(st.lists(RINGS, max_size=60))
def test_a_pace_goes_from_nobody_to_all_who_accept_promptly(rings: list[tuple[str, float]]) -> None:
    pace = Pace()
    for how, after in rings:
        getattr(pace, how)(after)
    shares = [pace.passed(tenth / 10.0) for tenth in range(-5, 120)]
    assert shares == sorted(shares)
    assert shares[5] == 0.0
    assert shares[105:] == [1.0] * 20
    assert 0.0 < pace.chance < 1.0


def test_ten_seconds_are_prompt_and_more_are_not() -> None:
    at_ten, later = Pace(), Pace()
    at_ten.accepted(PROMPTLY)
    later.accepted(PROMPTLY + 0.1)
    assert later.chance < Pace().chance < at_ten.chance


def test_nobody_rung_yet_presses_in_any_second_alike() -> None:
    assert [Pace().passed(second) for second in (2.5, 5, 7.5)] == pytest.approx([0.25, 0.5, 0.75])


def _wave(rng: random.Random, phones: int, answering: Answering) -> None:
    """Ring people of whom four in five are at their phone, and one in twenty of these refuses.

    They press after two to ten seconds, half of them by 5.5; the first 1 stops the others.
    """
    presses = {}
    for who in map(InterpreterId, range(1, phones + 1)):
        if rng.random() < 0.8:
            presses[who] = (rng.triangular(2.0, 9.9, 5.0), rng.random() < 0.05)
    ringing = set(map(InterpreterId, range(1, phones + 1)))
    for who, (after, refuses) in sorted(presses.items(), key=lambda one: one[1][0]):
        ringing.discard(who)
        if not refuses:
            answering.accepted(who, 9, after)
            for other in ringing:
                answering.stopped(other, 9, after)
            return
        answering.declined(who, 9, after)
    for who in ringing:
        answering.declined(who, 9, 15.0)


@pytest.mark.parametrize("phones", [1, 3, 6])
def test_how_soon_and_how_likely_people_accept_is_found_however_many_ring(phones: int) -> None:
    rng, answering = random.Random(7), Answering()
    for _ in range(3000):
        _wave(rng, phones, answering)
    half = answering.pace.passed(5.45)
    assert half == pytest.approx(0.5, abs=0.04)
    assert answering.service_chance() == pytest.approx(0.8 * 0.95, abs=0.05)


def test_rates_begin_with_the_prior_and_end_with_the_counts() -> None:
    prior = RatePrior(occupancy=0.2, weight_hours=10, call_minutes=12, weight_calls=50)
    day_one = estimate({EN: 30, TI: 10}, 20.0, {}, 0.0, 0, 0.0, prior)
    assert day_one.call_hours == pytest.approx(0.2)
    # 20 people busy for a fifth of the time are 20 calls of 12 minutes an hour.
    assert day_one.calls_an_hour == pytest.approx({EN: 15.0, TI: 5.0})
    assert sum(day_one.offered().values()) == pytest.approx(20 * 0.2)
    assert day_one.load == pytest.approx(0.2)
    late = estimate({EN: 30, TI: 10}, 20.0, {EN: 2000, UK: 1000}, 1e4, 3000, 60_000.0, prior)
    assert late.calls_an_hour == pytest.approx({EN: 0.2, UK: 0.1, TI: 0.0}, abs=0.02)
    assert late.call_hours * 60 == pytest.approx(20.0, abs=0.2)
    # 0.3 calls an hour of a third of an hour each, for 20 people.
    assert late.load == pytest.approx(0.3 / 3 / 20, rel=0.02)


def test_the_load_is_known_sooner_than_the_rate_of_a_language() -> None:
    # 35 calls of 12 minutes in each of 8 hours, where 20 were believed to come.
    busy = estimate({EN: 3, TI: 1}, 20.0, {EN: 8 * 26, TI: 8 * 9}, 8.0, 200, 200 * 12.0)
    assert busy.load == pytest.approx((2 * 20 + 8 * 35) / 10 * 0.2 / 20)
    assert busy.load > sum(busy.offered().values()) / 20.0 > 0.2


def test_where_nobody_promises_anything_there_is_no_load() -> None:
    assert estimate({}, 0.0, {EN: 3}, 1.0, 3, 30.0).load == 0.0
