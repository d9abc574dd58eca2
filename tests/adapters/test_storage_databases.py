# SPDX-License-Identifier: EUPL-1.2
"""The stores behave the same on a SQLite file and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.conference.model import CallState, Outcome
from bridge.roster import store as roster
from bridge.roster.people_store import load_people
from bridge.roster.seed import seed
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.vocabulary import CallId, JobNumber, LanguageTag, LegId, Role, new_call_id
from tests.storage_samples import (
    START,
    identified,
    make_call,
    make_event,
    make_interpreter,
    number,
    quick_hasher,
)


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
    known = await database.run(lambda conn: identified(conn, told[0].code, told[0].pin, hasher))
    assert known is not None
    assert known.name == told[0].technician


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
