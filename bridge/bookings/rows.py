# SPDX-License-Identifier: EUPL-1.2
"""The tables of booked calls, of the quarters of an hour they hold, and of their reminders."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from bridge.storage.schema import UtcDateTime, json_type, metadata

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
    Index("ix_booking_live", "starts_at", sqlite_where=LIVE_ROWS, postgresql_where=LIVE_ROWS),
)
"""One row a booking; `claimed_by` is the owner token of the process that is about to dial it."""

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
