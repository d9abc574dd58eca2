# SPDX-License-Identifier: EUPL-1.2
"""Agencies (the institutions) and technicians (their people with a PIN)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.vocabulary import AgencyId, LanguageTag, TechnicianId

MOST_FAVOURITES = 9
"""One for each of the keys 1 to 9."""
LONGEST_FIELD = 20
"""More digits than that nobody keys without a mistake."""


class AgencyKind(StrEnum):
    """What an agency is; interpreters hear this, never its name."""

    HEALTH = "health"
    SCHOOL = "school"
    SOCIAL_SECURITY = "social_security"
    JUSTICE = "justice"
    MUNICIPALITY = "municipality"
    MIGRATION = "migration"
    OTHER = "other"


class FieldName(StrEnum):
    """What an agency may want keyed with every call."""

    PROCESS_NUMBER = "process_number"
    DEPARTMENT = "department"
    COST_CENTRE = "cost_centre"


class BadField(ValueError):
    """An agency's field can't be keyed; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class AgencyField:
    """One thing to be keyed, of so many digits at least and at most. Raises `BadField`."""

    name: FieldName
    least: int
    most: int

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most <= LONGEST_FIELD:
            raise BadField(
                f"a field has 1 to {LONGEST_FIELD} digits, the fewest first: write it as in "
                "process_number=5-9"
            )


@dataclass(frozen=True, slots=True)
class Agency:
    """An institution that may call. `code` is what its technicians key: 4 digits."""

    id: AgencyId
    code: str
    name: str
    kind: AgencyKind
    relay_allowed: bool = False
    """Whether two interpreters and a language between may serve it when there is no other way."""
    prompt_language: str = "pt"
    """What its technicians are spoken to in: ``pt`` or ``en``."""
    favourites: tuple[LanguageTag, ...] = ()
    """The languages of the keys 1 to 9, in their order; at most nine."""
    fields: tuple[AgencyField, ...] = ()
    """What is keyed after the PIN, in this order."""
    dial_allowed: tuple[str, ...] = ()
    """What its technicians may dial besides ordinary national numbers: beginnings of E.164 numbers
    (``+34``, ``+351808``), as `bridge.telephony.gate.DialRules` takes them."""
    hourly_dial_cap: int | None = None
    """So many numbers may be dialled for it within an hour; `None`: as many as for any."""


@dataclass(frozen=True, slots=True)
class Technician:
    """A person of an agency. The PIN (6 digits) is stored only as a hash."""

    id: TechnicianId
    agency: Agency
    name: str
