# SPDX-License-Identifier: EUPL-1.2
"""Numbers, times, days and durations, read as a listener hears them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.prompts import spoken
from bridge.prompts.catalogue import load_catalogue

CATALOGUE = load_catalogue()
FRIDAY = date(2026, 11, 20)
LANGUAGES = ("pt", "en")


def heard(prompts: tuple[str, ...], language: str) -> str:
    """What is said, without the full stops and commas that only guide the voice."""
    text = " ".join(CATALOGUE.text(key, language) for key in prompts)
    return re.sub(r"[.,](?= |$)", "", text)


@pytest.mark.parametrize(
    ("at", "pt", "en"),
    [
        ("00:00", "à meia-noite", "at midnight"),
        ("00:05", "à meia-noite e cinco", "at twelve oh five at night"),
        ("01:00", "à uma hora", "at one o'clock in the morning"),
        ("01:01", "à uma e um minuto", "at one oh one in the morning"),
        ("02:02", "às duas e dois minutos", "at two oh two in the morning"),
        ("09:00", "às nove horas", "at nine o'clock in the morning"),
        ("09:30", "às nove e trinta", "at nine thirty in the morning"),
        ("10:15", "às dez e quinze", "at ten fifteen in the morning"),
        ("12:00", "ao meio-dia", "at noon"),
        ("12:45", "ao meio-dia e quarenta e cinco", "at twelve forty-five in the afternoon"),
        ("13:00", "às treze horas", "at one o'clock in the afternoon"),
        ("18:20", "às dezoito e vinte", "at six twenty in the evening"),
        ("21:00", "às vinte e uma horas", "at nine o'clock at night"),
        ("22:22", "às vinte e duas e vinte e dois", "at ten twenty-two at night"),
        ("23:59", "às vinte e três e cinquenta e nove", "at eleven fifty-nine at night"),
    ],
)
def test_times_of_day(at: str, pt: str, en: str) -> None:
    clock = time.fromisoformat(at)
    assert heard(spoken.clock_time(clock, "pt"), "pt") == pt
    assert heard(spoken.clock_time(clock, "en"), "en") == en


@pytest.mark.parametrize(
    ("on", "pt", "en"),
    [
        ("2026-11-20", "hoje sexta-feira", "today Friday"),
        ("2026-11-21", "amanhã sábado", "tomorrow Saturday"),
        (
            "2026-11-23",
            "segunda-feira dia vinte e três de novembro",
            "Monday the twenty-third of November",
        ),
        (
            "2026-11-19",
            "quinta-feira dia dezanove de novembro",
            "Thursday the nineteenth of November",
        ),
        ("2026-12-01", "terça-feira dia um de dezembro", "Tuesday the first of December"),
        (
            "2027-03-31",
            "quarta-feira dia trinta e um de março",
            "Wednesday the thirty-first of March",
        ),
        ("2027-02-14", "domingo dia catorze de fevereiro", "Sunday the fourteenth of February"),
    ],
)
def test_days(on: str, pt: str, en: str) -> None:
    prompts = spoken.day(date.fromisoformat(on), FRIDAY)
    assert heard(prompts, "pt") == pt
    assert heard(prompts, "en") == en


@pytest.mark.parametrize(
    ("minutes", "pt", "en"),
    [
        (1, "um minuto", "one minute"),
        (2, "dois minutos", "two minutes"),
        (21, "vinte e um minutos", "twenty-one minutes"),
        (60, "uma hora", "one hour"),
        (61, "uma hora e um minuto", "one hour and one minute"),
        (122, "duas horas e dois minutos", "two hours and two minutes"),
        (1260, "vinte e uma horas", "twenty-one hours"),
    ],
)
def test_durations(minutes: int, pt: str, en: str) -> None:
    prompts = spoken.duration(minutes)
    assert heard(prompts, "pt") == pt
    assert heard(prompts, "en") == en


def test_a_moment_is_said_in_lisbon_s_time_and_with_its_day_there() -> None:
    winter = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
    assert heard(spoken.moment(winter, FRIDAY, "pt"), "pt") == "amanhã sábado às dez e quinze"
    summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert (
        heard(spoken.moment(summer, date(2026, 7, 1), "pt"), "pt")
        == "amanhã quinta-feira à meia-noite e trinta"
    )


def test_what_is_soon_is_said_without_its_day_only_today() -> None:
    at = datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert heard(spoken.soon(at, FRIDAY, "pt"), "pt") == "às onze horas"
    later = spoken.soon(at + timedelta(days=1), FRIDAY, "pt")
    assert heard(later, "pt") == "amanhã sábado às onze horas"
    assert heard(spoken.soon(at, None, "en"), "en").startswith("Friday the twentieth of November")


def test_places_are_counted() -> None:
    assert heard(spoken.number(1), "pt") == "um"
    assert heard(spoken.number(22), "pt") == "vinte e dois"
    assert heard(spoken.number(30), "en") == "thirty"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_minute_of_a_day_can_be_said_and_sounds_like_no_other(language: str) -> None:
    said = {
        heard(spoken.clock_time(time(minute // 60, minute % 60), language), language)
        for minute in range(24 * 60)
    }
    assert len(said) == 24 * 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_date_of_a_leap_year_can_be_said_and_sounds_like_no_other(language: str) -> None:
    days = [date(2028, 1, 1) + timedelta(days=day) for day in range(366)]
    assert len({heard(spoken.day(day, None), language) for day in days}) == 366
    assert {heard(spoken.day(day, day), language).split()[0] for day in days} == (
        {"hoje"} if language == "pt" else {"today"}
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_duration_and_number_can_be_said(language: str) -> None:
    durations = range(1, spoken.MOST_MINUTES + 1)
    said = {heard(spoken.duration(minutes), language) for minutes in durations}
    assert len(said) == len(durations)
    for value in range(1, spoken.MOST_NUMBER + 1):
        assert heard(spoken.number(value), language)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(LANGUAGES),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
)
def test_every_moment_can_be_said(at: datetime, language: str, today: date) -> None:
    for prompts in (spoken.moment(at, today, language), spoken.soon(at, today, language)):
        assert all((key, language) in CATALOGUE for key in prompts)


@given(st.integers(0, 100_000))
def test_an_estimate_is_never_shortened_and_never_much_longer(minutes: int) -> None:
    rounded = spoken.about(minutes)
    assert max(1, minutes) <= rounded < max(1, minutes) + 15
    assert spoken.about(rounded) == rounded


@pytest.mark.parametrize("minutes", [0, -1, spoken.MOST_MINUTES + 1])
def test_a_duration_that_cannot_be_said_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="only durations"):
        spoken.duration(minutes)


@pytest.mark.parametrize("value", [0, -1, spoken.MOST_NUMBER + 1])
def test_a_number_that_cannot_be_said_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="only numbers"):
        spoken.number(value)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        spoken.moment(datetime(2026, 11, 20, 10), FRIDAY, "pt")
