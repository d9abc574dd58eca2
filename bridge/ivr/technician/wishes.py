# SPDX-License-Identifier: EUPL-1.2
"""What a technician may wish of an interpreter, and the keys for it. Pure.

A key once is a wish, the same key again makes it required, a third time takes it away. The kinds
of wishes are those of the roster (`bridge.roster.requirements`), so they are taken over as they
are; only the interpreter of an earlier call has to be looked up by its job number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from bridge.agencies.model import AgencyKind
from bridge.roster.requirements import Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import JobNumber

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a technician asks for beyond the language.

    `gender`, `subject` and `level` mean what the fields of that name mean in `Requirements`.
    """

    gender: Wish[Gender] | None = None
    subject: Wish[Subject] | None = None
    level: Wish[Level] | None = None
    """At least this level."""
    same_as: JobNumber | None = None
    """The interpreter of the call with this job number, if they may be rung; never required.

    It is a job number in form only: whether there was such a call, and whether this agency may
    know of it, is for the application to find out.
    """

    @property
    def strength(self) -> int:
        """How much is asked for: one for each wish, two for each that is required."""
        made: tuple[Wish[Gender] | Wish[Subject] | Wish[Level] | None, ...]
        made = (self.gender, self.subject, self.level)
        asked = sum(1 + wish.required for wish in made if wish is not None)
        return asked + (self.same_as is not None)


NO_WISHES = Wishes()


class WishKey(StrEnum):
    """The keys in the menu of wishes."""

    WOMAN = "1"
    MAN = "2"
    SUBJECT = "3"
    """Somebody who is at home in what the agency does."""
    LEVEL = "4"
    """Somebody of a high level."""
    SAME_AGAIN = "5"
    """The interpreter of an earlier call, whose job number is keyed next."""


_KINDS = {
    AgencyKind.HEALTH: Subject.HEALTH,
    AgencyKind.SCHOOL: Subject.SCHOOL,
    AgencyKind.SOCIAL_SECURITY: Subject.SOCIAL,
    AgencyKind.JUSTICE: Subject.JUSTICE,
    AgencyKind.MUNICIPALITY: Subject.SOCIAL,
    AgencyKind.MIGRATION: Subject.ASYLUM,
}


def subject_of(kind: AgencyKind) -> Subject | None:
    """The subject that an agency of this kind speaks about; `None` when nothing is known of it."""
    return _KINDS.get(kind)


def with_key(wishes: Wishes, key: WishKey, subject: Subject | None, level: Level) -> Wishes:
    """The wishes after a key; `SAME_AGAIN`, and a subject that nobody knows, change nothing."""
    match key:
        case WishKey.WOMAN:
            return replace(wishes, gender=_stronger(wishes.gender, Gender.FEMALE))
        case WishKey.MAN:
            return replace(wishes, gender=_stronger(wishes.gender, Gender.MALE))
        case WishKey.SUBJECT if subject is not None:
            return replace(wishes, subject=_stronger(wishes.subject, subject))
        case WishKey.LEVEL:
            return replace(wishes, level=_stronger(wishes.level, level))
        case _:
            return wishes


def _stronger(wish: Wish[T] | None, value: T) -> Wish[T] | None:
    """Nothing becomes a wish, a wish becomes required, and what was required is taken away."""
    if wish is None or wish.value != value:
        return Wish(value)
    return None if wish.required else Wish(value, required=True)
