# SPDX-License-Identifier: EUPL-1.2
"""The drop guard: a leg that vanished from the room is rung again while the others are told.

Only a leg that a network lost is brought back; who hung up wanted to. The interpreter's promise is
made anew at once, so that nobody else gets them meanwhile; the job number stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from bridge.conference.legs import CallLeg, Part
from bridge.conference.model import CallState
from bridge.conference.record import CallRecord
from bridge.conference.rings import Ring, Rings, Why, permitted
from bridge.conference.room import Room
from bridge.ivr.announcements import Announcement
from bridge.roster.desk import RosterDesk
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import PhoneNumber, Role

TRIES = 2
"""How often a lost leg is rung again before it is given up."""

_LOST = {
    Role.TECHNICIAN: Announcement.LOST_TECHNICIAN,
    Role.INTERPRETER: Announcement.LOST_INTERPRETER,
    Role.MIGRANT: Announcement.LOST_MIGRANT,
}


class DropGuard:
    """Brings back who was dropped from the room of one call."""

    def __init__(
        self,
        record: CallRecord,
        rings: Rings,
        room: Room,
        desk: RosterDesk,
        *,
        end: Callable[[], Awaitable[None]],
        replace: Callable[[Part], Awaitable[None]],
    ) -> None:
        """`end` closes the room when the technician cannot be reached again; `replace` looks for
        another interpreter for the same part when this one cannot.
        """
        self._record = record
        self._rings = rings
        self._room = room
        self._desk = desk
        self._end = end
        self._replace = replace

    async def dropped(self, leg: CallLeg) -> bool:
        """A leg was lost. Whether it is being brought back."""
        if self._record.state is not CallState.TALKING:
            return False
        to = permitted(self._number(leg))
        if to is None:
            return False
        await self._room.announce(_LOST[leg.role])
        await self._rings.ring(
            Ring(
                leg.role,
                to,
                Why.DROPPED,
                ConversationName.CALL_BACK
                if leg.role is Role.TECHNICIAN
                else ConversationName.REJOIN,
                on_failure=self._on_failure(leg),
                tries=TRIES,
                interpreter=leg.interpreter,
                part=leg.part,
                relay=leg.relay,
            )
        )
        return True

    def _number(self, leg: CallLeg) -> PhoneNumber | None:
        request = self._record.request
        if leg.role is Role.TECHNICIAN:
            return self._record.technician_number
        if leg.role is Role.MIGRANT and request is not None:
            return request.migrant
        if leg.role is Role.INTERPRETER and leg.interpreter is not None:
            phones = self._desk.interpreter(leg.interpreter).phones
            return phones[0] if phones else None
        return None

    def _on_failure(self, leg: CallLeg) -> Callable[[], Awaitable[None]]:
        if leg.role is Role.TECHNICIAN:
            return self._technician_lost
        if leg.role is Role.INTERPRETER:
            return partial(self._replace, leg.part)
        return lambda: self._room.announce(Announcement.CANNOT_REACH_MIGRANT)

    async def _technician_lost(self) -> None:
        await self._room.announce(Announcement.CANNOT_REACH_TECHNICIAN)
        await self._end()
