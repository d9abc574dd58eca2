# SPDX-License-Identifier: EUPL-1.2
"""Who would be rung, as the coordinator asks for it, on a real SQLite file."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.commands.base import language
from bridge.hours.localtime import LISBON
from bridge.roster.waves import OVERLAP_AFTER
from tests.adapters.coordinator import (
    ANA,
    EVA,
    NEW,
    OFF,
    UK,
    filled_database,
    instant,
    noon,
    phones,
    read,
    reasons,
    refused,
    rows,
    run,
)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return filled_database(tmp_path, monkeypatch)


def test_everybody_who_speaks_the_language_is_in_a_wave_or_has_a_reason(database: Path) -> None:
    found = read("who", "--language", "uk", "--at", noon())
    # Of level A and C: no level was asked for, so both ring; it takes both for an answer in time.
    assert phones(found) == [[ANA, EVA]]
    assert reasons(found) == {OFF: "off", NEW: "not_vetted"}
    assert found["at"] == instant(noon()).astimezone(LISBON).isoformat()
    [chance] = [wave["chance"] for wave in found["waves"]]
    assert 0 < chance == found["chance"] < 1
    assert [one["level"] for wave in found["waves"] for one in wave["phones"]] == ["A", "C"]


@pytest.mark.parametrize(
    ("wishes", "waves", "skipped"),
    [
        (("--level", "B"), [[ANA], [EVA]], {}),
        (("--level", "b", "--require", "level"), [[ANA]], {EVA: "level"}),
        (("--level", "B", "--require", "level", "--step-down"), [[ANA], [EVA]], {}),
        (("--gender", "f", "--require", "gender"), [[ANA]], {EVA: "gender"}),
        (("--subject", "health", "--require", "subject"), [[EVA]], {ANA: "subject"}),
        (("--gender", "f"), [[ANA], [EVA]], {}),
        # Of a lower level, which nobody asked about, but versed in what was asked for.
        (("--subject", "health"), [[EVA], [ANA]], {}),
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


def test_who_misses_what_was_wished_is_told_why_they_ring_later(database: Path) -> None:
    wishes = ("--level", "B", "--gender", "f")
    _, second = read("who", "--language", "uk", "--at", noon(), *wishes)["waves"]
    assert second["after_s"] == OVERLAP_AFTER
    (eva,) = second["phones"]
    assert (eva["below_level"], eva["wishes_missed"]) == (True, 1)
    shown = run("who", "--language", "uk", "--at", noon(), *wishes).stdout
    assert "below the level asked for" in " ".join(shown.split())


def test_the_preferred_of_an_agency_ring_before_others_of_their_level(database: Path) -> None:
    run("list", "add", "preferred", str(EVA), "--agency", "4021", "--reason", "knows the ward")
    listed = ("who", "--language", "uk", "--agency", "4021", "--at", noon())
    # Of another level both ring: the higher ranks first, and the preferred waits for nobody.
    assert phones(read(*listed)) == [[ANA, EVA]]
    run("list", "add", "preferred", str(ANA), "--agency", "4021", "--reason", "knows it too")
    run("list", "remove", "preferred", str(EVA), "--agency", "4021")
    assert phones(read(*listed)) == [[ANA], [EVA]]


def test_levels_go_by_the_names_of_the_installation(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_LEVELS", "certified, trained ,other")
    asked = ("who", "--language", "uk", "--at", noon(), "--level", "Trained", "--require", "level")
    found = read(*asked)
    assert found["asked"]["level"]["value"] == "trained"
    assert [one["level"] for wave in found["waves"] for one in wave["phones"]] == ["certified"]
    assert "level other, required trained" in run(*asked).stdout
    assert "the levels are certified, trained, other" in refused(*asked[:-3], "B")
    monkeypatch.setenv("STT_LEVELS", "A,,B")
    assert refused(*asked).startswith("STT_LEVELS: a scale of levels is")


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
