# SPDX-License-Identifier: EUPL-1.2
"""One bridge at a time on a database, SQLite or PostgreSQL; whoever is killed frees it at once."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import SqlDatabase
from bridge.storage.schema import bump
from bridge.storage.sole_use import ADVISORY_LOCK, LOOK_EVERY, InUse, SoleUse, sole_use
from tests.adapters.other_process import next_line, other_process
from tests.postgres import PostgresCluster

ENDED = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"


@pytest.fixture
async def first(url: str) -> AsyncIterator[SoleUse]:
    made = sole_use(url, "first")
    yield made
    await made.release()


@pytest.fixture
async def second(url: str) -> AsyncIterator[SoleUse]:
    made = sole_use(url, "second")
    yield made
    await made.release()


async def test_a_second_bridge_is_told_the_remedy(first: SoleUse, second: SoleUse) -> None:
    await first.take()
    with pytest.raises(InUse) as told:
        await second.take(patience=0.3)
    assert str(told.value) == (
        "Another bridge runs on this database: stop one of the two, or give each a database of its "
        "own (STT_DATABASE_URL)."
    )
    await first.release()
    await second.take(patience=0.0)


async def test_a_bridge_that_is_ending_is_waited_for(first: SoleUse, second: SoleUse) -> None:
    await first.take()
    waiting = asyncio.create_task(second.take())
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    await first.release()
    await asyncio.wait_for(waiting, 2.0)


async def test_whoever_is_killed_holds_it_no_longer(url: str, second: SoleUse) -> None:
    with other_process("hold", url) as process:
        assert await asyncio.to_thread(next_line, process) == "held"
        with pytest.raises(InUse):
            await second.take(patience=0.0)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        killed = time.monotonic()
        await second.take()
        assert time.monotonic() - killed < 1.0


async def test_units_of_work_go_on_beside_it(first: SoleUse, database: SqlDatabase) -> None:
    await first.take()
    assert await database.run(lambda conn: bump(conn, "a")) == 1


async def test_two_names_of_one_file_are_one_database(tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(tmp_path)
    one, other = (
        sole_use(f"sqlite+aiosqlite:///{path}/bridge.sqlite3", "first")
        for path in (tmp_path, tmp_path / "other")
    )
    await one.take()
    with pytest.raises(InUse):
        await other.take(patience=0.0)
    await one.release()


async def test_a_folder_that_is_missing_is_told_with_its_remedy(tmp_path: Path) -> None:
    missing = sole_use(f"sqlite+aiosqlite:///{tmp_path}/none/bridge.sqlite3", "first")
    with pytest.raises(DatabaseUnavailable, match="give the program's user the right to write it"):
        await missing.take()


# --- a connection that breaks ------------------------------------------------------------------


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def holds(url: str, name: str = "third") -> bool:
    other = sole_use(url, name)
    try:
        await other.take(patience=0.0)
    except InUse:
        return True
    finally:
        await other.release()
    return False


async def test_a_broken_connection_is_replaced_and_the_lock_taken_again(
    postgres: PostgresCluster,
) -> None:
    url = postgres.new()
    first = sole_use(url, "first")
    await first.take()
    watch = asyncio.create_task(first.lose())
    with psycopg.connect(plain(url), autocommit=True) as admin:
        admin.execute(ENDED, [ADVISORY_LOCK])
    await asyncio.sleep(LOOK_EVERY + 1.0)
    assert await holds(url)
    assert not watch.done()
    watch.cancel()
    await first.release()


async def test_a_bridge_whose_database_was_taken_over_meanwhile_is_told_so(
    postgres: PostgresCluster,
) -> None:
    url = postgres.new()
    first, second = sole_use(url, "first"), sole_use(url, "second")
    await first.take()
    watch = asyncio.create_task(first.lose())
    waiting = asyncio.create_task(second.take())
    await asyncio.sleep(0.2)
    with psycopg.connect(plain(url), autocommit=True) as admin:
        admin.execute(ENDED, [ADVISORY_LOCK])
        await asyncio.wait_for(waiting, 5.0)
    with pytest.raises(InUse, match="took this database over"):
        await asyncio.wait_for(watch, 15.0)
    await first.release()
    await second.release()


async def test_a_session_of_ours_that_the_server_takes_for_alive_is_ended(
    postgres: PostgresCluster,
) -> None:
    url = postgres.new()
    with psycopg.connect(plain(url), autocommit=True) as half_dead:
        half_dead.execute("SET application_name = 'stt-bridge first'")
        half_dead.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        assert await holds(url)
        first = sole_use(url, "first")
        await first.take(patience=2.0)
        assert await holds(url)
        await first.release()
