# SPDX-License-Identifier: EUPL-1.2
"""One call, from the technician's ring to the last hang-up.

Everything runs in the call's own mailbox, so nothing here happens twice at once. Each step writes
its events in one transaction first and acts on the switch afterwards; the transition table says
whether a step still makes sense. The hunts, the room, the rings and the drop guard are parts of
their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bridge.agencies.model import Technician
from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.guard import DropGuard
from bridge.conference.legs import CallLeg, Part
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import TERMINAL, CallState, Request, Trigger, advance
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.conference.recovery import Remembered
from bridge.conference.relay import Hunts
from bridge.conference.rings import Rings, Why
from bridge.conference.room import Room
from bridge.ivr.announcements import Announcement
from bridge.telephony.switch import (
    ConversationName,
    Ending,
    LegAnswered,
    LegEnded,
    LegEvent,
    LegRinging,
    RoomEntered,
    RoomLeft,
    Snapshot,
)
from bridge.vocabulary import (
    CallId,
    InterpreterId,
    JobNumber,
    LegId,
    Role,
    RoomId,
)

_MEETING = frozenset({CallState.HUNTING, CallState.JOINING, CallState.TALKING})
"""States in which a room waits for people."""


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
        self._mailbox = Mailbox()
        self._listeners = listeners
        self.record = CallRecord(ports, call, job, technician)
        self._commands = SwitchCommands(ports, self._mailbox, self.happened, self._is_open)
        self._hunts = Hunts(
            ports,
            self.record,
            self._commands,
            self._mailbox,
            adopt=self._adopt,
            nobody_left=lambda: listeners.nobody_left(call),
        )
        self._rings = Rings(
            ports,
            self.record,
            self._commands,
            self._mailbox,
            adopt=self._adopt,
            wanted=self._is_wanted,
        )
        self._room = Room(
            self.record,
            self._commands,
            self._rings,
            migrant_languages=listeners.migrant_languages,
        )
        self._guard = DropGuard(
            self.record,
            self._rings,
            self._room,
            ports.roster,
            end=self._part,
            replace=self._replace_interpreter,
        )

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

    def resume(self, request: Request | None, remembered: Remembered) -> None:
        """Take over a call from a process that died; before `run`."""
        self.record.progress = remembered.progress
        self.record.interpreters = dict(remembered.interpreters)
        self.record.relay_allowed = remembered.relay_allowed
        self.record.pivot = remembered.pivot
        self.record.complete = remembered.complete
        self.record.request = request
        self.record.asked_at = remembered.asked_at
        self.record.calling_back = remembered.calling_back
        for leg in remembered.legs:
            self.record.legs.add(leg)
        self._hunts.resume(remembered)

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
        await self._mailbox.ask(partial(self._hunts.begin, request, at))
        return self.job

    async def accepted(self, leg: LegId, at: datetime) -> RoomId | None:
        """The interpreter on `leg` pressed 1. The room to enter, or `None` when it is too late.

        The technician is moved at the same time, unless a relay still lacks its other half; the
        interpreter's own conversation takes the interpreter there.
        """

        async def work() -> RoomId | None:
            room = await self._hunts.accept(leg, at)
            if room is not None:
                joining = self.record.state is CallState.JOINING
                self._mailbox.tell(self._room.bring_technician if joining else self._hunts.go_on)
            return room

        return await self._mailbox.ask(work)

    async def refused(self, leg: LegId) -> None:
        """The interpreter on `leg` pressed 2."""
        await self._mailbox.ask(partial(self._hunts.over, leg, EventKind.OFFER_REFUSED))

    async def offer_silent(self, leg: LegId) -> None:
        """Whoever answered on `leg` pressed nothing; it may be a voicemail."""
        await self._mailbox.ask(
            partial(self._hunts.over, leg, EventKind.OFFER_UNANSWERED, "no_key")
        )

    async def confirmed(self, leg: LegId) -> RoomId | None:
        """A person pressed a key on a leg that is rung into the room. The room, or `None`."""
        return await self._mailbox.ask(partial(self._rings.confirmed, leg))

    def why_rung(self, leg: LegId) -> Why | None:
        """Why the person on this leg is being rung; `None` when nobody rings them."""
        return self._rings.why(leg)

    async def call_back(self) -> None:
        """The technician hangs up and wants to be rung when an interpreter accepts."""

        async def work() -> None:
            record = self.record
            record.calling_back = True

            def write(conn: Connection) -> None:
                store.update_call(conn, record.id, callback=True)
                promised = record.event(EventKind.CALL_BACK_PROMISED, record.technician)
                calllog.append(conn, promised)

            await record.transact(write)

        await self._mailbox.ask(work)

    async def booked(self, booking: int, starts_at: datetime) -> None:
        """The technician took a later time instead of waiting."""

        async def work() -> None:
            self.record.booked()
            data: Data = {"booking": booking, "starts_at": starts_at.isoformat()}
            await self.record.note(EventKind.BOOKED, data=data)

        await self._mailbox.ask(work)

    async def begin_booked(self, request: Request, first: InterpreterId | None) -> None:
        """The hour of a booked call has come: ring its interpreter and its technician.

        `None`: its interpreter said that they will not be there; it hunts like any call.
        """

        async def work() -> None:
            self.record.calling_back = True
            await self._hunts.begin(request, self._ports.clock.now(), first=first)
            await self._room.ring_technician(Why.BOOKED)

        await self._mailbox.ask(work)

    async def swap(self, reason: str, *, exclude: bool) -> bool:
        """Somebody in the room wants another interpreter. Whether there is one to be swapped.

        In a relay it is the one who speaks Portuguese, whom the technician can understand.
        """

        async def work() -> bool:
            leg = self.record.interpreter
            if leg is None or self.record.state is not CallState.TALKING:
                return False
            await self.record.note(EventKind.SWAP_ASKED, leg, {"reason": reason})
            found = self.record.legs.get(leg)
            excluded = found.interpreter if found and exclude else None
            self._mailbox.tell(partial(self._replace_interpreter, Part.PORTUGUESE, excluded))
            self._mailbox.tell(partial(self._commands.send, leg, ConversationName.GOODBYE))
            return True

        return await self._mailbox.ask(work)

    async def ring_migrant(self) -> bool:
        """Ring the migrant (again). Whether there is anybody to ring."""

        async def work() -> bool:
            request = self.record.request
            if request is None or request.migrant is None:
                return False
            await self._room.ring_migrant()
            return True

        return await self._mailbox.ask(work)

    async def drop_migrant(self) -> bool:
        """Put the migrant's telephone down. Whether the migrant was there."""
        return await self._mailbox.ask(self._room.drop_migrant)

    def end(self) -> None:
        """Somebody in the room ends it for all.

        Not waited for: the leg on which it was asked is moved by it.
        """
        self._mailbox.tell(self._part)

    async def somebody_free(self, who: InterpreterId) -> None:
        """An interpreter became free, while this request may be waiting."""
        await self._mailbox.ask(partial(self._hunts.somebody_free, who))

    def served_by(self, who: InterpreterId) -> bool:
        """Whether somebody who became free may serve this request."""
        return self._hunts.served_by(who)

    async def put_through(self, reason: str) -> None:
        """The technician is on the way to a person."""

        async def work() -> None:
            data = {"reason": reason}
            await self.record.move(Trigger.PUT_THROUGH, EventKind.PUT_THROUGH, {**data})
            await self._hunts.cancel("put_through")
            await self._hunts.dismiss()

        await self._mailbox.ask(work)

    def happened(self, event: LegEvent) -> None:
        """The switch reports something about one of this call's legs."""
        self._mailbox.tell(partial(self._switch_event, event))

    def compare(self, at: datetime, snapshot: Snapshot) -> None:
        """Make this call agree with what the switch said at that moment, then go on."""
        self._mailbox.tell(partial(self._compare, at, snapshot))

    # --- what the switch reports ---------------------------------------------------------------

    async def _switch_event(self, event: LegEvent) -> None:
        leg = self.record.legs.get(event.leg)
        if leg is None or leg.ended:
            return
        match event:
            case LegRinging():
                if leg.role is Role.INTERPRETER and self._rings.why(leg.id) is None:
                    await self._hunts.ringing(leg.id, event.at)
            case LegAnswered():
                await self._answered(leg, event.at)
            case RoomEntered():
                await self._room.entered(leg, event.at)
            case RoomLeft():
                await self._room.left(leg, event.at)
            case LegEnded():
                await self._leg_ended(leg, event)

    async def _answered(self, leg: CallLeg, at: datetime) -> None:
        if leg.connected:
            return
        self.record.legs.update(leg.id, connected=True)
        why = self._rings.why(leg.id)
        if leg.role is Role.INTERPRETER and why is None:
            await self.record.note(EventKind.OFFER_ANSWERED, leg.id, at=at)
        elif why is Why.INVITED:
            await self.record.note(EventKind.MIGRANT_ANSWERED, leg.id, at=at)

    async def _leg_ended(self, leg: CallLeg, event: LegEnded) -> None:
        record = self.record
        was_accepted = record.serves(leg.id)
        await record.end_leg(leg, event.at, event.ending)
        if not await self._rings.ended(leg.id, event.ending.value):
            lost = event.ending is Ending.DROPPED and (leg.confirmed or leg.connected)
            if was_accepted:
                record.interpreters.pop(leg.part)
            if not (lost and await self._guard.dropped(leg)):
                await self._gone(leg, event.ending, was_accepted=was_accepted)
        if leg.role is Role.INTERPRETER:
            await self._hunts.leg_ended()
        if not record.legs.open() and not record.calling_back:
            await record.close()

    async def _gone(self, leg: CallLeg, ending: Ending, *, was_accepted: bool) -> None:
        """A leg ended for good."""
        record = self.record
        if leg.role is Role.TECHNICIAN:
            if leg.id == record.technician and not record.calling_back:
                await self._part()
        elif leg.role is Role.INTERPRETER and not was_accepted:
            await self._hunts.over(leg.id, EventKind.OFFER_UNANSWERED, ending.value)
        elif leg.role is Role.INTERPRETER and record.state is CallState.TALKING:
            await self._part()
        elif leg.role is Role.INTERPRETER and record.state is CallState.JOINING:
            await self._replace_interpreter(leg.part)

    async def _replace_interpreter(self, part: Part, excluded: InterpreterId | None = None) -> None:
        """The others still need an interpreter: the technician waits again, the hunt goes on."""
        record = self.record
        if advance(record.progress, Trigger.INTERPRETER_LOST) is None:
            return
        talked = record.state is CallState.TALKING
        record.interpreters.pop(part, None)
        await record.move(Trigger.INTERPRETER_LOST)
        technician = record.legs.get(record.technician)
        if technician is not None and technician.connected and not technician.ended:
            # Out of the room, or on the way there: back to the waiting conversation.
            await self._commands.send(record.technician, ConversationName.LINE)
        if talked:
            await self._room.announce(Announcement.REPLACING_INTERPRETER)
            await self._hunts.replace(part, excluded)
        else:
            await self._hunts.go_on()

    async def _part(self) -> None:
        await self._hunts.cancel("caller_gone")
        await self._room.part()

    async def _compare(self, at: datetime, snapshot: Snapshot) -> None:
        record = self.record
        known = [leg for leg in record.legs.open() if leg.since <= at]
        gone = [leg for leg in known if leg.id not in snapshot.legs]
        inside = snapshot.rooms.get(record.room, frozenset())
        counts = {"gone": len(gone), "in_room": len(inside)}
        await record.note(EventKind.RECONCILED, data={**counts})
        if known and len(gone) == len(record.legs.open()) and not record.calling_back:
            await record.lose(gone)
            return
        for leg in known:
            if leg.id in inside:
                await self._switch_event(RoomEntered(leg.id, record.room, at))
            elif leg.in_room:
                await self._switch_event(RoomLeft(leg.id, record.room, at))
        for leg in gone:
            await self._switch_event(LegEnded(leg.id, at, Ending.HUNG_UP))
        if record.state is CallState.JOINING:
            await self._room.bring_technician()
        await self._hunts.go_on()

    # --- small tools ---------------------------------------------------------------------------

    def _adopt(self, leg: CallLeg) -> None:
        self.record.legs.add(leg)
        self._listeners.new_leg(leg.id, self.id)

    def _is_wanted(self, role: Role) -> bool:
        """Whether the room waits for somebody of this role who is being rung.

        Not for a lost interpreter once the call hunts again: then others may be on their way.
        """
        if role is Role.INTERPRETER:
            return self.record.state is CallState.TALKING
        return self.record.state in _MEETING

    def _is_open(self, leg: LegId) -> bool:
        found = self.record.legs.get(leg)
        return found is not None and not found.ended
