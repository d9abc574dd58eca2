# SPDX-License-Identifier: EUPL-1.2
"""What people keyed after a call, and the longer pause after a hard one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from bridge.ratings.model import Flag, Rating
from bridge.ratings.store import Rated, rate, rating_table, ratings_of
from bridge.roster import standing_store, store
from bridge.roster.people import Limits
from bridge.vocabulary import CallId, InterpreterId, LegId, Role
from tests.storage_samples import START, make_call, make_interpreter

LEG = LegId("leg-1")
SECOND = timedelta(seconds=1)


def talked(conn: Connection) -> tuple[InterpreterId, CallId]:
    """An interpreter who took a call and left it a minute later."""
    who, call = make_interpreter(conn, 1), make_call(conn)
    assert store.reserve(conn, who, call, LEG, START, "p")
    assert store.accept_reservation(conn, LEG, START)
    assert store.release(conn, LEG, START + timedelta(minutes=1)) == who
    return who, call


def test_a_second_word_replaces_the_first_of_the_same_person(conn: Connection) -> None:
    who, call = talked(conn)
    rate(conn, call, Role.TECHNICIAN, who, Rating.GOOD, None, START)
    rate(conn, call, Role.INTERPRETER, who, None, Flag.TECHNICAL_PROBLEM, START)
    rate(conn, call, Role.TECHNICIAN, who, Rating(2), Flag.TECHNICAL_PROBLEM, START + SECOND)
    rate(conn, call, Role.TECHNICIAN, None, Rating(5), None, START)
    rate(conn, call, Role.TECHNICIAN, None, Rating(1), None, START)
    problem = Flag.TECHNICAL_PROBLEM
    assert ratings_of(conn, call) == [
        Rated(Role.INTERPRETER, who, None, problem, START),
        Rated(Role.TECHNICIAN, who, Rating.POOR, problem, START + SECOND),
        Rated(Role.TECHNICIAN, None, Rating.BAD, None, START),
    ]


@pytest.mark.parametrize("key", [0, 6])
def test_other_keys_are_no_rating(conn: Connection, key: int) -> None:
    call = make_call(conn)
    with pytest.raises(IntegrityError):
        conn.execute(
            insert(rating_table).values(call_id=call, role="technician", rating=key, at=START)
        )


def test_a_hard_call_lengthens_the_pause_that_is_running(conn: Connection) -> None:
    who, call = talked(conn)
    ended, limits = START + timedelta(minutes=1), Limits()

    def pause() -> timedelta:
        until = standing_store.load_standing(conn, who, ended + SECOND).wrap_up_until
        assert until is not None
        return until - ended

    assert pause() == limits.wrap_up
    before = store.revision(conn)
    rate(conn, call, Role.INTERPRETER, who, Rating.FAIR, Flag.HARD_CALL, ended)
    assert pause() == limits.wrap_up_hard
    assert store.revision(conn) > before, "whoever keeps the roster in memory must read again"
    rate(conn, call, Role.INTERPRETER, who, Rating.FAIR, None, ended)
    assert pause() == limits.wrap_up


def test_a_technicians_flag_is_no_interpreters_pause(conn: Connection) -> None:
    who, call = talked(conn)
    before = store.revision(conn)
    rate(conn, call, Role.TECHNICIAN, who, Rating.BAD, Flag.HARD_CALL, START)
    until = standing_store.load_standing(conn, who, START + timedelta(minutes=2)).wrap_up_until
    assert until == START + timedelta(minutes=1) + Limits().wrap_up
    assert store.revision(conn) == before


def test_an_offer_of_the_same_call_that_was_not_taken_stays_as_it_was(conn: Connection) -> None:
    who, call = talked(conn)
    other = make_interpreter(conn, 2)
    assert store.reserve(conn, other, call, LegId("leg-2"), START, "p")
    store.end_offer(conn, LegId("leg-2"), START, store.OfferOutcome.UNANSWERED)
    store.release(conn, LegId("leg-2"), START)
    rate(conn, call, Role.INTERPRETER, other, None, Flag.HARD_CALL, START)
    assert standing_store.load_standing(conn, other, START).wrap_up_until is None
    assert who != other
