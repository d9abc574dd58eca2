# SPDX-License-Identifier: EUPL-1.2
"""Whom a call has beyond technician, interpreter and migrant: operators, and a fourth person.

An operator joins in the technician's place, for a migrant who rang the line, or as a further
person whom somebody in the room called. A fourth person's number was keyed in the room.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

from sqlalchemy import Connection

from bridge.conference.model import CallState
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.conference.rings import Ring, Rings, Why, permitted
from bridge.conference.room import Room
from bridge.ivr.announcements import Announcement
from bridge.operators import store as operators
from bridge.telephony.dials_store import spend
from bridge.telephony.gate import NotPermitted, PermittedNumber, Refusal, permit
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import PhoneNumber, Role


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
        numbers = await self._on_duty()
        if not numbers:
            return Invitation.NOBODY
        await self._ring_operators(numbers)
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
        agency, technician = request.agency, request.technician
        at = self._ports.clock.now()
        if agency is not None:
            await record.transact(lambda conn: spend(conn, agency, technician, at))
        await self._rings.ring(
            Ring(
                Role.GUEST,
                to,
                Why.ADDED,
                ConversationName.INVITED,
                on_failure=self._telling(Announcement.CANNOT_REACH_GUEST),
            )
        )
        return Invitation.RINGING

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

    async def _ring_operators(self, numbers: list[PermittedNumber]) -> None:
        """Ring the first of them; the others follow when nobody comes."""
        first, *others = numbers

        async def next_one() -> None:
            if others and self._record.state is CallState.TALKING:
                await self._ring_operators(others)
            else:
                await self._room.announce(Announcement.CANNOT_REACH_OPERATOR)

        ring = Ring(Role.OPERATOR, first, Why.CALLED, ConversationName.INVITED, on_failure=next_one)
        await self._rings.ring(ring)

    async def _on_duty(self) -> list[PermittedNumber]:
        """Who can be rung, the longest idle first; whom the installation names stands last."""
        at = self._ports.clock.now()

        def work(conn: Connection) -> list[PhoneNumber]:
            return [one.number for one in operators.on_duty(conn, at)]

        numbers = await self._record.transact(work)
        if self._ports.operator is not None and self._ports.operator not in numbers:
            numbers.append(self._ports.operator)
        in_call = self._record.technician_number if self._record.led_by_operator else None
        found = [permitted(number) for number in numbers if number != in_call]
        return [one for one in found if one is not None]

    def _telling(self, word: Announcement) -> Callable[[], Awaitable[None]]:
        return lambda: self._room.announce(word)
