# SPDX-License-Identifier: EUPL-1.2
"""The coordinator's commands on a real SQLite file."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId
from bridge.cli import app, main
from bridge.commands.base import in_database, language
from bridge.hours.localtime import LISBON
from bridge.roster import people_store, standing_store, windows_store
from bridge.roster import store as roster
from bridge.roster.lists_store import load_lists
from bridge.roster.model import Presence
from bridge.roster.skills import REGISTER, Gender, Subject
from bridge.roster.store import OfferOutcome
from bridge.storage import migrate
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag, LegId, PhoneNumber
from tests.storage_samples import make_call
from tests.unit.conference.world import all_week

UK, RU = LanguageTag("uk"), LanguageTag("ru")
NUMBER, MIGRANT = "210000001", "912000099"
ANA, EVA, IVO, OFF, NEW = (InterpreterId(number) for number in range(1, 6))
"""Of level A; of level C and another gender; without Ukrainian; off; not vetted."""


def _roster(conn: Connection) -> None:
    for place, (tags, level, presence, vetted) in enumerate(
        (
            ((UK,), "A", Presence.AVAILABLE, True),
            ((UK, RU), "C", Presence.AVAILABLE, True),
            ((RU,), "A", Presence.AVAILABLE, True),
            ((UK,), "A", Presence.OFF, True),
            ((UK,), "A", Presence.AVAILABLE, False),
        ),
        start=1,
    ):
        number = PhoneNumber(f"+35191000000{place}")
        who = roster.add_interpreter(
            conn, f"Intérprete {place}", number, tags, presence=presence, vetted=vetted
        )
        for tag in tags:
            people_store.set_level(conn, who, tag, REGISTER.parse(level))
        people_store.set_gender(conn, who, Gender.MALE if who == EVA else Gender.FEMALE)
        windows_store.set_windows(conn, who, (all_week(),))
    for who in (EVA, OFF):
        people_store.set_subjects(conn, who, [Subject.HEALTH])
    hospital = agencies.add_agency(conn, "4021", "Hospital de Teste", AgencyKind.HEALTH)
    school = agencies.add_agency(conn, "5555", "Escola de Teste", AgencyKind.SCHOOL)
    for of, name in ((hospital, "Inês Técnica"), (hospital, "Rui Técnico"), (school, "Zé Mestre")):
        agencies.add_technician(conn, of, name, pin_lookup=name, pin_hash="none")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database file with five interpreters and two agencies, to which the settings point."""
    file = tmp_path / "bridge.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    monkeypatch.setenv("STT_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("STT_POLICY", raising=False)
    monkeypatch.chdir(tmp_path)
    migrate.upgrade(url)
    in_database(_roster)
    return file


def run(*words: str) -> Result:
    """What a command prints; it must succeed."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None, result.exception
    assert result.exit_code == 0, result.output
    return result


def read(*words: str) -> Any:
    """What a command prints as JSON."""
    return json.loads(run(*words, "--json").stdout)


def refused(*words: str) -> str:
    """The one sentence with which a command refuses, as `main` shows it."""
    result = CliRunner().invoke(app, list(words))
    assert isinstance(result.exception, ValueError), result.output
    sentence = str(result.exception)
    assert "\n" not in sentence
    assert NUMBER not in sentence
    assert MIGRANT not in sentence
    return sentence


def noon(days: int = 7) -> str:
    """Noon in Lisbon, so many days ahead."""
    day = (datetime.now(LISBON) + timedelta(days=days)).date()
    return f"{day.isoformat()}T12:00"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LISBON).astimezone(UTC)


def rows(file: Path) -> list[str]:
    """Everything in the database, as SQL."""
    with sqlite3.connect(file) as connection:
        found = list(connection.iterdump())
    connection.close()
    return found


# --- who -----------------------------------------------------------------------------------------


def phones(found: Any) -> list[list[int]]:
    return [[one["interpreter"] for one in wave["phones"]] for wave in found["waves"]]


def reasons(found: Any) -> dict[int, str]:
    return {one["interpreter"]: one["reason"] for one in found["skipped"]}


def test_everybody_who_speaks_the_language_is_in_a_wave_or_has_a_reason(database: Path) -> None:
    found = read("who", "--language", "uk", "--at", noon())
    # Of level A and C: the better one is rung first; the other joins when that has rung alone.
    assert phones(found) == [[ANA], [EVA]]
    assert reasons(found) == {OFF: "off", NEW: "not_vetted"}
    assert found["at"] == instant(noon()).astimezone(LISBON).isoformat()
    chances = [wave["chance"] for wave in found["waves"]]
    assert 0 < max(chances) < found["chance"] < 1
    assert [one["level"] for wave in found["waves"] for one in wave["phones"]] == ["A", "C"]


@pytest.mark.parametrize(
    ("wishes", "waves", "skipped"),
    [
        (("--level", "B"), [[ANA], [EVA]], {}),
        (("--level", "b", "--require", "level"), [[ANA]], {EVA: "level"}),
        (("--level", "B", "--require", "level", "--step-down"), [[ANA], [EVA]], {}),
        (("--gender", "f", "--require", "gender"), [[ANA]], {EVA: "gender"}),
        (("--subject", "health", "--require", "subject"), [[EVA]], {ANA: "subject"}),
        (("--again", "2"), [[EVA], [ANA]], {}),
        (("--policy", "longest_idle"), [[ANA], [EVA]], {}),
    ],
)
def test_what_is_asked_decides(
    database: Path,
    wishes: tuple[str, ...],
    waves: list[list[int]],
    skipped: dict[int, str],
) -> None:
    found = read("who", "--language", "uk", "--at", noon(), *wishes)
    assert phones(found) == waves
    assert reasons(found) == {OFF: "off", NEW: "not_vetted", **skipped}


def test_a_missed_level_is_told_with_its_numbers(database: Path) -> None:
    asked = ("who", "--language", "uk", "--at", noon(), "--level", "B", "--require", "level")
    (skip,) = (one for one in read(*asked)["skipped"] if one["interpreter"] == EVA)
    assert skip["numbers"] == {"level": 2, "required": 1}
    assert "level C, required B" in run(*asked).stdout


def test_the_windows_of_the_moment_count(database: Path) -> None:
    midnight = noon().replace("T12:00", "T00:05")
    found = read("who", "--language", "uk", "--at", midnight)
    assert found["waves"] == []
    (skip,) = (one for one in found["skipped"] if one["interpreter"] == ANA)
    opens = instant(noon().replace("T12:00", "T00:15"))
    assert skip["reason"] == "outside_window"
    assert datetime.fromisoformat(skip["numbers"]["opens_not_before"]) == opens


def test_an_offset_and_lisbon_time_mean_the_same_moment(database: Path) -> None:
    with_offset = instant(noon()).isoformat()
    first, second = (read("who", "--language", "uk", "--at", at) for at in (noon(), with_offset))
    assert first == second


def test_the_dry_run_now_is_the_hunt_of_now(database: Path) -> None:
    """Who is busy is busy now, and is not taken to be so at another time."""
    run("presence", str(EVA), "on_break")
    assert reasons(read("who", "--language", "uk"))[EVA] == "on_break"
    assert reasons(read("who", "--language", "uk", "--at", noon()))[EVA] == "on_break"


def test_the_lists_of_the_agency_count_and_the_table_reads(database: Path) -> None:
    run("list", "add", "do-not-send", str(ANA), "--agency", "4021", "--reason", "a relative")
    ours = read("who", "--language", "ucraniano", "--agency", "4021", "--at", noon())
    assert reasons(ours)[ANA] == "do_not_send"
    theirs = read("who", "--language", "ucraniano", "--agency", "5555", "--at", noon())
    assert ANA not in reasons(theirs)
    shown = run("who", "--language", "uk", "--agency", "4021", "--at", noon()).stdout
    assert "Ukrainian (uk)" in shown
    assert "do not send" in shown
    assert "a relative" not in shown


def test_the_dry_run_changes_nothing(database: Path) -> None:
    before = rows(database)
    read("who", "--language", "uk", "--agency", "4021", "--gender", "f", "--level", "A")
    run("who", "--language", "ru")
    assert rows(database) == before


def test_nobody_speaks_a_language(database: Path) -> None:
    assert "Nobody on the roster speaks" in run("who", "--language", "fi").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--language", "klingon"), "'klingon' is no language"),
        (("--language", "crioulo"), "kea (Cape Verdean Creole), pov"),
        (("--language", "uk", "--agency", "9999"), "no agency has the code '9999'"),
        (("--language", "uk", "--level", "Z"), "the levels are A, B, C, D, E"),
        (("--language", "uk", "--require", "level"), "--require level needs --level"),
        (("--language", "uk", "--policy", "dice"), "use one of default"),
        (("--language", "uk", "--at", "tomorrow"), "is no date and time"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(
    database: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("who", *words)


@pytest.mark.parametrize("text", ["uk", "UK", "33", "Ukrainian", "ucraniano", "українська", "ucra"])
def test_a_language_is_known_by_tag_code_and_name(text: str) -> None:
    assert language(text).tag == UK


def test_accents_and_capitals_in_names_do_not_matter() -> None:
    assert language("ARABE").tag == language("árabe").tag


def test_tables_of_another_program_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STT_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'none.sqlite3'}")
    monkeypatch.setattr(sys, "argv", ["stt-bridge", "who", "--language", "uk"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "stt-bridge database upgrade" in shown


# --- hours ---------------------------------------------------------------------------------------


def test_hours_of_a_line_on_a_holiday() -> None:
    found = read("hours", "--line", "218106191", "--at", "2026-12-08T10:00")
    assert found["open"] is False
    assert found["why"] == "Imaculada Conceição"
    assert found["opens_at"] == "2026-12-09T09:00:00+00:00"
    assert "closes_at" not in found


def test_hours_of_a_service_that_is_open() -> None:
    found = read("hours", "--service", "stt", "--at", "2026-11-23T10:00")
    assert (found["open"], found["closes_at"]) == (True, "2026-11-23T19:00:00+00:00")
    shown = run("hours", "--service", "stt", "--at", "2026-11-23T10:00").stdout
    assert "open: window Mon–Fri 09:00–19:00" in shown
    assert "closes Mon 2026-11-23 19:00" in shown


def test_hours_without_a_place_are_refused() -> None:
    assert refused("hours") == "name either a line or a service"
    assert "that is no number of a line" in refused("hours", "--line", "112")


# --- book ----------------------------------------------------------------------------------------


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
    in_database(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
    booked = read(*book(*tigrinya))
    assert booked["interpreter"] in {EVA, IVO}
    assert booked["relay"] == {"interpreter": 6, "interpreter_refused": False, "pivot": "ru"}
    assert "keeps a window then" in refused(*book(*tigrinya))


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
        (("--migrant", "+4915112345678"), "the migrant's number cannot be rung"),
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


# --- people --------------------------------------------------------------------------------------


def test_presence_is_set_by_a_coordinator_until_a_time(database: Path) -> None:
    assert "is on break until" in run("presence", str(ANA), "on_break", "--until", noon(1)).stdout
    person = in_database(lambda conn: people_store.load_person(conn, ANA))
    assert person is not None
    assert (person.presence.state, person.presence.until) == (Presence.ON_BREAK, instant(noon(1)))
    shortly = noon(1).replace("T12:00", "T11:59")
    assert reasons(read("who", "--language", "uk", "--at", shortly))[ANA] == "on_break"
    assert ANA in phones(read("who", "--language", "uk", "--at", noon(2)))[0]
    assert "there is no interpreter 77" in refused("presence", "77", "off")
    assert "is past" in refused("presence", "1", "off", "--until", "2020-01-06T12:00")


def test_available_ends_not_answering(database: Path) -> None:
    run("presence", str(OFF), "available")
    now = datetime.now(UTC) + timedelta(seconds=1)
    standing = in_database(lambda conn: standing_store.load_standing(conn, OFF, now))
    assert standing.available_since is not None
    assert OFF in phones(read("who", "--language", "uk", "--at", noon()))[0]


def test_list_entries_come_and_go(database: Path) -> None:
    run("list", "add", "preferred", str(EVA), "--agency", "4021", "--until", noon())
    run("list", "add", "only", str(ANA))
    shown = read("list", "show")
    assert [(one["list"], one["interpreter"], one["agency"]) for one in shown] == [
        ("preferred", EVA, "4021"),
        ("only", ANA, None),
    ]
    assert len(read("list", "show", "--agency", "5555")) == 1
    assert reasons(read("who", "--language", "uk", "--at", noon()))[EVA] == "not_on_only_list"
    run("list", "remove", "only", str(ANA))
    assert "is not on the list only of all agencies" in refused("list", "remove", "only", str(ANA))
    assert [entry.interpreter for entry in in_database(load_lists)] == [EVA]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("do-not-send", "1"), "give a --reason"),
        (("preferred", "77"), "there is no interpreter 77"),
        (("preferred", "1", "--agency", "0000"), "no agency has the code"),
        (("preferred", "1", "--until", "2020-01-06T12:00"), "is past"),
    ],
)
def test_a_list_refuses_in_one_sentence(
    database: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("list", "add", *words)
    assert read("list", "show") == []


def test_shares_tell_who_gets_how_much_of_the_work(database: Path) -> None:
    even = read("shares")
    assert {one["share"] for one in even["interpreters"]} == {1.0}
    assert even["gini"] == 0
    at = datetime.now(UTC) - timedelta(minutes=30)

    def offer(conn: Connection) -> None:
        leg = LegId("leg-1")
        assert roster.reserve(conn, EVA, make_call(conn), leg, at, "p")
        roster.end_offer(conn, leg, at, OfferOutcome.REFUSED, 12.0)
        roster.release(conn, leg, at)

    in_database(offer)
    shown = read("shares")
    assert shown["interpreters"][-1]["interpreter"] == EVA
    assert shown["interpreters"][-1]["offered_minutes"] == 12
    assert shown["interpreters"][-1]["share"] > 1 > shown["interpreters"][0]["share"]
    assert shown["gini"] > 0
    assert "100% is an even share" in run("shares").output
