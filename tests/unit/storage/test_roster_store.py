# SPDX-License-Identifier: EUPL-1.2
"""The roster and its promises: one interpreter, one call."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from bridge.roster import store
from bridge.roster.model import Presence
from bridge.roster.people_store import load_people, load_person
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import CallId, InterpreterId, LanguageTag, LegId
from tests.storage_samples import START, make_call, make_interpreter, number


def last_call_ended(conn: Connection, who: InterpreterId) -> datetime | None:
    """When somebody last left a call."""
    mine = store.interpreter.c.id == who
    asked = select(store.interpreter.c.last_call_ended).where(mine)
    ended: datetime | None = conn.execute(asked).scalar_one()
    return ended


def test_the_roster_is_read_whole(conn: Connection) -> None:
    one = make_interpreter(conn, 1, ("uk", "ru"))
    two = make_interpreter(conn, 2, (), Presence.OFF)
    people = {person.id: person for person in load_people(conn)}
    assert set(people) == {one, two}
    assert set(people[one].skills) == {"uk", "ru"}
    assert people[one].phones == (number(1),)
    assert people[two].presence.state is Presence.OFF


def test_new_interpreters_are_neither_available_nor_vetted(conn: Connection) -> None:
    who = store.add_interpreter(conn, "Person", number(1), [LanguageTag("uk")])
    person = load_person(conn, who)
    assert person is not None
    assert person.presence.state is Presence.OFF
    assert not person.vetted


def test_every_visible_change_raises_the_revision(conn: Connection) -> None:
    revisions = [store.revision(conn)]
    who = make_interpreter(conn, 1)
    revisions.append(store.revision(conn))
    store.set_presence(conn, who, Presence.ON_BREAK)
    revisions.append(store.revision(conn))
    store.set_languages(conn, who, [LanguageTag("ru")])
    revisions.append(store.revision(conn))
    assert revisions == sorted(set(revisions))
    store.mark_call_ended(conn, who, START)
    assert store.revision(conn) == revisions[-1]
    person = load_person(conn, who)
    assert person is not None
    assert person.presence.state is Presence.ON_BREAK
    assert last_call_ended(conn, who) == START
    assert set(person.skills) == {"ru"}


def test_the_same_languages_again_are_no_change(conn: Connection) -> None:
    who = make_interpreter(conn, 1, ("uk", "ru"))
    before = store.revision(conn)
    store.set_languages(conn, who, [LanguageTag("ru"), LanguageTag("uk")])
    assert store.revision(conn) == before


def test_a_call_that_ended_before_does_not_turn_the_time_back(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    store.mark_call_ended(conn, who, START)
    store.mark_call_ended(conn, who, START - timedelta(hours=1))
    assert last_call_ended(conn, who) == START


def test_changes_of_nobody_are_refused(conn: Connection) -> None:
    with pytest.raises(LookupError):
        store.set_presence(conn, InterpreterId(9), Presence.OFF)
    with pytest.raises(LookupError):
        store.mark_call_ended(conn, InterpreterId(9), START)


def test_a_number_belongs_to_one_interpreter(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    assert store.find_by_number(conn, number(1)) == who
    assert store.find_by_number(conn, number(2)) is None
    with pytest.raises(IntegrityError):
        make_interpreter(conn, 1)


def test_a_refused_reservation_leaves_the_transaction_alive(database: InlineDatabase) -> None:
    def work(conn: Connection) -> tuple[bool, bool, bool]:
        who, other = make_interpreter(conn, 1), make_interpreter(conn, 2)
        one, two = make_call(conn), make_call(conn)
        return (
            store.reserve(conn, who, one, LegId("a"), START, "p"),
            store.reserve(conn, who, two, LegId("b"), START, "p"),
            store.reserve(conn, other, two, LegId("c"), START, "p"),
        )

    assert database.run_now(work) == (True, False, True)
    live = database.run_now(store.live_reservations)
    assert [one.leg for one in live] == ["a", "c"]
    assert database.run_now(store.reserved) == {one.interpreter for one in live}


def test_a_promise_is_accepted_once_and_released_once(conn: Connection) -> None:
    who, call, leg = make_interpreter(conn, 1), make_call(conn), LegId("a")
    later = START + timedelta(seconds=5)
    assert not store.accept_reservation(conn, leg, START)
    assert store.release(conn, leg, START) is None
    store.reserve(conn, who, call, leg, START, "p")
    assert store.accept_reservation(conn, leg, later)
    assert store.accept_reservation(conn, leg, later + timedelta(seconds=1))
    [live] = store.live_reservations(conn)
    assert live == store.Reservation(who, call, leg, START, later, "p")
    assert store.release(conn, leg, later) == who
    assert store.release(conn, leg, later) is None
    assert not store.accept_reservation(conn, leg, later)
    assert store.reserved(conn) == frozenset()


def test_a_leg_carries_one_promise_only(conn: Connection) -> None:
    call, leg = make_call(conn), LegId("a")
    store.reserve(conn, make_interpreter(conn, 1), call, leg, START, "p")
    with pytest.raises(IntegrityError):
        store.reserve(conn, make_interpreter(conn, 2), call, leg, START, "p")


class Promises(RuleBasedStateMachine):
    """Any sequence of promises, acceptances and releases does what a dictionary would."""

    legs: Bundle[LegId] = Bundle("legs")

    def __init__(self) -> None:
        super().__init__()
        self.database = InlineDatabase()
        self.who = self.database.run_now(lambda c: [make_interpreter(c, n) for n in range(3)])
        self.calls = self.database.run_now(lambda c: [make_call(c) for _ in range(2)])
        self.live: dict[InterpreterId, tuple[LegId, CallId, bool]] = {}
        self.made = 0

    def teardown(self) -> None:
        self.database.close()

    @rule(target=legs, who=st.integers(0, 2), call=st.integers(0, 1), undo=st.booleans())
    def reserve(self, who: int, call: int, undo: bool) -> LegId:
        self.made += 1
        leg, at = LegId(f"leg-{self.made}"), START + timedelta(seconds=self.made)

        def work(conn: Connection) -> bool:
            done = store.reserve(conn, self.who[who], self.calls[call], leg, at, "p")
            if undo:
                raise KeyError(done)
            return done

        free = self.who[who] not in self.live
        if undo:
            with pytest.raises(KeyError) as told:
                self.database.run_now(work)
            assert told.value.args == (free,)
        else:
            assert self.database.run_now(work) is free
            if free:
                self.live[self.who[who]] = (leg, self.calls[call], False)
        return leg

    @rule(leg=legs)
    def accept(self, leg: LegId) -> None:
        holder = next((who for who, held in self.live.items() if held[0] == leg), None)
        done = self.database.run_now(lambda c: store.accept_reservation(c, leg, START))
        assert done is (holder is not None)
        if holder is not None:
            self.live[holder] = (leg, self.live[holder][1], True)

    @rule(leg=legs)
    def release(self, leg: LegId) -> None:
        holder = next((who for who, held in self.live.items() if held[0] == leg), None)
        assert self.database.run_now(lambda c: store.release(c, leg, START)) == holder
        if holder is not None:
            del self.live[holder]

    @invariant()
    def the_rows_agree(self) -> None:
        rows = self.database.run_now(store.live_reservations)
        assert {
            row.interpreter: (row.leg, row.call, row.accepted_at is not None) for row in rows
        } == self.live
        assert len(rows) == len(self.live)
        assert self.database.run_now(store.reserved) == set(self.live)


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
pytest.mark.thorough(TestPromises)
