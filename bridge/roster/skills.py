# SPDX-License-Identifier: EUPL-1.2
"""What an interpreter can do: the scale of levels, pairs of languages, genders, subjects. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from bridge.vocabulary import LanguageTag

Level = NewType("Level", int)
"""A place on the scale of levels: 0 is the highest, each further place is lower."""


MOST_LEVELS = 63
"""A scale has no more: so many are told apart when interpreters are ranked."""


class BadLevel(ValueError):
    """The text is no level of the scale, or no scale; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class LevelScale:
    """The names of the levels, the highest first.

    The scale is an installation's own choice (`STT_LEVELS`); `REGISTER` is what it gets without
    choosing.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a scale that could not be read back. Raises `BadLevel`."""
        spelt = [name.strip().casefold() for name in self.names]
        if not spelt or "" in spelt or len(set(spelt)) != len(spelt) or len(spelt) > MOST_LEVELS:
            raise BadLevel(
                f"a scale of levels is one to {MOST_LEVELS} names with commas between them, "
                "the highest first, each of them once"
            )

    @classmethod
    def of(cls, names: Iterable[str]) -> LevelScale:
        """A scale of these names, the highest first. Raises `BadLevel`."""
        return cls(tuple(name.strip() for name in names))

    def parse(self, name: str) -> Level:
        """The level of this name, in whatever case. Raises `BadLevel`."""
        wanted = name.strip().casefold()
        for place, known in enumerate(self.names):
            if known.casefold() == wanted:
                return Level(place)
        raise BadLevel(f"there is no such level; the levels are {', '.join(self.names)}")

    def name_of(self, level: Level) -> str:
        """How this level is called. Raises `BadLevel` for one that is not on the scale."""
        if 0 <= level < len(self.names):
            return self.names[level]
        raise BadLevel(f"the scale has {len(self.names)} levels")

    def shown(self, level: int) -> str:
        """How a level is called that may come from a longer scale: then as the lowest."""
        return self.names[min(level, self.lowest)]

    @property
    def high(self) -> Level:
        """What is at least asked for by whoever wishes for a high level, and names none.

        The second highest; the highest where the second is the lowest, which everybody has.
        """
        return Level(min(1, max(0, self.lowest - 1)))

    @property
    def lowest(self) -> Level:
        """The level of somebody about whom nothing is proven."""
        return Level(len(self.names) - 1)


REGISTER = LevelScale(("A", "B", "C", "D", "E"))
"""The five categories of Norway's national register of interpreters, A the highest."""


PORTUGUESE = LanguageTag("pt")
"""The language that a plain language tag among somebody's skills is interpreted to and from."""
_BETWEEN = ">"


class BadPair(ValueError):
    """These two are no pair of languages that an interpreter could have besides Portuguese."""


def pair(language: LanguageTag, pivot: LanguageTag) -> LanguageTag:
    """The skill of interpreting between two languages neither of which is Portuguese.

    It is written as one tag, ``ti>en``: somebody who interprets Tigrinya to and from English,
    for a relay with somebody else who interprets English to and from Portuguese. Raises `BadPair`
    when one of the two is Portuguese, empty or itself a pair, or when they are the same.
    """
    both = (language.strip(), pivot.strip())
    if "" in both or PORTUGUESE in both or both[0] == both[1] or _BETWEEN in language + pivot:
        raise BadPair("a pair is two different languages, neither of them Portuguese")
    return LanguageTag(_BETWEEN.join(both))


def split_pair(skill: LanguageTag) -> tuple[LanguageTag, LanguageTag] | None:
    """The two languages of a pair; `None` for a plain language or anything else."""
    language, between, pivot = skill.partition(_BETWEEN)
    if not between:
        return None
    try:
        pair(LanguageTag(language), LanguageTag(pivot))
    except BadPair:
        return None
    return LanguageTag(language), LanguageTag(pivot)


USUAL_PIVOTS = (LanguageTag("en"), LanguageTag("fr"), LanguageTag("es"))
"""The languages between that are tried first, in this order."""


def in_order(free: dict[LanguageTag, int]) -> list[LanguageTag]:
    """Pivots in the order in which they are tried, from how many could interpret each to and from
    Portuguese now.
    """
    usual = [pivot for pivot in USUAL_PIVOTS if pivot in free]
    others = sorted(set(free) - set(usual), key=lambda pivot: (-free[pivot], pivot))
    return usual + others


class Gender(StrEnum):
    """An interpreter's gender, as a caller may ask for it."""

    FEMALE = "f"
    MALE = "m"
    OTHER = "x"


class Subject(StrEnum):
    """A field in which an interpreter is at home."""

    HEALTH = "health"
    JUSTICE = "justice"
    SOCIAL = "social"
    SCHOOL = "school"
    ASYLUM = "asylum"
    POLICE = "police"
    WORK = "work"
    HOUSING = "housing"
