# SPDX-License-Identifier: EUPL-1.2
"""What the switch reports about the legs of one call, and what follows from it.

Reports may come late, doubled or out of order, so each is compared with what is known, and what is
known already changes nothing.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from bridge.calllog.model import EventKind
from bridge.conference.hunting.relay import Hunts
from bridge.conference.legs import CallLeg
from bridge.conference.people.rings import Rings, Why
from bridge.conference.people.room import Room
from bridge.conference.record import CallRecord
from bridge.conference.settling import Settling
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
from bridge.vocabulary import LegId, Role


class Happenings:
    """Takes what happened to the legs of one call."""

    def __init__(
        self, record: CallRecord, hunts: Hunts, rings: Rings, room: Room, settling: Settling
    ) -> None:
        self._record = record
        self._hunts = hunts
        self._rings = rings
        self._room = room
        self._settling = settling

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
                await self._record.end_leg(leg, event.at, event.ending)
                await self._settling.settle()

    async def compare(
        self,
        at: datetime,
        snapshot: Snapshot,
        *,
        taken_over: bool,
        doubtful: Set[LegId] = frozenset(),
    ) -> None:
        """Make the record agree with what the switch said at that moment, then go on.

        A leg that is younger than that is not missed, unless it is `doubtful`: older than that for
        sure. With `taken_over`, all are.
        """
        record = self._record
        known = [
            leg for leg in record.legs.open() if taken_over or leg.id in doubtful or leg.since < at
        ]
        gone = [leg for leg in known if leg.id not in snapshot.legs]
        inside = snapshot.rooms.get(record.room, frozenset())
        counts = {"gone": len(gone), "in_room": len(inside)}
        await record.note(EventKind.RECONCILED, data={**counts})
        awaited = record.calling_back or record.to_be_told
        if known and len(gone) == len(record.legs.open()) and not awaited:
            await record.lose(gone)
            return
        for leg in known:
            if leg.id in inside:
                await self._room.entered(leg, at)
            elif leg.in_room:
                await self._room.left(leg, at)
        for leg in gone:
            await record.end_leg(leg, at, self._unseen(leg))
        if taken_over:
            await self._settling.take_over(at)
        else:
            await self._settling.take_up()

    def _unseen(self, leg: CallLeg) -> Ending:
        """How a leg ended, most likely, whose end nobody saw.

        Whoever was being talked with when the bridge went away was hung up by the switch: who had
        come by then is wanted back, and what was asked is held against nobody. Who waited with
        music did not notice, and put the telephone down. Of who talked in the room, nobody can say.
        """
        if self._hunts.rings_on(leg.id) or not leg.connected:
            return Ending.CANCELLED
        came = leg.confirmed or self._record.serves(leg.id)
        if leg.has_entered and not leg.waits:
            return Ending.UNSEEN
        on_the_way = came and not (leg.waits or leg.rang)
        return Ending.DROPPED if on_the_way else Ending.HUNG_UP

    async def _answered(self, leg: CallLeg, at: datetime) -> None:
        if leg.connected:
            return
        why = self._rings.why(leg.id)
        if leg.role is Role.INTERPRETER and why is None:
            await self._record.note(EventKind.OFFER_ANSWERED, leg.id, at=at)
            self._hunts.answered(leg.id)
        elif why is Why.INVITED:
            await self._record.note(EventKind.MIGRANT_ANSWERED, leg.id, at=at)
        self._record.legs.update(leg.id, connected=True)
