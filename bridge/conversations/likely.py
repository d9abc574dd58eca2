# SPDX-License-Identifier: EUPL-1.2
"""Which languages are asked for most: what the language finder lets a migrant hear first."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, false, func, or_, select

from bridge.agencies.store import agency_number, numbers_of
from bridge.conference.store import call
from bridge.vocabulary import AgencyId, LanguageTag, PhoneNumber

LOOKED_AT = 2000
"""The service's latest requests: a season of a busy one, and read in a millisecond or two."""
_GEOGRAPHIC = "+3512"
_SHORT_AREAS = ("+35121", "+35122")
"""Lisbon and Porto have areas of two digits, all others three (ANACOM's numbering plan)."""


def area_of(number: PhoneNumber) -> str | None:
    """With what all numbers of the same area begin; `None` for a number of no place."""
    if not number.e164.startswith(_GEOGRAPHIC):
        return None
    short = number.e164[: len(_SHORT_AREAS[0])]
    return short if short in _SHORT_AREAS else number.e164[: len(short) + 1]


def likely_languages(conn: Connection, agency: AgencyId) -> tuple[LanguageTag, ...]:
    """The languages of technicians' latest requests, the most asked first: those of this agency,
    then those of its region, then all.

    Of an agency's region are the agencies that have a registered telephone of the same area.
    """
    # A call's technician is written with the request, but its language also when a migrant who
    # only rings the line chooses one.
    latest = (
        select(call.c.agency_id, call.c.language)
        .where(call.c.technician_id.is_not(None), call.c.language.is_not(None))
        .order_by(call.c.serial.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    own = func.count().filter(latest.c.agency_id == agency)
    near = func.count().filter(latest.c.agency_id.in_(_neighbours(conn, agency)))
    by_language = (
        select(latest.c.language)
        .group_by(latest.c.language)
        .order_by(own.desc(), near.desc(), func.count().desc(), latest.c.language)
    )
    return tuple(LanguageTag(tag) for tag in conn.execute(by_language).scalars())


def _neighbours(conn: Connection, agency: AgencyId) -> list[AgencyId]:
    areas = {area_of(number) for number in numbers_of(conn, agency)} - {None}
    nearby: list[ColumnElement[bool]] = [
        agency_number.c.number.startswith(area) for area in sorted(filter(None, areas))
    ]
    found = select(agency_number.c.agency_id).where(or_(false(), *nearby)).distinct()
    return list(conn.execute(found).scalars())
