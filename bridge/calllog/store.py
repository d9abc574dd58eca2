# SPDX-License-Identifier: EUPL-1.2
"""The append-only log: events go in with their transaction, and are never changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy import (
    event as schema_event,
)

from bridge.calllog.model import Event, EventKind, Scalar, StoredEvent
from bridge.conference.store import call
from bridge.storage.schema import UtcDateTime, json_type, metadata, storable
from bridge.vocabulary import CallId, JobNumber, TechnicianId

event = Table(
    "event",
    metadata,
    Column("call_id", ForeignKey("call.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("leg_id", String),
    Column("data", json_type(), nullable=False),
)
"""One row an event; `seq` counts from 1 in each call. `leg_id` may be a leg we never adopted."""

_REFUSAL = "events are never changed"

APPEND_ONLY: Mapping[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE TRIGGER event_append_only BEFORE UPDATE ON event "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER event_append_only BEFORE UPDATE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_append_only()",
    ),
}
"""What makes the database itself refuse to rewrite an event, for each dialect.

Deleting is left to retention. A migration that replaces the table makes the trigger anew.
"""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        _ddl: DDL = DDL(_statement)  # type: ignore[no-untyped-call]
        schema_event.listen(event, "after_create", _ddl.execute_if(dialect=_dialect))


def append(conn: Connection, *events: Event) -> None:
    """Write events to the end of their calls' logs, in the order given.

    The places are taken by raising the call's own count, which holds the call's row until the
    transaction ends: two writers of one call queue, and no place is skipped or used twice.
    Raises `LookupError` when a call was never opened, `ValueError` for data that is not a finite
    scalar.
    """
    of_call: dict[CallId, list[Event]] = {}
    for one in events:
        of_call.setdefault(one.call, []).append(one)
    # Always in the same order, so that two writers of two calls can't wait for each other.
    for which in sorted(of_call):
        batch = of_call[which]
        last = conn.execute(
            update(call)
            .where(call.c.id == which)
            .values(events=call.c.events + len(batch))
            .returning(call.c.events)
        ).scalar_one_or_none()
        if last is None:
            raise LookupError("events belong to a call that was opened before")
        first = last - len(batch) + 1
        conn.execute(insert(event), [_values(first + n, one) for n, one in enumerate(batch)])


def _values(seq: int, one: Event) -> dict[str, Any]:
    return {
        "call_id": one.call,
        "seq": seq,
        "at": one.at,
        "kind": one.kind.value,
        "leg_id": None if one.leg is None else storable(one.leg),
        "data": {storable(name): _scalar(name, value) for name, value in one.data.items()},
    }


def _scalar(name: str, value: Scalar) -> Scalar:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name}: JSON has no word for an infinite or undefined number")
    if value is not None and not isinstance(value, bool | int | float):
        raise ValueError(f"{name}: an event's data are scalars")
    return value


def events_of(conn: Connection, which: CallId) -> list[StoredEvent]:
    """All events of a call, in their order."""
    return events_since(conn, which, 0)


def events_since(conn: Connection, which: CallId, seq: int) -> list[StoredEvent]:
    """The events of a call after the `seq`-th, in their order."""
    rows = conn.execute(
        select(event).where(event.c.call_id == which, event.c.seq > seq).order_by(event.c.seq)
    )
    return [
        StoredEvent(row.seq, Event(row.call_id, EventKind(row.kind), row.at, row.leg_id, row.data))
        for row in rows
    ]


def has_event(kind: EventKind) -> ColumnElement[bool]:
    """Whether the call of a row of `call` has an event of this kind."""
    return exists().where(event.c.call_id == call.c.id, event.c.kind == kind.value)


def is_identified_in_open_call(conn: Connection, who: TechnicianId) -> bool:
    """Whether a technician is known by PIN in a call that goes on, with a request or without."""
    found = exists().where(
        event.c.call_id == call.c.id,
        event.c.kind == EventKind.IDENTIFIED.value,
        event.c.data["technician"].as_integer() == who,
        call.c.ended_at.is_(None),
    )
    return bool(conn.execute(select(found)).scalar_one())


def call_of_job(conn: Connection, job: JobNumber) -> CallId | None:
    """The call that was given this job number."""
    return conn.execute(
        select(call.c.id).where(call.c.serial == int(job.digits[:-1]))
    ).scalar_one_or_none()
