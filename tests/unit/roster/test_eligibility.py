# SPDX-License-Identifier: EUPL-1.2
"""Nobody is rung who must not be, and everybody else has exactly one reason."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.hours.model import Schedule, Weekday, Window
from bridge.roster.eligibility import (
    Skip,
    kept_free,
    own_reason,
    own_reason_holds_until,
)
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow, opening
from bridge.roster.policies import POLICIES, Default
from bridge.roster.ranking import Knowledge, Ranking, rank
from bridge.roster.requirements import (
    NO_LISTS,
    ListEntry,
    ListKind,
    Lists,
    Requirements,
    Wish,
)
from bridge.roster.skills import Gender, Level, Subject
from bridge.roster.standing import (
    LONGEST_UNREACHED_PAUSE,
    Booked,
    Standing,
    next_midnight,
    reachable_again,
)
from bridge.vocabulary import InterpreterId
from tests.unit.roster.people import (
    AGENCY,
    MONDAY,
    TAGS,
    entries,
    interpreters,
    moments,
    requests,
    rosters,
    standings,
)

NOON = MONDAY + timedelta(hours=12)
UK = TAGS[-1]
ONE = InterpreterId(1)
some_ids = st.sets(st.integers(1, 40).map(InterpreterId), max_size=3)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(rosters(), requests(), entries, some_ids, moments, st.sampled_from(list(POLICIES)))
def test_whoever_speaks_the_language_may_be_rung_or_has_one_reason(
    roster: list[tuple[Interpreter, Standing]],
    request: Requirements,
    listed: list[ListEntry],
    tried: Set[InterpreterId],
    at: datetime,
    policy: str,
) -> None:
    lists = Lists.of(listed, request.agency, at)
    found = rank(
        roster, request, POLICIES[policy], at, knowledge=Knowledge(), lists=lists, tried=tried
    )
    candidates = [one.interpreter for one in found.candidates]
    skipped = [one.interpreter for one in found.skipped]
    speakers = sorted(one.id for one, _ in roster if request.language in one.skills)
    assert sorted(candidates + skipped) == speakers

    known = {one.id: (one, standing) for one, standing in roster}
    for who in candidates:
        person, standing = known[who]
        # Said here once more in other words, so that the rules are not their own judge.
        assert person.vetted
        if isinstance(person.schedule, Schedule):
            assert person.schedule.is_open(at)
        assert person.presence.at(at) is Presence.AVAILABLE
        assert not standing.reserved
        assert standing.wrap_up_until is None or standing.wrap_up_until <= at
        assert standing.unanswered_streak < 3
        rung = [one for one in standing.recent_offers if at - one < timedelta(hours=1)]
        assert len(rung) < person.limits.offers_an_hour
        new_day = standing.day_ends is not None and standing.day_ends <= at
        assert new_day or standing.minutes_today < person.limits.daily_minutes
        if standing.consecutive_minutes >= person.limits.consecutive_minutes:
            ended = standing.last_call_ended
            assert ended is None or at - ended >= person.limits.rest
        for call in standing.booked:
            over = at + timedelta(minutes=Knowledge().call_minutes) + person.limits.wrap_up
            assert call.ends <= at or over < call.begins
        assert who not in tried
        assert who not in request.excluded
        assert _lists_allow(who, listed, request, at)
        _required_wishes_hold(person, request)


def _lists_allow(
    who: InterpreterId, listed: list[ListEntry], request: Requirements, at: datetime
) -> bool:
    mine = [
        entry
        for entry in listed
        if entry.agency in {None, request.agency} and (entry.ends is None or entry.ends > at)
    ]
    banned = any(one.kind is ListKind.DO_NOT_SEND and one.interpreter == who for one in mine)
    only = [one for one in mine if one.kind is ListKind.ONLY]
    keepers = {one.agency for one in only}
    return not banned and all(
        any(one.interpreter == who for one in only if one.agency == keeper) for keeper in keepers
    )


def _required_wishes_hold(person: Interpreter, request: Requirements) -> None:
    level, gender, subject = request.level, request.gender, request.subject
    if level is not None and level.required and not request.step_down:
        assert person.skills[request.language] <= level.value
    if gender is not None and gender.required:
        assert person.gender is gender.value
    if subject is not None and subject.required:
        assert subject.value in person.subjects


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@given(rosters(), requests(), moments, st.sampled_from(list(POLICIES)))
def test_waves_ring_nobody_below_a_level_without_consent_and_step_down_last(
    roster: list[tuple[Interpreter, Standing]],
    request: Requirements,
    at: datetime,
    policy: str,
) -> None:
    tried: set[InterpreterId] = set()
    stepped_down = False
    skills = {one.id: one.skills for one, _ in roster}
    while True:
        found = rank(
            roster,
            # The one asked for again goes before everything, so leave that wish out here.
            replace(request, same_again=None),
            POLICIES[policy],
            at,
            knowledge=Knowledge(),
            tried=tried,
        )
        wave = POLICIES[policy].wave(found.prospects())
        if not wave.phones:
            break
        for who in wave.phones:
            below = (
                request.level is not None and skills[who][request.language] > request.level.value
            )
            assert not (below and request.level_is_binding)
            if below:
                stepped_down = True
            else:
                assert not stepped_down
        tried.update(wave.phones)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(interpreters(1), standings(), moments, moments, st.sampled_from([5.0, 40.0]))
def test_a_reason_holds_as_long_as_it_says(
    person: Interpreter, standing: Standing, at: datetime, later: datetime, minutes: float
) -> None:
    opened = opening(person.schedule, at)
    until = own_reason_holds_until(person, standing, opened, at, minutes)
    assert until > at
    if at <= later < until:
        then = opening(person.schedule, later)
        reason = own_reason(person, standing, opened, at, minutes)
        assert own_reason(person, standing, then, later, minutes) is reason


# --- each reason by itself ---------------------------------------------------------------------

FREE = Interpreter(ONE, {UK: Level(1)}, gender=Gender.FEMALE, subjects=frozenset({Subject.HEALTH}))
MORNING = Schedule((Window(frozenset(Weekday), time(9), time(11)),))
ASKED = Requirements(UK)
NOTHING = Standing()
SOON = Booked(NOON + timedelta(minutes=10), NOON + timedelta(minutes=40))


def _one(
    person: Interpreter,
    standing: Standing = NOTHING,
    request: Requirements = ASKED,
    *,
    lists: Lists = NO_LISTS,
    tried: Set[InterpreterId] = frozenset(),
) -> Ranking:
    return rank(
        [(person, standing)],
        request,
        Default(),
        NOON,
        knowledge=Knowledge(),
        lists=lists,
        tried=tried,
    )


@pytest.mark.parametrize(
    ("person", "standing", "reason", "number"),
    [
        (replace(FREE, vetted=False), Standing(), Skip.NOT_VETTED, None),
        (replace(FREE, schedule=MORNING), Standing(), Skip.OUTSIDE_WINDOW, "opens_not_before"),
        (replace(FREE, presence=PresenceNow(Presence.OFF)), Standing(), Skip.OFF, None),
        (
            replace(FREE, presence=PresenceNow(Presence.ON_BREAK, NOON + timedelta(minutes=5))),
            Standing(),
            Skip.ON_BREAK,
            "until",
        ),
        (FREE, Standing(unanswered_streak=3), Skip.NOT_ANSWERING, "unanswered_in_a_row"),
        (FREE, Standing(minutes_today=360.0), Skip.DAILY_LIMIT, "minutes_today"),
        (
            replace(FREE, limits=Limits(offers_an_hour=2)),
            Standing(recent_offers=(NOON - timedelta(minutes=59), NOON - timedelta(minutes=1))),
            Skip.OFFER_LIMIT,
            "offers_within_hour",
        ),
        (
            FREE,
            Standing(consecutive_minutes=90.0, last_call_ended=NOON - timedelta(minutes=14)),
            Skip.RESTING,
            "consecutive_minutes",
        ),
        (FREE, Standing(booked=(SOON,), reserved=True), Skip.BOOKED_SOON, "begins"),
        (FREE, Standing(reserved=True), Skip.BUSY, None),
        (FREE, Standing(wrap_up_until=NOON + timedelta(seconds=1)), Skip.WRAP_UP, "until"),
        (FREE, Standing(unreached_until=NOON + timedelta(seconds=1)), Skip.UNREACHED, "until"),
    ],
)
def test_each_own_reason_is_given_with_its_numbers(
    person: Interpreter, standing: Standing, reason: Skip, number: str | None
) -> None:
    found = _one(person, standing)
    assert not found.candidates
    assert [one.reason for one in found.skipped] == [reason]
    told = {name for name, value in found.skipped[0].numbers if value is not None}
    assert (number in told) if number else not told


@pytest.mark.parametrize(
    ("request_", "lists", "reason"),
    [
        (ASKED, Lists(do_not_send=frozenset({ONE})), Skip.DO_NOT_SEND),
        (ASKED, Lists(only=frozenset()), Skip.NOT_ON_ONLY_LIST),
        (Requirements(UK, level=Wish(Level(0), required=True)), Lists(), Skip.LEVEL),
        (Requirements(UK, gender=Wish(Gender.MALE, required=True)), Lists(), Skip.GENDER),
        (Requirements(UK, subject=Wish(Subject.ASYLUM, required=True)), Lists(), Skip.SUBJECT),
        (Requirements(UK, excluded=frozenset({ONE})), Lists(), Skip.EXCLUDED),
    ],
)
def test_each_asked_reason(request_: Requirements, lists: Lists, reason: Skip) -> None:
    assert [one.reason for one in _one(FREE, request=request_, lists=lists).skipped] == [reason]


def test_tried_already() -> None:
    assert [one.reason for one in _one(FREE, tried={ONE}).skipped] == [Skip.ALREADY_TRIED]


def test_the_lasting_reason_goes_before_the_passing_one() -> None:
    busy = Standing(reserved=True, wrap_up_until=NOON + timedelta(minutes=1))
    banned = Lists(do_not_send=frozenset({ONE}))
    assert _one(FREE, busy).skipped[0].reason is Skip.BUSY
    assert _one(FREE, busy, lists=banned).skipped[0].reason is Skip.DO_NOT_SEND
    assert _one(replace(FREE, vetted=False), busy, lists=banned).skipped[0].reason is (
        Skip.NOT_VETTED
    )


def test_wished_only_ranks_lower() -> None:
    other = replace(FREE, id=InterpreterId(2), gender=Gender.MALE)
    request = Requirements(UK, gender=Wish(Gender.MALE), subject=Wish(Subject.ASYLUM))
    people = [(FREE, Standing()), (other, Standing())]
    found = rank(people, request, Default(), NOON, knowledge=Knowledge())
    assert [one.interpreter for one in found.candidates] == [2, 1]


def test_again_goes_before_level_and_level_before_preferred() -> None:
    people = [
        (replace(FREE, id=InterpreterId(number), skills={UK: Level(level)}), Standing())
        for number, level in ((1, 0), (2, 1), (3, 1), (4, 4))
    ]
    found = rank(
        people,
        Requirements(UK, same_again=InterpreterId(4)),
        Default(),
        NOON,
        knowledge=Knowledge(),
        lists=Lists(preferred=frozenset({InterpreterId(3)})),
    )
    assert [one.interpreter for one in found.candidates] == [4, 1, 3, 2]


def test_the_speaker_of_a_scarce_language_is_rung_last() -> None:
    scarce = replace(FREE, skills={UK: Level(1), TAGS[3]: Level(1)})
    other = replace(FREE, id=InterpreterId(2), skills={UK: Level(1), TAGS[1]: Level(1)})
    third = replace(FREE, id=InterpreterId(3), skills={TAGS[1]: Level(1)})
    people = [(one, Standing()) for one in (scarce, other, third)]
    knowledge = Knowledge(offered={TAGS[3]: 0.1, TAGS[1]: 0.1, UK: 1.0})
    found = rank(people, ASKED, Default(), NOON, knowledge=knowledge)
    assert [one.interpreter for one in found.candidates] == [2, 1]
    assert found.candidates[1].facts.scarcity == pytest.approx(0.1 / 1.1)


def test_presence_ends_by_itself() -> None:
    for state, then in (
        (Presence.AVAILABLE, Presence.OFF),
        (Presence.ON_BREAK, Presence.AVAILABLE),
        (Presence.OFF, Presence.AVAILABLE),
    ):
        now = PresenceNow(state, NOON)
        assert now.at(NOON - timedelta(microseconds=1)) is state
        assert now.at(NOON) is then
        assert PresenceNow(state).at(NOON) is state


def test_lists_of_an_agency_and_of_all() -> None:
    two = InterpreterId(2)
    listed = [
        ListEntry(ListKind.ONLY, ONE, AGENCY),
        ListEntry(ListKind.ONLY, ONE),
        ListEntry(ListKind.ONLY, two),
        ListEntry(ListKind.DO_NOT_SEND, two, AGENCY, ends=NOON),
    ]
    assert Lists.of(listed, AGENCY, NOON) == Lists(only=frozenset({ONE}))
    assert Lists.of(listed, None, NOON) == Lists(only=frozenset({ONE, two}))
    before = NOON - timedelta(microseconds=1)
    assert Lists.of(listed, AGENCY, before).do_not_send == {two}


def test_the_time_before_a_booked_call_is_kept_free() -> None:
    begins, ends = NOON + timedelta(minutes=31), NOON + timedelta(minutes=61)
    standing = Standing(booked=(Booked(NOON - timedelta(hours=1), NOON), Booked(begins, ends)))
    person = replace(FREE, limits=Limits(wrap_up=timedelta(minutes=1)))
    assert kept_free(person.limits, 30.0) == timedelta(minutes=31)
    for minutes, reason in ((30.0, Skip.BOOKED_SOON), (29.9, None)):
        found = own_reason(person, standing, opening(None, NOON), NOON, minutes)
        assert found is reason
    assert own_reason(person, standing, opening(None, ends), ends, 30.0) is None
    ranked = rank(
        [(person, standing)], ASKED, Default(), NOON, knowledge=Knowledge(call_minutes=30.0)
    )
    assert ranked.skipped[0].numbers == (("begins", begins.isoformat()),)


# --- how a standing follows events -------------------------------------------------------------


def test_a_call_leaves_a_pause_and_its_minutes() -> None:
    limits = Limits()
    tonight = MONDAY + timedelta(days=1)
    began = NOON - timedelta(minutes=50)
    after = Standing().rung(began).accepted().call_ended(began, NOON, limits, day_ends=tonight)
    assert after.wrap_up_until == NOON + timedelta(seconds=60)
    assert (after.minutes_today, after.consecutive_minutes, after.reserved) == (50.0, 50.0, False)
    again = NOON + timedelta(minutes=14)
    end = again + timedelta(minutes=10)
    more = after.call_ended(again, end, limits, day_ends=tonight, hard=True)
    assert more.wrap_up_until == end + limits.wrap_up_hard
    assert (more.minutes_today, more.consecutive_minutes) == (60.0, 60.0)
    rested = NOON + timedelta(minutes=15)
    fresh = after.call_ended(rested, end, limits, day_ends=tonight)
    assert fresh.consecutive_minutes == 9.0
    morning = tonight + timedelta(hours=9)
    tomorrow = tonight + timedelta(days=1)
    next_day = after.call_ended(morning, morning + timedelta(minutes=5), limits, day_ends=tomorrow)
    assert next_day.minutes_today == 5.0


def test_three_unanswered_in_a_row_until_they_are_back() -> None:
    standing = Standing()
    for _ in range(3):
        standing = standing.rung(NOON).unanswered(12.0)
    assert _one(FREE, standing).skipped[0].reason is Skip.NOT_ANSWERING
    assert standing.minutes_offered == 36.0
    assert _one(FREE, standing.back(NOON)).candidates
    assert standing.rung(NOON).released().unanswered_streak == 3
    assert standing.rung(NOON).refused(12.0).unanswered_streak == 0


def test_who_cannot_be_reached_is_rung_again_after_a_pause_and_held_to_nothing() -> None:
    before = Standing(unanswered_streak=2, minutes_offered=24.0)
    standing, at, pauses = before, NOON, []
    for _ in range(7):
        standing = standing.rung(at).unreached(at, at)
        assert (standing.unanswered_streak, standing.minutes_offered) == (2, 24.0)
        assert not standing.recent_offers
        until = standing.unreached_until
        assert until is not None
        pauses.append((until - at).total_seconds())
        at = until
    assert pauses == [5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 120.0]
    assert _one(FREE, before.unreached(NOON, NOON)).skipped[0].reason is Skip.UNREACHED
    rang = standing.rung(at).unanswered(12.0)
    assert (rang.unreached_streak, rang.unreached_until) == (0, None)
    assert rang.recent_offers == (at,)
    for reached in (standing.refused(12.0), standing.accepted(), standing.back(at)):
        assert (reached.unreached_streak, reached.unreached_until) == (0, None)


def test_those_whom_one_failure_made_unreachable_are_looked_at_together() -> None:
    moments = [NOON + timedelta(milliseconds=step) for step in (1, 900, 4_999, 5_000)]
    assert {reachable_again(at, 1) for at in moments} == {NOON + timedelta(seconds=10)}
    assert reachable_again(NOON, 10_000) == NOON + LONGEST_UNREACHED_PAUSE


def test_midnight_is_lisbons() -> None:
    zone = Knowledge().zone
    summer = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)
    assert next_midnight(summer, zone) == datetime(2026, 7, 1, 23, tzinfo=UTC)
    assert next_midnight(summer + timedelta(minutes=1), zone) == datetime(
        2026, 7, 2, 23, tzinfo=UTC
    )
