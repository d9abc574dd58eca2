# SPDX-License-Identifier: EUPL-1.2
"""Whom a call is for: its technician, or an operator in their place for a migrant who rang.

A technician who hung up is rung when it is time. Operators are rung in turn, until one comes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.relay import Hunts
from bridge.conference.model import LACKING, CallState, Trigger
from bridge.conference.on_duty import OnDuty, on_duty
from bridge.conference.people.rings import Ring, Rings, Why, permitted
from bridge.conference.people.waiting import Waiting
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.ivr.announcements import Announcement
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import LegId, PhoneNumber, Role

TRIES = 2
"""How often a technician who asked to be rung is rung, and an operator whom nobody else follows."""


class Leader:
    """Brings the technician of one call, or the operator in their place, into its room."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        rings: Rings,
        hunts: Hunts,
        waiting: Waiting,
        *,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        """`end` is what follows when they cannot be reached."""
        self._ports = ports
        self._record = record
        self._commands = commands
        self._rings = rings
        self._hunts = hunts
        self._waiting = waiting
        self._end = end
        self._rung: set[PhoneNumber] = set()
        """The operators who have been rung."""

    async def bring(self) -> None:
        """Move a technician who waits to the interpreter; or ring one who does not."""
        record = self._record
        leg = record.legs.get(record.technician)
        if leg is not None and not leg.ended:
            if not self._rings.rings_leader:
                await self._commands.bring(
                    leg.id,
                    record.room,
                    wanted=lambda: (
                        record.state is CallState.JOINING and not record.legs.in_room(leg.id)
                    ),
                )
        elif record.calling_back:
            await self.ring(Why.MIGRANT_RANG if record.led_by_operator else Why.CALL_BACK)

    async def look_after(self) -> None:
        """Ring whoever was promised to be rung at once, and never was, or is not any more.

        An operator is rung while interpreters are; so is the technician of a booked call.
        """
        record = self._record
        is_here = record.legs.is_open(record.technician)
        if not record.calling_back or is_here or self._rings.looks_for_leader:
            return
        if record.state is CallState.JOINING:
            await self.bring()
        elif record.state in LACKING:
            if record.led_by_operator:
                await self.ring(Why.MIGRANT_RANG)
            elif not record.technician:
                await self.ring(Why.BOOKED)

    async def ring(self, why: Why) -> None:
        """Ring a technician who is not connected, or the operator in their place."""
        record = self._record
        to = permitted(record.technician_number)
        if to is None or self._rings.rings_leader:
            return
        self._rung.add(to.number)
        alone = not record.led_by_operator or not await record.transact(self._others)
        await self._rings.ring(self._ring(to, why, TRIES if alone else 1))

    async def tell(self) -> None:
        """Ring a technician who is not connected once, only to say that nobody could be found."""
        record = self._record
        to = permitted(record.technician_number)
        if to is not None:
            await self._rings.ring(self._word(to))

    def resume(self, leg: LegId, why: Why) -> None:
        """A telephone rings that a process rang which died: whoever answers is still wanted."""
        to = permitted(self._record.technician_number)
        if to is not None:
            self._rung.add(to.number)
            ring = self._word(to) if why is Why.EXPIRED else self._ring(to, why, TRIES)
            self._rings.resume(leg, ring)

    def _word(self, to: PermittedNumber) -> Ring:
        leader, conversation = self._record.leader, ConversationName.CALL_BACK
        return Ring(leader, to, Why.EXPIRED, conversation, on_failure=_nothing, leads=True)

    def _ring(self, to: PermittedNumber, why: Why, tries: int) -> Ring:
        record = self._record
        return Ring(
            record.leader,
            to,
            why,
            ConversationName.INVITED if record.led_by_operator else ConversationName.CALL_BACK,
            on_failure=self._unreached,
            tries=tries,
            leads=True,
        )

    async def _unreached(self) -> None:
        """They did not come: another operator, or the end."""
        record = self._record
        following = await record.transact(self._pass_on) if record.led_by_operator else None
        if following is not None:
            record.technician_number = following.to.number
            if record.progress.direct and not following.speaks:
                await self._find_interpreter()
            await self.ring(Why.MIGRANT_RANG)
            return
        record.unreached()
        await self._end()

    async def _find_interpreter(self) -> None:
        """Nobody who speaks the migrant's language came: whoever comes now needs an interpreter."""
        record, request = self._record, self._record.request
        if request is None:
            return
        migrant = next((leg.id for leg in record.legs.of(Role.MIGRANT)), None)
        data: Data = {"language": request.language, "interpreter": True}
        wanted = record.event(EventKind.OPERATOR_WANTED, migrant, data)
        await self._hunts.begin(
            request,
            self._ports.clock.now(),
            trigger=Trigger.THREE_WAY,
            before=lambda conn: calllog.append(conn, wanted),
        )
        self._waiting.tell(Announcement.OPERATOR_INTERPRETER)

    def _pass_on(self, conn: Connection) -> OnDuty | None:
        """The next operator takes the place of the one who did not come, if there is one."""
        others = self._others(conn)
        if not others:
            return None
        others[0].taken(conn, self._ports.clock.now())
        store.update_call(conn, self._record.id, technician_number=others[0].to.number.e164)
        return others[0]

    def _others(self, conn: Connection) -> list[OnDuty]:
        """The operators who have not been rung; those who speak the language first."""
        request, at = self._record.request, self._ports.clock.now()
        if request is None:
            return []
        return [
            one
            for one in on_duty(conn, at, self._ports.operator, request.language)
            if one.to.number not in self._rung
        ]


async def _nothing() -> None:
    """Nothing follows."""
