# SPDX-License-Identifier: EUPL-1.2
"""The rows of closures: days on which a coordinator closed a line or a service."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Date, String, Table, delete, select

from bridge.hours.directory import Directory, Place, load_directory
from bridge.hours.model import Closure
from bridge.storage.schema import insert_into, metadata

_Place = TypeVar("_Place", bound=Place)

P = TypeVar("P", bound=Place)

closure = Table(
    "closure",
    metadata,
    Column("place", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("reason", String, nullable=False),
)
"""`place` is the key of a line or a service in the directory."""


def add_closure(conn: Connection, place: str, day: date, reason: str) -> None:
    """Close a line or a service, by its key, on a day; a reason given before is replaced."""
    new: Any = insert_into(conn, closure).values(place=place, day=day, reason=reason)
    conn.execute(
        new.on_conflict_do_update(
            index_elements=[closure.c.place, closure.c.day],
            set_={"reason": new.excluded.reason},
        )
    )


def remove_closure(conn: Connection, place: str, day: date) -> bool:
    """Take back a closure. `False` when there was none."""
    gone = conn.execute(delete(closure).where(closure.c.place == place, closure.c.day == day))
    return gone.rowcount == 1


def closures_from(conn: Connection, first: date) -> list[tuple[str, Closure]]:
    """The closures from a day on, each with its place's key, by day."""
    rows = conn.execute(
        select(closure).where(closure.c.day >= first).order_by(closure.c.day, closure.c.place)
    )
    return [(row.place, Closure(row.day, row.reason)) for row in rows]


def directory_with(conn: Connection, of: Directory | None = None) -> Directory:
    """The directory with the coordinators' closures; those of its own file hold as well."""
    directory = load_directory() if of is None else of
    added: dict[str, list[Closure]] = {}
    for row in conn.execute(select(closure).order_by(closure.c.day)):
        added.setdefault(row.place, []).append(Closure(row.day, row.reason))
    if not added:
        return directory

    def closed(place: _Place) -> _Place:
        mine = added.get(place.key)
        if mine is None:
            return place
        schedule = place.schedule
        return replace(place, schedule=replace(schedule, closures=(*schedule.closures, *mine)))

    return replace(
        directory,
        lines=tuple(closed(line) for line in directory.lines),
        services=tuple(closed(service) for service in directory.services),
    )
