# SPDX-License-Identifier: EUPL-1.2
"""What the rows say of everybody's standing.

A standing read here is the one that the pure methods of `standing.py` give when everything that
happened in the last 30 days is told to them in its order: a promise made (`rung`), how its offer
ended, a call that was left (`call_ended`, from the acceptance to the end of the interpreter's
part), a word that they are there (`back`). The calls booked with them are read from the bookings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from bridge.bookings.store import waiting_after
from bridge.hours.localtime import LISBON
from bridge.hours.model import Schedule
from bridge.roster.fairness import SPAN
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow
from bridge.roster.people_store import load_people, load_person
from bridge.roster.standing import HOUR, Booked, Standing, next_midnight, reachable_again
from bridge.roster.store import ON_ROSTER, OfferOutcome, interpreter, reservation
from bridge.roster.windows_store import keeping_windows
from bridge.storage.schema import in_batches
from bridge.vocabulary import CallId, InterpreterId

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
    else:
        offers = in_batches(offers)
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
        self._offers_alone = OffersAlone()

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
        elif row.outcome in TAKEN_AMISS:
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


class OffersAlone:
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


TAKEN_AMISS = frozenset({OfferOutcome.REFUSED.value, OfferOutcome.UNANSWERED.value})


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
