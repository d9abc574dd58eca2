# SPDX-License-Identifier: EUPL-1.2
"""The rows of the lists: preferred, only, do-not-send; of one agency or of all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    delete,
    insert,
    or_,
    select,
)

from bridge.roster.requirements import ListEntry, ListKind
from bridge.roster.store import change
from bridge.storage.schema import UtcDateTime, metadata
from bridge.vocabulary import AgencyId, InterpreterId

list_entry = Table(
    "list_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column(
        "interpreter_id",
        ForeignKey("interpreter.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("agency_id", ForeignKey("agency.id", ondelete="CASCADE"), index=True),
    Column("reason", String, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("added_at", UtcDateTime, nullable=False),
)
"""One row an entry; no agency means all. Ended ones stay, for they tell why nobody was sent."""


def load_lists(conn: Connection, at: datetime | None = None) -> tuple[ListEntry, ...]:
    """Every entry that holds at a moment for some agency, or every entry ever; one query."""
    return tuple(entry for _, entry in list_entries(conn, at))


def list_entries(conn: Connection, at: datetime | None = None) -> tuple[tuple[int, ListEntry], ...]:
    """As `load_lists`, each with what `remove_from_list` needs."""
    asked = select(list_entry).order_by(list_entry.c.id)
    if at is not None:
        asked = asked.where(or_(list_entry.c.ends_at.is_(None), list_entry.c.ends_at > at))
    return tuple(
        (
            row.id,
            ListEntry(
                ListKind(row.kind), row.interpreter_id, row.agency_id, row.reason, row.ends_at
            ),
        )
        for row in conn.execute(asked)
    )


def add_to_list(conn: Connection, entry: ListEntry, at: datetime) -> int:
    """Write an entry; one of the same kind, person and agency that still holds is replaced.

    Returns what `remove_from_list` needs. Raises `LookupError` for nobody.
    """
    change(conn, entry.interpreter, {})
    conn.execute(
        delete(list_entry).where(
            list_entry.c.kind == entry.kind.value,
            list_entry.c.interpreter_id == entry.interpreter,
            _same(entry.agency),
            or_(list_entry.c.ends_at.is_(None), list_entry.c.ends_at > at),
        )
    )
    made = insert(list_entry).values(
        kind=entry.kind.value,
        interpreter_id=entry.interpreter,
        agency_id=entry.agency,
        reason=entry.reason,
        ends_at=entry.ends,
        added_at=at,
    )
    return int(conn.execute(made.returning(list_entry.c.id)).scalar_one())


def remove_from_list(conn: Connection, which: int) -> bool:
    """Take an entry away. `False` when there is none (any more)."""
    who: InterpreterId | None = conn.execute(
        delete(list_entry).where(list_entry.c.id == which).returning(list_entry.c.interpreter_id)
    ).scalar_one_or_none()
    if who is None:
        return False
    change(conn, who, {})
    return True


def _same(agency: AgencyId | None) -> ColumnElement[bool]:
    return list_entry.c.agency_id.is_(None) if agency is None else list_entry.c.agency_id == agency
