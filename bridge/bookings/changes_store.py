# SPDX-License-Identifier: EUPL-1.2
"""The rows of what was changed of booked calls: which things, and never what was written.

They are the booking's events. When its hour has come, its call tells them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Integer, Table, func, insert, select, update

from bridge.bookings.model import BookingChange, BookingId, BookingState, MigrantPlace
from bridge.bookings.rows import booking
from bridge.storage.schema import UtcDateTime, json_type, metadata, storable

booking_change = Table(
    "booking_change",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("data", json_type(), nullable=False),
)
"""One row a change; `place` counts from 1 in each booking."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One change that was made."""

    at: datetime
    data: Mapping[str, str | bool]
    """See `BookingChange.told`."""


def change(conn: Connection, which: BookingId, wanted: BookingChange, at: datetime) -> bool:
    """Change a booking and write down that it was.

    `False` when there is none, it is over, or its hour has come: then it is about to be dialled.
    """
    to_come = (
        (booking.c.id == which)
        & (booking.c.state == BookingState.BOOKED.value)
        & (booking.c.starts_at > at)
        & booking.c.claimed_by.is_(None)
    )
    found = conn.execute(select(booking.c.fields).where(to_come).with_for_update()).one_or_none()
    if found is None:
        return False
    fields = {
        name: keyed for name, keyed in (found.fields or {}).items() if name not in wanted.without
    }
    fields |= {name.value: storable(keyed) for name, keyed in wanted.fields.items()}
    changed = conn.execute(
        update(booking).where(to_come).values(fields=fields or None, **_place(wanted))
    )
    if changed.rowcount != 1:
        return False
    last = select(func.coalesce(func.max(booking_change.c.place), 0)).where(
        booking_change.c.booking_id == which
    )
    place = conn.execute(last).scalar_one() + 1
    conn.execute(
        insert(booking_change).values(booking_id=which, place=place, at=at, data=wanted.told)
    )
    return True


def _place(wanted: BookingChange) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if wanted.migrant is not None:
        values = {
            "migrant_number": None if wanted.number is None else wanted.number.e164,
            "dial_in_code": wanted.code,
            "migrant_beside": wanted.migrant is MigrantPlace.BESIDE,
        }
        if wanted.migrant is not MigrantPlace.RING:
            values["voicemail_allowed"] = False
    if wanted.voicemail_allowed is not None:
        values["voicemail_allowed"] = wanted.voicemail_allowed
    return values


def changes_of(conn: Connection, which: BookingId) -> list[Changed]:
    """What was changed of a booking, in the order in which it was."""
    rows = conn.execute(
        select(booking_change)
        .where(booking_change.c.booking_id == which)
        .order_by(booking_change.c.place)
    )
    return [Changed(row.at, row.data) for row in rows]
