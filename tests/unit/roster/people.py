# SPDX-License-Identifier: EUPL-1.2
"""Random interpreters, standings and requests for property tests; moments within one day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bridge.hours.localtime import LISBON
from bridge.hours.model import Absence, Schedule, Weekday, Window
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow
from bridge.roster.requirements import ListEntry, ListKind, Requirements, Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.roster.standing import Booked, Standing
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
TAGS = tuple(LanguageTag(tag) for tag in ("ar", "en", "fr", "ti", "uk"))
AGENCY = AgencyId(7)

moments = st.integers(0, 24 * 60).map(lambda minute: MONDAY + timedelta(minutes=minute))
"""Whole minutes, so that a moment often is exactly a boundary."""
levels = st.integers(0, 4).map(Level)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """One or two windows every day, and perhaps an absence."""
    windows = []
    for _ in range(draw(st.integers(1, 2))):
        start, length = draw(st.integers(0, 23 * 60)), draw(st.integers(1, 12 * 60))
        opens = (MONDAY + timedelta(minutes=start)).time()
        closes = (MONDAY + timedelta(minutes=start + length)).time()
        windows.append(Window(frozenset(Weekday), opens, closes))
    absences = []
    if draw(st.booleans()):
        start_at = draw(moments)
        absences.append(Absence(start_at, start_at + timedelta(minutes=draw(st.integers(1, 600)))))
    return Schedule(tuple(windows), tuple(absences), zone=LISBON)


limits = st.builds(
    Limits,
    consecutive_minutes=st.sampled_from([20.0, 90.0]),
    daily_minutes=st.sampled_from([60.0, 360.0]),
    offers_an_hour=st.integers(0, 4),
)


@st.composite
def interpreters(draw: st.DrawFn, number: int) -> Interpreter:
    """Somebody who speaks at least one of `TAGS`."""
    return Interpreter(
        id=InterpreterId(number),
        skills=draw(st.dictionaries(st.sampled_from(TAGS), levels, min_size=1, max_size=4)),
        gender=draw(st.none() | st.sampled_from(Gender)),
        subjects=frozenset(draw(st.sets(st.sampled_from(Subject), max_size=3))),
        schedule=draw(st.none() | schedules()),
        presence=PresenceNow(draw(st.sampled_from(Presence)), draw(st.none() | moments)),
        limits=draw(limits),
        vetted=draw(st.integers(0, 9)) > 0,
    )


@st.composite
def bookings(draw: st.DrawFn) -> tuple[Booked, ...]:
    """None, one or two booked calls, in order."""
    edges = sorted(draw(st.lists(moments, unique=True, max_size=4)))
    return tuple(
        Booked(begins, ends) for begins, ends in zip(edges[::2], edges[1::2], strict=False)
    )


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Anything that the phone and the log could say."""
    return Standing(
        reserved=draw(st.integers(0, 4)) == 0,
        wrap_up_until=draw(st.none() | moments),
        last_call_ended=draw(st.none() | moments),
        available_since=draw(st.none() | moments),
        consecutive_minutes=draw(st.sampled_from([0.0, 19.9, 20.0, 100.0])),
        minutes_today=draw(st.sampled_from([0.0, 59.9, 60.0, 400.0])),
        day_ends=draw(st.none() | moments),
        recent_offers=tuple(sorted(draw(st.lists(moments, max_size=4)))),
        unanswered_streak=draw(st.sampled_from([0, 0, 1, 2, 3, 5])),
        unreached_until=draw(st.none() | moments),
        minutes_offered=float(draw(st.integers(0, 500))),
        minutes_promised=float(draw(st.integers(0, 5000))),
        booked=draw(bookings()),
    )


@st.composite
def rosters(draw: st.DrawFn, most: int = 12) -> list[tuple[Interpreter, Standing]]:
    """Several people with ids out of order, each at random."""
    numbers = draw(st.lists(st.integers(1, 40), unique=True, max_size=most))
    return [(draw(interpreters(number)), draw(standings())) for number in numbers]


@st.composite
def requests(draw: st.DrawFn) -> Requirements:
    """Any request for one of `TAGS`."""
    someone = st.integers(1, 40).map(InterpreterId)
    flag = st.booleans()
    return Requirements(
        language=draw(st.sampled_from(TAGS)),
        level=draw(st.none() | st.builds(Wish[Level], levels, flag)),
        gender=draw(st.none() | st.builds(Wish[Gender], st.sampled_from(Gender), flag)),
        subject=draw(st.none() | st.builds(Wish[Subject], st.sampled_from(Subject), flag)),
        step_down=draw(flag),
        same_again=draw(st.none() | someone),
        excluded=frozenset(draw(st.sets(someone, max_size=3))),
        agency=draw(st.none() | st.just(AGENCY)),
    )


entries = st.lists(
    st.builds(
        ListEntry,
        kind=st.sampled_from([*ListKind, ListKind.PREFERRED, ListKind.PREFERRED]),
        interpreter=st.integers(1, 40).map(InterpreterId),
        agency=st.none() | st.sampled_from([AGENCY, AgencyId(8)]),
        ends=st.none() | moments,
    ),
    max_size=4,
)
