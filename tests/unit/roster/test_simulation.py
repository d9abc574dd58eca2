# SPDX-License-Identifier: EUPL-1.2
"""The simulation behind `bench.policies` plays by the rules it states."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from bench.app_queue import RETRY, AppQueue
from bench.policies import CONTENDERS, IN_JSON, OURS, as_json, main, one_trace, summary
from bench.service import Service
from bench.simulation import RING, Hunt, Simulation
from bench.tradeoffs import contenders
from bridge.roster.policies import POLICIES, Default
from bridge.roster.ranking import Knowledge
from bridge.roster.rates import RatePrior
from bridge.vocabulary import InterpreterId

pytestmark = pytest.mark.thorough
"""Each test plays hours of service."""


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(seed=900, load=0.25, hours=2)


def test_the_same_seed_gives_the_same_calls_and_people(service: Service) -> None:
    again = Service(seed=900, load=0.25, hours=2)
    assert again.calls == service.calls
    assert again.promised_hours == service.promised_hours
    first, who = service.calls[0], InterpreterId(5)
    assert service.ring(first, who, 0, 60.0, 15.0) == again.ring(first, who, 0, 60.0, 15.0)
    assert Service(seed=901, load=0.25, hours=2).calls != service.calls


def test_every_language_is_on_offer_and_the_load_is_what_was_asked_for() -> None:
    service = Service(seed=900, load=0.25, hours=40)
    assert len(service.interpreters) == 104
    assert len(service.speakers) == 68
    minutes = sum(call.talk for call in service.calls) / 60.0
    promised = sum(service.promised_hours.values()) * 60.0
    assert minutes / promised == pytest.approx(0.25, rel=0.1)


def test_there_is_something_to_learn_from_after_each_hour_of_service_and_after_no_other() -> None:
    over = Service(seed=900, load=0.15, hours=53).hours_over
    assert len(over) == len(set(over)) == 53
    for seconds in over:
        # The hour before was one of a working day's from nine to seven.
        began = Service.at(seconds - 3600.0)
        assert began.weekday() < 5
        assert 9 <= began.hour < 19


class Learning(Simulation):
    """Keeps what the policy was told of the load, hour by hour."""

    def __init__(self, service: Service) -> None:
        self.loads: list[float] = []
        super().__init__(service, Default())

    def _knowledge(self) -> Knowledge:
        known = super()._knowledge()
        self.loads.append(known.load)
        return known


@pytest.mark.parametrize("load", [0.15, 0.45])
def test_how_busy_a_service_is_is_known_after_a_day(load: float) -> None:
    learning = Learning(Service(seed=900, load=load, hours=20))
    learning.run()
    assert learning.loads[0] == RatePrior().occupancy
    assert learning.loads[-1] == pytest.approx(load, rel=0.15)


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_call_is_served_in_time_or_unfilled(service: Service, name: str) -> None:
    policy, plays = CONTENDERS[name].policy, CONTENDERS[name].plays
    outcome = plays(service, policy).run()
    assert outcome.calls == len(service.calls)
    assert len(outcome.in_vain) + len(outcome.waits) == outcome.calls
    assert 0 < len(outcome.waits) <= outcome.phones
    assert min(outcome.waits) > 0
    assert max(outcome.waits) <= max(call.patience for call in service.calls)
    assert 0 < outcome.gini < 1
    assert plays(service, policy).run() == outcome


class Watched(AppQueue):
    """Keeps who was rung for which call, when, and for how long at most."""

    def __init__(self, service: Service) -> None:
        super().__init__(service, POLICIES["leastrecent"])
        self.rings: dict[int, list[tuple[float, InterpreterId, float]]] = {}

    def _ring(self, hunt: Hunt, who: InterpreterId, seconds: float = RING) -> None:
        assert not hunt.live, "a queue of this strategy rings one member at a time"
        self.rings.setdefault(hunt.call.number, []).append((self._now, who, seconds))
        super()._ring(hunt, who, seconds)


def test_a_queue_tries_for_so_long_pauses_and_rings_the_same_ones_again() -> None:
    service = Service(seed=900, load=0.25, hours=2)
    watched = Watched(service)
    watched.run()
    again = refused = 0
    for rings in watched.rings.values():
        for (at, who, lasts), (then, next_one, next_lasts) in pairwise(rings):
            if next_lasts == RING:
                # A new try: the one before is over, and so is the pause.
                assert then >= at + RETRY
                again += who == next_one
            else:
                # Within one try: the next has what the one who refused has left of it.
                assert who != next_one
                assert next_lasts == pytest.approx(lasts - (then - at))
                refused += 1
    assert again > 20
    assert refused > 5


def test_our_own_way_of_ringing_serves_more_in_the_same_order(service: Service) -> None:
    found = one_trace(CONTENDERS, seed=900, load=0.25, hours=2, skew=1.45)
    assert len(found[OURS].in_vain) < len(found["leastrecent"].in_vain)


def test_the_figures_are_of_every_policy_and_load() -> None:
    found = one_trace(CONTENDERS, seed=900, load=0.15, hours=1, skew=1.45)
    figures = summary({name: {0.15: [outcome]} for name, outcome in found.items()})
    assert set(figures) == {*POLICIES, OURS}
    for by_load in figures.values():
        assert set(by_load) == {"0.15"}
        assert by_load["0.15"]["p95_s"] >= by_load["0.15"]["served_p95_s"] >= 0
    last_line = json.loads(as_json(figures))
    assert set(last_line) == {*POLICIES, OURS}
    for by_load in last_line.values():
        assert set(by_load["0.15"]) == set(IN_JSON)


def test_the_last_line_has_the_policies_and_the_table_our_way_of_ringing_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--json", "--seeds", "1", "--hours", "1", "--loads", "0.15", "--processes", "1"])
    printed = capsys.readouterr().out.splitlines()
    assert set(json.loads(printed[-1])) == set(POLICIES)
    assert OURS in {line.split()[0] for line in printed}


def test_every_variant_of_the_default_policy_serves_the_same_calls(service: Service) -> None:
    found = one_trace(contenders(), seed=900, load=0.25, hours=2, skew=1.45)
    assert {outcome.calls for outcome in found.values()} == {len(service.calls)}
    phones = {name: outcome.phones for name, outcome in found.items()}
    assert phones["1 at once"] < phones["5 at once"] < phones["ring_all"]
    assert phones["the fewest for 90.0%"] < phones["the fewest for 99.6%"] < phones["ring_all"]


def test_what_is_asked_for_is_in_proportion_to_the_demand(service: Service) -> None:
    minutes_an_hour = sum(service.demand.values()) * 12.0
    assert minutes_an_hour == pytest.approx(0.25 * service.on_duty * 60.0)
    assert list(service.demand.values()) == sorted(service.demand.values(), reverse=True)
