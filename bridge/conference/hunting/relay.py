# SPDX-License-Identifier: EUPL-1.2
"""The hunts of one call: one for who speaks Portuguese and, in a relay, one for who does not.

Every call hunts for somebody who interprets the migrant's language to and from Portuguese. Only
when nobody on the roster can be rung for that now (none is there, free and willing), and the agency
allows it, two interpreters serve the call with a language between them, the pivot:

- English, French and Spanish are tried as the pivot in this order, then whatever else somebody
  interprets the migrant's language to, the one with the most free interpreters to and from
  Portuguese first. A pivot is taken when each half of the way has a free interpreter of its own.
- Both halves hunt at the same time, the one with fewer candidates first. Who accepts first waits
  in the room; the technician is brought when both have accepted.
- A half that finds nobody waits while the other still rings, for those who are not taken there
  may serve it. Then this pivot is given up: who has accepted hears goodbye, and the next pivot is
  tried, each once. After the last the call waits in the queue for somebody who interprets directly
  or completes a relay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bridge.bookings.model import Booking
from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.choice import MOST_PROSPECTS
from bridge.conference.hunting.hunt import Before, Hunt, nothing_before
from bridge.conference.hunting.offers import LiveOffer
from bridge.conference.legs import CallLeg, Part
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import CallState, Request, Trigger, advance
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.conference.recovery import Remembered
from bridge.roster import store as roster_store
from bridge.roster.live import Freed
from bridge.roster.skills import in_order, pair
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import InterpreterId, LanguageTag, LegId, Role, RoomId


@dataclass(frozen=True, slots=True)
class _Way:
    """How two interpreters could serve a request."""

    pivot: LanguageTag
    parts: tuple[Part, ...]
    """The halves, the one with fewer candidates first."""
    interpreters: frozenset[InterpreterId]
    """The first who could be rung for them."""


class Hunts:
    """Who is looked for on behalf of one call, and whether one or two are to be found."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        mailbox: Mailbox,
        *,
        adopt: Callable[[CallLeg], None],
        nobody_left: Callable[[], None],
    ) -> None:
        """`nobody_left` is told when the call can be served neither directly nor by relay."""
        self._ports = ports
        self._roster = ports.roster
        self._record = record
        self._commands = commands
        self._mailbox = mailbox
        self._tell_nobody_left = nobody_left

        def hunt(part: Part) -> Hunt:
            async def found_nobody() -> None:
                await self._found_nobody(part)

            return Hunt(
                ports,
                record,
                commands,
                mailbox,
                part=part,
                adopt=adopt,
                nobody_left=found_nobody,
                ask_again=self.ask_waiting,
            )

        self._of: dict[Part, Hunt] = {part: hunt(part) for part in Part}
        self._given_up: set[LanguageTag] = set()
        """The pivots that were tried in vain since the relay was begun."""

    def resume(self, remembered: Remembered) -> None:
        """Take over from a process that died."""
        legs = {leg.id: leg for leg in remembered.legs}
        for part, hunt in self._of.items():
            live = {
                leg: LiveOffer(who, since, legs[leg].phone)
                for leg, who, since in remembered.live_offers
                if legs[leg].part is part
            }
            hunt.resume(remembered.tried[part], live)

    async def begin(
        self,
        request: Request,
        at: datetime,
        first: InterpreterId | None = None,
        *,
        trigger: Trigger = Trigger.REQUEST,
        before: Before = nothing_before,
    ) -> None:
        """The request is complete: see `Hunt.begin`."""
        hunt = self._of[Part.PORTUGUESE]
        await hunt.begin(request, at, first, trigger=trigger, before=before)

    def rehearse(self, conn: Connection, request: Request, at: datetime) -> None:
        """Write a request that nobody made; whoever asks for it rolls it back."""
        self._of[Part.PORTUGUESE].write_request(conn, request, at)

    async def begin_booked(self, request: Request, at: datetime, booking: Booking) -> None:
        """The hour of a booked call has come: those who are coming are rung before anybody else.

        Where it is a relay and one of the two is not coming, their half hunts like any other. Asked
        again after a failure, it goes on from there.
        """
        record, coming = self._record, booking.coming
        far = booking.far if coming else None
        begun = record.request is not None
        if not begun:
            first = booking.interpreter if booking.interpreter in coming else None
            pivot = None if far is None else far.pivot
            await self._of[Part.PORTUGUESE].begin(request, at, first, pivot)
        if far is not None and record.pivot == far.pivot and record.state is CallState.HUNTING:
            first = far.interpreter if far.interpreter in coming else None
            await self._of[Part.FAR].go_on(first)
        if begun:
            await self.go_on()

    async def go_on(self) -> None:
        """Ring the next wave for whatever the call still lacks, where nobody rings for it."""
        if self._record.state is CallState.QUEUED:
            await self.ask_waiting()
            return
        for part in self._record.parts:
            # The hunt before this one may have given the relay up.
            if part in self._record.parts:
                await self._of[part].go_on()

    async def ringing(self, leg: LegId, at: datetime) -> None:
        """The telephone on this leg rings."""

        def work(conn: Connection) -> None:
            roster_store.mark_ringing(conn, leg, at)
            calllog.append(conn, self._record.event(EventKind.OFFER_RINGING, leg, at=at))

        await self._record.transact(work)
        self._of[self._part_of(leg)].ringing(leg, at)

    def answered(self, leg: LegId) -> None:
        """Somebody answered an offer, and is being asked."""
        self._of[self._part_of(leg)].answered(leg)

    async def accept(self, leg: LegId, at: datetime) -> RoomId | None:
        """The interpreter on `leg` pressed 1. The room to enter, or `None` when it is too late."""
        return await self._of[self._part_of(leg)].accept(leg, at)

    async def over(self, leg: LegId, kind: EventKind, reason: str | None = None) -> None:
        """An offer ended without an acceptance: write it, and go on."""
        await self._of[self._part_of(leg)].over(leg, kind, reason)

    async def look_after(self) -> None:
        """What follows for every offer whose telephone is gone; and nobody is hunted for without
        anybody being rung.

        In a relay one half may be waiting for the telephones of the other.
        """
        for hunt in self._of.values():
            await hunt.look_after()
        if self._record.state is CallState.HUNTING:
            await self.go_on()

    @property
    def live(self) -> frozenset[LegId]:
        """The legs on which offers are made."""
        return frozenset().union(*(hunt.live for hunt in self._of.values()))

    def rings_on(self, leg: LegId) -> bool:
        """Whether an offer is made on this leg."""
        return any(hunt.rings_on(leg) for hunt in self._of.values())

    async def replace(self, part: Part) -> None:
        """Hunt again for this part, from the start."""
        await self._of[part].replace()
        if self._record.state is CallState.HUNTING:
            await self.go_on()

    async def silence(self) -> None:
        """Hang up the telephones whose offers are over since somebody accepted."""
        for hunt in self._of.values():
            await hunt.silence()

    async def cancel(self, reason: str) -> None:
        """Stop every ringing telephone of this call; written first, then done."""
        for hunt in self._of.values():
            await hunt.cancel(reason)

    async def dismiss(self) -> None:
        """Whoever has accepted is not needed any more, and hears goodbye."""
        legs = list(self._record.interpreters.values())
        self._record.interpreters.clear()
        for leg in legs:
            await self._commands.send(leg, ConversationName.GOODBYE)

    # --- the queue -----------------------------------------------------------------------------

    def served_by(self, who: InterpreterId) -> bool:
        """Whether somebody on the roster may serve this call, alone or as a half of a relay."""
        request = self._record.request
        if request is None:
            return False
        languages = {request.language}
        if self._record.relay_allowed:
            languages |= self._halves(request.language)
        return any(self._roster.speaks(who, language) for language in languages)

    @property
    def only_unreached(self) -> bool:
        """Whether somebody could serve this call now whom we cannot ring, and nobody else could.

        No telephone can be rung while the switch cannot be asked; and a network may be down.
        """
        request = self._record.request
        if not self._ports.switch.reachable:
            return True
        if request is None:
            return False
        languages = {request.language}
        if self._record.relay_allowed and not self._roster.has_speakers(request.language):
            languages = self._halves(request.language)
        tried, at = self._of[Part.PORTUGUESE].left_out, self._ports.clock.now()
        return any(
            self._roster.only_unreached(replace(request.requirements, language=language), at, tried)
            for language in languages
        )

    def _halves(self, language: LanguageTag) -> set[LanguageTag]:
        """What a relay's interpreters speak: each language between, and its pair with this one."""
        pivots = self._roster.pivots(language)
        return {*pivots, *(pair(language, pivot) for pivot in pivots)}

    async def somebody_free(self, freed: Freed) -> None:
        """Somebody became free while this call lacks an interpreter: ring them, if it may.

        Where others are being rung, they join these.
        """
        record, who = self._record, freed.interpreter
        if freed.anew:
            for hunt in self._of.values():
                hunt.may_try_again(who)
        if record.state is CallState.QUEUED:
            parts = tuple(Part) if record.relay_allowed else record.parts
            if not all(who in self._of[part].left_out for part in parts):
                await self.ask_waiting()
        elif record.state is CallState.HUNTING:
            for part in record.parts:
                await self._of[part].let_join(who)

    async def ask_waiting(self) -> None:
        """Ring whoever can be rung now, if this request waits in the queue."""
        await self._of[Part.PORTUGUESE].offer_now()
        if self._record.state is CallState.QUEUED:
            await self._begin_relay()

    def can_ring(self, conn: Connection, request: Request) -> bool:
        """Whether this request would find anybody to ring now, alone or as halves of a relay."""
        return bool(self._free_for(conn, request))

    def _free_for(self, conn: Connection, request: Request) -> Collection[InterpreterId]:
        """Who could be rung for this request now, alone or else as halves of a relay."""
        at = self._ports.clock.now()
        ranking = self._of[Part.PORTUGUESE].rank(conn, request.requirements, at)
        if len(ranking):
            return [one.interpreter for one in ranking.head(MOST_PROSPECTS)]
        way = self._choose(conn, request) if self._record.relay_allowed else None
        return frozenset() if way is None else way.interpreters

    # --- relay ---------------------------------------------------------------------------------

    async def _found_nobody(self, part: Part) -> None:
        record = self._record
        if record.state is not CallState.HUNTING:
            return
        if record.pivot is None:
            self._given_up.clear()
        elif self._is_ringing(_other(part)):
            return
        else:
            self._given_up.add(record.pivot)
        if not await self._begin_relay():
            await self._give_up()

    async def _begin_relay(self) -> bool:
        """Hunt for two interpreters, if that is allowed and there are two who can be rung.

        Whoever accepted for a pivot before this one is let go.
        """
        record, request = self._record, self._record.request
        if request is None or not record.relay_allowed or not self._ports.switch.reachable:
            return False
        queued = record.state is CallState.QUEUED
        progress = advance(record.progress, Trigger.FREE) if queued else record.progress
        if progress is None:
            return False

        def work(conn: Connection) -> _Way | None:
            found = self._choose(conn, request)
            if found is not None:
                store.update_call(conn, record.id, state=progress.state)
                begun = record.event(EventKind.RELAY_BEGUN, data={"pivot": found.pivot})
                calllog.append(conn, begun)
            return found

        found = await record.transact(work)
        if found is None:
            return False
        record.progress = progress
        await self.dismiss()
        record.pivot = found.pivot
        for part in found.parts:
            if part in record.parts:
                await self._of[part].go_on()
        return True

    def _choose(self, conn: Connection, request: Request) -> _Way | None:
        """Over which pivot a relay can be had now; `None` when no two can be rung."""
        at = self._ports.clock.now()

        def rank(part: Part, language: LanguageTag) -> tuple[int, frozenset[InterpreterId]]:
            asked = replace(request.requirements, language=language)
            ranking = self._of[part].rank(conn, asked, at)
            return len(ranking), frozenset(one.interpreter for one in ranking.head(2))

        to_portuguese = {
            pivot: rank(Part.PORTUGUESE, pivot) for pivot in self._roster.pivots(request.language)
        }
        free = {pivot: count for pivot, (count, _) in to_portuguese.items()}
        for pivot in in_order(free):
            if pivot in self._given_up:
                continue
            near, some = to_portuguese[pivot]
            far, others = rank(Part.FAR, pair(request.language, pivot))
            if some and others and len(some | others) > 1:
                parts = (Part.PORTUGUESE, Part.FAR)
                return _Way(pivot, parts if near < far else parts[::-1], some | others)
        return None

    async def _give_up(self) -> None:
        """Nobody is left to be rung: the call waits in the queue, and the technician is told."""
        record = self._record
        reason = "nobody_reached" if self.only_unreached else "nobody_left"
        if record.pivot is not None:
            await self.cancel("relay_incomplete")
        await record.move(Trigger.EXHAUST, EventKind.NOBODY_AVAILABLE, {"reason": reason})
        record.pivot = None
        self._given_up.clear()
        await self.dismiss()
        self._tell_nobody_left()
        self._mailbox.tell(self._look_once_more)

    async def _look_once_more(self) -> None:
        """Now that the call waits in the queue: whoever became free between the last look and then
        was told of in vain. They are told of again, for calls that wait longer come before this.
        """
        record, request = self._record, self._record.request
        if record.state is CallState.QUEUED and request is not None:
            for who in await record.transact(lambda conn: self._free_for(conn, request)):
                self._roster.still_free(who)

    def _is_ringing(self, part: Part) -> bool:
        """Whether somebody is rung for this part, or is just being hung up on."""
        record = self._record
        return any(
            leg.part is part and not record.serves(leg.id)
            for leg in record.legs.open()
            if leg.role is Role.INTERPRETER
        )

    def _part_of(self, leg: LegId) -> Part:
        found = self._record.legs.get(leg)
        return Part.PORTUGUESE if found is None else found.part


def _other(part: Part) -> Part:
    return Part.FAR if part is Part.PORTUGUESE else Part.PORTUGUESE
