# SPDX-License-Identifier: EUPL-1.2
"""What the coordinator books, lists and cancels, on a real SQLite file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId
from bridge.bookings.rows import booking
from bridge.commands.base import in_database
from bridge.roster import store as roster
from bridge.roster import windows_store
from bridge.vocabulary import LanguageTag, PhoneNumber
from tests.adapters.coordinator import (
    ANA,
    EVA,
    IVO,
    MIGRANT,
    NEW,
    NUMBER,
    OFF,
    filled_database,
    instant,
    noon,
    read,
    refused,
    run,
)
from tests.unit.conference.world import all_week


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return filled_database(tmp_path, monkeypatch)


def book(*words: str, at: str | None = None) -> tuple[str, ...]:
    return (
        *("book", "--language", "uk", "--agency", "4021", "--technician", "ines"),
        *("--number", NUMBER, "--at", at or noon(), *words),
    )


def test_a_call_is_booked_with_the_best_who_has_the_time_and_then_the_next(database: Path) -> None:
    first = read(*book("--migrant", MIGRANT))
    assert (first["interpreter"], first["state"], first["made_by"]) == (
        ANA,
        "booked",
        "coordinator",
    )
    assert datetime.fromisoformat(first["starts_at"]) == instant(noon())
    (reminder,) = first["reminders"]
    assert datetime.fromisoformat(reminder) == instant(noon()) - timedelta(hours=1)
    # Who is off today is back, as far as anybody knows, when their window opens again.
    assert [read(*book())["interpreter"] for _ in range(2)] == [OFF, EVA]
    assert "keeps a window then" in refused(*book())
    stored = in_database(lambda conn: bookings.find_booking(conn, BookingId(first["booking"])))
    assert stored is not None
    assert stored.technician_number == PhoneNumber.parse(NUMBER)
    assert stored.migrant_number == PhoneNumber.parse(MIGRANT)


def test_numbers_are_masked_in_the_list(database: Path) -> None:
    run(*book("--migrant", MIGRANT))
    for shown in (run("bookings").stdout, run("bookings", "--json").stdout):
        assert re.search(rf"{NUMBER}|{MIGRANT}", shown) is None
        assert "•" in shown
    (one,) = read("bookings")
    assert (one["agency"], one["language"], one["migrant_beside"]) == ("4021", "uk", False)
    assert not one["migrant_dials_in"]


def test_the_list_tells_that_a_migrant_dials_in_but_not_with_which_code(database: Path) -> None:
    made = read(*book())["booking"]
    in_database(
        lambda conn: conn.execute(
            update(booking)
            .where(booking.c.id == made)
            .values(migrant_beside=False, dial_in_code="204815")
        )
    )
    shown = run("bookings").stdout
    assert "dials in" in shown
    assert "204815" not in shown + run("bookings", "--json").stdout
    (one,) = read("bookings")
    assert (one["migrant_beside"], one["migrant_dials_in"]) == (False, True)


def test_a_wished_interpreter_is_booked_or_refused(database: Path) -> None:
    assert read(*book("--interpreter", str(EVA)))["interpreter"] == EVA
    assert "cannot take it then" in refused(*book("--interpreter", str(EVA)))
    assert "does not interpret uk" in refused(*book("--interpreter", str(IVO)))
    assert "there is no interpreter 77" in refused(*book("--interpreter", "77"))
    assert "cannot take it then" in refused(*book("--interpreter", str(NEW)))


def test_without_an_interpreter_a_relay_is_booked_where_the_agency_allows_it(
    database: Path,
) -> None:
    tigrinya = ("--language", "ti")

    def two(conn: Connection) -> None:
        for place, tag in ((7, "ti>ru"), (8, "ti>en")):
            number = PhoneNumber(f"+35191000000{place}")
            who = roster.add_interpreter(
                conn, "Intérprete", number, [LanguageTag(tag)], vetted=True
            )
            windows_store.set_windows(conn, who, (all_week(),))

    in_database(two)
    assert "keeps a window then" in refused(*book(*tigrinya))
    run("agencies", "relay", "4021", "on")
    booked = read(*book(*tigrinya))
    assert booked["interpreter"] in {EVA, IVO}
    assert booked["relay"] == {"interpreter": 6, "interpreter_refused": False, "pivot": "ru"}
    assert "keeps a window then" in refused(*book(*tigrinya))


def test_a_migrant_is_rung_abroad_where_the_agency_may_dial_there(database: Path) -> None:
    abroad = "+34612345678"
    sentence = refused(*book("--migrant", abroad))
    assert sentence == (
        "the migrant's number cannot be rung: international numbers are not permitted; give "
        "another one, or open its kind to the agency with `stt-bridge agencies dial-allow`"
    )
    run("agencies", "dial-allow", "5555", "+34")
    assert refused(*book("--migrant", abroad)) == sentence
    run("agencies", "dial-allow", "4021", "+34")
    booked = read(*book("--migrant", abroad))
    stored = in_database(lambda conn: bookings.find_booking(conn, BookingId(booked["booking"])))
    assert stored is not None
    assert stored.migrant_number == PhoneNumber(abroad)
    # Technicians are rung at their desks, whatever their agency may dial.
    assert "give a Portuguese one" in refused(*book("--number", abroad))


def test_who_must_not_be_sent_is_not_booked(database: Path) -> None:
    run("list", "add", "do-not-send", str(ANA), "--reason", "complaint")
    assert read(*book())["interpreter"] == OFF
    assert "cannot take it then" in refused(*book("--interpreter", str(ANA)))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--technician", "mestre"), "no such technician"),
        (("--technician", "3"), "no such technician"),
        (("--technician", "tecnic"), "use a number: 1, 2"),
        (("--number", "112"), "the technician's number cannot be rung"),
        (("--number", "808257257"), "the technician's number cannot be rung"),
        (("--migrant", "+4915112345678"), "agency with `stt-bridge agencies dial-allow`"),
        (("--migrant", "760 123 456"), "agency with `stt-bridge agencies dial-allow`"),
        (("--migrant", "112"), "never dialled by the bridge; give another one"),
        (("--at", "2020-01-06T12:00"), "is past"),
        (("--at", noon().replace(":00", ":07")), "a full quarter of an hour"),
        (("--at", noon().replace("T12", "T00")), "keeps a window then"),
        (("--agency", "0000"), "no agency has the code"),
    ],
)
def test_what_cannot_be_booked_is_said_in_one_sentence_and_leaves_nothing(
    database: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused(*book(), *words)
    assert read("bookings", "--all") == []


def test_a_cancelled_booking_frees_its_interpreter(database: Path) -> None:
    first = read(*book())
    assert "is cancelled" in run("bookings", "cancel", str(first["booking"])).stdout
    assert read("bookings") == []
    (one,) = read("bookings", "--all")
    assert (one["state"], one["technician_number"]) == ("cancelled", None)
    assert read(*book())["interpreter"] == ANA
    assert "cannot be cancelled" in refused("bookings", "cancel", str(first["booking"]))
    assert run("bookings").stdout.count("booked") == 1
