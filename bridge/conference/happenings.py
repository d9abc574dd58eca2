# SPDX-License-Identifier: EUPL-1.2
"""What the switch reports about the legs of one call, and what follows from it.

Reports may come late, doubled or out of order, so each is compared with what is known, and what is
known already changes nothing.
"""

from __future__ import annotations

from datetime import datetime

from bridge.calllog.model import EventKind
from bridge.conference.guard import DropGuard
from bridge.conference.leader import Leader
from bridge.conference.legs import CallLeg
from bridge.conference.model import CallState
from bridge.conference.record import CallRecord
from bridge.conference.relay import Hunts
from bridge.conference.rings import Rings, Why
from bridge.conference.room import Room
from bridge.conference.turns import Turns
from bridge.conference.waiting import Waiting
from bridge.telephony.switch import (
    Ending,
    LegAnswered,
    LegEnded,
    LegEvent,
    LegRinging,
    RoomEntered,
    RoomLeft,
    Snapshot,
)
from bridge.vocabulary import Role


class Happenings:
    """Takes what happened to the legs of one call."""

    def __init__(
        self,
        record: CallRecord,
        hunts: Hunts,
        rings: Rings,
        room: Room,
        leader: Leader,
        waiting: Waiting,
        guard: DropGuard,
        turns: Turns,
    ) -> None:
        self._record = record
        self._hunts = hunts
        self._rings = rings
        self._room = room
        self._leader = leader
        self._waiting = waiting
        self._guard = guard
        self._turns = turns

    async def happened(self, event: LegEvent) -> None:
        """One report."""
        leg = self._record.legs.get(event.leg)
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
                await self._ended(leg, event)

    async def compare(self, at: datetime, snapshot: Snapshot) -> None:
        """Make the record agree with what the switch said at that moment, then go on."""
        record = self._record
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
                await self.happened(RoomEntered(leg.id, record.room, at))
            elif leg.in_room:
                await self.happened(RoomLeft(leg.id, record.room, at))
        for leg in gone:
            await self.happened(LegEnded(leg.id, at, Ending.HUNG_UP))
        if record.state is CallState.JOINING:
            await self._leader.bring()
        if record.state is CallState.CLOSING:
            await self._room.go_on_parting()
        await self._waiting.keep_out()
        await self._waiting.bring_in()
        await self._hunts.go_on()

    async def _answered(self, leg: CallLeg, at: datetime) -> None:
        if leg.connected:
            return
        self._record.legs.update(leg.id, connected=True)
        why = self._rings.why(leg.id)
        if leg.role is Role.INTERPRETER and why is None:
            await self._record.note(EventKind.OFFER_ANSWERED, leg.id, at=at)
        elif why is Why.INVITED:
            await self._record.note(EventKind.MIGRANT_ANSWERED, leg.id, at=at)

    async def _ended(self, leg: CallLeg, event: LegEnded) -> None:
        record = self._record
        was_accepted = record.serves(leg.id)
        await record.end_leg(leg, event.at, event.ending)
        if leg.in_room and (was_accepted or record.leads(leg.id)):
            await self._waiting.end_private("left")
        if not await self._rings.ended(leg.id, event.ending.value):
            lost = event.ending is Ending.DROPPED and (leg.confirmed or leg.connected)
            if was_accepted:
                record.interpreters.pop(leg.part)
            if not (lost and await self._guard.dropped(leg)):
                await self._gone(leg, event.ending, was_accepted=was_accepted)
        if leg.role is Role.INTERPRETER:
            await self._hunts.leg_ended()
        if leg.role is Role.MIGRANT and not record.legs.of(Role.MIGRANT):
            await self._waiting.end_private("left")
        if not record.legs.open() and not record.calling_back:
            await record.close()

    async def _gone(self, leg: CallLeg, ending: Ending, *, was_accepted: bool) -> None:
        """A leg ended for good."""
        record = self._record
        if record.leads(leg.id):
            # Who was rung, came, and hangs up wanted to; a promise to ring them holds no more.
            left = leg.confirmed and ending is Ending.HUNG_UP
            if left or not record.calling_back:
                await self._turns.end()
        elif leg.role is Role.MIGRANT:
            if self._nobody_is_left_for_the_operator():
                await self._turns.end()
        elif leg.role is Role.INTERPRETER and not was_accepted:
            await self._hunts.over(leg.id, EventKind.OFFER_UNANSWERED, ending.value)
        elif leg.role is Role.INTERPRETER and record.state is CallState.TALKING:
            await self._turns.end()
        elif leg.role is Role.INTERPRETER and record.state is CallState.JOINING:
            await self._turns.replace(leg.part)

    def _nobody_is_left_for_the_operator(self) -> bool:
        """Whether the migrant was the one for whom an operator is there, and nobody else is.

        With an interpreter beside them, operator and interpreter may still have a word.
        """
        record = self._record
        with_interpreter = record.state is CallState.TALKING and not record.progress.direct
        return record.led_by_operator and not with_interpreter
