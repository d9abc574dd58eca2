# SPDX-License-Identifier: EUPL-1.2
"""How a booked call's migrant comes in, and what its agency keeps, on a real SQLite file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bridge.agencies.model import FieldName
from bridge.bookings import store as bookings
from bridge.bookings.dial_in import free_code
from bridge.bookings.model import Booking, BookingId
from bridge.commands.base import in_database
from bridge.conference import store as calls
from bridge.vocabulary import CallId, PhoneNumber
from tests.adapters.coordinator import (
    MIGRANT,
    NOW,
    NUMBER,
    filled_database,
    noon,
    read,
    refused,
    rows,
    run,
)

LINE, PRINTED = "+351218106191", "218 106 191"
WANTED = ("process-number=5-9", "department=2", "cost_centre=1")
OF_ANOTHER = """
[[line]]
key = "outro"
pt = "Outra Linha"
en = "Another Line"
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]
"""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return filled_database(tmp_path, monkeypatch)


def book(*words: str, agency: str = "4021", technician: str = "1") -> tuple[str, ...]:
    return (
        *("book", "--language", "uk", "--agency", agency, "--technician", technician),
        *("--number", NUMBER, "--at", noon(), *words),
    )


def stored(which: int) -> Booking:
    found = in_database(lambda conn: bookings.find_booking(conn, BookingId(which)))
    assert found is not None
    return found


# --- dialling in ---------------------------------------------------------------------------------


def test_who_dials_in_gets_a_code_and_is_told_which_number_to_ring(database: Path) -> None:
    told = run(*book("--dial-in")).stdout
    found = re.search(rf"the migrant rings {PRINTED} and keys \* ([0-9]{{6}});", told)
    assert found is not None, told
    one = stored(1)
    assert (one.dial_in_code, one.migrant_number, one.migrant_beside) == (found[1], None, False)
    assert in_database(lambda conn: bookings.hour_of_code(conn, found[1])) == one.starts_at
    (listed,) = read("bookings")
    assert listed["migrant_dials_in"]
    # The list does not tell it.
    assert found[1] not in run("bookings").stdout + run("bookings", "--json").stdout
    run("bookings", "cancel", "1")
    assert not any(found[1] in row for row in rows(database))


def test_the_code_is_among_the_data_of_the_booking(database: Path) -> None:
    booked = read(*book("--dial-in"))
    assert booked["dial_in"] == {"number": LINE, "code": stored(booked["booking"]).dial_in_code}
    assert read(*book("--migrant", MIGRANT))["dial_in"] is None


def test_a_line_of_ones_own_is_told(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = 'numbers = ["+351 210 000 044"]\nfrom_anywhere = "+351 210 000 044"\n'
    file = tmp_path / "directory.toml"
    monkeypatch.setenv("STT_DIRECTORY", str(file))
    second = OF_ANOTHER.replace("outro", "segunda").replace("hours", f"{numbers}hours")
    file.write_text(OF_ANOTHER + second, encoding="utf-8")
    assert "the migrant rings 210 000 044 and keys" in run(*book("--dial-in")).stdout
    file.write_text(OF_ANOTHER, encoding="utf-8")
    assert "the migrant rings the line and keys" in run(*book("--dial-in")).stdout
    file.write_text("[[line]]", encoding="utf-8")
    assert "STT_DIRECTORY" in refused(*book("--dial-in"))
    assert len(read("bookings")) == 2


def test_no_code_is_drawn_that_leads_elsewhere(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([111111, 111111, 222222, 12, *[12] * 50, 33])

    def begin(conn: Connection) -> None:
        calls.open_call(conn, CallId("call-1"), LINE, NOW, "p")
        assert calls.set_dial_in_code(conn, CallId("call-1"), "222222")

    in_database(begin)
    monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))
    codes = [read(*book("--dial-in"))["dial_in"]["code"] for _ in range(2)]
    assert codes == ["111111", "000012"]
    assert in_database(free_code) is None
    assert in_database(free_code) == "000033"


# --- a voicemail ---------------------------------------------------------------------------------


@pytest.mark.parametrize("voicemail", [True, False])
def test_a_message_is_left_only_where_it_was_said(database: Path, voicemail: bool) -> None:
    words = ("--voicemail",) if voicemail else ()
    booked = read(*book("--migrant", MIGRANT, *words))
    assert booked["voicemail_allowed"] is voicemail
    one = stored(booked["booking"])
    assert one.voicemail_allowed is voicemail
    assert one.migrant_number == PhoneNumber.parse(MIGRANT)


# --- what the agency wants with each call --------------------------------------------------------


def test_what_the_agency_wants_is_kept_with_the_booking(database: Path) -> None:
    run("agencies", "fields", "set", "4021", *WANTED)
    given = ("--field", "cost-centre=7", "--field", " process_number = 0012345 ")
    told = run(*book(*given)).stdout
    lacks = "agency 4021 also wants department with each call; to give it, "
    assert f"{lacks}`stt-bridge bookings change 1 --field`" in told
    assert stored(1).fields == {FieldName.PROCESS_NUMBER: "0012345", FieldName.COST_CENTRE: "7"}
    (listed,) = read("bookings")
    assert listed["fields"] == ["process_number", "cost_centre"]
    assert "0012345" not in told + run("bookings").stdout + run("bookings", "--json").stdout
    run("bookings", "cancel", "1")
    assert not any("0012345" in row for row in rows(database))


def test_nothing_is_missed_where_everything_was_given(database: Path) -> None:
    run("agencies", "fields", "set", "4021", "department=2")
    assert "also wants" not in run(*book("--field", "department=12")).stdout
    assert read(*book())["fields_lacking"] == ["department"]


def test_an_agency_that_wants_nothing_is_not_given_anything(database: Path) -> None:
    run("agencies", "fields", "set", "4021", *WANTED)
    assert "agency 5555 does not ask for department; leave it out, or have it asked for with" in (
        refused(*book("--field", "department=12", agency="5555", technician="3"))
    )
    assert read("bookings", "--all") == []


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("--dial-in", "--migrant", MIGRANT),
            "a migrant is rung or dials in, not both; leave --migrant or --dial-in out",
        ),
        (("--dial-in", "--voicemail"), "give their number with --migrant, or leave --voicemail"),
        (("--voicemail",), "no voicemail answers where no migrant is rung"),
        (("--field", "room=12345"), "no field of that name; use one of process_number, department"),
        (("--field", "12345"), "a field is its name and its digits; write process_number=12345"),
        (("--field", "12345=department"), "there is no field of that name"),
        (("--field", "department=12", "--field", "department=13"), "department stands there twice"),
        (("--field", "process_number=1234"), "agency 4021 is 5 to 9 digits and nothing else"),
        (("--field", "process_number=1234567890"), "is 5 to 9 digits and nothing else"),
        (("--field", "department=1"), "the department of agency 4021 is 2 digits and nothing"),
        (("--field", "department=1a"), "check it and write it again"),
        (("--field", "department=١٢"), "check it and write it again"),
        (("--field", "cost_centre="), "the cost_centre of agency 4021 is 1 digit and nothing"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy_and_leaves_nothing(
    database: Path, words: tuple[str, ...], sentence: str
) -> None:
    run("agencies", "fields", "set", "4021", *WANTED)
    before = rows(database)
    said = refused(*book(), *words)
    assert sentence in said
    # What was written may be a person's: it is not said again.
    assert not any(value in said for value in ("1234567890", "1a", "room", "12345=d"))
    assert rows(database) == before
