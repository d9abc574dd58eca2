# SPDX-License-Identifier: EUPL-1.2
"""Interpreters are removed at the command line: forgotten, and never in the midst of a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, func, select

from bridge.commands.base import in_database
from bridge.roster import people_store, store
from bridge.roster.store import interpreter
from bridge.storage.schema import metadata
from bridge.vocabulary import InterpreterId, LegId, PhoneNumber
from tests.adapters.coordinator import (
    ANA,
    EVA,
    NOW,
    NUMBER,
    filled_database,
    noon,
    phones,
    read,
    reasons,
    refused,
    rows,
    run,
)
from tests.storage_samples import PEPPER, make_call

NEXT = InterpreterId(6)
FIRST, SECOND = "+351910000071", "+351910000072"
LEG = LegId("leg-1")
GONE = f"there is no interpreter {NEXT}; `stt-bridge interpreters list` tells their numbers"


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STT_PEPPER", PEPPER)
    return filled_database(tmp_path, monkeypatch)


def entered() -> None:
    """Somebody of whom everything is kept that can be."""
    which = str(NEXT)
    add = ("interpreters", "add", "Sexta Intérprete", FIRST, "uk:A", "ru")
    run(*add, "--phone", SECOND, "--gender", "f", "--subject", "health", "--vetted")
    run("interpreters", "set", which, "--notes", "só de manhã")
    run("interpreters", "limits", which, "--daily", "60")
    run("interpreters", "windows", "set", which, "Mon-Sun 00:00-24:00", "--on-holidays")
    run("interpreters", "pin", which)
    away = ("--from", noon(6), "--to", noon(7), "--reason", "uma operação")
    run("interpreters", "away", which, *away)
    run("interpreters", "extra", which, "--from", noon(8), "--to", noon(9))
    run("list", "add", "do-not-send", which, "--agency", "5555", "--reason", "uma queixa")
    run("presence", which, "available")


def hanging_on_people() -> list[Table]:
    """The tables whose rows go with an interpreter."""
    return [
        table
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is interpreter.c.id and key.ondelete == "CASCADE"
    ]


def kept(table: Table) -> int:
    mine = select(func.count()).select_from(table).where(table.c.interpreter_id == NEXT)
    return in_database(lambda conn: conn.execute(mine).scalar_one())


def test_nothing_is_kept_of_who_is_removed_but_a_number(database: Path) -> None:
    entered()
    assert all(kept(table) for table in hanging_on_people())
    before = in_database(store.revision)
    told = run("interpreters", "remove", str(NEXT)).stdout
    assert told == f"interpreter {NEXT} is removed\n"
    assert in_database(store.revision) > before
    assert not any(kept(table) for table in hanging_on_people())
    personal = ("Sexta", FIRST, SECOND, "manhã", "operação", "queixa", "argon2")
    assert [row for row in rows(database) for word in personal if word in row] == []
    row = in_database(
        lambda conn: conn.execute(select(interpreter).where(interpreter.c.id == NEXT)).one()
    )
    assert (row.vetted, row.keeps_windows, row.presence) == (False, False, "off")


def test_who_is_removed_is_neither_rung_nor_listed_nor_known() -> None:
    entered()
    assert int(NEXT) in {one for wave in phones(read("who", "--language", "uk")) for one in wave}
    run("interpreters", "remove", str(NEXT))
    found = read("who", "--language", "uk")
    assert int(NEXT) not in {one for wave in phones(found) for one in wave} | reasons(found).keys()
    for listed in (("interpreters", "list"), ("list", "show")):
        assert int(NEXT) not in {one["interpreter"] for one in read(*listed)}
    assert int(NEXT) not in {one["interpreter"] for one in read("shares")["interpreters"]}
    which = str(NEXT)
    for words in (
        ("interpreters", "remove", which),
        ("interpreters", "show", which),
        ("interpreters", "set", which, "--notes", "x"),
        ("interpreters", "phones", which, FIRST),
        ("interpreters", "vet", which),
        ("interpreters", "pin", which),
        ("interpreters", "windows", "set", which, "Mon 09:00-10:00"),
        ("presence", which, "available"),
        ("list", "add", "preferred", which),
        ("who", "--language", "uk", "--again", which),
        (
            *("book", "--language", "uk", "--agency", "4021", "--technician", "1"),
            *("--number", NUMBER, "--at", noon(), "--interpreter", which),
        ),
    ):
        assert refused(*words) == GONE, words
    number = PhoneNumber(FIRST)
    assert in_database(lambda conn: people_store.find_interpreter_by_number(conn, number)) is None


def test_who_comes_back_is_somebody_new() -> None:
    entered()
    run("interpreters", "remove", str(NEXT))
    told = run("interpreters", "add", "Sexta Intérprete", FIRST, "uk").stdout
    assert told == f"interpreter {NEXT + 1} is entered, off\n"


def test_nobody_is_removed_who_is_in_a_call_or_rung() -> None:
    def ring(conn: Connection) -> None:
        assert store.reserve(conn, ANA, make_call(conn), LEG, NOW, "p")

    in_database(ring)
    assert "remove them when it is over" in refused("interpreters", "remove", str(ANA))
    in_database(lambda conn: store.release(conn, LEG, NOW))
    run("interpreters", "remove", str(ANA))


def test_nobody_is_removed_with_whom_a_call_is_booked() -> None:
    run(
        *("book", "--language", "uk", "--agency", "4021", "--technician", "1"),
        *("--number", NUMBER, "--at", noon(), "--interpreter", str(EVA)),
    )
    assert "`stt-bridge bookings` lists it, cancel it first" in (
        refused("interpreters", "remove", str(EVA))
    )
    run("bookings", "cancel", "1")
    run("interpreters", "remove", str(EVA))
    assert [one["state"] for one in read("bookings", "--all")] == ["cancelled"]


def test_nobody_is_removed_without_whom_a_list_would_send_everybody() -> None:
    run("list", "add", "only", str(ANA), "--agency", "4021")
    sentence = refused("interpreters", "remove", str(ANA))
    assert f"`stt-bridge list remove only {ANA} --agency 4021`" in sentence
    run("list", "add", "only", str(EVA), "--agency", "4021")
    run("interpreters", "remove", str(ANA))
    run("list", "remove", "only", str(EVA), "--agency", "4021")
    run("list", "add", "only", str(EVA))
    assert "sent to any agency" in refused("interpreters", "remove", str(EVA))


def test_nobody_cannot_be_removed(database: Path) -> None:
    before = rows(database)
    assert "there is no interpreter 77" in refused("interpreters", "remove", "77")
    assert rows(database) == before
