# SPDX-License-Identifier: EUPL-1.2
"""What a call asks for beyond its language, and the lists that say who may serve whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag

T = TypeVar("T")


@dataclass(frozen=True)
class Wish(Generic[T]):
    """Something asked for: `required` keeps everybody else away, wished only ranks them lower."""

    value: T
    required: bool = False


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one call asks for."""

    language: LanguageTag
    level: Wish[Level] | None = None
    """At least this level."""
    gender: Wish[Gender] | None = None
    subject: Wish[Subject] | None = None
    step_down: bool = False
    """The caller agreed that a required level may be missed. Nobody else can agree for them."""
    same_again: InterpreterId | None = None
    """The interpreter of an earlier call, asked for again: first to be rung if they may be."""
    excluded: frozenset[InterpreterId] = frozenset()
    """Not these, for this call: the one who is being replaced, say."""
    agency: AgencyId | None = None
    """Whose lists apply besides the global ones."""

    @property
    def level_is_binding(self) -> bool:
        """Whether nobody below the level may be rung."""
        return self.level is not None and self.level.required and not self.step_down


class ListKind(StrEnum):
    """What a list does with the people on it."""

    PREFERRED = "preferred"
    """They are rung before others of the same level."""
    ONLY = "only"
    """Nobody else is rung, as soon as one such entry holds."""
    DO_NOT_SEND = "do_not_send"
    """They are never rung."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One person on a list of one agency, or of all."""

    kind: ListKind
    interpreter: InterpreterId
    agency: AgencyId | None = None
    """`None`: for every agency."""
    reason: str = field(default="", repr=False)
    """Why, in a coordinator's words; never spoken and never logged."""
    ends: datetime | None = None
    """The entry holds until just before this moment; `None`: until it is taken away."""

    def holds(self, agency: AgencyId | None, at: datetime) -> bool:
        """Whether it counts for a call of this agency at this moment."""
        mine = self.agency is None or self.agency == agency
        return mine and (self.ends is None or at < self.ends)


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that hold for one call."""

    preferred: frozenset[InterpreterId] = frozenset()
    only: frozenset[InterpreterId] | None = None
    """`None`: there is no such list. When the agency and the service both keep one, those who
    are on both."""
    do_not_send: frozenset[InterpreterId] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[ListEntry], agency: AgencyId | None, at: datetime) -> Lists:
        """What holds for a call of this agency at this moment."""
        preferred: set[InterpreterId] = set()
        banned: set[InterpreterId] = set()
        only: dict[AgencyId | None, set[InterpreterId]] = {}
        for entry in entries:
            if not entry.holds(agency, at):
                continue
            if entry.kind is ListKind.PREFERRED:
                preferred.add(entry.interpreter)
            elif entry.kind is ListKind.DO_NOT_SEND:
                banned.add(entry.interpreter)
            else:
                only.setdefault(entry.agency, set()).add(entry.interpreter)
        both = frozenset.intersection(*map(frozenset, only.values())) if only else None
        return cls(frozenset(preferred), both, frozenset(banned))


NO_LISTS = Lists()
