# SPDX-License-Identifier: EUPL-1.2
"""A database for tests and simulations: SQLite in memory, in the caller's own thread.

It keeps no file and starts no thread, so it works on an event loop with virtual time and a unit
of work takes a fraction of a millisecond. A program that answers telephones uses `SqlDatabase`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from bridge.storage.tables import metadata

T = TypeVar("T")


class InlineDatabase:
    """A `Database` in memory, with all tables and no rows."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
        event.listen(self._engine, "connect", _opened)
        event.listen(self._engine, "begin", _begun)
        with self._engine.begin() as connection:
            metadata.create_all(connection)

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
        with self._engine.begin() as connection:
            return work(connection)

    async def dispose(self) -> None:
        """Forget everything."""
        self.close()

    def close(self) -> None:
        """Forget everything, from ordinary code."""
        self._engine.dispose()


def _opened(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA foreign_keys=ON")


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
