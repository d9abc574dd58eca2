# SPDX-License-Identifier: EUPL-1.2
"""Who interpreters are, their limits, and what is shown of them, on a real SQLite file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.commands.base import in_database
from bridge.roster import people_store, store
from bridge.roster.people import Interpreter, Limits
from bridge.roster.skills import Gender, Subject
from tests.adapters.coordinator import ANA, EVA, filled_database, noon, read, refused, rows, run
from tests.storage_samples import PEPPER


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STT_PEPPER", PEPPER)
    return filled_database(tmp_path, monkeypatch)


def eva() -> Interpreter:
    found = in_database(lambda conn: people_store.load_person(conn, EVA))
    assert found is not None
    return found


def shown() -> Any:
    return read("interpreters", "show", str(EVA))


def test_only_what_is_named_changes() -> None:
    before = in_database(store.revision)
    told = run("interpreters", "set", str(EVA), "--gender", "x", "--notes", " Só de manhã. ")
    assert told.stdout == "interpreter 2 is changed\n"
    assert in_database(store.revision) > before
    assert (eva().gender, eva().subjects) == (Gender.OTHER, frozenset({Subject.HEALTH}))
    run("interpreters", "set", str(EVA), "--subject", "work", "--subject", "police")
    assert eva().subjects == frozenset({Subject.WORK, Subject.POLICE})
    run("interpreters", "set", str(EVA), "--name", "Eva Nova")
    assert (shown()["name"], shown()["notes"]) == ("Eva Nova", "Só de manhã.")
    run("interpreters", "set", str(EVA), "--no-gender", "--no-subjects", "--notes", "")
    assert (eva().gender, eva().subjects, shown()["notes"]) == (None, frozenset(), "")


def test_limits_differ_from_the_usual_where_they_are_named_until_they_are_usual_again() -> None:
    before = in_database(store.revision)
    run("interpreters", "limits", str(EVA), "--wrap-up", "120", "--daily", "200")
    assert in_database(store.revision) > before
    assert eva().limits == Limits(wrap_up=timedelta(seconds=120), daily_minutes=200.0)
    run(
        *("interpreters", "limits", str(EVA), "--wrap-up-hard", "600", "--consecutive", "40"),
        *("--rest", "30", "--offers-an-hour", "5", "--unanswered", "2"),
    )
    wanted = {
        "wrap_up_seconds": 120,
        "wrap_up_hard_seconds": 600,
        "consecutive_minutes": 40,
        "rest_minutes": 30,
        "daily_minutes": 200,
        "offers_an_hour": 5,
        "unanswered_in_a_row": 2,
    }
    assert shown()["limits"] == wanted
    assert "limits: wrap up seconds 120," in run("interpreters", "show", str(EVA)).stdout
    told = run("interpreters", "limits", str(EVA), "--usual").stdout
    assert told == "interpreter 2 has the usual limits\n"
    assert eva().limits == Limits()


def test_all_is_shown_but_numbers_and_pins() -> None:
    assert shown()["has_pin"] is False
    told = run("interpreters", "pin", str(EVA)).stdout
    pin = told.partition("the PIN ")[2][:6]
    run("presence", str(EVA), "on_break", "--until", noon(1))
    everything = run("interpreters", "show", str(EVA)).stdout
    assert everything.startswith("interpreter 2: Intérprete 2\nlanguages: ru:C uk:C\n")
    assert "\nPIN: drawn\n" in everything
    assert "\npresence: on break until " in everything
    assert "\nwindows: 1\n  Mon Tue Wed Thu Fri Sat Sun 00:15-23:45" in everything
    for secret in (pin, "+351910000002", "argon2"):
        assert secret not in everything + run("interpreters", "show", str(EVA), "--json").stdout
    run("interpreters", "windows", "drop", str(EVA))
    assert "windows: not kept" in run("interpreters", "show", str(EVA)).stdout


def test_the_list_tells_names_and_whose_windows_are_kept() -> None:
    run("interpreters", "windows", "drop", str(ANA))
    # Away and without windows: there is a schedule then, and still no window is kept.
    run("interpreters", "away", str(ANA), "--from", noon(6), "--to", noon(7))
    first, second, *_ = read("interpreters", "list")
    assert (first["name"], first["keeps_windows"]) == ("Intérprete 1", False)
    assert (second["name"], second["keeps_windows"]) == ("Intérprete 2", True)
    assert "Intérprete 1" in run("interpreters", "list").stdout


def test_a_longer_scale_is_shown_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT_LEVELS", "A,B,C,D,E,F,G")
    run("interpreters", "languages", str(EVA), "uk:G", "ru:F")
    assert shown()["languages"] == ["ru:F", "uk:G"]
    assert read("interpreters", "list")[1]["languages"] == ["ru:F", "uk:G"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("set", "77", "--gender", "f"), "there is no interpreter 77"),
        (("limits", "77", "--usual"), "there is no interpreter 77"),
        (("show", "77"), "there is no interpreter 77"),
        (("set", "1"), "say what changes: --name, --gender, --subject or --notes"),
        (("set", "1", "--name", " "), "has a name"),
        (("set", "1", "--gender", "f", "--no-gender"), "leave one of the two out"),
        (("set", "1", "--subject", "work", "--no-subjects"), "leave one of the two out"),
        (("limits", "1"), "give either --usual or the limits that differ"),
        (("limits", "1", "--usual", "--daily", "60"), "give either --usual or the limits"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(
    database: Path, words: tuple[str, ...], why: str
) -> None:
    before = rows(database)
    assert why in refused("interpreters", *words)
    assert rows(database) == before
