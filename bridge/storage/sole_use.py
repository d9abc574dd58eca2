# SPDX-License-Identifier: EUPL-1.2
"""One bridge at a time on each database, from before it takes calls over until its process ends.

The lock is the operating system's or the server's, so whoever is killed holds it no longer: beside
a SQLite file a file with a lock on it, on PostgreSQL an advisory lock of a connection that does
nothing else. Why, and what follows when that connection breaks: docs/adr/0040.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import psycopg
import structlog
from sqlalchemy import URL

from bridge.storage.database import DatabaseUnavailable
from bridge.storage.errors import read_url, unavailable

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds to wait for another bridge that may be ending just now."""
ADVISORY_LOCK = 7883002
"""Migrations take the number before it."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether the connection that holds the lock is there still."""
REGAIN_WITHIN = 5.0
"""So many seconds a server may take to end a session of ours that it did not know to be dead."""
_ASK_EVERY = 0.1
_ANSWERS_WITHIN = 5.0
_KEEPALIVES = {"idle": 5, "interval": 2, "count": 3}
"""Seconds, seconds and a number: a server notices in a dozen seconds that our machine is gone."""
_REMEDY = "stop one of the two, or give each a database of its own (STT_DATABASE_URL)."


class InUse(DatabaseUnavailable):
    """Another bridge runs on this database; the message names the remedy."""


class SoleUse(ABC):
    """A database held by this process alone."""

    async def take(self, patience: float = PATIENCE) -> None:
        """Hold the database, waiting so many seconds for whoever holds it.

        Raises `InUse`, or `DatabaseUnavailable` when it cannot be asked.
        """
        if await self._takes_within(0.0):
            return
        log.warning("another bridge runs on this database; waiting for its end", seconds=patience)
        if not await self._takes_within(patience):
            raise InUse(f"Another bridge runs on this database: {_REMEDY}")

    async def lose(self) -> None:
        """Wait for the day on which somebody else holds the database; raises `InUse` then."""
        await self._until_lost()
        raise InUse(
            f"Another bridge took this database over while it was out of reach from here: {_REMEDY}"
        )

    @abstractmethod
    async def release(self) -> None:
        """Hold it no longer."""

    @abstractmethod
    async def _try(self) -> bool:
        """Whether it is held from now on."""

    @abstractmethod
    async def _until_lost(self) -> None: ...

    async def _takes_within(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not await self._try():
            if loop.time() >= deadline:
                return False
            await asyncio.sleep(_ASK_EVERY)
        return True


def sole_use(url: str, owner: str) -> SoleUse:
    """The lock of a database, for the process with this token; not taken yet.

    Raises `DatabaseUnavailable` for a URL of another kind.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _BesideFile(parsed)
    return _AdvisoryLock(parsed, owner)


class _BesideFile(SoleUse):
    """A lock on a file of its own: SQLite's locks on the database would be lost with the first
    descriptor of it that this process closes.
    """

    def __init__(self, url: URL) -> None:
        database = Path((url.database or "").removeprefix("file:").partition("?")[0]).resolve()
        self._path = database.with_name(f"{database.name}.lock")
        self._held: int | None = None

    async def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    async def _try(self) -> bool:
        try:
            opened = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseUnavailable(
                f"The file {self._path} can't be opened ({error.strerror}): give the program's "
                "user the right to write it and its folder."
            ) from None
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(opened)
            if isinstance(error, BlockingIOError):
                return False
            raise DatabaseUnavailable(
                f"The file {self._path} can't be locked ({error.strerror}): keep the database on "
                "a disk of this machine."
            ) from None
        self._held = opened
        return True

    async def _until_lost(self) -> None:
        await asyncio.Event().wait()


class _AdvisoryLock(SoleUse):
    """An advisory lock of PostgreSQL, which ends with the connection that took it."""

    def __init__(self, url: URL, owner: str) -> None:
        self._url = url
        self._name = f"stt-bridge {owner}"
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _try(self) -> bool:
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN + 5):
                if self._connection is None:
                    self._connection = await self._connect()
                return bool(await self._ask("SELECT pg_try_advisory_lock(%s)", ADVISORY_LOCK))
        except (psycopg.Error, TimeoutError) as error:
            await self.release()
            about = error if isinstance(error, psycopg.Error) else psycopg.OperationalError()
            sentence = unavailable(about, self._url)
            if sentence is None:
                raise
            raise sentence from error

    async def _until_lost(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if await self._is_there():
                continue
            await self.release()
            log.warning("the connection that holds the database broke; it is taken again")
            try:
                if not await self._takes_within(REGAIN_WITHIN):
                    return
            except DatabaseUnavailable as reason:
                # Nobody writes then, here or elsewhere, or it is taken by whoever can reach it.
                log.warning("the database is not held", why=str(reason))
            else:
                log.info("the database is held again")

    async def _is_there(self) -> bool:
        if self._connection is None:
            return False
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN):
                await self._ask("SELECT %s", 1)
        except (psycopg.Error, TimeoutError):
            return False
        return True

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        _, arguments = self._url.get_dialect()().create_connect_args(self._url)
        wanted: dict[str, Any] = {
            "connect_timeout": int(_ANSWERS_WITHIN),
            **arguments,
        }
        connection = await psycopg.AsyncConnection.connect(autocommit=True, **wanted)
        self._connection = connection
        await self._ask("SELECT set_config('application_name', %s, false)", self._name)
        for name, value in _KEEPALIVES.items():
            await self._ask(
                "SELECT set_config('tcp_keepalives_' || %s, %s, false)", name, str(value)
            )
        # The server may not know yet that a session of this process is dead, which holds the lock.
        await self._ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = %s AND pid <> pg_backend_pid()",
            self._name,
        )
        return connection

    async def _ask(self, statement: Any, *values: object) -> object:
        if self._connection is None:
            raise psycopg.OperationalError
        cursor = await self._connection.execute(statement, values)
        row = await cursor.fetchone()
        return None if row is None else row[0]
