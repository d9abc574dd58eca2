# SPDX-License-Identifier: EUPL-1.2
"""What one call knows of itself, and how it is written down: memory changes only after the row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bridge.agencies.model import Agency
from bridge.bookings import store as bookings
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference import store
from bridge.conference.legs import CallLeg, Legs, Part, part_data
from bridge.conference.model import (
    UNDER_WAY,
    CallState,
    Progress,
    Request,
    Trigger,
    advance,
    outcome_of,
)
from bridge.conference.ports import Ports
from bridge.conference.served_store import served, talked_with_person
from bridge.roster import store as roster_store
from bridge.roster.store import OfferOutcome
from bridge.roster.sweeper import Outlived
from bridge.roster.tries import NOT_REACHED
from bridge.telephony.dials_store import spend
from bridge.telephony.gate import NATIONAL, DialRules
from bridge.telephony.switch import Ending
from bridge.vocabulary import (
    CallId,
    InterpreterId,
    JobNumber,
    LanguageTag,
    LegId,
    PhoneNumber,
    Role,
    RoomId,
    TechnicianId,
    room_of,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")
Data = dict[str, Scalar]
Also = Callable[[Connection], None]
"""What is written in the same transaction."""
_WAS_CONNECTED = frozenset({Ending.HUNG_UP, Ending.DROPPED})
_MEETING = frozenset({CallState.HUNTING, CallState.JOINING, CallState.TALKING})
"""States in which a room waits for people."""


class CallRecord:
    """The state of one call, shared by its parts, and its writing into the database."""

    def __init__(
        self, ports: Ports, call: CallId, job: JobNumber, technician: LegId | None
    ) -> None:
        self.id = call
        self.job = job
        self.room: RoomId = room_of(call)
        self.technician = technician or LegId("")
        """The latest leg of the technician, or of the operator in their place; empty before there
        was one."""
        self.legs = Legs()
        if technician is not None:
            now = ports.clock.now()
            self.legs.add(CallLeg(technician, Role.TECHNICIAN, now, rang=True, connected=True))
        self.progress = Progress()
        self.request: Request | None = None
        self.asked_at: datetime | None = None
        """When the request was complete; who asked first is served first."""
        self.line = ""
        """The line that was rung, as the row has it."""
        self.technician_number: PhoneNumber | None = None
        """Where the technician, or the operator in their place, can be rung (back); `None` when
        the caller withheld it."""
        self.migrant_number: PhoneNumber | None = None
        """Where a migrant who rang the line can be rung back, if the network told it."""
        self.agency: Agency | None = None
        """For whom the request was made, as it stood then; `None` before, and for an operator."""
        self.private = False
        """Whether the migrant is kept outside, and cannot hear the others."""
        self.technician_lost = False
        """Whether the technician's connection was lost, and is being redialled."""
        self.calling_back = False
        """Whether the technician has hung up and waits to be rung."""
        self.to_be_told = False
        """Whether the technician is still to hear that a promised call-back ran out."""
        self.interpreters: dict[Part, LegId] = {}
        """The legs of the interpreters who accepted, by what they do."""
        self.relay_allowed = False
        """Whether the agency lets two interpreters serve it where nobody does alone."""
        self.pivot: LanguageTag | None = None
        """The language between two interpreters; `None`: one is to interpret directly."""
        self.complete = False
        """Whether everybody the request named has been in the room."""
        self._ports = ports

    @property
    def state(self) -> CallState:
        """Where the call stands."""
        return self.progress.state

    @property
    def interpreter(self) -> LegId | None:
        """The leg of the interpreter who speaks Portuguese, once one has accepted."""
        return self.interpreters.get(Part.PORTUGUESE)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What this call needs interpreters for; nothing when an operator needs none."""
        if self.progress.direct:
            return ()
        return (Part.PORTUGUESE,) if self.pivot is None else tuple(Part)

    @property
    def served(self) -> bool:
        """Whether an interpreter has accepted for everything that the call needs."""
        return all(part in self.interpreters for part in self.parts)

    @property
    def led_by_operator(self) -> bool:
        """Whether an operator of the line stands in the technician's place."""
        return self.request is not None and self.request.technician is None

    @property
    def leader(self) -> Role:
        """The role of whoever the call is for: the technician, or an operator in their place."""
        return Role.OPERATOR if self.led_by_operator else Role.TECHNICIAN

    @property
    def dial_rules(self) -> DialRules:
        """What may be dialled on behalf of this call's agency."""
        return NATIONAL if self.agency is None else DialRules(self.agency.dial_allowed)

    def is_of(self, number: PhoneNumber | None, who: TechnicianId) -> bool:
        """Whether this technician asked for the call, and rang from this number."""
        mine = self.request is not None and self.request.technician == who
        return mine and self.technician_number == number

    def leads(self, leg: LegId) -> bool:
        """Whether this is the latest leg of the technician, or of the operator in their place."""
        return leg == self.technician

    @property
    def migrant_to(self) -> PhoneNumber | None:
        """Where the migrant can be rung: as the technician asked, or from where they rang us."""
        asked = None if self.request is None else self.request.migrant
        return asked or self.migrant_number

    def note_served(self, conn: Connection, at: datetime | None = None) -> None:
        """Whoever rang is served: see `served`. A call that begins with our ringing somebody, as a
        booked one does, is about something else than what they were promised.
        """
        first = next(iter(self.legs.all()), None)
        if first is not None and first.rang:
            migrant = first.role is Role.MIGRANT
            number = self.migrant_number if migrant else self.technician_number
            served(conn, self.id, first.id, number, at or self._ports.clock.now())

    def serves(self, leg: LegId) -> bool:
        """Whether this is the leg of an interpreter who accepted."""
        return leg in self.interpreters.values()

    def is_on_the_way(self, leg: CallLeg) -> bool:
        """Whether somebody has come by a key, and has not been in the room yet."""
        if leg.ended or leg.has_entered or self.state not in UNDER_WAY:
            return False
        return self.serves(leg.id) if leg.role is Role.INTERPRETER else leg.confirmed

    def awaits(self, role: Role) -> bool:
        """Whether the room waits for somebody of this role who is being rung.

        Not for a lost interpreter once the call hunts again: then others may be on their way. In
        the queue for a technician, who waits there, and for whoever waits with an operator.
        """
        if role is Role.INTERPRETER:
            return self.state is CallState.TALKING
        waits_too = self.led_by_operator or role is Role.TECHNICIAN
        return self.state in _MEETING or (waits_too and self.state is CallState.QUEUED)

    def takes_part(self, leg: LegId, at: datetime) -> None:
        """The interpreter on this leg is in the call from this moment on."""
        self.legs.update(leg, connected=True, accepted_at=at)
        found = self.legs.get(leg)
        if found is not None:
            self.interpreters[found.part] = leg

    async def let_go(self, leg: LegId, reason: str, *, exclude: bool) -> None:
        """Somebody wants another interpreter than the one on this leg.

        With `exclude` they are not rung for this call any more, whatever becomes of this process.
        """
        found, request = self.legs.get(leg), self.request
        if found is None:
            return
        if exclude and request is not None and found.interpreter is not None:
            asked = request.requirements
            without = replace(asked, excluded=asked.excluded | {found.interpreter})
            request = replace(request, requirements=without)
        asked_for = self.event(EventKind.SWAP_ASKED, leg, {"reason": reason})

        def work(conn: Connection) -> None:
            calllog.append(conn, asked_for)
            if request is not None:
                store.update_call(conn, self.id, requirements=request.requirements)

        await self.transact(work)
        self.request = request
        if self.interpreters.get(found.part) == leg:
            del self.interpreters[found.part]

    def about(self, who: InterpreterId, part: Part) -> Data:
        """What an event about an interpreter for this part says."""
        return {"interpreter": int(who), **part_data(part, self.pivot)}

    def event(
        self,
        kind: EventKind,
        leg: LegId | None = None,
        data: Data | None = None,
        at: datetime | None = None,
    ) -> Event:
        """An event of this call, of now unless told otherwise."""
        return Event(self.id, kind, at or self._ports.clock.now(), leg, data or {})

    async def note(
        self,
        kind: EventKind,
        leg: LegId | None = None,
        data: Data | None = None,
        at: datetime | None = None,
    ) -> None:
        """Write one event."""
        await self.write(self.event(kind, leg, data, at))

    async def write(self, *events: Event) -> None:
        """Write events in one transaction."""
        await self.transact(lambda conn: calllog.append(conn, *events))

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction.

        Raises `NotOpen` when another process took the call over, or ended it: nothing more is done
        for it here.
        """
        try:
            return await self._ports.database.run(work)
        except store.NotOpen as reason:
            if reason.call == self.id:
                log.warning("a call is another process's, which took this one for dead")
                self.disown()
            raise

    def keep(self, conn: Connection) -> None:
        """See `store.keep`."""
        store.keep(conn, self.id, self._ports.owner)

    async def spend(self, request: Request) -> None:
        """Count one number more that is rung because somebody in the room keyed something.

        Raises `NotPermitted`: too many were for the request's technician or agency.
        """
        at = self._ports.clock.now()
        await self.transact(lambda conn: spend(conn, request.agency, request.technician, at))

    async def move(
        self,
        trigger: Trigger,
        kind: EventKind | None = None,
        data: Data | None = None,
        *,
        also: Also | None = None,
    ) -> bool:
        """Carry out a transition, with its event if it has one; a late one is only recorded."""
        progress = advance(self.progress, trigger)
        if progress is None:
            await self.note(EventKind.LATE, data={"what": trigger.value})
            return False
        events = [] if kind is None else [self.event(kind, data=data)]

        def work(conn: Connection) -> None:
            store.update_call(conn, self.id, state=progress.state)
            calllog.append(conn, *events)
            if also is not None:
                also(conn)

        await self.transact(work)
        self.progress = progress
        return True

    def unreached(self) -> None:
        """The technician who was to be rung did not answer."""
        self.progress = replace(self.progress, unreached=True)

    def booked(self) -> None:
        """The technician took a later time."""
        self.progress = replace(self.progress, booked=True)

    async def end_leg(self, leg: CallLeg, at: datetime, ending: Ending) -> None:
        """A leg is gone: write it, and free the interpreter it was reserved with.

        That no telephone could be reached is written with it, and at once kept in memory, so that
        no other call rings the same telephone in the next moment.
        """
        unreached = not leg.connected and ending.value in NOT_REACHED
        was_put_through = self.state is CallState.PUT_THROUGH and ending in _WAS_CONNECTED

        def work(conn: Connection) -> InterpreterId | None:
            store.end_leg(conn, leg.id, at, ending.value)
            data: Data = {"role": leg.role.value, "ending": ending.value}
            data.update(part_data(leg.part, leg.relay))
            calllog.append(conn, self.event(EventKind.LEG_ENDED, leg.id, data, at))
            if was_put_through and talked_with_person(conn, self.id, at):
                self.note_served(conn, at)
            if unreached:
                roster_store.end_offer(conn, leg.id, at, OfferOutcome.UNREACHED)
            freed = roster_store.release(conn, leg.id, at)
            if freed is None:
                return None
            about: Data = {**leg.about, "interpreter": int(freed)}
            calllog.append(conn, self.event(EventKind.RELEASED, leg.id, about, at))
            return freed

        freed = await self.transact(work)
        self.legs.update(leg.id, ending=ending, in_room=False, waits=False)
        if self.interpreters.get(leg.part) == leg.id:
            del self.interpreters[leg.part]
        if freed is None:
            return
        if unreached:
            self._ports.roster.unreached(freed, at, leg.since)
        else:
            self._freed(freed, leg, at)

    def _freed(self, who: InterpreterId, leg: CallLeg, at: datetime) -> None:
        """The interpreter on this leg is not promised any more: keep that in memory, too."""
        if leg.accepted_at is not None:
            self._ports.roster.call_ended(who, leg.accepted_at, at, hard=self._was_hard(leg))
        else:
            self._ports.roster.released(who, anew=False)

    def _was_hard(self, leg: CallLeg) -> bool:
        now = self.legs.get(leg.id)
        return now is not None and now.hard

    async def close(self) -> None:
        """The last leg is gone: write the outcome."""
        await self._finish(Trigger.CLOSE, ())

    async def lose(self, gone: Iterable[CallLeg]) -> None:
        """Everybody left while nobody was watching: nobody can say when, so say just that."""
        await self._finish(Trigger.LOSE, gone)

    def disown(self) -> None:
        """Another process has this call, or ended it: forget it without writing anything."""
        self.progress = replace(self.progress, state=CallState.LOST)

    async def _finish(self, trigger: Trigger, gone: Iterable[CallLeg]) -> None:
        progress = advance(self.progress, trigger)
        if progress is None:
            return
        outcome = outcome_of(progress)
        at = self._ports.clock.now()

        def lost(conn: Connection, leg: CallLeg) -> InterpreterId | None:
            store.end_leg(conn, leg.id, at, "lost")
            if leg.accepted_at is None:
                roster_store.end_offer(conn, leg.id, at, OfferOutcome.CANCELLED)
            freed = roster_store.release(conn, leg.id, at)
            if freed is not None:
                # As the sweeper would, who comes later.
                reason = Outlived.CALL.reason
                about: Data = {**leg.about, "interpreter": int(freed), "reason": reason}
                calllog.append(conn, self.event(EventKind.RELEASED, leg.id, about, at))
            return freed

        def work(conn: Connection) -> list[tuple[InterpreterId, CallLeg]]:
            freed = [(who, leg) for leg in gone if (who := lost(conn, leg)) is not None]
            store.close_call(conn, self.id, at, progress.state, outcome)
            booking = bookings.booking_of_call(conn, self.id)
            if booking is not None:
                bookings.finish(conn, booking.id, at)
            ended = self.event(EventKind.CALL_ENDED, data={"outcome": outcome.value}, at=at)
            calllog.append(conn, ended)
            return freed

        freed = await self.transact(work)
        self.progress = progress
        for who, leg in freed:
            self._freed(who, leg, at)
