# SPDX-License-Identifier: EUPL-1.2
"""A database for tests and simulations: SQLite in memory, in the caller's own thread.

It keeps no file and starts no thread, so it works on an event loop with virtual time and a unit
of work takes a fraction of a millisecond. A program that answers telephones uses `SqlDatabase`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from bridge.storage.tables import metadata

T = TypeVar("T")


class InlineDatabase:
    """A `Database` in memory, with all tables and no rows."""

    def __init__(self) -> None:
        self._connection = _engine().connect()
        _raw(_empty()).backup(_raw(self._connection))

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction; see `Database.run`.

        Lets other tasks run before and after, as a real database does, so that what goes wrong
        when two tasks take turns goes wrong here too.
        """
        await asyncio.sleep(0)
        result = self.run_now(work)
        await asyncio.sleep(0)
        return result

    def run_now(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction from ordinary code, to prepare or look at the rows."""
        with self._connection.begin():
            return work(self._connection)

    @property
    def changes(self) -> int:
        """How many rows have been written so far."""
        return _raw(self._connection).total_changes

    async def dispose(self) -> None:
        """Forget everything."""
        self.close()

    def close(self) -> None:
        """Forget everything, from ordinary code."""
        self._connection.close()


@cache
def _engine() -> Engine:
    """Shared by all, so that a statement is compiled once; each connection is a new database."""
    engine = create_engine("sqlite://", poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _opened)
    event.listen(engine, "begin", _begun)
    return engine


@cache
def _empty() -> Connection:
    """A database with all tables and no rows: copied, for making the tables takes much longer."""
    connection = _engine().connect()
    with connection.begin():
        metadata.create_all(connection)
    return connection


def _raw(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _opened(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA foreign_keys=ON")


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
