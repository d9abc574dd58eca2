# SPDX-License-Identifier: EUPL-1.2
"""The rows of agencies and technicians, and how a technician is recognised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    RowMapping,
    String,
    Table,
    delete,
    false,
    insert,
    select,
    update,
)

from bridge.agencies.model import (
    MOST_FAVOURITES,
    Agency,
    AgencyField,
    AgencyKind,
    FieldName,
    Technician,
)
from bridge.storage.schema import insert_into, json_type, metadata
from bridge.vocabulary import AgencyId, LanguageTag, PhoneNumber, TechnicianId

agency = Table(
    "agency",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("relay_allowed", Boolean, nullable=False, server_default=false()),
    Column("prompt_language", String, nullable=False, server_default="pt"),
    Column("favourites", json_type()),
    Column("fields", json_type()),
    Column("dial_allowed", json_type()),
    Column("hourly_dial_cap", Integer),
)
"""`favourites` and `dial_allowed` are lists of texts, `fields` of [name, least, most]."""

agency_number = Table(
    "agency_number",
    metadata,
    Column("number", String, primary_key=True),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, index=True),
)
"""The telephones by which an agency is known; no number is two agencies'."""

technician = Table(
    "technician",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("pin_lookup", String, nullable=False, unique=True),
    Column("pin_hash", String, nullable=False),
)
"""`pin_lookup` holds the agency's code too: with a new code an agency needs new PINs.

Who was removed has no name and no `pin_hash` any more; the row stays, for calls refer to it.
"""

_REMOVED = ""
_PRESENT = technician.c.pin_hash != _REMOVED


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
    return _one_agency(conn, agency.c.code == code)


def load_agency(conn: Connection, which: AgencyId) -> Agency | None:
    """The agency of this id."""
    return _one_agency(conn, agency.c.id == which)


def load_agencies(conn: Connection) -> list[Agency]:
    """All agencies, by code."""
    rows = conn.execute(select(agency).order_by(agency.c.code)).mappings()
    return [_agency(row) for row in rows]


def agency_of_number(conn: Connection, number: PhoneNumber) -> Agency | None:
    """The agency one of whose telephones this is.

    A caller number can be forged: it tells whose PIN to ask for, and proves nothing.
    """
    of = select(agency_number.c.agency_id).where(agency_number.c.number == number.e164)
    return _one_agency(conn, agency.c.id == of.scalar_subquery())


def _one_agency(conn: Connection, wanted: ColumnElement[bool]) -> Agency | None:
    row = conn.execute(select(agency).where(wanted)).mappings().one_or_none()
    return None if row is None else _agency(row)


def _agency(row: RowMapping) -> Agency:
    return Agency(
        row["id"],
        row["code"],
        row["name"],
        AgencyKind(row["kind"]),
        row["relay_allowed"],
        prompt_language=row["prompt_language"],
        favourites=tuple(row["favourites"] or ()),
        fields=tuple(
            AgencyField(FieldName(name), least, most) for name, least, most in row["fields"] or ()
        ),
        dial_allowed=tuple(row["dial_allowed"] or ()),
        hourly_dial_cap=row["hourly_dial_cap"],
    )


# --- what differs from agency to agency --------------------------------------------------------


def set_relay_allowed(conn: Connection, which: AgencyId, allowed: bool) -> None:
    """Say whether relay through two interpreters may serve an agency. Raises `LookupError`."""
    _change(conn, which, relay_allowed=allowed)


def set_prompt_language(conn: Connection, which: AgencyId, language: str) -> None:
    """Say what an agency's technicians are spoken to in, ``pt`` or ``en``. Raises `LookupError`."""
    if language not in ("pt", "en"):
        raise ValueError("technicians are spoken to in pt or en; choose one of them")
    _change(conn, which, prompt_language=language)


def set_favourites(conn: Connection, which: AgencyId, languages: Sequence[LanguageTag]) -> None:
    """Say which languages an agency's keys 1 to 9 stand for. Raises `LookupError`.

    `ValueError` for more than nine and for one that is there twice.
    """
    if len(languages) > MOST_FAVOURITES or len(set(languages)) < len(languages):
        raise ValueError(f"name each language once, at most {MOST_FAVOURITES} of them")
    _change(conn, which, favourites=list(languages))


def set_fields(conn: Connection, which: AgencyId, fields: Sequence[AgencyField]) -> None:
    """Say what an agency wants keyed with each call, in this order. Raises `LookupError`.

    `ValueError` for a field that is there twice.
    """
    if len({one.name for one in fields}) < len(fields):
        raise ValueError("name each field once")
    _change(conn, which, fields=[[one.name.value, one.least, one.most] for one in fields])


def set_dial_allowed(
    conn: Connection, which: AgencyId, allowed: Iterable[str], *, hourly_cap: int | None = None
) -> None:
    """Say what an agency may dial besides ordinary national numbers. Raises `LookupError`.

    `allowed` are prefixes that `bridge.telephony.gate.DialRules` takes.
    """
    _change(conn, which, dial_allowed=sorted(set(allowed)), hourly_dial_cap=hourly_cap)


def _change(conn: Connection, which: AgencyId, **values: object) -> None:
    changed = conn.execute(update(agency).where(agency.c.id == which).values(values))
    if changed.rowcount != 1:
        raise LookupError("there is no such agency")


def add_number(conn: Connection, number: PhoneNumber, of: AgencyId) -> None:
    """Know an agency by this telephone from now on.

    Raises `ValueError` when it is another agency's; doing it twice is no error.
    """
    new: Any = insert_into(conn, agency_number).values(number=number.e164, agency_id=of)
    conn.execute(new.on_conflict_do_nothing(index_elements=[agency_number.c.number]))
    whose = conn.execute(
        select(agency_number.c.agency_id).where(agency_number.c.number == number.e164)
    ).scalar_one()
    if whose != of:
        raise ValueError("that number is another agency's; take it from that one first")


def remove_number(conn: Connection, number: PhoneNumber, of: AgencyId) -> bool:
    """Know an agency by this telephone no more. `False` when it was not its own."""
    gone = conn.execute(
        delete(agency_number).where(
            agency_number.c.number == number.e164, agency_number.c.agency_id == of
        )
    )
    return gone.rowcount == 1


def numbers_of(conn: Connection, of: AgencyId) -> tuple[PhoneNumber, ...]:
    """The telephones by which an agency is known."""
    rows = conn.execute(
        select(agency_number.c.number)
        .where(agency_number.c.agency_id == of)
        .order_by(agency_number.c.number)
    )
    return tuple(PhoneNumber(number) for number in rows.scalars())


# --- technicians -------------------------------------------------------------------------------


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
    """Everybody of an agency who was not removed, by id."""
    rows = conn.execute(
        select(technician.c.id, technician.c.name)
        .where(technician.c.agency_id == of.id, _PRESENT)
        .order_by(technician.c.id)
    )
    return [Technician(row.id, of, row.name) for row in rows]


def set_technician_pin(
    conn: Connection, of: Agency, which: TechnicianId, *, pin_lookup: str, pin_hash: str
) -> None:
    """Give a technician another PIN, as `add_technician`. Raises `LookupError` for nobody."""
    _change_technician(conn, of, which, pin_lookup=pin_lookup, pin_hash=pin_hash)


def remove_technician(conn: Connection, of: Agency, which: TechnicianId) -> None:
    """Forget a technician's name and PIN: with it nobody calls any more. Raises `LookupError`."""
    # The row stays: calls refer to it, and its number must never become somebody else's.
    _change_technician(
        conn, of, which, name="", pin_lookup=f"removed:{int(which)}", pin_hash=_REMOVED
    )


def _change_technician(conn: Connection, of: Agency, which: TechnicianId, **values: object) -> None:
    changed = conn.execute(
        update(technician)
        .where(technician.c.id == which, technician.c.agency_id == of.id, _PRESENT)
        .values(values)
    )
    if changed.rowcount != 1:
        raise LookupError("the agency has no such technician")


def find_credential(conn: Connection, pin_lookup: str) -> Credential | None:
    """Who would be identified by this lookup key; nobody is until the PIN is verified."""
    row = conn.execute(
        select(technician).where(technician.c.pin_lookup == pin_lookup)
    ).one_or_none()
    if row is None:
        return None
    employer = load_agency(conn, row.agency_id)
    if employer is None:
        raise LookupError("a technician's agency is missing")
    return Credential(Technician(row.id, employer, row.name), row.pin_hash)
