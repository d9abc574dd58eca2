# SPDX-License-Identifier: EUPL-1.2
"""The rows of agencies and technicians, and how a technician is recognised."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    false,
    insert,
    select,
    update,
)

from bridge.agencies.model import Agency, AgencyKind, Technician
from bridge.agencies.secrets import PinHasher
from bridge.storage.database import Database
from bridge.storage.schema import metadata
from bridge.vocabulary import AgencyId, TechnicianId

agency = Table(
    "agency",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("relay_allowed", Boolean, nullable=False, server_default=false()),
)

technician = Table(
    "technician",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("pin_lookup", String, nullable=False, unique=True),
    Column("pin_hash", String, nullable=False),
)
"""`pin_lookup` holds the agency's code too: with a new code an agency needs new PINs."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A technician and what proves their PIN."""

    technician: Technician
    pin_hash: str = field(repr=False)


def add_agency(conn: Connection, code: str, name: str, kind: AgencyKind) -> Agency:
    """Write a new agency. The code must be no other agency's."""
    new: AgencyId = conn.execute(
        insert(agency).values(code=code, name=name, kind=kind.value).returning(agency.c.id)
    ).scalar_one()
    return Agency(new, code, name, kind)


def find_agency(conn: Connection, code: str) -> Agency | None:
    """The agency with this code."""
    row = conn.execute(select(agency).where(agency.c.code == code)).one_or_none()
    if row is None:
        return None
    return Agency(row.id, row.code, row.name, AgencyKind(row.kind), row.relay_allowed)


def load_agency(conn: Connection, which: AgencyId) -> Agency | None:
    """The agency of this id."""
    row = conn.execute(select(agency).where(agency.c.id == which)).one_or_none()
    if row is None:
        return None
    return Agency(row.id, row.code, row.name, AgencyKind(row.kind), row.relay_allowed)


def set_relay_allowed(conn: Connection, which: AgencyId, allowed: bool) -> None:
    """Say whether relay through two interpreters may serve an agency. Raises `LookupError`."""
    changed = conn.execute(update(agency).where(agency.c.id == which).values(relay_allowed=allowed))
    if changed.rowcount != 1:
        raise LookupError("there is no such agency")


def add_technician(
    conn: Connection, of: Agency, name: str, *, pin_lookup: str, pin_hash: str
) -> Technician:
    """Write a new technician, with `PinHasher.lookup` and `PinHasher.hash` of their PIN.

    No two technicians of an agency have the same PIN: `sqlalchemy.exc.IntegrityError` then.
    """
    new: TechnicianId = conn.execute(
        insert(technician)
        .values(agency_id=of.id, name=name, pin_lookup=pin_lookup, pin_hash=pin_hash)
        .returning(technician.c.id)
    ).scalar_one()
    return Technician(new, of, name)


def technicians_of(conn: Connection, of: Agency) -> list[Technician]:
    """Everybody of an agency, by id."""
    rows = conn.execute(
        select(technician.c.id, technician.c.name)
        .where(technician.c.agency_id == of.id)
        .order_by(technician.c.id)
    )
    return [Technician(row.id, of, row.name) for row in rows]


def find_credential(conn: Connection, pin_lookup: str) -> Credential | None:
    """Who would be identified by this lookup key; nobody is until the PIN is verified."""
    row = conn.execute(
        select(
            technician.c.id,
            technician.c.name,
            technician.c.pin_hash,
            technician.c.agency_id,
            agency.c.code,
            agency.c.name.label("agency_name"),
            agency.c.kind,
            agency.c.relay_allowed,
        )
        .join(agency, agency.c.id == technician.c.agency_id)
        .where(technician.c.pin_lookup == pin_lookup)
    ).one_or_none()
    if row is None:
        return None
    employer = Agency(
        row.agency_id, row.code, row.agency_name, AgencyKind(row.kind), row.relay_allowed
    )
    return Credential(Technician(row.id, employer, row.name), row.pin_hash)


def find_technician(
    conn: Connection, agency_code: str, pin: str, hasher: PinHasher
) -> Technician | None:
    """The technician with this code and PIN, or `None`; slow alike for both.

    Holds the transaction while the PIN is proved (about 20 ms): where calls are running, use
    `identify`.
    """
    found = find_credential(conn, hasher.lookup(agency_code, pin))
    proved = hasher.verify(None if found is None else found.pin_hash, agency_code, pin)
    return found.technician if found is not None and proved else None


async def identify(
    database: Database, hasher: PinHasher, agency_code: str, pin: str
) -> Technician | None:
    """The technician with this code and PIN, or `None`; slow alike for both.

    The slow proof runs in a thread after the transaction, so nobody else waits for it.
    """
    key = hasher.lookup(agency_code, pin)
    found = await database.run(lambda conn: find_credential(conn, key))
    stored = None if found is None else found.pin_hash
    proved = await asyncio.to_thread(hasher.verify, stored, agency_code, pin)
    return found.technician if found is not None and proved else None
