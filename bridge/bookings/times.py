# SPDX-License-Identifier: EUPL-1.2
"""The next roster-true times for a request, read from the roster and the bookings."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bridge.bookings.model import Slot, free_slots
from bridge.bookings.store import busy_between
from bridge.roster.eligibility import asked_reason
from bridge.roster.lists_store import load_lists
from bridge.roster.people_store import load_people
from bridge.roster.requirements import Lists, Requirements
from bridge.roster.standing_store import load_standings

AHEAD = timedelta(days=15)
"""Bookings beyond this cannot stand in the way of the next times."""


def next_times(conn: Connection, requirements: Requirements, at: datetime) -> tuple[Slot, ...]:
    """Up to three times at which somebody whom the request may be given to keeps a window.

    The best level first, as they would be ranked; who is kept away by a list or a requirement is
    passed over.
    """
    people = load_people(conn)
    lists = Lists.of(load_lists(conn, at), requirements.agency, at)
    candidates = [
        person
        for person in people
        if requirements.language in person.skills
        and asked_reason(person, requirements, lists) is None
    ]
    candidates.sort(key=lambda person: (person.skills[requirements.language], person.id))
    standings = load_standings(conn, at, candidates)
    busy = busy_between(conn, at, at + AHEAD)
    return free_slots(candidates, busy, at, standings=standings)
