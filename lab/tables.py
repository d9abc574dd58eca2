# SPDX-License-Identifier: EUPL-1.2
"""Reads tables of a TOML file; what cannot be meant is refused with the file and the place."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bridge.vocabulary import BadNumber, PhoneNumber
from lab.phones import LONGEST_SECONDS, BadBehaviour, Behaviour, read_behaviour

E = TypeVar("E", bound=StrEnum)


class BadScenario(ValueError):
    """A scenario file cannot be understood; the message names the file and the place."""


class TableReader:
    """Small things of one file; every error names it and the place in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _bad(self, where: str, why: str) -> BadScenario:
        return BadScenario(f"{self._path.name}, {where}: {why}")

    def _only(self, table: Mapping[str, object], known: frozenset[str], where: str) -> None:
        unknown = sorted(set(table) - known)
        if unknown:
            raise self._bad(where, f"may not have {', '.join(unknown)}")

    def _table(self, value: object, where: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self._bad(where, "is missing, or is not a table")
        return value

    def _tables(self, table: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
        value = table.get(name, [])
        if not isinstance(value, list):
            raise self._bad(name, "is written [[" + name + "]]")
        return [self._table(one, f"{name}[{place}]") for place, one in enumerate(value, start=1)]

    def _text(self, table: Mapping[str, object], name: str, where: str) -> str:
        value = table.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self._bad(where, f"needs {name}")
        return value.strip()

    def _texts(self, value: object, where: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._bad(where, "is a list of texts")
        return value

    def _seconds(self, value: object, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._bad(where, "is a number of seconds")
        if not 0 <= value <= LONGEST_SECONDS:
            raise self._bad(where, f"lies between 0 and {LONGEST_SECONDS:.0f} seconds")
        return float(value)

    def _whole(self, value: object, where: str) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._bad(where, "minutes are a whole number from 1")
        return value

    def _yes_or_no(self, value: object, where: str) -> bool:
        if not isinstance(value, bool):
            raise self._bad(where, "is true or false")
        return value

    def _number(self, text: str, where: str) -> str:
        try:
            return PhoneNumber.parse(text).e164
        except BadNumber as reason:
            raise self._bad(where, str(reason)) from None

    def _one_of(self, kinds: type[E], value: object, where: str) -> E:
        try:
            return kinds(str(value))
        except ValueError:
            known = ", ".join(one.value for one in kinds)
            raise self._bad(where, f"{value!r} is none of {known}") from None

    def _phone(self, table: Mapping[str, object], name: str) -> Behaviour | None:
        if name not in table:
            return None
        try:
            return read_behaviour(self._table(table[name], name))
        except BadBehaviour as reason:
            raise self._bad(name, str(reason)) from None
