# SPDX-License-Identifier: EUPL-1.2
"""Databases that outlive the program: a SQLite file (the default) or PostgreSQL by URL.

How safe a committed unit of work is, which matters because every event is written before it is
acted on:

* **the program is killed**: it is there. Both databases hand a commit to the operating system (or
  to another process) before `run` returns.
* **the power fails**: SQLite runs with ``synchronous=NORMAL``, so the file is never damaged but
  the last moments before the failure (until the next checkpoint reached the disk) may be missing.
  The Asterisk that held those calls stood on the same machine and is gone with them; what could
  be lost is the record of calls that ended moments before. ``FULL`` would wait for the disk in
  the middle of every conversation. Who must not lose even those uses PostgreSQL, whose default
  (``synchronous_commit=on``) waits for the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bridge.storage.database import DatabaseUnavailable
from bridge.storage.errors import is_conflict, read_url, unavailable, without_values

T = TypeVar("T")

_DATABASE_ERRORS = (DBAPIError, PoolTimeout, sqlite3.Error, psycopg.Error)


class SqlDatabase:
    """A `Database` on a SQLite file or on PostgreSQL, by its URL.

    On SQLite, units of work queue in this process for one connection that stays open; other
    processes are kept out by SQLite's own write lock, taken at the start of each unit. On
    PostgreSQL each unit borrows a connection from a pool and runs at READ COMMITTED: what must be
    unique is guarded by constraints, never by an isolation level.

    A unit of work that has begun is finished even when its caller is cancelled meanwhile; the
    cancellation is delivered afterwards. So whoever cleans up finds everything written or nothing,
    never something still on its way. The wait is bounded by the lock time-outs below.
    """

    def __init__(self, url: str, *, lock_seconds: float = 2.0, tries: int = 3) -> None:
        """Raises `DatabaseUnavailable` for a URL of another kind. Nothing is opened yet.

        `lock_seconds` is how long one try waits for another program's lock, `tries` how often a
        unit of work is tried before `run` gives up.
        """
        self._url = read_url(url)
        self._lock_seconds = lock_seconds
        self._tries = tries
        self._queue = asyncio.Lock() if self._is_sqlite else None
        self._kept: AsyncConnection | None = None
        self._engine = self._create_engine()

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction; see `Database.run`."""
        if self._queue is None:
            return await _finish(self._try(work))
        async with self._queue:
            return await _finish(self._try(work))

    async def dispose(self) -> None:
        """Close every connection. A later `run` opens the database again."""
        if self._queue is None:
            await self._engine.dispose()
            return
        async with self._queue:
            await self._drop()
            await self._engine.dispose()

    def _create_engine(self) -> AsyncEngine:
        if self._is_sqlite:
            engine = create_async_engine(self._url, poolclass=NullPool, hide_parameters=True)
            prepare_sqlite(engine.sync_engine, self._lock_seconds, foreign_keys=True)
        else:
            engine = create_async_engine(
                self._url,
                hide_parameters=True,
                pool_size=5,
                max_overflow=5,
                pool_timeout=5.0,
                pool_pre_ping=True,
                connect_args=postgresql_arguments(self._url, self._lock_seconds),
            )
        event.listen(engine.sync_engine, "handle_error", without_values, retval=True)
        return engine

    async def _try(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, again after each conflict, up to `tries` times."""
        left = self._tries
        while True:
            left -= 1
            try:
                return await (self._on_kept(work) if self._is_sqlite else self._on_pooled(work))
            except _DATABASE_ERRORS as error:
                if left == 0 or not is_conflict(error):
                    sentence = unavailable(error, self._url)
                    if sentence is None:
                        raise
                    raise sentence from error
            await asyncio.sleep(0.005 * 2 ** (self._tries - left))

    async def _on_pooled(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def _on_kept(self, work: Callable[[Connection], T]) -> T:
        if self._kept is None:
            await asyncio.to_thread(self._probe)
            self._kept = await self._engine.connect()
        try:
            async with self._kept.begin():
                return await self._kept.run_sync(work)
        except (*_DATABASE_ERRORS, asyncio.CancelledError):
            # Whatever state it was left in, a fresh connection costs a few milliseconds.
            await self._drop()
            raise

    def _probe(self) -> None:
        """Open the SQLite file as the driver will, and close it again.

        When a file can't be opened the driver leaves a thread behind that complains once the event
        loop is gone; plain sqlite3 just raises. So whatever is wrong shows here.
        """
        arguments, options = self._engine.dialect.create_connect_args(self._url)
        opened: dict[str, Any] = {**options, "timeout": self._lock_seconds}
        connection = sqlite3.connect(arguments[0], **opened)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()

    async def _drop(self) -> None:
        connection, self._kept = self._kept, None
        if connection is not None:
            await connection.close()


async def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end; a cancellation that comes meanwhile is raised afterwards."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as reason:
            cancelled = reason
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    return task.result()


def prepare_sqlite(engine: Engine, lock_seconds: float, *, foreign_keys: bool) -> None:
    """Make every connection of a SQLite engine ours: WAL, and the write lock at each beginning.

    ``BEGIN IMMEDIATE`` takes the lock before the first read, so a unit of work never has to be
    thrown away half-way because somebody else wrote meanwhile.
    """
    pragmas = (
        f"busy_timeout={int(lock_seconds * 1000)}",
        "synchronous=NORMAL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    )

    def opened(dbapi_connection: Any, _record: object) -> None:
        # Python's own implicit BEGIN would come too late and be deferred.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        try:
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            _write_ahead(cursor, lock_seconds)
        finally:
            cursor.close()

    def begun(connection: Connection) -> None:
        dbapi_connection: Any = connection.connection.dbapi_connection
        if hasattr(dbapi_connection, "run_async"):
            # One trip to the driver's thread instead of three.
            dbapi_connection.run_async(lambda driver: driver.execute_fetchall("BEGIN IMMEDIATE"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", opened)
    event.listen(engine, "begin", begun)


def _write_ahead(cursor: Any, lock_seconds: float) -> None:
    """Switch the file to WAL, which it then stays in.

    Only the very first program has anything to switch; another that comes at the same moment is
    told "locked" at once, whatever the busy timeout, and finds it done a moment later.
    """
    deadline = time.monotonic() + lock_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def postgresql_arguments(url: URL, lock_seconds: float) -> dict[str, Any]:
    """Bounds for a PostgreSQL connection, except where the URL sets its own."""
    arguments: dict[str, Any] = {}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = 5
    if "options" not in url.query:
        arguments["options"] = f"-c lock_timeout={int(lock_seconds * 1000)}"
    return arguments


def sync_engine(text: str, *, lock_seconds: float = 5.0) -> Engine:
    """A plain engine for migrations: one connection at a time, no foreign keys on SQLite.

    Foreign keys are off because SQLite alters a table by replacing it; the migrations check them
    at the end. Raises `DatabaseUnavailable` for a URL of another kind.
    """
    url = read_url(text)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url.set(drivername="sqlite+pysqlite"), poolclass=NullPool, hide_parameters=True
        )
        prepare_sqlite(engine, lock_seconds, foreign_keys=False)
    else:
        engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=postgresql_arguments(url, lock_seconds),
        )
    event.listen(engine, "handle_error", without_values, retval=True)
    return engine


__all__ = ["DatabaseUnavailable", "SqlDatabase", "prepare_sqlite", "sync_engine"]
