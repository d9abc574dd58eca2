# SPDX-License-Identifier: EUPL-1.2
"""Which processes are alive: each writes a heartbeat, and whoever stays silent is taken for dead.

A process is named by its owner token, the one that stands beside everything it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, String, Table, delete, select

from bridge.storage.schema import UtcDateTime, insert_into, metadata

BEAT_EVERY = timedelta(seconds=2)
"""How often a living process says so."""
SILENT_FOR = timedelta(seconds=7)
"""Whoever was not heard of for so long is dead.

What a dead process holds must be free within 10 s of its death. Whoever sweeps does so every
`BEAT_EVERY`, so the last beat is at most 7 + 2 s past when it is swept; the rest is for the
database to be slow in.
"""
_REMEMBERED = timedelta(days=1)

process = Table(
    "process",
    metadata,
    Column("owner", String, primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)
"""One row a process that runs or ran not long ago."""


def is_silent(seen_at: datetime | None, since: datetime, at: datetime) -> bool:
    """Whether the owner of something made at `since` is to be taken for dead.

    `seen_at` is its last heartbeat, `None` for an owner that never had one: then what it made
    was its last sign of life. Pure.
    """
    return at - max(since, seen_at or since) >= SILENT_FOR


def beat(conn: Connection, owner: str, at: datetime) -> None:
    """Say that a process is alive. Moments that come late don't turn the time back."""
    new: Any = insert_into(conn, process).values(owner=owner, seen_at=at)
    conn.execute(
        new.on_conflict_do_update(
            index_elements=[process.c.owner],
            set_={"seen_at": new.excluded.seen_at},
            where=process.c.seen_at < new.excluded.seen_at,
        )
    )


def last_seen(conn: Connection, owners: Iterable[str]) -> Mapping[str, datetime]:
    """The last heartbeat of each of these owners that ever had one."""
    rows = conn.execute(select(process).where(process.c.owner.in_(sorted(set(owners)))))
    return {row.owner: row.seen_at for row in rows}


def forget(conn: Connection, at: datetime) -> None:
    """Drop the rows of processes that ended long ago."""
    conn.execute(delete(process).where(process.c.seen_at < at - _REMEMBERED))
