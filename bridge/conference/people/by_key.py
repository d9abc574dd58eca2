# SPDX-License-Identifier: EUPL-1.2
"""What the people in the room of one call can have done by key; each in the call's own turn."""

from __future__ import annotations

from functools import partial

from bridge.conference.mailbox import Mailbox
from bridge.conference.model import CallState
from bridge.conference.people.afterwards import Afterwards
from bridge.conference.people.guests import Guests, Invitation
from bridge.conference.people.room import Room
from bridge.conference.people.turns import Turns
from bridge.conference.people.waiting import Waiting
from bridge.conference.record import CallRecord
from bridge.conference.settling import Settling
from bridge.ratings.model import Flag, Rating
from bridge.telephony.gate import Refusal
from bridge.vocabulary import LegId


class ByKey:
    """The commands of one call's room. All but `end` and `refusal` raise `MailboxClosed` when the
    call is over.
    """

    def __init__(
        self,
        record: CallRecord,
        mailbox: Mailbox,
        room: Room,
        waiting: Waiting,
        turns: Turns,
        settling: Settling,
        guests: Guests,
        afterwards: Afterwards,
    ) -> None:
        self._record = record
        self._mailbox = mailbox
        self._room = room
        self._waiting = waiting
        self._turns = turns
        self._settling = settling
        self._guests = guests
        self._afterwards = afterwards

    async def swap(self, reason: str, *, exclude: bool) -> bool:
        """Somebody in the room wants another interpreter. Whether there is one to be swapped.

        In a relay it is the one who speaks Portuguese, whom the technician can understand.
        """

        async def work() -> bool:
            leg = self._record.interpreter
            if leg is None or self._record.state is not CallState.TALKING:
                return False
            await self._record.let_go(leg, reason, exclude=exclude)
            # Whoever pressed the key is moved by it, and is still being told that it was heard.
            self._mailbox.tell(self._settling.settle)
            return True

        return await self._mailbox.ask(work)

    async def ring_migrant(self) -> bool:
        """Ring the migrant (again). Whether there is anybody to ring.

        Raises `NotPermitted` when too many numbers were rung for the technician or agency: each
        ring by key counts, or one number could be rung without end.
        """

        async def work() -> bool:
            if self._record.migrant_to is None:
                return False
            await self._room.ring_migrant(counts=True)
            return True

        return await self._mailbox.ask(work)

    async def drop_migrant(self) -> bool:
        """Put the migrant's telephone down. Whether the migrant was there."""
        return await self._mailbox.ask(self._room.drop_migrant)

    async def private_word(self, by: LegId) -> bool:
        """The migrant is to wait outside. Whether there is a migrant in the room by telephone."""

        async def work() -> bool:
            leg = self._record.legs.get(by)
            return leg is not None and await self._waiting.begin_private(leg)

        return await self._mailbox.ask(work)

    async def end_private_word(self) -> bool:
        """The migrant is to hear the others again. Whether there was a private word."""

        async def work() -> bool:
            was_private = self._record.private
            await self._waiting.end_private("key")
            return was_private

        return await self._mailbox.ask(work)

    async def call_operator(self) -> Invitation:
        """Ring whoever is on duty into the room."""
        return await self._mailbox.ask(self._guests.call_operator)

    def refusal(self, digits: str) -> Refusal | None:
        """Why a number keyed in the room may not be rung; `None` when it may."""
        return self._guests.refusal(digits)

    async def add_guest(self, digits: str) -> Invitation:
        """Ring a number keyed in the room into it. Raises `NotPermitted`."""
        return await self._mailbox.ask(partial(self._guests.add, digits))

    async def has_operator(self) -> bool:
        """Whether somebody is on duty who could be called into the room now."""
        return await self._guests.has_operator()

    def may_rate(self, leg: LegId) -> bool:
        """Whether this person is asked how it was."""
        return self._afterwards.may_rate(leg)

    async def rate(self, leg: LegId, rating: Rating, flag: Flag | None = None) -> bool:
        """Somebody rates it; see `Afterwards.rate`."""
        return await self._mailbox.ask(partial(self._afterwards.rate, leg, rating, flag))

    def end(self) -> None:
        """Somebody in the room ends it for all.

        Not waited for: the leg on which it was asked is moved by it.
        """
        self._mailbox.insist(self._turns.end)
