# SPDX-License-Identifier: EUPL-1.2
"""One call, from the technician's ring to the last hang-up.

Everything runs in the call's own mailbox, so nothing here happens twice at once. Each step writes
its events in one transaction first and acts on the switch afterwards; the transition table says
whether a step still makes sense. The hunts, the room, the rings, the drop guard and the others are
parts of their own, each in its module.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from bridge.agencies.model import Technician
from bridge.bookings.model import Booking
from bridge.calllog.model import EventKind
from bridge.conference.legs import CallLeg
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import TERMINAL, CallState, Request, Trigger
from bridge.conference.parts import Hooks, assemble
from bridge.conference.people.rings import Why
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.conference.stored import Stored
from bridge.ivr.announcements import Announcement
from bridge.roster.live import Freed
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import (
    EnterRoom,
    HangUp,
    Hold,
    LegEvent,
    Next,
    Snapshot,
    SwitchUnavailable,
    ToLine,
)
from bridge.vocabulary import (
    CallId,
    InterpreterId,
    JobNumber,
    LegId,
    RoomId,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom a call tells what others need to know."""

    nobody_left: Callable[[CallId], None]
    """Nobody is free for this call now."""
    new_leg: Callable[[LegId, CallId], None]
    """The call has one leg more, whose events are to find their way here."""
    migrant_languages: Callable[[str], tuple[str, ...]]
    """The prompt languages in which to speak to a speaker of a language."""


class Call:
    """The controller of one call."""

    def __init__(
        self,
        ports: Ports,
        call: CallId,
        job: JobNumber,
        technician: LegId | None,
        listeners: Listeners,
    ) -> None:
        """A call whose row is written."""
        self._ports = ports
        self._mailbox = Mailbox(mend=self._take_up, look=self._look)
        self._listeners = listeners
        self.record = CallRecord(ports, call, job, technician)
        parts = assemble(
            ports,
            self.record,
            self._mailbox,
            Hooks(
                happened=self.happened,
                adopt=self._adopt,
                nobody_left=self._nobody_left,
                migrant_languages=listeners.migrant_languages,
            ),
        )
        self.consent = parts.consent
        self.waiting = parts.waiting
        self.incoming = parts.incoming
        self.by_key = parts.by_key
        self._hunts = parts.hunts
        self._rings = parts.rings
        self._room = parts.room
        self._leader = parts.leader
        self._promise = parts.promise
        self._booked_hour = parts.booked_hour
        self._settling = parts.settling
        self._happenings = parts.happenings
        self._memory = parts.memory

    @property
    def id(self) -> CallId:
        """The call's id."""
        return self.record.id

    @property
    def job(self) -> JobNumber:
        """The call's job number."""
        return self.record.job

    @property
    def ended(self) -> bool:
        """Whether the last event is written."""
        return self.record.state in TERMINAL

    def resume(self, stored: Stored) -> None:
        """Take over a call from a process that died; before `run`."""
        self._memory.resume(stored)

    async def run(self) -> None:
        """The call's one task; ends with the call."""
        await self._mailbox.run(until=lambda: self.ended)

    # --- what the conversations ask and tell ---------------------------------------------------

    async def identified(self, technician: Technician) -> None:
        """Agency code and PIN fit."""
        agency = technician.agency.id
        event = self.record.event(
            EventKind.IDENTIFIED, data={"agency": int(agency), "technician": int(technician.id)}
        )
        await self._mailbox.ask(partial(self.record.write, event))

    async def identification_failed(self, tries: int) -> None:
        """They did not, for the `tries`-th time."""

        async def work() -> None:
            record = self.record
            record.progress = replace(record.progress, identification_failed=True)
            await record.note(EventKind.IDENTIFICATION_FAILED, data={"tries": tries})

        await self._mailbox.ask(work)

    async def requested(self, request: Request, at: datetime) -> JobNumber:
        """The request is complete: write it and ring the first interpreter.

        `at` is the moment of the technician's last key. Returns the job number to speak.
        """

        async def work() -> None:
            if self.record.request is None:
                await self._hunts.begin(request, at)

        await self._surely(work)
        return self.job

    def rehearse(self, conn: Connection, request: Request, at: datetime) -> None:
        """Write a request that nobody made; whoever asks for it rolls it back."""
        self._hunts.rehearse(conn, request, at)

    async def accepted(self, leg: LegId, at: datetime) -> RoomId | None:
        """The interpreter on `leg` pressed 1. The room to enter, or `None` when it is too late.

        The technician is moved at the same time, unless a relay still lacks its other half; the
        interpreter's own conversation takes the interpreter there.
        """

        async def work() -> RoomId | None:
            served = self.record.serves(leg)
            room = self.record.room if served else await self._hunts.accept(leg, at)
            if room is not None:
                joining = self.record.state is CallState.JOINING
                self._mailbox.tell(self._leader.bring if joining else self._hunts.go_on)
                self._mailbox.tell(self._hunts.silence)
            return room

        return await self._surely(work)

    async def refused(self, leg: LegId) -> None:
        """The interpreter on `leg` pressed 2."""
        await self._mailbox.ask(partial(self._hunts.over, leg, EventKind.OFFER_REFUSED))

    async def offer_silent(self, leg: LegId) -> None:
        """Whoever answered on `leg` pressed nothing; it may be a voicemail."""
        await self._mailbox.ask(
            partial(self._hunts.over, leg, EventKind.OFFER_UNANSWERED, "no_key")
        )

    async def confirmed(self, leg: LegId) -> Next:
        """A person pressed a key on a leg that is rung into the room. Where it goes."""

        async def work() -> Next:
            waits, known = self.waiting.keeps_out(leg), self.record.legs.get(leg)
            came = known is not None and known.confirmed and not known.ended
            room = self.record.room if came else await self._rings.confirmed(leg, waits=waits)
            if room is None:
                return HangUp()
            if self.waiting.is_in_line(leg):
                return ToLine()
            if waits:
                self.waiting.hold(leg)
                return Hold()
            return EnterRoom(room)

        return await self._surely(work)

    async def nobody_keyed(self, leg: LegId, *, left: bool) -> None:
        """No key was pressed on the migrant's telephone; `left`: the agreed message was said."""
        await self._mailbox.ask(partial(self._room.nobody_keyed, leg, left=left))

    def why_rung(self, leg: LegId) -> Why | None:
        """Why the person on this leg is being rung; `None` when nobody rings them."""
        return self._rings.why(leg)

    async def declined(self, leg: LegId) -> None:
        """A person on a leg that is rung into the room pressed the key that says no."""

        async def work() -> None:
            self._rings.declined(leg)

        await self._mailbox.ask(work)

    async def call_back(self) -> None:
        """The technician hangs up and wants to be rung when an interpreter accepts."""

        async def work() -> None:
            await self._promise.make()
            await self._room.part_from_technician(waiting=False)

        await self._mailbox.ask(work)

    async def booked(self, booking: int, starts_at: datetime) -> None:
        """The technician took a later time instead of waiting."""

        async def work() -> None:
            self.record.booked()
            data: Data = {"booking": booking, "starts_at": starts_at.isoformat()}
            await self.record.note(EventKind.BOOKED, data=data)

        await self._mailbox.ask(work)

    async def begin_booked(self, request: Request, booking: Booking) -> None:
        """The hour of a booked call has come: see `BookedHour.begin`."""
        await self._mailbox.ask(partial(self._booked_hour.begin, request, booking))

    # --- what others need of it ----------------------------------------------------------------

    async def somebody_free(self, freed: Freed) -> None:
        """An interpreter became free, while this call may lack one."""
        await self._mailbox.ask(partial(self._hunts.somebody_free, freed))

    def served_by(self, who: InterpreterId) -> bool:
        """Whether somebody who became free may serve this request."""
        return self._hunts.served_by(who)

    @property
    def only_unreached(self) -> bool:
        """See `Hunts.only_unreached`."""
        return self._hunts.only_unreached

    async def put_through(self, reason: str) -> bool:
        """The technician is on the way to a person.

        `False` when it is too late for that: when somebody has just accepted, they are wanted in
        the room.
        """

        async def work() -> bool:
            record = self.record
            if record.state is not CallState.PUT_THROUGH:
                data: Data = {"reason": reason}
                if not await record.move(Trigger.PUT_THROUGH, EventKind.PUT_THROUGH, data):
                    return False
            record.calling_back = False
            await self._settling.part_for_person()
            return True

        return await self._surely(work)

    async def came_back(self) -> None:
        """Nobody answered whom the caller was put through to: they are asked anew."""

        async def work() -> None:
            await self.record.move(Trigger.COME_BACK)

        await self._mailbox.ask(work)

    def happened(self, event: LegEvent) -> None:
        """The switch reports something about one of this call's legs."""
        self._mailbox.insist(partial(self._happenings.happened, event))

    def compare(self, at: datetime, snapshot: Snapshot, *, taken_over: bool) -> None:
        """Make this call agree with what the switch said at that moment, then go on.

        `taken_over`: all of its legs are older than that, for another process made them.
        """
        self._mailbox.insist(partial(self._compare, at, snapshot, taken_over=taken_over))

    # --- small tools ---------------------------------------------------------------------------

    async def _surely(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have `work` done for somebody who waits; once more, where the database failed at it.

        It may have been written all the same, and then they shall not hear that it was not. So
        `work` has to find done what is remembered as done.
        """

        async def twice() -> T:
            try:
                return await work()
            except DatabaseUnavailable:
                await self._look()
            result = await work()
            self._mailbox.tell(self._take_up)
            return result

        # In one piece: nothing else of the call may move a leg whose conversation waits for this.
        return await self._mailbox.ask(twice)

    async def _look(self) -> None:
        waited = self.record.state is CallState.QUEUED
        await self._memory.compare()
        if self.record.state is CallState.QUEUED and not waited:
            self._nobody_left()

    async def _take_up(self) -> None:
        """Do what is missing; whom we may never have rung has to be looked for before."""
        if self._memory.doubtful and self._ports.switch.reachable:
            try:
                at, snapshot = self._ports.clock.now(), await self._ports.switch.snapshot()
            except SwitchUnavailable:
                pass  # compared as soon as it can be asked again
            else:
                await self._compare(at, snapshot, taken_over=False)
                return
        await self._settling.take_up()

    async def _compare(self, at: datetime, snapshot: Snapshot, *, taken_over: bool) -> None:
        doubtful = frozenset(self._memory.doubtful)
        await self._happenings.compare(at, snapshot, taken_over=taken_over, doubtful=doubtful)
        self._memory.doubtful -= doubtful

    def _adopt(self, leg: CallLeg) -> None:
        self.record.legs.add(leg)
        self._listeners.new_leg(leg.id, self.id)

    def _nobody_left(self) -> None:
        """A technician is told in conversation; an operator, who is in the room, there."""
        self._listeners.nobody_left(self.id)
        if self.record.led_by_operator:
            self._mailbox.tell(partial(self._room.announce, Announcement.NO_INTERPRETER_YET))
