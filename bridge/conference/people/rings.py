# SPDX-License-Identifier: EUPL-1.2
"""Ringing people into a room: the migrant, a technician called back, anybody who was dropped.

Whoever answers must press a key before entering, so a voicemail never joins. A ring that brings
nobody is tried again a few times; then what should follow is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.offers import Telephone
from bridge.conference.legs import CallLeg, Part, part_data, phone_data
from bridge.conference.mailbox import Mailbox
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.roster import store as roster_store
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.gate import NATIONAL, DialRules, NotPermitted, PermittedNumber, permit
from bridge.telephony.switch import ConversationName, Ending, OutboundLeg
from bridge.vocabulary import (
    InterpreterId,
    LanguageTag,
    LegId,
    PhoneNumber,
    Role,
    RoomId,
    new_leg_id,
)

PAUSE_SECONDS = 2.0
"""Between two tries; a phone that lost its network needs a moment."""

Seat = tuple[Role, Part, bool]
"""Whom a ring is to bring: a role, for an interpreter the part, and whether they lead the call."""


class Why(StrEnum):
    """Why somebody is rung."""

    INVITED = "invited"
    """The migrant, for the first time."""
    CALL_BACK = "call_back"
    BOOKED = "booked"
    DROPPED = "dropped"
    EXPIRED = "expired"
    """A technician who waited for a call-back, only to be told that nobody could be found."""
    MIGRANT_RANG = "migrant_rang"
    """An operator, for a migrant who rang the line."""
    CALLED = "called"
    """An operator, by key from the room."""
    ADDED = "added"
    """A fourth person, whose number was keyed in the room."""
    RETURNED = "returned"
    """Nobody is rung: who was lost rang the line by themselves."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody who is wanted in the room."""

    role: Role
    to: PermittedNumber | None
    """`None`: rung by a process that died, which kept no number; never rung again."""
    why: Why
    conversation: ConversationName
    on_failure: Callable[[], Awaitable[None]]
    tries: int = 1
    interpreter: InterpreterId | None = None
    """For an interpreter: who it is, so that nobody else gets them meanwhile."""
    part: Part = Part.PORTUGUESE
    """For an interpreter: what they do in the call."""
    relay: LanguageTag | None = None
    """For an interpreter of a relay: the language between the two."""
    phone: int = 0
    """For an interpreter: which of their telephones it is."""
    others: tuple[Telephone, ...] = ()
    """For an interpreter: the telephones on which they are tried next, in turn."""
    leads: bool = False
    """Whether they are the technician, or the operator in the technician's place."""
    declined: bool = False
    """Whether they answered, and pressed the key that says no."""
    attempt: int = 1

    @property
    def seat(self) -> Seat:
        """Whom it is to bring; no two telephones ring for the same one."""
        return self.role, self.part, self.leads

    def again(self) -> Ring:
        """The next try: on their next telephone, where they have several."""
        following = replace(self, attempt=self.attempt + 1)
        if self.to is None or not self.others:
            return following
        (phone, to), *rest = self.others
        return replace(following, to=to, phone=phone, others=(*rest, (self.phone, self.to)))


class Rings:
    """The rings of one call that have not brought anybody yet: one for each who is wanted."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        mailbox: Mailbox,
        *,
        adopt: Callable[[CallLeg], None],
        wanted: Callable[[Role], bool],
    ) -> None:
        """`wanted` says whether the room still waits for somebody of this role."""
        self._ports = ports
        self._record = record
        self._commands = commands
        self._mailbox = mailbox
        self._adopt = adopt
        self._wanted = wanted
        self._pending: dict[LegId, Ring] = {}
        self._pausing: dict[Seat, Ring] = {}
        """The tries that are to be made after a pause, unless somebody is rung before."""

    def why(self, leg: LegId) -> Why | None:
        """Why the person on this leg is being rung; `None` when nobody rings them."""
        found = self._pending.get(leg)
        return None if found is None else found.why

    def any(self, role: Role) -> bool:
        """Whether the telephone of somebody of this role rings."""
        return any(ring.role is role for ring in self._pending.values())

    @property
    def rings_leader(self) -> bool:
        """Whether the telephone of whoever the call is for rings; a colleague of theirs, who is to
        join them, is somebody else.
        """
        return any(ring.leads for ring in self._pending.values())

    @property
    def looks_for_leader(self) -> bool:
        """Whether whoever the call is for is being rung, or will be after a pause."""
        return self.rings_leader or any(ring.leads for ring in self._pausing.values())

    def looks_for(self, role: Role, part: Part = Part.PORTUGUESE) -> bool:
        """Whether somebody of this role is being rung, or will be after a pause."""
        wanted = (*self._pending.values(), *self._pausing.values())
        return any((ring.role, ring.part) == (role, part) for ring in wanted)

    def resume(self, leg: LegId, ring: Ring) -> None:
        """A telephone rings that a process rang which died."""
        self._pending[leg] = ring
        self._cut_short(leg)

    def clear(self) -> None:
        """Forget every ring, before those that there are are resumed."""
        self._pending.clear()
        self._pausing.clear()

    def forget(self, role: Role) -> list[LegId]:
        """Nobody of this role is wanted any more: the legs that still ring, to be hung up."""
        legs = [leg for leg, ring in self._pending.items() if ring.role is role]
        for leg in legs:
            del self._pending[leg]
        for seat in [seat for seat, ring in self._pausing.items() if ring.role is role]:
            del self._pausing[seat]
        return legs

    def instead(self, leg: LegId, on_failure: Callable[[], Awaitable[None]]) -> None:
        """Something else follows when this ring brings nobody."""
        ring = self._pending.get(leg)
        if ring is not None:
            self._pending[leg] = replace(ring, on_failure=on_failure)

    def declined(self, leg: LegId) -> None:
        """Whoever answered does not want to come: they are not rung again."""
        self.is_last_try(leg)
        ring = self._pending.get(leg)
        if ring is not None:
            self._pending[leg] = replace(ring, declined=True)

    def is_last_try(self, leg: LegId) -> None:
        """No further try follows on this one."""
        ring = self._pending.get(leg)
        if ring is not None:
            self._pending[leg] = replace(ring, tries=ring.attempt)

    async def ring(self, ring: Ring) -> None:
        """Ring them, written first; nothing happens while a telephone rings for the same one.

        Where a further try was to follow after a pause, this is that try. What should follow a
        failure follows at once for an interpreter who is promised to another by now. While the
        switch cannot be asked nobody is rung; they are as soon as it can. Raises `NotOpen` when
        the call is another process's by now.
        """
        if any(other.seat == ring.seat for other in self._pending.values()):
            self._pausing.pop(ring.seat, None)
            return
        pausing = self._pausing.get(ring.seat)
        if pausing is not None:
            ring = replace(ring, attempt=pausing.attempt)
        leg, at = new_leg_id(ring.role), self._ports.clock.now()
        to = ring.to
        if to is None:
            self._pausing.pop(ring.seat, None)
            await ring.on_failure()
            return
        if not self._ports.switch.reachable:
            self._pause(ring)
            return

        def work(conn: Connection) -> bool:
            self._record.keep(conn)
            if ring.interpreter is not None and not roster_store.reserve(
                conn, ring.interpreter, self._record.id, leg, at, self._ports.owner
            ):
                return False
            store.add_leg(conn, leg, self._record.id, ring.role, at, interpreter=ring.interpreter)
            calllog.append(conn, self._rung(ring, leg, at))
            return True

        written = await self._record.transact(work)
        self._pausing.pop(ring.seat, None)
        if not written:
            await ring.on_failure()
            return
        self._pending[leg] = ring
        if ring.interpreter is not None:
            self._ports.roster.promised(ring.interpreter)
        self._adopt(
            CallLeg(
                leg,
                ring.role,
                at,
                interpreter=ring.interpreter,
                part=ring.part,
                relay=ring.relay,
                phone=ring.phone,
            )
        )
        if ring.leads:
            self._record.technician = leg
        await self._commands.ring(
            OutboundLeg(
                leg=leg,
                to=to,
                caller_id=self._ports.caller_id,
                conversation=ring.conversation,
                ring_seconds=self._ports.migrant_ring_seconds,
            )
        )

    def _rung(self, ring: Ring, leg: LegId, at: datetime) -> Event:
        if ring.why is Why.INVITED:
            return self._record.event(EventKind.MIGRANT_RUNG, leg, at=at)
        data: Data = {"role": ring.role.value, "why": ring.why.value, "try": ring.attempt}
        if ring.interpreter is not None:
            data["interpreter"] = int(ring.interpreter)
        if ring.role is Role.OPERATOR and ring.leads:
            data["leads"] = True
        data.update(part_data(ring.part, ring.relay))
        data.update(phone_data(ring.phone))
        return self._record.event(EventKind.REDIALLED, leg, data, at)

    async def confirmed(self, leg: LegId, *, waits: bool = False) -> RoomId | None:
        """A person pressed the key. The room to enter; `None` when nobody waits there any more.

        `waits`: they are to wait outside first.
        """
        ring = self._pending.get(leg)
        if ring is None or not self._wanted(ring.role):
            await self._record.note(EventKind.LATE, leg, {"what": "confirmed"})
            self._pending.pop(leg, None)
            return None
        at = self._ports.clock.now()
        kind = EventKind.MIGRANT_CONFIRMED if ring.why is Why.INVITED else EventKind.REJOINED
        data: Data = {} if ring.why is Why.INVITED else {"role": ring.role.value}
        data.update(part_data(ring.part, ring.relay))
        if waits:
            data["waits"] = True

        def work(conn: Connection) -> None:
            if ring.role is Role.INTERPRETER:
                roster_store.accept_reservation(conn, leg, at)
            calllog.append(conn, self._record.event(kind, leg, data, at))

        try:
            await self._record.transact(work)
        except DatabaseUnavailable:
            self._cut_short(leg)
            raise
        self._pending.pop(leg, None)
        self._record.legs.update(leg, connected=True, confirmed=True)
        if ring.leads:
            self._record.technician_lost = False
        if ring.role is Role.INTERPRETER:
            self._record.takes_part(leg, at)
        return self._record.room

    def _cut_short(self, leg: LegId) -> None:
        """Whoever answers may be hung up on by no fault of theirs: such a try is no try."""
        ring = self._pending[leg]
        self._pending[leg] = replace(ring, tries=ring.tries + 1)

    async def look_after(self) -> None:
        """What follows for every ring whose telephone is gone: another try, or giving up."""
        for leg, ring in list(self._pending.items()):
            found = self._record.legs.get(leg)
            if found is not None and found.ending is not None:
                await self._ended(leg, ring, found.ending)

    async def _ended(self, leg: LegId, ring: Ring, ending: Ending) -> None:
        if not self._wanted(ring.role):
            self._pending.pop(leg, None)
        elif ending is Ending.FAILED and not self._ports.switch.reachable:
            self._pending.pop(leg, None)
            self._pause(ring)
        elif ring.attempt < ring.tries:
            self._pending.pop(leg, None)
            self._pause(ring.again())
        else:
            await self._give_up(ring, leg, "refused" if ring.declined else ending.value)

    def _pause(self, ring: Ring) -> None:
        self._pausing[ring.seat] = ring
        self._mailbox.tell_later(PAUSE_SECONDS, partial(self._again, ring))

    async def _again(self, ring: Ring) -> None:
        if self._pausing.get(ring.seat) is not ring:
            return
        if not self._wanted(ring.role) or self._is_there(ring):
            del self._pausing[ring.seat]
            return
        try:
            await self.ring(ring)
        except DatabaseUnavailable:
            self._pause(ring)
            raise

    def _is_there(self, ring: Ring) -> bool:
        """Whether the one whom this ring is to bring has come by themselves."""
        record = self._record
        if ring.role is Role.INTERPRETER:
            return ring.part in record.interpreters
        return any(record.leads(leg.id) is ring.leads for leg in record.legs.of(ring.role))

    async def _give_up(self, ring: Ring, leg: LegId, reason: str) -> None:
        if ring.why is Why.INVITED:
            await self._record.note(EventKind.MIGRANT_UNREACHED, leg, {"reason": reason})
        else:
            data: Data = {"role": ring.role.value, "reason": reason}
            await self._record.note(EventKind.NOT_REJOINED, leg, data)
        self._pending.pop(leg, None)
        await ring.on_failure()


def permitted(number: PhoneNumber | None, rules: DialRules = NATIONAL) -> PermittedNumber | None:
    """The number through the gate; `None` when there is none or it must not be rung."""
    if number is None:
        return None
    try:
        return permit(number, rules)
    except NotPermitted:
        return None
