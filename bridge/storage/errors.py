# SPDX-License-Identifier: EUPL-1.2
"""What a database's complaint means for us: try again, tell a person the remedy, or neither."""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bridge.storage.database import DatabaseUnavailable

_CONFLICTS = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: serialization_failure, deadlock_detected, lock_not_available."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def read_url(text: str) -> URL:
    """Read a database URL and name its driver.

    Raises `DatabaseUnavailable` for anything but a SQLite file or a PostgreSQL database.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise DatabaseUnavailable(_UNKNOWN_URL) from None
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    raise DatabaseUnavailable(_UNKNOWN_URL)


_UNKNOWN_URL = (
    "STT_DATABASE_URL names no database this program can use: write "
    "sqlite+aiosqlite:///path/of/file or postgresql+psycopg://user:password@host/name"
)


def is_conflict(error: BaseException) -> bool:
    """Whether another try alone can solve it: a serialisation failure, deadlock or held lock."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) in _BUSY
    if isinstance(cause, psycopg.Error):
        return cause.sqlstate in _CONFLICTS
    return False


def unavailable(error: BaseException, url: URL) -> DatabaseUnavailable | None:
    """The sentence for a person when the database itself cannot be used; `None` for other errors.

    The sentence names the file or the server, never the password.
    """
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable(
            f"Every connection to the database at {_server(url)} is in use: "
            "find what keeps them, or restart the program."
        )
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return _sqlite_sentence(cause, url)
    if isinstance(cause, psycopg.Error):
        return _postgresql_sentence(cause, url)
    return None


def _cause(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _sqlite_code(error: sqlite3.Error) -> int:
    """The primary result code (https://sqlite.org/rescode.html): the low byte of the extended."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _sqlite_sentence(error: sqlite3.Error, url: URL) -> DatabaseUnavailable | None:
    file = url.database
    remedy = {
        sqlite3.SQLITE_BUSY: f"The database is locked: close the other program that has {file} "
        "open for writing, and try again.",
        sqlite3.SQLITE_READONLY: f"The database file {file} is not writable: give the program's "
        "user the right to write the file and its folder.",
        sqlite3.SQLITE_CANTOPEN: f"The database file {file} can't be opened: create its folder, "
        "let the program's user write there, or correct STT_DATABASE_URL.",
        sqlite3.SQLITE_IOERR: f"The database file {file} can't be read or written: check the disk.",
        sqlite3.SQLITE_FULL: f"The disk that holds {file} is full: make room on it.",
        sqlite3.SQLITE_CORRUPT: f"The database file {file} is damaged: restore it from a backup.",
        sqlite3.SQLITE_NOTADB: f"The file {file} is not a SQLite database: "
        "correct STT_DATABASE_URL.",
        sqlite3.SQLITE_PERM: f"The database file {file} may not be used: give the program's user "
        "the right to read and write it.",
    }
    remedy[sqlite3.SQLITE_LOCKED] = remedy[sqlite3.SQLITE_BUSY]
    sentence = remedy.get(_sqlite_code(error))
    return None if sentence is None else DatabaseUnavailable(sentence)


def _postgresql_sentence(error: psycopg.Error, url: URL) -> DatabaseUnavailable | None:
    server = _server(url)
    state = error.sqlstate
    if state is None:
        if not isinstance(error, psycopg.OperationalError):
            return None
        # A connection that never came about has no SQLSTATE; only its text tells the reasons apart.
        text = str(error)
        if "authentication failed" in text or "no password supplied" in text:
            state = "28P01"
        elif "database" in text and "does not exist" in text:
            state = "3D000"
        elif "too many clients" in text or "remaining connection slots" in text:
            state = "53300"
        else:
            state = "08006"
    if state in _CONFLICTS:
        return DatabaseUnavailable(
            f"The database at {server} is locked by another program: "
            "end its transaction, and try again."
        )
    for prefix, sentence in (
        ("28", f"PostgreSQL at {server} refuses the user or password: correct STT_DATABASE_URL."),
        (
            "3D000",
            f"PostgreSQL at {server} has no database of that name: create it with createdb, "
            "or correct STT_DATABASE_URL.",
        ),
        ("53300", f"PostgreSQL at {server} has no connection left: raise its max_connections."),
        ("53100", f"The disk of PostgreSQL at {server} is full: make room on it."),
        ("53", f"PostgreSQL at {server} is out of resources: see its log."),
        ("25006", f"PostgreSQL at {server} is read-only: connect to the primary server."),
        ("08", f"PostgreSQL at {server} can't be reached: start it, or correct STT_DATABASE_URL."),
        ("57P", f"PostgreSQL at {server} can't be reached: start it, or correct STT_DATABASE_URL."),
    ):
        if state.startswith(prefix):
            return DatabaseUnavailable(sentence)
    return None


def _server(url: URL) -> str:
    return f"{url.host or 'the local socket'}:{url.port or 5432}"


def without_values(context: ExceptionContext) -> BaseException | None:
    """Replace an error whose text quotes stored values, for the engine's `handle_error` event.

    PostgreSQL's detail line repeats the row it refuses (``Key (number)=(…) already exists``),
    which may be somebody's telephone number.
    """
    cause, wrapped = context.original_exception, context.sqlalchemy_exception
    if (
        not isinstance(cause, psycopg.Error)
        or not isinstance(wrapped, DBAPIError)
        or not cause.diag.message_detail
    ):
        return None
    cause.args = (cause.diag.message_primary or "refused by the database",)
    plain = type(wrapped)(
        wrapped.statement, None, cause, hide_parameters=True,
        connection_invalidated=wrapped.connection_invalidated,
    )  # fmt: skip
    return plain.with_traceback(wrapped.__traceback__)
