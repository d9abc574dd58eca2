# SPDX-License-Identifier: EUPL-1.2
"""Whom one part of a call rings next: ranked by the roster as it is now, promised, written down.

All of it is one piece of a transaction, and changes nothing in memory: what a second try of the
transaction would find is what the first one found. Ringing is the hunt's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference import store
from bridge.conference.hunting.offers import Alone, Offer, Promised, dialable
from bridge.conference.legs import Part, part_data, phone_data
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import Request
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.roster import store as roster_store
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.eligibility import DESPITE_A_BOOKING, DESPITE_THE_CUT
from bridge.roster.policies import head_start
from bridge.roster.requirements import Requirements
from bridge.roster.skills import pair
from bridge.roster.waves import Prospect
from bridge.vocabulary import InterpreterId, Role, new_leg_id

MOST_PROSPECTS = 64
"""So far down a ranking a wave may look; no wave rings nearly as many."""
_BEFORE_ALL = -1
"""The tier of whoever is rung alone."""
_DESPITE = {Alone.BOOKED: DESPITE_A_BOOKING, Alone.SAME_AGAIN: DESPITE_THE_CUT}
"""The reasons against ringing somebody that do not count where they are rung alone."""


class Choice:
    """Chooses for one part of one call."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        mailbox: Mailbox,
        part: Part,
        left_out: Callable[[], Set[InterpreterId]],
    ) -> None:
        """`left_out` says whom the hunt does not ring now."""
        self._ports = ports
        self._roster = ports.roster
        self._record = record
        self._mailbox = mailbox
        self._part = part
        self._left_out = left_out

    def asked(self, request: Request) -> Requirements:
        """What this part is asked for: the whole request or, in a relay, its half of the way."""
        pivot = self._record.pivot
        if pivot is None:
            return request.requirements
        half = pivot if self._part is Part.PORTUGUESE else pair(request.language, pivot)
        return replace(request.requirements, language=half)

    def rank(self, conn: Connection, asked: Requirements, at: datetime) -> ColumnRanking:
        """Who could be rung for this now, those left out whom this hunt has tried."""
        return self._roster.rank(conn, asked, at, self._left_out())

    def wave(
        self,
        conn: Connection,
        request: Request,
        number: int,
        told: Iterable[Event] = (),
    ) -> Promised:
        """Rank the roster and promise the `number`-th wave of interpreters to this call.

        The events `told` are written before its own: all in one go, for the technician waits.
        """
        at = self._ports.clock.now()
        promised = Promised()
        events = list(told)
        if not self._ports.switch.reachable:
            calllog.append(conn, *events)
            return promised
        passed: set[InterpreterId] = set()
        while not promised.offers:
            ranking = self._roster.rank(conn, self.asked(request), at, self._left_out() | passed)
            load: Data = {"load": round(self._roster.load, 3)}
            events.append(self._ranked(number, {**ranking.trace(), **load}, at))
            prospects = ranking.prospects(MOST_PROSPECTS)
            wave = self._roster.policy.wave(prospects)
            if not wave.phones:
                break
            passed.update(wave.phones)
            offers = self.reserve(conn, dict.fromkeys(wave.phones, 0), at, events)
            rung = {one.interpreter for one in offers}
            chosen = {one.interpreter: one for one in prospects if one.interpreter in rung}
            promised = Promised(offers, chosen)
        calllog.append(conn, *events)
        return promised

    def alone(
        self,
        conn: Connection,
        request: Request,
        who: InterpreterId,
        why: Alone,
        number: int,
        events: list[Event],
    ) -> Promised:
        """Promise one interpreter to this call, as its `number`-th wave, if they may be rung.

        What is to be written to the call's log, the ranking with the reason included, goes to the
        end of `events`; nothing when they may not be rung.
        """
        at = self._ports.clock.now()
        ranking = self.rank(conn, self.asked(request), at)
        if not self._ports.switch.reachable or not ranking.may_ring(who, _DESPITE[why]):
            return Promised()
        first: Data = {"interpreter": int(who), "reason": why.value}
        events.append(self._ranked(number, {**ranking.trace(), **first}, at))
        offers = self.reserve(conn, {who: 0}, at, events)
        return Promised(offers, prospects={who: Prospect(who, 0.0, _BEFORE_ALL)})

    def _ranked(self, number: int, data: Mapping[str, Scalar], at: datetime) -> Event:
        part = part_data(self._part, self._record.pivot)
        return self._record.event(EventKind.RANKED, data={"wave": number, **data, **part}, at=at)

    def head_start(
        self,
        request: Request,
        newcomer: InterpreterId,
        ringing: Iterable[tuple[Prospect, float]],
    ) -> float | None:
        """After how many seconds somebody who became free is to be rung beside those who ring
        already, each of whom has rung for so many seconds; `None`: not, for they may not be rung
        for this, or others come first whom the policy has ring later.

        Read from memory: each who becomes free is held against every call that waits longer.
        """
        asked, at = self.asked(request), self._ports.clock.now()
        ranking = self._roster.rank_as_known(asked, at, self._left_out())
        first = next(iter(ranking.prospects(1)), None)
        if first is None or first.interpreter != newcomer:
            return None
        return head_start(self._roster.policy, ringing, first)

    def reserve(
        self,
        conn: Connection,
        phones: Mapping[InterpreterId, int],
        at: datetime,
        events: list[Event],
    ) -> list[Offer]:
        """Promise interpreters to this call, each to be rung at this telephone of theirs.

        What is to be written to the call's log goes to the end of `events`. Nobody is promised
        while the switch cannot ring them. Raises `NotOpen` when the call is another process's.
        """
        record = self._record
        record.keep(conn)
        wanted: list[Offer] = []
        for who, phone in phones.items() if self._ports.switch.reachable else ():
            found = dialable(self._roster.interpreter(who).phones, phone)
            if found is not None:
                place, to = found
                wanted.append(Offer(new_leg_id(Role.INTERPRETER), who, to, at, place))
        legs = {offer.interpreter: offer.leg for offer in wanted}
        promised = roster_store.reserve_all(conn, legs, record.id, at, self._ports.owner)
        offers = [offer for offer in wanted if offer.interpreter in promised]
        for offer in wanted:
            about = record.about(offer.interpreter, self._part)
            if offer.interpreter in promised:
                events.append(record.event(EventKind.RESERVED, offer.leg, about, at))
                rung = {**about, **phone_data(offer.phone)}
                events.append(record.event(EventKind.OFFERED, offer.leg, rung, at))
            else:
                events.append(record.event(EventKind.RESERVATION_REFUSED, data=about, at=at))
                self._mailbox.tell(partial(self._taken_elsewhere, offer.interpreter))
        made = {offer.leg: offer.interpreter for offer in offers}
        store.add_legs(conn, made, record.id, Role.INTERPRETER, at)
        return offers

    async def _taken_elsewhere(self, who: InterpreterId) -> None:
        self._roster.promised(who)
