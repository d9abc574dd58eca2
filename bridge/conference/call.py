# SPDX-License-Identifier: EUPL-1.2
"""One call, from the technician's ring to the last hang-up.

Everything runs in the call's own mailbox, so nothing here happens twice at once. Each step writes
its events in one transaction first and acts on the switch afterwards; the transition table says
whether a step still makes sense. The hunt and the room are parts of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from bridge.agencies.model import Technician
from bridge.calllog.model import EventKind
from bridge.conference.commands import SwitchCommands
from bridge.conference.hunt import Hunt
from bridge.conference.legs import CallLeg
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import TERMINAL, CallState, Request, Trigger, advance
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.conference.recovery import Remembered
from bridge.conference.room import Room
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
from bridge.vocabulary import CallId, JobNumber, LegId, Role, RoomId


class Call:
    """The controller of one call."""

    def __init__(
        self,
        ports: Ports,
        call: CallId,
        job: JobNumber,
        technician: LegId,
        *,
        tell_nobody_available: Callable[[], None],
        on_leg: Callable[[LegId], None],
    ) -> None:
        """A call whose row is written.

        `tell_nobody_available` reaches the technician who waits; `on_leg` is told of every leg
        that the call adds, so that events find their way here.
        """
        self._mailbox = Mailbox()
        self._on_leg = on_leg
        self.record = CallRecord(ports, call, job, technician)
        self._commands = SwitchCommands(ports, self._mailbox, self.happened, self._is_open)
        self._hunt = Hunt(
            ports,
            self.record,
            self._commands,
            adopt=self._adopt,
            tell_nobody_available=tell_nobody_available,
        )
        self._room = Room(ports, self.record, self._commands, adopt=self._adopt)

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
        self.record.interpreter = remembered.interpreter
        self.record.complete = remembered.complete
        self.record.request = request
        for leg in remembered.legs:
            self.record.legs.add(leg)
        self._hunt.resume(remembered.tried, remembered.live_offers)

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
        await self._mailbox.ask(partial(self._hunt.begin, request, at))
        return self.job

    async def accepted(self, leg: LegId, at: datetime) -> RoomId | None:
        """The interpreter on `leg` pressed 1. The room to enter, or `None` when it is too late.

        The technician is moved at the same time; the interpreter's own conversation takes the
        interpreter there.
        """

        async def work() -> RoomId | None:
            room = await self._hunt.accept(leg, at)
            if room is not None:
                self._mailbox.tell(self._room.bring_technician)
            return room

        return await self._mailbox.ask(work)

    async def refused(self, leg: LegId) -> None:
        """The interpreter on `leg` pressed 2."""
        await self._mailbox.ask(partial(self._hunt.over, leg, EventKind.OFFER_REFUSED))

    async def offer_silent(self, leg: LegId) -> None:
        """Whoever answered on `leg` pressed nothing; it may be a voicemail."""
        await self._mailbox.ask(partial(self._hunt.over, leg, EventKind.OFFER_UNANSWERED, "no_key"))

    async def migrant_confirmed(self, leg: LegId) -> RoomId | None:
        """A person pressed a key on the migrant's leg. The room to enter, or `None`."""
        return await self._mailbox.ask(partial(self._room.migrant_confirmed, leg))

    async def put_through(self, reason: str) -> None:
        """The technician is on the way to a person."""

        async def work() -> None:
            data = {"reason": reason}
            await self.record.move(Trigger.PUT_THROUGH, EventKind.PUT_THROUGH, {**data})
            await self._hunt.cancel("put_through")

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
                if leg.role is Role.INTERPRETER:
                    await self.record.note(EventKind.OFFER_RINGING, leg.id, at=event.at)
            case LegAnswered():
                await self._answered(leg, event.at)
            case RoomEntered():
                await self._room.entered(leg, event.at)
            case RoomLeft():
                if await self._room.left(leg, event.at):
                    await self._part()
            case LegEnded():
                await self._leg_ended(leg, event)

    async def _answered(self, leg: CallLeg, at: datetime) -> None:
        if leg.connected:
            return
        self.record.legs.update(leg.id, connected=True)
        if leg.role is Role.INTERPRETER:
            await self.record.note(EventKind.OFFER_ANSWERED, leg.id, at=at)
        elif leg.role is Role.MIGRANT:
            await self.record.note(EventKind.MIGRANT_ANSWERED, leg.id, at=at)

    async def _leg_ended(self, leg: CallLeg, event: LegEnded) -> None:
        await self.record.end_leg(leg, event.at, event.ending)
        if leg.role is Role.TECHNICIAN:
            await self._part()
        elif leg.role is Role.INTERPRETER:
            await self._interpreter_gone(leg, event.ending)
        elif leg.role is Role.MIGRANT and not leg.confirmed:
            reason = {"reason": event.ending.value}
            await self.record.note(EventKind.MIGRANT_UNREACHED, leg.id, {**reason})
        if not self.record.legs.open():
            await self.record.close()

    async def _interpreter_gone(self, leg: CallLeg, ending: Ending) -> None:
        record = self.record
        if leg.id != record.interpreter:
            await self._hunt.over(leg.id, EventKind.OFFER_UNANSWERED, ending.value)
        elif record.state is CallState.TALKING:
            await self._part()
        elif advance(record.progress, Trigger.INTERPRETER_LOST) is not None:
            record.interpreter = None
            await record.move(Trigger.INTERPRETER_LOST)
            if record.legs.in_room(record.technician):
                # Out of the empty room, back to the waiting conversation.
                await self._commands.send(record.technician, ConversationName.LINE)
            await self._hunt.go_on()

    async def _part(self) -> None:
        await self._hunt.cancel("caller_gone")
        await self._room.part()

    async def _compare(self, at: datetime, snapshot: Snapshot) -> None:
        record = self.record
        known = [leg for leg in record.legs.open() if leg.since <= at]
        gone = [leg for leg in known if leg.id not in snapshot.legs]
        inside = snapshot.rooms.get(record.room, frozenset())
        counts = {"gone": len(gone), "in_room": len(inside)}
        await record.note(EventKind.RECONCILED, data={**counts})
        if len(gone) == len(record.legs.open()):
            await record.lose(gone)
            return
        for leg in known:
            if leg.id in inside:
                await self._switch_event(RoomEntered(leg.id, record.room, at))
            elif leg.in_room:
                await self._switch_event(RoomLeft(leg.id, record.room, at))
        for leg in gone:
            await self._switch_event(LegEnded(leg.id, at, Ending.HUNG_UP))
        await self._hunt.go_on()

    # --- small tools ---------------------------------------------------------------------------

    def _adopt(self, leg: CallLeg) -> None:
        self.record.legs.add(leg)
        self._on_leg(leg.id)

    def _is_open(self, leg: LegId) -> bool:
        found = self.record.legs.get(leg)
        return found is not None and not found.ended
