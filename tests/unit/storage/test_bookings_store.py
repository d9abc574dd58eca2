# SPDX-License-Identifier: EUPL-1.2
"""Booked calls: an interpreter is held once, a booking dialled once, its numbers forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bridge.agencies.model import AgencyKind, FieldName
from bridge.agencies.store import add_agency, add_technician, find_credential
from bridge.bookings import store
from bridge.bookings.model import LIVE, BookingId, BookingState, Busy, MadeBy, NewBooking
from bridge.bookings.rows import booking_quarter
from bridge.roster.requirements import Requirements, Wish
from bridge.roster.skills import Gender
from bridge.storage.inline import InlineDatabase
from bridge.storage.processes import SILENT_FOR, beat
from bridge.vocabulary import InterpreterId, LanguageTag
from tests.storage_samples import START, make_call, make_interpreter, number

NINE = START.replace(microsecond=0)
MINUTE = timedelta(minutes=1)
ASKED = Requirements(LanguageTag("uk"), gender=Wish(Gender.FEMALE, required=True))


def new_booking(
    conn: Connection,
    who: InterpreterId,
    starts_at: datetime = NINE,
    minutes: int = 30,
    *reminders: datetime,
) -> NewBooking:
    """A booking of the one agency; its technician is made when there is none."""
    found = find_credential(conn, "k")
    if found is None:
        agency = add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH)
        technician = add_technician(conn, agency, "Person", pin_lookup="k", pin_hash="h")
    else:
        technician = found.technician
    return NewBooking(
        requirements=ASKED,
        interpreter=who,
        starts_at=starts_at,
        agency=technician.agency.id,
        technician=technician.id,
        technician_number=number(901),
        migrant_number=number(902),
        minutes=minutes,
        reminders=reminders,
    )


def make_booking(
    conn: Connection,
    who: InterpreterId,
    starts_at: datetime = NINE,
    minutes: int = 30,
    *reminders: datetime,
) -> BookingId:
    made = store.book(conn, new_booking(conn, who, starts_at, minutes, *reminders), START)
    assert made is not None
    return made


def state(conn: Connection, which: BookingId) -> BookingState:
    found = store.find_booking(conn, which)
    assert found is not None
    return found.state


def test_a_booking_is_read_back_and_shows_no_number(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    asked = new_booking(conn, who, NINE, 30, NINE - 10 * MINUTE, NINE - 60 * MINUTE)
    which = store.book(conn, asked, START)
    assert which is not None
    found = store.find_booking(conn, which)
    assert found is not None
    assert (found.requirements, found.language, found.interpreter) == (ASKED, "uk", who)
    assert (found.starts_at, found.ends_at) == (NINE, NINE + 30 * MINUTE)
    assert (found.technician_number, found.migrant_number) == (number(901), number(902))
    assert (found.state, found.made_by, found.call) == (BookingState.BOOKED, MadeBy.PHONE, None)
    assert found.reminders == (NINE - 60 * MINUTE, NINE - 10 * MINUTE)
    assert not found.migrant_beside
    for shown in (repr(asked), repr(found), str(found)):
        assert "0000901" not in shown
        assert "0000902" not in shown
    beside = replace(asked, migrant_number=None, starts_at=NINE + 60 * MINUTE)
    which = store.book(conn, beside, START)
    assert which is not None
    again = store.find_booking(conn, which)
    assert again is not None
    assert again.migrant_beside
    assert store.find_booking(conn, BookingId(99)) is None


def test_what_was_keyed_with_a_request_is_kept_and_forgotten_with_its_end(
    conn: Connection,
) -> None:
    asked = replace(
        new_booking(conn, make_interpreter(conn, 1)),
        migrant_number=None,
        dial_in_code="204815",
        fields={FieldName.PROCESS_NUMBER: "55667"},
    )
    which = store.book(conn, asked, START)
    assert which is not None
    found = store.find_booking(conn, which)
    assert found is not None
    assert (found.dial_in_code, found.fields) == (asked.dial_in_code, asked.fields)
    assert (found.migrant_beside, found.migrant_number) == (False, None)
    assert not found.voicemail_allowed
    for shown in (repr(asked), repr(found), str(found)):
        assert "204815" not in shown
        assert "55667" not in shown
    assert store.keeps_code(conn, "204815")
    assert store.hour_of_code(conn, "204815") == NINE
    assert not store.keeps_code(conn, "204816")
    assert store.cancel(conn, which, START)
    over = store.find_booking(conn, which)
    assert over is not None
    assert (over.dial_in_code, over.fields, over.migrant_beside) == (None, {}, False)
    assert not store.keeps_code(conn, "204815")
    assert store.hour_of_code(conn, "204815") is None


@pytest.mark.parametrize("allowed", [True, False])
def test_whether_a_message_may_be_left_is_kept(conn: Connection, allowed: bool) -> None:
    asked = new_booking(conn, make_interpreter(conn, 1))
    which = store.book(conn, replace(asked, voicemail_allowed=allowed), START)
    assert which is not None
    found = store.find_booking(conn, which)
    assert found is not None
    assert found.voicemail_allowed is allowed


def test_a_migrant_comes_in_one_way(conn: Connection) -> None:
    with pytest.raises(ValueError, match="a number or a code"):
        replace(new_booking(conn, make_interpreter(conn, 1)), dial_in_code="204815")


@pytest.mark.parametrize(
    ("offset", "minutes", "free"),
    [
        (-30, 30, True),
        (-30, 31, False),
        (0, 30, False),
        (15, 1, False),
        (30, 15, True),
        (-60, 200, False),
    ],
)
def test_two_bookings_of_one_interpreter_never_overlap(
    conn: Connection, offset: int, minutes: int, free: bool
) -> None:
    one, two = make_interpreter(conn, 1), make_interpreter(conn, 2)
    which = make_booking(conn, one)
    second = new_booking(conn, one, NINE + offset * MINUTE, minutes)
    made = store.book(conn, second, START)
    assert (made is not None) is free
    assert len(store.bookings_between(conn, NINE - 600 * MINUTE, NINE + 600 * MINUTE)) == 1 + free
    # What was refused holds nobody, and others are not concerned.
    assert store.book(conn, replace(second, interpreter=two), START) is not None
    assert store.cancel(conn, which, START)
    if not free:
        assert store.book(conn, second, START) is not None


@pytest.mark.thorough
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 12), st.integers(1, 100), st.booleans()),
        max_size=12,
    )
)
def test_whatever_is_booked_and_cancelled_nobody_is_held_twice(
    wanted: list[tuple[int, int, int, bool]],
) -> None:
    database = InlineDatabase()

    def work(conn: Connection) -> None:
        people = [make_interpreter(conn, place) for place in range(2)]
        held: list[Busy] = []
        for place, quarter, minutes, cancelled in wanted:
            who, begin = people[place], NINE + quarter * 15 * MINUTE
            # Quarters are held whole.
            end = begin + -(-minutes // 15) * 15 * MINUTE
            free = not any(
                one.interpreter == who and one.start < end and begin < one.end for one in held
            )
            made = store.book(conn, new_booking(conn, who, begin, minutes), START)
            assert (made is not None) is free
            if made is not None and cancelled:
                assert store.cancel(conn, made, START)
            elif free:
                held.append(Busy(who, begin, end))
        assert len(store.busy_between(conn, NINE, NINE + 600 * MINUTE)) == len(held)

    database.run_now(work)
    database.close()


# --- dialling ----------------------------------------------------------------------------------


def test_a_due_booking_is_claimed_once_and_dialled_once(conn: Connection) -> None:
    which = make_booking(conn, make_interpreter(conn, 1))
    beat(conn, "one", NINE)
    beat(conn, "two", NINE)
    assert store.claim_due(conn, NINE - MINUTE, "one") == []
    [mine] = store.claim_due(conn, NINE, "one")
    assert mine.id == which
    assert store.claim_due(conn, NINE, "one", {which}) == []
    assert store.claim_due(conn, NINE, "two") == []
    assert not store.begin_dialling(conn, which, make_call(conn), NINE, "two")
    call = make_call(conn)
    assert store.begin_dialling(conn, which, call, NINE, "one")
    # Who was not told so may ask again; another call is another matter.
    assert store.begin_dialling(conn, which, call, NINE, "one")
    assert not store.begin_dialling(conn, which, make_call(conn), NINE, "one")
    assert not store.cancel(conn, which, NINE)
    # However silent the process is from now on: the call is there, and is taken over as a call.
    assert store.claim_due(conn, NINE + 10 * MINUTE, "two") == []
    assert store.mark_missed(conn, NINE + 600 * MINUTE) == []
    found = store.booking_of_call(conn, call)
    assert found is not None
    assert (found.id, found.state) == (which, BookingState.DIALLING)
    assert store.finish(conn, which, NINE + 20 * MINUTE)
    assert not store.finish(conn, which, NINE + 20 * MINUTE)
    assert state(conn, which) is BookingState.DONE


def test_what_a_dead_process_claimed_is_claimed_again(conn: Connection) -> None:
    which = make_booking(conn, make_interpreter(conn, 1))
    beat(conn, "one", NINE)
    assert len(store.claim_due(conn, NINE, "one")) == 1
    still = NINE + SILENT_FOR - timedelta(microseconds=1)
    assert store.claim_due(conn, still, "two") == []
    beat(conn, "one", NINE + MINUTE)
    assert store.claim_due(conn, NINE + SILENT_FOR + MINUTE / 2, "two") == []
    [theirs] = store.claim_due(conn, NINE + MINUTE + SILENT_FOR, "two")
    assert theirs.id == which
    # The first one was not dead after all: it comes too late.
    assert not store.begin_dialling(conn, which, make_call(conn), NINE + 2 * MINUTE, "one")
    assert store.begin_dialling(conn, which, make_call(conn), NINE + 2 * MINUTE, "two")


def test_what_a_process_claimed_and_does_not_dial_is_claimed_by_it_again(
    conn: Connection,
) -> None:
    which = make_booking(conn, make_interpreter(conn, 1))
    beat(conn, "one", NINE)
    assert len(store.claim_due(conn, NINE, "one")) == 1
    assert [one.id for one in store.claim_due(conn, NINE, "one")] == [which]
    assert store.claim_due(conn, NINE, "two") == []
    assert store.begin_dialling(conn, which, make_call(conn), NINE, "one")
    assert store.claim_due(conn, NINE, "one") == []


def test_who_claimed_in_time_may_not_dial_when_the_time_is_over(conn: Connection) -> None:
    which = make_booking(conn, make_interpreter(conn, 1))
    store.claim_due(conn, NINE, "one")
    end = NINE + 30 * MINUTE
    assert not store.begin_dialling(conn, which, make_call(conn), end, "one")


def test_the_earliest_is_claimed_first(conn: Connection) -> None:
    ids = [
        make_booking(conn, make_interpreter(conn, place), NINE + shift * MINUTE)
        for place, shift in ((1, 15), (2, 0), (3, 30))
    ]
    due = store.claim_due(conn, NINE + 20 * MINUTE, "one")
    assert [one.id for one in due] == [ids[1], ids[0]]


def test_a_booking_whose_time_passed_is_missed_and_not_dialled(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    which = make_booking(conn, who)
    end = NINE + 30 * MINUTE
    assert store.mark_missed(conn, end - timedelta(microseconds=1)) == []
    assert len(store.claim_due(conn, end - timedelta(microseconds=1), "one")) == 1
    assert store.claim_due(conn, end, "two") == []
    assert store.mark_missed(conn, end) == [which]
    assert store.mark_missed(conn, end) == []
    assert state(conn, which) is BookingState.MISSED
    assert not store.begin_dialling(conn, which, make_call(conn), end, "one")


@pytest.mark.parametrize("ending", ["done", "cancelled", "missed"])
def test_numbers_are_forgotten_and_the_interpreter_is_free(conn: Connection, ending: str) -> None:
    who = make_interpreter(conn, 1)
    which = make_booking(conn, who)
    if ending == "done":
        store.claim_due(conn, NINE, "one")
        store.begin_dialling(conn, which, make_call(conn), NINE, "one")
        assert [one.interpreter for one in store.busy_between(conn, NINE, NINE + MINUTE)] == [who]
        store.finish(conn, which, NINE)
    elif ending == "cancelled":
        store.cancel(conn, which, START)
        assert not store.cancel(conn, which, START)
    else:
        store.mark_missed(conn, NINE + 30 * MINUTE)
    found = store.find_booking(conn, which)
    assert found is not None
    assert found.state == ending
    assert (found.technician_number, found.migrant_number) == (None, None)
    assert conn.execute(select(booking_quarter)).all() == []
    assert store.busy_between(conn, NINE, NINE + MINUTE) == []
    assert store.next_booking_of(conn, who, START) is None


def test_who_is_kept_free_is_known_until_the_call_is_dialled(conn: Connection) -> None:
    who, other = make_interpreter(conn, 1), make_interpreter(conn, 2)
    which, theirs = make_booking(conn, who), make_booking(conn, other)
    known = store.revision(conn)
    assert {one.interpreter for one in store.waiting_after(conn, NINE + 29 * MINUTE)} == {
        who,
        other,
    }
    assert store.waiting_after(conn, NINE + 30 * MINUTE) == []
    assert store.let_go(conn, theirs, other)
    assert store.revision(conn) > known
    assert [one.interpreter for one in store.waiting_after(conn, NINE)] == [who]
    store.claim_due(conn, NINE, "one")
    known = store.revision(conn)
    assert store.begin_dialling(conn, which, make_call(conn), NINE, "one")
    # Said by whoever has rung them, so that they are nobody's at no moment.
    assert store.revision(conn) == known
    assert store.waiting_after(conn, NINE) == []
    store.changed(conn)
    assert store.revision(conn) > known


def test_who_is_kept_free_again_is_known_when_a_booking_is_to_be_dialled_again(
    conn: Connection,
) -> None:
    which, call = make_booking(conn, make_interpreter(conn, 1)), make_call(conn)
    store.claim_due(conn, NINE, "one")
    assert store.begin_dialling(conn, which, call, NINE, "one")
    # As whoever reads the roster then has it, for one when a bridge begins.
    known = store.revision(conn)
    assert store.waiting_after(conn, NINE) == []
    assert store.dial_again(conn, call)
    assert len(store.waiting_after(conn, NINE)) == 1
    assert store.revision(conn) > known
    known = store.revision(conn)
    assert not store.dial_again(conn, call)
    assert store.revision(conn) == known


# --- reading -----------------------------------------------------------------------------------


def test_the_next_booking_of_an_interpreter_is_the_one_that_is_not_over(conn: Connection) -> None:
    who, other = make_interpreter(conn, 1), make_interpreter(conn, 2)
    later = make_booking(conn, who, NINE + 60 * MINUTE)
    first = make_booking(conn, who)
    make_booking(conn, other, NINE)
    told = [
        found.id if found is not None else None
        for shift in (-600, 29, 30, 89, 90)
        for found in [store.next_booking_of(conn, who, NINE + shift * MINUTE)]
    ]
    assert told == [first, first, later, later, None]


def test_bookings_of_a_span_are_those_that_touch_it(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    first = make_booking(conn, who)
    second = make_booking(conn, who, NINE + 30 * MINUTE)
    store.cancel(conn, second, START)

    def between(start: int, end: int, states: frozenset[BookingState] = LIVE) -> list[BookingId]:
        found = store.bookings_between(conn, NINE + start * MINUTE, NINE + end * MINUTE, states)
        return [one.id for one in found]

    assert between(-60, 0) == []
    assert between(-60, 1) == [first]
    assert between(29, 31) == [first]
    assert between(30, 60) == []
    assert between(29, 31, frozenset(BookingState)) == [first, second]
    assert store.busy_between(conn, NINE, NINE + 60 * MINUTE) == [
        Busy(who, NINE, NINE + 30 * MINUTE)
    ]


def test_each_reminder_is_taken_once_and_late_ones_are_skipped(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    early, soon = NINE - 60 * MINUTE, NINE - 10 * MINUTE
    which = make_booking(conn, who, NINE, 30, early, soon)
    gone = make_booking(conn, who, NINE + 30 * MINUTE, 30, early)
    store.cancel(conn, gone, START)
    assert store.take_reminders(conn, early - MINUTE, "one") == []
    told = store.take_reminders(conn, early, "one")
    assert [(one.id, moment) for one, moment in told] == [(which, early)]
    assert store.take_reminders(conn, early, "two") == []
    told = store.take_reminders(conn, soon, "two")
    assert [(one.id, moment) for one, moment in told] == [(which, soon)]
    late = make_booking(conn, who, NINE + 60 * MINUTE, 30, early, soon)
    # Two at once are one; after the start there is nothing to be reminded of.
    told = store.take_reminders(conn, NINE, "one")
    assert [(one.id, moment) for one, moment in told] == [(late, soon)]
    make_booking(conn, who, NINE + 90 * MINUTE, 30, soon)
    assert store.take_reminders(conn, NINE + 90 * MINUTE, "one") == []
