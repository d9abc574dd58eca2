# SPDX-License-Identifier: EUPL-1.2
"""Where the choice of a language can stand, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bridge.ivr.outcomes import Patience
from bridge.ivr.technician.wishes import NO_WISHES, Wishes
from bridge.vocabulary import LanguageTag


class How(StrEnum):
    """How a technician named the language."""

    CODE = "code"
    """The code on the card."""
    FAVOURITE = "favourite"
    """One key for what the agency asks most."""
    SPELT = "spelt"
    """Its name, on the letters of the keypad."""
    FINDER = "finder"
    """The migrant pressed a key on hearing it."""


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """The outcome: the technician confirmed this language."""

    language: LanguageTag
    how: How
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class AskingLanguage:
    """The language is asked for: a code, or the way to another of the questions below."""

    patience: Patience
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class AskingThirdDigit:
    """Two digits were keyed that begin a code of three."""

    patience: Patience
    wishes: Wishes
    first_two: str


@dataclass(frozen=True, slots=True)
class ConfirmingChoice:
    """The language is read back."""

    patience: Patience
    wishes: Wishes
    wanted: LanguageTag
    how: How


@dataclass(frozen=True, slots=True)
class SpellingName:
    """The name of the language is asked for, letter by letter."""

    patience: Patience
    wishes: Wishes
    keyed: str = field(default="", repr=False)
    """What was keyed of it so far."""


@dataclass(frozen=True, slots=True)
class HearingNames:
    """Several languages begin with what was keyed; they are read out."""

    patience: Patience
    wishes: Wishes
    found: tuple[LanguageTag, ...]
    page: int = 0
    """Which of their pages is being read out."""


@dataclass(frozen=True, slots=True)
class Wishing:
    """The menu of wishes is open."""

    patience: Patience
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class KeyingEarlierJob:
    """The job number of the call whose interpreter is wished for again is asked for."""

    patience: Patience
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class HandingOver:
    """The technician is asked to give the telephone to the migrant."""

    patience: Patience
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Sounding:
    """The migrant hears the sentence at this place of the finder's order."""

    patience: Patience
    wishes: Wishes
    place: int


@dataclass(frozen=True, slots=True)
class SoundingAgain:
    """A key was pressed at this place; the migrant is asked to press once more.

    First in the language that was sounding, then in the one before it: whoever is slow presses
    when the next sentence has already begun.
    """

    patience: Patience
    wishes: Wishes
    place: int
    before: bool = False
    """Whether it is asked in the language before."""


@dataclass(frozen=True, slots=True)
class TakingBack:
    """The migrant confirmed; the language is told to the technician."""

    patience: Patience
    wishes: Wishes
    place: int
    """Where in the order to go on if this is not it."""
    wanted: LanguageTag


@dataclass(frozen=True, slots=True)
class NothingFound:
    """All sentences were heard, and the technician chooses how to go on."""

    patience: Patience
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Chosen:
    """A language is chosen: whoever asked goes on from here."""

    patience: Patience
    outcome: LanguageChosen


AtTheFinder = HandingOver | Sounding | SoundingAgain | TakingBack | NothingFound
"""Every state of the language finder."""
Naming = (
    AskingLanguage
    | AskingThirdDigit
    | ConfirmingChoice
    | SpellingName
    | HearingNames
    | Wishing
    | KeyingEarlierJob
)
"""Every state in which the technician names the language."""
LanguageChoiceState = Naming | AtTheFinder
"""Every state of `LanguageChoice` before it is over, or `Chosen`."""
