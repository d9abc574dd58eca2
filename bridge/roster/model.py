# SPDX-License-Identifier: EUPL-1.2
"""Interpreters as the matcher sees them: frozen, complete, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber


class Presence(StrEnum):
    """What an interpreter says of himself; busy and wrap-up follow the phone by themselves."""

    AVAILABLE = "available"
    ON_BREAK = "on_break"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One interpreter of the roster."""

    id: InterpreterId
    number: PhoneNumber
    languages: frozenset[LanguageTag]
    """Languages interpreted to and from Portuguese."""
    presence: Presence
    vetted: bool = True
    """New interpreters are not rung until a coordinator has vetted them."""
    last_call_ended: datetime | None = None
    """When they last left a call; `None` when never. The longest idle is rung first."""


@dataclass(frozen=True, slots=True)
class Roster:
    """All interpreters at one moment, indexed by language."""

    interpreters: Mapping[InterpreterId, Interpreter]
    speakers: Mapping[LanguageTag, tuple[InterpreterId, ...]] = field(repr=False)

    @classmethod
    def of(cls, interpreters: Iterable[Interpreter]) -> Roster:
        """Index these interpreters; ids must be unique."""
        by_id = {one.id: one for one in interpreters}
        speakers: dict[LanguageTag, list[InterpreterId]] = {}
        for one in by_id.values():
            for language in sorted(one.languages):
                speakers.setdefault(language, []).append(one.id)
        return cls(by_id, {language: tuple(ids) for language, ids in speakers.items()})
