# SPDX-License-Identifier: EUPL-1.2
"""The lines people dial and the services they are directed to, read from `directory.toml`.

That file says how it is written; this module reads it and refuses one that would send somebody to
a closed door: a misspelt key, a day that is none, a number that cannot be rung.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib import resources
from pathlib import Path

from bridge.hours.calendar import PublicHolidays
from bridge.hours.model import BadHours, Closure, Schedule, Weekday, Window
from bridge.vocabulary import BadNumber, LanguageTag, PhoneNumber

_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_STRETCH = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-4]):([0-5]\d)")
_WEEKDAYS = {day.label.casefold(): day for day in Weekday}
_Table = Mapping[str, object]
_MOST_LANGUAGES = 30
"""Nobody listens to more than are read out in a minute."""
_MOST_SERVICES = 9
"""One key each."""


class NotListed(ValueError):
    """There is no such line or service; the message names those there are."""


@dataclass(frozen=True)
class Place:
    """What has hours, and may have numbers: a line or a service."""

    key: str
    """What it is called in commands and settings: ``cnaim-lisboa``."""
    pt: str
    """Its name in Portuguese."""
    en: str
    """Its name in English."""
    schedule: Schedule
    numbers: tuple[PhoneNumber, ...] = ()
    """Its public numbers, the one to ring first; none means: through the line."""
    address: str = ""
    """Where people can go; empty when unknown or nowhere."""


@dataclass(frozen=True)
class Line(Place):
    """What people dial: a place that greets, in its languages, and tells of its services."""

    greeting: str = "door-greeting"
    """The prompt with which it greets whom it does not know."""
    languages: tuple[LanguageTag, ...] = ()
    """The languages of migrants it serves, in the order of their keys; none: it serves none."""
    services: tuple[str, ...] = ()
    """The keys of the services that it tells of and puts callers through to, in their order."""
    technicians: str = ""
    """The service by whose hours technicians are served; empty: they keep the line's own."""
    from_anywhere: PhoneNumber | None = None
    """The one of its numbers that every telephone can ring, also a mobile and one abroad: what
    somebody is told who is to ring. `None` only for a line without numbers."""


@dataclass(frozen=True)
class Directory:
    """All lines and services of this installation."""

    lines: tuple[Line, ...]
    services: tuple[Place, ...]

    def __post_init__(self) -> None:
        for kind, places in (("lines", self.lines), ("services", self.services)):
            keys = [place.key for place in places]
            if len(set(keys)) < len(keys):
                raise BadHours(f"two {kind} share a key; give each its own")
        numbers = [number for line in self.lines for number in line.numbers]
        if len(set(numbers)) < len(numbers):
            raise BadHours("a number belongs to two lines; leave it with one")

    def line_of(self, number: PhoneNumber) -> Line | None:
        """The line that is reached by this number, or `None`."""
        return next((line for line in self.lines if number in line.numbers), None)

    def hours_of_technicians(self, line: Line) -> Schedule:
        """When technicians who ring this line are served."""
        served = (one.schedule for one in self.services if one.key == line.technicians)
        return next(served, line.schedule)

    def interprets_at(self, moment: datetime) -> bool:
        """Whether technicians are served at this moment, on any line."""
        return any(self.hours_of_technicians(line).is_open(moment) for line in self.lines)

    def line_rung(self, text: str) -> Line:
        """The line that a call came in on; the first one for what is no number of a line."""
        try:
            return self.line(text)
        except NotListed:
            return self.lines[0]

    def line(self, text: str) -> Line:
        """The line with this key or any form of any of its numbers, as people or carriers write it.

        Raises `NotListed`.
        """
        for line in self.lines:
            if line.key == text.strip().casefold():
                return line
        try:
            found = self.line_of(PhoneNumber.parse(text))
        except BadNumber:
            found = None
        if found is None:
            known = " or ".join(
                f"{line.key} ({', '.join(_national(number) for number in line.numbers)})"
                for line in self.lines
            )
            raise NotListed(f"that is no number of a line; use {known}")
        return found

    def service(self, text: str) -> Place:
        """The service with this key or name; accents, capitals and missing words are forgiven.

        Raises `NotListed`, also when several services fit.
        """
        asked = _words(text)
        fitting = [
            service
            for service in self.services
            if any(asked == _words(name) for name in (service.key, service.pt, service.en))
        ] or [
            service
            for service in self.services
            if asked and asked <= _words(f"{service.key} {service.pt} {service.en}")
        ]
        if len(fitting) == 1:
            return fitting[0]
        problem = "several services fit" if fitting else "there is no service"
        choice = ", ".join(service.key for service in fitting or self.services)
        raise NotListed(f"{problem} {text!r}; use one of: {choice}")


def parse_directory(text: str) -> Directory:
    """Read the text of a `directory.toml`. Raises `BadHours` with the entry and the reason."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadHours(f"the list of lines and services is not TOML: {error}") from None
    _refuse_unknown("the list of lines and services", table, ("line", "service"))
    directory = Directory(
        lines=tuple(_line(entry) for entry in _tables("the list", table, "line")),
        services=tuple(_place(entry) for entry in _tables("the list", table, "service")),
    )
    if not directory.lines:
        raise BadHours("the list of lines and services has no line; add one as a table [[line]]")
    known = {service.key for service in directory.services}
    for line in directory.lines:
        for key in (*line.services, *([line.technicians] if line.technicians else [])):
            if key not in known:
                raise BadHours(f"{line.key}: there is no service {key!r}; correct its key")
    return directory


@cache
def load_directory() -> Directory:
    """The lines and services of this installation. Raises `BadHours`."""
    source = resources.files("bridge.hours").joinpath("directory.toml")
    return parse_directory(source.read_text(encoding="utf-8"))


def read_directory(path: Path) -> Directory:
    """The lines and services of a file of the installation's own. Raises `BadHours`."""
    try:
        return parse_directory(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadHours(f"{path} cannot be read ({error.strerror}); correct the path") from None
    except UnicodeDecodeError:
        raise BadHours(f"{path} is not in UTF-8; save it in that encoding") from None


def parse_days(text: str) -> frozenset[Weekday]:
    """Read weekdays: ``Mon-Fri``, ``Sat``, ``Mon, Wed-Fri``. Raises `BadHours`."""
    days: set[Weekday] = set()
    for part in text.split(","):
        first, dash, last = (
            word.strip().casefold() for word in part.replace("–", "-").partition("-")
        )
        try:
            start, end = _WEEKDAYS[first], _WEEKDAYS[last if dash else first]
        except KeyError:
            raise BadHours(f"{text!r} are no weekdays; write them as in 'Mon-Fri, Sun'") from None
        days.update(Weekday((start + step) % 7) for step in range((end - start) % 7 + 1))
    return frozenset(days)


def parse_stretch(text: str) -> tuple[time, time]:
    """Read a stretch of a day: ``09:00-12:30``; ``24:00`` is its end. Raises `BadHours`."""
    found = _STRETCH.fullmatch(text.strip())
    if found is None or (found[3] == "24" and found[4] != "00"):
        raise BadHours(f"{text!r} is no stretch of a day; write it as in '09:00-12:30'")
    return time(int(found[1]), int(found[2])), time(int(found[3]) % 24, int(found[4]))


def _line(entry: _Table) -> Line:
    place = _place(entry, ("greeting", "languages", "services", "technicians", "from_anywhere"))
    languages = tuple(map(LanguageTag, _texts(place.key, entry, "languages")))
    services = tuple(_texts(place.key, entry, "services"))
    for name, listed, most in (
        ("languages", languages, _MOST_LANGUAGES),
        ("services", services, _MOST_SERVICES),
    ):
        if len(listed) > most or len(set(listed)) < len(listed):
            raise BadHours(f"{place.key}: {name!r} names at most {most}, each once")
    return Line(
        key=place.key,
        pt=place.pt,
        en=place.en,
        schedule=place.schedule,
        numbers=place.numbers,
        address=place.address,
        greeting=_text(place.key, entry, "greeting", "door-greeting"),
        languages=languages,
        services=services,
        technicians=_text(place.key, entry, "technicians", ""),
        from_anywhere=_from_anywhere(entry, place),
    )


def _from_anywhere(entry: _Table, place: Place) -> PhoneNumber | None:
    """Which number every telephone can ring; of several, none may be guessed."""
    named = _text(place.key, entry, "from_anywhere", "")
    if not named and len(place.numbers) < 2:
        return next(iter(place.numbers), None)
    try:
        found = PhoneNumber.parse(named)
    except BadNumber:
        found = None
    if found is None or found not in place.numbers:
        raise BadHours(
            f"{place.key}: say which of its numbers every telephone can ring, a mobile and one "
            'abroad: from_anywhere = "…"'
        )
    return found


def _place(entry: _Table, further: tuple[str, ...] = ()) -> Place:
    key = _text("an entry", entry, "key")
    if not _KEY.fullmatch(key):
        raise BadHours(f"the key {key!r} is not of small letters, digits and hyphens")
    known = ("key", "pt", "en", "numbers", "address", "hours", "closed", "municipality")
    _refuse_unknown(key, entry, (*known, *further))
    municipality = _text(key, entry, "municipality", "")
    written = _texts(key, entry, "numbers")
    try:
        holidays = PublicHolidays(municipality)
        numbers = tuple(PhoneNumber.parse(text) for text in written)
    except BadNumber:
        raise BadHours(f"{key}: one of the numbers cannot be rung; correct it") from None
    except BadHours as error:
        raise BadHours(f"{key}: {error}") from None
    windows = tuple(window for row in _tables(key, entry, "hours") for window in _windows(key, row))
    closures = tuple(_closure(key, row) for row in _tables(key, entry, "closed"))
    if not windows:
        raise BadHours(f"{key} has no hours; say when it is open")
    return Place(
        key=key,
        pt=_text(key, entry, "pt"),
        en=_text(key, entry, "en"),
        schedule=Schedule(windows=windows, closures=closures, holidays=holidays),
        numbers=numbers,
        address=_text(key, entry, "address", ""),
    )


def _windows(key: str, row: _Table) -> Iterable[Window]:
    _refuse_unknown(f"{key}: hours", row, ("since", "until", "days", "open", "on_holidays"))
    on_holidays = row.get("on_holidays", False)
    if not isinstance(on_holidays, bool):
        raise BadHours(f"{key}: 'on_holidays' is true or false")
    stretches = _texts(f"{key}: hours", row, "open")
    if not stretches:
        raise BadHours(f"{key}: an entry of hours says when it is open: open = ['09:00-12:30']")
    for stretch in stretches:
        try:
            opens, closes = parse_stretch(stretch)
            yield Window(
                weekdays=parse_days(_text(f"{key}: hours", row, "days")),
                opens=opens,
                closes=closes,
                valid_from=_date(key, row, "since"),
                valid_until=_date(key, row, "until"),
                on_holidays=on_holidays,
            )
        except BadHours as error:
            raise BadHours(f"{key}: {error}") from None


def _closure(key: str, row: _Table) -> Closure:
    _refuse_unknown(f"{key}: closed", row, ("on", "why"))
    day = _date(key, row, "on")
    if day is None:
        raise BadHours(f"{key}: a closure says on which day it is: on = 2026-12-24")
    return Closure(day, _text(f"{key}: closed", row, "why"))


def _refuse_unknown(where: str, table: _Table, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise BadHours(f"{where} has an unknown {key!r}; use one of: {', '.join(known)}")


def _tables(where: str, table: _Table, key: str) -> list[_Table]:
    rows = table.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadHours(f"{where}: {key!r} is a list of tables")
    return rows


def _texts(where: str, table: _Table, key: str) -> list[str]:
    texts = table.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadHours(f"{where}: {key!r} is a list of texts")
    return texts


def _text(where: str, table: _Table, key: str, default: str | None = None) -> str:
    text = table.get(key, default)
    if not isinstance(text, str) or not (text.strip() or text == default):
        raise BadHours(f"{where} lacks the text {key!r}")
    return text


def _date(key: str, row: _Table, name: str) -> date | None:
    day = row.get(name)
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise BadHours(f"{key}: {name!r} is a date without quotes, as in 2022-03-05")
    return day


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return frozenset(re.findall(r"[a-z0-9]+", re.sub(r"[\u0300-\u036f]", "", plain)))


def _national(number: PhoneNumber) -> str:
    return number.e164.removeprefix("+351")
