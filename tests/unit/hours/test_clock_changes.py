# SPDX-License-Identifier: EUPL-1.2
"""What a window means on the night of 2026-03-29, which lacks an hour, and of 2026-10-25, which
has one twice: the instants are written out in UTC.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.hours.localtime import LISBON, closing_instant, is_skipped, opening_instant
from bridge.hours.model import Period, Schedule
from tests.unit.hours.moments import lisbon, window, z

SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)


@pytest.mark.parametrize("boundary", [opening_instant, closing_instant])
@pytest.mark.parametrize("at", ["01:00", "01:01", "01:30", "01:59"])
def test_a_skipped_time_is_the_instant_of_the_change(boundary: object, at: str) -> None:
    assert callable(boundary)
    assert boundary(LISBON, SPRING, time.fromisoformat(at)) == z("2026-03-29T01:00")


@pytest.mark.parametrize(
    ("at", "opening", "closing"),
    [
        ("00:59", "2026-10-24T23:59", "2026-10-24T23:59"),
        ("01:00", "2026-10-25T00:00", "2026-10-25T01:00"),
        ("01:30", "2026-10-25T00:30", "2026-10-25T01:30"),
        ("01:59", "2026-10-25T00:59", "2026-10-25T01:59"),
        ("02:00", "2026-10-25T02:00", "2026-10-25T02:00"),
    ],
)
def test_a_time_that_comes_twice_opens_at_its_first_and_closes_at_its_second_coming(
    at: str, opening: str, closing: str
) -> None:
    assert opening_instant(LISBON, AUTUMN, time.fromisoformat(at)) == z(opening)
    assert closing_instant(LISBON, AUTUMN, time.fromisoformat(at)) == z(closing)


@pytest.mark.parametrize(
    ("stretch", "start", "end"),
    [
        ("00:30-05:00", "2026-03-29T00:30", "2026-03-29T04:00"),
        ("01:30-05:00", "2026-03-29T01:00", "2026-03-29T04:00"),
        ("00:30-01:30", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("02:00-03:00", "2026-03-29T01:00", "2026-03-29T02:00"),
        ("09:00-19:00", "2026-03-29T08:00", "2026-03-29T18:00"),
    ],
)
def test_windows_of_the_day_that_lacks_an_hour(stretch: str, start: str, end: str) -> None:
    assert window("Sun", stretch).period_on(SPRING) == Period(z(start), z(end))


def test_a_window_wholly_inside_the_skipped_hour_is_not_held() -> None:
    lost = window("Sun", "01:10-01:50")
    assert lost.period_on(SPRING) is None
    assert lost.period_on(date(2026, 3, 22)) is not None
    assert Schedule((lost,)).next_opening(z("2026-03-28T12:00")) == z("2026-04-05T00:10")


@pytest.mark.parametrize(
    ("stretch", "start", "end"),
    [
        ("00:30-05:00", "2026-10-24T23:30", "2026-10-25T05:00"),
        ("01:30-05:00", "2026-10-25T00:30", "2026-10-25T05:00"),
        ("00:30-01:30", "2026-10-24T23:30", "2026-10-25T01:30"),
        ("01:10-01:50", "2026-10-25T00:10", "2026-10-25T01:50"),
        ("02:00-03:00", "2026-10-25T02:00", "2026-10-25T03:00"),
        ("09:00-19:00", "2026-10-25T09:00", "2026-10-25T19:00"),
    ],
)
def test_windows_of_the_day_that_has_an_hour_twice(stretch: str, start: str, end: str) -> None:
    assert window("Sun", stretch).period_on(AUTUMN) == Period(z(start), z(end))


@pytest.mark.parametrize(
    ("eve", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-10-17", 8)]
)
def test_a_night_window_lasts_as_long_as_that_night(eve: str, hours: int) -> None:
    night = window("Sat", "22:00-06:00").period_on(date.fromisoformat(eve))
    assert night is not None
    assert night.duration == timedelta(hours=hours)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 7), 24)])
def test_from_midnight_to_midnight_is_as_long_as_that_day(day: date, hours: int) -> None:
    always = Schedule((window("Mon-Sun", "00:00-24:00", on_holidays=True),))
    start, end = lisbon(f"{day}T00:00"), lisbon(f"{day + timedelta(days=1)}T00:00")
    assert always.promised(start, end) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-03-29", "2026-03-29T00:00", "2026-03-29T05:00"),
        ("2026-10-25", "2026-10-24T23:00", "2026-10-25T06:00"),
    ],
)
def test_two_windows_that_meet_inside_the_change_leave_no_gap(
    day: str, start: str, end: str
) -> None:
    both = Schedule((window("Sun", "00:00-01:30"), window("Sun", "01:30-06:00")))
    found = both.periods(lisbon(f"{day}T00:00") - timedelta(days=1), lisbon(f"{day}T12:00"))
    assert found == (Period(z(start), z(end)),)


def test_a_change_at_midnight_itself() -> None:
    """In the Azores 00:00 to 01:00 is skipped in spring and comes twice in autumn."""
    azores = ZoneInfo("Atlantic/Azores")
    assert is_skipped(azores, lisbon("2026-03-29T00:30").replace(tzinfo=None))
    day = Schedule((window("Sun", "00:00-24:00"),), zone=azores)
    assert day.periods(z("2026-03-28T00:00"), z("2026-03-31T00:00")) == (
        Period(z("2026-03-29T01:00"), z("2026-03-30T00:00")),
    )
    assert day.periods(z("2026-10-24T00:00"), z("2026-10-27T00:00")) == (
        Period(z("2026-10-25T00:00"), z("2026-10-26T01:00")),
    )


def test_only_the_hour_that_never_shows_is_skipped() -> None:
    shown = {
        text: is_skipped(LISBON, lisbon(text).replace(tzinfo=None))
        for text in (
            "2026-03-29T00:59",
            "2026-03-29T01:00",
            "2026-03-29T01:59",
            "2026-03-29T02:00",
            "2026-10-25T01:30",
        )
    }
    assert list(shown.values()) == [False, True, True, False, False]
