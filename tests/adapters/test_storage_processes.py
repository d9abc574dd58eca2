# SPDX-License-Identifier: EUPL-1.2
"""Several processes on one database: no promise twice, no word lost, and locks of one another."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, insert, make_url, select
from sqlalchemy.exc import IntegrityError

from bridge.calllog import store as calllog
from bridge.roster import store as roster
from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.storage.schema import bump
from bridge.vocabulary import CallId
from tests.adapters.other_process import let_go, next_line, other_process
from tests.postgres import PostgresCluster
from tests.storage_samples import START, make_call, make_interpreter


async def test_one_interpreter_is_never_promised_twice(url: str, database: SqlDatabase) -> None:
    """Two processes with four tasks each promise and free five interpreters at random.

    The constraint allows one live promise each; afterwards everything each process was told is
    compared with the rows: whoever was told yes has a row, whoever was told no has none.
    """

    def prepare(conn: Connection) -> tuple[list[int], CallId]:
        return [int(make_interpreter(conn, place)) for place in range(5)], make_call(conn)

    people, call = await database.run(prepare)
    with (
        other_process("reserve", url, "one", call, json.dumps(people), "25") as one,
        other_process("reserve", url, "two", call, json.dumps(people), "25") as two,
    ):
        for process in (one, two):
            assert await asyncio.to_thread(next_line, process) == "ready"
        for process in (one, two):
            let_go(process)
        told = [
            entry
            for process in (one, two)
            for entry in json.loads(await asyncio.to_thread(next_line, process))
        ]
    assert len(told) == 200

    table = roster.reservation
    rows = await database.run(lambda conn: conn.execute(select(table)).all())
    promised = {leg: who for leg, who, yes, _ in told if yes}
    assert {row.leg_id: row.interpreter_id for row in rows} == promised
    refused = [leg for leg, _, yes, _ in told if not yes]
    assert refused, "the processes never met: the test shows nothing"
    held = {leg for leg, _, yes, freed in told if yes and not freed}
    live = await database.run(roster.live_reservations)
    assert {one.leg for one in live} == held
    assert len({one.interpreter for one in live}) == len(live)


async def test_the_constraint_itself_forbids_a_second_live_promise(database: SqlDatabase) -> None:
    def work(conn: Connection) -> None:
        who, call = make_interpreter(conn, 1), make_call(conn)
        for leg in ("a", "b"):
            conn.execute(
                insert(roster.reservation).values(
                    interpreter_id=who, call_id=call, leg_id=leg, made_at=START, owner="p"
                )
            )

    with pytest.raises(IntegrityError):
        await database.run(work)


async def test_written_events_outlive_kill_minus_nine(url: str, database: SqlDatabase) -> None:
    call = await database.run(make_call)
    with other_process("write", url, call) as process:
        said = 0
        for _ in range(50):
            said = int(await asyncio.to_thread(next_line, process))
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        rest = (await asyncio.to_thread(process.stdout.read)).split()
    last_said = int(rest[-1]) if rest else said
    stored = await database.run(lambda conn: calllog.events_of(conn, call))
    places = [one.event.data["n"] for one in stored]
    assert places == list(range(1, len(places) + 1))
    # One more may have been written whose word did not get out any more.
    assert last_said <= len(places) <= last_said + 1


async def test_a_lock_held_by_another_process_is_told_with_its_remedy(tmp_path: Path) -> None:
    file = tmp_path / "bridge.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await asyncio.to_thread(upgrade, url)
    database = SqlDatabase(url, lock_seconds=0.05, tries=2)
    try:
        assert await database.run(lambda conn: bump(conn, "a")) == 1
        with other_process("lock", str(file)) as process:
            assert await asyncio.to_thread(next_line, process) == "held"
            with pytest.raises(DatabaseUnavailable) as told:
                await database.run(lambda conn: bump(conn, "a"))
            assert str(told.value) == (
                "The database is locked: close the other program that has "
                f"{file} open for writing, and try again."
            )
            let_go(process)
            await asyncio.to_thread(process.wait)
        assert await database.run(lambda conn: bump(conn, "a")) == 2
    finally:
        await database.dispose()


async def test_a_lock_held_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "bridge.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await asyncio.to_thread(upgrade, url)
    database = SqlDatabase(url, lock_seconds=0.05, tries=200)
    try:
        with other_process("lock", str(file)) as process:
            assert await asyncio.to_thread(next_line, process) == "held"
            waiting = asyncio.create_task(database.run(lambda conn: bump(conn, "a")))
            done, _ = await asyncio.wait({waiting}, timeout=0.2)
            assert not done
            let_go(process)
            assert await waiting == 1
    finally:
        await database.dispose()


async def test_a_postgresql_row_held_too_long_is_told_with_its_remedy(
    postgres: PostgresCluster,
) -> None:
    url = postgres.new()
    database = SqlDatabase(url, lock_seconds=0.05, tries=2)
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        await database.run(lambda conn: bump(conn, "a"))
        with psycopg.connect(plain) as holder:
            holder.execute("UPDATE counter SET value = 5")
            with pytest.raises(DatabaseUnavailable, match=r"is locked by another program: end its"):
                await database.run(lambda conn: bump(conn, "a"))
            holder.rollback()
        assert await database.run(lambda conn: bump(conn, "a")) == 2
    finally:
        await database.dispose()
