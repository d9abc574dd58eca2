# SPDX-License-Identifier: EUPL-1.2
"""The answer to "is it open?" as the command prints it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bridge.hours.directory import Directory, load_directory
from bridge.hours.model import Absence, Closure, ExtraHours, Schedule
from bridge.hours.report import hours_report
from tests.unit.hours.moments import lisbon

DIRECTORY = load_directory()


def with_stt(schedule: Schedule) -> Directory:
    return replace(DIRECTORY, services=(replace(DIRECTORY.service("stt"), schedule=schedule),))


def test_a_holiday_is_named_and_the_next_opening_told() -> None:
    assert hours_report(DIRECTORY, "2026-12-08T10:00", line="218106191") == {
        "line": "lam",
        "name": "Linha de Apoio a Migrantes",
        "at": "2026-12-08T10:00:00+00:00",
        "open": False,
        "kind": "holiday",
        "why": "Imaculada Conceição",
        "opens_at": "2026-12-09T09:00:00+00:00",
    }


def test_inside_a_window_the_window_is_named_and_the_closing_told() -> None:
    assert hours_report(DIRECTORY, "2026-07-01T10:00", service="stt") == {
        "service": "stt",
        "name": "Serviço de Tradução Telefónica",
        "at": "2026-07-01T10:00:00+01:00",
        "open": True,
        "kind": "window",
        "why": "window Mon–Fri 09:00–19:00",
        "closes_at": "2026-07-01T19:00:00+01:00",
    }


def test_the_offset_of_the_next_opening_is_that_of_its_own_day() -> None:
    report = hours_report(DIRECTORY, "2026-03-27T19:30", service="stt")
    assert (report["at"], report["opens_at"]) == (
        "2026-03-27T19:30:00+00:00",
        "2026-03-30T09:00:00+01:00",
    )


@pytest.mark.parametrize(
    "at",
    [
        "2026-07-01T10:00",
        "2026-07-01 10:00:00",
        "2026-07-01T10:00+01:00",
        "2026-07-01T09:00Z",
        lisbon("2026-07-01T10:00"),
        datetime(2026, 7, 1, 9, tzinfo=UTC),
    ],
)
def test_a_moment_may_be_given_in_any_of_these_ways(at: str | datetime) -> None:
    assert hours_report(DIRECTORY, at, line="lam")["at"] == "2026-07-01T10:00:00+01:00"


def test_a_time_that_comes_twice_is_its_first_coming_unless_the_offset_tells() -> None:
    def at(text: str) -> object:
        return hours_report(DIRECTORY, text, line="lam")["at"]

    assert at("2026-10-25T01:30") == "2026-10-25T01:30:00+01:00"
    assert at("2026-10-25T01:30+00:00") == "2026-10-25T01:30:00+00:00"


def test_closures_absences_and_extra_hours_are_told_with_their_reason() -> None:
    stt = DIRECTORY.service("stt").schedule
    start, end = lisbon("2026-12-05T10:00"), lisbon("2026-12-05T12:00")
    told = [
        hours_report(with_stt(schedule), "2026-12-" + at, service="stt")["why"]
        for schedule, at in (
            (replace(stt, closures=(Closure(date(2026, 12, 4), "obras"),)), "04T10:00"),
            (replace(stt, absences=(Absence(start, end, "greve"),)), "05T10:00"),
            (replace(stt, absences=(Absence(start, end),)), "05T10:00"),
            (replace(stt, extra=(ExtraHours(start, end),)), "05T10:00"),
            (stt, "05T10:00"),
        )
    ]
    assert told == [
        "closure: obras",
        "absence: greve",
        "absence",
        "extra hours",
        "outside the windows",
    ]


def test_what_never_opens_has_no_next_opening() -> None:
    report = hours_report(with_stt(Schedule()), "2026-12-04T10:00", service="stt")
    assert report["opens_at"] is None
    assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize(
    ("at", "line", "service", "sentence"),
    [
        ("2026-12-08T10:00", None, None, "name either a line or a service"),
        ("2026-12-08T10:00", "lam", "stt", "name either a line or a service"),
        ("2026-12-08T10:00", "210000001", None, "that is no number of a line; use lam"),
        ("2026-12-08T10:00", None, "nowhere", "there is no service 'nowhere'"),
        ("tomorrow", "lam", None, "'tomorrow' is no date and time; write it as in 2026-12-08T1"),
        ("2026-02-30T10:00", "lam", None, "is no date and time"),
        ("2026-03-29T01:30", "lam", None, "does not exist: clocks go forward over it"),
        ("0206-12-08T10:00", "lam", None, "years 1900 to 2099"),
        ("9999-12-31T23:59", "lam", None, "years 1900 to 2099"),
        ("0001-01-01T00:00", "lam", None, "years 1900 to 2099"),
    ],
)
def test_what_cannot_be_answered_is_one_clear_sentence(
    at: str, line: str | None, service: str | None, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as refusal:
        hours_report(DIRECTORY, at, line=line, service=service)
    assert "\n" not in str(refusal.value)
