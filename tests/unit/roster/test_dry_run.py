# SPDX-License-Identifier: EUPL-1.2
"""The dry run: everybody is accounted for once, and it says what the matcher would do."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.dry_run import DryRun, as_data, dry_run, foresee
from bridge.roster.eligibility import Skip
from bridge.roster.people import Interpreter
from bridge.roster.policies import POLICIES, Policy
from bridge.roster.ranking import Knowledge, rank
from bridge.roster.requirements import ListEntry, Lists, Requirements
from bridge.roster.standing import Standing
from tests.unit.roster.people import MONDAY, entries, moments, requests, rosters, standings

pytestmark = pytest.mark.thorough
"""Each test ranks many random rosters twice."""

Roster = list[tuple[Interpreter, Standing]]
NOON = MONDAY + timedelta(hours=12)
policies = st.sampled_from(sorted(POLICIES)).map(POLICIES.__getitem__)
PASSING = {Skip.BUSY, Skip.WRAP_UP, Skip.OFFER_LIMIT, Skip.RESTING}


def look(
    roster: Roster,
    asked: Requirements,
    policy: Policy,
    at: datetime,
    now: datetime,
    lists: list[ListEntry],
) -> DryRun:
    return dry_run(roster, asked, policy, at, now=now, knowledge=Knowledge(), lists=lists)


@given(rosters(), requests(), policies, moments, entries)
def test_now_it_ranks_as_the_matcher_and_everybody_is_in_one_place(
    roster: Roster, asked: Requirements, policy: Policy, at: datetime, lists: list[ListEntry]
) -> None:
    found = look(roster, asked, policy, at, at, lists)
    hunted = rank(
        roster,
        asked,
        policy,
        at,
        knowledge=Knowledge(),
        lists=Lists.of(lists, asked.agency, at),
    )
    assert found.ranking == hunted
    rung = [one for wave in found.waves for one in wave.phones]
    assert sorted(rung, key=lambda one: one.interpreter) == sorted(
        hunted.candidates, key=lambda one: one.interpreter
    )
    speakers = sorted(person.id for person, _ in roster if asked.language in person.skills)
    accounted = [one.interpreter for one in rung]
    accounted += [one.interpreter for one in found.ranking.skipped]
    assert sorted(accounted) == speakers
    if rung:
        assert found.waves[0].after == 0.0
        first = policy.at_load(found.load).wave(hunted.prospects())
        assert {one.interpreter for one in found.waves[0].phones} == set(first.phones)


@given(rosters(), requests(), policies, moments, st.floats(0.0, 1.0))
def test_it_rings_as_a_hunt_would_at_the_load_of_the_service(
    roster: Roster, asked: Requirements, policy: Policy, at: datetime, load: float
) -> None:
    knowledge = Knowledge(load=load)
    found = dry_run(roster, asked, policy, at, now=at, knowledge=knowledge)
    first = policy.at_load(load).wave(found.ranking.prospects())
    assert [one.interpreter for wave in found.waves[:1] for one in wave.phones] == list(
        first.phones
    )
    assert as_data(found)["load"] == pytest.approx(load, abs=1e-4)


@given(rosters(), requests(), policies, moments, moments)
def test_at_another_time_nobody_is_kept_away_by_what_passes(
    roster: Roster, asked: Requirements, policy: Policy, at: datetime, now: datetime
) -> None:
    found = look(roster, asked, policy, at, now, [])
    if at != now:
        # A limit of no ring at all keeps somebody away for ever.
        never = {person.id for person, _ in roster if person.limits.offers_an_hour == 0}
        reasons = {one.reason for one in found.ranking.skipped if one.interpreter not in never}
        assert not reasons & PASSING


@given(standings(), moments, moments)
def test_what_lasts_is_foreseen_as_it_is(standing: Standing, at: datetime, now: datetime) -> None:
    later = foresee(standing, at, now)
    assert later.unanswered_streak == standing.unanswered_streak
    assert (later.minutes_offered, later.minutes_promised) == (
        standing.minutes_offered,
        standing.minutes_promised,
    )
    assert foresee(standing, now, now) == standing


@pytest.mark.parametrize("hours", [1, 24])
def test_todays_minutes_count_today_only(hours: int) -> None:
    standing = Standing(minutes_today=100.0, day_ends=NOON + timedelta(hours=12))
    later = foresee(standing, NOON + timedelta(hours=hours), NOON)
    assert later.minutes_today == (100.0 if hours == 1 else 0.0)


@given(rosters(), requests(), policies, moments)
def test_the_answer_is_plain_json(
    roster: Roster, asked: Requirements, policy: Policy, at: datetime
) -> None:
    found = look(roster, asked, policy, at, at, [])
    data = json.loads(json.dumps(as_data(found), allow_nan=False))
    assert datetime.fromisoformat(data["at"]) == at
    assert [len(wave["phones"]) for wave in data["waves"]] == [
        len(wave.phones) for wave in found.waves
    ]
    assert len(data["skipped"]) == len(found.ranking.skipped)
    assert 0.0 <= data["chance"] <= 1.0
