# SPDX-License-Identifier: EUPL-1.2
"""Databases that cannot be used: each is told in one sentence that names the remedy."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, make_url, text

from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.storage.schema import bump
from tests.postgres import PostgresCluster


async def _sentence(url: str) -> str:
    database = SqlDatabase(url)
    try:
        with pytest.raises(DatabaseUnavailable) as told:
            await database.run(lambda conn: bump(conn, "a"))
    finally:
        await database.dispose()
    assert "only-for-tests" not in str(told.value)
    assert "wrong-password" not in str(told.value)
    return str(told.value)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "bridge.sqlite3"
    assert await _sentence(f"sqlite+aiosqlite:///{file}") == (
        f"The database file {file} can't be opened: create its folder, "
        "let the program's user write there, or correct STT_DATABASE_URL."
    )


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear coordinator, this is not a database at all. " * 50)
    said = await _sentence(f"sqlite+aiosqlite:///{file}")
    assert said == f"The file {file} is not a SQLite database: correct STT_DATABASE_URL."


async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bridge.sqlite3"
    upgrade(f"sqlite+aiosqlite:///{file}")
    # As root, file modes mean nothing; an immutable URI gives the same answer from SQLite.
    database = SqlDatabase(f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true")
    try:
        with pytest.raises(DatabaseUnavailable, match=r"is not writable: give the program's user"):
            await database.run(lambda conn: bump(conn, "a"))
    finally:
        await database.dispose()


async def test_a_server_that_is_not_there_is_named(postgres: PostgresCluster) -> None:
    url = make_url(postgres.url("x")).set(port=1).render_as_string(hide_password=False)
    assert await _sentence(url) == (
        "PostgreSQL at 127.0.0.1:1 can't be reached: start it, or correct STT_DATABASE_URL."
    )


async def test_a_wrong_password_is_told_and_not_shown(postgres: PostgresCluster) -> None:
    url = make_url(postgres.url("postgres")).set(password="wrong-password")
    said = await _sentence(url.render_as_string(hide_password=False))
    assert said == (
        f"PostgreSQL at 127.0.0.1:{postgres.port} refuses the user or password: "
        "correct STT_DATABASE_URL."
    )


async def test_a_missing_database_is_told(postgres: PostgresCluster) -> None:
    said = await _sentence(postgres.url("nowhere"))
    assert said.startswith(f"PostgreSQL at 127.0.0.1:{postgres.port} has no database of that name")


async def test_a_server_that_ends_a_connection_is_found_again(postgres: PostgresCluster) -> None:
    """An administrator ends our connections; the next unit of work gets a new one."""
    asked = text("SELECT pg_backend_pid()")
    database = SqlDatabase(postgres.new())
    try:
        pid = await database.run(lambda conn: conn.execute(asked).scalar_one())
        admin = make_url(postgres.url("postgres")).set(drivername="postgresql")
        with psycopg.connect(admin.render_as_string(hide_password=False)) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert await database.run(lambda conn: bump(conn, "a")) == 1

        def ended_amid(conn: Connection) -> None:
            own = conn.execute(asked).scalar_one()
            with psycopg.connect(admin.render_as_string(hide_password=False)) as connection:
                connection.execute("SELECT pg_terminate_backend(%s, 5000)", (own,))
            bump(conn, "a")

        with pytest.raises(DatabaseUnavailable, match="can't be reached"):
            await database.run(ended_amid)
        assert await database.run(lambda conn: bump(conn, "a")) == 2
    finally:
        await database.dispose()


@pytest.mark.parametrize(
    "text_of_url", ["", "nonsense", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"]
)
def test_other_urls_are_refused_with_an_example(text_of_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"write sqlite\+aiosqlite:///path"):
        SqlDatabase(text_of_url)
