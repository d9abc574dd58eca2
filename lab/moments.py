# SPDX-License-Identifier: EUPL-1.2
"""Moments that no test can wait for, brought closer in the database of a running bridge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select, update

from bridge.bookings import store as bookings
from bridge.bookings.rows import booking
from bridge.conference.store import call
from bridge.hours.store import closures_from, remove_closure
from bridge.openings.store import opening_call_back


def bring_forward(conn: Connection, seconds: float) -> None:
    """Let whatever is booked begin in so many seconds; the bridge books full quarters only."""
    start = datetime.now(UTC) + timedelta(seconds=seconds)
    conn.execute(update(booking).values(starts_at=start, ends_at=start + timedelta(minutes=30)))
    bookings.changed(conn)


def remind_in(conn: Connection, seconds: float) -> None:
    """Add a reminder of whatever is booked: what begins within the hour has none."""
    due = datetime.now(UTC) + timedelta(seconds=seconds)
    for one in bookings.bookings_between(conn, due, due + timedelta(days=1)):
        bookings.remind_again(conn, one.id, due)


def open_line(conn: Connection) -> None:
    """Take back the closures of coordinators; whoever is to be rung at the opening is, soon."""
    now = datetime.now(UTC)
    for place, closure in closures_from(conn, now.date() - timedelta(days=1)):
        remove_closure(conn, place, closure.day)
    conn.execute(update(opening_call_back).values(due_at=now))


def dial_in_code(conn: Connection) -> str | None:
    """The code by which a migrant joins the latest call that has one; `None`: none has."""
    codes = select(call.c.dial_in_code).where(call.c.dial_in_code.is_not(None))
    return conn.execute(codes.order_by(call.c.serial.desc())).scalars().first()
