# SPDX-License-Identifier: EUPL-1.2
"""What follows from how one call stands: for whoever is gone, and for what was begun and not ended.

Nothing here depends on what happened last. It is looked at how the call stands, and done what is
missing: so it is the same after a hang-up, after a transaction that failed half-way, and in the
process that takes over from one which died between two writes. What is being done already is left
alone, and where nothing is missing nothing happens.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.relay import Hunts
from bridge.conference.legs import Part
from bridge.conference.model import LACKING, CallState
from bridge.conference.people.guard import DropGuard
from bridge.conference.people.leader import Leader
from bridge.conference.people.rings import Rings
from bridge.conference.people.room import Room
from bridge.conference.people.turns import Turns
from bridge.conference.people.waiting import Waiting
from bridge.conference.promise import CallBackPromise
from bridge.conference.record import CallRecord
from bridge.telephony.switch import ConversationName, Ending
from bridge.vocabulary import LegId, Role

_WITH_INTERPRETER = frozenset({CallState.JOINING, CallState.TALKING})
"""States in which every part of the call has an interpreter, or is about to get one back."""
APOLOGY_LASTS = timedelta(seconds=30)
"""The switch is done apologising by then to whoever got no word: they are gone, or where another
word has brought them."""


class Settling:
    """Does what is missing in one call."""

    def __init__(
        self,
        record: CallRecord,
        commands: SwitchCommands,
        hunts: Hunts,
        rings: Rings,
        room: Room,
        leader: Leader,
        waiting: Waiting,
        guard: DropGuard,
        turns: Turns,
        promise: CallBackPromise,
    ) -> None:
        self._record = record
        self._commands = commands
        self._hunts = hunts
        self._rings = rings
        self._room = room
        self._leader = leader
        self._waiting = waiting
        self._guard = guard
        self._turns = turns
        self._promise = promise

    async def settle(self) -> None:
        """Do what is missing. May be done at any time."""
        record = self._record
        await self._rings.look_after()
        await self._promise.look_after()
        await self._waiting.look_after()
        await self._room.gathered()
        await self._look_for_leader()
        await self._look_for_interpreters()
        await self._look_for_migrant()
        await self._leader.look_after()
        await self._hunts.look_after()
        if not record.legs.open() and not (record.calling_back or record.to_be_told):
            await record.close()

    async def take_up(self) -> None:
        """Settle, and ask the switch again for what it may never have been asked for.

        After a failure, and after a time in which nobody watched.
        """
        await self.settle()
        record = self._record
        if record.state is CallState.JOINING:
            await self._leader.bring()
        if record.state is CallState.CLOSING:
            await self._room.go_on_parting()
        elif record.state is CallState.PUT_THROUGH:
            await self.part_for_person()
        else:
            await self._put_where_they_belong()
        await self._waiting.keep_out()
        await self._waiting.bring_in()
        await self._hunts.go_on()

    async def take_over(self, at: datetime) -> None:
        """Take up, at this moment, what a process left that died.

        Whoever came by a key just before, and whom its word of where to go may not have reached,
        hears the switch apologise and is let go when that is said (`dialplan/README.md`): they are
        brought where they belong.
        """
        lacked = self._record.state in LACKING
        await self.take_up()
        for leg in self._record.legs.open():
            just_came = leg.came_at is not None and at - leg.came_at < APOLOGY_LASTS
            if not (just_came and self._record.is_on_the_way(leg)):
                continue
            if self._waiting.is_in_line(leg.id):
                if lacked:  # else `take_up` has sent them there
                    await self._commands.send(leg.id, ConversationName.LINE)
            elif self._waiting.keeps_out(leg.id):
                await self._commands.send(leg.id, ConversationName.HOLD)
            elif not (leg.waits or self._leader_is_brought(leg.id)):
                await self._commands.bring(
                    leg.id, self._record.room, wanted=partial(self._still_comes, leg.id)
                )

    def _leader_is_brought(self, leg: LegId) -> bool:
        return self._record.leads(leg) and self._record.state is CallState.JOINING

    def _still_comes(self, leg: LegId) -> bool:
        found = self._record.legs.get(leg)
        outside = self._waiting.keeps_out(leg) or self._waiting.is_in_line(leg)
        return found is not None and self._record.is_on_the_way(found) and not outside

    async def part_for_person(self) -> None:
        """The technician goes to a person: nobody else is left ringing or waiting."""
        await self._hunts.cancel("put_through")
        await self._hunts.dismiss()
        await self._room.part_from_technician(waiting=True)

    async def _look_for_leader(self) -> None:
        """The technician, or the operator in their place, is gone: bring them back, or end it.

        Who is to be rung is waited for; who was rung, came, and hung up wanted to.
        """
        record = self._record
        leg = record.legs.get(record.technician)
        if leg is None or not leg.ended or self._rings.looks_for_leader:
            return
        if record.calling_back and not (leg.confirmed and leg.ending is Ending.HUNG_UP):
            return
        if not (leg.was_lost and await self._guard.dropped(leg)):
            await self._turns.end()

    async def _look_for_interpreters(self) -> None:
        record = self._record
        for part in Part:
            missing = part in record.parts and part not in record.interpreters
            if (
                missing
                and record.state in _WITH_INTERPRETER
                and not self._rings.looks_for(Role.INTERPRETER, part)
            ):
                await self._look_for_interpreter(part)

    async def _look_for_interpreter(self, part: Part) -> None:
        """Nobody interprets this part any more: bring them back, find another, or end it."""
        leg = self._record.legs.latest(Role.INTERPRETER, part)
        if leg is not None and not leg.ended:
            # Somebody asked for another one.
            await self._turns.replace(part)
            await self._commands.send(leg.id, ConversationName.GOODBYE)
        elif leg is not None and leg.was_lost and await self._guard.dropped(leg):
            return
        elif self._record.state is CallState.TALKING:
            await self._turns.end()
        else:
            await self._turns.replace(part)

    async def _look_for_migrant(self) -> None:
        """The migrant is gone, or was never rung."""
        record = self._record
        if record.legs.of(Role.MIGRANT) or self._rings.looks_for(Role.MIGRANT):
            return
        leg = record.legs.latest(Role.MIGRANT)
        # Whom somebody has rung since then was rung back, or could not be.
        missed = leg is not None and leg.was_lost and self._is_last(leg.id)
        if leg is not None and missed and await self._guard.dropped(leg):
            return
        await self._waiting.end_private("left")
        if leg is None:
            asked = record.request is not None and record.request.migrant is not None
            if asked and record.state is CallState.TALKING and not record.legs.had(Role.MIGRANT):
                await self._room.ring_migrant(counts=False)
        elif self._was_for(leg.id):
            await self._turns.end()

    def _was_for(self, migrant: LegId) -> bool:
        """Whether an operator is there for this migrant alone, who was the last one.

        With an interpreter beside them, operator and interpreter may still have a word. An operator
        who has talked with the migrant may ring again who could not be brought back.
        """
        record = self._record
        if not record.led_by_operator:
            return False
        if record.state is CallState.TALKING:
            return record.progress.direct and self._is_last(migrant)
        return True

    def _is_last(self, migrant: LegId) -> bool:
        """Whether no telephone of the migrant was rung, or rang us, after this one."""
        legs = [leg.id for leg in self._record.legs.all() if leg.role is Role.MIGRANT]
        return legs[-1:] == [migrant]

    async def _put_where_they_belong(self) -> None:
        """Nobody stays in the room, or is rung, who is not wanted there now."""
        record = self._record
        leader = record.legs.get(record.technician)
        waits_alone = record.state in LACKING and not record.led_by_operator
        if waits_alone and leader is not None and leader.in_room:
            await self._commands.send(leader.id, ConversationName.LINE)
        if waits_alone and record.calling_back and (leader is None or leader.ended):
            # The technician is rung once somebody accepts: nobody waits in the room till then.
            await self._room.part_from_technician(waiting=False)
        for leg in record.legs.of(Role.INTERPRETER):
            if record.serves(leg.id):
                continue
            if leg.in_room and leg.accepted_at is not None:
                await self._commands.send(leg.id, ConversationName.GOODBYE)
            elif not (
                leg.connected or self._hunts.rings_on(leg.id) or self._rings.why(leg.id) is not None
            ):
                await self._commands.hang_up(leg.id)
