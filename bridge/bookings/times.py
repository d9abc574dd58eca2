# SPDX-License-Identifier: EUPL-1.2
"""The next roster-true times for a request, read from the roster and the bookings."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bridge.bookings.model import GRID, USUAL_MINUTES, Slot, free_slots
from bridge.bookings.store import busy_between
from bridge.roster.eligibility import asked_reason
from bridge.roster.lists_store import load_lists
from bridge.roster.people import Interpreter
from bridge.roster.people_store import load_people
from bridge.roster.requirements import Lists, Requirements
from bridge.roster.standing_store import load_standings
from bridge.vocabulary import InterpreterId

AHEAD = timedelta(days=15)
"""Bookings beyond this cannot stand in the way of the next times."""
_AROUND = timedelta(days=2)
"""Bookings further away have no bearing on one time: neither pause nor rest nor day."""


def next_times(conn: Connection, requirements: Requirements, at: datetime) -> tuple[Slot, ...]:
    """Up to three times at which somebody whom the request may be given to keeps a window.

    The best level first, as they would be ranked; who is kept away by a list or a requirement is
    passed over.
    """
    candidates = _candidates(conn, requirements, at)
    standings = load_standings(conn, at, candidates)
    busy = busy_between(conn, at, at + AHEAD)
    return free_slots(candidates, busy, at, standings=standings)


def slot_at(
    conn: Connection,
    requirements: Requirements,
    starts_at: datetime,
    at: datetime,
    *,
    minutes: int = USUAL_MINUTES,
    only: InterpreterId | None = None,
) -> Slot | None:
    """Who could take a call at this very time, asked at `at`: the best of them, or `only` one.

    Nobody, too, when the time is past or off the grid.
    """
    candidates = [
        person
        for person in _candidates(conn, requirements, starts_at)
        if only is None or person.id == only
    ]
    standings = load_standings(conn, at, candidates)
    busy = busy_between(conn, starts_at - _AROUND, starts_at + _AROUND)
    found = free_slots(
        candidates,
        busy,
        at,
        minutes=minutes,
        count=1,
        standings=standings,
        lead=starts_at - at,
        horizon=starts_at - at + GRID,
    )
    exact = [slot for slot in found if slot.starts_at == starts_at > at]
    return exact[0] if exact else None


def _candidates(conn: Connection, requirements: Requirements, at: datetime) -> list[Interpreter]:
    """Whom a request may be given to: the best level first, then who is preferred."""
    lists = Lists.of(load_lists(conn, at), requirements.agency, at)
    candidates = [
        person
        for person in load_people(conn)
        if requirements.language in person.skills
        and asked_reason(person, requirements, lists) is None
    ]
    candidates.sort(
        key=lambda person: (
            person.skills[requirements.language],
            person.id not in lists.preferred,
            person.id,
        )
    )
    return candidates
