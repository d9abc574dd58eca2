# SPDX-License-Identifier: EUPL-1.2
"""Booked calls begin at their very moment, whatever is booked, cancelled or broken meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId
from bridge.callers.keys import CallerKeys
from bridge.callers.model import REMEMBERED
from bridge.callers.store import language_of, remember_language
from bridge.calllog.model import EventKind
from bridge.duties.schedule import BOOKINGS_EVERY, DIALS_KEPT, Duties
from bridge.storage.database import DatabaseUnavailable
from bridge.storage.processes import BEAT_EVERY, last_seen
from bridge.telephony.dials_store import dial, spend
from bridge.telephony.switch import Snapshot
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag, PhoneNumber, TechnicianId
from lab.phones import Answers
from tests.storage_samples import PEPPER
from tests.unit.conference.world import TECHNICIAN, UKRAINIAN, World, world

pytestmark = pytest.mark.looptime

JOINS = Answers(after_seconds=2, hears_seconds=1, keys="1")
AT_ONCE = timedelta(milliseconds=5)
"""Virtual time: what the loop's own rounding may take, and nothing else."""


async def book(w: World, who: InterpreterId, *, seconds_ahead: float) -> BookingId:
    """A call is booked; then let time pass until so many seconds before it."""
    made = await w.book(who, minutes_ahead=1)
    await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - seconds_ahead)
    return made


@asynccontextmanager
async def keeping_hours(w: World) -> AsyncIterator[None]:
    """The bridge looks after the bookings by itself."""
    duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
    task = asyncio.create_task(duties.keep_hours())
    try:
        yield
    finally:
        duties.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_booked_call_begins_at_its_moment_and_not_before() -> None:
    async with world() as w:
        who = w.interpreter(JOINS)
        w.telephone(TECHNICIAN, JOINS)
        # Off the rhythm in which the bookings are looked at.
        await book(w, who, seconds_ahead=4.377)
        async with keeping_hours(w):
            due = await w.event(EventKind.BOOKING_DUE)
            assert timedelta(0) <= due.at - w.booked_for < AT_ONCE
            await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.call_ids()) == 1


async def test_what_is_cancelled_and_booked_shortly_before_is_noticed() -> None:
    async with world() as w:
        first, second = w.interpreter(JOINS), w.interpreter(JOINS)
        w.telephone(TECHNICIAN, JOINS)
        cancelled = await book(w, first, seconds_ahead=4.377)
        async with keeping_hours(w):
            await asyncio.sleep(2.0)
            at = w.clock.now()
            assert await w.database.run(lambda conn: bookings.cancel(conn, cancelled, at))
            await w.book(second, minutes_ahead=0)
            due = await w.event(EventKind.BOOKING_DUE)
            assert timedelta(0) <= due.at - w.booked_for < AT_ONCE
            await asyncio.sleep(3 * BOOKINGS_EVERY)
            assert len(w.call_ids()) == 1


async def test_a_database_that_fails_at_the_hour_delays_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        who = w.interpreter(JOINS)
        w.telephone(TECHNICIAN, JOINS)
        await book(w, who, seconds_ahead=4.377)
        back = w.booked_for + timedelta(seconds=4)
        claim = bookings.claim_due

        def claimed(conn: Connection, *about: object) -> object:
            if w.booked_for <= w.clock.now() < back:
                raise DatabaseUnavailable("the database is away")
            return claim(conn, *about)  # type: ignore[arg-type]

        monkeypatch.setattr(bookings, "claim_due", claimed)
        async with keeping_hours(w):
            due = await w.event(EventKind.BOOKING_DUE)
            assert timedelta(0) <= due.at - back <= timedelta(seconds=BOOKINGS_EVERY)
            await w.event(EventKind.ROOM_COMPLETE)


@pytest.mark.thorough
async def test_what_is_kept_no_longer_is_forgotten() -> None:
    async with world() as w:
        at = w.clock.now()
        key = CallerKeys(PEPPER).caller(PhoneNumber(TECHNICIAN))

        def remember(conn: Connection) -> None:
            remember_language(conn, key, UKRAINIAN, at)
            spend(conn, AgencyId(1), TechnicianId(1), at)

        def left(conn: Connection) -> tuple[LanguageTag | None, int]:
            dialled = conn.execute(select(func.count()).select_from(dial)).scalar_one()
            return language_of(conn, key), dialled

        w.database.run_now(remember)
        duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
        await duties.forget()
        assert w.database.run_now(left) == (UKRAINIAN, 1)
        await asyncio.sleep((DIALS_KEPT + AT_ONCE).total_seconds())
        await duties.forget()
        assert w.database.run_now(left) == (UKRAINIAN, 0)
        await asyncio.sleep(REMEMBERED.total_seconds())
        await duties.forget()
        assert w.database.run_now(left) == (None, 0)


@pytest.mark.parametrize(
    ("moment", "forgets"),
    [
        ("2026-10-24T23:59", True),
        ("2026-10-25T00:00", False),
        ("2026-10-25T01:59", False),
        ("2026-10-25T02:00", True),
        ("2026-11-25T00:59", True),
        ("2026-11-25T01:30", False),
        ("2026-03-29T00:59", True),
        ("2026-03-29T01:00", True),
    ],
)
async def test_nothing_is_forgotten_in_the_hour_in_which_clocks_change(
    moment: str, forgets: bool
) -> None:
    """From one to two in Lisbon, which comes twice in October and never in March."""
    start = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    w = World(start=start)
    await w.start_bridge()
    try:
        long_ago = start - 2 * DIALS_KEPT
        w.database.run_now(lambda conn: spend(conn, AgencyId(1), TechnicianId(1), long_ago))
        await w.duties.forget()
        left = w.database.run_now(
            lambda conn: conn.execute(select(func.count()).select_from(dial)).scalar_one()
        )
        assert left == (0 if forgets else 1)
    finally:
        await w.calls.stop()
        w.switch.close()
        await w.database.dispose()


async def test_a_switch_that_does_not_answer_keeps_no_heart_from_beating(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:

        async def stands_still() -> Snapshot:
            await asyncio.sleep(60)
            raise AssertionError("nobody waits for so long")

        monkeypatch.setattr(w.switch, "snapshot", stands_still)
        duties = Duties(w.calls, w.database, w.switch, w.clock, "second")
        before = w.clock.now()
        await duties.keep_promises()
        seen = w.database.run_now(lambda conn: last_seen(conn, {"second"}))
        assert before <= seen["second"] < before + BEAT_EVERY
