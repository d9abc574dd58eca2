# SPDX-License-Identifier: EUPL-1.2
"""The index in columns gives exactly what the plain ranking gives, whatever happened before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.hours.model import ExtraHours, Schedule, Weekday, Window
from bridge.roster import column_ranking
from bridge.roster.answering import Answering, Tally
from bridge.roster.columns import RosterColumns
from bridge.roster.people import Interpreter
from bridge.roster.policies import POLICIES
from bridge.roster.ranking import Knowledge, rank
from bridge.roster.requirements import NO_LISTS, Lists, Requirements, Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId
from tests.unit.roster.people import (
    MONDAY,
    TAGS,
    entries,
    interpreters,
    moments,
    requests,
    rosters,
    standings,
)

some_ids = st.sets(st.integers(1, 40).map(InterpreterId), max_size=3)


@st.composite
def knowledge(draw: st.DrawFn) -> Knowledge:
    tallies = draw(
        st.lists(
            st.tuples(
                st.integers(1, 40).map(InterpreterId),
                st.integers(0, 23),
                st.builds(Tally, st.integers(5, 9), st.integers(0, 5)),
            ),
            max_size=6,
        )
    )
    loads = st.floats(0, 4, allow_subnormal=False)
    return Knowledge(
        offered=draw(st.dictionaries(st.sampled_from(TAGS), loads)),
        pool_rate=draw(st.sampled_from([0.0, 0.1, 0.3])),
        answering=Answering.of(tallies),
        call_minutes=draw(st.sampled_from([5.0, 12.0, 40.0])),
    )


@pytest.mark.thorough
@settings(max_examples=250, deadline=None)
@given(st.data())
def test_columns_rank_as_the_plain_ranking_does(data: st.DataObject) -> None:
    known = data.draw(knowledge())
    people = {one[0].id: one for one in data.draw(rosters())}
    at = MONDAY
    columns = RosterColumns(at, known)
    columns.load(people.values())
    for _ in range(data.draw(st.integers(0, 5))):
        change = data.draw(st.sampled_from(["put", "stand", "remove", "time", "answer", "learn"]))
        if change == "put":
            one = (data.draw(interpreters(data.draw(st.integers(1, 40)))), data.draw(standings()))
            people[one[0].id] = one
            columns.put(*one)
        elif change == "time":
            at = max(at, data.draw(moments))
            columns.advance(at)
        elif change == "learn":
            known = data.draw(knowledge())
            columns.learn(known)
        elif people:
            who = data.draw(st.sampled_from(sorted(people)))
            if change == "stand":
                people[who] = (people[who][0], data.draw(standings()))
                columns.stand(who, people[who][1])
            elif change == "answer":
                columns.accepted(who, data.draw(st.sampled_from([4.0, 12.0])))
                columns.stopped(who, data.draw(st.floats(0, 20)))
                columns.not_accepted(who, 15.0)
            else:
                del people[who]
                columns.remove(who)
    request, tried = data.draw(requests()), data.draw(some_ids)
    lists = Lists.of(data.draw(entries), request.agency, at)
    policy = data.draw(st.sampled_from(list(POLICIES.values())))
    last = data.draw(st.none() | st.integers(1, 40).map(InterpreterId))
    plain = rank(
        list(people.values()),
        request,
        policy,
        at,
        knowledge=known,
        lists=lists,
        tried=tried,
        last_rung=last,
    )
    fast = columns.rank(request, policy, lists=lists, tried=tried, last_rung=last)
    assert fast.whole() == plain
    assert fast.prospects(len(fast)) == plain.prospects()
    assert fast.counts() == Counter(one.reason for one in plain.skipped)
    # Long rankings are not sorted outright: do as if these were long.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(column_ranking, "_FEW", data.draw(st.sampled_from([0, 500])))
        for most in range(len(fast) + 1):
            assert fast.head(most) == plain.candidates[:most]
    assert len(columns) == len(people)


class Crowd:
    """A few people, most of whom could be rung, kept plainly and in columns."""

    ids = st.integers(1, 6).map(InterpreterId)
    asked_about = st.sets(ids, max_size=2)
    knowledge = st.builds(
        Knowledge,
        offered=st.dictionaries(st.sampled_from(TAGS[:3]), st.sampled_from([0.5, 2.0])),
        pool_rate=st.sampled_from([0.0, 0.1, 0.3]),
        answering=st.lists(
            st.tuples(ids, st.integers(0, 3), st.builds(Tally, st.just(9), st.integers(0, 9))),
            max_size=6,
        ).map(Answering.of),
    )
    standings = st.builds(
        Standing,
        reserved=st.sampled_from([False, False, False, True]),
        minutes_offered=st.sampled_from([0.0, 200.0]),
        minutes_promised=st.sampled_from([0.0, 1000.0]),
    )
    people = st.builds(
        Interpreter,
        id=ids,
        skills=st.dictionaries(
            st.sampled_from(TAGS[:3]), st.integers(0, 2).map(Level), min_size=1, max_size=3
        ),
        gender=st.none() | st.sampled_from(Gender),
        subjects=st.frozensets(st.sampled_from(Subject), max_size=2),
    )
    wished = st.booleans()
    requests = st.builds(
        Requirements,
        language=st.sampled_from(TAGS[:3]),
        level=st.none() | st.builds(Wish[Level], st.integers(0, 2).map(Level), wished),
        gender=st.none() | st.builds(Wish[Gender], st.sampled_from(Gender), wished),
        subject=st.none() | st.builds(Wish[Subject], st.sampled_from(Subject), wished),
        step_down=st.booleans(),
        same_again=st.none() | ids,
        excluded=st.just(frozenset()) | st.frozensets(ids, max_size=1),
    )
    lists = st.just(NO_LISTS) | st.builds(
        Lists,
        preferred=st.frozensets(ids, max_size=3),
        only=st.none() | st.frozensets(ids, min_size=3),
        do_not_send=st.frozensets(ids, max_size=1),
    )

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.at = MONDAY
        self.known = data.draw(self.knowledge)
        self.plain = {
            who: (replace(data.draw(self.people), id=who), data.draw(self.standings))
            for who in map(InterpreterId, range(1, 7))
        }
        self.columns = RosterColumns(self.at, self.known)
        self.columns.load(self.plain.values())

    def change(self) -> None:
        """Something happens."""
        data, who = self.data, self.data.draw(self.ids)
        match data.draw(st.sampled_from(["profile", "person", "stand", "hour", "learn", "answer"])):
            case "profile":
                former, standing = self.plain[who]
                put = replace(data.draw(self.people), id=who, skills=former.skills)
                self.plain[who] = (put, standing)
                self.columns.put(*self.plain[who])
            case "person":
                self.plain[who] = (replace(data.draw(self.people), id=who), Standing())
                self.columns.put(*self.plain[who])
            case "stand":
                self.plain[who] = (self.plain[who][0], data.draw(self.standings))
                self.columns.stand(who, self.plain[who][1])
            case "hour":
                self.at += timedelta(minutes=data.draw(st.sampled_from([1, 60, 1440])))
                self.columns.advance(self.at)
            case "learn":
                self.known = data.draw(self.knowledge)
                self.columns.learn(self.known)
            case _:
                self.columns.accepted(who, 4.0)

    def asks(self) -> None:
        """Somebody asks, and both say the same."""
        data = self.data
        request, lists = data.draw(self.requests), data.draw(self.lists)
        tried = data.draw(self.asked_about)
        policy = data.draw(st.sampled_from(list(POLICIES.values())))
        people, known = list(self.plain.values()), self.known
        plain = rank(people, request, policy, self.at, knowledge=known, lists=lists, tried=tried)
        fast = self.columns.rank(request, policy, lists=lists, tried=tried)
        assert fast.whole() == plain
        assert fast.prospects(len(fast)) == plain.prospects()


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_columns_stay_right_from_one_request_to_the_next(data: st.DataObject) -> None:
    crowd = Crowd(data)
    for _ in range(data.draw(st.integers(1, 8))):
        crowd.asks()
        crowd.change()
    crowd.asks()


@pytest.mark.thorough
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_time_says_who_became_free(data: st.DataObject) -> None:
    people = data.draw(rosters())
    columns = RosterColumns(MONDAY, Knowledge())
    columns.load(people)
    before = {one.id for one, _ in people if columns.is_free(one.id)}
    freed = columns.advance(data.draw(moments))
    after = {one.id for one, _ in people if columns.is_free(one.id)}
    assert after - before <= set(freed)
    assert not set(freed) & before - after


def test_nothing_changes_before_the_next_change() -> None:
    people = [(one, standing) for one, standing in _busy_until(MONDAY + timedelta(minutes=9))]
    columns = RosterColumns(MONDAY, Knowledge())
    columns.load(people)
    due = columns.next_change
    assert due == MONDAY + timedelta(minutes=9)
    assert columns.advance(due - timedelta(microseconds=1)) == []
    assert columns.advance(due) == [InterpreterId(1)]
    assert columns.advance(due - timedelta(hours=1)) == []
    assert columns.is_free(InterpreterId(1))


@pytest.mark.parametrize("hours", [0, 1, 23, 24, 30, 60])
def test_who_is_there_day_and_night_is_idle_for_ever_whenever_looked_at(hours: int) -> None:
    """A window that has been open for more than a day tells nothing of when somebody came."""
    always = Window(frozenset(Weekday), time(), time(), on_holidays=True)
    since = MONDAY - timedelta(hours=23)
    long = (Schedule(extra=(ExtraHours(since, MONDAY + timedelta(days=5)),)), Schedule((always,)))
    people = [
        (Interpreter(InterpreterId(place), {TAGS[0]: Level(0)}, schedule=schedule), Standing())
        for place, schedule in enumerate((*long, None), start=1)
    ]
    columns = RosterColumns(MONDAY, Knowledge())
    columns.load(people)
    at, policy = MONDAY + timedelta(hours=hours), POLICIES["longest_idle"]
    columns.advance(at)
    plain = rank(people, Requirements(TAGS[0]), policy, at, knowledge=Knowledge())
    assert columns.rank(Requirements(TAGS[0]), policy).whole() == plain
    idle = {one.interpreter: one.facts.idle_since for one in plain.candidates}
    assert idle[InterpreterId(2)] == idle[InterpreterId(3)] == float("-inf")
    assert idle[InterpreterId(1)] == (since.timestamp() if hours < 1 else float("-inf"))


def test_nobody_is_an_error() -> None:
    columns = RosterColumns(MONDAY, Knowledge())
    with pytest.raises(KeyError):
        columns.remove(InterpreterId(1))
    with pytest.raises(KeyError):
        columns.standing(InterpreterId(1))


def _busy_until(end: datetime) -> list[tuple[Interpreter, Standing]]:
    person = Interpreter(InterpreterId(1), {TAGS[0]: Level(0)})
    return [(person, Standing(wrap_up_until=end))]
