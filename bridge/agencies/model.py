# SPDX-License-Identifier: EUPL-1.2
"""Agencies (the institutions) and technicians (their people with a PIN)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.vocabulary import AgencyId, TechnicianId


class AgencyKind(StrEnum):
    """What an agency is; interpreters hear this, never its name."""

    HEALTH = "health"
    SCHOOL = "school"
    SOCIAL_SECURITY = "social_security"
    JUSTICE = "justice"
    MUNICIPALITY = "municipality"
    MIGRATION = "migration"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Agency:
    """An institution that may call. `code` is what its technicians key: 4 digits."""

    id: AgencyId
    code: str
    name: str
    kind: AgencyKind
    relay_allowed: bool = False
    """Whether two interpreters and a language between may serve it when there is no other way."""


@dataclass(frozen=True, slots=True)
class Technician:
    """A person of an agency. The PIN (6 digits) is stored only as a hash."""

    id: TechnicianId
    agency: Agency
    name: str
