# SPDX-License-Identifier: EUPL-1.2
"""What a coordinator says at the command line, on a real SQLite file, and what is told back."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner, Result

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.cli import app
from bridge.commands import base
from bridge.commands.base import in_database
from bridge.hours.localtime import LISBON
from bridge.roster import people_store, windows_store
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.roster.skills import REGISTER, Gender, Subject
from bridge.storage import migrate
from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber
from tests.unit.conference.world import all_week

NOW = datetime(2027, 3, 10, 11, tzinfo=UTC)
"""When the commands are given: a Wednesday, so that no test depends on the day it runs on."""
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


def filled_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database file with five interpreters and two agencies, to which the settings point.

    The commands are given at `NOW`.
    """
    monkeypatch.setattr(base, "now", lambda: NOW)
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
    return f"{day(days).isoformat()}T12:00"


def day(ahead: int) -> date:
    """The day in Lisbon, so many days ahead."""
    return NOW.astimezone(LISBON).date() + timedelta(days=ahead)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LISBON).astimezone(UTC)


def rows(file: Path) -> list[str]:
    """Everything in the database, as SQL."""
    with sqlite3.connect(file) as connection:
        found = list(connection.iterdump())
    connection.close()
    return found


def phones(found: Any) -> list[list[int]]:
    return [[one["interpreter"] for one in wave["phones"]] for wave in found["waves"]]


def reasons(found: Any) -> dict[int, str]:
    return {one["interpreter"]: one["reason"] for one in found["skipped"]}
