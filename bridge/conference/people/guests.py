# SPDX-License-Identifier: EUPL-1.2
"""Whom a call has beyond technician, interpreter and migrant: operators, and a fourth person.

An operator joins in the technician's place, for a migrant who rang the line, or as a further
person whom somebody in the room called. A fourth person's number was keyed in the room.
"""

from __future__ import annotations

from enum import StrEnum

from bridge.conference.model import CallState
from bridge.conference.on_duty import OnDuty, on_duty
from bridge.conference.people.rings import Ring, Rings, Why
from bridge.conference.people.room import Room
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.ivr.announcements import Announcement
from bridge.telephony.gate import NotPermitted, PermittedNumber, Refusal, permit
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import LegId, Role


class Invitation(StrEnum):
    """What became of the wish that somebody joins."""

    RINGING = "ringing"
    THERE = "there"
    """Somebody of this kind is in the room, or being rung."""
    NOBODY = "nobody"
    """Nobody is on duty."""
    NOT_NOW = "not_now"


class Guests:
    """Rings further people into the room of one call."""

    def __init__(self, ports: Ports, record: CallRecord, rings: Rings, room: Room) -> None:
        self._ports = ports
        self._record = record
        self._rings = rings
        self._room = room

    async def call_operator(self) -> Invitation:
        """Ring whoever is on duty into the room, one after the other until somebody comes."""
        if self._record.state is not CallState.TALKING:
            return Invitation.NOT_NOW
        if self._is_there(Role.OPERATOR):
            return Invitation.THERE
        found = await self._on_duty()
        if not found:
            return Invitation.NOBODY
        await self._ring_operators(found)
        return Invitation.RINGING

    async def has_operator(self) -> bool:
        """Whether there is somebody on duty who is not in the room yet."""
        return not self._is_there(Role.OPERATOR) and bool(await self._on_duty())

    async def add(self, digits: str) -> Invitation:
        """Ring a number that somebody in the room keyed. Raises `NotPermitted`."""
        record, request = self._record, self._record.request
        if record.state is not CallState.TALKING or request is None:
            return Invitation.NOT_NOW
        if self._is_there(Role.GUEST):
            return Invitation.THERE
        to = permit(digits, record.dial_rules)
        await record.spend(request)
        await self._rings.ring(self._guests_ring(to))
        return Invitation.RINGING

    def resume(self, leg: LegId, why: Why) -> None:
        """A telephone rings that a process rang which died: whoever answers is still wanted."""
        ring = self._guests_ring(None) if why is Why.ADDED else self._operators_ring(None, [])
        self._rings.resume(leg, ring)

    def refusal(self, digits: str) -> Refusal | None:
        """Why a keyed number may not be rung; `None` when it may."""
        try:
            permit(digits, self._record.dial_rules)
        except NotPermitted as error:
            return error.reason
        return None

    def _is_there(self, role: Role) -> bool:
        """Whether somebody of this role is rung or in the room, beyond who leads the call."""
        in_room = (leg for leg in self._record.legs.of(role) if leg.in_room)
        return self._rings.any(role) or any(not self._record.leads(leg.id) for leg in in_room)

    def _guests_ring(self, to: PermittedNumber | None) -> Ring:
        return Ring(
            Role.GUEST,
            to,
            Why.ADDED,
            ConversationName.INVITED,
            on_failure=lambda: self._room.announce(Announcement.CANNOT_REACH_GUEST),
        )

    def _operators_ring(self, to: PermittedNumber | None, others: list[OnDuty]) -> Ring:
        """The ring of one operator; the others follow when nobody comes."""

        async def next_one() -> None:
            left: list[OnDuty] = []
            if others and self._record.state is CallState.TALKING:
                # A telephone rings for long: meanwhile they may have gone off duty, or be removed.
                there = {one.to.number for one in await self._on_duty()}
                left = [one for one in others if one.to.number in there]
            if left:
                await self._ring_operators(left)
            else:
                await self._room.announce(Announcement.CANNOT_REACH_OPERATOR)

        return Ring(Role.OPERATOR, to, Why.CALLED, ConversationName.INVITED, on_failure=next_one)

    async def _ring_operators(self, operators: list[OnDuty]) -> None:
        """Ring the first of them."""
        first, *others = operators
        at = self._ports.clock.now()
        await self._record.transact(lambda conn: first.taken(conn, at))
        await self._rings.ring(self._operators_ring(first.to, others))

    async def _on_duty(self) -> list[OnDuty]:
        """Who can be rung and is not in this call already, the longest idle first."""
        record, at = self._record, self._ports.clock.now()
        found = await record.transact(lambda conn: on_duty(conn, at, self._ports.operator))
        in_call = record.technician_number if record.led_by_operator else None
        return [one for one in found if one.to.number != in_call]
