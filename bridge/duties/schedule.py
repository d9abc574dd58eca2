# SPDX-License-Identifier: EUPL-1.2
"""What a bridge does by the clock: heartbeats, sweeping, booked calls and their reminders,
call-backs at opening, and forgetting what is kept no longer.

The jobs are thin, idempotent and derived from the database, so a restart loses none and no two
processes do one twice (see bookings and sweeper). Nothing here decides anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import load_agency
from bridge.bookings import store as bookings
from bridge.bookings.model import Booking, BookingId
from bridge.callers import store as callers
from bridge.clock import Clock
from bridge.conference.calls import Calls
from bridge.conference.fields_store import forget_fields
from bridge.conference.mailbox import MailboxClosed
from bridge.duties.opening_call_backs import OpeningCallBacks
from bridge.hours.localtime import LISBON
from bridge.roster.sweeper import beat_and_sweep
from bridge.storage.database import Database, DatabaseUnavailable
from bridge.storage.processes import BEAT_EVERY
from bridge.telephony.dials_store import forget_dials
from bridge.telephony.switch import Switch, SwitchUnavailable
from bridge.vocabulary import LegId, new_call_id

log = structlog.get_logger(__name__)

BOOKINGS_EVERY = 1.0
"""Seconds between two looks at the bookings and the roster, at the most."""
OPENINGS_EVERY = 10.0
"""Seconds between two looks for those who are to be rung at the opening."""
LOOKS_SECONDS = 1.0
"""How long a heartbeat waits for what the switch says is true: it may stand still."""
REMINDERS_EVERY = 15.0
"""Seconds between two looks for reminders that are due."""
FORGETS_EVERY = 3600.0
"""Seconds between two rounds of forgetting."""
QUIET_HOUR = 1
"""The hour of Lisbon's clocks in which they change: it comes twice, or never. No job runs in it
that can wait for the next; heartbeats, bookings and those who are to be rung cannot."""
FIELDS_KEPT = timedelta(days=180)
"""How long what an agency had keyed with a call is kept after its end: two quarters' statements."""
DIALS_KEPT = timedelta(hours=2)
"""How long it is kept who dialled out when; the caps look back one hour."""


class Duties:
    """The jobs of one process and their scheduler."""

    def __init__(
        self,
        calls: Calls,
        database: Database,
        switch: Switch,
        clock: Clock,
        owner: str,
        *,
        openings: OpeningCallBacks | None = None,
    ) -> None:
        self._calls = calls
        self._database = database
        self._switch = switch
        self._clock = clock
        self._owner = owner
        self._openings = openings
        self._scheduler: AsyncIOScheduler | None = None
        self._dialling: set[BookingId] = set()
        """The bookings that this process begins now, and claims no second time meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin; the first round of every job runs at once."""
        scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": 30, "coalesce": True, "max_instances": 1},
        )
        now = self._clock.now()
        scheduler.add_job(
            self.keep_promises, "interval", seconds=BEAT_EVERY.total_seconds(), next_run_time=now
        )
        scheduler.add_job(self.remind, "interval", seconds=REMINDERS_EVERY, next_run_time=now)
        scheduler.add_job(
            self.ring_at_opening, "interval", seconds=OPENINGS_EVERY, next_run_time=now
        )
        scheduler.add_job(self.forget, "interval", seconds=FORGETS_EVERY, next_run_time=now)
        scheduler.start()
        self._scheduler = scheduler
        self._spawn(self.keep_hours())

    def stop(self) -> None:
        """No job starts any more."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        for task in self._tasks:
            task.cancel()

    async def keep_promises(self) -> None:
        """Say that this process is alive, and free interpreters whom dead ones hold."""
        alive: frozenset[LegId] | None
        try:
            async with asyncio.timeout(LOOKS_SECONDS):
                alive = (await self._switch.snapshot()).legs
        except (SwitchUnavailable, TimeoutError):
            alive = None
        try:
            swept = await beat_and_sweep(self._database, self._owner, self._clock.now(), alive)
        except DatabaseUnavailable as reason:
            log.warning("no heartbeat", why=str(reason))
            return
        for one in swept:
            log.warning("a reservation outlived its holder", outlived=one.outlived.value)
            self._calls.freed(one.interpreter)

    async def keep_hours(self) -> None:
        """Begin every booked call at its moment, for ever.

        The bookings are looked at anew at least every `BOOKINGS_EVERY` seconds, for other
        processes make and cancel some, and at the very moment at which the next one begins.
        """
        while True:
            following = None
            try:
                following = await self.dial_bookings()
            except Exception:
                log.exception("the booked calls could not be looked after")
            await asyncio.sleep(self._until(following))

    def _until(self, moment: datetime | None) -> float:
        if moment is None:
            return BOOKINGS_EVERY
        seconds = (moment - self._clock.now()).total_seconds()
        return min(max(seconds, 0.001), BOOKINGS_EVERY)

    async def dial_bookings(self) -> datetime | None:
        """Begin the booked calls whose hour has come, and notice what others changed of the roster.

        Presence said by telephone or on the web may be what a waiting request needs. Returns when
        the next booking begins.
        """
        at = self._clock.now()

        def claim(
            conn: Connection,
        ) -> tuple[list[tuple[Booking, AgencyKind]], datetime | None]:
            self._calls.refresh_roster(conn)
            bookings.mark_missed(conn, at)
            due = bookings.claim_due(conn, at, self._owner, self._dialling)
            following = bookings.next_start(conn, at)
            return [(booking, _kind_of(conn, booking)) for booking in due], following

        try:
            due, following = await self._database.run(claim)
        except DatabaseUnavailable as reason:
            log.warning("bookings could not be looked up", why=str(reason))
            return None
        for booking, kind in due:
            self._dialling.add(booking.id)
            self._spawn(self._dial(booking, kind))
        return following

    async def remind(self) -> None:
        """Ring the interpreters who are to be reminded of a booked call, or told that they count
        as not answering.
        """
        try:
            await self._calls.reminders.ring_due()
            await self._calls.not_answering.ring_due()
        except DatabaseUnavailable as reason:
            log.warning("reminders could not be looked up", why=str(reason))

    async def ring_at_opening(self) -> None:
        """Ring those who asked out of hours to be rung."""
        if self._openings is None:
            return
        try:
            await self._openings.ring_due()
        except DatabaseUnavailable as reason:
            log.warning("call-backs at opening could not be looked up", why=str(reason))

    async def forget(self) -> None:
        """Drop what is kept no longer: of callers, of what was keyed with calls, of dialling.

        In the `QUIET_HOUR` it is left to the next round.
        """
        at = self._clock.now()
        if at.astimezone(LISBON).hour == QUIET_HOUR:
            return

        def work(conn: Connection) -> int:
            dropped = callers.forget(conn, at) + forget_dials(conn, at - DIALS_KEPT)
            return dropped + forget_fields(conn, at - FIELDS_KEPT)

        try:
            dropped = await self._database.run(work)
        except DatabaseUnavailable as reason:
            log.warning("nothing could be forgotten", why=str(reason))
            return
        if dropped:
            log.info("what is kept no longer was dropped", rows=dropped)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dial(self, booking: Booking, kind: AgencyKind) -> None:
        """Begin one booked call: whatever fails is tried again until it is done or its time over.

        It keeps its id, so that nothing is done twice that was done without our being told.
        """
        which = new_call_id()
        try:
            while True:
                try:
                    await self._calls.begin_booked(which, booking, kind)
                except (DatabaseUnavailable, SwitchUnavailable) as reason:
                    log.warning("a booked call could not begin yet", why=str(reason))
                else:
                    return
                await asyncio.sleep(BOOKINGS_EVERY)
        except MailboxClosed:
            pass  # the call has ended
        finally:
            self._dialling.discard(booking.id)


def _kind_of(conn: Connection, booking: Booking) -> AgencyKind:
    found = load_agency(conn, booking.agency)
    return AgencyKind.OTHER if found is None else found.kind
