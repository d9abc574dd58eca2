# SPDX-License-Identifier: EUPL-1.2
"""The room of one call: bringing people in, and the goodbye."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge.calllog.model import EventKind
from bridge.conference.commands import SwitchCommands
from bridge.conference.legs import CallLeg
from bridge.conference.model import CallState, Trigger, advance
from bridge.conference.people.prompt_languages import MigrantLanguages, prompt_languages
from bridge.conference.people.rings import Ring, Rings, Why, permitted
from bridge.conference.people.waiting import Waiting
from bridge.conference.record import CallRecord, Data
from bridge.ivr.announcements import FOR_MIGRANTS, Announcement
from bridge.prompts.rules import COMPLETE_LANGUAGES
from bridge.telephony.gate import NotPermitted, PermittedNumber
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import LegId, Role

_IN_TURN = (Role.TECHNICIAN, Role.INTERPRETER, Role.OPERATOR, Role.GUEST, Role.MIGRANT)
"""Whose language an announcement is made in first."""


class Room:
    """Who of one call is in its room, and what follows from that."""

    def __init__(
        self,
        record: CallRecord,
        commands: SwitchCommands,
        rings: Rings,
        waiting: Waiting,
        *,
        migrant_languages: MigrantLanguages,
    ) -> None:
        self._record = record
        self._commands = commands
        self._rings = rings
        self._waiting = waiting
        self._misses: set[Role] = set()
        """Whom those in the room were told to be missing, as long as that may still be heard."""
        self._migrant_languages = migrant_languages

    async def ring_migrant(self, *, counts: bool) -> None:
        """Ring the migrant, unless there is a telephone of theirs in the call.

        `counts`: against the caps of technician and agency, so that it raises `NotPermitted` when
        they are reached. The first ring was counted with the request.
        """
        record = self._record
        to = permitted(record.migrant_to, record.dial_rules)
        if to is None or record.legs.of(Role.MIGRANT):
            return
        if counts and record.request is not None:
            await record.spend(record.request)
        await self._rings.ring(self._migrants_ring(to))

    async def _ring_migrant_again(self) -> None:
        """The migrant, who is gone, is wanted by another interpreter; unless it is too often.

        It counts: another interpreter is a matter of a key, and may be asked for time and again.
        """
        try:
            await self.ring_migrant(counts=True)
        except NotPermitted as refused:
            data: Data = {"reason": refused.reason.value}
            await self._record.note(EventKind.MIGRANT_UNREACHED, data=data)
            await self.announce(Announcement.CANNOT_REACH_MIGRANT)

    def resume(self, leg: LegId) -> None:
        """The migrant's telephone rings since before a process died: they are still wanted."""
        to = permitted(self._record.migrant_to, self._record.dial_rules)
        if to is not None:
            self._rings.resume(leg, self._migrants_ring(to))

    def _migrants_ring(self, to: PermittedNumber) -> Ring:
        return Ring(
            Role.MIGRANT,
            to,
            Why.INVITED,
            ConversationName.MIGRANT,
            on_failure=lambda: self.announce(Announcement.CANNOT_REACH_MIGRANT),
        )

    async def drop_migrant(self) -> bool:
        """Put the migrant's telephone down. Whether the migrant was there."""
        legs = [leg for leg in self._record.legs.open() if leg.role is Role.MIGRANT]
        for leg in legs:
            # Whom a key puts down is not rung back, though they were being rung after a loss.
            self._rings.is_last_try(leg.id)
            await self._commands.hang_up(leg.id)
        return bool(legs)

    async def nobody_keyed(self, leg: LegId, *, left: bool) -> None:
        """The migrant's telephone was answered, and no key was pressed: a voicemail, perhaps.

        `left`: the agreed message was said to it.
        """
        if left:
            await self._record.note(EventKind.VOICEMAIL_LEFT, leg)
        word = Announcement.VOICEMAIL_LEFT if left else Announcement.NO_KEY_FROM_MIGRANT
        self._rings.instead(leg, lambda: self.announce(word))

    async def entered(self, leg: CallLeg, at: datetime) -> None:
        """The switch says that the leg hears the others."""
        record = self._record
        if leg.in_room:
            return
        await record.note(EventKind.ROOM_ENTERED, leg.id, {"role": leg.role.value}, at)
        record.legs.update(leg.id, connected=True, in_room=True, has_entered=True, waits=False)
        if self._misses and leg.role in self._misses:
            self._misses.discard(leg.role)
            await self._commands.hush(record.room)
        if record.state is CallState.QUEUED and record.leads(leg.id):
            await self.announce(Announcement.NO_INTERPRETER_YET)
        await self.gathered()

    async def gathered(self) -> None:
        """What follows once those whom the call is for are in the room, and once everybody is."""
        record = self._record
        if record.state is CallState.JOINING and self._they_are_in():
            again = record.progress.talked
            await record.move(Trigger.JOIN, also=record.note_served)
            record.calling_back = False
            if record.request is not None and record.request.migrant is not None:
                await (self._ring_migrant_again() if again else self.ring_migrant(counts=False))
            await self._waiting.bring_in()
        if not record.complete and self._everybody_is_in():
            await record.note(EventKind.ROOM_COMPLETE)
            record.complete = True

    async def left(self, leg: CallLeg, at: datetime) -> None:
        """The leg is out of the room; whether it is gone is told by its end."""
        if leg.in_room:
            await self._record.note(EventKind.ROOM_LEFT, leg.id, {"role": leg.role.value}, at)
            self._record.legs.update(leg.id, in_room=False)
            await self._waiting.look_after()

    async def announce(self, word: Announcement) -> None:
        """Have those in the room hear it, once in each language that somebody there needs.

        All hear the same, and nobody can be taken to understand another's: the interpreter need
        not know an English-speaking agency's language, nor the agency theirs.
        """
        record = self._record
        languages = {
            language: None
            for role in _IN_TURN
            if record.legs.role_in_room(role) and (word in FOR_MIGRANTS or role is not Role.MIGRANT)
            for language in prompt_languages(record, role, self._migrant_languages)
            if word in FOR_MIGRANTS or language in COMPLETE_LANGUAGES
        }
        for language in languages:
            await self._commands.announce(record.room, (word.value,), language)

    async def announce_loss(self, word: Announcement, of: Role) -> None:
        """Have those in the room hear that somebody was lost, until that one is back."""
        self._misses.add(of)
        await self.announce(word)

    async def part(self) -> None:
        """It is over: those in the room hear goodbye, nobody is left ringing."""
        record = self._record
        if advance(record.progress, Trigger.PART) is None:
            return
        await record.move(Trigger.PART)
        record.calling_back = record.private = False
        await self._let_go(record.legs.open())

    async def go_on_parting(self) -> None:
        """It was over before a process died, which may not have told everybody in the room."""
        await self._let_go(
            leg
            for leg in self._record.legs.open()
            if (leg.in_room or leg.waits or not leg.connected)
            # Who is to hear that it is over stays.
            and self._rings.why(leg.id) is not Why.EXPIRED
        )

    async def part_from_technician(self, *, waiting: bool) -> None:
        """The technician goes elsewhere while another interpreter is hunted: the others in the
        room hear goodbye, and none of them is left ringing.

        `waiting`: neither shall who waits outside.
        """
        record = self._record
        for leg in record.legs.open():
            outside = leg.waits and waiting
            if leg.role is Role.INTERPRETER or record.leads(leg.id):
                continue
            if leg.in_room or outside or not leg.connected:
                await self._let_go([leg])

    async def _let_go(self, legs: Iterable[CallLeg]) -> None:
        record = self._record
        for leg in legs:
            if leg.waits and not record.progress.talked:
                await self._waiting.dismiss(leg, Announcement.CANNOT_REACH_OPERATOR)
            elif leg.connected and (leg.in_room or leg.waits or record.serves(leg.id)):
                await self._commands.send(leg.id, ConversationName.GOODBYE)
            elif leg.id != record.technician or not leg.connected:
                await self._commands.hang_up(leg.id)

    def _they_are_in(self) -> bool:
        """Whether the technician and everybody who interprets for them are in the room."""
        record = self._record
        return (
            record.served
            and record.legs.in_room(record.technician)
            and all(record.legs.in_room(leg) for leg in record.interpreters.values())
        )

    def _everybody_is_in(self) -> bool:
        request = self._record.request
        if request is None or not self._they_are_in():
            return False
        return not request.by_telephone or self._record.legs.role_in_room(Role.MIGRANT)
