# SPDX-License-Identifier: EUPL-1.2
"""A running bridge learns from its calls every hour, though nobody changes the roster."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.hours.model import WORKING_WEEK, Window
from bridge.roster import store
from bridge.roster.live import LEARN_EVERY, LISTEN_EVERY, Freed, LiveRoster
from bridge.roster.policies import Default
from bridge.roster.rates import RatePrior
from bridge.roster.requirements import Requirements
from bridge.roster.store import OfferOutcome
from bridge.roster.waves import BUSY
from bridge.roster.windows_store import set_windows
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import InterpreterId, LanguageTag, LegId
from tests.storage_samples import START, make_call, make_event, make_interpreter

UK = LanguageTag("uk")


class Place:
    """A roster in memory of six who are always on duty, and the calls that come."""

    def __init__(self) -> None:
        self.database = InlineDatabase()
        self.live = LiveRoster(Default())
        for place in range(1, 7):
            self.database.run_now(partial(make_interpreter, place=place))
        self.read(START)

    def read(self, at: datetime) -> None:
        """Look whether there is anything new."""
        self.database.run_now(lambda conn: self.live.refresh(conn, at))

    def asked(self, calls: int) -> None:
        """So many requests are written."""

        def work(conn: Connection) -> None:
            for _ in range(calls):
                call = make_call(conn)
                conference.update_call(conn, call, language=UK)
                calllog.append(conn, make_event(call, EventKind.REQUESTED))

        self.database.run_now(work)

    def keeps(self, who: InterpreterId, window: Window) -> None:
        """They may be rung in this window alone."""
        self.database.run_now(lambda conn: set_windows(conn, who, [window]))

    def refuses(self, who: InterpreterId) -> None:
        """Ten hours of work are offered to somebody, who does not take them."""

        def work(conn: Connection) -> None:
            leg = LegId(f"leg-{who}")
            store.reserve(conn, who, make_call(conn), leg, START, "somebody")
            store.end_offer(conn, leg, START, OfferOutcome.REFUSED, 600.0)
            store.release(conn, leg, START)

        self.database.run_now(work)

    def phones(self) -> int:
        """How many ring for a request now."""
        ranking = self.live.rank_as_known(Requirements(UK), START)
        return len(self.live.policy.wave(ranking.prospects(10)).phones)

    def chance(self, who: InterpreterId) -> float:
        """That somebody accepts promptly, as memory has it."""
        ranking = self.live.rank_as_known(Requirements(UK), START)
        return next(one.chance for one in ranking.prospects(10) if one.interpreter == who)


def test_a_service_found_to_be_busy_rings_fewer_at_once() -> None:
    place = Place()
    assert place.live.load == pytest.approx(RatePrior().occupancy)
    assert place.phones() > 3
    # Ten times what six can serve in an hour.
    place.asked(300)
    place.read(START + LEARN_EVERY - timedelta(seconds=1))
    assert place.live.load == pytest.approx(RatePrior().occupancy)
    place.read(START + LEARN_EVERY)
    assert place.live.load > BUSY
    assert place.phones() == 1


def test_what_was_learned_lasts_an_hour() -> None:
    place = Place()
    place.asked(300)
    first = START + LEARN_EVERY
    place.read(first)
    busy = place.live.load
    place.read(first + LEARN_EVERY - timedelta(seconds=1))
    assert place.live.load == busy
    # The same calls in twice the hours.
    place.read(first + LEARN_EVERY)
    assert place.live.load < busy


def test_a_change_of_the_roster_is_seen_at_once_and_teaches_nothing_else() -> None:
    place = Place()
    place.asked(300)
    place.live.rung(InterpreterId(1), UK, START)
    place.live.refused(InterpreterId(1), 5.0)
    wary = place.chance(InterpreterId(1))
    assert wary < place.chance(InterpreterId(2))
    place.database.run_now(partial(make_interpreter, place=7))
    place.read(START + LEARN_EVERY / 2)
    assert place.live.is_free(InterpreterId(7))
    assert place.live.load == pytest.approx(RatePrior().occupancy)
    # What was told since the last reading is still known.
    assert place.chance(InterpreterId(1)) == wary


def test_chances_follow_what_happens_and_are_counted_anew_once_a_day() -> None:
    place = Place()
    place.live.rung(InterpreterId(1), UK, START)
    place.live.refused(InterpreterId(1), 5.0)
    assert place.chance(InterpreterId(1)) < place.chance(InterpreterId(2))
    place.read(START + LEARN_EVERY)
    assert place.chance(InterpreterId(1)) < place.chance(InterpreterId(2))
    # The rows say nothing of it.
    place.read(START + LISTEN_EVERY)
    assert place.chance(InterpreterId(1)) == place.chance(InterpreterId(2))


def test_nobody_is_told_of_as_free_who_was_so_before() -> None:
    place = Place()
    told: list[Freed] = []
    place.live.on_free = told.append
    place.read(START + LEARN_EVERY)
    assert told == []


def test_after_a_change_shares_are_what_another_process_would_count() -> None:
    place = Place()
    stays, changes = InterpreterId(1), InterpreterId(2)
    mornings, days = (Window(WORKING_WEEK, time(9), time(until)) for until in (13, 17))
    for who in (stays, changes):
        place.keeps(who, mornings)
        place.refuses(who)
    place.read(START + LEARN_EVERY)
    before = place.live.share(changes)
    place.keeps(changes, days)
    # Half an hour later, what was promised is counted anew of whose windows changed.
    at = START + LEARN_EVERY * 1.5
    place.read(at)
    other = LiveRoster(Default())
    place.database.run_now(lambda conn: other.refresh(conn, at))
    for who in (stays, changes):
        assert place.live.share(who) == pytest.approx(other.share(who), rel=0.01)
    assert before is not None
    assert place.live.share(changes) == pytest.approx(before * 0.75, rel=0.1)
