# SPDX-License-Identifier: EUPL-1.2
"""The room of one call: bringing people in, ringing the migrant, and the goodbye."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.legs import CallLeg
from bridge.conference.model import CallState, Trigger, advance
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.telephony.gate import permit
from bridge.telephony.switch import ConversationName, OutboundLeg
from bridge.vocabulary import LegId, Role, RoomId, new_leg_id


class Room:
    """Who of one call is in its room, and what follows from that."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        *,
        adopt: Callable[[CallLeg], None],
    ) -> None:
        self._ports = ports
        self._record = record
        self._commands = commands
        self._adopt = adopt

    async def bring_technician(self) -> None:
        """Move the technician, who waits, to the interpreter who accepted."""
        record = self._record
        await self._commands.bring(
            record.technician,
            record.room,
            wanted=lambda: (
                record.state is CallState.JOINING and not record.legs.in_room(record.technician)
            ),
        )

    async def entered(self, leg: CallLeg, at: datetime) -> None:
        """The switch says that the leg hears the others."""
        record = self._record
        if leg.in_room:
            return
        record.legs.update(leg.id, connected=True, in_room=True)
        await record.note(EventKind.ROOM_ENTERED, leg.id, {"role": leg.role.value}, at)
        if record.state is CallState.JOINING and self._pair_is_in():
            await record.move(Trigger.JOIN)
            await self._ring_migrant()
        if not record.complete and self._everybody_is_in():
            record.complete = True
            await record.note(EventKind.ROOM_COMPLETE, at=at)

    async def left(self, leg: CallLeg, at: datetime) -> bool:
        """The leg is out of the room. Whether that ends the conversation of the others."""
        if not leg.in_room:
            return False
        self._record.legs.update(leg.id, in_room=False)
        await self._record.note(EventKind.ROOM_LEFT, leg.id, {"role": leg.role.value}, at)
        return leg.role is not Role.MIGRANT and self._record.state is CallState.TALKING

    async def migrant_confirmed(self, leg: LegId) -> RoomId | None:
        """A person pressed a key on the migrant's leg. The room to enter, or `None`."""
        if self._record.state is not CallState.TALKING:
            await self._record.note(EventKind.LATE, leg, {"what": "migrant_confirmed"})
            return None
        self._record.legs.update(leg, confirmed=True)
        await self._record.note(EventKind.MIGRANT_CONFIRMED, leg)
        return self._record.room

    async def part(self) -> None:
        """Technician or interpreter is gone: the others hear goodbye, nobody is left ringing."""
        record = self._record
        if advance(record.progress, Trigger.PART) is None:
            return
        await record.move(Trigger.PART)
        for leg in record.legs.open():
            if leg.connected and (leg.in_room or leg.id == record.interpreter):
                await self._commands.send(leg.id, ConversationName.GOODBYE)
            elif leg.role is not Role.TECHNICIAN:
                await self._commands.hang_up(leg.id)

    def _pair_is_in(self) -> bool:
        record = self._record
        return (
            record.interpreter is not None
            and record.legs.in_room(record.technician)
            and record.legs.in_room(record.interpreter)
        )

    def _everybody_is_in(self) -> bool:
        request = self._record.request
        if request is None or not self._pair_is_in():
            return False
        return request.migrant is None or self._record.legs.role_in_room(Role.MIGRANT)

    async def _ring_migrant(self) -> None:
        request = self._record.request
        if request is None or request.migrant is None:
            return
        leg, at = new_leg_id(Role.MIGRANT), self._ports.clock.now()

        def work(conn: Connection) -> None:
            store.add_leg(conn, leg, self._record.id, Role.MIGRANT, at)
            calllog.append(conn, self._record.event(EventKind.MIGRANT_RUNG, leg, at=at))

        await self._record.transact(work)
        self._adopt(CallLeg(leg, Role.MIGRANT, at))
        await self._commands.ring(
            OutboundLeg(
                leg=leg,
                to=permit(request.migrant),
                caller_id=self._ports.caller_id,
                conversation=ConversationName.MIGRANT,
                ring_seconds=self._ports.migrant_ring_seconds,
            )
        )
