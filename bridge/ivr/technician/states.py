# SPDX-License-Identifier: EUPL-1.2
"""Where a conversation with a technician can stand. A PIN is kept in none of these."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.ivr.outcomes import Over, Patience
from bridge.ivr.person import PersonState
from bridge.ivr.technician.language_choice_states import LanguageChoiceState, LanguageChosen
from bridge.ivr.technician.request import (
    DialInCode,
    FieldValues,
    MigrantPlace,
    NobodyAvailable,
    PersonReason,
    Ways,
)
from bridge.vocabulary import JobNumber

# --- who is this -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identifying:
    """Agency code and PIN are asked for; `wrong` is how often they did not fit."""

    patience: Patience
    wrong: int = 0
    pin_only: bool = False
    """The agency is known by the number that rings."""


@dataclass(frozen=True, slots=True)
class KeyingRest:
    """The caller keys all ten digits though six would do: the last four are waited for."""

    patience: Patience
    wrong: int


@dataclass(frozen=True, slots=True)
class CheckingIdentity:
    """The application looks them up."""

    patience: Patience
    wrong: int
    pin_only: bool = False
    """No code was keyed, so the PIN may turn out to be the beginning of both."""


# --- where the migrant is ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlacingMigrant:
    """Where the migrant is, is asked."""

    patience: Patience
    chosen: LanguageChosen


@dataclass(frozen=True, slots=True)
class KeyingNumber:
    """The migrant's number is asked for."""

    patience: Patience
    chosen: LanguageChosen


@dataclass(frozen=True, slots=True)
class CheckingNumber:
    """The application says whether it may be rung."""

    patience: Patience
    chosen: LanguageChosen
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmingNumber:
    """The number is read back."""

    patience: Patience
    chosen: LanguageChosen
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AllowingVoicemail:
    """Whether a voicemail may be left a message is asked."""

    patience: Patience
    chosen: LanguageChosen
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReservingDialIn:
    """The application gives the code with which the migrant will ring."""

    patience: Patience
    chosen: LanguageChosen


@dataclass(frozen=True, slots=True)
class TellingDialIn:
    """The code is being read out."""

    patience: Patience
    chosen: LanguageChosen
    dial_in: DialInCode


@dataclass(frozen=True, slots=True)
class KeyingField:
    """Something is asked for the agency's own records: the first that has no value yet."""

    patience: Patience
    chosen: LanguageChosen
    place: MigrantPlace
    values: FieldValues = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Requesting:
    """The application begins the hunt."""


# --- waiting -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Telling:
    """Interpreters are being rung, and the technician is being told something."""

    job: JobNumber
    slices: int = 0
    """Stretches of music so far."""
    strays: int = 0
    """Keys without meaning so far."""
    dial_in_code: str | None = field(default=None, repr=False)
    """What the migrant is to key, if they dial in."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Interpreters are being rung, and the technician hears music."""

    job: JobNumber
    slices: int
    strays: int
    dial_in_code: str | None = field(default=None, repr=False)


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
class SteppingDown:
    """The application writes down that a lower level will do, and hunts again."""

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


# --- asking for a person, and the end ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskingForPerson:
    """A person was asked for when nobody seemed on duty; what was keyed so far is kept."""

    back: InPart
    """Where the technician was, and goes on unless a person is found or promised."""
    reason: PersonReason
    at: PersonState


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last words are being said."""

    outcome: object


IdentityState = Identifying | KeyingRest | CheckingIdentity
"""Every state of `Identification`."""
PlaceQuestion = (
    PlacingMigrant
    | KeyingNumber
    | ConfirmingNumber
    | AllowingVoicemail
    | TellingDialIn
    | KeyingField
)
PlaceLookup = CheckingNumber | ReservingDialIn | Requesting
PlaceState = PlaceQuestion | PlaceLookup
"""Every state of `MigrantPlacing`."""
RingingState = Telling | Waiting
"""Every state of `WhileRinging`."""
Choosing = HearingOptions | HearingSlots
Arranging = AskingCallBack | AskingToBook | SteppingDown | AskingPlace
Queued = QueueTelling | QueueWaiting
NobodyFreeState = Choosing | Arranging | Queued
"""Every state of `NobodyFree`."""
InPart = IdentityState | LanguageChoiceState | PlaceState | RingingState | NobodyFreeState
"""Every state of a part of the conversation."""
Moment = InPart | AskingForPerson | Leaving | Over


@dataclass(frozen=True, slots=True)
class TechnicianState:
    """Every state of `TechnicianScript`."""

    ways: Ways
    """How this technician is asked; the line's own ways before anybody is identified."""
    at: Moment
