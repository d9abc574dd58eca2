# SPDX-License-Identifier: EUPL-1.2
"""What the technician's script asks the application, what it is answered, and how it ends.

Agency codes, PINs and telephone numbers are left out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.agencies.model import AgencyKind
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, TechnicianId

# --- questions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identify:
    """Who is this? Answers: `Identified`, `NotIdentified`, `Failed`."""

    agency_code: str = field(repr=False)
    """Four digits."""
    pin: str = field(repr=False)
    """Six digits."""


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


MigrantPlace = BesideMe | Ring
"""Where the migrant is."""


@dataclass(frozen=True, slots=True)
class RequestInterpreter:
    """Begin the hunt. Answers: `Requested`, `Failed`."""

    language: LanguageTag
    migrant: MigrantPlace
    asked_at: datetime | None
    """When the technician's last key was recognised, where the carrier can tell."""


# --- answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identified:
    """Agency code and PIN fit."""

    technician: TechnicianId
    agency: AgencyId
    agency_kind: AgencyKind


@dataclass(frozen=True, slots=True)
class NotIdentified:
    """They do not fit, or no more tries are allowed now: the caller never learns which."""


@dataclass(frozen=True, slots=True)
class NumberFine:
    """The number may be rung."""


class NumberFault(StrEnum):
    """Why a number is not rung."""

    NOT_A_NUMBER = "not_a_number"
    NOT_PERMITTED = "not_permitted"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class NumberRefused:
    """The number is not rung."""

    reason: NumberFault


@dataclass(frozen=True, slots=True)
class Requested:
    """The hunt is on."""

    job_number: JobNumber


@dataclass(frozen=True, slots=True)
class Failed:
    """We could not do it (the database cannot be used, say): the technician goes to a person."""


# --- notices -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NobodyAvailable:
    """The hunt ended without an interpreter."""


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
    """Nobody was available; the technician was told, and wants no person."""
