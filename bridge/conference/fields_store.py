# SPDX-License-Identifier: EUPL-1.2
"""The rows of what an agency wants keyed with each call: process number, department, cost centre.

The values are personal data: they are in no event and no log, and are forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, String, Table, delete, select

from bridge.agencies.model import FieldName
from bridge.conference.store import call
from bridge.storage.schema import insert_into, metadata, storable
from bridge.vocabulary import CallId

call_field = Table(
    "call_field",
    metadata,
    Column("call_id", ForeignKey("call.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)


def write_fields(conn: Connection, which: CallId, values: Mapping[FieldName, str]) -> None:
    """Write what was keyed with a call; a field that is there already gets the newer value."""
    for name, value in values.items():
        new: Any = insert_into(conn, call_field).values(
            call_id=which, name=name.value, value=storable(value)
        )
        conn.execute(
            new.on_conflict_do_update(
                index_elements=[call_field.c.call_id, call_field.c.name],
                set_={"value": new.excluded.value},
            )
        )


def fields_of(conn: Connection, which: CallId) -> dict[FieldName, str]:
    """What was keyed with a call."""
    rows = conn.execute(select(call_field).where(call_field.c.call_id == which))
    found = {FieldName(row.name): str(row.value) for row in rows}
    return {name: found[name] for name in FieldName if name in found}


def forget_fields(conn: Connection, before: datetime) -> int:
    """Forget what was keyed with calls that ended before this moment; say how many values."""
    old = select(call.c.id).where(call.c.ended_at < before)
    return conn.execute(delete(call_field).where(call_field.c.call_id.in_(old))).rowcount
