# SPDX-License-Identifier: EUPL-1.2
"""What the rows say of a person is what the pure methods say after the same history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from bridge.hours.localtime import LISBON
from bridge.hours.model import Weekday, Window
from bridge.roster import learning_store, people_store, standing_store, store, windows_store
from bridge.roster.answering import Tally
from bridge.roster.model import Presence
from bridge.roster.people import Limits
from bridge.roster.standing import Standing, next_midnight
from bridge.roster.store import OfferOutcome
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import InterpreterId, LegId
from tests.storage_samples import START, make_call, make_interpreter, number

NEVER_CALLED = Standing()


@dataclass(frozen=True)
class Offer:
    """One offer: after a pause, ringing for a while, and what came of it."""

    pause: int
    """Seconds since whatever was before."""
    rings: int
    outcome: OfferOutcome
    talks: int
    """Seconds in the call, when it was accepted."""
    minutes: float
    hard: bool
    told_after_release: bool


@dataclass(frozen=True)
class Back:
    """They say that they are there."""

    pause: int


_seconds = st.one_of(
    st.integers(0, 600),
    # Exactly a rest, and about it; hours; and past midnight.
    st.sampled_from([899, 900, 901, 3599, 3600, 3601, 7 * 3600, 15 * 3600]),
)
_offers = st.builds(
    Offer,
    pause=_seconds,
    rings=st.integers(1, 30),
    outcome=st.sampled_from(OfferOutcome),
    talks=_seconds,
    minutes=st.floats(0, 30),
    hard=st.booleans(),
    told_after_release=st.booleans(),
)
_histories = st.lists(st.one_of(_offers, _offers, st.builds(Back, _seconds)), max_size=14)
_limits = st.builds(
    Limits,
    wrap_up=st.sampled_from([timedelta(0), timedelta(seconds=60)]),
    rest=st.sampled_from([timedelta(minutes=15), timedelta(minutes=1)]),
)


class Told:
    """One person's history, told to the rows and to the pure methods alike."""

    def __init__(self, conn: Connection, place: int, limits: Limits) -> None:
        self.conn = conn
        self.who = make_interpreter(conn, place)
        self.call = make_call(conn)
        self.limits = limits
        people_store.set_limits(conn, self.who, limits)
        self.now = START
        self.pure = NEVER_CALLED
        self._legs = 0

    def tell(self, what: Offer | Back) -> None:
        self.now += timedelta(seconds=what.pause)
        if isinstance(what, Back):
            store.set_presence(self.conn, self.who, Presence.AVAILABLE, at=self.now)
            self.pure = self.pure.back(self.now)
            # Nothing else happens in this very moment.
            self.now += timedelta(microseconds=1)
        else:
            leg = self.ring()
            self.now += timedelta(seconds=what.rings)
            self._end(leg, what)

    def ring(self) -> LegId:
        # Each time for another call: who is rung for one that they were in comes back into it.
        self.call = make_call(self.conn)
        self._legs += 1
        leg = LegId(f"leg-{int(self.who)}-{self._legs}")
        assert store.reserve(self.conn, self.who, self.call, leg, self.now, "p")
        self.pure = self.pure.rung(self.now)
        return leg

    def _end(self, leg: LegId, offer: Offer) -> None:
        conn = self.conn
        if offer.outcome is OfferOutcome.ACCEPTED:
            assert store.accept_reservation(conn, leg, self.now)
            self.pure = self.pure.accepted()
            began = self.now
            self.now += timedelta(seconds=offer.talks)
            if offer.hard:
                mine = store.reservation.c.leg_id == leg
                conn.execute(update(store.reservation).where(mine).values(hard=True))
            assert store.release(conn, leg, self.now) == self.who
            # A late word about how the offer ended changes nothing.
            assert not store.end_offer(conn, leg, self.now, OfferOutcome.UNANSWERED, 9.0)
            day_ends = next_midnight(self.now, LISBON)
            self.pure = self.pure.call_ended(
                began, self.now, self.limits, day_ends=day_ends, hard=offer.hard
            )
            return
        if offer.told_after_release:
            store.release(conn, leg, self.now)
        if offer.outcome is OfferOutcome.CANCELLED:
            self.pure = self.pure.released()
        elif offer.outcome is OfferOutcome.NEXT_PHONE:
            assert store.end_offer(conn, leg, self.now, offer.outcome)
            self.pure = self.pure.released()
        elif offer.outcome is OfferOutcome.UNREACHED:
            assert store.end_offer(conn, leg, self.now, offer.outcome)
            self.pure = self.pure.unreached(self.now, self.now - timedelta(seconds=offer.rings))
        else:
            assert store.end_offer(conn, leg, self.now, offer.outcome, offer.minutes)
            refused = offer.outcome is OfferOutcome.REFUSED
            change = self.pure.refused if refused else self.pure.unanswered
            self.pure = change(offer.minutes)
        store.release(conn, leg, self.now)


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(
    histories=st.tuples(_histories, _histories),
    limits=st.tuples(_limits, _limits),
    leave=st.sampled_from(["nothing", "ringing", "talking"]),
    later=_seconds,
)
def test_the_rows_tell_what_the_pure_methods_tell(
    histories: tuple[list[Offer | Back], list[Offer | Back]],
    limits: tuple[Limits, Limits],
    leave: str,
    later: int,
) -> None:
    database = InlineDatabase()

    def work(conn: Connection) -> None:
        people = [Told(conn, place, limits[place]) for place in range(2)]
        for one, history in zip(people, histories, strict=True):
            for what in history:
                one.tell(what)
        if leave != "nothing":
            leg = people[0].ring()
            if leave == "talking":
                store.accept_reservation(conn, leg, people[0].now)
                people[0].pure = people[0].pure.accepted()
        at = max(one.now for one in people) + timedelta(seconds=later)
        everybody = standing_store.load_standings(conn, at)
        assert set(everybody) == {one.who for one in people}
        for one in people:
            # Which older rings linger is left open.
            recent = tuple(m for m in one.pure.recent_offers if m + timedelta(hours=1) > at)
            expected = replace(one.pure, recent_offers=recent)
            assert everybody[one.who] == expected
            assert standing_store.load_standing(conn, one.who, at) == expected

    database.run_now(work)
    database.close()


def test_thirty_days_are_remembered(conn: Connection) -> None:
    told = Told(conn, 1, Limits())
    call = Offer(0, 5, OfferOutcome.ACCEPTED, 600, 0.0, False, False)
    told.tell(call)
    told.tell(Offer(0, 5, OfferOutcome.REFUSED, 0, 12.0, False, False))
    first = told.now - timedelta(seconds=5)
    standing = standing_store.load_standing(conn, told.who, first + timedelta(days=30, seconds=-1))
    assert standing.minutes_offered == 22.0
    standing = standing_store.load_standing(conn, told.who, first + timedelta(days=30))
    assert standing.minutes_offered == 12.0
    standing = standing_store.load_standing(conn, told.who, first + timedelta(days=31))
    assert standing == NEVER_CALLED


def test_promised_minutes_are_those_of_the_windows_since_joining(conn: Connection) -> None:
    old = make_interpreter(conn, 1)
    joined = START - timedelta(days=2)
    new = store.add_interpreter(conn, "New", number(44), (), joined_at=joined)
    free = make_interpreter(conn, 3)
    daily = Window(frozenset(Weekday), time(10), time(11), on_holidays=True)
    for who in (old, new):
        windows_store.set_windows(conn, who, [daily])
    standings = standing_store.load_standings(conn, START)
    promised = {who: one.minutes_promised for who, one in standings.items()}
    assert promised == {old: 30 * 60.0, new: 2 * 60.0, free: 0.0}


def test_a_break_with_an_end_makes_somebody_available_at_its_end(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    until = START + timedelta(minutes=10)
    store.set_presence(conn, who, Presence.ON_BREAK, until=until, at=START)
    during = standing_store.load_standing(conn, who, until - timedelta(seconds=1))
    assert during.available_since is None
    assert standing_store.load_standing(conn, who, until).available_since == until


def test_nobody_has_no_standing(conn: Connection) -> None:
    with pytest.raises(LookupError):
        standing_store.load_standing(conn, InterpreterId(9), START)


def test_who_is_rung_to_come_back_into_a_call_is_offered_nothing(conn: Connection) -> None:
    told = Told(conn, 1, Limits())
    told.tell(Offer(0, 5, OfferOutcome.ACCEPTED, 60, 0.0, False, False))
    for turn, comes in enumerate([False, True]):
        # As a telephone that lost its network is rung (`conference.rings`), by memory `promised`.
        leg, rung = LegId(f"again-{turn}"), told.now
        assert store.reserve(conn, told.who, told.call, leg, rung, "p")
        told.pure = replace(told.pure, reserved=True)
        told.now = answered = rung + timedelta(seconds=30)
        if not comes:
            store.release(conn, leg, told.now)
            told.pure = told.pure.released()
            continue
        assert store.accept_reservation(conn, leg, answered)
        told.now += timedelta(seconds=60)
        store.release(conn, leg, told.now)
        day_ends = next_midnight(told.now, LISBON)
        told.pure = told.pure.call_ended(answered, told.now, told.limits, day_ends=day_ends)
    assert standing_store.load_standing(conn, told.who, told.now) == told.pure
    learned = learning_store.load_answering(conn, START)
    assert learned.tallies(told.who, 9) == (Tally(1, 1.0), Tally(1, 1.0))
    # For another call they are rung like anybody.
    told.tell(Offer(0, 30, OfferOutcome.UNANSWERED, 0, 0.0, False, False))
    assert standing_store.load_standing(conn, told.who, told.now) == told.pure
    learned = learning_store.load_answering(conn, START)
    assert learned.tallies(told.who, 9) == (Tally(2, 1.0), Tally(2, 1.0))
