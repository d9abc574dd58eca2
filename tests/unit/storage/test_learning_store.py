# SPDX-License-Identifier: EUPL-1.2
"""What the rows teach: arrivals, the mean call, and how likely everybody answers."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.hours.model import Weekday, Window
from bridge.roster import learning_store, people_store, store, windows_store
from bridge.roster.answering import Answering, Tally
from bridge.roster.store import OfferOutcome
from bridge.vocabulary import CallId, InterpreterId, LanguageTag, LegId
from tests.storage_samples import START, make_call, make_event, make_interpreter


def _call(conn: Connection, language: str, at: datetime) -> CallId:
    """A call in which somebody asked for an interpreter."""
    call = _ringer(conn, language, at)
    calllog.append(conn, make_event(call, EventKind.REQUESTED, at))
    return call


def _ringer(conn: Connection, language: str, at: datetime) -> CallId:
    """A call of a migrant, who rang the line and chose a language."""
    call = make_call(conn, at)
    conference.update_call(conn, call, language=LanguageTag(language))
    calllog.append(conn, make_event(call, EventKind.MIGRANT_RANG, at))
    return call


def test_arrivals_and_lengths_are_counted_since_a_moment(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    minute = timedelta(minutes=1)
    _call(conn, "uk", START - minute)
    make_call(conn, START)
    _call(conn, "ar", START)
    _call(conn, "uk", START)
    served = _call(conn, "uk", START + minute)
    store.reserve(conn, who, served, LegId("a"), START, "p")
    store.accept_reservation(conn, LegId("a"), START + minute)
    counts = learning_store.arrival_counts(conn, START)
    assert (counts.calls, counts.served, counts.minutes) == ({"ar": 1, "uk": 2}, 0, 0.0)
    store.release(conn, LegId("a"), START + 13 * minute)
    counts = learning_store.arrival_counts(conn, START)
    assert (counts.calls, counts.served, counts.minutes) == ({"ar": 1, "uk": 2}, 1, 12.0)


def test_migrants_who_only_ring_the_line_ask_for_no_interpreter(conn: Connection) -> None:
    for _ in range(3):
        _ringer(conn, "uk", START)
    assert learning_store.arrival_counts(conn, START).calls == {}
    twice = _call(conn, "uk", START)
    calllog.append(conn, make_event(twice, EventKind.REQUESTED))
    assert learning_store.arrival_counts(conn, START).calls == {"uk": 1}


def test_answers_are_learned_by_person_and_local_hour(conn: Connection) -> None:
    """START is 9 in the morning, in winter: Lisbon's hour is UTC's."""
    one, two = make_interpreter(conn, 1), make_interpreter(conn, 2)
    second = timedelta(seconds=1)

    def offer(who: InterpreterId, name: str, at: datetime, rang: int) -> tuple[LegId, datetime]:
        leg = LegId(name)
        assert store.reserve(conn, who, make_call(conn), leg, at, "p")
        store.mark_ringing(conn, leg, at + 2 * second)
        store.mark_ringing(conn, leg, at + 9 * second)
        return leg, at + (2 + rang) * second

    def accept(leg: LegId, at: datetime) -> None:
        store.accept_reservation(conn, leg, at)
        store.release(conn, leg, at + 60 * second)

    def end(leg: LegId, at: datetime, outcome: OfferOutcome) -> None:
        store.end_offer(conn, leg, at, outcome)
        store.release(conn, leg, at)

    hour = timedelta(hours=1)
    accept(*offer(one, "prompt", START, 10))
    accept(*offer(one, "slow", START + timedelta(minutes=5), 11))
    end(*offer(one, "refused", START + hour, 3), OfferOutcome.REFUSED)
    end(*offer(two, "unanswered", START, 20), OfferOutcome.UNANSWERED)
    end(*offer(two, "not reached", START, 0), OfferOutcome.UNREACHED)
    end(*offer(two, "first telephone", START, 20), OfferOutcome.NEXT_PHONE)
    store.reserve(conn, two, make_call(conn), LegId("live"), START + hour, "p")
    learned = learning_store.load_answering(conn, START)
    assert learned.tallies(one, 9) == (Tally(3, 1.0), Tally(2, 1.0))
    assert learned.tallies(one, 10) == (Tally(3, 1.0), Tally(1, 0.0))
    assert learned.tallies(two, 9) == (Tally(1, 0.0), Tally(1, 0.0))
    # Nothing more is learned of an offer that still rings, and something of one we stopped.
    stopped = START + hour + 4 * second
    store.release(conn, LegId("live"), stopped)
    expected = Answering()
    expected.accepted(one, 9, 10.0)
    expected.declined(two, 9, 20.0)
    expected.accepted(one, 9, 11.0)
    expected.declined(one, 10, 3.0)
    chance = expected.chance(two, 10)
    again = learning_store.load_answering(conn, START)
    [offers, accepted] = [again.tallies(two, 10)[1].offers, again.tallies(two, 10)[1].accepted]
    assert offers == 1
    assert 0.0 < accepted < chance


def test_rates_on_day_one_are_the_priors(conn: Connection) -> None:
    """Two of three keep one hour of every day, the third is always there: all hours count."""
    for place in range(1, 4):
        make_interpreter(conn, place, ("uk",) if place < 3 else ("uk", "ar"))
    people = people_store.load_people(conn)
    nothing = learning_store.Arrivals({}, 0, 0.0)
    rates = learning_store.learn(people, nothing, START, START)
    # Three on duty at an occupancy of 0.2 with calls of 12 minutes: three calls an hour.
    assert sum(rates.calls_an_hour.values()) == pytest.approx(3.0)
    assert rates.calls_an_hour[LanguageTag("uk")] == pytest.approx(3.0 * 3 / 4)
    daily = Window(frozenset(Weekday), time(10), time(11), on_holidays=True)
    for person in people[:2]:
        windows_store.set_windows(conn, person.id, [daily])
    people = people_store.load_people(conn)
    rates = learning_store.learn(people[:2], nothing, START, START)
    assert sum(rates.calls_an_hour.values()) == pytest.approx(2.0)
    many = learning_store.Arrivals({LanguageTag("uk"): 50}, 50, 1000.0)
    # Five hours of service in five days: 50 calls against the ten hours of the prior.
    rates = learning_store.learn(people[:2], many, START - timedelta(days=5), START)
    assert rates.calls_an_hour[LanguageTag("uk")] == pytest.approx((10 * 2.0 + 50) / (10 + 5))
    assert rates.call_hours * 60 == pytest.approx((50 * 12 + 1000) / 100)


def test_knowledge_is_read_whole(conn: Connection) -> None:
    who, minute = make_interpreter(conn, 1), timedelta(minutes=1)
    call, leg = make_call(conn, START), LegId("a")
    conference.update_call(conn, call, language=LanguageTag("uk"))
    assert store.reserve(conn, who, call, leg, START, "p")
    assert store.accept_reservation(conn, leg, START)
    assert store.release(conn, leg, START + 10 * minute) == who
    daily = Window(frozenset(Weekday), time(10), time(11), on_holidays=True)
    windows_store.set_windows(conn, who, [daily])
    known = learning_store.load_knowledge(conn, START + 10 * minute)
    assert known.pool_rate == pytest.approx(10.0 / (30 * 60))
    assert known.offered[LanguageTag("uk")] > 0
    assert known.answering.tallies(who, 9)[1] == Tally(1, 1.0)
