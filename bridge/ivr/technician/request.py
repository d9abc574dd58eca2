# SPDX-License-Identifier: EUPL-1.2
"""What the technician's script asks the application, what it is answered, and how it ends.

Agency codes, PINs and telephone numbers are left out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bridge.agencies.model import AgencyField, AgencyKind, FieldName
from bridge.ivr.technician.language_choice_states import LanguageChosen
from bridge.roster.skills import REGISTER, Level, Subject
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, TechnicianId

# --- questions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identify:
    """Who is this? Answers: `Identified`, `NotIdentified`, `CodeFirst`, `Failed`."""

    agency_code: str | None = field(repr=False)
    """Four digits; `None`: of the agency whose number rings."""
    pin: str = field(repr=False)
    """Six digits."""


@dataclass(frozen=True, slots=True)
class IdentifyRest:
    """The four digits that were lacking after `CodeFirst`. Answers as to `Identify`."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckNumber:
    """May this number be rung? Answers: `NumberFine`, `NumberRefused`, `Failed`."""

    digits: str = field(repr=False)
    """Three to fifteen digits as keyed: national, or beginning with 00."""


@dataclass(frozen=True, slots=True)
class BesideMe:
    """The migrant sits beside the technician."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The migrant is to be rung, on a number that `CheckNumber` found fine."""

    digits: str = field(repr=False)
    voicemail: bool = False
    """Whether a voicemail may be left the agreed message."""


@dataclass(frozen=True, slots=True)
class DialsIn:
    """The migrant will ring us, with the code that `ReserveDialIn` gave."""


MigrantPlace = BesideMe | Ring | DialsIn
"""Where the migrant is."""

FieldValues = tuple[tuple[FieldName, str], ...]
"""What an agency has its technicians key for its own records, in the agency's order."""


@dataclass(frozen=True, slots=True)
class ReserveDialIn:
    """With which code will the migrant ring us? Answers: `DialInCode`, `Failed`."""


@dataclass(frozen=True, slots=True)
class RequestInterpreter:
    """Begin the hunt. Answers: `Requested`, `NumberRefused`, `Failed`."""

    chosen: LanguageChosen
    """The language, how it was named, and what is wished of the interpreter."""
    migrant: MigrantPlace
    asked_at: datetime | None
    """When the technician's last key was recognised, where the carrier can tell."""
    fields: FieldValues = field(default=(), repr=False)

    @property
    def language(self) -> LanguageTag:
        """The language to be interpreted to and from Portuguese."""
        return self.chosen.language


@dataclass(frozen=True, slots=True)
class CallMeBack:
    """Ring this technician when an interpreter accepts. Answers: `WillCallBack`, `Failed`."""


@dataclass(frozen=True, slots=True)
class Book:
    """Hold this time for the request. Answers: `Booked`, `SlotGone`, `Failed`."""

    slot: datetime
    """One of the times that were offered."""


@dataclass(frozen=True, slots=True)
class StepDown:
    """An interpreter below the required level will do too; the technician says so.

    Answers: `SteppedDown`, `NoLongerWaiting`, `Failed`.
    """


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where does the request stand now? Answers: `QueueStanding`, `Failed`."""


# --- answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ways:
    """How the technicians of one agency are asked."""

    language: str = "pt"
    """The prompt language: `pt` or `en`."""
    subject: Subject | None = None
    """What they mostly speak about, for whoever wishes an interpreter at home in it."""
    favourites: tuple[LanguageTag, ...] = ()
    """The languages of the keys 1 to 9."""
    likely: tuple[LanguageTag, ...] = ()
    """The languages that the finder tries first, likeliest first."""
    fields: tuple[AgencyField, ...] = ()
    """What is to be keyed for the agency's own records."""
    level: Level = REGISTER.high
    """What is at least asked for by whoever wishes for a high level."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Agency code and PIN fit."""

    technician: TechnicianId
    agency: AgencyId
    agency_kind: AgencyKind
    ways: Ways = Ways()


@dataclass(frozen=True, slots=True)
class NotIdentified:
    """They do not fit, or no more tries are allowed now: the caller never learns which."""


@dataclass(frozen=True, slots=True)
class CodeFirst:
    """The six digits begin with the code of the agency whose number rings.

    So the caller is about to key all ten, as from a telephone that is not recognised: four more
    are to be waited for.
    """


@dataclass(frozen=True, slots=True)
class NumberFine:
    """The number may be rung."""


class NumberFault(StrEnum):
    """Why a number is not rung."""

    NOT_A_NUMBER = "not_a_number"
    NOT_PERMITTED = "not_permitted"
    EMERGENCY = "emergency"
    TOO_MANY = "too_many"
    """The technician, or the agency, has had too many numbers rung within the hour."""


@dataclass(frozen=True, slots=True)
class NumberRefused:
    """The number is not rung."""

    reason: NumberFault


@dataclass(frozen=True, slots=True)
class DialInCode:
    """How the migrant reaches this call, and no other."""

    code: str = field(repr=False)
    """Six digits."""
    number: str = ""
    """The number to ring from any telephone, as digits to be read out; empty: the line's, which is
    not known."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The hunt is on."""

    job_number: JobNumber
    dial_in_code: str | None = field(default=None, repr=False)
    """The code that the migrant will key, if they dial in."""


@dataclass(frozen=True, slots=True)
class WillCallBack:
    """The call-back is written down."""


@dataclass(frozen=True, slots=True)
class Booked:
    """The call is booked."""

    at: datetime
    """When all who are to be rung are; aware."""
    dial_in_code: str | None = field(default=None, repr=False)
    """The code that the migrant will key then, if they dial in: the one that was told."""


@dataclass(frozen=True, slots=True)
class SlotGone:
    """Somebody else was faster."""

    slots: tuple[datetime, ...]
    """The times that are to be had now, soonest first; aware."""


@dataclass(frozen=True, slots=True)
class SteppedDown:
    """The consent is written down, and whoever can be rung now is being rung."""


@dataclass(frozen=True, slots=True)
class NoLongerWaiting:
    """The consent came too late: an interpreter has accepted, or the request is over."""


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """Where the request stands in the queue."""

    place: int
    """From 1."""
    estimate_minutes: int | None
    """How long the wait will be; `None` when nobody can tell."""
    step_down: bool = False
    """As in `NobodyAvailable`, by now."""
    unreached: bool = False
    """As in `NobodyAvailable`, by now."""


@dataclass(frozen=True, slots=True)
class Failed:
    """We could not do it (the database cannot be used, say).

    Where there is another way, the technician is offered it; else they go to a person.
    """


# --- notices -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NobodyAvailable:
    """No interpreter is free now, and what can be done about it.

    What is not possible is not offered: with the defaults there is only a person, or goodbye. Told
    again to somebody who stays in the queue, it replaces what was offered before.
    """

    place: int | None = None
    """The place of the request in the queue, from 1; `None` when there is no queue to stay in."""
    estimate_minutes: int | None = None
    """How long the wait will be; `None` when nobody can tell."""
    call_back: bool = False
    """Whether the technician can be rung back (their number is known, and permitted)."""
    slots: tuple[datetime, ...] = ()
    """Times for which the call can be booked, soonest first; aware; three of them are offered."""
    today: date | None = None
    """The date in Lisbon, for "today" and "tomorrow"; without it full dates are said."""
    step_down: bool = False
    """Whether somebody below the required level could be rung now, if the technician agreed."""
    unreached: bool = False
    """Whether there is somebody, but no telephone of theirs can be reached now."""


# --- outcomes (and `Gone`) ---------------------------------------------------------------------


class PersonReason(StrEnum):
    """Why a technician is put through to a person."""

    ASKED = "asked"
    """Pressed 0."""
    NOT_UNDERSTOOD = "not_understood"
    """Too much silence or too many keys that mean nothing."""
    LANGUAGE_UNKNOWN = "language_unknown"
    NUMBER_REFUSED = "number_refused"
    NOBODY_AVAILABLE = "nobody_available"
    WAITED_TOO_LONG = "waited_too_long"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ToOperator:
    """The technician was told so, and is to be put through to the operator on duty."""

    reason: PersonReason


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A person was needed and none is on duty; the technician was told to ring later."""

    reason: PersonReason


@dataclass(frozen=True, slots=True)
class NotIdentifiedAtAll:
    """Wrong codes too often; the technician was told."""

    tries: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """Nobody was available; the technician was told, and chose nothing."""


@dataclass(frozen=True, slots=True)
class CallBackPromised:
    """The technician was told that the bridge will ring them."""


@dataclass(frozen=True, slots=True)
class BookedFor:
    """The technician was told for when their call is booked."""

    at: datetime
