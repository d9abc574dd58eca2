# SPDX-License-Identifier: EUPL-1.2
"""What every feature's tables share: the metadata, the column types and the counters.

Each feature keeps its own tables in its `store.py`; `bridge.storage.tables` knows them all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    TypeDecorator,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables. Every constraint has a name made here, so that a migration can always drop it."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware on the way in, aware and in UTC on the way out, on every database.

    SQLite keeps it as text in UTC, which sorts as the moments do; PostgreSQL as `timestamptz`.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment into UTC. Raises `ValueError` for one without a time zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a moment is stored with its time zone: give an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def json_type() -> JSON:
    """The type of a JSON column: text on SQLite, `jsonb` on PostgreSQL."""
    return JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


BATCH = 200
"""Rows that are read and counted in a few milliseconds."""
Row = TypeVar("Row", bound=tuple[object, ...])


def in_batches(rows: Select[Row]) -> Select[Row]:
    """The same rows, but fetched `BATCH` at a time: for what is read and counted for long.

    A unit of work runs on the thread that talks with everybody. Between two batches others have a
    turn, so they wait for a batch and not for a month.
    """
    return rows.execution_options(yield_per=BATCH)


def storable(text: str) -> str:
    """The text without what a database refuses: NUL and lone surrogates become U+FFFD.

    Text from carriers is hostile, and one such character would undo the whole transaction.
    """
    return "".join(
        "\ufffd" if character == "\0" or "\ud800" <= character <= "\udfff" else character
        for character in text
    )


def insert_into(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of this connection."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)
"""Numbers that only ever grow. Unlike a sequence they leave no gap when a transaction fails."""


def bump(conn: Connection, name: str) -> int:
    """Raise the counter by one and return its new value, 1 at the first time.

    The row stays locked until the transaction ends, so no two transactions see the same value.
    """
    insert: Any = insert_into(conn, counter).values(name=name, value=1)
    raised = insert.on_conflict_do_update(
        index_elements=[counter.c.name], set_={"value": counter.c.value + 1}
    ).returning(counter.c.value)
    return int(conn.execute(raised).scalar_one())


def count(conn: Connection, name: str) -> int:
    """The counter's value; 0 when it was never raised."""
    return conn.execute(select(counter.c.value).where(counter.c.name == name)).scalar() or 0
