# SPDX-License-Identifier: EUPL-1.2
"""All calls of this process: opening them, routing events to them, taking over those of a process
that died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.model import Booking
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference import store
from bridge.conference.booked_hour import request_of_booking, write_due
from bridge.conference.call import Call, Listeners
from bridge.conference.legs import LatestEnds
from bridge.conference.mailbox import AGAIN_SECONDS, MailboxClosed
from bridge.conference.model import CallState, Outcome
from bridge.conference.people.incoming import Leave
from bridge.conference.ports import Ports
from bridge.conference.queue import Queue
from bridge.conference.rehearsal import rehearse
from bridge.conference.stored import Stored, read
from bridge.duties.not_answering import NotAnswering
from bridge.duties.reminders import Reminders
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import (
    LegEnded,
    LinkLost,
    LinkRestored,
    Snapshot,
    SwitchEvent,
    SwitchUnavailable,
)
from bridge.vocabulary import (
    CallId,
    InterpreterId,
    JobNumber,
    LegId,
    PhoneNumber,
    Role,
    RoomId,
    TechnicianId,
    new_call_id,
)

log = structlog.get_logger(__name__)


class Calls:
    """The registry of open calls: one task for each, and one that routes the switch's events."""

    def __init__(
        self, ports: Ports, *, migrant_languages: Callable[[str], tuple[str, ...]]
    ) -> None:
        """`migrant_languages` gives the prompt languages for a speaker of a language."""
        self._ports = ports
        self._by_id: dict[CallId, Call] = {}
        self._by_leg: dict[LegId, Call] = {}
        self._ends = LatestEnds()
        self._opening: set[CallId] = set()
        """Calls that are being written down, and are no orphans of another process."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._nobody_available: dict[LegId, Callable[[], None]] = {}
        self._listeners = Listeners(
            nobody_left=self._nobody_left,
            new_leg=self._new_leg,
            migrant_languages=migrant_languages,
        )
        self.queue = Queue(ports.roster, ports.clock, lambda: self.open)
        self.reminders = Reminders(ports)
        self.not_answering = NotAnswering(ports)

    async def start(self) -> None:
        """Take over the calls that are open in the database, then follow the switch's events.

        Raises `SwitchUnavailable` or `DatabaseUnavailable` when one of them cannot be asked.
        """
        at = self._ports.clock.now()
        await self._ports.database.run(lambda conn: self._ports.roster.refresh(conn, at))
        await self._adopt_orphans(at, await self._ports.switch.snapshot())
        self._spawn(self._follow(), "switch events")
        self._spawn(self.queue.run(), "queue")

    async def stop(self) -> None:
        """Stop following. Rooms go on; open calls stay open in the database."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of_leg(self, leg: LegId) -> Call | None:
        """The open call that this leg belongs to."""
        return self._by_leg.get(leg)

    @property
    def open(self) -> tuple[Call, ...]:
        """The calls that have not ended."""
        return tuple(self._by_id.values())

    async def open_call(
        self, technician: LegId, line: str, number: PhoneNumber | None = None
    ) -> Call:
        """A technician's leg was answered on `line`: write the call down and give it a task.

        `number` is where the technician can be rung back, if the network told it.
        """
        at = self._ports.clock.now()
        call_id = new_call_id()

        def work(conn: Connection) -> Call | Stored:
            # Where it was written, but we were not told, it is there already.
            stored = _opened_with(conn, technician)
            if stored is not None:
                return stored
            job = store.open_call(conn, call_id, line, at, self._ports.owner)
            if number is not None:
                store.update_call(conn, call_id, technician_number=number.e164)
            store.add_leg(conn, technician, call_id, Role.TECHNICIAN, at)
            data: dict[str, Scalar] = {"line": line}
            calllog.append(conn, Event(call_id, EventKind.CALL_ANSWERED, at, technician, data))
            return self._make(call_id, job, technician)

        with self._opens(call_id):
            try:
                made = await self._ports.database.run(work)
            except DatabaseUnavailable:
                self._spawn(self._make_sure(technician), "a call that may have been opened")
                raise
            if isinstance(made, Stored):
                return self._by_id.get(made.row.id) or self._take_over(made)
            made.record.line, made.record.technician_number = line, number
            self._register(made)
        return made

    async def _make_sure(self, leg: LegId) -> None:
        """A call may have been opened without our being told: it goes on, or ends."""
        while leg not in self._by_leg:
            await asyncio.sleep(AGAIN_SECONDS)
            try:
                stored = await self._ports.database.run(partial(_opened_with, leg=leg))
                at, snapshot = self._ports.clock.now(), await self._ports.switch.snapshot()
            except (DatabaseUnavailable, SwitchUnavailable):
                continue
            if stored is not None and stored.row.id not in self._by_id:
                self._take_over(stored).compare(at, snapshot, taken_over=True)
            return

    def rehearse(self, conn: Connection) -> None:
        """Prepare for the first caller; see `rehearsal.rehearse`."""
        rehearse(conn, self._ports, self._make)

    async def dial_in(self, leg: LegId, code: str) -> bool:
        """A migrant rang the line and keyed a code: whether their call takes them.

        The call that the leg had ends as `joined`, and the leg is the migrant's of the call with
        that code. End its conversation with `Hold`: it waits with music, and is brought into the
        room as soon as the others are there. `False` for a code that no open call has, and for one
        whose migrant is there already.
        """
        here = self._by_leg.get(leg)
        which = await self._ports.database.run(lambda conn: store.find_by_dial_in(conn, code))
        there = None if which is None else self._by_id.get(which)
        if here is None or there is None or there is here:
            return False
        number = here.record.migrant_number or here.record.technician_number

        async def take(leave: Leave) -> bool:
            # Looked at only now, for this call has begun to wait for the other one.
            into = there.incoming
            return into.takes_migrant and await into.take_migrant(leg, number, leave)

        try:
            return await here.incoming.give_away(leg, take)
        except MailboxClosed:
            return False

    def lost_technician(self, number: PhoneNumber | None, who: TechnicianId) -> Call | None:
        """The call whose technician is this one, at this number, and is being redialled.

        A whole hospital may show one number: the PIN tells who of them it is.
        """
        lost = (call for call in self.open if number and call.record.technician_lost)
        return next((call for call in lost if call.record.is_of(number, who)), None)

    async def technician_returns(self, leg: LegId, to: Call) -> RoomId | None:
        """A leg that has a call already turns out to be the technician missed in another one.

        The room to enter; `None` when they are not missed any more. The call that the leg had ends
        as `joined`. Whose PIN it was is the caller's to compare: see `lost_technician`.
        """
        here = self._by_leg.get(leg)
        if here is None or here is to:
            return None
        room: RoomId | None = None

        async def take(leave: Leave) -> bool:
            nonlocal room
            room = await to.incoming.take_technician(leg, leave)
            return room is not None

        try:
            await here.incoming.give_away(leg, take)
        except MailboxClosed:
            return None
        return room

    async def begin_booked(self, which: CallId, booking: Booking, kind: AgencyKind) -> None:
        """The hour of a booking has come: open its call, with this id, and ring its people.

        Raises `DatabaseUnavailable`, and `SwitchUnavailable` while nobody can be rung: asked again
        with the same id, it does what is left to be done. Nothing is when somebody else dials the
        booking, it was cancelled, or its time is over.
        """
        if not self._ports.switch.reachable:
            # Begun now, it would find nobody, and its interpreter would be kept free no more.
            raise SwitchUnavailable("nobody can be rung; it will be tried again")
        call = self._by_id.get(which) or await self._open_booked(which, booking)
        if call is None:
            return
        await call.begin_booked(request_of_booking(booking, kind), booking)
        # Until this is written, its interpreter is kept free for it, and hunts leave them out.
        await self._ports.database.run(bookings.changed)

    async def _open_booked(self, which: CallId, booking: Booking) -> Call | None:
        """Open a booking's call, unless it is not ours to dial."""
        at, number = self._ports.clock.now(), booking.technician_number

        def work(conn: Connection) -> Call:
            # Where it was written, but we were not told, it is there already.
            row = store.find_call(conn, which)
            if row is not None:
                job = row.job
            else:
                job = store.open_call(conn, which, "booked", at, self._ports.owner)
                if number is not None:
                    store.update_call(conn, which, technician_number=number.e164, callback=True)
                write_due(conn, which, booking, at)
            if not bookings.begin_dialling(conn, booking.id, which, at, self._ports.owner):
                raise _NotOurs
            # The technician's leg is made when he is rung; until then the place is empty.
            return self._make(which, job, None)

        with self._opens(which):
            try:
                call = await self._ports.database.run(work)
            except _NotOurs:
                return None
            call.record.technician_number = number
            call.record.calling_back = True
            self._register(call)
        return call

    def refresh_roster(self, conn: Connection) -> None:
        """Somebody may have changed the roster: read it again, and offer whoever became free."""
        roster, at = self._ports.roster, self._ports.clock.now()
        roster.refresh(conn, at)
        roster.compare(conn, at)

    def rings_us(self, who: InterpreterId) -> None:
        """An interpreter has rung the line and is known by PIN: nobody rings them meanwhile."""
        self._ports.roster.rings_us(who)

    def share_of(self, who: InterpreterId) -> float | None:
        """How much of the work an interpreter gets; see `LiveRoster.share`."""
        return self._ports.roster.share(who)

    async def rang_us(self, who: InterpreterId) -> None:
        """They have hung up: what they said of themselves counts, and may be what somebody waits
        for.
        """
        with suppress(DatabaseUnavailable):  # then it is noticed a little later
            await self._ports.database.run(self.refresh_roster)
        self._ports.roster.rang_us(who)

    def freed(self, who: InterpreterId) -> None:
        """An interpreter was freed outside of any call of this process."""
        self._ports.roster.released(who)

    def when_nobody_available(self, technician: LegId, tell: Callable[[], None]) -> None:
        """Whom to tell that the hunt found nobody, while this technician waits."""
        self._nobody_available[technician] = tell

    def no_longer_waits(self, technician: LegId) -> None:
        """The technician's conversation is over."""
        self._nobody_available.pop(technician, None)

    # --- inside --------------------------------------------------------------------------------

    def _make(self, call: CallId, job: JobNumber, technician: LegId | None) -> Call:
        return Call(self._ports, call, job, technician, self._listeners)

    def _nobody_left(self, which: CallId) -> None:
        call = self._by_id.get(which)
        tell = None if call is None else self._nobody_available.get(call.record.technician)
        if tell is not None:
            tell()

    def _new_leg(self, leg: LegId, which: CallId) -> None:
        call = self._by_id.get(which)
        if call is not None:
            self._belongs_to(leg, call)

    def _belongs_to(self, leg: LegId, call: Call) -> None:
        self._by_leg[leg] = call
        end = self._ends.of(leg)
        if end is not None:
            call.happened(end)

    @contextmanager
    def _opens(self, call: CallId) -> Iterator[None]:
        self._opening.add(call)
        try:
            yield
        finally:
            self._opening.discard(call)

    def _register(self, call: Call) -> None:
        self._by_id[call.id] = call
        for leg in call.record.legs.open():
            self._belongs_to(leg.id, call)
        self._spawn(self._run(call), f"call {call.job}")

    async def _run(self, call: Call) -> None:
        try:
            await call.run()
        finally:
            if call.ended:
                self._forget(call)

    def _forget(self, call: Call) -> None:
        self._by_id.pop(call.id, None)
        for leg in [leg for leg, owner in self._by_leg.items() if owner is call]:
            del self._by_leg[leg]

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self) -> None:
        async for event in self._ports.switch.events():
            try:
                await self._route(event)
            except Exception:
                log.exception("a switch event could not be handled")

    async def _route(self, event: SwitchEvent) -> None:
        match event:
            case LinkLost():
                log.warning("link to the switch lost; rooms go on, new calls hear the apology")
            case LinkRestored(at, snapshot):
                log.info("link to the switch restored")
                # Before anything else is done in them; each waits for the database by itself.
                for ours in self.open:
                    ours.compare(at, snapshot, taken_over=False)
                self._spawn(self._look_for_orphans(at, snapshot), "calls of nobody")
            case _:
                if isinstance(event, LegEnded):
                    self._ends.add(event)
                call = self._by_leg.get(event.leg)
                if call is not None:
                    call.happened(event)

    async def _look_for_orphans(self, at: datetime, snapshot: Snapshot) -> None:
        """Take over what is nobody's, as soon as the database can be used."""
        while True:
            try:
                await self._adopt_orphans(at, snapshot)
            except DatabaseUnavailable as reason:
                log.warning("open calls could not be looked up", why=str(reason))
            else:
                return
            await asyncio.sleep(AGAIN_SECONDS)
            try:
                at, snapshot = self._ports.clock.now(), await self._ports.switch.snapshot()
            except SwitchUnavailable:
                return  # looked for when it can be asked again

    async def _adopt_orphans(self, at: datetime, snapshot: Snapshot) -> None:
        """Take over the calls that no task of ours runs, and make them agree with the switch."""
        for stored in await self._ports.database.run(self._orphans):
            if stored.row.id not in self._by_id:
                self._take_over(stored).compare(at, snapshot, taken_over=True)

    def _take_over(self, stored: Stored) -> Call:
        # Without a leg: those that are written are remembered, and none beside them.
        call = self._make(stored.row.id, stored.row.job, None)
        call.resume(stored)
        self._register(call)
        return call

    def _orphans(self, conn: Connection) -> list[Stored]:
        """The open calls that no task of ours runs, adopted by this process."""
        ours = self._by_id.keys() | self._opening
        others = [row.id for row in store.open_calls(conn) if row.id not in ours]
        for which in others:
            # Before it is looked how they stand: whoever had them writes nothing after this.
            store.take(conn, which, self._ports.owner)
        orphans = [
            row
            for row in store.open_calls(conn)
            if row.id in others and not self._never_began(conn, row)
        ]
        found = [read(conn, row.id) for row in orphans]
        return [stored for stored in found if stored is not None]

    def _never_began(self, conn: Connection, row: store.CallRow) -> bool:
        """Whether this is a booked call that a process opened and died before it rang anybody.

        Then the booking is dialled again, as another call.
        """
        if row.state is not CallState.ASKING or not bookings.dial_again(conn, row.id):
            return False
        at, outcome = self._ports.clock.now(), Outcome.LOST
        store.close_call(conn, row.id, at, CallState.LOST, outcome)
        ended = Event(row.id, EventKind.CALL_ENDED, at, None, {"outcome": outcome.value})
        calllog.append(conn, ended)
        return True


def _opened_with(conn: Connection, leg: LegId) -> Stored | None:
    """The open call that this leg belongs to."""
    found = store.call_of_leg(conn, leg)
    stored = None if found is None else read(conn, found)
    return None if stored is None or stored.row.ended_at is not None else stored


class _NotOurs(Exception):
    """Somebody else dials the booking; the call that was being opened is not."""
