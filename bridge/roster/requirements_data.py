# SPDX-License-Identifier: EUPL-1.2
"""What a call asks for as plain data, to be stored as JSON and read back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bridge.roster.requirements import Requirements, Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag

T = TypeVar("T")


def to_data(asked: Requirements) -> dict[str, Any]:
    """The requirements as JSON-serialisable data; what is not asked for is left out."""
    data: dict[str, Any] = {"language": asked.language}
    wishes: tuple[tuple[str, Wish[Any] | None], ...] = (
        ("level", asked.level),
        ("gender", asked.gender),
        ("subject", asked.subject),
    )
    for name, wish in wishes:
        if wish is not None:
            value = int(wish.value) if name == "level" else wish.value.value
            data[name] = {"value": value, "required": wish.required}
    if asked.step_down:
        data["step_down"] = True
    if asked.same_again is not None:
        data["same_again"] = int(asked.same_again)
    if asked.excluded:
        data["excluded"] = sorted(int(who) for who in asked.excluded)
    if asked.agency is not None:
        data["agency"] = int(asked.agency)
    return data


def from_data(data: Mapping[str, Any]) -> Requirements:
    """The requirements that `to_data` told. Raises `KeyError` or `ValueError` for other data."""
    again, agency = data.get("same_again"), data.get("agency")
    return Requirements(
        language=LanguageTag(data["language"]),
        level=_wish(data, "level", lambda value: Level(int(value))),
        gender=_wish(data, "gender", Gender),
        subject=_wish(data, "subject", Subject),
        step_down=bool(data.get("step_down", False)),
        same_again=None if again is None else InterpreterId(again),
        excluded=frozenset(InterpreterId(who) for who in data.get("excluded", ())),
        agency=None if agency is None else AgencyId(agency),
    )


def _wish(data: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> Wish[T] | None:
    wish = data.get(name)
    return None if wish is None else Wish(read(wish["value"]), bool(wish["required"]))
