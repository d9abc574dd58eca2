# SPDX-License-Identifier: EUPL-1.2
"""Units of work on a SQLite file and on a real PostgreSQL: whole or not at all, and one by one."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from bridge.calllog import store as calllog
from bridge.conference import store as conference
from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.storage.schema import bump, count
from bridge.vocabulary import JobNumber
from tests.postgres import PostgresCluster
from tests.storage_samples import make_call, make_event


async def test_a_failed_unit_of_work_leaves_nothing(database: SqlDatabase) -> None:
    def fails(conn: Connection) -> None:
        make_call(conn)
        raise KeyError("for a test")

    with pytest.raises(KeyError):
        await database.run(fails)
    assert await database.run(conference.open_calls) == []
    assert await database.run(lambda conn: bump(conn, "after")) == 1


async def test_our_own_mistakes_are_raised_as_they_are_and_not_tried_again(
    database: SqlDatabase,
) -> None:
    tries: list[int] = []

    def mistake(conn: Connection) -> None:
        tries.append(1)
        conn.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(Exception, match="nowhere") as error:
        await database.run(mistake)
    assert not isinstance(error.value, DatabaseUnavailable)
    assert tries == [1]
    assert await database.run(lambda conn: bump(conn, "after")) == 1


async def test_units_of_work_of_many_tasks_do_not_mix(database: SqlDatabase) -> None:
    call = await database.run(make_call)

    async def one(task: int) -> None:
        for _ in range(5):
            await database.run(
                lambda conn: calllog.append(conn, make_event(call, n=task), make_event(call))
            )

    await asyncio.gather(*(one(task) for task in range(12)))
    stored = await database.run(lambda conn: calllog.events_of(conn, call))
    assert [s.seq for s in stored] == list(range(1, 121))
    # Each pair stands together: nobody wrote in between.
    assert all("n" in s.event.data for s in stored[::2])
    assert not any("n" in s.event.data for s in stored[1::2])


async def test_job_numbers_have_no_gap_under_concurrency(database: SqlDatabase) -> None:
    async def one(place: int) -> None:
        def work(conn: Connection) -> None:
            make_call(conn)
            if place % 4 == 0:
                raise KeyError("for a test")

        with contextlib.suppress(KeyError):
            await database.run(work)

    await asyncio.gather(*(one(place) for place in range(40)))
    jobs = {row.job for row in await database.run(conference.open_calls)}
    assert jobs == {JobNumber.of_serial(serial) for serial in range(1, 31)}


async def test_a_cancelled_caller_finds_his_unit_of_work_finished(database: SqlDatabase) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    call = await database.run(make_call)

    def work(conn: Connection) -> None:
        calllog.append(conn, make_event(call, n=1))
        loop.call_soon_threadsafe(begun.set)
        # Several more trips to the database, so that the cancellation comes amid them.
        for _ in range(20):
            conn.execute(select(conference.call.c.id)).all()
        calllog.append(conn, make_event(call, n=2))

    async def caller() -> str:
        try:
            await database.run(work)
        except asyncio.CancelledError:
            written = await database.run(lambda conn: calllog.events_of(conn, call))
            return f"cancelled, {len(written)} events"
        return "never cancelled"

    task = asyncio.create_task(caller())
    await begun.wait()
    task.cancel()
    assert await task == "cancelled, 2 events"


async def test_a_caller_cancelled_in_the_queue_writes_nothing(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
    await asyncio.to_thread(upgrade, url)
    database = SqlDatabase(url)
    try:
        tasks = [
            asyncio.create_task(database.run(lambda conn: bump(conn, "queue"))) for _ in range(10)
        ]
        await asyncio.sleep(0)
        tasks[-1].cancel()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert told[:-1] == list(range(1, 10))
        assert isinstance(told[-1], asyncio.CancelledError)
        assert await database.run(lambda conn: count(conn, "queue")) == 9
    finally:
        await database.dispose()


async def test_after_dispose_the_database_opens_again(database: SqlDatabase) -> None:
    await database.run(lambda conn: bump(conn, "a"))
    await database.dispose()
    assert await database.run(lambda conn: bump(conn, "a")) == 2


async def test_a_serialisation_failure_is_tried_again(postgres: PostgresCluster) -> None:
    """Two transactions lock two rows crosswise: PostgreSQL ends one, which then succeeds."""
    database = SqlDatabase(postgres.new(), lock_seconds=10.0)
    tries = {"ab": 0, "ba": 0}
    both = asyncio.Barrier(2)

    async def cross(order: str) -> None:
        def work(conn: Connection) -> None:
            tries[order] += 1
            bump(conn, order[0])
            if tries[order] == 1:
                # Hold the first row until the other transaction holds its own.
                _wait_for_locks(conn, 2)
            bump(conn, order[1])

        await both.wait()
        await database.run(work)

    try:
        await database.run(lambda conn: (bump(conn, "a"), bump(conn, "b")))
        await asyncio.gather(cross("ab"), cross("ba"))
        total = await database.run(lambda conn: (count(conn, "a"), count(conn, "b")))
    finally:
        await database.dispose()
    assert total == (3, 3)
    assert sorted(tries.values()) == [1, 2]


def _wait_for_locks(conn: Connection, many: int) -> None:
    """Return once so many transactions have changed the counters."""
    for _ in range(2000):
        writers = conn.execute(
            text(
                "SELECT count(DISTINCT virtualtransaction) FROM pg_locks "
                "WHERE relation = 'counter'::regclass AND mode = 'RowExclusiveLock'"
            )
        ).scalar_one()
        if writers >= many:
            return
        conn.execute(text("SELECT pg_sleep(0.005)"))
    raise AssertionError("the other transaction never came")
