# SPDX-License-Identifier: EUPL-1.2
"""Windows and their exceptions, one example a rule. All of it in December 2026 unless it says
otherwise: Tuesday 1 and Tuesday 8 are public holidays, the clocks show UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bridge.hours.calendar import PublicHolidays
from bridge.hours.model import (
    LOOK_AHEAD,
    Absence,
    BadHours,
    Closure,
    ExtraHours,
    Schedule,
    Verdict,
    Weekday,
    Why,
    Window,
)
from tests.unit.hours.moments import lisbon, shown, whole_day, window, z

OFFICE = window("Mon-Fri", "09:00-19:00")
NIGHTS = window("Mon-Sun", "22:00-06:00")
PORTUGAL = PublicHolidays()


def test_a_window_is_open_from_its_first_to_before_its_last_instant() -> None:
    office = Schedule((OFFICE,))
    assert not office.is_open(z("2026-12-02T08:59:59.999999"))
    assert office.is_open(z("2026-12-02T09:00"))
    assert office.is_open(z("2026-12-02T18:59:59.999999"))
    assert not office.is_open(z("2026-12-02T19:00"))


def test_the_verdict_names_the_window_and_when_it_closes() -> None:
    assert Schedule((OFFICE,)).open_at(lisbon("2026-07-01T10:00")) == Verdict(
        open=True, why=Why.WINDOW, window=OFFICE, closes_at=z("2026-07-01T18:00")
    )


def test_outside_the_windows_the_verdict_says_when_it_opens_next() -> None:
    friday_night = Schedule((OFFICE,)).open_at(z("2026-12-04T19:00"))
    assert friday_night == Verdict(open=False, why=Why.OUTSIDE, opens_at=z("2026-12-07T09:00"))


def test_several_windows_a_day_leave_the_lunch_free() -> None:
    beja = Schedule((window("Mon-Fri", "09:00-12:30"), window("Mon-Fri", "14:00-17:30")))
    assert shown(beja.periods(*whole_day("2026-12-02"))) == [
        "Wed 02 09:00–12:30",
        "Wed 02 14:00–17:30",
    ]
    assert beja.open_at(z("2026-12-02T12:30")).opens_at == z("2026-12-02T14:00")
    assert beja.next_opening(z("2026-12-02T10:00")) == z("2026-12-02T14:00")


def test_windows_that_touch_or_overlap_are_one_period_and_close_together() -> None:
    day = Schedule(
        (
            window("Wed", "09:00-12:00"),
            window("Wed", "12:00-15:00"),
            window("Wed", "14:00-18:00"),
            window("Wed", "10:00-11:00"),
        )
    )
    assert shown(day.periods(*whole_day("2026-12-02"))) == ["Wed 02 09:00–18:00"]
    assert day.open_at(z("2026-12-02T09:30")).closes_at == z("2026-12-02T18:00")
    assert day.open_at(z("2026-12-02T14:30")).window == window("Wed", "14:00-18:00")


def test_a_window_across_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    friday = Schedule((window("Fri", "22:00-06:00"),))
    verdict = friday.open_at(z("2026-12-05T03:00"))
    assert (verdict.open, verdict.closes_at) == (True, z("2026-12-05T06:00"))
    assert not friday.is_open(z("2026-12-04T03:00"))
    assert friday.open_at(z("2026-12-05T06:00")).opens_at == z("2026-12-11T22:00")


def test_alike_boundaries_are_24_hours() -> None:
    duty = Schedule((window("Wed", "08:00-08:00"),))
    assert duty.promised(z("2026-12-01T00:00"), z("2026-12-08T00:00")) == timedelta(hours=24)


def test_a_holiday_closes_a_window_and_is_named() -> None:
    office = Schedule((OFFICE,), holidays=PORTUGAL)
    assert office.open_at(z("2026-12-08T10:00")) == Verdict(
        open=False,
        why=Why.HOLIDAY,
        name="Imaculada Conceição",
        opens_at=z("2026-12-09T09:00"),
    )


def test_a_holiday_is_named_all_day_but_not_on_a_day_without_windows() -> None:
    office = Schedule((OFFICE,), holidays=PORTUGAL)
    assert office.open_at(z("2026-12-08T03:00")).why is Why.HOLIDAY
    assert office.open_at(z("2026-12-08T22:00")).why is Why.HOLIDAY
    assert office.open_at(z("2026-12-09T03:00")).why is Why.OUTSIDE
    sunday = office.open_at(z("2026-11-01T10:00"))
    assert (sunday.why, sunday.name) == (Why.OUTSIDE, "")


def test_a_window_may_be_held_on_holidays_too() -> None:
    mixed = Schedule(
        (window("Mon-Fri", "09:00-13:00", on_holidays=True), window("Mon-Fri", "14:00-19:00")),
        holidays=PORTUGAL,
    )
    assert mixed.open_at(z("2026-12-08T10:00")).closes_at == z("2026-12-08T13:00")
    assert mixed.open_at(z("2026-12-08T15:00")).why is Why.HOLIDAY
    assert mixed.open_at(z("2026-12-08T20:00")).why is Why.OUTSIDE
    afternoon = Schedule(
        (window("Mon-Fri", "09:00-13:00"), window("Mon-Fri", "14:00-19:00", on_holidays=True)),
        holidays=PORTUGAL,
    )
    assert afternoon.open_at(z("2026-12-08T10:00")).why is Why.HOLIDAY
    assert afternoon.open_at(z("2026-12-08T20:00")).why is Why.OUTSIDE


def test_a_night_runs_on_into_a_holiday_and_does_not_begin_on_it() -> None:
    nights = Schedule((NIGHTS,), holidays=PORTUGAL)
    assert shown(nights.periods(z("2026-12-07T12:00"), z("2026-12-10T12:00"))) == [
        "Mon 07 22:00–06:00",
        "Wed 09 22:00–06:00",
    ]
    assert nights.open_at(z("2026-12-09T03:00")).name == "Imaculada Conceição"


def test_a_closure_closes_windows_that_are_held_on_holidays_too() -> None:
    always = window("Mon-Sun", "00:00-24:00", on_holidays=True)
    works = Schedule((always,), closures=(Closure(date(2026, 12, 8), "obras"),), holidays=PORTUGAL)
    verdict = works.open_at(z("2026-12-08T10:00"))
    assert (verdict.why, verdict.name) == (Why.CLOSURE, "obras")
    assert verdict.opens_at == z("2026-12-09T00:00")
    assert works.open_at(z("2026-12-07T10:00")).closes_at == z("2026-12-08T00:00")


def test_an_absence_cuts_a_window_to_the_second_and_wins_over_extra_hours() -> None:
    away = Schedule(
        (OFFICE,),
        absences=(Absence(z("2026-12-02T10:00:30"), z("2026-12-02T11:00"), "médico"),),
        extra=(ExtraHours(z("2026-12-02T10:30"), z("2026-12-02T20:00")),),
    )
    assert away.promised(*whole_day("2026-12-02")) == timedelta(hours=10, seconds=30)
    assert away.open_at(z("2026-12-02T10:45")) == Verdict(
        open=False, why=Why.ABSENCE, name="médico", opens_at=z("2026-12-02T11:00")
    )
    assert away.open_at(z("2026-12-02T10:00")).closes_at == z("2026-12-02T10:00:30")


def test_extra_hours_are_open_on_holidays_closures_and_weekends() -> None:
    extra = Schedule(
        (OFFICE,),
        extra=(
            ExtraHours(lisbon("2026-12-05T10:00"), lisbon("2026-12-05T12:00")),
            ExtraHours(lisbon("2026-12-08T10:00"), lisbon("2026-12-08T12:00")),
            ExtraHours(lisbon("2026-12-09T18:00"), lisbon("2026-12-09T21:00")),
        ),
        closures=(Closure(date(2026, 12, 9), "obras"),),
        holidays=PORTUGAL,
    )
    assert shown(extra.periods(z("2026-12-05T00:00"), z("2026-12-10T00:00"))) == [
        "Sat 05 10:00–12:00",
        "Mon 07 09:00–19:00",
        "Tue 08 10:00–12:00",
        "Wed 09 18:00–21:00",
    ]
    saturday = extra.open_at(z("2026-12-05T11:00"))
    assert (saturday.why, saturday.window) == (Why.EXTRA, None)
    assert extra.open_at(z("2026-12-08T09:00")).opens_at == z("2026-12-08T10:00")


def test_extra_hours_lengthen_a_window() -> None:
    longer = Schedule((OFFICE,), extra=(ExtraHours(z("2026-12-02T19:00"), z("2026-12-02T21:00")),))
    verdict = longer.open_at(z("2026-12-02T10:00"))
    assert (verdict.why, verdict.closes_at) == (Why.WINDOW, z("2026-12-02T21:00"))
    assert longer.open_at(z("2026-12-02T19:00")).why is Why.EXTRA


def test_later_windows_replace_the_whole_week_from_their_day_on() -> None:
    changed = Schedule(
        (OFFICE, window("Sat", "10:00-12:00"), window("Mon-Wed", "08:00-20:00", since="2026-12-10"))
    )
    assert shown(changed.periods(z("2026-12-09T00:00"), z("2026-12-15T00:00"))) == [
        "Wed 09 09:00–19:00",
        "Mon 14 08:00–20:00",
    ]


def test_the_night_before_new_windows_is_still_worked_to_its_end() -> None:
    changed = Schedule((NIGHTS, window("Mon-Sun", "09:00-17:00", since="2026-12-10")))
    assert shown(changed.periods(z("2026-12-09T12:00"), z("2026-12-11T00:00"))) == [
        "Wed 09 22:00–06:00",
        "Thu 10 09:00–17:00",
    ]


def test_when_temporary_windows_end_the_earlier_ones_return() -> None:
    summer = Schedule(
        (OFFICE, window("Mon-Fri", "09:00-13:00", since="2026-08-03", until="2026-08-28"))
    )
    closing = {
        day: summer.open_at(lisbon(f"{day}T10:00")).closes_at
        for day in ("2026-07-31", "2026-08-03", "2026-08-28", "2026-08-31")
    }
    assert closing == {
        "2026-07-31": lisbon("2026-07-31T19:00"),
        "2026-08-03": lisbon("2026-08-03T13:00"),
        "2026-08-28": lisbon("2026-08-28T13:00"),
        "2026-08-31": lisbon("2026-08-31T19:00"),
    }


def test_the_windows_of_a_day_come_earliest_first() -> None:
    late, early = window("Wed", "14:00-17:30"), window("Wed", "09:00-12:30")
    plan = Schedule((late, early))
    assert plan.windows_on(date(2026, 12, 2)) == (early, late)
    assert plan.windows_on(date(2026, 12, 3)) == ()


def test_whoever_never_opens_and_whoever_never_closes_is_said_so() -> None:
    assert Schedule().open_at(z("2026-12-02T10:00")) == Verdict(open=False, why=Why.OUTSIDE)
    assert Schedule().next_opening(z("2026-12-02T10:00")) is None
    always = Schedule((window("Mon-Sun", "00:00-24:00", on_holidays=True),), holidays=PORTUGAL)
    verdict = always.open_at(z("2026-12-02T10:00"))
    assert (verdict.open, verdict.closes_at) == (True, None)
    assert always.next_opening(z("2026-12-02T10:00")) is None


def test_an_opening_years_away_is_found_and_one_beyond_the_look_ahead_is_not() -> None:
    start = z("2026-12-02T10:00")
    for away, found in ((LOOK_AHEAD - timedelta(days=1), True), (LOOK_AHEAD, False)):
        day = (start + away).date()
        far = Schedule((Window(frozenset(Weekday), time(11), time(12), valid_from=day),))
        expected = datetime.combine(day, time(11), UTC) - (
            timedelta(hours=1) if 4 <= day.month <= 10 else timedelta()
        )
        assert far.next_opening(start) == (expected if found else None)


def test_the_end_of_an_asked_stretch_cuts_and_a_stretch_of_nothing_has_no_periods() -> None:
    office = Schedule((OFFICE,))
    assert shown(office.periods(z("2026-12-02T10:00"), z("2026-12-02T11:00"))) == [
        "Wed 02 10:00–11:00"
    ]
    assert office.periods(z("2026-12-02T10:00"), z("2026-12-02T10:00")) == ()


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        (datetime(2026, 12, 2, 10), "no time zone"),
        (z("1899-12-31T00:00"), "years 1900 to 2099"),
        (z("2100-01-01T00:00"), "years 1900 to 2099"),
        (datetime.min.replace(tzinfo=UTC), "years 1900 to 2099"),
        (datetime.max.replace(tzinfo=UTC), "years 1900 to 2099"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_refused(moment: datetime, sentence: str) -> None:
    office = Schedule((OFFICE,))
    for ask in (office.open_at, office.is_open, office.next_opening):
        with pytest.raises(ValueError, match=sentence):
            ask(moment)


def test_the_last_moment_that_hours_are_kept_for_is_answered() -> None:
    office = Schedule((OFFICE,), holidays=PORTUGAL)
    assert office.open_at(z("2099-12-31T20:00")).opens_at == z("2100-01-04T09:00")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Window(frozenset(), time(9), time(10)), "at least one weekday"),
        (lambda: Window(frozenset({Weekday.MON}), time(9, tzinfo=UTC), time(10)), "local time"),
        (lambda: Window(frozenset({Weekday.MON}), time(9, 0, 0, 1), time(10)), "whole seconds"),
        (lambda: window("Mon", "09:00-10:00", since="2026-02-02", until="2026-02-01"), "swap"),
        (lambda: window("Mon", "09:00-10:00", since="0206-02-02"), "check its year"),
        (lambda: Absence(z("2026-12-02T10:00"), z("2026-12-02T10:00")), "swap"),
        (lambda: ExtraHours(z("2026-12-02T10:00"), z("2026-12-02T09:00")), "swap"),
    ],
)
def test_hours_that_make_no_sense_are_refused(make: object, sentence: str) -> None:
    assert callable(make)
    with pytest.raises(BadHours, match=sentence):
        make()


def test_a_stretch_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="swap the two"):
        Schedule((OFFICE,)).periods(z("2026-12-02T10:00"), z("2026-12-02T09:00"))


@pytest.mark.parametrize(
    ("days", "label"),
    [
        ("Mon-Fri", "Mon–Fri 22:00–06:00"),
        ("Sat", "Sat 22:00–06:00"),
        ("Sat, Sun", "Sat, Sun 22:00–06:00"),
        ("Mon-Wed, Fri, Sun", "Mon–Wed, Fri, Sun 22:00–06:00"),
    ],
)
def test_a_window_is_written_as_people_write_it(days: str, label: str) -> None:
    assert str(window(days, "22:00-06:00")) == label


# --- the hours of a day ------------------------------------------------------------------------

BEJA = Schedule(
    (window("Mon-Fri", "09:00-12:30"), window("Mon-Fri", "14:00-17:30")), holidays=PORTUGAL
)
WEDNESDAY = ["Wed 02 09:00–12:30", "Wed 02 14:00–17:30"]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-12-02T00:00", WEDNESDAY),
        ("2026-12-02T09:00", WEDNESDAY),
        ("2026-12-02T13:00", WEDNESDAY),
        ("2026-12-02T17:29:59", WEDNESDAY),
        ("2026-12-02T17:30", ["Thu 03 09:00–12:30", "Thu 03 14:00–17:30"]),
        ("2026-12-01T10:00", WEDNESDAY),
        ("2026-12-04T18:00", ["Mon 07 09:00–12:30", "Mon 07 14:00–17:30"]),
    ],
)
def test_hours_are_those_of_the_day_and_of_the_next_open_day_when_none_are_left(
    at: str, told: list[str]
) -> None:
    assert shown(BEJA.day_at(z(at))) == told


def test_hours_past_midnight_belong_to_the_evening() -> None:
    bar = Schedule((window("Wed-Thu", "22:00-02:00"), window("Wed-Thu", "10:00-12:00")))
    assert shown(bar.day_at(z("2026-12-02T23:00"))) == ["Wed 02 10:00–12:00", "Wed 02 22:00–02:00"]
    assert bar.day_at(z("2026-12-03T01:00")) == ()
    assert shown(bar.day_at(z("2026-12-03T02:00"))) == ["Thu 03 10:00–12:00", "Thu 03 22:00–02:00"]


def test_what_never_or_always_opens_or_for_days_has_no_hours_of_a_day() -> None:
    assert Schedule().day_at(z("2026-12-02T10:00")) == ()
    always = Schedule((window("Mon-Sun", "00:00-24:00"),))
    assert always.day_at(z("2026-12-02T10:00")) == ()
    weekdays = Schedule((window("Mon-Fri", "00:00-24:00"),))
    assert weekdays.day_at(z("2026-12-05T10:00")) == ()
    one_day = Schedule((window("Wed", "00:00-24:00"),))
    assert shown(one_day.day_at(z("2026-12-02T10:00"))) == ["Wed 02 00:00–00:00"]
