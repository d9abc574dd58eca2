# SPDX-License-Identifier: EUPL-1.2
"""The rows of ratings: one for each person who rated a call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from bridge.ratings.model import Flag, Rating
from bridge.roster.store import change, reservation
from bridge.storage.schema import UtcDateTime, metadata
from bridge.vocabulary import CallId, InterpreterId, Role

rating_table = Table(
    "rating",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("call.id"), nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("interpreter_id", ForeignKey("interpreter.id"), index=True),
    Column("rating", Integer),
    Column("flag", String),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating_is_a_key"),
)
"""`role` rated the call; `interpreter_id` is whom it was about, or who rated it."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What one person said of a call."""

    role: Role
    interpreter: InterpreterId | None
    rating: Rating | None
    flag: Flag | None
    at: datetime


def rate(
    conn: Connection,
    call: CallId,
    role: Role,
    interpreter: InterpreterId | None,
    rating: Rating | None,
    flag: Flag | None,
    at: datetime,
) -> None:
    """Write what `role` said of a call; saying it again replaces what was said before.

    `interpreter` is who rated, when an interpreter did, and else with whom the call was. When an
    interpreter flags the call as hard, the pause after it is the longer one of their limits, the
    present one too.
    """
    about = rating_table.c.interpreter_id
    conn.execute(
        delete(rating_table).where(
            rating_table.c.call_id == call,
            rating_table.c.role == role.value,
            about.is_(None) if interpreter is None else about == interpreter,
        )
    )
    conn.execute(
        insert(rating_table).values(
            call_id=call,
            role=role.value,
            interpreter_id=interpreter,
            rating=None if rating is None else int(rating),
            flag=None if flag is None else flag.value,
            at=at,
        )
    )
    if role is Role.INTERPRETER and interpreter is not None:
        _set_hard(conn, call, interpreter, flag is Flag.HARD_CALL)


def _set_hard(conn: Connection, call: CallId, interpreter: InterpreterId, hard: bool) -> None:
    changed = conn.execute(
        update(reservation)
        .where(
            reservation.c.call_id == call,
            reservation.c.interpreter_id == interpreter,
            reservation.c.accepted_at.is_not(None),
            reservation.c.hard != hard,
        )
        .values(hard=hard)
    )
    if changed.rowcount:
        # Every process that keeps the roster in memory reads the pause again.
        change(conn, interpreter, {})


def ratings_of(conn: Connection, call: CallId) -> list[Rated]:
    """What was said of a call, in its order."""
    rows = conn.execute(
        select(rating_table).where(rating_table.c.call_id == call).order_by(rating_table.c.id)
    )
    return [
        Rated(
            Role(row.role),
            row.interpreter_id,
            None if row.rating is None else Rating(row.rating),
            None if row.flag is None else Flag(row.flag),
            row.at,
        )
        for row in rows
    ]
