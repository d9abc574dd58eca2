# SPDX-License-Identifier: EUPL-1.2
"""Whatever fails at the hour of a booked call: it is not lost, and not dialled twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId, BookingState
from bridge.calllog.model import EventKind
from bridge.conference.calls import Calls
from bridge.conference.model import CallState
from bridge.duties.schedule import Duties
from bridge.storage.database import DatabaseUnavailable
from lab.phones import Answers
from tests.unit.conference.test_booked_relay import book, two
from tests.unit.conference.world import TECHNICIAN, World, world
from tests.unit.duties.test_schedule import keeping_hours

pytestmark = pytest.mark.looptime

T = TypeVar("T")
SLOWLY = Answers(after_seconds=10, hears_seconds=1, keys="1")
"""Rings until every outage of these tests is over."""
OUTAGE = timedelta(seconds=4)
TRANSACTIONS = range(1, 6)
"""Those of the hour, in order: claimed, opened, requested, technician rung, said of the booking."""


@contextmanager
def failing(
    w: World, fails: Callable[[int, datetime], bool], *, told_late: bool = False
) -> Iterator[None]:
    """From the booked hour on, transactions fail, by their number from 1 and the moment.

    With `told_late` each is written, and only the answer is lost.
    """
    run, count = w.database.run, 0

    async def run_or_fail(work: Callable[[Connection], T]) -> T:
        nonlocal count
        at = w.clock.now()
        count += at >= w.booked_for
        if at < w.booked_for or not fails(count, at):
            return await run(work)
        if told_late:
            await run(work)
        raise DatabaseUnavailable("the database is away")

    w.database.run = run_or_fail  # type: ignore[method-assign]
    try:
        yield
    finally:
        w.database.run = run  # type: ignore[method-assign]


@asynccontextmanager
async def booked() -> AsyncIterator[tuple[World, BookingId]]:
    """A world two seconds before the hour of a booked call."""
    async with world() as w:
        w.telephone(TECHNICIAN, SLOWLY)
        which = await w.book(w.interpreter(SLOWLY), minutes_ahead=1)
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 2)
        yield w, which


def state(w: World, which: BookingId) -> BookingState:
    found = w.database.run_now(lambda conn: bookings.find_booking(conn, which))
    assert found is not None
    return found.state


async def is_dialled_once(w: World, people: int = 2) -> None:
    """Everybody meets, and nobody was rung twice."""
    await w.event(EventKind.ROOM_COMPLETE)
    rung = [one.to.number.e164 for one in w.switch.originated]
    assert len(rung) == len(set(rung)) == people
    assert len(w.call_ids()) == 1
    (technician,) = [one for one in w.events() if one.kind is EventKind.REDIALLED]
    assert technician.data["why"] == "booked"
    assert technician.at - w.booked_for < 2 * OUTAGE


@pytest.mark.parametrize("nth", TRANSACTIONS)
async def test_one_transaction_that_fails_is_made_up(nth: int) -> None:
    async with booked() as (w, _), keeping_hours(w):
        with failing(w, lambda number, _at: number == nth):
            await is_dialled_once(w)


@pytest.mark.parametrize("nth", TRANSACTIONS)
async def test_a_database_that_is_away_from_one_of_them_on_delays_only(nth: int) -> None:
    async with booked() as (w, _), keeping_hours(w):
        back = w.booked_for + OUTAGE
        with failing(w, lambda number, at: number >= nth and at < back):
            await is_dialled_once(w)


@pytest.mark.parametrize("nth", [1, 2])
async def test_what_was_written_and_not_told_is_gone_on_with(nth: int) -> None:
    async with booked() as (w, _), keeping_hours(w):
        back = w.booked_for + OUTAGE
        with failing(w, lambda number, at: number >= nth and at < back, told_late=True):
            await is_dialled_once(w)


@pytest.mark.parametrize("nth", range(1, 8))
async def test_both_halves_of_a_relay_are_rung_in_the_end(nth: int) -> None:
    async with world() as w:
        book(w, *two(w, SLOWLY, SLOWLY))
        w.telephone(TECHNICIAN, SLOWLY)
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 2)
        back = w.booked_for + OUTAGE
        async with keeping_hours(w):
            with failing(w, lambda number, at: number >= nth and at < back):
                await is_dialled_once(w, people=3)


@pytest.mark.parametrize("nth", [2, 3])
async def test_when_the_time_is_over_nobody_is_rung_any_more(nth: int) -> None:
    async with booked() as (w, which), keeping_hours(w):
        over = w.booked_for + timedelta(minutes=30)
        with failing(w, lambda number, at: number >= nth and at < over):
            await asyncio.sleep((over - w.clock.now()).total_seconds() + 10)
        assert w.switch.originated == []
        assert state(w, which) is BookingState.MISSED
        assert w.calls.open == ()
        assert w.reserved() == frozenset()


async def test_a_process_that_was_taken_for_dead_rings_nobody() -> None:
    async with booked() as (w, _), keeping_hours(w):
        first = w.calls
        with failing(w, lambda number, _at: number == 3):
            await asyncio.sleep(2.5)
            (slow,) = first.open
            assert slow.record.state is CallState.ASKING
            await w.start_bridge("second")
            await Duties(w.calls, w.database, w.switch, w.clock, "second").dial_bookings()
            await asyncio.sleep(5)
        assert len(w.switch.originated) == 2
        assert first.open == ()
        assert len(w.calls.open) == 1
        await first.stop()


@contextmanager
def stalled(w: World, nth: int) -> Iterator[asyncio.Event]:
    """From the booked hour on, a transaction waits until told to go, by its number from 1."""
    run, count, waited, go = w.database.run, 0, False, asyncio.Event()

    async def run_late(work: Callable[[Connection], T]) -> T:
        nonlocal count, waited
        count += w.clock.now() >= w.booked_for
        if count == nth and not waited:
            waited = True
            await go.wait()
        return await run(work)

    w.database.run = run_late  # type: ignore[method-assign]
    try:
        yield go
    finally:
        w.database.run = run  # type: ignore[method-assign]


def hears_nothing(calls: Calls) -> None:
    """So slow is this process that what the switch reports reaches the other one alone."""
    for task in asyncio.all_tasks():
        if task in calls._tasks and task.get_name() == "switch events":
            task.cancel()


@pytest.mark.parametrize("nth", TRANSACTIONS)
async def test_a_process_that_was_only_slow_rings_nobody_beside_the_one_that_took_over(
    nth: int,
) -> None:
    async with booked() as (w, _), keeping_hours(w):
        first = w.calls
        with stalled(w, nth) as go:
            await asyncio.sleep(2.5)
            hears_nothing(first)
            await w.start_bridge("second")
            later = w.clock.now() + timedelta(seconds=10)
            duties = Duties(w.calls, w.database, w.switch, w.clock, "second")
            while w.clock.now() < later:
                await duties.dial_bookings()
                await asyncio.sleep(1)
            go.set()
            await asyncio.sleep(5)
        await w.until(lambda: any(len(room) == 2 for room in w.switch.rooms.values()))
        rung = [one.to.number.e164 for one in w.switch.originated]
        assert len(rung) == len(set(rung)) == 2
        await first.stop()
