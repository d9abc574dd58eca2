# SPDX-License-Identifier: EUPL-1.2
"""Windows, absences and extra hours, as a coordinator writes them, on a real SQLite file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.commands.base import in_database
from bridge.hours.localtime import LISBON
from bridge.roster import store, windows_store
from tests.adapters.coordinator import (
    ANA,
    EVA,
    IVO,
    day,
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

WINDOWS = ("interpreters", "windows")


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return filled_database(tmp_path, monkeypatch)


def kept() -> list[tuple[str, str, str, str | None]]:
    return [
        (" ".join(one["days"]), one["from"], one["to"], one["until"])
        for one in read(*WINDOWS, "show", str(ANA))
    ]


def shown() -> Any:
    return read("interpreters", "show", str(ANA))


def is_there(at: str) -> bool:
    """Whether their hours hold then."""
    moment = instant(at)
    schedule = in_database(windows_store.load_schedules)[ANA]
    return bool(schedule.is_open(moment))


def test_a_window_is_added_to_those_that_hold() -> None:
    run(*WINDOWS, "set", str(ANA), "Mon-Fri 09:00-13:00")
    before = in_database(store.revision)
    told = run(*WINDOWS, "add", str(ANA), "Sat 22:00-06:00", "Sun 09:00-13:00").stdout
    assert told == (
        f"interpreter 1 may also be rung Sat 22:00–06:00 and Sun 09:00–13:00 from {day(0)} on\n"
    )
    assert in_database(store.revision) > before
    assert kept() == [
        ("Mon Tue Wed Thu Fri Sun", "09:00", "13:00", None),
        ("Sat", "22:00", "06:00", None),
    ]
    sunday = day((6 - day(0).weekday()) % 7 + 7)
    assert is_there(f"{sunday}T05:00")
    assert not is_there(f"{sunday}T07:00")


def test_a_window_may_hold_for_some_days_only_and_the_week_returns() -> None:
    run(*WINDOWS, "set", str(ANA), "Mon-Sun 09:00-13:00", "--on-holidays")
    since, until = ("--since", str(day(10))), ("--until", str(day(19)))
    run(*WINDOWS, "add", str(ANA), "Mon-Sun 15:00-17:00", "--on-holidays", *since, *until)
    for ahead, there in ((9, False), (10, True), (19, True), (20, False)):
        assert is_there(f"{day(ahead)}T16:00") is there
        assert is_there(f"{day(ahead)}T10:00")


def test_a_window_is_added_to_a_week_that_is_yet_to_come() -> None:
    run(*WINDOWS, "set", str(ANA), "Mon-Sun 09:00-13:00", "--on-holidays")
    run(*WINDOWS, "remove", str(ANA), "Mon-Sun 09:00-13:00", "--since", str(day(10)))
    run(*WINDOWS, "add", str(ANA), "Mon-Sun 15:00-17:00", "--on-holidays")
    assert is_there(f"{day(2)}T10:00")
    assert is_there(f"{day(2)}T16:00")
    assert not is_there(f"{day(12)}T10:00")
    assert is_there(f"{day(12)}T16:00")


def test_what_was_promised_before_today_stays() -> None:
    def promised() -> timedelta:
        schedule = in_database(windows_store.load_schedules)[ANA]
        midnight = datetime.combine(day(0), datetime.min.time(), LISBON).astimezone(UTC)
        return sum(
            (one.end - one.start for one in schedule.periods(midnight - timedelta(30), midnight)),
            timedelta(),
        )

    run(*WINDOWS, "set", str(ANA), "Mon-Fri 09:00-13:00")
    before = promised()
    run(*WINDOWS, "add", str(ANA), "Sat 09:00-13:00")
    run(*WINDOWS, "remove", str(ANA), "Mon-Fri 09:00-13:00")
    assert promised() == before > timedelta()


def test_a_window_is_taken_away_on_some_weekdays() -> None:
    run(*WINDOWS, "set", str(ANA), "Mon-Fri 09:00-13:00", "Sat 10:00-12:00")
    told = run(*WINDOWS, "remove", str(ANA), "Tue, Thu 09:00-13:00").stdout
    assert told == f"interpreter 1 has no window Tue, Thu 09:00–13:00 any more from {day(0)} on\n"
    assert [one[0] for one in kept()] == ["Mon Wed Fri", "Sat"]


def test_who_loses_their_last_window_is_told_of() -> None:
    run(*WINDOWS, "set", str(ANA), "Sat 10:00-12:00")
    assert "`stt-bridge interpreters windows drop`" in (
        run(*WINDOWS, "remove", str(ANA), "Sat 10:00-12:00").stdout
    )
    assert kept() == []
    assert "rung in extra hours only" in run("interpreters", "show", str(ANA)).stdout


def test_who_is_away_is_not_rung_until_it_is_taken_back() -> None:
    before = in_database(store.revision)
    stretch = ("--from", str(day(6)), "--to", str(day(7)))
    told = run("interpreters", "away", str(ANA), *stretch, "--reason", "férias").stdout
    assert told.endswith(": absence 1\n")
    assert f"{day(8)} 00:00" in told
    assert in_database(store.revision) > before
    assert [one["reason"] for one in shown()["absences"]] == ["férias"]
    assert "absence 1: " in run("interpreters", "show", str(ANA)).stdout
    assert reasons(read("who", "--language", "uk", "--at", noon(7)))[ANA] == "outside_window"
    assert ANA in phones(read("who", "--language", "uk", "--at", noon(8)))[0]
    told = run("interpreters", "away", str(ANA), "--withdraw", "1").stdout
    assert told == "absence 1 of interpreter 1: taken back\n"
    assert ANA in phones(read("who", "--language", "uk", "--at", noon(7)))[0]


def test_extra_hours_are_rung_in_beside_the_windows() -> None:
    run(*WINDOWS, "set", str(ANA), "Mon-Sun 01:00-02:00")
    stretch = ("--from", noon(6), "--to", noon(7))
    told = run("interpreters", "extra", str(ANA), *stretch).stdout
    assert told.endswith(": extra hours 1\n")
    assert is_there(noon(6))
    assert not is_there(noon(7))
    assert "extra hours 1: " in run("interpreters", "show", str(ANA)).stdout
    run("interpreters", "extra", str(ANA), "--withdraw", "1")
    assert not is_there(noon(6))
    assert shown()["extra"] == []


@pytest.mark.parametrize("other", ["absence", "extra"])
def test_nobody_takes_back_what_is_somebody_elses(other: str) -> None:
    command = "away" if other == "absence" else "extra"
    run("interpreters", command, str(ANA), "--from", noon(6), "--to", noon(7))
    assert "tells the numbers" in refused("interpreters", command, str(EVA), "--withdraw", "1")
    assert shown()["absences" if other == "absence" else "extra"]


PAST = "2020-01-06"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*WINDOWS, "add", "77", "Mon 09:00-10:00"), "there is no interpreter 77"),
        ((*WINDOWS, "remove", "77", "Mon 09:00-10:00"), "there is no interpreter 77"),
        ((*WINDOWS, "drop", "77"), "there is no interpreter 77"),
        ((*WINDOWS, "add", "1", "Mon 09:00"), "no stretch of a day"),
        ((*WINDOWS, "add", "1", "Xyz 09:00-10:00"), "no weekdays"),
        ((*WINDOWS, "add", "1", "Mon 09:00-10:00", "--since", "soon"), "is no day; write it"),
        ((*WINDOWS, "add", "1", "Mon 09:00-10:00", "--since", PAST), "give today or a day to come"),
        ((*WINDOWS, "add", "1", "Mon 09:00-10:00", "--until", PAST), "give today or a day to come"),
        (
            (
                *(*WINDOWS, "add", "1", "Mon 09:00-10:00"),
                *("--since", str(day(9)), "--until", str(day(8))),
            ),
            "the last day is before the first",
        ),
        ((*WINDOWS, "remove", "1", "Mon 09:00-10:00"), "has no window Mon 09:00–10:00"),
        ((*WINDOWS, "add", "3", "Mon 09:00-10:00"), "windows set` makes them keep some"),
        (("interpreters", "extra", "3", "--from", noon(6), "--to", noon(7)), "no windows are kept"),
        (("interpreters", "away", "77", "--from", noon(6), "--to", noon(7)), "no interpreter 77"),
        (("interpreters", "extra", "77", "--from", noon(6), "--to", noon(7)), "no interpreter 77"),
        (("interpreters", "away", "1", "--from", noon(6)), "an absence: give --from and --to"),
        (("interpreters", "extra", "1", "--to", noon(6)), "extra hours: give --from and --to"),
        (("interpreters", "away", "1", "--from", noon(7), "--to", noon(6)), "swap the two"),
        (("interpreters", "away", "1", "--from", PAST, "--to", PAST), "give a time to come"),
        (("interpreters", "away", "1", "--from", "soon", "--to", noon(6)), "no date and time"),
        (("interpreters", "away", "1", "--withdraw", "5"), "has no absence 5; `stt-bridge"),
        (("interpreters", "extra", "1", "--withdraw", "5"), "has no extra hours 5; `stt-bridge"),
        (
            ("interpreters", "away", "1", "--withdraw", "5", "--to", noon(6)),
            "leave --from and --to out",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(
    database: Path, words: tuple[str, ...], why: str
) -> None:
    run(*WINDOWS, "drop", str(IVO))
    before = rows(database)
    assert why in refused(*words)
    assert rows(database) == before
