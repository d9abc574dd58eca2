# SPDX-License-Identifier: EUPL-1.2
"""The drop guard: a leg that vanished from the room is rung again while the others are told.

Only a leg that a network lost is brought back; who hung up wanted to. Of a leg that vanished while
no bridge watched nobody knows: its person is rung once, for it may have been the network, and the
others miss them either way. The interpreter's promise is made anew at once, so that nobody else
gets them meanwhile; the job number stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from bridge.conference.hunting.offers import Telephone, dialable_again
from bridge.conference.legs import CallLeg, Part
from bridge.conference.model import LACKING, CallState
from bridge.conference.people.rings import Ring, Rings, Why, permitted
from bridge.conference.people.room import Room
from bridge.conference.record import CallRecord
from bridge.ivr.announcements import Announcement
from bridge.roster.live import LiveRoster
from bridge.telephony.switch import ConversationName, Ending
from bridge.vocabulary import PhoneNumber, Role

TRIES = 2
"""How often a lost leg is rung again before it is given up."""
TRIES_UNSEEN = 1
"""How often, when they may have hung up: who wanted to go is disturbed no more than that."""

_CONVERSATIONS = {
    Role.TECHNICIAN: ConversationName.CALL_BACK,
    Role.OPERATOR: ConversationName.INVITED,
    Role.INTERPRETER: ConversationName.REJOIN,
    Role.MIGRANT: ConversationName.REJOIN,
}
_LOST = {
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
        roster: LiveRoster,
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
        self._roster = roster
        self._end = end
        self._replace = replace

    async def dropped(self, leg: CallLeg) -> bool:
        """A leg was lost. Whether it is being brought back."""
        record = self._record
        if record.state is not CallState.TALKING and not self._still_awaited(leg):
            return False
        ring = self._ring_for(leg)
        if ring is None:
            return False
        leads = record.leads(leg.id)
        record.technician_lost = record.technician_lost or leads
        word = Announcement.LOST_TECHNICIAN if leads else _LOST[leg.role]
        await self._room.announce_loss(word, leg.role)
        await self._rings.ring(ring)
        return True

    def resume(self, leg: CallLeg) -> None:
        """A telephone rings that a process redialled which died: whoever answers is wanted back."""
        ring = self._ring_for(leg)
        if ring is not None:
            self._rings.resume(leg.id, ring)

    def _ring_for(self, leg: CallLeg) -> Ring | None:
        """The ring that brings somebody back who was on this leg; `None` if it cannot be made."""
        telephones = self._telephones(leg)
        if not telephones:
            return None
        (phone, to), *others = telephones
        return Ring(
            leg.role,
            to,
            Why.DROPPED,
            _CONVERSATIONS[leg.role],
            on_failure=self._on_failure(leg),
            tries=self._tries(leg),
            interpreter=leg.interpreter,
            part=leg.part,
            relay=leg.relay,
            phone=phone,
            others=tuple(others),
            leads=self._record.leads(leg.id),
        )

    def _tries(self, leg: CallLeg) -> int:
        """How often they are rung; on this leg they were lost, or are rung already."""
        part = leg.part if leg.role is Role.INTERPRETER else None
        lost = self._record.legs.latest(leg.role, part)
        return TRIES_UNSEEN if lost is not None and lost.ending is Ending.UNSEEN else TRIES

    def _still_awaited(self, leg: CallLeg) -> bool:
        """Whether this is the migrant who rang, lost while an operator is being found for them."""
        return (
            leg.role is Role.MIGRANT
            and self._record.led_by_operator
            and self._record.state in {*LACKING, CallState.JOINING}
        )

    def _telephones(self, leg: CallLeg) -> list[Telephone]:
        """Where they can be rung, first where they were; only interpreters have several."""
        record = self._record
        number: PhoneNumber | None = None
        if record.leads(leg.id):
            number = record.technician_number
        elif leg.role is Role.MIGRANT:
            number = record.migrant_to
        elif leg.role is Role.INTERPRETER and leg.interpreter is not None:
            return dialable_again(self._roster.interpreter(leg.interpreter).phones, leg.phone)
        to = permitted(number, record.dial_rules)
        return [] if to is None else [(0, to)]

    def _on_failure(self, leg: CallLeg) -> Callable[[], Awaitable[None]]:
        if self._record.leads(leg.id):
            return self._technician_lost
        if leg.role is Role.INTERPRETER:
            return partial(self._replace, leg.part)
        return lambda: self._room.announce(Announcement.CANNOT_REACH_MIGRANT)

    async def _technician_lost(self) -> None:
        self._record.technician_lost = False
        await self._room.announce(Announcement.CANNOT_REACH_TECHNICIAN)
        await self._end()
