# SPDX-License-Identifier: EUPL-1.2
"""The roster's and the bookings' stores on a SQLite file and on a real PostgreSQL.

What the unit tests ask of one transaction is asked here of both databases; then come the promises
between processes.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import combinations

import pytest
from sqlalchemy import Connection, select

from bridge.bookings import store as bookings
from bridge.bookings.model import BookingState
from bridge.bookings.rows import booking_quarter
from bridge.roster import store as roster
from bridge.roster import sweeper
from bridge.roster.learning_store import load_answering
from bridge.roster.standing_store import OffersAlone, load_standings
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.storage.processes import SILENT_FOR, beat
from bridge.storage.schema import BATCH
from bridge.vocabulary import LegId
from tests.adapters.other_process import let_go, next_line, other_process
from tests.postgres import PostgresCluster
from tests.storage_samples import START, make_call, make_interpreter
from tests.unit.storage import (
    test_bookings_store,
    test_learning_store,
    test_people_store,
    test_standing_store,
    test_sweeper,
)
from tests.unit.storage.test_bookings_store import NINE, make_booking, new_booking

KINDS = ("sqlite", "postgresql")


def _cases() -> Iterator[Callable[[Connection], None]]:
    """The unit tests that need nothing but one transaction."""
    for module in (
        test_bookings_store,
        test_learning_store,
        test_people_store,
        test_standing_store,
        test_sweeper,
    ):
        for name, function in vars(module).items():
            if name.startswith("test_") and list(inspect.signature(function).parameters) == [
                "conn"
            ]:
                yield function


CASES = tuple(_cases())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresCluster) -> dict[str, str]:
    """A database of each kind in which nothing is ever committed."""
    file = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('shared') / 'bridge.sqlite3'}"
    upgrade(file)
    return {"sqlite": file, "postgresql": postgres.new()}


class Undo(Exception):
    """Thrown at the end of a case, so that the next one finds nothing of it."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.removeprefix("test_"))
async def test_alike(case: Callable[[Connection], None], kind: str, shared: dict[str, str]) -> None:
    database = SqlDatabase(shared[kind])

    def work(conn: Connection) -> None:
        case(conn)
        raise Undo

    try:
        with pytest.raises(Undo):
            await database.run(work)
    finally:
        await database.dispose()


def test_there_are_cases() -> None:
    assert len(CASES) > 30


# --- long readings -----------------------------------------------------------------------------


@pytest.mark.parametrize("reads", ["standings", "answers"])
async def test_others_have_turns_while_a_month_of_offers_is_counted(
    reads: str, database: SqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(conn: Connection) -> None:
        who, call = make_interpreter(conn, 1), make_call(conn)
        for place in range(2 * BATCH + 1):
            leg, at = LegId(f"leg-{place}"), START + timedelta(seconds=place)
            assert roster.reserve(conn, who, call, leg, at, "p")
            roster.end_offer(conn, leg, at, roster.OfferOutcome.REFUSED)
            roster.release(conn, leg, at)

    def work(conn: Connection) -> None:
        if reads == "standings":
            load_standings(conn, START + _HOUR)
        else:
            load_answering(conn, START)

    turns, counted = 0, []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def counts(_self: OffersAlone, _row: object) -> bool:
        counted.append(turns)
        return True

    await database.run(prepare)
    monkeypatch.setattr(OffersAlone, "is_one", counts)
    talking = asyncio.create_task(others())
    await database.run(work)
    talking.cancel()
    assert len(counted) == 2 * BATCH + 1
    assert len(set(counted)) == 3


# --- several processes -------------------------------------------------------------------------


async def _tell(*processes: subprocess.Popen[str]) -> list[str]:
    """Let all of them go at once, and hear what each says."""
    for process in processes:
        assert await asyncio.to_thread(next_line, process) == "ready"
    for process in processes:
        let_go(process)
    return [await asyncio.to_thread(next_line, process) for process in processes]


async def test_two_processes_dial_each_due_booking_once(url: str, database: SqlDatabase) -> None:
    def prepare(conn: Connection) -> list[int]:
        return [int(make_booking(conn, make_interpreter(conn, place))) for place in range(30)]

    made = await database.run(prepare)
    at = NINE.isoformat()
    with (
        other_process("dial", url, "one", at, "yes") as one,
        other_process("dial", url, "two", at, "yes") as two,
    ):
        told = [json.loads(line) for line in await _tell(one, two)]
    assert sorted(told[0]["claimed"] + told[1]["claimed"]) == made
    assert sorted(told[0]["dialled"] + told[1]["dialled"]) == made
    live = await database.run(lambda conn: bookings.bookings_between(conn, NINE, NINE + _HOUR))
    assert {one.state for one in live} == {BookingState.DIALLING}
    assert len({one.call for one in live}) == len(made)


async def test_what_a_killed_process_claimed_is_dialled_by_the_next(
    url: str, database: SqlDatabase
) -> None:
    def prepare(conn: Connection) -> list[int]:
        beat(conn, "one", NINE)
        return [int(make_booking(conn, make_interpreter(conn, place))) for place in range(3)]

    made = await database.run(prepare)
    with other_process("dial", url, "one", NINE.isoformat(), "no") as one:
        [line] = await _tell(one)
        assert sorted(json.loads(line)) == made
        one.send_signal(signal.SIGKILL)
    with other_process("dial", url, "two", NINE.isoformat(), "yes") as two:
        [line] = await _tell(two)
        assert json.loads(line)["claimed"] == []
    later = NINE + SILENT_FOR
    with other_process("dial", url, "three", later.isoformat(), "yes") as three:
        [line] = await _tell(three)
        assert sorted(json.loads(line)["dialled"]) == made


_HOUR = timedelta(hours=1)


async def test_two_processes_never_hold_an_interpreter_twice(
    url: str, database: SqlDatabase
) -> None:
    """Eight tasks book two people at random; afterwards no two bookings of one overlap."""

    def prepare(conn: Connection) -> list[int]:
        people = [make_interpreter(conn, place) for place in range(2)]
        # The agency is made before the processes ask for it.
        new_booking(conn, people[0])
        return [int(who) for who in people]

    people = json.dumps(await database.run(prepare))
    with (
        other_process("book", url, "one", NINE.isoformat(), people, "12") as one,
        other_process("book", url, "two", NINE.isoformat(), people, "12") as two,
    ):
        told = [tuple(entry) for line in await _tell(one, two) for entry in json.loads(line)]
    assert len(told) == 96
    live = await database.run(lambda conn: bookings.bookings_between(conn, NINE, NINE + 24 * _HOUR))
    assert sorted(who for who, yes in told if yes) == sorted(one.interpreter for one in live)
    assert any(not yes for _, yes in told)
    for first, second in combinations(live, 2):
        apart = second.starts_at >= first.ends_at or first.starts_at >= second.ends_at
        assert apart or first.interpreter != second.interpreter
    # A quarter is held for each quarter booked, and none besides.
    rows = await database.run(lambda conn: conn.execute(select(booking_quarter)).all())
    assert len(rows) == sum(one.minutes for one in live) // 15


async def test_two_sweepers_free_everybody_once(url: str) -> None:
    databases = [SqlDatabase(url, lock_seconds=10.0) for _ in range(2)]

    def prepare(conn: Connection) -> int:
        for place in range(20):
            who, call = make_interpreter(conn, place), make_call(conn)
            assert roster.reserve(conn, who, call, LegId(f"leg-{place}"), START, "dead")
        return 20

    try:
        made = await databases[0].run(prepare)
        at = START + SILENT_FOR
        swept = await asyncio.gather(
            *(
                sweeper.beat_and_sweep(one, f"process-{place}", at, frozenset())
                for place, one in enumerate(databases)
            )
        )
        assert len(swept[0]) + len(swept[1]) == made
        assert {one.leg for some in swept for one in some} == {f"leg-{n}" for n in range(made)}
        assert await databases[1].run(roster.reserved) == frozenset()
    finally:
        for one in databases:
            await one.dispose()
