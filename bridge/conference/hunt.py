# SPDX-License-Identifier: EUPL-1.2
"""The hunt: the offers of one call, from the first ring to an acceptance or to nobody left.

The hunt promises before it rings: ranking, reservation and offer are written in one transaction,
and only then is the telephone rung. What it remembers can be read back from those rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.legs import CallLeg
from bridge.conference.model import CallState, Request, Trigger, advance
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.roster import store as roster_store
from bridge.roster.matching import Ranking, rank
from bridge.telephony.gate import NotPermitted, PermittedNumber, permit
from bridge.telephony.switch import ConversationName, OutboundLeg
from bridge.vocabulary import InterpreterId, LegId, Role, RoomId, new_leg_id


@dataclass(frozen=True, slots=True)
class Offer:
    """One ring of one interpreter, reserved for this call."""

    leg: LegId
    interpreter: InterpreterId
    to: PermittedNumber


class Hunt:
    """Whom one call has tried, which offers are live, and what comes next."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        *,
        adopt: Callable[[CallLeg], None],
        tell_nobody_available: Callable[[], None],
    ) -> None:
        self._ports = ports
        self._record = record
        self._commands = commands
        self._adopt = adopt
        self._tell_nobody_available = tell_nobody_available
        self._tried: set[InterpreterId] = set()
        self._live: dict[LegId, InterpreterId] = {}

    def resume(
        self,
        tried: Iterable[InterpreterId],
        live: Iterable[tuple[LegId, InterpreterId]],
    ) -> None:
        """Take over from a process that died."""
        self._tried.update(tried)
        self._live.update(live)

    async def begin(self, request: Request, at: datetime) -> None:
        """The request is complete: write it and ring the first interpreter, in one transaction."""
        record = self._record
        progress = advance(record.progress, Trigger.REQUEST)
        if progress is None:
            await record.note(EventKind.LATE, data={"what": "requested"})
            return
        migrant = "beside" if request.migrant is None else "ring"

        def work(conn: Connection) -> Offer | None:
            store.update_call(
                conn,
                record.id,
                state=progress.state,
                language=request.language,
                agency=request.agency,
                technician=request.technician,
                migrant_mode=migrant,
                migrant_number=None if request.migrant is None else request.migrant.e164,
            )
            data: Data = {
                "language": request.language,
                "migrant": migrant,
                "agency_kind": request.agency_kind.value,
            }
            asked = record.event(EventKind.REQUESTED, record.technician, data, at)
            calllog.append(conn, asked)
            return self._reserve_next(conn, request)

        offer = await record.transact(work)
        record.progress, record.request = progress, request
        await self._ring(offer)

    async def go_on(self) -> None:
        """Ring the next interpreter, if the call still hunts and nobody rings."""
        request = self._record.request
        if request is None or self._live or self._record.state is not CallState.HUNTING:
            return
        await self._ring(await self._record.transact(lambda c: self._reserve_next(c, request)))

    async def accept(self, leg: LegId, at: datetime) -> RoomId | None:
        """The interpreter on `leg` pressed 1. The room to enter, or `None` when it is too late."""
        record = self._record
        progress = advance(record.progress, Trigger.ACCEPT)
        interpreter = self._live.get(leg)
        if interpreter is None or progress is None:
            await record.note(EventKind.OFFER_TOO_LATE, leg)
            return None
        losers = [other for other in self._live if other != leg]

        def work(conn: Connection) -> None:
            roster_store.accept_reservation(conn, leg, at)
            store.update_call(conn, record.id, state=progress.state)
            about: Data = {"interpreter": int(interpreter)}
            calllog.append(
                conn,
                record.event(EventKind.OFFER_ACCEPTED, leg, about, at),
                *self._cancellations(losers, "another_accepted"),
            )

        await record.transact(work)
        record.progress, record.interpreter = progress, leg
        record.legs.update(leg, connected=True)
        self._live.pop(leg)
        await self._silence(losers)
        return record.room

    async def over(self, leg: LegId, kind: EventKind, reason: str | None = None) -> None:
        """An offer ended without an acceptance: write it and ring the next interpreter."""
        interpreter = self._live.pop(leg, None)
        if interpreter is None:
            return
        data: Data = {"interpreter": int(interpreter)}
        if reason is not None:
            data["reason"] = reason
        await self._record.note(kind, leg, data)
        await self.go_on()

    async def cancel(self, reason: str) -> None:
        """Stop every ringing telephone of this call; written first, then done."""
        if self._live:
            legs = list(self._live)
            await self._record.write(*self._cancellations(legs, reason))
            await self._silence(legs)

    # --- inside --------------------------------------------------------------------------------

    def _reserve_next(self, conn: Connection, request: Request) -> Offer | None:
        """Rank the roster and promise the best free interpreter to this call, written down.

        Changes nothing in memory, so that the transaction can be tried again.
        """
        record, at = self._record, self._ports.clock.now()
        roster = self._ports.roster.current(conn)
        ranking = rank(
            roster,
            request.language,
            reserved=roster_store.reserved(conn),
            tried=self._tried,
        )
        calllog.append(conn, record.event(EventKind.RANKED, data=_trace(ranking), at=at))
        for candidate in ranking.candidates:
            interpreter = roster.interpreters[candidate.interpreter]
            try:
                to = permit(interpreter.number)
            except NotPermitted:
                # A roster number that the gate refuses is the roster's fault, not the call's.
                continue
            leg = new_leg_id(Role.INTERPRETER)
            about: Data = {"interpreter": int(interpreter.id)}
            owner = self._ports.owner
            if not roster_store.reserve(conn, interpreter.id, record.id, leg, at, owner):
                refused = record.event(EventKind.RESERVATION_REFUSED, data=about, at=at)
                calllog.append(conn, refused)
                continue
            store.add_leg(conn, leg, record.id, Role.INTERPRETER, at, interpreter=interpreter.id)
            calllog.append(
                conn,
                record.event(EventKind.RESERVED, leg, about, at),
                record.event(EventKind.OFFERED, leg, about, at),
            )
            return Offer(leg, interpreter.id, to)
        return None

    async def _ring(self, offer: Offer | None) -> None:
        if offer is None:
            data: Data = {"reason": "nobody_left"}
            await self._record.move(Trigger.EXHAUST, EventKind.NOBODY_AVAILABLE, data)
            self._tell_nobody_available()
            return
        self._live[offer.leg] = offer.interpreter
        self._tried.add(offer.interpreter)
        now = self._ports.clock.now()
        self._adopt(CallLeg(offer.leg, Role.INTERPRETER, now, interpreter=offer.interpreter))
        await self._commands.ring(
            OutboundLeg(
                leg=offer.leg,
                to=offer.to,
                caller_id=self._ports.caller_id,
                conversation=ConversationName.OFFER,
                ring_seconds=self._ports.ring_seconds,
            )
        )

    def _cancellations(self, legs: Iterable[LegId], reason: str) -> list[Event]:
        return [
            self._record.event(
                EventKind.OFFER_CANCELLED,
                leg,
                {"interpreter": int(self._live[leg]), "reason": reason},
            )
            for leg in legs
        ]

    async def _silence(self, legs: Iterable[LegId]) -> None:
        for leg in legs:
            self._live.pop(leg, None)
            await self._commands.hang_up(leg)


def _trace(ranking: Ranking) -> dict[str, Scalar]:
    """The ranking as an event's data: everybody who speaks the language, and why or why not."""
    return {
        "candidates": len(ranking.candidates),
        "skipped": len(ranking.skipped),
        "trace": json.dumps(
            {
                "rung_in_order": [int(one.interpreter) for one in ranking.candidates],
                "skipped": {str(int(who)): why.value for who, why in ranking.skipped},
            },
            separators=(",", ":"),
        ),
    }
