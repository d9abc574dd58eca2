# SPDX-License-Identifier: EUPL-1.2
"""Portugal's public holidays by name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bridge.hours.calendar import MUNICIPALITIES, PublicHolidays
from bridge.hours.model import BadHours


def test_the_working_days_of_2026_that_are_off() -> None:
    holidays = PublicHolidays()
    year = [date(2026, 1, 1) + timedelta(days=step) for step in range(365)]
    assert {
        f"{day:%m-%d}": holidays(day) for day in year if holidays(day) and day.weekday() < 5
    } == {
        "01-01": "Ano Novo",
        "04-03": "Sexta-feira Santa",
        "05-01": "Dia do Trabalhador",
        "06-04": "Corpo de Deus",
        "06-10": "Dia de Portugal, de Camões e das Comunidades Portuguesas",
        "10-05": "Implantação da República",
        "12-01": "Restauração da Independência",
        "12-08": "Imaculada Conceição",
        "12-25": "Dia de Natal",
    }


@pytest.mark.parametrize("day", ["2026-02-17", "2026-12-24", "2026-12-31", "2026-06-13"])
def test_carnival_the_eves_and_the_feast_of_a_town_are_not_public_holidays(day: str) -> None:
    assert PublicHolidays()(date.fromisoformat(day)) is None


def test_the_suspended_holidays_of_2013_to_2015_were_working_days() -> None:
    holidays = PublicHolidays()
    assert [holidays(date(year, 12, 1)) is None for year in range(2012, 2017)] == [
        False,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("municipality", "day", "name"),
    [
        ("Lisboa", "2026-06-13", "Dia de Santo António"),
        ("Porto", "2026-06-24", "Dia de São João"),
        ("Beja", "2026-05-14", "Quinta-feira da Ascensão"),
    ],
)
def test_a_municipality_has_its_own_day_beside_the_public_ones(
    municipality: str, day: str, name: str
) -> None:
    holidays = PublicHolidays(municipality)
    assert holidays(date.fromisoformat(day)) == name
    assert holidays(date(2026, 12, 8)) == "Imaculada Conceição"
    assert PublicHolidays("Faro")(date.fromisoformat(day)) is None


def test_every_district_capital_has_a_day_of_its_own_each_year() -> None:
    year = [date(2026, 1, 1) + timedelta(days=step) for step in range(365)]
    own = {
        town: [day for day in year if PublicHolidays(town)(day) and not PublicHolidays()(day)]
        for town in MUNICIPALITIES
    }
    assert len(own) == 18
    assert {town: len(found) for town, found in own.items() if len(found) != 1} == {}


def test_a_municipality_whose_day_is_not_known_is_refused_with_the_remedy() -> None:
    with pytest.raises(BadHours, match="enter its date as a closure"):
        PublicHolidays("Fundão")
