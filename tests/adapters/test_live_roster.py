# SPDX-License-Identifier: EUPL-1.2
"""What happens while the roster is read again is not lost: on a SQLite file and on a PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from bridge.roster import standing_store
from bridge.roster import store as roster
from bridge.roster.live import Freed, LiveRoster
from bridge.roster.policies import POLICIES
from bridge.roster.store import OfferOutcome
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.vocabulary import InterpreterId, LegId
from tests.postgres import PostgresCluster
from tests.storage_samples import START, make_call, make_interpreter

LEG = LegId("leg-1")
LATER = START + timedelta(seconds=20)
HOURS_LATER = START + timedelta(hours=3)


class Place:
    """A roster in memory with one interpreter, and who it said became free."""

    def __init__(self, database: SqlDatabase, *, one_at_a_time: bool) -> None:
        """`one_at_a_time`: while the roster is read, nothing is written."""
        self.database = database
        self.one_at_a_time = one_at_a_time
        self.live = LiveRoster(POLICIES["default"])
        self.freed: list[Freed] = []
        self.who = InterpreterId(0)

    async def prepare(self, *, rings: bool) -> None:
        """One interpreter, whose telephone rings or who is free."""

        def setup(conn: Connection) -> InterpreterId:
            who = make_interpreter(conn, 1)
            if rings:
                roster.reserve(conn, who, make_call(conn), LEG, START, "process-1")
            return who

        self.who = await self.database.run(setup)
        await self.refresh()
        self.live.on_free = self.freed.append
        assert self.live.is_free(self.who) is not rings

    async def refresh(self) -> None:
        """As everybody does who ranks."""
        await self.database.run(lambda conn: self.live.refresh(conn, LATER))

    async def read_again(
        self, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[None]]
    ) -> None:
        """Somebody changed the roster: read it, while something happens after the standings."""
        await self.database.run(lambda conn: roster.change(conn, self.who, {}))
        read, once = standing_store.load_standings, iter((meanwhile,))

        def slowly(conn: Connection, *some: Any, **others: Any) -> dict[InterpreterId, Any]:
            found = read(conn, *some, **others)
            for happens in once:
                await_only(happens())
            return found

        with monkeypatch.context() as patched:
            patched.setattr(standing_store, "load_standings", slowly)
            await self.refresh()

    def free_at_last(self) -> bool:
        """Whether nothing but time is needed for them to be free."""
        self.live.advance(HOURS_LATER)
        return self.live.is_free(self.who)


@pytest.fixture(params=("sqlite", "postgresql"))
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
        upgrade(url)
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        url = cluster.new()
    opened = SqlDatabase(url)
    yield Place(opened, one_at_a_time=request.param == "sqlite")
    await opened.dispose()


async def release(database: SqlDatabase) -> None:
    """The offer came to nothing."""

    def work(conn: Connection) -> None:
        roster.end_offer(conn, LEG, LATER, OfferOutcome.UNANSWERED, 12.0)
        roster.release(conn, LEG, LATER)

    await database.run(work)


async def test_who_is_released_while_the_roster_is_read_is_free(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at.prepare(rings=True)

    async def meanwhile() -> None:
        if at.one_at_a_time:
            return  # whose one connection is busy: see the next test
        await release(at.database)
        at.live.released(at.who)

    await at.read_again(monkeypatch, meanwhile)
    if at.one_at_a_time:
        await release(at.database)
        at.live.released(at.who)
    assert at.freed == [Freed(at.who)]
    assert at.free_at_last()


async def test_a_word_that_comes_late_counts_once(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at.prepare(rings=True)
    await release(at.database)

    async def meanwhile() -> None:
        at.live.released(at.who, anew=False)
        at.live.unanswered(at.who, 15.0)

    await at.read_again(monkeypatch, meanwhile)
    assert at.free_at_last()
    standing = at.live._present.standing(at.who)
    assert (standing.unanswered_streak, standing.minutes_offered) == (1, 12.0)


async def test_who_is_promised_while_the_roster_is_read_is_busy(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at.prepare(rings=False)

    async def reserve() -> None:
        def work(conn: Connection) -> None:
            roster.reserve(conn, at.who, make_call(conn), LEG, LATER, "process-1")

        await at.database.run(work)

    async def meanwhile() -> None:
        if not at.one_at_a_time:
            await reserve()
        at.live.rung(at.who, next(iter(at.live.languages)), LATER)

    if at.one_at_a_time:
        await reserve()
    await at.read_again(monkeypatch, meanwhile)
    assert not at.free_at_last()
    assert at.live._present.standing(at.who).recent_offers == (LATER,)


async def test_of_two_readings_the_one_that_began_later_counts(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at.prepare(rings=False)

    async def meanwhile() -> None:
        if not at.one_at_a_time:
            await at.database.run(lambda conn: roster.change(conn, at.who, {"vetted": False}))
            await at.refresh()

    await at.read_again(monkeypatch, meanwhile)
    assert at.free_at_last() is at.one_at_a_time


async def test_a_reading_that_fails_leaves_nothing_behind(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at.prepare(rings=False)

    async def meanwhile() -> None:
        await asyncio.sleep(0)
        raise OSError("the network is away")

    with pytest.raises(OSError, match="away"):
        await at.read_again(monkeypatch, meanwhile)
    assert at.live._readings == []
    await at.refresh()
    assert at.free_at_last()


async def test_a_promise_that_memory_missed_is_found_in_the_rows(at: Place) -> None:
    await at.prepare(rings=True)
    await release(at.database)  # and nobody says so
    for seconds in range(3):
        assert not at.live.is_free(at.who)
        moment = LATER + timedelta(seconds=seconds)
        await at.database.run(partial(at.live.compare, at=moment))
    assert at.live.is_free(at.who)
    assert at.freed == [Freed(at.who)]
