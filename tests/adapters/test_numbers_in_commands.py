# SPDX-License-Identifier: EUPL-1.2
"""A number that no row can have is refused in one sentence, whichever command it is given to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import app, main
from bridge.commands.base import MOST_ROWS
from tests.adapters.coordinator import NUMBER, filled_database, noon, refused, rows, run

HUGE = "9" * 23
BOOK = (
    *("book", "--language", "uk", "--agency", "4021", "--technician", "1"),
    *("--number", NUMBER, "--at", noon()),
)
WITH_A_ROW = [
    (*BOOK, "--interpreter"),
    ("bookings", "cancel"),
    ("presence", "off"),
    ("list", "add", "preferred"),
    ("list", "remove", "preferred"),
    ("operators", "duty", "on"),
    ("who", "--language", "uk", "--again"),
    ("interpreters", "show"),
    ("interpreters", "vet"),
    ("interpreters", "away", "1", "--withdraw"),
    ("technicians", "remove", "4021"),
    ("interpreters", "remove"),
    ("operators", "remove"),
    ("operators", "languages"),
]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return filled_database(tmp_path, monkeypatch)


def with_row(words: tuple[str, ...], number: str) -> list[str]:
    """The words of a command with the number in its place, which is the second last of some."""
    given = list(words)
    if words[-1] in ("off", "on"):
        return [*given[:-1], "--", number, given[-1]]
    return [*given, number] if words[-1].startswith("--") else [*given, "--", number]


@pytest.mark.parametrize("number", [HUGE, str(MOST_ROWS + 1), "0", "-1", "9" * 5000])
@pytest.mark.parametrize("words", WITH_A_ROW, ids=lambda words: " ".join(words[:2]))
def test_a_number_that_no_row_has_is_refused(
    database: Path, words: tuple[str, ...], number: str
) -> None:
    before = rows(database)
    result = CliRunner().invoke(app, with_row(words, number))
    assert result.exit_code == 2, result.output
    assert "Invalid value for" in result.output
    assert "Traceback" not in result.output
    assert rows(database) == before


@pytest.mark.parametrize("words", WITH_A_ROW, ids=lambda words: " ".join(words[:2]))
def test_the_largest_number_that_a_row_can_have_is_looked_up(
    database: Path, words: tuple[str, ...]
) -> None:
    before = rows(database)
    result = CliRunner().invoke(app, with_row(words, str(MOST_ROWS)))
    assert isinstance(result.exception, ValueError), result.output
    assert str(MOST_ROWS) in str(result.exception)
    assert rows(database) == before


def test_an_interpreter_who_is_not_there_cannot_be_asked_for_again(database: Path) -> None:
    assert "there is no interpreter 99999" in refused("who", "--language", "uk", "--again", "99999")


@pytest.mark.parametrize(
    "words",
    [
        ("bookings", "--days", "3000000"),
        ("bookings", "--days", "0"),
        ("agencies", "dial-allow", "4021", "--hourly-cap", HUGE),
    ],
)
def test_a_span_or_a_cap_beyond_all_sense_is_refused(
    database: Path, words: tuple[str, ...]
) -> None:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 2, result.output
    assert "Invalid value for" in result.output


def test_ten_years_ahead_can_be_listed(database: Path) -> None:
    assert "no call is booked" in run("bookings", "--days", "3660").stdout


def test_a_number_that_is_too_large_further_down_is_one_line(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_large(url: str) -> None:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    monkeypatch.setattr("bridge.storage.migrate.upgrade", too_large)
    monkeypatch.setattr(sys, "argv", ["stt-bridge", "database", "upgrade"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err == (
        "error: a number or a date is too large for the database; give a smaller one\n"
    )
