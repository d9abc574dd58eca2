# SPDX-License-Identifier: EUPL-1.2
"""The rows that count what was dialled for technicians and agencies; no number is among them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Table, delete, insert, select

from bridge.agencies.store import agency as agency_table
from bridge.storage.schema import UtcDateTime, metadata
from bridge.telephony.gate import BUDGET_SPAN, DialBudget, NotPermitted
from bridge.vocabulary import AgencyId, TechnicianId

dial = Table(
    "dial",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agency_id", ForeignKey("agency.id")),
    Column("technician_id", ForeignKey("technician.id")),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_dial_agency_id_at", "agency_id", "at"),
)
"""One row a number that was dialled because somebody keyed it; without an agency, in a call of the
line's own operators."""


def spend(
    conn: Connection,
    agency: AgencyId | None,
    technician: TechnicianId | None,
    at: datetime,
    budget: DialBudget | None = None,
) -> None:
    """Count one number more that is about to be dialled, or raise `NotPermitted`: too many.

    Without a `budget` the agency's own holds. Belongs into the transaction that decides to dial;
    two that decide at once wait for each other, so an agency's caps hold exactly. Without an
    agency it is an operator who dials: all operators together have the usual budget of an agency.
    """
    cap = None
    if agency is not None:
        theirs = select(agency_table.c.hourly_dial_cap).where(agency_table.c.id == agency)
        cap = conn.execute(theirs.with_for_update()).scalar_one()
    allowed = DialBudget.of(cap) if budget is None else budget
    recent = conn.execute(
        select(dial.c.technician_id).where(
            dial.c.agency_id.is_not_distinct_from(agency), dial.c.at > at - BUDGET_SPAN
        )
    ).scalars()
    who = list(recent)
    mine = 0 if technician is None else who.count(technician)
    refusal = allowed.refusal(mine, len(who))
    if refusal is not None:
        raise NotPermitted(refusal)
    conn.execute(insert(dial).values(agency_id=agency, technician_id=technician, at=at))


def forget_dials(conn: Connection, before: datetime) -> int:
    """Drop what was counted before a moment; say how many."""
    return conn.execute(delete(dial).where(dial.c.at < before)).rowcount
