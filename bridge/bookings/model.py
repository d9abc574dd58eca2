# SPDX-License-Identifier: EUPL-1.2
"""Booked calls, and the times for them. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from bridge.agencies.model import FieldName
from bridge.roster.requirements import Requirements
from bridge.roster.skills import pair
from bridge.vocabulary import (
    AgencyId,
    CallId,
    InterpreterId,
    LanguageTag,
    PhoneNumber,
    TechnicianId,
)

BookingId = NewType("BookingId", int)

GRID = timedelta(minutes=15)
"""Bookings begin at full quarters of an hour and hold whole ones."""
USUAL_MINUTES = 30
"""How long a booked call is held unless told otherwise."""
REMINDED_BEFORE = timedelta(hours=1)
"""How long before a booked call its interpreter is reminded of it."""


class BookingState(StrEnum):
    """Where a booking stands."""

    BOOKED = "booked"
    DIALLING = "dialling"
    """Its call was begun; from then on the call tells what happens."""
    DONE = "done"
    CANCELLED = "cancelled"
    MISSED = "missed"
    """Its time passed without anybody being rung."""


LIVE = frozenset({BookingState.BOOKED, BookingState.DIALLING})
"""The states in which an interpreter is held."""


class MadeBy(StrEnum):
    """How a booking came about."""

    PHONE = "phone"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class FarHalf:
    """The second interpreter of a relay: between the migrant's language and the one between."""

    interpreter: InterpreterId
    pivot: LanguageTag
    """The language between, which the first interprets to and from Portuguese."""


@dataclass(frozen=True, slots=True)
class NewBooking:
    """A booking to be made.

    Raises `ValueError` for a time off the grid, no length, or a migrant who comes in two ways.
    """

    requirements: Requirements
    interpreter: InterpreterId
    starts_at: datetime
    agency: AgencyId
    technician: TechnicianId
    technician_number: PhoneNumber
    migrant_number: PhoneNumber | None = None
    """`None`: nobody is rung."""
    voicemail_allowed: bool = False
    """Whether the agreed message may be left when a voicemail answers."""
    dial_in_code: str | None = field(default=None, repr=False)
    """With which the migrant will ring us. With neither number nor code they sit beside the
    technician."""
    fields: Mapping[FieldName, str] = field(default_factory=dict, repr=False)
    """What was keyed for the agency's own records."""
    minutes: int = USUAL_MINUTES
    made_by: MadeBy = MadeBy.PHONE
    reminders: tuple[datetime, ...] = ()
    """When the interpreter is to be reminded."""
    far: FarHalf | None = None
    """With two interpreters, the second; `interpreter` is then the one who speaks Portuguese."""

    @property
    def interpreters(self) -> tuple[InterpreterId, ...]:
        """Everybody who is to be held."""
        return _both(self.interpreter, self.far)

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("a booking lasts at least a minute: give its minutes")
        if self.starts_at != ceil(self.starts_at):
            raise ValueError("a booking starts at a full quarter of an hour: round its time")
        if len(set(self.interpreters)) != len(self.interpreters):
            raise ValueError("nobody is both halves of a relay: name two interpreters")
        if self.migrant_number is not None and self.dial_in_code is not None:
            raise ValueError("a migrant is rung, or dials in: give a number or a code")


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as stored. Numbers, code and fields are kept only while it is live."""

    id: BookingId
    call: CallId | None
    """The call that it became."""
    requirements: Requirements
    agency: AgencyId
    technician: TechnicianId
    technician_number: PhoneNumber | None = field(repr=False)
    migrant_number: PhoneNumber | None = field(repr=False)
    migrant_beside: bool
    """Whether the migrant sits beside the technician, instead of joining by telephone."""
    interpreter: InterpreterId
    starts_at: datetime
    minutes: int
    state: BookingState
    made_by: MadeBy
    reminders: tuple[datetime, ...]
    voicemail_allowed: bool = False
    dial_in_code: str | None = field(default=None, repr=False)
    fields: Mapping[FieldName, str] = field(default_factory=dict, repr=False)
    far: FarHalf | None = None
    """With two interpreters, the second; `interpreter` is then the one who speaks Portuguese."""

    @property
    def language(self) -> LanguageTag:
        """The language asked for."""
        return self.requirements.language

    @property
    def interpreters(self) -> tuple[InterpreterId, ...]:
        """Whom it was booked with, the one who speaks Portuguese first."""
        return _both(self.interpreter, self.far)

    def language_of(self, who: InterpreterId) -> LanguageTag:
        """What this interpreter interprets: the one of two who speaks Portuguese, the pivot."""
        near = self.far is not None and who == self.interpreter
        return self.far.pivot if near and self.far is not None else self.language

    def asked_of(self, who: InterpreterId) -> Requirements:
        """What this interpreter is asked for: the request, or their half of the way."""
        asked = replace(self.requirements, agency=self.agency)
        if self.far is None:
            return asked
        far = who == self.far.interpreter
        half = pair(self.language, self.far.pivot) if far else self.far.pivot
        return replace(asked, language=half)

    @property
    def coming(self) -> tuple[InterpreterId, ...]:
        """Those of them who have not said that they will not be there; they alone are held."""
        return tuple(one for one in self.interpreters if one not in self.requirements.excluded)

    @property
    def refused(self) -> bool:
        """Whether nobody whom it was booked with will be there."""
        return not self.coming

    @property
    def ends_at(self) -> datetime:
        """Until when the interpreter is held."""
        return self.starts_at + timedelta(minutes=self.minutes)


class MigrantPlace(StrEnum):
    """How the migrant of a booked call comes in, as events say it."""

    BESIDE = "beside"
    RING = "ring"
    DIAL_IN = "dial_in"


@dataclass(frozen=True, slots=True)
class BookingChange:
    """What becomes otherwise of a booking; what is not named stays as it was.

    Raises `ValueError` for a place without what belongs to it, or with what belongs to another.
    """

    migrant: MigrantPlace | None = None
    number: PhoneNumber | None = field(default=None, repr=False)
    """Whom to ring, and only then."""
    code: str | None = field(default=None, repr=False)
    """With which to dial in, and only then."""
    voicemail_allowed: bool | None = None
    """Nowhere but where the migrant is rung; elsewhere it is not, whatever it was."""
    fields: Mapping[FieldName, str] = field(default_factory=dict, repr=False)
    """What the agency wants, in addition or instead."""
    without: frozenset[FieldName] = frozenset()
    """What is taken away of that."""

    def __post_init__(self) -> None:
        if (self.number is not None) != (self.migrant is MigrantPlace.RING):
            raise ValueError("a migrant who is rung has a number, and nobody else: give it then")
        if (self.code is not None) != (self.migrant is MigrantPlace.DIAL_IN):
            raise ValueError("who dials in has a code, and nobody else: give it then")
        if self.voicemail_allowed and self.migrant not in (None, MigrantPlace.RING):
            raise ValueError("no voicemail answers where nobody is rung: leave it out")
        if self.without & self.fields.keys():
            raise ValueError("a field is given or taken away: leave one of the two out")

    @property
    def told(self) -> dict[str, str | bool]:
        """What an event tells of it: which things were changed, nobody's number, nothing keyed."""
        data: dict[str, str | bool] = {}
        if self.migrant is not None:
            data["migrant"] = self.migrant.value
        if self.voicemail_allowed is not None:
            data["voicemail_allowed"] = self.voicemail_allowed
        if self.fields:
            data["fields"] = _names(self.fields)
        if self.without:
            data["without"] = _names(self.without)
        return data


@dataclass(frozen=True, slots=True)
class Busy:
    """An interpreter is held by a booking from one moment until just before another."""

    interpreter: InterpreterId
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which this interpreter keeps a window, is not held, and within their limits."""

    interpreter: InterpreterId
    starts_at: datetime
    """In UTC, at a full quarter of an hour."""
    minutes: int
    far: FarHalf | None = None
    """With two interpreters, the second."""


def _names(fields: Container[FieldName]) -> str:
    return " ".join(name.value for name in FieldName if name in fields)


def _both(near: InterpreterId, far: FarHalf | None) -> tuple[InterpreterId, ...]:
    return (near,) if far is None else (near, far.interpreter)


def ceil(moment: datetime) -> datetime:
    """The moment itself, or the next full quarter of an hour after it."""
    over = timedelta(
        minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond
    )
    return moment if not over else moment - over + GRID


def reminders_of(starts_at: datetime, now: datetime) -> tuple[datetime, ...]:
    """When an interpreter is reminded of a booked call: an hour before, if that is to come."""
    reminder = starts_at - REMINDED_BEFORE
    return (reminder,) if reminder > now else ()


def quarters(start: datetime, minutes: int) -> range:
    """The numbers of the quarters of an hour that a booking touches, counted from 1970 in UTC."""
    seconds, grid = int(start.timestamp()), int(GRID.total_seconds())
    return range(seconds // grid, -(-(seconds + minutes * 60) // grid))
