# SPDX-License-Identifier: EUPL-1.2
"""The lines and services of today, and what a list must not say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bridge.hours.directory import (
    NotListed,
    load_directory,
    parse_days,
    parse_directory,
    parse_stretch,
    read_directory,
)
from bridge.hours.model import BadHours, Weekday, Why
from bridge.vocabulary import PhoneNumber
from tests.unit.hours.moments import lisbon, shown, whole_day

GOOD = """
[[line]]
key = "lam"
pt = "Linha"
en = "Line"
numbers = ["210 000 001"]
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]

[[service]]
key = "balcao"
pt = "Balcão"
en = "Counter"
municipality = "Porto"
closed = [{ on = 2026-12-24, why = "tolerância de ponto" }]
hours = [{ since = 2026-01-01, until = 2026-12-31, days = "Sat", open = ["22:00-24:00"] }]
"""


@pytest.mark.parametrize(
    "number",
    [
        "808257257",
        "808 257 257",
        "+351808257257",
        "00351808257257",
        "351808257257",
        "218106191",
        "21 810 61 91",
        "+351 218 106 191",
        "00351218106191",
        "351218106191",
        "lam",
    ],
)
def test_the_line_is_found_by_any_form_of_any_of_its_numbers(number: str) -> None:
    assert load_directory().line(number).key == "lam"


@pytest.mark.parametrize("number", ["218106192", "112", "", "anonymous", "+442079460000", "stt"])
def test_another_number_is_no_line_and_is_not_repeated_in_the_error(number: str) -> None:
    with pytest.raises(NotListed, match=r"^that is no number of a line; use lam \(808257257, 218"):
        load_directory().line(number)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("stt", "stt"),
        ("STT", "stt"),
        ("Serviço de Tradução Telefónica", "stt"),
        ("servico de traducao telefonica", "stt"),
        ("CNAIM Lisboa", "cnaim-lisboa"),
        ("cnaim-lisboa", "cnaim-lisboa"),
        ("fundão", "claim-fundao"),
        ("Fundao", "claim-fundao"),
        ("citizen contact centre", "citizen-contact-centre"),
        ("empresas", "business-contact-centre"),
    ],
)
def test_a_service_is_found_by_its_key_or_its_name_however_written(text: str, key: str) -> None:
    assert load_directory().service(text).key == key


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cnaim", "several services fit 'cnaim'; use one of: cnaim-lisboa, cnaim-norte"),
        ("nowhere", "there is no service 'nowhere'; use one of: stt, cnaim-lisboa"),
        ("", "there is no service ''"),
        ("lam", "there is no service 'lam'"),
    ],
)
def test_a_service_that_is_not_listed_or_not_clear_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(NotListed, match=sentence):
        load_directory().service(text)


@pytest.mark.parametrize(
    ("key", "wednesday"),
    [
        ("stt", ["Wed 02 09:00–19:00"]),
        ("cnaim-lisboa", ["Wed 02 08:00–17:00"]),
        ("cnaim-norte", ["Wed 02 08:00–17:00"]),
        ("cnaim-algarve", ["Wed 02 08:30–17:00"]),
        ("cnaim-beja", ["Wed 02 09:00–12:30", "Wed 02 14:00–17:30"]),
        ("claim-fundao", ["Wed 02 09:00–12:30", "Wed 02 14:00–17:30"]),
        ("citizen-contact-centre", ["Wed 02 09:00–18:00"]),
        ("business-contact-centre", ["Wed 02 09:00–18:00"]),
    ],
)
def test_the_hours_of_every_service(key: str, wednesday: list[str]) -> None:
    schedule = load_directory().service(key).schedule
    assert shown(schedule.periods(*whole_day("2026-12-02"))) == wednesday
    for day_off in ("2026-12-05", "2026-12-06", "2026-12-08"):
        assert schedule.periods(*whole_day(day_off)) == ()


def test_there_are_no_other_services() -> None:
    assert len(load_directory().services) == 8
    assert [line.key for line in load_directory().lines] == ["lam"]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2022-02-26", []),
        ("2022-03-04", ["Fri 04 09:00–19:00"]),
        ("2022-03-05", ["Sat 05 09:00–17:00"]),
        ("2022-03-06", []),
        ("2022-03-07", ["Mon 07 09:00–20:00"]),
        ("2026-12-12", ["Sat 12 09:00–17:00"]),
        ("2026-12-08", []),
    ],
)
def test_the_hours_of_the_line_changed_on_5_march_2022(day: str, hours: list[str]) -> None:
    line = load_directory().line("218106191")
    assert shown(line.schedule.periods(*whole_day(day))) == hours


def test_public_numbers_and_addresses_are_those_the_service_prints() -> None:
    directory = load_directory()
    assert {
        place.key: [one.e164[-6:] for one in place.numbers] for place in directory.services
    } == {
        "stt": [],
        "cnaim-lisboa": ["106100"],
        "cnaim-norte": ["073810"],
        "cnaim-algarve": [],
        "cnaim-beja": ["071313"],
        "claim-fundao": ["779060"],
        "citizen-contact-centre": ["003990", "489010"],
        "business-contact-centre": ["003980", "489011"],
    }
    assert directory.service("claim-fundao").address.endswith("6230-338 Fundão")


def test_a_line_knows_its_number_for_every_telephone() -> None:
    """The service prints 808 257 257 for landlines, the other for mobiles and from abroad."""
    assert load_directory().line("lam").from_anywhere == PhoneNumber("+351218106191")
    assert parse_directory(GOOD).line("lam").from_anywhere == PhoneNumber("+351210000001")
    without = parse_directory(GOOD.replace('numbers = ["210 000 001"]', ""))
    assert without.line("lam").from_anywhere is None


def test_a_list_may_give_closed_days_a_municipality_and_an_end() -> None:
    directory = parse_directory(GOOD)
    schedule = directory.service("balcao").schedule
    assert schedule.holidays(date(2026, 6, 24)) == "Dia de São João"
    assert schedule.open_at(lisbon("2026-12-26T23:59")).open
    assert schedule.next_opening(lisbon("2026-12-26T23:59")) is None
    assert schedule.open_at(lisbon("2026-12-24T22:30")).why is Why.OUTSIDE
    assert [closure.reason for closure in schedule.closures] == ["tolerância de ponto"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('key = "lam"', "key = lam", "not TOML"),
        ('key = "lam"', 'key = "LAM 1"', "small letters"),
        ('key = "lam"', "", "lacks the text 'key'"),
        ('en = "Line"', "", "lam lacks the text 'en'"),
        ('en = "Line"', 'en = "Line"\nopen = "always"', "lam has an unknown 'open'"),
        ("[[line]]", "[[lines]]", "has an unknown 'lines'"),
        ("[[line]]", "[[service]]", "has no line; add one"),
        ("[[line]]", "[line]", "'line' is a list of tables"),
        ("210 000 001", "112", "lam: one of the numbers cannot be rung"),
        ('["210 000 001"]', '"210 000 001"', "'numbers' is a list of texts"),
        ("Mon-Fri", "Mon-Freitag", "lam: 'Mon-Freitag' are no weekdays"),
        ("09:00-19:00", "9-19", "lam: '9-19' is no stretch of a day"),
        ("09:00-19:00", "09:00-24:30", "no stretch of a day"),
        ('["09:00-19:00"]', "[]", "lam: an entry of hours says when it is open"),
        ('{ days = "Mon-Fri", open = ["09:00-19:00"] }', "", "lam has no hours"),
        ('days = "Mon-Fri"', 'day = "Mon-Fri"', "lam: hours has an unknown 'day'"),
        ('days = "Mon-Fri"', 'days = "Mon-Fri", on_holidays = "no"', "'on_holidays' is true"),
        ("since = 2026-01-01", 'since = "2026-01-01"', "balcao: 'since' is a date without"),
        ("since = 2026-01-01", "since = 2026-01-01T09:00:00", "'since' is a date without"),
        ("since = 2026-01-01", "since = 2027-01-01", "balcao: a window valid from 2027-01-01"),
        ("on = 2026-12-24, ", "", "balcao: a closure says on which day"),
        (', why = "tolerância de ponto"', "", "balcao: closed lacks the text 'why'"),
        ("Porto", "Atlantis", "balcao: the holiday of 'Atlantis' is not known"),
        (
            "[[service]]",
            '[[line]]\nkey = "b"\npt = "b"\nen = "b"\nnumbers = ["+351210000001"]\n'
            'hours = [{ days = "Sun", open = ["09:00-19:00"] }]\n[[service]]',
            "a number belongs to two lines",
        ),
        (
            "[[service]]",
            '[[service]]\nkey = "balcao"\npt = "b"\nen = "b"\n'
            'hours = [{ days = "Sun", open = ["09:00-19:00"] }]\n[[service]]',
            "two services share a key",
        ),
        (
            'key = "lam"',
            'key = "lam"\nservices = ["nowhere"]',
            "lam: there is no service 'nowhere'",
        ),
        ('key = "lam"', 'key = "lam"\ntechnicians = "st"', "lam: there is no service 'st'"),
        ('key = "lam"', 'key = "lam"\nlanguages = ["uk", "uk"]', "'languages' names at most 30"),
        ("[[service]]", '[[service]]\nlanguages = ["uk"]', "has an unknown 'languages'"),
        (
            '["210 000 001"]',
            '["210 000 001", "808 257 257"]',
            "lam: say which of its numbers every",
        ),
        (
            '["210 000 001"]',
            '["210 000 001", "808 257 257"]\nfrom_anywhere = "210 000 002"',
            "lam: say which of its numbers every",
        ),
        ('key = "lam"', 'key = "lam"\nfrom_anywhere = "112"', "lam: say which of its numbers"),
        ("[[service]]", '[[service]]\nfrom_anywhere = "1"', "has an unknown 'from_anywhere'"),
    ],
)
def test_a_list_that_would_mislead_is_refused_with_the_entry_and_the_reason(
    old: str, new: str, sentence: str
) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(BadHours, match=sentence):
        parse_directory(GOOD.replace(old, new, 1))


def test_a_file_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    with pytest.raises(BadHours, match=r"own\.toml cannot be read .*; correct the path"):
        read_directory(path)
    path.write_bytes(GOOD.encode("latin-1"))
    with pytest.raises(BadHours, match=r"own\.toml is not in UTF-8; save it in that encoding"):
        read_directory(path)
    path.write_text(GOOD, encoding="utf-8")
    assert read_directory(path).lines[0].key == "lam"


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri", "Mon Tue Wed Thu Fri"),
        ("sat", "Sat"),
        ("Mon, Wed–Thu", "Mon Wed Thu"),
        ("Sat-Mon", "Mon Sat Sun"),
        ("Mon-Sun", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_weekdays_are_read_as_people_write_them(text: str, days: str) -> None:
    assert parse_days(text) == {day for day in Weekday if day.label in days.split()}


@pytest.mark.parametrize("text", ["", "Mon-", "-Fri", "Mon-Tue-Wed", "Monday", "Mon;Tue"])
def test_what_is_no_weekday_is_refused(text: str) -> None:
    with pytest.raises(BadHours, match="no weekdays"):
        parse_days(text)


def test_a_stretch_may_end_at_24_hours() -> None:
    opens, closes = parse_stretch("22:00-24:00")
    assert (opens.isoformat("minutes"), closes.isoformat("minutes")) == ("22:00", "00:00")
