# SPDX-License-Identifier: EUPL-1.2
"""A second process for the storage tests: reserves, dials, writes events, or holds the lock.

Usage: python -m tests.adapters.storage_process WHAT URL ARGUMENTS
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId
from bridge.calllog.store import append
from bridge.roster.store import release, reserve
from bridge.storage.engine import SqlDatabase
from bridge.storage.sole_use import sole_use
from bridge.vocabulary import CallId, InterpreterId, LegId
from tests.storage_samples import START, make_call, make_event
from tests.unit.storage.test_bookings_store import new_booking


def say(line: str) -> None:
    """Tell the test something."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def reserve_many(url: str, owner: str, call: str, people: str, rounds: str) -> None:
    """Four tasks promise people at random and free some again; prints the truth as told.

    A line says what was told: for each round, the leg, the interpreter and whether it was promised
    and released.
    """
    database = SqlDatabase(url, lock_seconds=20.0, tries=10)
    told: list[tuple[str, int, bool, bool]] = []

    async def one(task: int) -> None:
        dice = random.Random(f"{owner}-{task}")
        for place in range(int(rounds)):
            who = InterpreterId(dice.choice(json.loads(people)))
            leg = LegId(f"{owner}-{task}-{place}")

            def promise(conn: Connection, who: InterpreterId = who, leg: LegId = leg) -> bool:
                return reserve(conn, who, CallId(call), leg, START, owner)

            def free(conn: Connection, leg: LegId = leg) -> InterpreterId | None:
                return release(conn, leg, START)

            promised = await database.run(promise)
            freed = promised and dice.random() < 0.8
            if freed:
                assert await database.run(free) == who
            told.append((leg, who, promised, freed))

    say("ready")
    sys.stdin.readline()
    await asyncio.gather(*(one(task) for task in range(4)))
    await database.dispose()
    say(json.dumps(told))


async def dial_due(url: str, owner: str, at: str, dials: str) -> None:
    """Claim every booking that is due; after a line is read, dial them and print which.

    With ``dials`` "no" the process never gets so far: it says what it claimed and waits.
    """
    database = SqlDatabase(url, lock_seconds=20.0, tries=10)
    moment = datetime.fromisoformat(at)
    claimed: list[int] = []
    dialled: list[int] = []

    def dial(conn: Connection, which: BookingId) -> bool:
        return bookings.begin_dialling(conn, which, make_call(conn), moment, owner)

    say("ready")
    sys.stdin.readline()
    while True:
        found = await database.run(lambda conn: bookings.claim_due(conn, moment, owner))
        claimed += [one.id for one in found]
        if dials == "no":
            say(json.dumps(claimed))
            sys.stdin.readline()
        for one in found:
            if await database.run(partial(dial, which=one.id)):
                dialled.append(one.id)
        if not found:
            break
    await database.dispose()
    say(json.dumps({"claimed": claimed, "dialled": dialled}))


async def book_many(url: str, owner: str, at: str, people: str, rounds: str) -> None:
    """Four tasks book people at random times; prints which bookings they were told are made."""
    database = SqlDatabase(url, lock_seconds=20.0, tries=10)
    moment = datetime.fromisoformat(at)
    told: list[tuple[int, bool]] = []

    async def one(task: int) -> None:
        dice = random.Random(f"{owner}-{task}")
        for _ in range(int(rounds)):
            who = InterpreterId(dice.choice(json.loads(people)))
            starts_at = moment + timedelta(minutes=15 * dice.randrange(12))
            minutes = dice.choice([15, 30, 60])

            def book(
                conn: Connection,
                who: InterpreterId = who,
                starts_at: datetime = starts_at,
                minutes: int = minutes,
            ) -> bool:
                wanted = new_booking(conn, who, starts_at, minutes)
                return bookings.book(conn, wanted, START) is not None

            told.append((int(who), await database.run(book)))

    say("ready")
    sys.stdin.readline()
    await asyncio.gather(*(one(task) for task in range(4)))
    await database.dispose()
    say(json.dumps(told))


async def write_events(url: str, call: str) -> None:
    """Write events for ever, saying the place of each after it was written."""
    database = SqlDatabase(url)
    place = 0
    while True:
        place += 1
        event = make_event(CallId(call), n=place)
        await database.run(lambda conn, event=event: append(conn, event))  # type: ignore[misc]
        say(str(place))


def hold_lock(file: str) -> None:
    """Hold SQLite's write lock on a file until a line is read."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    say("held")
    sys.stdin.readline()
    connection.execute("ROLLBACK")
    connection.close()


async def hold_database(url: str) -> None:
    """Hold a database as a bridge does, until a line is read or the process is killed."""
    held = sole_use(url, "other")
    await held.take()
    say("held")
    await asyncio.to_thread(sys.stdin.readline)
    await held.release()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "reserve":
        asyncio.run(reserve_many(*arguments))
    elif what == "dial":
        asyncio.run(dial_due(*arguments))
    elif what == "book":
        asyncio.run(book_many(*arguments))
    elif what == "hold":
        asyncio.run(hold_database(*arguments))
    elif what == "write":
        asyncio.run(write_events(*arguments))
    else:
        hold_lock(*arguments)
