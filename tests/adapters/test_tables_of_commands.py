# SPDX-License-Identifier: EUPL-1.2
"""What people wrote stands in every list as they wrote it, whatever a terminal would make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.coordinator import ANA, NUMBER, filled_database, run
from tests.storage_samples import PEPPER

WRITTEN = "[/x] [bold]Ana[/] :heart: \\"
"""Closes what nobody opened, opens what is closed, and ends where a bracket would be guarded."""


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STT_PEPPER", PEPPER)
    return filled_database(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("entered", "listed"),
    [
        (("agencies", "add", "6006", WRITTEN, "health"), ("agencies", "list")),
        (("operators", "add", WRITTEN, NUMBER), ("operators", "list")),
        (("technicians", "add", "4021", WRITTEN), ("technicians", "list", "4021")),
        (("interpreters", "set", str(ANA), "--name", WRITTEN), ("interpreters", "list")),
        (("list", "add", "do-not-send", str(ANA), "--reason", WRITTEN), ("list", "show")),
    ],
    ids=lambda words: words[0],
)
def test_nothing_that_people_wrote_is_markup(
    entered: tuple[str, ...], listed: tuple[str, ...]
) -> None:
    run(*entered)
    assert WRITTEN in run(*listed).stdout


def test_the_names_of_levels_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT_LEVELS", "[/x],[red],[b]")
    shown = run("who", "--language", "uk", "--level", "[red]", "--require", "level").stdout
    assert "[/x]" in shown
    assert "level [b], required [red]" in shown
