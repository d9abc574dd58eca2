# SPDX-License-Identifier: EUPL-1.2
"""Where a conversation with a technician can stand. A PIN is kept in none of these."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.ivr.outcomes import Over, Patience
from bridge.ivr.request import NobodyAvailable
from bridge.vocabulary import JobNumber, LanguageTag


@dataclass(frozen=True, slots=True)
class Identifying:
    """Agency code and PIN are asked for; `wrong` is how often they did not fit."""

    patience: Patience
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class CheckingIdentity:
    """The application looks them up."""

    patience: Patience
    wrong: int


@dataclass(frozen=True, slots=True)
class ChoosingLanguage:
    """The code of a language is asked for."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class KeyingThirdDigit:
    """Two digits were keyed that begin a code of three."""

    patience: Patience
    first_two: str


@dataclass(frozen=True, slots=True)
class ConfirmingLanguage:
    """The language is read back."""

    patience: Patience
    wanted: LanguageTag


@dataclass(frozen=True, slots=True)
class PlacingMigrant:
    """Whether the migrant is beside the technician is asked."""

    patience: Patience
    wanted: LanguageTag


@dataclass(frozen=True, slots=True)
class KeyingNumber:
    """The migrant's number is asked for."""

    patience: Patience
    wanted: LanguageTag


@dataclass(frozen=True, slots=True)
class CheckingNumber:
    """The application says whether it may be rung."""

    patience: Patience
    wanted: LanguageTag
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmingNumber:
    """The number is read back."""

    patience: Patience
    wanted: LanguageTag
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Requesting:
    """The application begins the hunt."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Interpreters are being rung, and the technician is being told something."""

    job: JobNumber
    slices: int = 0
    """Stretches of music so far."""
    strays: int = 0
    """Keys without meaning so far."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Interpreters are being rung, and the technician hears music."""

    job: JobNumber
    slices: int
    strays: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What was last said to a technician for whom nobody is free."""

    job: JobNumber
    offer: NobodyAvailable
    slices: int = 0
    """Stretches of music in the queue so far."""


@dataclass(frozen=True, slots=True)
class HearingOptions:
    """Nobody is available; the technician chooses what to do."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class HearingSlots:
    """Times for which the call can be booked are read out."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class AskingCallBack:
    """The application writes down that the technician is to be rung."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class AskingToBook:
    """The application books a time."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class AskingPlace:
    """The application is asked for the place in the queue."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class QueueTelling:
    """The technician stays in the queue, and is being told something."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class QueueWaiting:
    """The technician stays in the queue, and hears music."""

    patience: Patience
    standing: Standing


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last words are being said."""

    outcome: object


Question = (
    Identifying
    | ChoosingLanguage
    | KeyingThirdDigit
    | ConfirmingLanguage
    | PlacingMigrant
    | KeyingNumber
    | ConfirmingNumber
)
Lookup = CheckingIdentity | CheckingNumber | Requesting
Choosing = HearingOptions | HearingSlots
Arranging = AskingCallBack | AskingToBook | AskingPlace
Queued = QueueTelling | QueueWaiting
NobodyFreeState = Choosing | Arranging | Queued
"""Every state of `NobodyFree`."""
TechnicianState = Question | Lookup | Telling | Waiting | NobodyFreeState | Leaving | Over
"""Every state of `TechnicianScript`."""
