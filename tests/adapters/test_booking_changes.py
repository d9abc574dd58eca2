# SPDX-License-Identifier: EUPL-1.2
"""A booked call is shown, and how its migrant comes is changed, on a real SQLite file."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.agencies.model import FieldName
from bridge.bookings import store as bookings
from bridge.bookings.changes_store import changes_of
from bridge.bookings.model import Booking, BookingId
from bridge.commands import base
from bridge.commands.base import in_database
from bridge.vocabulary import PhoneNumber
from tests.adapters.coordinator import (
    ANA,
    MIGRANT,
    NOW,
    NUMBER,
    filled_database,
    instant,
    noon,
    read,
    refused,
    rows,
    run,
)

PRINTED = "218 106 191"
WANTED = ("process-number=5-9", "department=2", "cost_centre=1")
CHANGE, SHOW = ("bookings", "change", "1"), ("bookings", "show", "1")
OTHER_MIGRANT = "912000098"
TOO_LATE = (
    "booking 1 cannot be changed: it is over, or its hour has come; `stt-bridge bookings` lists "
    "those to come"
)


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = filled_database(tmp_path, monkeypatch)
    run("agencies", "fields", "set", "4021", *WANTED)
    return file


def book(*words: str) -> None:
    run(
        *("book", "--language", "uk", "--agency", "4021", "--technician", "1"),
        *("--number", NUMBER, "--at", noon(), *words),
    )


def stored() -> Booking:
    found = in_database(lambda conn: bookings.find_booking(conn, BookingId(1)))
    assert found is not None
    return found


def told() -> list[object]:
    """The events of the booking."""
    return [dict(one.data) for one in in_database(lambda conn: changes_of(conn, BookingId(1)))]


# --- shown ---------------------------------------------------------------------------------------


def test_everything_but_the_secrets_is_shown() -> None:
    book("--dial-in", "--field", "process_number=0012345")
    code = stored().dial_in_code
    assert code is not None
    shown = run(*SHOW).stdout
    assert shown.splitlines()[0].endswith("12:00, 30 minutes, booked")
    assert f"interpreter: {ANA}\n" in shown
    assert "migrant: dials in\n" in shown
    assert "fields: process_number\n" in shown
    assert "the agency also wants: department, cost_centre\n" in shown
    found = read(*SHOW)
    assert found["fields_lacking"] == ["department", "cost_centre"]
    assert (found["agency"], found["changes"]) == ("4021", [])
    for output in (shown, run(*SHOW, "--json").stdout):
        assert not re.search(f"{code}|0012345|{NUMBER}", output)


def test_a_forgotten_code_and_what_was_keyed_are_shown_when_asked_for() -> None:
    book("--dial-in", "--field", "process_number=0012345")
    code = stored().dial_in_code
    shown = run(*SHOW, "--reveal").stdout
    assert f"to dial in, the migrant rings {PRINTED} and keys * {code}\n" in shown
    assert "process_number: 0012345\n" in shown
    found = read(*SHOW, "--reveal")
    assert found["dial_in"] == {"number": "+351218106191", "code": code}
    assert found["keyed"] == {"process_number": "0012345"}
    assert NUMBER not in shown


def test_of_a_call_that_is_over_nothing_is_left_to_reveal() -> None:
    book("--dial-in", "--field", "process_number=0012345")
    run("bookings", "cancel", "1")
    shown = run(*SHOW, "--reveal").stdout
    assert "cancelled" in shown
    assert "migrant: forgotten, for it is over\n" in shown
    assert read(*SHOW, "--reveal")["dial_in"] is None


def test_it_is_shown_where_the_migrant_is_rung_and_whether_a_message_may_be_left() -> None:
    book("--migrant", MIGRANT, "--voicemail")
    shown = run(*SHOW).stdout
    assert re.search(r"migrant: rung at \+351.*, a voicemail gets a message\n", shown)
    assert MIGRANT not in shown
    run(*CHANGE, "--beside")
    assert "migrant: beside the technician\n" in run(*SHOW).stdout


# --- changed -------------------------------------------------------------------------------------


def test_the_migrant_comes_in_another_way_and_the_former_is_forgotten(database: Path) -> None:
    book("--migrant", MIGRANT, "--voicemail")
    said = run(*CHANGE, "--dial-in").stdout
    found = re.search(rf"on the migrant rings {PRINTED} and keys \* ([0-9]{{6}})\n", said)
    assert found is not None, said
    one = stored()
    assert (one.dial_in_code, one.migrant_number, one.migrant_beside) == (found[1], None, False)
    assert not one.voicemail_allowed
    assert in_database(lambda conn: bookings.hour_of_code(conn, found[1])) == instant(noon())
    assert not any(MIGRANT in row for row in rows(database))

    run(*CHANGE, "--migrant", OTHER_MIGRANT)
    one = stored()
    assert (one.dial_in_code, one.migrant_number) == (None, PhoneNumber.parse(OTHER_MIGRANT))
    assert not one.voicemail_allowed
    assert not any(found[1] in row for row in rows(database))

    run(*CHANGE, "--beside")
    assert (stored().migrant_number, stored().migrant_beside) == (None, True)
    assert told() == [{"migrant": "dial_in"}, {"migrant": "ring"}, {"migrant": "beside"}]


def test_who_has_a_code_keeps_it_and_hears_it_again() -> None:
    book("--dial-in")
    code = stored().dial_in_code
    assert f"keys * {code}\n" in run(*CHANGE, "--dial-in").stdout
    assert stored().dial_in_code == code


def test_what_is_not_named_stays_as_it_was() -> None:
    book("--migrant", MIGRANT, "--voicemail", "--field", "cost_centre=7")
    before = stored()
    run(*CHANGE, "--field", "process-number=0012345")
    assert stored().fields == {
        FieldName.PROCESS_NUMBER: "0012345",
        FieldName.COST_CENTRE: "7",
    }
    assert (stored().migrant_number, stored().voicemail_allowed) == (before.migrant_number, True)
    assert (stored().starts_at, stored().interpreter) == (before.starts_at, before.interpreter)
    run(*CHANGE, "--no-voicemail", "--no-field", "cost-centre", "--field", "process_number=54321")
    assert stored().fields == {FieldName.PROCESS_NUMBER: "54321"}
    assert not stored().voicemail_allowed
    run(*CHANGE, "--migrant", OTHER_MIGRANT, "--voicemail", "--no-field", "process_number")
    assert (stored().fields, stored().voicemail_allowed) == ({}, True)
    assert told() == [
        {"fields": "process_number"},
        {"voicemail_allowed": False, "fields": "process_number", "without": "cost_centre"},
        {"migrant": "ring", "voicemail_allowed": True, "without": "process_number"},
    ]
    assert "with process number; without cost centre\n" in run(*SHOW).stdout
    assert [one["fields"] for one in read(*SHOW)["changes"][:2]] == ["process_number"] * 2


def test_nothing_written_is_in_what_is_kept_of_a_change(database: Path) -> None:
    book()
    run(*CHANGE, "--migrant", MIGRANT, "--field", "process_number=0012345")
    run("bookings", "cancel", "1")
    assert not any(re.search(f"0012345|{MIGRANT}", row) for row in rows(database))
    assert told() == [{"migrant": "ring", "fields": "process_number"}]


# --- too late ------------------------------------------------------------------------------------


def test_from_its_hour_on_it_is_as_it_is(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book()
    monkeypatch.setattr(base, "now", lambda: instant(noon()) - timedelta(seconds=1))
    run(*CHANGE, "--dial-in")
    before = rows(database)
    monkeypatch.setattr(base, "now", lambda: instant(noon()))
    assert refused(*CHANGE, "--beside") == TOO_LATE
    assert rows(database) == before


def test_what_a_process_is_about_to_dial_or_is_over_cannot_be_changed(database: Path) -> None:
    book()
    hour = instant(noon())
    # The clock of the process that dials is a little ahead.
    assert in_database(lambda conn: bookings.claim_due(conn, hour, "p")) != []
    assert refused(*CHANGE, "--dial-in") == TOO_LATE
    run("bookings", "cancel", "1")
    before = rows(database)
    assert refused(*CHANGE, "--dial-in") == TOO_LATE
    assert rows(database) == before
    assert hour > NOW


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "say what changes: --migrant, --dial-in, --beside, --voicemail, --field or --no"),
        (("--dial-in", "--beside"), "give one of --migrant, --dial-in and --beside"),
        (("--dial-in", "--migrant", MIGRANT), "give one of --migrant, --dial-in and --beside"),
        (("--voicemail",), "give their number with --migrant, or leave --voicemail out"),
        (("--dial-in", "--voicemail"), "no voicemail answers where no migrant is rung"),
        (("--migrant", "112"), "never dialled by the bridge; give another one"),
        (("--field", "room=12345"), "no field of that name; use one of process_number, department"),
        (("--field", "department=1a"), "check it and write it again"),
        (("--no-field", "room"), "there is no field of that name"),
        (("--no-field", "department"), "booking 1 has no department; `stt-bridge bookings show 1`"),
        (
            ("--no-field", "cost_centre", "--field", "cost_centre=8"),
            "cost_centre is given and taken away; leave --no-field out",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy_and_leaves_nothing(
    database: Path, words: tuple[str, ...], sentence: str
) -> None:
    book("--field", "cost_centre=7")
    before = rows(database)
    said = refused(*CHANGE, *words)
    assert sentence in said
    assert not any(value in said for value in ("12345", "1a", "room"))
    assert rows(database) == before


def test_there_is_no_such_booking() -> None:
    sentence = "there is no booking 7; `stt-bridge bookings --all` tells their numbers"
    assert refused("bookings", "show", "7") == sentence
    assert refused("bookings", "change", "7", "--beside") == sentence
