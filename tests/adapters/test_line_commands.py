# SPDX-License-Identifier: EUPL-1.2
"""What coordinators say about agencies, operators and closed days, on a real SQLite file."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from bridge.agencies import store as agencies
from bridge.agencies.model import Agency, AgencyField, AgencyKind, FieldName
from bridge.cli import app
from bridge.commands.base import in_database
from bridge.hours.localtime import LISBON
from bridge.operators import store as operators
from bridge.storage import migrate
from bridge.vocabulary import PhoneNumber
from tests.adapters.coordinator import rows

CODE = "4021"
NUMBER, WRITTEN = PhoneNumber("+351210000001"), "21 000 00 01"


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database file with two agencies, to which the settings point."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
    monkeypatch.setenv("STT_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    migrate.upgrade(url)

    def work(conn: Connection) -> None:
        agencies.add_agency(conn, CODE, "Hospital de Teste", AgencyKind.HEALTH)
        agencies.add_agency(conn, "5555", "Escola de Teste", AgencyKind.SCHOOL)

    in_database(work)
    return url


def run(*words: str) -> Result:
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None, result.exception
    assert result.exit_code == 0, result.output
    assert NUMBER.e164 not in result.output
    assert WRITTEN not in result.output
    return result


def read(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def refused(*words: str) -> str:
    """The one sentence with which a command refuses."""
    result = CliRunner().invoke(app, list(words))
    assert isinstance(result.exception, ValueError), result.output
    sentence = str(result.exception)
    assert "\n" not in sentence
    assert WRITTEN not in sentence
    return sentence


def agency() -> Agency:
    found = in_database(lambda conn: agencies.find_agency(conn, CODE))
    assert found is not None
    return found


# --- agencies ----------------------------------------------------------------------------------


def test_an_agency_is_known_by_a_telephone_until_it_is_taken_away() -> None:
    run("agencies", "numbers", "add", CODE, WRITTEN)
    assert in_database(lambda conn: agencies.agency_of_number(conn, NUMBER)) == agency()
    assert "another agency's" in refused("agencies", "numbers", "add", "5555", WRITTEN)
    assert "not known by that" in refused("agencies", "numbers", "remove", "5555", WRITTEN)
    run("agencies", "numbers", "remove", CODE, WRITTEN)
    assert in_database(lambda conn: agencies.agency_of_number(conn, NUMBER)) is None
    assert "write it as in" in refused("agencies", "numbers", "add", CODE, "112")
    assert "no agency has the code" in refused("agencies", "numbers", "add", "9999", WRITTEN)


def test_fields_favourites_language_and_dial_rules_are_listed() -> None:
    run("agencies", "fields", "set", CODE, "process-number=5-9", "department=2")
    run("agencies", "favourites", "set", CODE, "ucraniano", "ar")
    run("agencies", "language", CODE, "en")
    run("agencies", "dial-allow", CODE, "0034", "808", "--hourly-cap", "20")
    run("agencies", "numbers", "add", CODE, WRITTEN)
    assert agency().fields == (
        AgencyField(FieldName.PROCESS_NUMBER, 5, 9),
        AgencyField(FieldName.DEPARTMENT, 2, 2),
    )
    first, second = read("agencies", "list")
    assert first == {
        "code": CODE,
        "name": "Hospital de Teste",
        "kind": "health",
        "prompt_language": "en",
        "relay_allowed": False,
        "numbers": [NUMBER.masked],
        "fields": ["process_number=5-9", "department=2"],
        "favourites": ["uk", "ar"],
        "dial_allowed": ["+34", "+351808"],
        "hourly_dial_cap": 20,
    }
    assert (second["fields"], second["dial_allowed"]) == ([], [])
    shown = run("agencies", "list").stdout
    assert "process_number=5-9 department=2" in shown
    run("agencies", "fields", "set", CODE)
    run("agencies", "favourites", "set", CODE)
    plain = agency()
    assert (plain.fields, plain.favourites) == ((), ())


def test_what_an_agency_may_dial_grows_until_something_is_taken_away() -> None:
    def said(*words: str) -> str:
        told = run("agencies", "dial-allow", CODE, *words).stdout
        start = "agency 4021 may dial national numbers and "
        assert told.startswith(start)
        return told.removeprefix(start).rstrip("\n")

    assert said() == "nothing besides, as often as any"
    assert said("808", "0034") == "+34, +351808, as often as any; added: +34, +351808"
    assert said("--hourly-cap", "20") == "+34, +351808, 20 times an hour"
    # What is allowed already may be named again, and what is not named stays.
    assert said("+34", "+33") == "+33, +34, +351808, 20 times an hour; added: +33"
    assert said() == "+33, +34, +351808, 20 times an hour"
    assert said("+44", "--remove", "808", "--remove", "0033") == (
        "+34, +44, 20 times an hour; added: +44; taken away: +33, +351808"
    )
    assert agency().dial_allowed == ("+34", "+44")
    assert agency().hourly_dial_cap == 20
    assert said("--remove", "+34", "--remove", "+44", "--usual-cap") == (
        "nothing besides, as often as any; taken away: +34, +44"
    )
    assert (agency().dial_allowed, agency().hourly_dial_cap) == ((), None)


def test_a_prefix_that_would_be_refused_today_can_be_taken_away() -> None:
    which = agency().id
    in_database(lambda conn: agencies.set_dial_allowed(conn, which, ["+881"], hourly_cap=0))
    told = run("agencies", "dial-allow", CODE, "--remove", "+881").stdout
    assert "nothing besides, 0 times an hour; taken away: +881" in told
    assert (agency().dial_allowed, agency().hourly_dial_cap) == ((), 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--remove", "+44"), "+44 cannot be taken away, for agency 4021 was not given it; name"),
        # A part of what is allowed would stay allowed.
        (("--remove", "+34612"), "name one that it has: +34, +351808"),
        (("+33", "--remove", "+351"), "name one that it has: +34, +351808"),
        (("0034", "--remove", "+34"), "added or taken away, not both; name it once"),
        (("--remove", "spain"), "a plus sign and digits"),
        (("+33", "--hourly-cap", "3", "--usual-cap"), "leave one of the two out"),
        (("+33", "112"), "emergency numbers pass for nobody"),
    ],
)
def test_what_cannot_be_allowed_or_taken_away_changes_nothing(
    words: tuple[str, ...], says: str
) -> None:
    run("agencies", "dial-allow", CODE, "+34", "808", "--hourly-cap", "20")
    before = agency()
    assert says in refused("agencies", "dial-allow", CODE, *words)
    assert agency() == before
    assert "it has none" in refused("agencies", "dial-allow", "5555", "--remove", "+34")


def test_relay_is_allowed_and_forbidden_again() -> None:
    assert not agency().relay_allowed
    told = run("agencies", "relay", CODE, "on").stdout
    assert told == "agency 4021 may be served by relay\n"
    assert agency().relay_allowed
    assert [one["relay_allowed"] for one in read("agencies", "list")] == [True, False]
    assert "yes" in run("agencies", "list").stdout
    run("agencies", "relay", CODE, "off")
    assert not agency().relay_allowed
    assert "no agency has the code" in refused("agencies", "relay", "9999", "on")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("fields", "set", CODE, "room=3"), "there is no field 'room'; use one of process_number"),
        (("fields", "set", CODE, "department"), "is no field; write one of"),
        (("fields", "set", CODE, "department=9-2"), "1 to 20 digits"),
        (("fields", "set", CODE, "department=2", "department=3"), "name each field once"),
        (("favourites", "set", CODE, "klingon"), "is no language"),
        (("favourites", "set", CODE, "uk", "uk"), "each language once"),
        (("dial-allow", CODE, "spain"), "a plus sign and digits"),
        (("dial-allow", CODE, "+"), "a plus sign and digits"),
        (("dial-allow", CODE, "808", "112"), "'112' cannot be allowed: emergency numbers pass"),
        (("dial-allow", CODE, "+351 117"), "emergency numbers pass for nobody; leave it out"),
        (("dial-allow", CODE, "+34", "+3"), "'+3' cannot be allowed: it is too short to open"),
        (("dial-allow", CODE, "21"), "the numbers that begin so pass without it; leave it out"),
        (("dial-allow", CODE, "884"), "personal numbers pass for nobody; leave it out"),
        (("dial-allow", CODE, "+999"), "no telephone number in use begins so; check it"),
        (("dial-allow", CODE, "+881"), "satellite and other worldwide numbers pass for nobody"),
    ],
)
def test_what_cannot_be_read_changes_nothing(words: tuple[str, ...], says: str) -> None:
    before = agency()
    assert says in refused("agencies", *words)
    assert agency() == before


# --- operators ---------------------------------------------------------------------------------


def test_an_operator_is_entered_and_put_on_duty_until_an_hour() -> None:
    run("operators", "add", "Ana Operadora", WRITTEN, "uk", "inglês")
    [entered] = read("operators", "list")
    assert entered == {
        "operator": 1,
        "name": "Ana Operadora",
        "number": NUMBER.masked,
        "languages": ["uk", "en"],
        "on_duty": False,
        "until": None,
    }
    end = (datetime.now(LISBON) + timedelta(days=1)).replace(microsecond=0, second=0)
    run("operators", "duty", "1", "on", "--until", end.isoformat())
    [present] = read("operators", "list")
    assert (present["on_duty"], datetime.fromisoformat(present["until"])) == (True, end)
    assert len(in_database(lambda conn: operators.on_duty(conn, end))) == 0
    assert "yes" in run("operators", "list").stdout
    run("operators", "duty", "1", "off")
    assert read("operators", "list")[0]["on_duty"] is False


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ((), []),
        (("pt",), []),
        (("Português",), []),
        (("portuguese", "uk", "PT", "uk"), ["uk"]),
    ],
)
def test_every_operator_speaks_portuguese_so_it_need_not_be_said(
    said: tuple[str, ...], kept: list[str]
) -> None:
    run("operators", "add", " Ana ", WRITTEN, *said)
    [entered] = read("operators", "list")
    assert (entered["name"], entered["languages"]) == ("Ana", kept)


@pytest.mark.parametrize("name", ["", "  ", "\t\u00a0"])
def test_an_operator_without_a_name_is_refused(name: str) -> None:
    assert "has a name" in refused("operators", "add", name, WRITTEN, "uk")
    assert read("operators", "list") == []


def test_operators_that_cannot_be_rung_or_found_are_refused() -> None:
    run("operators", "add", "Ana", WRITTEN, "uk")
    assert "another operator's" in refused("operators", "add", "Eva", WRITTEN, "ar")
    assert "is no language" in refused("operators", "add", "Eva", WRITTEN, "klingon")
    assert "cannot be rung" in refused("operators", "add", "Eva", "760 123 456", "ar")
    assert "`stt-bridge operators list`" in refused("operators", "duty", "7", "on")
    assert "is past" in refused("operators", "duty", "1", "on", "--until", "2020-01-01T10:00")
    assert "has no end" in refused("operators", "duty", "1", "off", "--until", "2090-01-01T10:00")


def test_an_operator_is_changed_where_it_is_named() -> None:
    run("operators", "add", "Ana", WRITTEN, "uk", "ar")
    run("operators", "duty", "1", "on")
    told = run("operators", "languages", "1", "pt", "fr", "uk", "fr").stdout
    assert told == "operator 1 speaks Portuguese, fr, uk\n"
    run("operators", "set", "1", "--name", " Ana Nova ")
    [changed] = read("operators", "list")
    assert (changed["name"], changed["languages"]) == ("Ana Nova", ["fr", "uk"])
    assert (changed["number"], changed["on_duty"]) == (NUMBER.masked, True)
    other = PhoneNumber("+351210000044")
    run("operators", "set", "1", "--number", other.e164)
    assert in_database(lambda conn: operators.find_operator(conn, NUMBER)) is None
    assert in_database(lambda conn: operators.find_operator(conn, other)) is not None
    run("operators", "set", "1", "--number", other.e164)
    run("operators", "languages", "1")
    assert read("operators", "list")[0]["languages"] == []


def test_an_operator_who_is_removed_is_forgotten_and_reached_no_more(database: str) -> None:
    run("operators", "add", "Ana Operadora", WRITTEN, "uk")
    run("operators", "duty", "1", "on")
    assert run("operators", "remove", "1").stdout == "operator 1 is removed\n"
    assert read("operators", "list") == []
    at = datetime.now(LISBON)
    assert in_database(lambda conn: operators.on_duty(conn, at)) == []
    kept = rows(Path(database.removeprefix("sqlite+aiosqlite:///")))
    assert [row for row in kept if "Operadora" in row or NUMBER.e164 in row] == []
    assert not any(row.startswith('INSERT INTO "operator_language"') for row in kept)
    for words in (
        ("remove", "1"),
        ("duty", "1", "on"),
        ("languages", "1", "uk"),
        ("set", "1", "--name", "Ana"),
    ):
        assert "there is no operator 1; `stt-bridge operators list`" in refused("operators", *words)
    # Their telephone is free for somebody else, who has a number of their own.
    assert run("operators", "add", "Eva", WRITTEN).stdout == "operator 2 is entered, off duty\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "1"), "say what changes: --name or --number"),
        (("set", "1", "--name", " "), "has a name"),
        (("set", "1", "--number", "112"), "the operator's number cannot be rung: emergency"),
        (("set", "1", "--number", "210000044"), "another operator's; give their own"),
        (("set", "7", "--name", "Eva"), "there is no operator 7"),
        (("languages", "1", "klingon"), "is no language"),
        (("languages", "7", "uk"), "there is no operator 7"),
        (("remove", "7"), "there is no operator 7"),
    ],
)
def test_what_cannot_be_changed_of_an_operator_changes_nothing(
    words: tuple[str, ...], says: str
) -> None:
    run("operators", "add", "Ana", WRITTEN, "uk")
    run("operators", "add", "Eva", "210000044", "ar")
    before = read("operators", "list")
    assert says in refused("operators", *words)
    assert read("operators", "list") == before


# --- closures ----------------------------------------------------------------------------------


def test_a_day_is_closed_and_opened_again() -> None:
    day = (datetime.now(LISBON) + timedelta(days=30)).date()
    while day.weekday() != 2:
        day += timedelta(days=1)
    at = f"{day.isoformat()}T10:00"
    before = read("hours", "--line", "218106191", "--at", at)
    elsewhere = read("hours", "--service", "cnaim-lisboa", "--at", at)
    on = ("--on", day.isoformat())
    run("hours", "close", "--line", "808 257 257", *on, "--reason", "mudança de instalações")
    closed = read("hours", "--line", "218106191", "--at", at)
    assert (closed["open"], closed["why"], closed["kind"]) == (
        False,
        "closure: mudança de instalações",
        "closure",
    )
    assert read("hours", "--service", "cnaim-lisboa", "--at", at) == elsewhere
    assert read("hours", "closures") == [
        {"day": day.isoformat(), "place": "lam", "reason": "mudança de instalações"}
    ]
    run("hours", "reopen", "--line", "lam", *on)
    assert read("hours", "--line", "218106191", "--at", at) == before
    assert "no closures" in run("hours", "closures").stdout
    assert "nobody closed lam" in refused("hours", "reopen", "--line", "lam", *on)


def test_what_cannot_be_closed_is_refused() -> None:
    because = ("--reason", "obras")
    assert "is past" in refused("hours", "close", "--line", "lam", "--on", "2020-01-02", *because)
    assert "is no day" in refused("hours", "close", "--line", "lam", "--on", "amanhã", *because)
    on = ("--on", "2090-01-02")
    assert "either a line" in refused("hours", "close", *on, *because)
    assert "no service" in refused("hours", "close", "--service", "bank", *on, *because)
    assert "says why" in refused("hours", "close", "--line", "lam", *on, "--reason", " ")


def test_hours_are_told_before_there_is_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT_DATABASE_URL", "sqlite+aiosqlite:///missing.sqlite3")
    told = run("hours", "--service", "stt", "--at", "2026-11-23T10:00")
    assert "open: window" in told.stdout
    assert "closures by coordinators are not looked at" in told.stderr
