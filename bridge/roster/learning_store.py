# SPDX-License-Identifier: EUPL-1.2
"""What the rows teach of the service: how often each language is asked for, how long a call lasts,
and how likely everybody answers at which hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, or_, select

from bridge.calllog.model import EventKind
from bridge.calllog.store import has_event
from bridge.conference.store import call
from bridge.hours.localtime import LISBON
from bridge.hours.model import Period, Schedule
from bridge.hours.periods import clip, merge
from bridge.roster.answering import Answering
from bridge.roster.fairness import SPAN, pool_rate
from bridge.roster.people import Interpreter
from bridge.roster.people_store import load_people
from bridge.roster.ranking import Knowledge
from bridge.roster.rates import Rates, estimate
from bridge.roster.standing import Standing
from bridge.roster.standing_store import TAKEN_AMISS, OffersAlone, load_standings
from bridge.roster.store import OfferOutcome, reservation
from bridge.storage.schema import in_batches
from bridge.vocabulary import InterpreterId, LanguageTag

_WEEK = timedelta(days=7)
_TEACHES_NOTHING = frozenset({OfferOutcome.UNREACHED.value, OfferOutcome.NEXT_PHONE.value})


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
            in_batches(_offers_since(since)).where(
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
    over = func.coalesce(reservation.c.accepted_at, reservation.c.ended_at)
    offers = in_batches(ended.where(known).order_by(over, reservation.c.id))
    offers_alone = OffersAlone()
    for row in conn.execute(offers):
        if not offers_alone.is_one(row):
            continue
        began = row.rang_at or row.made_at
        rang = ((row.accepted_at or row.ended_at) - began).total_seconds()
        hour = began.astimezone(zone).hour
        if row.accepted_at is not None:
            learned.accepted(row.interpreter_id, hour, rang)
        elif row.outcome in _TEACHES_NOTHING:
            continue
        elif row.outcome in TAKEN_AMISS:
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
