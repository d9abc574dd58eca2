# SPDX-License-Identifier: EUPL-1.2
"""The next roster-true times for a request, read from the roster and the bookings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from bridge.agencies.store import load_agency
from bridge.bookings.model import GRID, USUAL_MINUTES, Slot
from bridge.bookings.slots import APART, HORIZON, SLOTS, Search, free_slots, relay_slots, soonest
from bridge.bookings.store import busy_between
from bridge.roster.eligibility import asked_reason
from bridge.roster.lists_store import load_lists
from bridge.roster.people import Interpreter
from bridge.roster.people_store import load_people
from bridge.roster.ranking import unmet
from bridge.roster.requirements import ListEntry, Lists, Requirements
from bridge.roster.skills import REGISTER, LevelScale, in_order, pair, split_pair
from bridge.roster.standing_store import load_standings
from bridge.roster.windows_store import keeping_windows
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag

AHEAD = timedelta(days=15)
"""Bookings beyond this cannot stand in the way of the next times."""
_AROUND = timedelta(days=2)
"""Bookings further away have no bearing on one time: neither pause nor rest nor day."""


def next_times(
    conn: Connection, requirements: Requirements, at: datetime, *, levels: LevelScale = REGISTER
) -> tuple[Slot, ...]:
    """Up to three times at which somebody whom the request may be given to keeps a window.

    At each the first of those who are there, as they would be ranked; who is kept away by a
    requirement, or by a list that holds at that time, is passed over. Where nobody has such a time
    and the agency allows a relay: times at which both halves of one have somebody, the usual
    languages between first.
    """
    people = _promising(conn, levels)
    standings = load_standings(conn, at, people)
    search = Search(at, busy_between(conn, at, at + AHEAD), standings)
    spans = tuple(_spans(load_lists(conn, at), requirements.agency, at))
    found: list[Slot] = []
    for first, last, lists in spans:
        earliest = max(first, found[-1].starts_at + APART) if found else first
        within = replace(
            search, count=SLOTS - len(found), lead=max(GRID, earliest - at), horizon=last - at
        )
        found += free_slots(_may(people, requirements, lists), within)
    if found or not _relay_allowed(conn, requirements.agency):
        return tuple(found)
    return soonest(
        slot
        for first, last, lists in spans
        for pivot, near, far in _relays(people, requirements, lists)
        for slot in relay_slots(
            pivot, near, far, replace(search, lead=max(GRID, first - at), horizon=last - at)
        )
    )


def _promising(conn: Connection, levels: LevelScale) -> list[Interpreter]:
    """Everybody who keeps windows. Others have a schedule all the same where an absence was ever
    entered for them: always but for that, and nobody promised to be there at night.
    """
    keeping = keeping_windows(conn)
    return [one for one in load_people(conn, scale=levels) if one.id in keeping]


def _spans(
    entries: Sequence[ListEntry], agency: AgencyId | None, at: datetime
) -> Iterator[tuple[datetime, datetime, Lists]]:
    """From when until just before when which lists hold: who may be sent now may not be for ever,
    and the other way round.
    """
    ends = {one.ends for one in entries if one.ends is not None and one.holds(agency, at)}
    turns = [at, *sorted(one for one in ends if one < at + HORIZON), at + HORIZON]
    for first, last in pairwise(turns):
        yield first, last, Lists.of(entries, agency, first)


def slot_at(
    conn: Connection,
    requirements: Requirements,
    starts_at: datetime,
    at: datetime,
    *,
    minutes: int = USUAL_MINUTES,
    only: InterpreterId | None = None,
    levels: LevelScale = REGISTER,
) -> Slot | None:
    """Who could take a call at this very time, asked at `at`: the best of them, or `only` one.

    Where nobody could and the agency allows a relay, two interpreters with a language between.
    Nobody, too, when the time is past or off the grid.
    """
    people = [one for one in _promising(conn, levels) if only is None or one.id == only]
    lists = Lists.of(load_lists(conn, starts_at), requirements.agency, starts_at)
    standings = load_standings(conn, at, people)
    busy = busy_between(conn, starts_at - _AROUND, starts_at + _AROUND)
    lead = starts_at - at
    search = Search(at, busy, standings, minutes=minutes, count=1, lead=lead, horizon=lead + GRID)

    def exact(found: Sequence[Slot]) -> Slot | None:
        return next((slot for slot in found if slot.starts_at == starts_at > at), None)

    direct = free_slots(_may(people, requirements, lists), search)
    found = exact(direct)
    if found is not None or only is not None or not _relay_allowed(conn, requirements.agency):
        return found
    ways = (
        relay_slots(pivot, near, far, search)
        for pivot, near, far in _relays(people, requirements, lists)
    )
    return next((slot for way in ways if (slot := exact(way)) is not None), None)


def _relay_allowed(conn: Connection, which: AgencyId | None) -> bool:
    agency = None if which is None else load_agency(conn, which)
    return agency is not None and agency.relay_allowed


def _relays(
    people: Sequence[Interpreter], requirements: Requirements, lists: Lists
) -> Iterator[tuple[LanguageTag, list[Interpreter], list[Interpreter]]]:
    """The languages between that lead to Portuguese, and who may be given each half."""
    pairs = {tag: found for one in people for tag in one.skills if (found := split_pair(tag))}
    pivots = {pivot for language, pivot in pairs.values() if language == requirements.language}
    halves = {
        pivot: [
            _may(people, replace(requirements, language=half), lists)
            for half in (pivot, pair(requirements.language, pivot))
        ]
        for pivot in pivots
    }
    for pivot in in_order({pivot: len(near) for pivot, (near, _) in halves.items()}):
        near, far = halves[pivot]
        yield pivot, near, far


def _may(
    people: Sequence[Interpreter], requirements: Requirements, lists: Lists
) -> list[Interpreter]:
    """Whom a request may be given to, in the groups in which they would be ranked: who is asked for
    again, then the best level, then the fewest wishes missed, then who is preferred.
    """
    candidates = [
        person
        for person in people
        if requirements.language in person.skills
        and asked_reason(person, requirements, lists) is None
    ]
    candidates.sort(
        key=lambda person: (
            person.id != requirements.same_again,
            person.skills[requirements.language],
            unmet(person, requirements),
            person.id not in lists.preferred,
            person.id,
        )
    )
    return candidates
