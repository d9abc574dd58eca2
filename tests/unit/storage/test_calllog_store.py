# SPDX-License-Identifier: EUPL-1.2
"""The log keeps its events whole, in order and unchanged."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from bridge.calllog import store
from bridge.calllog.model import EventKind, Scalar, StoredEvent
from bridge.conference.store import open_call
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import CallId, JobNumber, new_call_id
from tests.storage_samples import START, make_call, make_event


def test_events_come_back_as_they_went_in(conn: Connection) -> None:
    call = make_call(conn)
    data: dict[str, Scalar] = {"text": "ação «ü» 语", "n": 7, "x": 0.25, "yes": True, "none": None}
    first = make_event(call, EventKind.OFFERED, START, "interpreter-1", **data)
    second = make_event(call, EventKind.CALL_ENDED, START + timedelta(seconds=1))
    store.append(conn, first, second)
    assert store.events_of(conn, call) == [StoredEvent(1, first), StoredEvent(2, second)]


def test_each_call_counts_its_own_events_in_the_order_given(conn: Connection) -> None:
    one, other = make_call(conn), make_call(conn)
    store.append(conn, make_event(one, n=1), make_event(other, n=2), make_event(one, n=3))
    store.append(conn, make_event(one, n=4))
    numbered = [(s.seq, s.event.data["n"]) for s in store.events_of(conn, one)]
    assert numbered == [(1, 1), (2, 3), (3, 4)]
    assert [(s.seq, s.event.data["n"]) for s in store.events_of(conn, other)] == [(1, 2)]


def test_events_since_a_place(conn: Connection) -> None:
    call = make_call(conn)
    store.append(conn, *(make_event(call, n=n) for n in range(5)))
    assert [s.seq for s in store.events_since(conn, call, 3)] == [4, 5]
    assert store.events_since(conn, call, 5) == []


def test_nothing_to_append_is_no_error(conn: Connection) -> None:
    store.append(conn)


def test_an_event_of_a_call_that_was_never_opened_is_refused(conn: Connection) -> None:
    with pytest.raises(LookupError):
        store.append(conn, make_event(CallId("call-unknown")))


def test_an_event_cannot_be_rewritten(conn: Connection) -> None:
    call = make_call(conn)
    store.append(conn, make_event(call, n=1))
    with pytest.raises(IntegrityError, match="never changed"):
        conn.execute(update(store.event).values(data={"n": 2}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), ["a list"], b"x"])
def test_only_finite_scalars_are_data(conn: Connection, value: object) -> None:
    call = make_call(conn)
    with pytest.raises(ValueError, match="what"):
        store.append(conn, make_event(call, what=value))  # type: ignore[arg-type]


def test_hostile_text_is_stored_harmless(conn: Connection) -> None:
    call = make_call(conn)
    store.append(conn, make_event(call, leg="leg\0x", what="a\0b\ud800c\u2028'\";--"))
    [stored] = store.events_of(conn, call)
    assert stored.event.data == {"what": "a\ufffdb\ufffdc\u2028'\";--"}
    assert stored.event.leg == "leg\ufffdx"


def test_a_call_is_found_by_the_job_number_it_was_given(conn: Connection) -> None:
    make_call(conn)
    call = new_call_id()
    job = open_call(conn, call, "218106191", START, "process-1")
    assert job == JobNumber.of_serial(2)
    assert store.call_of_job(conn, JobNumber.parse(str(job))) == call
    assert store.call_of_job(conn, JobNumber.of_serial(3)) is None


@pytest.mark.thorough
@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=8))
def test_places_have_no_gap_and_no_double_whatever_is_rolled_back(
    units: list[list[int]],
) -> None:
    """Each unit of work appends to some of four calls; every third one fails at its end."""
    database = InlineDatabase()
    try:
        calls = [database.run_now(make_call) for _ in range(4)]
        expected: dict[CallId, list[int]] = {call: [] for call in calls}
        for place, unit in enumerate(units):

            def work(conn: Connection, place: int = place, unit: list[int] = unit) -> None:
                store.append(conn, *(make_event(calls[which], n=place) for which in unit))
                if place % 3 == 2:
                    raise KeyError("for a test")

            if place % 3 == 2:
                with pytest.raises(KeyError):
                    database.run_now(work)
            else:
                database.run_now(work)
                for which in unit:
                    expected[calls[which]].append(place)
        for call in calls:
            stored = database.run_now(partial(store.events_of, which=call))
            assert [s.seq for s in stored] == list(range(1, len(stored) + 1))
            assert [s.event.data["n"] for s in stored] == expected[call]
    finally:
        database.close()
