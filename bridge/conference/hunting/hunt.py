# SPDX-License-Identifier: EUPL-1.2
"""The hunt: the offers for one part in a call, in waves, until somebody accepts or nobody is left.

The hunt promises before it rings: ranking, reservations and offers of a wave are written in one
transaction, and only then are the telephones rung. What it remembers can be read back from those
rows. How many ring at once, and when the next wave joins, is the policy's to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bridge.agencies.model import Agency
from bridge.agencies.store import load_agency
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.conference import store
from bridge.conference.commands import SwitchCommands
from bridge.conference.hunting.choice import Choice
from bridge.conference.hunting.offers import Alone, LiveOffer, Offer, Promised
from bridge.conference.hunting.same_again import after_the_cut
from bridge.conference.hunting.tried import Tried
from bridge.conference.legs import CallLeg, Part
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import CallState, Request, Trigger, advance
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.roster import store as roster_store
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.requirements import Requirements
from bridge.roster.store import OfferOutcome
from bridge.roster.tries import NOT_REACHED, Tries
from bridge.roster.waves import Prospect
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import Ending
from bridge.vocabulary import InterpreterId, LanguageTag, LegId, RoomId

NEXT_PHONE_REASONS = frozenset({"unreachable", "no_answer", "failed"})
"""After these, an interpreter's next telephone is worth a try; after "busy" none is."""

Before = Callable[[Connection], None]
"""Writes what belongs to the transaction of a request, before everything else in it."""


def nothing_before(conn: Connection) -> None:
    """A request to whose transaction nothing else belongs."""


class Hunt:
    """Whom one call has tried for one part, which offers are live, and what comes next."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        commands: SwitchCommands,
        mailbox: Mailbox,
        *,
        part: Part,
        adopt: Callable[[CallLeg], None],
        nobody_left: Callable[[], Awaitable[None]],
        ask_again: Callable[[], Awaitable[None]],
    ) -> None:
        """`nobody_left` says what follows when nobody rings and nobody else can be rung;
        `ask_again`, when somebody who was rung in vain may be rung once more.
        """
        self._part = part
        self._ports = ports
        self._roster = ports.roster
        self._record = record
        self._commands = commands
        self._mailbox = mailbox
        self._adopt = adopt
        self._nobody_left = nobody_left
        self._tried = Tried(mailbox, rings=self._is_ringing, ask_again=ask_again)
        self._choice = Choice(ports, record, mailbox, part, lambda: self._tried.left_out)
        self._live: dict[LegId, LiveOffer] = {}
        self._prospects: dict[InterpreterId, Prospect] = {}
        """What the policy saw in those who were rung."""
        self._losers: list[LegId] = []
        self._waves = 0

    def resume(
        self,
        tried: Mapping[InterpreterId, Tries],
        live: Mapping[LegId, LiveOffer],
    ) -> None:
        """Take over from a process that died. The pauses before asking again begin anew."""
        self._tried.resume(tried)
        self._live.clear()
        self._live.update({leg: replace(one, taken_over=True) for leg, one in live.items()})

    def ringing(self, leg: LegId, at: datetime) -> None:
        """The telephone of an offer rings since this moment."""
        offer = self._live.get(leg)
        if offer is not None and offer.rang_at is None:
            self._live[leg] = replace(offer, rang_at=at)

    def answered(self, leg: LegId) -> None:
        """Somebody answered an offer, and is being asked."""
        offer = self._live.get(leg)
        if offer is not None:
            self._live[leg] = replace(offer, taken_over=False)

    async def begin(
        self,
        request: Request,
        at: datetime,
        first: InterpreterId | None = None,
        pivot: LanguageTag | None = None,
        *,
        trigger: Trigger = Trigger.REQUEST,
        before: Before = nothing_before,
    ) -> None:
        """The request is complete: write it and ring the first wave, in one transaction.

        With `first`, a booked call's interpreter, that one alone is rung before anybody else, if
        they may be: see `Choice.alone`.
        With `pivot`, the call was booked with two, and is a relay from the start. What belongs to
        the same transaction, and comes first, is written by `before`.
        """
        record = self._record
        progress = advance(record.progress, trigger)
        if progress is None:
            await record.note(EventKind.LATE, data={"what": "requested"})
            return
        record.pivot = pivot
        work = partial(
            self.write_request, request=request, at=at, first=first, pivot=pivot, before=before
        )
        record.agency, wave = await record.transact(work)
        record.relay_allowed = record.agency is not None and record.agency.relay_allowed
        record.progress, record.request, record.asked_at = progress, request, at
        await self._ring(wave)

    def write_request(
        self,
        conn: Connection,
        request: Request,
        at: datetime,
        first: InterpreterId | None = None,
        pivot: LanguageTag | None = None,
        before: Before = nothing_before,
    ) -> tuple[Agency | None, Promised]:
        """Write a request and promise its first wave; changes nothing in memory.

        Returns for whom it is, and who is to be rung.
        """
        before(conn)
        agency = None if request.agency is None else load_agency(conn, request.agency)
        relay_allowed = agency is not None and agency.relay_allowed
        number = request.migrant or self._record.migrant_number
        store.update_call(
            conn,
            self._record.id,
            state=CallState.HUNTING,
            language=request.language,
            agency=request.agency,
            technician=request.technician,
            requirements=request.requirements,
            migrant_mode=request.migrant_mode,
            migrant_number=None if number is None else number.e164,
        )
        data: Data = {**request.told, "relay_allowed": relay_allowed}
        asks = self._record.technician or None
        told = [self._record.event(EventKind.REQUESTED, asks, data, at)]
        if pivot is not None:
            told.append(self._record.event(EventKind.RELAY_BEGUN, data={"pivot": pivot}, at=at))
        why = Alone.BOOKED
        if first is None:
            first, why = after_the_cut(conn, request, at), Alone.SAME_AGAIN
        return agency, self._wave(conn, request, told, first, why)

    async def go_on(self, first: InterpreterId | None = None) -> None:
        """Ring the next wave, if the call still hunts and nobody rings.

        With `first`, a booked call's interpreter, that one alone is rung before anybody else.
        """
        if not self._live:
            await self._next_wave(exhausts=True, first=first)

    def may_try_again(self, who: InterpreterId) -> None:
        """Somebody is there again, and may be rung once more unless they refused."""
        self._tried.is_there(who)

    async def offer_now(self) -> None:
        """Somebody became free while this request waits: offer it at once."""
        if self._record.state is CallState.QUEUED:
            await self._next_wave(exhausts=False)

    @property
    def left_out(self) -> Set[InterpreterId]:
        """Whom this hunt has rung in vain, and does not ring now."""
        return self._tried.left_out

    async def let_join(self, who: InterpreterId) -> None:
        """Somebody became free while this part of the call is hunted for: ring them too.

        At once, unless those who have just begun to ring have a head start: then after it.
        """
        request = self._record.request
        if request is None or not self._is_on:
            return
        wait: float | None = 0.0
        if self._live:
            now = self._ports.clock.now()
            ringing = [
                (
                    self._prospects.get(offer.interpreter, Prospect(offer.interpreter, 0.0)),
                    (now - offer.since).total_seconds(),
                )
                for offer in self._live.values()
            ]
            wait = self._choice.head_start(request, who, ringing)
        if wait:
            self._mailbox.tell_later(wait, partial(self.let_join, who))
        elif wait is not None:
            await self._next_wave(exhausts=False)

    def rank(self, conn: Connection, asked: Requirements, at: datetime) -> ColumnRanking:
        """Who could be rung for this now, those left out whom this hunt has tried."""
        return self._choice.rank(conn, asked, at)

    async def replace(self) -> None:
        """Hunt again from the start."""
        self._tried.forget()
        await self.go_on()

    async def accept(self, leg: LegId, at: datetime) -> RoomId | None:
        """The interpreter on `leg` pressed 1. The room to enter, or `None` when it is too late.

        The call goes on hunting when its other part still lacks somebody. The other telephones of
        the wave ring until `silence`: those who talk are brought together first.
        """
        record = self._record
        progress = advance(record.progress, Trigger.ACCEPT)
        offer = self._live.get(leg)
        if offer is None or progress is None:
            await record.note(EventKind.OFFER_TOO_LATE, leg)
            return None
        if any(part not in record.interpreters for part in record.parts if part != self._part):
            progress = record.progress
        losers = [other for other in self._live if other != leg]

        def work(conn: Connection) -> None:
            roster_store.accept_reservation(conn, leg, at)
            store.update_call(conn, record.id, state=progress.state)
            about = record.about(offer.interpreter, self._part)
            accepted = record.event(EventKind.OFFER_ACCEPTED, leg, about, at)
            stopped = self._cancelled(conn, losers, "another_accepted", self._ports.clock.now())
            calllog.append(conn, accepted, *stopped)

        try:
            await record.transact(work)
        except DatabaseUnavailable:
            self._live[leg] = replace(offer, unwritten=True)
            raise
        record.progress = progress
        record.takes_part(leg, at)
        self._live.pop(leg)
        self._roster.accepted(offer.interpreter, offer.rang_for(at))
        self._stopped(losers)
        self._losers += losers
        return record.room

    async def over(self, leg: LegId, kind: EventKind, reason: str | None = None) -> None:
        """An offer ended without an acceptance: write it, and go on."""
        offer = self._live.get(leg)
        if offer is None:
            return
        who = offer.interpreter
        data = self._record.about(who, self._part)
        if reason is not None:
            data["reason"] = reason
        at = self._ports.clock.now()
        record, refused = self._record, kind is EventKind.OFFER_REFUSED

        def work(conn: Connection) -> list[Offer]:
            told = [record.event(kind, leg, data, at)]
            if roster_store.release(conn, leg, at) is not None:
                freed = record.about(who, self._part)
                told.append(record.event(EventKind.RELEASED, leg, freed, at))
            next_phone = {who: offer.phone + 1}
            wanted = reason in NEXT_PHONE_REASONS and self._is_on
            offers = self._choice.reserve(conn, next_phone, at, told) if wanted else []
            ended = OfferOutcome.REFUSED if refused else OfferOutcome.UNANSWERED
            outcome, minutes = ended, self._roster.call_minutes
            if offers:
                outcome, minutes = OfferOutcome.NEXT_PHONE, 0.0
            # The first word counts: that no telephone was reached is written with its leg's end.
            roster_store.end_offer(conn, leg, at, outcome, minutes)
            calllog.append(conn, *told)
            return offers

        again = await record.transact(work)
        self._live.pop(leg, None)
        if again:
            await self._ring(Promised(again))
            return
        # That no telephone of theirs could be reached was no try: see `Standing.unreached`.
        if reason not in NOT_REACHED:
            self._tried.in_vain(who, refused=refused)
            held = self._roster.refused if refused else self._roster.unanswered
            held(who, offer.rang_for(at))
        await self.go_on()

    async def look_after(self) -> None:
        """What follows for every offer whose telephone is gone.

        One that we broke off ourselves is held against nobody.
        """
        for leg, offer in list(self._live.items()):
            found = self._record.legs.get(leg)
            if found is None or found.ending is None:
                continue
            broken_off = offer.apologised and found.ending is Ending.HUNG_UP
            if broken_off or found.ending is Ending.CANCELLED:
                await self._cancel([leg], "broken_off")
            else:
                await self.over(leg, EventKind.OFFER_UNANSWERED, found.ending.value)

    async def cancel(self, reason: str) -> None:
        """Stop every ringing telephone of this call; written first, then done."""
        if self._live:
            legs = list(self._live)
            await self._cancel(legs, reason)
            self._losers += legs
            await self.silence()

    @property
    def live(self) -> Set[LegId]:
        """The legs on which offers are made."""
        return self._live.keys()

    def rings_on(self, leg: LegId) -> bool:
        """Whether an offer is made on this leg."""
        return leg in self._live

    async def _cancel(self, legs: Collection[LegId], reason: str) -> None:
        at = self._ports.clock.now()
        await self._record.transact(
            lambda conn: calllog.append(conn, *self._cancelled(conn, legs, reason, at))
        )
        self._stopped(legs)

    async def silence(self) -> None:
        """Hang up the telephones whose offers are over."""
        losers, self._losers = self._losers, []
        for leg in losers:
            await self._commands.hang_up(leg)

    # --- waves ---------------------------------------------------------------------------------

    def _is_ringing(self, who: InterpreterId) -> bool:
        return any(one.interpreter == who for one in self._live.values())

    @property
    def _is_on(self) -> bool:
        """Whether this part of the call still lacks somebody."""
        record = self._record
        lacking = self._part in record.parts and self._part not in record.interpreters
        return lacking and record.state is CallState.HUNTING

    async def _next_wave(self, *, exhausts: bool, first: InterpreterId | None = None) -> None:
        record, request = self._record, self._record.request
        if request is None or not (self._is_on or record.state is CallState.QUEUED):
            return
        progress = advance(record.progress, Trigger.FREE) or record.progress

        def work(conn: Connection) -> Promised:
            found = self._wave(conn, request, first=first)
            if found.offers:
                store.update_call(conn, record.id, state=progress.state)
            return found

        wave = await record.transact(work)
        if wave.offers:
            record.progress = progress
        if wave.offers or exhausts:
            await self._ring(wave)

    def _wave(
        self,
        conn: Connection,
        request: Request,
        told: Iterable[Event] = (),
        first: InterpreterId | None = None,
        why: Alone = Alone.BOOKED,
    ) -> Promised:
        """The next wave; `first` alone, if they may be rung. `told` is written before it."""
        number, events = self._waves + 1, list(told)
        if first is not None:
            promised = self._choice.alone(conn, request, first, why, number, events)
            if promised.offers:
                calllog.append(conn, *events)
                return promised
        return self._choice.wave(conn, request, number, events)

    async def _join_wave(self, wave: int) -> None:
        """The wave has rung for so long that the next one joins it."""
        if wave == self._waves and self._live and self._is_on:
            await self._next_wave(exhausts=False)

    async def _ring(self, wave: Promised) -> None:
        record, offers = self._record, wave.offers
        self._prospects.update(wave.prospects)
        if not offers:
            if not self._live:
                await self._nobody_left()
            return
        request = record.request
        for offer in offers:
            self._live[offer.leg] = LiveOffer(offer.interpreter, offer.since, offer.phone)
            if request is not None:
                asked = self._choice.asked(request)
                self._roster.rung(offer.interpreter, asked.language, offer.since)
            self._adopt(offer.as_leg(self._part, record.pivot))
        self._waves += 1
        overlap = self._roster.policy.overlap_after
        if overlap is not None:
            self._mailbox.tell_later(overlap, partial(self._join_wave, self._waves))
        # All at once: nobody's telephone waits until the switch has heard of another's.
        await asyncio.gather(*(self._commands.ring(one.to_ring(self._ports)) for one in offers))

    def _cancelled(
        self, conn: Connection, legs: Collection[LegId], reason: str, at: datetime
    ) -> list[Event]:
        """Write that these offers were stopped; what the call's log is still to be told of it."""
        roster_store.cancel_offers(conn, legs, at)
        abouts = {leg: self._record.about(self._live[leg].interpreter, self._part) for leg in legs}
        return [
            self._record.event(EventKind.OFFER_CANCELLED, leg, {**about, "reason": reason}, at)
            for leg, about in abouts.items()
        ]

    def _stopped(self, legs: Iterable[LegId]) -> None:
        """These offers are over, though their telephones may ring for a moment yet."""
        now = self._ports.clock.now()
        for leg in legs:
            offer = self._live.pop(leg, None)
            if offer is not None:
                self._roster.stopped(offer.interpreter, offer.rang_for(now))
