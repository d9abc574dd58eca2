# SPDX-License-Identifier: EUPL-1.2
"""What the interpreter's presence script asks, what it is answered, and where it can stand.

A PIN is left out of every `repr`, and kept in no state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.ivr.outcomes import Over, Patience
from bridge.ivr.person import PersonState
from bridge.roster.model import Presence
from bridge.vocabulary import LanguageTag

# --- questions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IdentifyInterpreter:
    """Is this the PIN of the interpreter whose number rings?

    Answers: `InterpreterKnown`, `InterpreterUnknown`, or anything else for a failure of ours.
    """

    pin: str = field(repr=False)
    """Six digits."""


@dataclass(frozen=True, slots=True)
class SetPresence:
    """The interpreter's choice. Answers: `PresenceSet`, or anything else for a failure of ours."""

    state: Presence
    minutes: int | None = None
    """How long a break lasts, from 1 to 480; `None` for the others."""


@dataclass(frozen=True, slots=True)
class NextBooking:
    """When is the next booked call? Answers: `BookingAt`, `NoBooking`, or anything else."""


@dataclass(frozen=True, slots=True)
class OwnShare:
    """How much of the work do I get? Answers: `ShareOf`, `NoShare`, or anything else."""


# --- answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InterpreterKnown:
    """The PIN fits; so stands the interpreter."""

    presence: Presence
    until: datetime | None = None
    """When break or off ends; aware; `None` when it has no end."""
    windows: tuple[tuple[datetime, datetime], ...] = ()
    """Today's hours, in order; aware."""
    not_answering: bool = False
    """Whether offers have stopped because three in a row went unanswered."""


@dataclass(frozen=True, slots=True)
class InterpreterUnknown:
    """It does not fit, or no more tries are allowed now: the caller never learns which."""


@dataclass(frozen=True, slots=True)
class PresenceSet:
    """The choice is written down; `not_answering`, if it was, is over."""

    state: Presence
    until: datetime | None = None
    """When break or off ends; aware."""


@dataclass(frozen=True, slots=True)
class BookingAt:
    """The next booked call."""

    at: datetime
    """Aware."""
    language: LanguageTag


@dataclass(frozen=True, slots=True)
class NoBooking:
    """No call is booked."""


@dataclass(frozen=True, slots=True)
class ShareOf:
    """The work offered over thirty days for the hours promised; 1 is an even share."""

    share: float
    """At least 0."""


@dataclass(frozen=True, slots=True)
class NoShare:
    """No hours were promised, or nothing was offered to anybody: there is no share to tell."""


# --- outcomes (and `Gone`) ---------------------------------------------------------------------


class WhyEnded(StrEnum):
    """How a presence conversation ended by itself."""

    ASKED_FOR_PERSON = "asked_for_person"
    """Pressed 0 until nothing was left, and nobody is on duty."""
    NOTHING_MORE = "nothing_more"
    """Keyed nothing more that means anything; goodbye was said."""
    FAILED = "failed"
    """We could not find out who it is."""


@dataclass(frozen=True, slots=True)
class PresenceEnded:
    """The interpreter was told goodbye. Changes were confirmed as they were made."""

    why: WhyEnded


@dataclass(frozen=True, slots=True)
class InterpreterToOperator:
    """The interpreter was told so, and is to be put through to the operator on duty."""


@dataclass(frozen=True, slots=True)
class InterpreterNotIdentified:
    """Wrong PINs too often; the interpreter was told."""

    tries: int


# --- states ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyingPin:
    """The PIN is asked for; `wrong` is how often it did not fit."""

    patience: Patience
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class CheckingPin:
    """The application looks it up."""

    patience: Patience
    wrong: int


@dataclass(frozen=True, slots=True)
class AtMenu:
    """What to do is asked."""

    patience: Patience
    known: InterpreterKnown


@dataclass(frozen=True, slots=True)
class KeyingBreak:
    """How long the break lasts is asked."""

    patience: Patience
    known: InterpreterKnown


@dataclass(frozen=True, slots=True)
class ConfirmingBreak:
    """The length of the break is read back."""

    patience: Patience
    known: InterpreterKnown
    minutes: int


@dataclass(frozen=True, slots=True)
class Changing:
    """The application writes the choice down."""

    patience: Patience
    known: InterpreterKnown


@dataclass(frozen=True, slots=True)
class LookingUp:
    """The application looks something up: the next booked call, or the share of the work."""

    patience: Patience
    known: InterpreterKnown


@dataclass(frozen=True, slots=True)
class AskingForPerson:
    """A person was asked for when nobody seemed on duty."""

    back: PresenceQuestion
    """What was asked, and is asked again unless a person is found or promised."""
    at: PersonState


@dataclass(frozen=True, slots=True)
class TakingLeave:
    """The last words are being said."""

    outcome: object


PresenceQuestion = KeyingPin | AtMenu | KeyingBreak | ConfirmingBreak
PresenceLookup = CheckingPin | Changing | LookingUp
PresenceState = PresenceQuestion | PresenceLookup | AskingForPerson | TakingLeave | Over
"""Every state of `PresenceScript`."""
