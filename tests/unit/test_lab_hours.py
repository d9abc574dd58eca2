# SPDX-License-Identifier: EUPL-1.2
"""The lab's line is open at every hour, unless a scenario says otherwise."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.hours.directory import Directory, load_directory, parse_directory
from bridge.hours.model import Why
from lab.hours import LineHours, directory_text

TODAY = date(2026, 12, 8)
"""A public holiday, on which the lab must be open as on any other day."""
NOON = datetime(2026, 12, 8, 12, tzinfo=UTC)
HOURS = [NOON + timedelta(hours=step) for step in range(-11, 11)]


def _directory(hours: LineHours, closed: frozenset[str] = frozenset()) -> Directory:
    return parse_directory(directory_text(TODAY, hours, closed))


def test_only_the_hours_are_the_labs_own() -> None:
    ours, theirs = _directory(LineHours.OPEN), load_directory()
    assert [one.numbers for one in ours.lines] == [one.numbers for one in theirs.lines]
    assert [one.key for one in ours.services] == [one.key for one in theirs.services]


def test_everything_is_open_at_every_hour() -> None:
    ours = _directory(LineHours.OPEN)
    for place in (*ours.lines, *ours.services):
        assert all(place.schedule.is_open(at) for at in HOURS)


@pytest.mark.parametrize(
    ("hours", "why"), [(LineHours.CLOSED, Why.OUTSIDE), (LineHours.HOLIDAY, Why.CLOSURE)]
)
def test_a_closed_line_opens_tomorrow(hours: LineHours, why: Why) -> None:
    ours = _directory(hours)
    for place in (ours.line("lam"), ours.service("stt")):
        verdict = place.schedule.open_at(NOON)
        assert (verdict.open, verdict.why) == (False, why)
        assert verdict.opens_at is not None
        assert NOON < verdict.opens_at < NOON + timedelta(days=1)
    assert ours.service("cnaim-lisboa").schedule.is_open(NOON)


def test_a_service_can_be_closed_alone() -> None:
    ours = _directory(LineHours.OPEN, frozenset({"cnaim-norte"}))
    shut = [one.key for one in ours.services if not one.schedule.is_open(NOON)]
    assert shut == ["cnaim-norte"]
