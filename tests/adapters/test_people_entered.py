# SPDX-License-Identifier: EUPL-1.2
"""Interpreters, agencies and technicians are entered at the command line, on a real SQLite file."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bridge.agencies import store as agencies
from bridge.agencies.secrets import PinHasher
from bridge.commands import base
from bridge.commands.base import in_database
from bridge.hours.model import Absence
from bridge.roster import people_store, store, windows_store
from bridge.roster.skills import Gender, Subject
from bridge.vocabulary import InterpreterId, PhoneNumber
from tests.adapters.coordinator import (
    ANA,
    NOW,
    day,
    filled_database,
    phones,
    read,
    refused,
    rows,
    run,
)
from tests.storage_samples import PEPPER

NEXT = InterpreterId(6)
FIRST, SECOND = "+351910000071", "+351910000072"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STT_PEPPER", PEPPER)
    return filled_database(tmp_path, monkeypatch)


def entered(*further: str) -> None:
    level = base.levels().names[1]
    words = ("Sexta Intérprete", FIRST, f"uk:{level}", "ru")
    told = run("interpreters", "add", *words, *further).stdout
    assert told == "interpreter 6 is entered, off\n"


def rung() -> set[int]:
    """Who would be rung for Ukrainian."""
    waves = phones(read("who", "--language", "uk"))
    return {one for wave in waves for one in wave}


def pin_in(told: str) -> str:
    found = re.search(r"the PIN (\d{6});", told)
    assert found is not None
    return found[1]


def test_an_interpreter_is_entered_and_may_be_rung_once_available(database: Path) -> None:
    before = in_database(store.revision)
    entered("--phone", SECOND, "--gender", "f", "--subject", "health", "--vetted")
    person = in_database(lambda conn: people_store.load_person(conn, NEXT))
    assert person is not None
    assert [phone.e164 for phone in person.phones] == [FIRST, SECOND]
    assert {tag: int(level) for tag, level in person.skills.items()} == {"uk": 1, "ru": 4}
    assert (person.gender, person.subjects) == (Gender.FEMALE, frozenset({Subject.HEALTH}))
    assert person.vetted
    assert person.schedule is None
    assert in_database(store.revision) > before
    assert int(NEXT) not in rung()
    run("presence", "6", "available")
    assert int(NEXT) in rung()


def test_nobody_is_rung_who_is_not_vetted(database: Path) -> None:
    entered()
    run("presence", "6", "available")
    assert int(NEXT) not in rung()
    assert run("interpreters", "vet", "6").stdout == "interpreter 6 is vetted\n"
    assert int(NEXT) in rung()
    run("interpreters", "vet", "6", "--withdraw")
    assert int(NEXT) not in rung()


def test_the_list_tells_what_they_speak_and_masks_their_telephones(database: Path) -> None:
    entered("--vetted")
    run("interpreters", "languages", "6", "ti/en", "uk:A")
    mine = next(one for one in read("interpreters", "list") if one["interpreter"] == NEXT)
    assert mine["languages"] == ["ti/en:E", "uk:A"]
    assert (mine["presence"], mine["keeps_windows"]) == ("off", False)
    assert FIRST not in run("interpreters", "list").stdout


def test_the_list_tells_levels_of_an_own_scale_and_windows_as_they_are(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_LEVELS", "one,two,three,four,five,six,seven")
    entered()
    absence = Absence(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    in_database(lambda conn: windows_store.add_absence(conn, NEXT, absence))
    mine = next(one for one in read("interpreters", "list") if one["interpreter"] == NEXT)
    assert mine["languages"] == ["ru:seven", "uk:two"]
    assert not mine["keeps_windows"]


def test_telephones_are_replaced(database: Path) -> None:
    entered()
    run("interpreters", "phones", "6", SECOND)
    person = in_database(lambda conn: people_store.load_person(conn, NEXT))
    assert person is not None
    assert [phone.e164 for phone in person.phones] == [SECOND]


def test_windows_hold_from_today_on_and_what_was_promised_stays(database: Path) -> None:
    run("interpreters", "windows", "set", str(ANA), "Mon-Fri 09:00-13:00", "Sat 22:00-06:00")
    kept = in_database(lambda conn: windows_store.windows_of(conn, ANA))
    assert sorted((one.valid_from is None, one.valid_until) for one in kept) == [
        (False, None),
        (False, None),
        (True, day(-1)),
    ]
    shown = read("interpreters", "windows", "show", str(ANA))
    assert [(one["from"], one["to"]) for one in shown] == [("09:00", "13:00"), ("22:00", "06:00")]
    assert shown[0]["days"] == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    run("interpreters", "windows", "set", str(ANA), "Sun 10:00-12:00")
    assert len(read("interpreters", "windows", "show", str(ANA))) == 1
    run("interpreters", "windows", "drop", str(ANA))
    mine = next(one for one in read("interpreters", "list") if one["interpreter"] == ANA)
    assert not mine["keeps_windows"]


def test_a_pin_is_shown_once_and_kept_as_a_hash(database: Path) -> None:
    entered()
    pin = pin_in(run("interpreters", "pin", "6").stdout)
    assert not any(pin in row for row in rows(database))
    found = in_database(
        lambda conn: people_store.find_interpreter_by_number(conn, PhoneNumber(FIRST))
    )
    assert found is not None
    assert PinHasher(PEPPER).verify(found[1], people_store.pin_code(NEXT), pin)


def test_an_agency_and_its_technicians_are_entered(database: Path) -> None:
    run("agencies", "add", "6006", "Centro de Teste", "municipality")
    pins = {pin_in(run("technicians", "add", "6006", f"Técnica {n}").stdout) for n in range(3)}
    assert len(pins) == 3
    assert [one["name"] for one in read("technicians", "list", "6006")] == [
        *("Técnica 0", "Técnica 1", "Técnica 2")
    ]
    hasher = PinHasher(PEPPER)
    for pin in pins:
        lookup = hasher.lookup("6006", pin)
        known = in_database(partial(agencies.find_credential, pin_lookup=lookup))
        assert known is not None
        assert hasher.verify(known.pin_hash, "6006", pin)
        assert not any(pin in row for row in rows(database))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("interpreters", "add", " ", FIRST, "uk"), "has a name"),
        (("interpreters", "add", "Nome", "112", "uk"), "telephone 1 cannot be rung"),
        (("interpreters", "add", "Nome", FIRST, "uk", "--phone", FIRST), "twice"),
        (("interpreters", "add", "Nome", "+351910000001", "uk"), "another interpreter's"),
        (("interpreters", "add", "Nome", FIRST, "uk:Q"), "the levels are A, B, C, D, E"),
        (("interpreters", "add", "Nome", FIRST, "klingon"), "is no language"),
        (("interpreters", "add", "Nome", FIRST, "pt"), "leave it out"),
        (("interpreters", "add", "Nome", FIRST, "ti/ti"), "the same language twice"),
        (("interpreters", "languages", "77", "uk"), "there is no interpreter 77"),
        (("interpreters", "phones", "77", FIRST), "there is no interpreter 77"),
        (("interpreters", "vet", "77"), "there is no interpreter 77"),
        (("interpreters", "pin", "77"), "there is no interpreter 77"),
        (("interpreters", "windows", "show", "77"), "there is no interpreter 77"),
        (("interpreters", "windows", "set", "1", "Mon-Fri"), "no stretch of a day"),
        (("interpreters", "windows", "set", "1", "Xyz 09:00-10:00"), "no weekdays"),
        (("agencies", "add", "12", "Nome", "health"), "give four digits"),
        (("agencies", "add", "4021", "Nome", "health"), "has the code 4021 already"),
        (("agencies", "add", "6006", " ", "health"), "an agency has a name"),
        (("technicians", "add", "9999", "Nome"), "no agency has the code"),
        (("technicians", "add", "4021", " "), "has a name"),
        (("technicians", "list", "9999"), "no agency has the code"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(
    database: Path, words: tuple[str, ...], why: str
) -> None:
    before = rows(database)
    sentence = refused(*words)
    assert why in sentence
    assert FIRST not in sentence
    assert rows(database) == before
