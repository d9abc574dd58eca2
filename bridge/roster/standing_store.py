# SPDX-License-Identifier: EUPL-1.2
"""What the rows say of everybody's standing, and the counts from which rates are learned.

A standing read here is the one that the pure methods of `standing.py` give when everything that
happened in the last 30 days is told to them in its order: a promise made (`rung`), how its offer
ended, a call that was left (`call_ended`, from the acceptance to the end of the interpreter's
part), a word that they are there (`back`). The calls booked with them are read from the bookings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from bridge.bookings.store import waiting_after
from bridge.calllog.model import EventKind
from bridge.calllog.store import has_event
from bridge.conference.store import call
from bridge.hours.localtime import LISBON
from bridge.hours.model import Period, Schedule
from bridge.hours.periods import clip, merge
from bridge.roster.answering import Answering
from bridge.roster.fairness import SPAN, pool_rate
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow
from bridge.roster.people_store import load_people, load_person
from bridge.roster.ranking import Knowledge
from bridge.roster.rates import Rates, estimate
from bridge.roster.standing import HOUR, Booked, Standing, next_midnight, reachable_again
from bridge.roster.store import ON_ROSTER, OfferOutcome, interpreter, reservation
from bridge.roster.windows_store import keeping_windows
from bridge.vocabulary import CallId, InterpreterId, LanguageTag

_WEEK = timedelta(days=7)
_LONGEST_PROMISE = timedelta(days=1)
"""No reservation lives longer: whatever ended within the span was made so shortly before it."""


_READ: tuple[ColumnElement[Any], ...] = (
    reservation.c.interpreter_id,
    reservation.c.call_id,
    reservation.c.made_at,
    reservation.c.accepted_at,
    reservation.c.ended_at,
    reservation.c.released_at,
    reservation.c.outcome,
    reservation.c.minutes,
    reservation.c.hard,
)
_SAYS_SOMETHING = or_(
    reservation.c.accepted_at.is_not(None),
    reservation.c.outcome.in_(
        (OfferOutcome.REFUSED, OfferOutcome.UNANSWERED, OfferOutcome.UNREACHED)
    ),
)
"""What counts for longer than an hour. Most rings are those of a wave that somebody else stopped by
accepting, and they do not.
"""


def load_standings(
    conn: Connection,
    at: datetime,
    people: Iterable[Interpreter] | None = None,
    *,
    promised: Mapping[InterpreterId, float] | None = None,
    zone: ZoneInfo = LISBON,
) -> dict[InterpreterId, Standing]:
    """Everybody's standing at a moment, but for who was removed; four queries besides those of
    `load_people`.

    `people` spares reading them again. The promised minutes take about a millisecond a person:
    those that are known well enough may be given with `promised`.
    """
    everybody = {one.id: one for one in (load_people(conn) if people is None else people)}
    return _load(conn, at, everybody, None, zone, promised or {})


def load_standing(
    conn: Connection, who: InterpreterId, at: datetime, *, zone: ZoneInfo = LISBON
) -> Standing:
    """One interpreter's standing at a moment. Raises `LookupError` for nobody."""
    person = load_person(conn, who)
    if person is None:
        raise LookupError("there is no such interpreter")
    return _load(conn, at, {who: person}, who, zone, {})[who]


def load_booked(conn: Connection, at: datetime) -> dict[InterpreterId, tuple[Booked, ...]]:
    """The calls booked with each interpreter that are neither over at this moment nor dialled."""
    found: dict[InterpreterId, list[Booked]] = {}
    for one in waiting_after(conn, at):
        found.setdefault(one.interpreter, []).append(Booked(one.start, one.end))
    return {who: tuple(calls) for who, calls in found.items()}


def _load(
    conn: Connection,
    at: datetime,
    everybody: Mapping[InterpreterId, Interpreter],
    only: InterpreterId | None,
    zone: ZoneInfo,
    known: Mapping[InterpreterId, float],
) -> dict[InterpreterId, Standing]:
    keeping = keeping_windows(conn, only)
    last = select(interpreter.c.id, interpreter.c.back_at, interpreter.c.last_call_ended)
    asked = last.add_columns(interpreter.c.joined_at).where(ON_ROSTER)
    offers = (
        select(*_READ)
        .where(
            or_(
                reservation.c.made_at > at - HOUR,
                reservation.c.released_at.is_(None),
                and_(reservation.c.made_at > at - SPAN - _LONGEST_PROMISE, _SAYS_SOMETHING),
            )
        )
        .order_by(reservation.c.interpreter_id, reservation.c.made_at, reservation.c.id)
    )
    if only is not None:
        asked = asked.where(interpreter.c.id == only)
        offers = offers.where(reservation.c.interpreter_id == only)
    folds = {
        row.id: _Fold(at, everybody[row.id].limits, row.back_at, zone)
        for row in conn.execute(asked)
        if row.id in everybody
    }
    for row in conn.execute(offers):
        if row.interpreter_id in folds:
            folds[row.interpreter_id].add(row)
    booked = load_booked(conn, at)
    standings: dict[InterpreterId, Standing] = {}
    for row in conn.execute(asked):
        if row.id in folds:
            person = everybody[row.id]
            promised = 0.0
            if row.id in keeping:
                promised = known.get(row.id) or _promised(person.schedule, row.joined_at, at)
            standing = folds[row.id].standing(
                promised, row.last_call_ended, _returned(person.presence, at)
            )
            standings[row.id] = replace(standing, booked=booked.get(row.id, ()))
    return standings


class _Fold:
    """The rows of one person, taken in one after the other."""

    def __init__(self, at: datetime, limits: Limits, back_at: datetime | None, zone: ZoneInfo):
        self._at = at
        self._since = at - SPAN
        self._limits = limits
        self._back_at = back_at
        self._zone = zone
        self._reserved = False
        self._wrap_up_until: datetime | None = None
        self._ended: datetime | None = None
        self._consecutive = 0.0
        self._today = 0.0
        self._day_ends: datetime | None = None
        self._offers: list[datetime] = []
        self._streak = 0
        self._unreached = 0
        self._unreached_until: datetime | None = None
        self._offered = 0.0
        self._offers_alone = _OffersAlone()

    def add(self, row: Row[Any]) -> None:
        unreached = row.outcome == OfferOutcome.UNREACHED
        is_offer = self._offers_alone.is_one(row)
        if row.made_at + HOUR > self._at and is_offer and not unreached:
            self._offers.append(row.made_at)
        if row.released_at is None:
            self._reserved = True
        if row.accepted_at is not None:
            self._streak = 0
            self._reached()
            if row.released_at is not None:
                self._call(row.accepted_at, max(row.ended_at, row.accepted_at), hard=row.hard)
        elif row.outcome in _TAKEN_AMISS:
            if row.ended_at > self._since:
                self._offered += row.minutes or 0.0
            self._reached()
            if row.outcome == OfferOutcome.REFUSED:
                self._streak = 0
            elif self._back_at is None or row.ended_at > self._back_at:
                self._streak += 1
        elif unreached and (self._back_at is None or row.ended_at > self._back_at):
            self._unreached += 1
            self._unreached_until = reachable_again(row.ended_at, self._unreached)

    def _reached(self) -> None:
        self._unreached, self._unreached_until = 0, None

    def _call(self, began: datetime, ended: datetime, *, hard: bool) -> None:
        if ended <= self._since:
            return
        limits, minutes = self._limits, (ended - began).total_seconds() / 60.0
        if self._ended is None or began - self._ended >= limits.rest:
            self._consecutive = 0.0
        day_ends = next_midnight(ended, self._zone)
        if day_ends != self._day_ends:
            self._today = 0.0
        self._consecutive += minutes
        self._today += minutes
        self._offered += minutes
        self._day_ends = day_ends
        self._ended = ended
        self._wrap_up_until = ended + (limits.wrap_up_hard if hard else limits.wrap_up)

    def standing(
        self, promised: float, ended: datetime | None, returned: datetime | None
    ) -> Standing:
        return Standing(
            reserved=self._reserved,
            wrap_up_until=self._wrap_up_until,
            last_call_ended=_later(self._ended, ended),
            available_since=_later(self._back_at, returned),
            consecutive_minutes=self._consecutive,
            minutes_today=self._today,
            day_ends=self._day_ends,
            recent_offers=tuple(self._offers),
            unanswered_streak=self._streak,
            unreached_streak=self._unreached,
            unreached_until=self._unreached_until,
            minutes_offered=self._offered,
            minutes_promised=promised,
        )


class _OffersAlone:
    """Tells the offers from the rings that are to bring somebody back into a call.

    Whoever was in a call and is rung for it once more, with no word of how an offer ended, was
    dropped: that says nothing of how they answer offers.
    """

    def __init__(self) -> None:
        self._were_in: set[tuple[InterpreterId, CallId]] = set()

    def is_one(self, row: Row[Any]) -> bool:
        """Whether this promise was one; to be asked of all of them in their order."""
        came_in = (row.interpreter_id, row.call_id)
        was_in = came_in in self._were_in
        if row.accepted_at is not None:
            self._were_in.add(came_in)
        return not was_in or row.outcome not in (None, OfferOutcome.ACCEPTED)


_TAKEN_AMISS = frozenset({OfferOutcome.REFUSED.value, OfferOutcome.UNANSWERED.value})
_TEACHES_NOTHING = frozenset({OfferOutcome.UNREACHED.value, OfferOutcome.NEXT_PHONE.value})


def _promised(schedule: object, joined_at: datetime | None, at: datetime) -> float:
    """Minutes of windows over the span, or since they joined."""
    start = at - SPAN if joined_at is None else max(at - SPAN, joined_at)
    if not isinstance(schedule, Schedule) or start >= at:
        return 0.0
    return schedule.promised(start, at).total_seconds() / 60.0


def _returned(presence: PresenceNow, at: datetime) -> datetime | None:
    """When a break or an absence that had an end was over."""
    over = presence.until is not None and presence.until <= at
    return presence.until if over and presence.state is not Presence.AVAILABLE else None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


# --- what rates are learned from ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What was asked for since a moment: the counts of `rates.estimate`."""

    calls: Mapping[LanguageTag, int]
    """Requests of each language, served or not."""
    served: int
    """How often an interpreter's part in a call is over."""
    minutes: float
    """How long those parts lasted together, pauses not included."""


def arrival_counts(conn: Connection, since: datetime) -> Arrivals:
    """Requests and served calls since a moment; two queries.

    A migrant who only rings the line chooses a language, too, but asks for no interpreter.
    """
    asked = (
        select(call.c.language, func.count())
        .where(
            call.c.created_at >= since,
            call.c.language.is_not(None),
            has_event(EventKind.REQUESTED),
        )
        .group_by(call.c.language)
        .order_by(call.c.language)
    )
    calls = {LanguageTag(row[0]): int(row[1]) for row in conn.execute(asked)}
    lengths = [
        (row.ended_at - row.accepted_at).total_seconds() / 60.0
        for row in conn.execute(
            _offers_since(since).where(
                reservation.c.accepted_at.is_not(None), reservation.c.released_at.is_not(None)
            )
        )
    ]
    return Arrivals(calls, len(lengths), sum(lengths))


def load_knowledge(
    conn: Connection,
    at: datetime,
    people: Iterable[Interpreter] | None = None,
    standings: Mapping[InterpreterId, Standing] | None = None,
    answering: Answering | None = None,
    *,
    zone: ZoneInfo = LISBON,
) -> Knowledge:
    """What the last 30 days taught of the service as a whole; see `learn`.

    `people`, `standings` and `answering` spare reading them again.
    """
    everybody = tuple(load_people(conn) if people is None else people)
    stand = load_standings(conn, at, everybody, zone=zone) if standings is None else standings
    first = conn.execute(select(func.min(call.c.created_at))).scalar()
    since = at if first is None else max(at - SPAN, first)
    rates = learn(everybody, arrival_counts(conn, since), since, at)
    return Knowledge(
        offered=rates.offered(),
        pool_rate=pool_rate(stand.values()),
        answering=load_answering(conn, since, zone=zone) if answering is None else answering,
        call_minutes=rates.call_hours * 60.0,
        load=rates.load,
        zone=zone,
    )


def learn(
    people: Iterable[Interpreter], arrivals: Arrivals, since: datetime, at: datetime
) -> Rates:
    """Arrivals by language and the mean call, from counts since a moment. Pure.

    The hours of service are those in which somebody's window is open; who keeps no windows counts
    as always on duty, and then it is all hours. Before the first call the priors alone speak.
    """
    vetted = [one for one in people if one.vetted]
    speakers = Counter(tag for one in vetted for tag in one.skills)
    # On day one, too, it has to be known how many are on duty: a week is looked at in any case.
    start, end = min(since, at - _WEEK), at
    open_: list[Period] = []
    promised = timedelta()
    for one in vetted:
        periods = (
            one.schedule.periods(start, end)
            if isinstance(one.schedule, Schedule)
            else (Period(start, end),)
        )
        open_ += periods
        promised += sum((period.duration for period in periods), timedelta())
    service = merge(open_)
    total = sum((period.duration for period in service), timedelta())
    counted = sum((one.duration for one in clip(service, since, at)), timedelta())
    return estimate(
        speakers,
        promised / total if total else 0.0,
        arrivals.calls,
        counted / timedelta(hours=1),
        arrivals.served,
        arrivals.minutes,
    )


def load_answering(
    conn: Connection,
    since: datetime,
    answering: Answering | None = None,
    *,
    zone: ZoneInfo = LISBON,
) -> Answering:
    """How everybody answered since a moment, hour by hour of the service's day; one query.

    The offers are told to `answering` (by default a new one) in the order in which they ended:
    accepted within `PROMPTLY` seconds of the ringing or not, or stopped by us before. A telephone
    that could not be reached says nothing of how somebody answers, nor does a ring that is to bring
    somebody back into a call.
    """
    learned = Answering() if answering is None else answering
    ended = _offers_since(since).where(reservation.c.ended_at.is_not(None))
    known = or_(reservation.c.released_at.is_not(None), reservation.c.outcome.is_not(None))
    rows = [(row.accepted_at or row.ended_at, row) for row in conn.execute(ended.where(known))]
    offers_alone = _OffersAlone()
    for over, row in sorted(rows, key=lambda one: (one[0], one[1].id)):
        if not offers_alone.is_one(row):
            continue
        began = row.rang_at or row.made_at
        rang, hour = (over - began).total_seconds(), began.astimezone(zone).hour
        if row.accepted_at is not None:
            learned.accepted(row.interpreter_id, hour, rang)
        elif row.outcome in _TEACHES_NOTHING:
            continue
        elif row.outcome in _TAKEN_AMISS:
            learned.declined(row.interpreter_id, hour, rang)
        else:
            learned.stopped(row.interpreter_id, hour, rang)
    return learned


def _offers_since(since: datetime) -> Select[tuple[object, ...]]:
    return select(
        reservation.c.id,
        reservation.c.interpreter_id,
        reservation.c.call_id,
        reservation.c.made_at,
        reservation.c.rang_at,
        reservation.c.accepted_at,
        reservation.c.ended_at,
        reservation.c.outcome,
    ).where(reservation.c.made_at >= since)
