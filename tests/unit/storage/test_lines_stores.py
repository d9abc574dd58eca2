# SPDX-License-Identifier: EUPL-1.2
"""Callers' locks and languages, operators, call-backs at opening, closures, fields and dials."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import IntegrityError

from bridge.agencies.model import AgencyKind, FieldName
from bridge.agencies.store import add_agency, add_technician, set_dial_allowed
from bridge.callers import store as callers
from bridge.callers.keys import CallerKeys
from bridge.callers.model import (
    CODE_SPAN,
    CODE_TRIES,
    FORGIVEN_AFTER,
    MOST_CODE_TRIES,
    REMEMBERED,
)
from bridge.callers.store import Attempt
from bridge.conference import fields_store
from bridge.conference import store as conference
from bridge.conference.model import CallState, Outcome
from bridge.hours import store as hours
from bridge.hours.directory import load_directory
from bridge.hours.localtime import LISBON
from bridge.hours.model import Why
from bridge.openings import store as openings
from bridge.openings.model import ABANDONED_AFTER, MOST_OPEN, MOST_TRIES, OpeningState
from bridge.operators import store as operators
from bridge.operators.model import OperatorId
from bridge.telephony import dials_store as dials
from bridge.telephony.gate import BUDGET_SPAN, DialBudget, NotPermitted, Refusal
from bridge.vocabulary import AgencyId, LanguageTag, PhoneNumber, Role, TechnicianId
from tests.storage_samples import PEPPER, START, make_call, number

KEYS = CallerKeys(PEPPER)
HERE = KEYS.caller(number(1))
THERE = KEYS.caller(number(2))
NOWHERE = KEYS.caller(None)
CODE = KEYS.code("1024")
MINUTE = timedelta(minutes=1)
UK, AR, EN = LanguageTag("uk"), LanguageTag("ar"), LanguageTag("en")


def everything_in(conn: Connection, *tables: Table) -> str:
    return repr([tuple(row) for table in tables for row in conn.execute(select(table))])


# --- callers -----------------------------------------------------------------------------------


def test_three_wrong_tries_lock_this_caller_and_nobody_else(conn: Connection) -> None:
    who = Attempt(HERE, CODE)
    for _ in range(3):
        assert callers.may_try(conn, who, START)
        callers.claim(conn, who, START)
    assert not callers.may_try(conn, who, START)
    assert not callers.may_try(conn, Attempt(HERE, KEYS.code("2051")), START)
    assert callers.may_try(conn, Attempt(THERE, CODE), START)
    assert callers.may_try(conn, who, START + MINUTE)


def test_tries_during_a_lock_do_not_count(conn: Connection) -> None:
    who = Attempt(HERE, CODE)
    for _ in range(40):
        callers.claim(conn, who, START)
    assert callers.may_try(conn, who, START + MINUTE)


def test_being_right_forgives_the_caller(conn: Connection) -> None:
    who = Attempt(HERE, CODE, own=True)
    for _ in range(5):
        callers.claim(conn, who, START)
        callers.claim(conn, who, START)
        callers.right(conn, who, START)
        assert callers.may_try(conn, who, START)


def test_being_right_does_not_forgive_what_others_guessed(conn: Connection) -> None:
    for place in range(CODE_TRIES - 1):
        callers.claim(conn, Attempt(KEYS.caller(number(100 + place)), CODE), START)
    honest = Attempt(HERE, CODE)
    for second in range(5):
        at = START + timedelta(seconds=second)
        assert callers.claim(conn, honest, at)
        assert not callers.may_try(conn, Attempt(THERE, CODE), at)
        callers.right(conn, honest, at)
        assert callers.may_try(conn, Attempt(THERE, CODE), at)
    callers.claim(conn, Attempt(THERE, CODE), START)
    assert not callers.claim(conn, honest, START)


def test_a_code_tried_from_many_numbers_closes_to_all_but_its_own(conn: Connection) -> None:
    for place in range(CODE_TRIES):
        stranger = Attempt(KEYS.caller(number(100 + place)), CODE)
        assert callers.may_try(conn, stranger, START)
        callers.claim(conn, stranger, START)
    assert not callers.may_try(conn, Attempt(THERE, CODE), START)
    assert callers.may_try(conn, Attempt(THERE, KEYS.code("2051")), START)
    assert callers.may_try(conn, Attempt(HERE, CODE, own=True), START)
    assert callers.may_try(conn, Attempt(THERE, CODE), START + 15 * MINUTE)


def test_two_days_of_guessing_from_ever_new_numbers_are_few_tries_and_lock_nobody_at_home(
    conn: Connection,
) -> None:
    allowed = []
    for place, minute in enumerate(range(0, 2 * 24 * 60, 4)):
        at = START + minute * MINUTE
        if callers.claim(conn, Attempt(KEYS.caller(number(100 + place)), CODE), at):
            allowed.append(at)
        if minute % 60 == 0:
            own = Attempt(HERE, CODE, own=True)
            assert callers.claim(conn, own, at)
            callers.right(conn, own, at)
    for first, after in zip(allowed, allowed[MOST_CODE_TRIES:], strict=False):
        assert after - first >= CODE_SPAN
    assert MOST_CODE_TRIES < len(allowed) <= 2 * MOST_CODE_TRIES


def test_mistakes_at_the_agencys_own_telephones_close_nothing(conn: Connection) -> None:
    for place in range(3 * CODE_TRIES):
        callers.claim(conn, Attempt(KEYS.caller(number(100 + place)), CODE, own=True), START)
    assert callers.may_try(conn, Attempt(THERE, CODE), START)


def test_withheld_numbers_share_a_lock_that_stays_short(conn: Connection) -> None:
    at = START
    for _ in range(60):
        while not callers.may_try(conn, Attempt(NOWHERE), at):
            at += MINUTE
        callers.claim(conn, Attempt(NOWHERE), at)
    assert callers.may_try(conn, Attempt(NOWHERE), at + 15 * MINUTE)


def test_a_language_is_remembered_until_it_is_forgotten(conn: Connection) -> None:
    assert callers.language_of(conn, HERE) is None
    callers.remember_language(conn, HERE, UK, START)
    callers.remember_language(conn, HERE, AR, START + MINUTE)
    callers.remember_language(conn, THERE, EN, START)
    assert callers.language_of(conn, HERE) == AR
    assert callers.forget(conn, START + REMEMBERED) == 1
    assert callers.language_of(conn, THERE) is None
    assert callers.language_of(conn, HERE) == AR


def test_nothing_is_remembered_of_a_withheld_number(conn: Connection) -> None:
    callers.remember_language(conn, NOWHERE, UK, START)
    assert callers.language_of(conn, NOWHERE) is None
    assert conn.execute(select(callers.caller_language)).all() == []


def test_locks_are_forgotten_only_once_they_are_forgiven(conn: Connection) -> None:
    for _ in range(3):
        callers.claim(conn, Attempt(HERE, CODE), START)
    locked_until = START + MINUTE
    assert callers.forget(conn, START + CODE_SPAN - MINUTE / 2) == 0
    assert callers.forget(conn, START + CODE_SPAN) == 1  # the code's
    assert callers.forget(conn, locked_until + FORGIVEN_AFTER - MINUTE / 2) == 0
    assert callers.forget(conn, locked_until + FORGIVEN_AFTER) == 1


def test_codes_that_a_locked_caller_keys_leave_nothing_behind(conn: Connection) -> None:
    for place in range(20):
        callers.claim(conn, Attempt(HERE, KEYS.code(f"{place:04d}")), START)
    callers.forget(conn, START + 2 * FORGIVEN_AFTER)
    assert everything_in(conn, callers.caller_lock, callers.code_lock) == "[]"


def test_no_number_and_no_code_is_stored_or_shown(conn: Connection) -> None:
    callers.remember_language(conn, HERE, UK, START)
    callers.claim(conn, Attempt(HERE, CODE), START)
    told = everything_in(conn, callers.caller_lock, callers.code_lock, callers.caller_language)
    assert number(1).e164[1:] not in told
    assert "'1024'" not in told
    assert KEYS.caller(number(1)) == HERE
    assert CallerKeys("another" + PEPPER).caller(number(1)) != HERE
    assert HERE.digest not in repr(Attempt(HERE, CODE))


# --- operators ---------------------------------------------------------------------------------


def make_operators(conn: Connection) -> tuple[OperatorId, OperatorId]:
    one = operators.add(conn, "One", number(1), (UK, EN))
    other = operators.add(conn, "Other", number(2), (AR,))
    operators.set_duty(conn, one, True)
    operators.set_duty(conn, other, True, until=START + MINUTE)
    return one, other


def test_whoever_is_on_duty_is_asked_the_longest_idle_first(conn: Connection) -> None:
    one, other = make_operators(conn)
    assert [found.id for found in operators.on_duty(conn, START)] == [one, other]
    operators.mark_call(conn, one, START)
    assert [found.id for found in operators.on_duty(conn, START)] == [other, one]
    operators.mark_call(conn, other, START + MINUTE / 2)
    operators.mark_call(conn, other, START - MINUTE)
    assert [found.id for found in operators.on_duty(conn, START)] == [one, other]
    assert operators.on_duty(conn, START)[0].languages == (UK, EN)
    assert operators.on_duty(conn, START)[0].speaks(EN)


def test_duty_ends_by_itself_and_by_a_word(conn: Connection) -> None:
    one, other = make_operators(conn)
    assert [found.id for found in operators.on_duty(conn, START + MINUTE)] == [one]
    operators.set_duty(conn, one, False, until=START + 9 * MINUTE)
    assert operators.on_duty(conn, START + MINUTE) == []
    for found in operators.load_operators(conn):
        assert found.on_duty_at(START) == (found.id == other)
        assert not found.on_duty_at(START + MINUTE)
    with pytest.raises(LookupError):
        operators.set_duty(conn, OperatorId(99), True)


def test_an_operator_is_found_by_number_and_shown_without_it(conn: Connection) -> None:
    one, _ = make_operators(conn)
    found = operators.find_operator(conn, number(1))
    assert found is not None
    assert found.id == one
    assert number(1).e164 not in repr(found)
    assert "One" not in repr(found)
    assert operators.find_operator(conn, number(3)) is None
    with pytest.raises(IntegrityError):
        operators.add(conn, "Third", number(2), ())


# --- call-backs at opening ---------------------------------------------------------------------


def promised(conn: Connection, to: PhoneNumber, line: str = "lam") -> bool:
    return openings.promise(conn, line, to, UK, Role.MIGRANT, START, START - MINUTE)


def test_one_promise_for_a_number_and_line(conn: Connection) -> None:
    assert promised(conn, number(1))
    assert openings.promise(conn, "lam", number(1), AR, Role.TECHNICIAN, START, START)
    assert promised(conn, number(1), "stt")
    assert promised(conn, number(2))
    assert openings.due(conn, START - MINUTE) == []
    found = openings.due(conn, START)
    assert [(one.line, one.number, one.language, one.role) for one in found] == [
        ("lam", number(1), AR, Role.TECHNICIAN),
        ("stt", number(1), UK, Role.MIGRANT),
        ("lam", number(2), UK, Role.MIGRANT),
    ]


def test_a_line_promises_so_many_call_backs_and_no_more(conn: Connection) -> None:
    for place in range(MOST_OPEN):
        assert promised(conn, number(place))
    assert not promised(conn, number(MOST_OPEN))
    assert promised(conn, number(0)), "who was promised one keeps it"
    assert promised(conn, number(MOST_OPEN), "stt")
    open_ones = openings.due(conn, START)
    assert len(open_ones) == MOST_OPEN + 1
    assert openings.done(conn, open_ones[0].id, START)
    assert promised(conn, number(MOST_OPEN))


def test_an_open_promise_takes_the_newer_wish(conn: Connection) -> None:
    promised(conn, number(1))
    for wish in (True, False):
        who = ("lam", number(1), UK, Role.MIGRANT)
        assert openings.promise(conn, *who, START, START, for_operator=wish)
        [found] = openings.due(conn, START)
        assert found.for_operator is wish
    openings.promise(conn, "lam", number(2), None, Role.MIGRANT, START, START, for_operator=True)
    assert [one.for_operator for one in openings.due(conn, START)] == [False, True]


def test_an_open_promise_is_kept_at_the_hour_that_was_told_last(conn: Connection) -> None:
    promised(conn, number(1))
    who = ("lam", number(1), UK, Role.MIGRANT)
    assert openings.promise(conn, *who, START - 3 * MINUTE, START - 4 * MINUTE)
    [found] = openings.due(conn, START - 3 * MINUTE)
    assert found.due_at == START - 3 * MINUTE
    # One whose day is long past is as young as the last word about it.
    assert openings.promise(
        conn, *who, START + 2880 * MINUTE, START + 2880 * MINUTE, for_operator=True
    )
    assert openings.due(conn, START + 2880 * MINUTE - MINUTE) == []
    [found] = openings.due(conn, START + 2880 * MINUTE)
    assert found.due_at == START + 2880 * MINUTE


def test_who_asks_again_during_the_last_try_is_promised_anew(conn: Connection) -> None:
    promised(conn, number(1))
    at = START
    for turn in range(MOST_TRIES):
        [found] = openings.due(conn, at)
        assert openings.take(conn, found.id, at)
        if turn + 1 < MOST_TRIES:
            assert openings.not_reached(conn, found.id, at, at)
    # They ring us while we ring them: so they are found busy.
    assert openings.promise(conn, "lam", number(1), UK, Role.MIGRANT, at, at)
    assert openings.due(conn, at) == []
    assert openings.not_reached(conn, found.id, at, at + MINUTE)
    [again] = openings.due(conn, at + MINUTE)
    assert again.id == found.id


def test_a_call_back_is_rung_by_one_only_and_its_number_forgotten(conn: Connection) -> None:
    promised(conn, number(1))
    [found] = openings.due(conn, START)
    assert openings.take(conn, found.id, START)
    assert not openings.take(conn, found.id, START)
    assert openings.due(conn, START) == []
    assert openings.done(conn, found.id, START)
    assert not openings.done(conn, found.id, START)
    assert number(1).e164 not in everything_in(conn, openings.opening_call_back)
    assert promised(conn, number(1))


def test_whoever_does_not_answer_is_rung_three_times(conn: Connection) -> None:
    promised(conn, number(1))
    at, goes_on = START, True
    for turn in range(MOST_TRIES):
        assert goes_on
        [found] = openings.due(conn, at)
        assert found.tries == turn
        assert openings.take(conn, found.id, at)
        goes_on = openings.not_reached(conn, found.id, at, at + MINUTE)
        assert openings.due(conn, at) == []
        at += MINUTE
    assert not goes_on
    row = conn.execute(select(openings.opening_call_back)).one()
    assert (row.state, row.number, row.tries) == (OpeningState.GIVEN_UP.value, None, MOST_TRIES)


def test_what_a_dead_process_took_is_rung_by_another(conn: Connection) -> None:
    promised(conn, number(1))
    [found] = openings.due(conn, START)
    assert openings.take(conn, found.id, START)
    assert openings.due(conn, START + ABANDONED_AFTER - MINUTE) == []
    [again] = openings.due(conn, START + ABANDONED_AFTER)
    assert openings.take(conn, again.id, START + ABANDONED_AFTER)
    assert not openings.take(conn, again.id, START + ABANDONED_AFTER)


# --- closures ----------------------------------------------------------------------------------


def test_a_closed_day_is_closed_with_its_reason_until_it_is_opened_again(conn: Connection) -> None:
    monday = date(2024, 3, 4)
    at = datetime(2024, 3, 4, 10, tzinfo=LISBON)
    assert hours.directory_with(conn) is load_directory()
    hours.add_closure(conn, "lam", monday, "moving house")
    hours.add_closure(conn, "lam", monday, "strike")
    changed = hours.directory_with(conn)
    verdict = changed.line("lam").schedule.open_at(at)
    assert (verdict.open, verdict.why, verdict.name) == (False, Why.CLOSURE, "strike")
    assert changed.service("stt").schedule.open_at(at).open
    assert load_directory().line("lam").schedule.open_at(at).open
    assert [place for place, _ in hours.closures_from(conn, monday)] == ["lam"]
    assert hours.closures_from(conn, monday + timedelta(days=1)) == []
    assert hours.remove_closure(conn, "lam", monday)
    assert not hours.remove_closure(conn, "lam", monday)
    assert hours.directory_with(conn).line("lam").schedule.open_at(at).open


# --- codes and fields of a call ----------------------------------------------------------------


def test_a_code_to_come_in_with_is_one_open_calls_only(conn: Connection) -> None:
    one, other = make_call(conn), make_call(conn)
    assert conference.set_dial_in_code(conn, one, "000123")
    assert not conference.set_dial_in_code(conn, other, "000123")
    assert conference.find_by_dial_in(conn, "000123") == one
    row = conference.find_call(conn, one)
    assert row is not None
    assert row.dial_in_code == "000123"
    assert "000123" not in repr(row)
    assert conference.find_by_dial_in(conn, "") is None
    conference.close_call(conn, one, START, CallState.CLOSED, Outcome.INTERPRETED)
    assert conference.find_by_dial_in(conn, "000123") is None
    assert conference.set_dial_in_code(conn, other, "000123")
    with pytest.raises(LookupError):
        conference.set_dial_in_code(conn, one, "000124")


def test_fields_are_kept_beside_the_call_and_forgotten(conn: Connection) -> None:
    call = make_call(conn)
    fields_store.write_fields(conn, call, {FieldName.DEPARTMENT: "12"})
    fields_store.write_fields(
        conn, call, {FieldName.PROCESS_NUMBER: "99", FieldName.DEPARTMENT: "13"}
    )
    fields = {FieldName.PROCESS_NUMBER: "99", FieldName.DEPARTMENT: "13"}
    assert fields_store.fields_of(conn, call) == fields
    assert fields_store.forget_fields(conn, START + MINUTE) == 0  # it has not ended
    conference.close_call(conn, call, START, CallState.CLOSED, Outcome.INTERPRETED)
    assert fields_store.forget_fields(conn, START) == 0
    assert fields_store.forget_fields(conn, START + MINUTE) == 2
    assert fields_store.fields_of(conn, call) == {}


# --- dials -------------------------------------------------------------------------------------


def make_technicians(conn: Connection) -> tuple[AgencyId, TechnicianId, TechnicianId]:
    agency = add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH)
    one, other = (
        add_technician(conn, agency, name, pin_lookup=name, pin_hash="x").id for name in "ab"
    )
    return agency.id, one, other


def test_caps_for_a_technician_and_an_agency_within_any_hour(conn: Connection) -> None:
    agency, one, other = make_technicians(conn)
    budget = DialBudget(technician=2, agency=3)
    dials.spend(conn, agency, one, START, budget)
    dials.spend(conn, agency, one, START + MINUTE, budget)
    with pytest.raises(NotPermitted) as refused:
        dials.spend(conn, agency, one, START + MINUTE, budget)
    assert refused.value.reason is Refusal.TECHNICIAN_CAP
    dials.spend(conn, agency, other, START + MINUTE, budget)
    with pytest.raises(NotPermitted) as refused:
        dials.spend(conn, agency, other, START + MINUTE, budget)
    assert refused.value.reason is Refusal.AGENCY_CAP
    dials.spend(conn, agency, one, START + BUDGET_SPAN, budget)
    assert dials.forget_dials(conn, START + MINUTE) == 1


def test_an_agencys_own_cap_holds_when_none_is_given(conn: Connection) -> None:
    agency, one, other = make_technicians(conn)
    set_dial_allowed(conn, agency, ["+34"], hourly_cap=1)
    dials.spend(conn, agency, one, START)
    with pytest.raises(NotPermitted, match="wait"):
        dials.spend(conn, agency, other, START)
    set_dial_allowed(conn, agency, [], hourly_cap=0)
    with pytest.raises(NotPermitted):
        dials.spend(conn, agency, one, START + 2 * BUDGET_SPAN)
