# SPDX-License-Identifier: EUPL-1.2
"""The tables of booked calls, of the quarters of an hour they hold, and of their reminders; and how
a booking is read from them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    false,
    select,
    text,
)

from bridge.agencies.model import FieldName
from bridge.bookings.model import Booking, BookingState, FarHalf, MadeBy
from bridge.roster.requirements_data import from_data
from bridge.storage.schema import UtcDateTime, json_type, metadata
from bridge.vocabulary import PhoneNumber

LIVE_ROWS = text("state IN ('booked', 'dialling')")
"""The bookings that hold somebody."""

booking = Table(
    "booking",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("call.id"), unique=True),
    Column("language", String, nullable=False),
    Column("requirements", json_type(), nullable=False),
    Column("agency_id", ForeignKey("agency.id"), nullable=False, index=True),
    Column("technician_id", ForeignKey("technician.id"), nullable=False),
    Column("technician_number", String),
    Column("migrant_number", String),
    Column("migrant_beside", Boolean, nullable=False),
    Column("voicemail_allowed", Boolean, nullable=False, server_default=false()),
    Column("dial_in_code", String, index=True),
    Column("fields", json_type()),
    Column("interpreter_id", ForeignKey("interpreter.id"), nullable=False, index=True),
    Column("starts_at", UtcDateTime, nullable=False, index=True),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("claimed_by", String),
    Column("claimed_at", UtcDateTime),
    Column("dialled_at", UtcDateTime),
    CheckConstraint(
        "state IN ('booked', 'dialling') OR (technician_number IS NULL AND migrant_number IS NULL)",
        name="numbers_forgotten",
    ),
    CheckConstraint(
        "state IN ('booked', 'dialling') OR dial_in_code IS NULL", name="dial_in_code_forgotten"
    ),
    CheckConstraint("state IN ('booked', 'dialling') OR fields IS NULL", name="fields_forgotten"),
    Index("ix_booking_live", "starts_at", sqlite_where=LIVE_ROWS, postgresql_where=LIVE_ROWS),
)
"""One row a booking; `claimed_by` is the owner token of the process that is about to dial it.

`fields` is what the agency wants keyed, by name. The code to dial in with may be in two rows: who
is told at the booked hour that nobody is free may take a later time for the same request.
"""

booking_quarter = Table(
    "booking_quarter",
    metadata,
    Column("interpreter_id", ForeignKey("interpreter.id"), primary_key=True),
    Column("quarter", Integer, primary_key=True, autoincrement=False),
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), nullable=False, index=True),
)
"""The quarters of an hour in which an interpreter is held, as long as the booking is live."""

booking_far_half = Table(
    "booking_far_half",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("interpreter_id", ForeignKey("interpreter.id"), nullable=False, index=True),
    Column("pivot", String, nullable=False),
)
"""The second interpreter of a relay, and the language between; none for any other booking."""

booking_reminder = Table(
    "booking_reminder",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("remind_at", UtcDateTime, primary_key=True, index=True),
    Column("taken_by", String),
)


def load(
    conn: Connection, wanted: ColumnElement[bool], *, most: int | None = None
) -> list[Booking]:
    """The bookings wanted, in the order of their hours; `most` of them at the most."""
    asked = select(booking).where(wanted).order_by(booking.c.starts_at, booking.c.id)
    rows = conn.execute(asked if most is None else asked.limit(most)).mappings().all()
    reminders: dict[int, list[datetime]] = {}
    found = select(booking_reminder.c.booking_id, booking_reminder.c.remind_at).order_by(
        booking_reminder.c.remind_at
    )
    for row in conn.execute(
        found.where(booking_reminder.c.booking_id.in_([one["id"] for one in rows]))
    ):
        reminders.setdefault(row.booking_id, []).append(row.remind_at)
    halves = select(booking_far_half).where(
        booking_far_half.c.booking_id.in_([one["id"] for one in rows])
    )
    far = {row.booking_id: FarHalf(row.interpreter_id, row.pivot) for row in conn.execute(halves)}
    return [_booking(row, tuple(reminders.get(row["id"], ())), far.get(row["id"])) for row in rows]


def _booking(row: RowMapping, reminders: tuple[datetime, ...], far: FarHalf | None) -> Booking:
    return Booking(
        id=row["id"],
        call=row["call_id"],
        requirements=from_data(row["requirements"]),
        agency=row["agency_id"],
        technician=row["technician_id"],
        technician_number=_number(row["technician_number"]),
        migrant_number=_number(row["migrant_number"]),
        migrant_beside=row["migrant_beside"],
        interpreter=row["interpreter_id"],
        starts_at=row["starts_at"],
        minutes=row["minutes"],
        state=BookingState(row["state"]),
        made_by=MadeBy(row["made_by"]),
        reminders=reminders,
        voicemail_allowed=row["voicemail_allowed"],
        dial_in_code=row["dial_in_code"],
        fields={FieldName(name): keyed for name, keyed in (row["fields"] or {}).items()},
        far=far,
    )


def _number(e164: str | None) -> PhoneNumber | None:
    return None if e164 is None else PhoneNumber(e164)
