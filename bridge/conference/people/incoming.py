# SPDX-License-Identifier: EUPL-1.2
"""Whoever rings the line and is no technician who asks: migrants, and technicians who were lost.

A leg that rang has a call of its own from the first moment. When it turns out to belong to another
call it goes over to that one, in one transaction: a leg is never in two calls, nor in none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.relay import Hunts
from bridge.conference.legs import CallLeg
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import CallState, Request, Trigger, advance, outcome_of
from bridge.conference.people.leader import Leader
from bridge.conference.people.rings import Rings, Why
from bridge.conference.people.waiting import Waiting
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.roster.requirements import Requirements
from bridge.telephony.gate import PermittedNumber
from bridge.vocabulary import LanguageTag, LegId, PhoneNumber, Role, RoomId

_TAKES_MIGRANT = frozenset(
    {
        # The technician hears the code before the request is made, and may tell it at once.
        CallState.ASKING,
        CallState.HUNTING,
        CallState.QUEUED,
        CallState.JOINING,
        CallState.TALKING,
    }
)

Leave = Callable[[Connection], None]
"""Writes that a leg has left the call it had; a part of the transaction that moves it."""


class Incoming:
    """What one call does with legs that rang the line."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        mailbox: Mailbox,
        hunts: Hunts,
        rings: Rings,
        leader: Leader,
        waiting: Waiting,
        *,
        adopt: Callable[[CallLeg], None],
    ) -> None:
        self._ports = ports
        self._record = record
        self._commands = commands
        self._mailbox = mailbox
        self._hunts = hunts
        self._rings = rings
        self._leader = leader
        self._waiting = waiting
        self._adopt = adopt
        self._gives = False
        """Whether this call waits for another one to take its leg."""

    # --- in the call's own turn; all raise `MailboxClosed` when the call is over ------------------

    async def is_migrants(self, language: LanguageTag) -> None:
        """Whoever rang is a migrant who speaks this; may be said again with another language."""
        await self._mailbox.ask(partial(self._is_migrants, language))

    async def is_technicians(self) -> bool:
        """Whoever rang says they are a technician, though they may have chosen a migrant's language
        before. `False` when nothing can be asked for in this call any more.
        """
        return await self._mailbox.ask(self._is_technicians)

    async def with_operator(
        self, operator: PermittedNumber, language: LanguageTag, *, interpreter: bool
    ) -> bool:
        """The migrant who rang is to talk with an operator, who is rung now.

        With `interpreter`, one is hunted for at the same time, and the three meet as soon as both
        are there. The migrant's conversation then ends with `Hold`: they wait with music, and are
        brought into the room. `False` when it is too late for that.
        """
        return await self._mailbox.ask(
            partial(self._with_operator, operator, language, interpreter=interpreter)
        )

    async def give_away(self, leg: LegId, take: Callable[[Leave], Awaitable[bool]]) -> bool:
        """Let this call's only leg go over to another call, if that one takes it."""
        return await self._mailbox.ask(partial(self._give_away, leg, take))

    async def take_migrant(self, leg: LegId, number: PhoneNumber | None, leave: Leave) -> bool:
        """The migrant rang the line and keyed this call's code: they wait until it is time.

        `False` when the call is over, or its migrant is there already.
        """
        return await self._mailbox.ask(partial(self._take_migrant, leg, number, leave))

    async def take_technician(self, leg: LegId, leave: Leave | None = None) -> RoomId | None:
        """The technician who is being redialled rang us: their telephone stops ringing.

        The room to enter; `None` when nobody misses them any more. `leave`: see `Leave`; `None` for
        a leg that has no call yet. A whole hospital may show one number:
        `Calls.technician_returns` takes a leg that has identified itself by PIN.
        """
        return await self._mailbox.ask(partial(self._take_technician, leg, leave))

    # --- a migrant who rang ----------------------------------------------------------------------

    async def _is_migrants(self, language: LanguageTag) -> None:
        record = self._record
        legs = record.legs.open()
        if record.state is not CallState.ASKING or not legs:
            await record.note(EventKind.LATE, data={"what": "is_migrants"})
            return
        leg = legs[0].id
        number = record.migrant_number or record.technician_number

        def work(conn: Connection) -> None:
            store.set_leg_role(conn, leg, Role.MIGRANT)
            store.update_call(
                conn,
                record.id,
                language=language,
                technician_number=None,
                migrant_number=None if number is None else number.e164,
            )
            rang = record.event(EventKind.MIGRANT_RANG, leg, {"language": language})
            calllog.append(conn, rang)

        await record.transact(work)
        record.legs.update(leg, role=Role.MIGRANT, confirmed=True)
        record.technician = LegId("")
        record.technician_number, record.migrant_number = None, number

    async def _is_technicians(self) -> bool:
        record = self._record
        legs = record.legs.open()
        if record.state is not CallState.ASKING or not legs:
            await record.note(EventKind.LATE, data={"what": "is_technicians"})
            return False
        leg, number = legs[0], record.migrant_number
        if leg.role is Role.TECHNICIAN:
            return True

        def work(conn: Connection) -> None:
            store.set_leg_role(conn, leg.id, Role.TECHNICIAN)
            store.update_call(
                conn,
                record.id,
                language=None,
                migrant_number=None,
                technician_number=None if number is None else number.e164,
            )

        await record.transact(work)
        record.legs.update(leg.id, role=Role.TECHNICIAN, confirmed=False)
        record.technician = leg.id
        record.technician_number, record.migrant_number = number, None
        return True

    async def _with_operator(
        self, operator: PermittedNumber, language: LanguageTag, *, interpreter: bool
    ) -> bool:
        record = self._record
        if record.state is CallState.ASKING and not record.legs.of(Role.MIGRANT):
            await self._is_migrants(language)
        legs = record.legs.of(Role.MIGRANT)
        trigger = Trigger.REQUEST if interpreter else Trigger.OPERATOR
        progress = advance(record.progress, trigger)
        if progress is None or not legs:
            await record.note(EventKind.LATE, data={"what": "with_operator"})
            return False
        request = Request(
            requirements=Requirements(language),
            technician=None,
            agency=None,
            agency_kind=AgencyKind.MIGRATION,
            migrant=None,
        )
        data: Data = {"language": language, "interpreter": interpreter}

        def want(conn: Connection) -> None:
            store.update_call(
                conn,
                record.id,
                state=progress.state,
                language=language,
                requirements=request.requirements,
                migrant_mode=request.migrant_mode,
                technician_number=operator.number.e164,
            )
            calllog.append(conn, record.event(EventKind.OPERATOR_WANTED, legs[0].id, data))

        try:
            if interpreter:
                await self._hunts.begin(request, self._ports.clock.now(), before=want)
            else:
                await record.transact(want)
                record.request, record.progress = request, progress
        finally:
            # Also when it was written, and what came next of the hunt failed.
            if record.request is request:
                record.technician_number = operator.number
                record.calling_back = True
                self._waiting.hold(legs[0].id)
        await self._leader.ring(Why.MIGRANT_RANG)
        return True

    # --- from one call to another ----------------------------------------------------------------

    async def _give_away(self, leg: LegId, take: Callable[[Leave], Awaitable[bool]]) -> bool:
        record = self._record
        progress = advance(record.progress, Trigger.MOVE_OVER)
        if progress is None or [one.id for one in record.legs.open()] != [leg]:
            await record.note(EventKind.LATE, leg, {"what": Trigger.MOVE_OVER.value})
            return False
        at, outcome = self._ports.clock.now(), outcome_of(progress)

        def leave(conn: Connection) -> None:
            store.close_call(conn, record.id, at, progress.state, outcome)
            ended = record.event(EventKind.CALL_ENDED, data={"outcome": outcome.value}, at=at)
            calllog.append(conn, ended)

        self._gives = True
        try:
            if not await take(leave):
                return False
        finally:
            self._gives = False
        record.legs.remove(leg)
        record.progress = progress
        return True

    @property
    def takes_migrant(self) -> bool:
        """Whether a migrant may go over to this call: it is not over, and has none yet.

        One that waits for another call takes nobody: two would wait for each other for ever.
        """
        record = self._record
        free = record.state in _TAKES_MIGRANT and not record.legs.of(Role.MIGRANT)
        return free and not self._gives

    async def _take_migrant(self, leg: LegId, number: PhoneNumber | None, leave: Leave) -> bool:
        record = self._record
        if not self.takes_migrant:
            return False
        at = self._ports.clock.now()

        def also(conn: Connection) -> Event:
            if number is not None:
                store.update_call(conn, record.id, migrant_number=number.e164)
            return record.event(EventKind.MIGRANT_DIALLED_IN, leg, at=at)

        await record.transact(partial(self._move, leg, Role.MIGRANT, leave, also))
        if number is not None:
            record.migrant_number = number
        self._adopt(CallLeg(leg, Role.MIGRANT, at, rang=True))
        self._waiting.hold(leg)
        # The leg is still in the conversation in which the code was keyed; not waited for.
        self._mailbox.tell(self._waiting.bring_in)
        return True

    async def _take_technician(self, leg: LegId, leave: Leave | None) -> RoomId | None:
        record = self._record
        if not record.technician_lost or record.state is not CallState.TALKING:
            return None
        at = self._ports.clock.now()
        data: Data = {"role": Role.TECHNICIAN.value, "why": Why.RETURNED.value}

        def also(conn: Connection) -> Event:
            if leave is None:
                store.add_leg(conn, leg, record.id, Role.TECHNICIAN, at)
            return record.event(EventKind.REJOINED, leg, data, at)

        if leave is None:
            await record.transact(lambda conn: calllog.append(conn, also(conn)))
        else:
            await record.transact(partial(self._move, leg, Role.TECHNICIAN, leave, also))
        ringing = self._rings.forget(Role.TECHNICIAN)
        record.technician_lost = False
        record.technician = leg
        self._adopt(CallLeg(leg, Role.TECHNICIAN, at, rang=True, connected=True, confirmed=True))
        for other in ringing:
            await self._commands.hang_up(other)
        return record.room

    def _move(
        self,
        leg: LegId,
        role: Role,
        leave: Leave,
        also: Callable[[Connection], Event],
        conn: Connection,
    ) -> None:
        leave(conn)
        store.move_leg(conn, leg, self._record.id, role)
        calllog.append(conn, also(conn))
