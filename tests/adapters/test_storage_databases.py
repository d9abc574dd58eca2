# SPDX-License-Identifier: EUPL-1.2
"""The same behaviour on a SQLite file and on a real PostgreSQL, other processes included."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError

from bridge.agencies.store import find_technician
from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.conference.model import CallState, Outcome
from bridge.roster import store as roster
from bridge.roster.people_store import load_people
from bridge.roster.seed import seed
from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.storage.schema import bump, count
from bridge.vocabulary import CallId, JobNumber, LanguageTag, LegId, Role, new_call_id
from tests.postgres import PostgresCluster
from tests.storage_samples import (
    START,
    make_call,
    make_event,
    make_interpreter,
    number,
    quick_hasher,
)

KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database with our tables."""
    if request.param == "sqlite":
        made = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
        upgrade(made)
        return made
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    return cluster.new()


@pytest.fixture
async def database(url: str) -> AsyncIterator[SqlDatabase]:
    opened = SqlDatabase(url)
    yield opened
    await opened.dispose()


@contextlib.contextmanager
def other_process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.storage_process", *arguments],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


# --- the stores --------------------------------------------------------------------------------


async def test_a_whole_call_is_written_and_read_back(database: SqlDatabase) -> None:
    call, leg = new_call_id(), LegId("interpreter-1")
    lisbon = datetime(2024, 7, 1, 10, 0, 0, 5, tzinfo=UTC)

    def begin(conn: Connection) -> tuple[JobNumber, bool, bool]:
        who = make_interpreter(conn, 1, ("uk", "ru"))
        job = conference.open_call(conn, call, "218106191", lisbon, "process-1")
        conference.update_call(
            conn, call, state=CallState.HUNTING, language=LanguageTag("uk"), migrant_number="1"
        )
        first = roster.reserve(conn, who, call, leg, lisbon, "process-1")
        again = roster.reserve(conn, who, call, LegId("other"), lisbon, "process-1")
        conference.add_leg(conn, leg, call, Role.INTERPRETER, lisbon, interpreter=who)
        calllog.append(conn, make_event(call, EventKind.OFFERED, lisbon, leg, interpreter=who))
        return job, first, again

    job, first, again = await database.run(begin)
    assert (first, again) == (True, False)

    def finish(conn: Connection) -> None:
        at = lisbon + timedelta(minutes=5)
        assert roster.accept_reservation(conn, leg, at)
        conference.end_leg(conn, leg, at, "hung_up")
        who = roster.release(conn, leg, at)
        assert who is not None
        roster.mark_call_ended(conn, who, at)
        calllog.append(conn, make_event(call, EventKind.CALL_ENDED, at, outcome="interpreted"))
        conference.close_call(conn, call, at, CallState.CLOSED, Outcome.INTERPRETED)

    await database.run(finish)
    row = await database.run(lambda conn: conference.find_call(conn, call))
    assert row is not None
    assert (row.job, row.created_at, row.migrant_number) == (job, lisbon, None)
    assert row.created_at.tzinfo is UTC
    events = await database.run(lambda conn: calllog.events_of(conn, call))
    assert [(one.seq, one.event.kind) for one in events] == [
        (1, EventKind.OFFERED),
        (2, EventKind.CALL_ENDED),
    ]
    assert events[0].event.at == lisbon
    assert events[0].event.data == {"interpreter": 1}
    assert await database.run(lambda conn: calllog.call_of_job(conn, job)) == call
    assert await database.run(conference.open_calls) == []
    assert await database.run(roster.reserved) == frozenset()
    ended = select(roster.interpreter.c.last_call_ended)
    left = await database.run(lambda conn: conn.execute(ended).scalars().all())
    assert left == [lisbon + timedelta(minutes=5)]


async def test_hostile_text_does_not_undo_the_transaction(database: SqlDatabase) -> None:
    def work(conn: Connection) -> CallId:
        call = new_call_id()
        conference.open_call(conn, call, "a\0b\ud800", START, "p")
        conference.add_leg(conn, LegId("x\0y"), call, Role.TECHNICIAN, START)
        calllog.append(conn, make_event(call, leg="x\0y", what="\0\ud800\u2028'\"\\u0000%s:x"))
        return call

    call = await database.run(work)
    [stored] = await database.run(lambda conn: calllog.events_of(conn, call))
    assert stored.event.data == {"what": "\ufffd\ufffd\u2028'\"\\u0000%s:x"}


async def test_an_event_cannot_be_rewritten(database: SqlDatabase) -> None:
    call = await database.run(make_call)
    await database.run(lambda conn: calllog.append(conn, make_event(call, n=1)))
    with pytest.raises(Exception, match="events are never changed"):
        await database.run(lambda conn: conn.execute(text("UPDATE event SET kind = 'x'")))
    [stored] = await database.run(lambda conn: calllog.events_of(conn, call))
    assert stored.event.kind is EventKind.LATE


async def test_errors_show_no_value_of_a_row(database: SqlDatabase) -> None:
    await database.run(lambda conn: make_interpreter(conn, 7))
    with pytest.raises(IntegrityError) as error:
        await database.run(lambda conn: make_interpreter(conn, 7))
    shown = f"{error.value} {error.value!r} {error.value.orig} {error.value.orig!r}"
    assert number(7).e164[1:] not in shown
    assert "Person 7" not in shown


async def test_the_demo_seed_is_idempotent_and_its_pins_fit(database: SqlDatabase) -> None:
    hasher = quick_hasher()
    tags = [LanguageTag(tag) for tag in ("uk", "ru", "fr")]
    told = await database.run(lambda conn: seed(conn, tags, hasher, START))
    first = await database.run(load_people)
    assert await database.run(lambda conn: seed(conn, tags, hasher, START)) == told
    assert await database.run(load_people) == first
    known = await database.run(
        lambda conn: find_technician(conn, told[0].code, told[0].pin, hasher)
    )
    assert known is not None
    assert known.name == told[0].technician


# --- units of work -----------------------------------------------------------------------------


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


# --- several processes -------------------------------------------------------------------------


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


# --- what cannot be used -----------------------------------------------------------------------


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


# --- how a SQLite file is used -----------------------------------------------------------------


async def test_sqlite_runs_as_documented(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
    await asyncio.to_thread(upgrade, url)
    database = SqlDatabase(url, lock_seconds=1.5)

    def pragmas(conn: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    try:
        assert await database.run(pragmas) == ["wal", 1, 1, 1500]

        def write_from_elsewhere(conn: Connection) -> str:
            """While a unit of work runs, even one that only reads, nobody else can write."""
            other = sqlite3.connect(tmp_path / "bridge.sqlite3", timeout=0, isolation_level=None)
            with contextlib.closing(other), pytest.raises(sqlite3.OperationalError) as refused:
                other.execute("BEGIN IMMEDIATE")
            return str(refused.value)

        assert await database.run(write_from_elsewhere) == "database is locked"
    finally:
        await database.dispose()
