# SPDX-License-Identifier: EUPL-1.2
"""Since when somebody does not answer, and whether they were told so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from bridge.roster.store import OfferOutcome, interpreter, reservation
from bridge.vocabulary import InterpreterId


def stopped_answering(
    conn: Connection, who: InterpreterId, streak: int, in_a_row: int
) -> datetime | None:
    """When an offer was left unanswered that was the `in_a_row`-th of `streak` in a row.

    `None` when there are not so many.
    """
    if streak < in_a_row:
        return None
    unanswered = (
        select(reservation.c.ended_at)
        .where(
            reservation.c.interpreter_id == who,
            reservation.c.outcome == OfferOutcome.UNANSWERED.value,
        )
        .order_by(reservation.c.made_at.desc(), reservation.c.id.desc())
        .offset(streak - in_a_row)
        .limit(1)
    )
    return conn.execute(unanswered).scalar_one_or_none()


def tell_not_answering(conn: Connection, who: InterpreterId, since: datetime, at: datetime) -> bool:
    """Take it on to tell an interpreter that they have not been answering since a moment.

    `False` when they have been told of it. No change of the roster.
    """
    told = interpreter.c.told_not_answering
    changed = conn.execute(
        update(interpreter)
        .where(interpreter.c.id == who, or_(told.is_(None), told < since))
        .values(told_not_answering=at)
    )
    return changed.rowcount == 1


def not_told(conn: Connection, who: InterpreterId, at: datetime) -> None:
    """What was taken on at a moment could not be told: somebody may try again."""
    conn.execute(
        update(interpreter)
        .where(interpreter.c.id == who, interpreter.c.told_not_answering == at)
        .values(told_not_answering=None)
    )
