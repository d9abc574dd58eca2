# SPDX-License-Identifier: EUPL-1.2
"""Technicians get another PIN, and are removed, at the command line, on a real SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.agencies.model import Technician
from bridge.agencies.secrets import PinHasher
from bridge.commands.base import in_database
from tests.adapters.coordinator import NUMBER, filled_database, noon, read, refused, rows, run
from tests.storage_samples import PEPPER, identified


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STT_PEPPER", PEPPER)
    return filled_database(tmp_path, monkeypatch)


def pin_in(told: str) -> str:
    return told.partition("the PIN ")[2][:6]


def known(pin: str) -> Technician | None:
    hasher = PinHasher(PEPPER)
    return in_database(lambda conn: identified(conn, "4021", pin, hasher))


def test_a_new_pin_voids_the_former_one(database: Path) -> None:
    former = pin_in(run("technicians", "add", "4021", "Nova Técnica").stdout)
    told = run("technicians", "pin", "4021", "4").stdout
    assert told.startswith("technician 4 of agency 4021 has the PIN ")
    found = known(pin_in(told))
    assert found is not None
    assert (found.id, found.name) == (4, "Nova Técnica")
    assert known(former) is None
    assert not any(pin_in(told) in row for row in rows(database))


def test_who_is_removed_calls_no_more_and_their_name_is_forgotten(database: Path) -> None:
    pin = pin_in(run("technicians", "add", "4021", "Nova Técnica").stdout)
    told = run("technicians", "remove", "4021", "4").stdout
    assert told == "technician 4 of agency 4021 is removed\n"
    assert known(pin) is None
    assert [one["technician"] for one in read("technicians", "list", "4021")] == [1, 2]
    assert not any("Nova Técnica" in row for row in rows(database))
    assert "has no technician 4" in refused("technicians", "pin", "4021", "4")
    assert "has no technician 4" in refused("technicians", "remove", "4021", "4")
    again = run("technicians", "add", "4021", "Outro Técnico").stdout
    assert again.startswith("technician 5 ")


def test_nobody_is_removed_for_whom_a_call_is_booked() -> None:
    run(
        *("book", "--language", "uk", "--agency", "4021", "--technician", "1"),
        *("--number", NUMBER, "--at", noon()),
    )
    assert "cancel it first" in refused("technicians", "remove", "4021", "1")
    run("bookings", "cancel", "1")
    run("technicians", "remove", "4021", "1")
    assert "no such technician" in refused(
        *("book", "--language", "uk", "--agency", "4021", "--technician", "1"),
        *("--number", NUMBER, "--at", noon()),
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("pin", "9999", "1"), "no agency has the code"),
        (("remove", "9999", "1"), "no agency has the code"),
        (("pin", "4021", "77"), "has no technician 77; `stt-bridge technicians list`"),
        (("remove", "4021", "77"), "has no technician 77; `stt-bridge technicians list`"),
        (("pin", "4021", "3"), "agency 4021 has no technician 3"),
        (("remove", "4021", "3"), "agency 4021 has no technician 3"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(
    database: Path, words: tuple[str, ...], why: str
) -> None:
    before = rows(database)
    assert why in refused("technicians", *words)
    assert rows(database) == before
