# SPDX-License-Identifier: EUPL-1.2
"""Calls and legs: what is written, what is forgotten, what ends once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import add_agency, add_technician
from bridge.conference import store
from bridge.conference.model import CallState, Outcome
from bridge.roster.requirements import Requirements, Wish
from bridge.roster.skills import Gender, Level
from bridge.telephony.switch import Ending
from bridge.vocabulary import (
    CallId,
    InterpreterId,
    JobNumber,
    LanguageTag,
    LegId,
    Role,
    new_call_id,
)
from tests.storage_samples import START, make_call, make_interpreter


def _open(conn: Connection) -> tuple[CallId, JobNumber]:
    call = new_call_id()
    return call, store.open_call(conn, call, "218106191", START, "process-1")


def test_calls_get_job_numbers_in_their_order(conn: Connection) -> None:
    jobs = [_open(conn)[1] for _ in range(3)]
    assert jobs == [JobNumber.of_serial(serial) for serial in (1, 2, 3)]


def test_a_call_begins_empty(conn: Connection) -> None:
    call, job = _open(conn)
    assert store.find_call(conn, call) == store.CallRow(
        id=call,
        job=job,
        line="218106191",
        state=CallState.ASKING,
        language=None,
        agency=None,
        technician=None,
        migrant_mode=None,
        migrant_number=None,
        created_at=START,
        ended_at=None,
        outcome=None,
        owner="process-1",
    )
    assert store.find_call(conn, CallId("call-unknown")) is None


def test_a_request_is_written_and_the_number_forgotten_at_the_end(conn: Connection) -> None:
    agency = add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH)
    technician = add_technician(conn, agency, "Person", pin_lookup="k", pin_hash="h")
    call, _ = _open(conn)
    store.update_call(
        conn,
        call,
        state=CallState.HUNTING,
        language=LanguageTag("uk"),
        agency=agency.id,
        technician=technician.id,
        migrant_mode="ring",
        migrant_number="+351910000001",
    )
    row = store.find_call(conn, call)
    assert row is not None
    assert (row.state, row.language) == (CallState.HUNTING, "uk")
    assert (row.agency, row.technician) == (agency.id, technician.id)
    assert row.migrant_number == "+351910000001"
    assert "910000001" not in repr(row)

    end = START + timedelta(minutes=3)
    store.close_call(conn, call, end, CallState.CLOSED, Outcome.INTERPRETED)
    row = store.find_call(conn, call)
    assert row is not None
    assert (row.state, row.outcome, row.ended_at) == (CallState.CLOSED, Outcome.INTERPRETED, end)
    assert row.migrant_number is None
    assert row.migrant_mode == "ring"


def test_the_database_itself_forbids_a_number_after_the_end(conn: Connection) -> None:
    call = make_call(conn)
    store.close_call(conn, call, START, CallState.CLOSED, Outcome.ABANDONED)
    with pytest.raises(IntegrityError, match="number_forgotten"):
        conn.execute(update(store.call).values(migrant_number="+351910000001"))


def test_a_call_that_ended_changes_no_more(conn: Connection) -> None:
    call = make_call(conn)
    store.close_call(conn, call, START, CallState.CLOSED, Outcome.ABANDONED)
    with pytest.raises(LookupError):
        store.update_call(conn, call, state=CallState.TALKING)
    with pytest.raises(LookupError):
        store.close_call(conn, call, START, CallState.LOST, Outcome.LOST)
    with pytest.raises(LookupError):
        store.update_call(conn, CallId("call-unknown"), owner="x")


def test_no_change_is_no_error(conn: Connection) -> None:
    store.update_call(conn, make_call(conn))


def test_open_calls_are_those_that_have_not_ended_oldest_first(conn: Connection) -> None:
    late = make_call(conn, START + timedelta(hours=1))
    early, ended = make_call(conn), make_call(conn)
    store.close_call(conn, ended, START, CallState.LOST, Outcome.LOST)
    assert [row.id for row in store.open_calls(conn)] == [early, late]


def test_legs_live_and_end_once(conn: Connection) -> None:
    call, who = make_call(conn), make_interpreter(conn, 1)
    first, second = LegId("1709542800.1"), LegId("interpreter-1")
    store.add_leg(conn, first, call, Role.TECHNICIAN, START)
    began, later = START + timedelta(seconds=1), START + timedelta(seconds=9)
    store.add_leg(conn, second, call, Role.INTERPRETER, began, interpreter=who)
    assert store.end_leg(conn, second, later, Ending.NO_ANSWER)
    assert not store.end_leg(conn, second, later + timedelta(seconds=1), "failed")
    assert not store.end_leg(conn, LegId("unknown"), later, "failed")
    assert conn.execute(select(store.leg).order_by(store.leg.c.created_at)).all() == [
        (first, call, "technician", None, "created", START, None, None),
        (second, call, "interpreter", who, "ended", began, later, "no_answer"),
    ]


def test_what_is_asked_for_is_kept_and_the_technicians_number_forgotten(conn: Connection) -> None:
    call, _ = _open(conn)
    asked = Requirements(
        LanguageTag("uk"),
        level=Wish(Level(1), required=True),
        gender=Wish(Gender.FEMALE),
        excluded=frozenset({InterpreterId(3)}),
    )
    store.update_call(
        conn, call, requirements=asked, technician_number="+351910000009", callback=True
    )
    row = store.find_call(conn, call)
    assert row is not None
    assert (row.requirements, row.callback) == (asked, True)
    assert row.technician_number == "+351910000009"
    assert "910000009" not in repr(row)
    store.close_call(conn, call, START, CallState.CLOSED, Outcome.INTERPRETED)
    row = store.find_call(conn, call)
    assert row is not None
    assert row.technician_number is None
    assert row.requirements == asked


def test_whoever_is_in_a_call_is_on_the_line_and_who_hung_up_is_not(conn: Connection) -> None:
    technician, migrant, operator = "+351210000001", "+351960000001", "+351210000009"
    asked, rang, over = (_open(conn)[0] for _ in range(3))
    store.update_call(conn, asked, technician_number=technician, migrant_number=migrant)
    store.add_leg(conn, LegId("t-1"), asked, Role.TECHNICIAN, START)
    assert store.numbers_on_the_line(conn) == {technician}
    store.add_leg(conn, LegId("m-1"), asked, Role.MIGRANT, START)
    assert store.numbers_on_the_line(conn) == {technician, migrant}
    # A technician who hung up and waits to be rung; and somebody who is led by an operator.
    store.end_leg(conn, LegId("t-1"), START, Ending.HUNG_UP)
    store.update_call(conn, rang, technician_number=operator)
    store.add_leg(conn, LegId("m-2"), rang, Role.MIGRANT, START)
    store.add_leg(conn, LegId("o-1"), rang, Role.OPERATOR, START)
    assert store.numbers_on_the_line(conn) == {migrant}
    store.update_call(conn, over, technician_number=technician)
    store.add_leg(conn, LegId("t-2"), over, Role.TECHNICIAN, START)
    store.close_call(conn, over, START, CallState.CLOSED, Outcome.PUT_THROUGH)
    assert store.numbers_on_the_line(conn) == {migrant}
