# SPDX-License-Identifier: EUPL-1.2
"""Which languages are asked for most: what the language finder lets a migrant hear first."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from bridge.conference.store import call
from bridge.vocabulary import AgencyId, LanguageTag

LOOKED_AT = 2000
"""The service's latest calls: a season of a busy one, and read in a millisecond or two."""


def likely_languages(conn: Connection, agency: AgencyId) -> tuple[LanguageTag, ...]:
    """The languages of the latest calls: first this agency's, the most asked first, then all."""
    latest = (
        select(call.c.agency_id, call.c.language)
        .where(call.c.language.is_not(None))
        .order_by(call.c.serial.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    own = func.count().filter(latest.c.agency_id == agency)
    by_language = (
        select(latest.c.language)
        .group_by(latest.c.language)
        .order_by(own.desc(), func.count().desc(), latest.c.language)
    )
    return tuple(LanguageTag(tag) for tag in conn.execute(by_language).scalars())
