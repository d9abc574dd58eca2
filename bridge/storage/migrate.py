# SPDX-License-Identifier: EUPL-1.2
"""Bringing a database's tables to the state this program expects, and refusing any other.

The steps are in `migrations/versions`; Alembic runs them, in one transaction on both databases:
a step that fails leaves the tables as they were.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import sync_engine
from bridge.storage.errors import read_url, unavailable

_SCRIPTS = Path(__file__).parent / "migrations"
MIGRATION_LOCK_SECONDS = 30.0
"""How long an upgrade waits for another program's, which may have much to do."""

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what it works on in globals of the process: two threads would meet there."""


class WrongSchema(DatabaseUnavailable):
    """The database's tables are not those of this program; the message names the remedy."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the tables up to `revision`; an empty or missing SQLite file is made.

    Takes as long as the data needs; run it in a thread where an event loop runs. Raises
    `WrongSchema` when the tables are newer than this program, `DatabaseUnavailable` when the
    database cannot be used.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite" and not (parsed.database or "").startswith("file:"):
        try:
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise DatabaseUnavailable(
                f"The folder of the database file {parsed.database} can't be made: make it, "
                "or correct STT_DATABASE_URL."
            ) from None
    _migrate(url, revision, up=True)


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to `revision` (``base``: none at all). What they held is lost."""
    _migrate(url, revision, up=False)


def current(conn: Connection) -> str | None:
    """The revision of the database's tables; `None` when it has none."""
    return MigrationContext.configure(conn).get_current_revision()


def head() -> str:
    """The revision this program expects."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise RuntimeError("the program's migrations are missing: install it again")
    return found


def require_head(conn: Connection) -> None:
    """Raise `WrongSchema` unless the tables are exactly those of this program.

    A unit of work: ``await database.run(require_head)`` before anything else.
    """
    _require_known(conn)
    found = current(conn)
    if found is None:
        raise WrongSchema("The database has no tables yet: run `stt-bridge database upgrade`.")
    if found != head():
        raise WrongSchema(
            "The database's tables are older than this program: "
            "run `stt-bridge database upgrade` (after a backup)."
        )


def _require_known(conn: Connection) -> None:
    """Raise `WrongSchema` for a revision that this program has never heard of."""
    found = current(conn)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise WrongSchema(
            "The database's tables were made by `stt-bridge database upgrade` of a newer program: "
            "install that version, or restore the backup from before."
        )


def _config() -> Config:
    config = Config()
    # Alembic reads `%` as the start of a placeholder.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _migrate(url: str, revision: str, *, up: bool) -> None:
    engine = sync_engine(url, lock_seconds=MIGRATION_LOCK_SECONDS)
    try:
        with _ONE_AT_A_TIME, engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Two programs started at once: the second finds everything done.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7883001)")
            _require_known(connection)
            config = _config()
            config.attributes["connection"] = connection
            (command.upgrade if up else command.downgrade)(config, revision)
            _check_foreign_keys(connection)
    except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
        sentence = unavailable(error, read_url(url))
        if sentence is None:
            raise
        raise sentence from error
    finally:
        engine.dispose()


def _check_foreign_keys(connection: Connection) -> None:
    """SQLite migrates with foreign keys off: undo everything if a row points nowhere now."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise RuntimeError(f"the migration would leave rows of {broken[0]} that point nowhere")
