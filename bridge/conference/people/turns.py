# SPDX-License-Identifier: EUPL-1.2
"""The two turns that a call in its room may take: another interpreter, and the end."""

from __future__ import annotations

from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.relay import Hunts
from bridge.conference.legs import Part
from bridge.conference.model import CallState, Trigger, advance
from bridge.conference.people.room import Room
from bridge.conference.people.waiting import Waiting
from bridge.conference.record import CallRecord
from bridge.ivr.announcements import Announcement
from bridge.telephony.switch import ConversationName


class Turns:
    """Carries them out for one call."""

    def __init__(
        self,
        record: CallRecord,
        commands: SwitchCommands,
        hunts: Hunts,
        room: Room,
        waiting: Waiting,
    ) -> None:
        self._record = record
        self._commands = commands
        self._hunts = hunts
        self._room = room
        self._waiting = waiting

    async def replace(self, part: Part) -> None:
        """The others still need an interpreter: the technician waits again, the hunt goes on.

        An operator stays in the room, with music when alone: no menu is theirs.
        """
        record = self._record
        if advance(record.progress, Trigger.INTERPRETER_LOST) is None:
            return
        talked = record.state is CallState.TALKING
        await record.move(Trigger.INTERPRETER_LOST)
        record.interpreters.pop(part, None)
        await self._waiting.end_private("replaced")
        technician = record.legs.get(record.technician)
        is_here = technician is not None and technician.connected and not technician.ended
        if is_here and not record.led_by_operator:
            # Out of the room, or on the way there: back to the waiting conversation.
            await self._commands.send(record.technician, ConversationName.LINE)
        if talked:
            await self._room.announce(Announcement.REPLACING_INTERPRETER)
            await self._hunts.replace(part)
        else:
            await self._hunts.go_on()

    async def end(self) -> None:
        """It is over for everybody."""
        await self._hunts.cancel("caller_gone")
        await self._room.part()
