# SPDX-License-Identifier: EUPL-1.2
"""Much may change between a booking and its hour: who is rung then, and what the trace says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.model import FarHalf, NewBooking, ceil
from bridge.calllog.model import Event, EventKind
from bridge.hours.model import Absence
from bridge.roster import lists_store
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.roster.people_store import load_people
from bridge.roster.requirements import ListEntry, ListKind, Requirements
from bridge.roster.skills import pair
from bridge.roster.windows_store import add_absence, set_windows
from bridge.telephony.switch import ConversationName, Ending
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag, PhoneNumber, TechnicianId
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import TECHNICIAN, World, all_week, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")
Change = Callable[[World, Connection, InterpreterId], Any]


def listed(kind: ListKind, agency: int | None) -> Change:
    which = None if agency is None else AgencyId(agency)

    def change(w: World, conn: Connection, who: InterpreterId) -> None:
        lists_store.add_to_list(conn, ListEntry(kind, who, which), w.clock.now())

    return change


def only_others(w: World, conn: Connection, who: InterpreterId) -> None:
    for one in load_people(conn):
        if one.id != who:
            entry = ListEntry(ListKind.ONLY, one.id, AgencyId(1))
            lists_store.add_to_list(conn, entry, w.clock.now())


def absent(w: World, conn: Connection, who: InterpreterId) -> None:
    hour = timedelta(hours=1)
    add_absence(conn, who, Absence(w.booked_for - hour, w.booked_for + hour))


KEEPS_AWAY: Mapping[str, Change] = MappingProxyType(
    {
        "do_not_send": listed(ListKind.DO_NOT_SEND, 1),
        "do_not_send to all": listed(ListKind.DO_NOT_SEND, None),
        "not_on_only_list": only_others,
        "not_vetted": lambda _w, conn, who: roster.change(conn, who, {"vetted": False}),
        "outside_window": absent,
    }
)
PASSES: Mapping[str, Change] = MappingProxyType(
    {
        "off": lambda w, conn, who: roster.set_presence(conn, who, Presence.OFF, at=w.clock.now()),
        "on_break": lambda w, conn, who: roster.set_presence(
            conn, who, Presence.ON_BREAK, at=w.clock.now()
        ),
        "daily_limit": lambda _w, conn, who: roster.change(
            conn, who, {"limits": {"daily_minutes": 0}}
        ),
        "do_not_send to another": listed(ListKind.DO_NOT_SEND, 2),
    }
)


ALL: Mapping[str, Change] = MappingProxyType({**KEEPS_AWAY, **PASSES})


def change(w: World, who: InterpreterId, what: Change) -> None:
    """Something changes about somebody, and the bridge notices it."""
    w.database.run_now(lambda conn: what(w, conn, who))
    w.refresh()


def rung(w: World, call: int = 0) -> list[object]:
    """Whom a call has rung, in order."""
    events = w.events(w.call_ids()[call])
    return [event.data["interpreter"] for event in events if event.kind is EventKind.OFFERED]


def looks(w: World, call: int = 0) -> list[Event]:
    """A call's looks at the roster."""
    return [one for one in w.events(w.call_ids()[call]) if one.kind is EventKind.RANKED]


def skipped(look: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(str(look.data["trace"]))["skipped"]
    return found


def another_agency(w: World) -> None:
    """Whose lists are nothing to the call."""
    w.database.run_now(
        lambda conn: agencies.add_agency(conn, "5555", "Escola de Teste", AgencyKind.SCHOOL)
    )


def two(w: World) -> tuple[InterpreterId, InterpreterId]:
    """The one whom the call is booked with, whose turn it is by idleness as well; and another."""
    another_agency(w)
    booked, other = w.interpreter(ACCEPTS), w.interpreter(ACCEPTS)
    w.telephone(TECHNICIAN, ACCEPTS)
    w.mark_called(other)
    return booked, other


# --- at the hour ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", KEEPS_AWAY)
async def test_who_may_not_be_sent_any_more_is_not_rung_and_the_trace_says_why(what: str) -> None:
    async with world() as w:
        booked, other = two(w)
        await w.book(booked)
        change(w, booked, KEEPS_AWAY[what])
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [other]
        (look,) = looks(w)
        assert skipped(look)[str(booked)][0] == what.partition(" ")[0]
        assert "reason" not in look.data


@pytest.mark.parametrize("what", PASSES)
async def test_what_passes_keeps_nobody_from_the_call_that_was_booked_with_them(what: str) -> None:
    async with world("ring_all") as w:
        booked, _ = two(w)
        await w.book(booked)
        change(w, booked, PASSES[what])
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [booked]
        (look,) = looks(w)
        assert (look.data["interpreter"], look.data["reason"]) == (booked, "booked")


async def test_neither_does_the_pause_after_a_call() -> None:
    async with world() as w:
        booked = w.interpreter(ACCEPTS)
        await w.book(booked, minutes_ahead=30)
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 20)
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        w.telephone(TECHNICIAN, ACCEPTS)
        await w.dial_bookings_at(w.booked_for)
        offered = await w.event(EventKind.OFFERED, call=1)
        assert offered.at - w.booked_for < timedelta(seconds=1)


async def test_who_is_on_the_telephone_with_us_is_not_rung_but_others_are() -> None:
    async with world() as w:
        booked, other = two(w)
        await w.book(booked)
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 1)
        w.refresh()
        w.calls.rings_us(booked)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [other]


async def test_who_does_not_speak_the_language_any_more_is_not_rung() -> None:
    async with world() as w:
        booked, other = two(w)
        await w.book(booked)
        russian = [LanguageTag("ru")]
        w.database.run_now(lambda conn: roster.set_languages(conn, booked, russian))
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [other]


async def test_others_are_rung_when_the_one_it_was_booked_with_refuses() -> None:
    async with world() as w:
        booked, other = two(w)
        w.telephone("+351910000001", REFUSES)
        await w.book(booked)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [booked, other]
        assert [look.data["wave"] for look in looks(w)] == [1, 2]


async def test_going_on_with_what_was_cut_off_leaves_a_trace() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.telephone(TECHNICIAN, NeverAnswers())
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        line.end(Ending.DROPPED)
        await w.event(EventKind.CALL_ENDED)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        (look,) = looks(w, 1)
        assert (look.data["interpreter"], look.data["reason"]) == (who, "same_again")
        assert skipped(look)[str(who)][0] == "wrap_up"


async def test_a_half_of_a_relay_that_may_not_be_sent_any_more_is_hunted_for() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
        w.telephone(TECHNICIAN, ACCEPTS)
        tigrinya, english = LanguageTag("ti"), LanguageTag("en")
        near = w.interpreter(ACCEPTS, english)
        far, other = (w.interpreter(ACCEPTS, pair(tigrinya, english)) for _ in range(2))
        w.booked_for = ceil(w.clock.now() + timedelta(hours=1))
        new = NewBooking(
            requirements=Requirements(tigrinya),
            interpreter=near,
            starts_at=w.booked_for,
            agency=AgencyId(1),
            technician=TechnicianId(1),
            technician_number=PhoneNumber(TECHNICIAN),
            far=FarHalf(far, english),
        )
        at = w.clock.now()
        w.database.run_now(lambda conn: bookings.book(conn, new, at))
        change(w, far, KEEPS_AWAY["do_not_send"])
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [near, other]
        assert [look.data.get("reason") for look in looks(w)] == ["booked", None]


# --- the reminder --------------------------------------------------------------------------------


@pytest.mark.parametrize("what", KEEPS_AWAY)
async def test_who_may_not_be_sent_any_more_is_not_reminded(what: str) -> None:
    async with world() as w:
        booked, _ = two(w)
        made = await w.book(booked, minutes_ahead=120)
        due = w.booked_for - timedelta(hours=1)
        w.database.run_now(lambda conn: bookings.remind_again(conn, made, due))
        change(w, booked, KEEPS_AWAY[what])
        await asyncio.sleep((due - w.clock.now()).total_seconds())
        await w.calls.reminders.ring_due()
        assert w.switch.originated == []


@pytest.mark.parametrize("kind", [ListKind.DO_NOT_SEND, ListKind.ONLY])
async def test_a_reminder_asks_who_may_be_sent_at_the_hour(kind: ListKind) -> None:
    async with world() as w:
        booked, other = two(w)
        made = await w.book(booked, minutes_ahead=120)
        due, ends = w.booked_for - timedelta(hours=1), w.booked_for - timedelta(minutes=30)
        w.database.run_now(lambda conn: bookings.remind_again(conn, made, due))

        def lists(_w: World, conn: Connection, who: InterpreterId) -> None:
            entries = [ListEntry(kind, who, AgencyId(1), ends=ends)]
            if kind is ListKind.ONLY:
                entries.append(ListEntry(kind, other, AgencyId(1)))
            for entry in entries:
                lists_store.add_to_list(conn, entry, w.clock.now())

        change(w, booked, lists)
        await asyncio.sleep((due - w.clock.now()).total_seconds())
        await w.calls.reminders.ring_due()
        assert len(w.switch.originated) == (kind is ListKind.DO_NOT_SEND)


# --- whatever changes ----------------------------------------------------------------------------

changes = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(sorted(ALL))), max_size=5)


def kept_away(
    people: list[InterpreterId], changed: list[tuple[int, str]]
) -> frozenset[InterpreterId]:
    """Who may not be sent any more. Whoever is put off the only list puts all others on it."""
    only = {people[place] for place, what in changed if what == "not_on_only_list"}
    others = set(KEEPS_AWAY) - {"not_on_only_list"}
    away = {people[place] for place, what in changed if what in others}
    return frozenset(away | (only if len(only) == 1 else set()))


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    policy=st.sampled_from(("longest_idle", "default", "ring_all")),
    behaviours=st.lists(
        st.sampled_from((ACCEPTS, REFUSES, NeverAnswers())), min_size=3, max_size=3
    ),
    changed=changes,
    windows=st.booleans(),
    restarts=st.booleans(),
)
async def test_whatever_changes_nobody_is_rung_who_may_not_be_sent(
    policy: str,
    behaviours: list[Answers | NeverAnswers],
    changed: list[tuple[int, str]],
    windows: bool,
    restarts: bool,
) -> None:
    async with world(policy) as w:
        another_agency(w)
        w.telephone(TECHNICIAN, ACCEPTS)
        people = [w.interpreter(one) for one in behaviours]
        for who in people if windows else ():
            w.database.run_now(partial(set_windows, who=who, windows=(all_week(),)))
        made = await w.book(people[0], minutes_ahead=120)
        due = w.booked_for - timedelta(hours=1)
        w.database.run_now(lambda conn: bookings.remind_again(conn, made, due))
        for place, what in changed:
            change(w, people[place], ALL[what])
        away = kept_away(people, changed)
        await asyncio.sleep((due - w.clock.now()).total_seconds())
        await w.calls.reminders.ring_due()
        await w.dial_bookings_at(w.booked_for)
        if restarts:
            await w.restart()
        await asyncio.sleep(120)
        numbers = {f"+3519100000{place:02d}": who for place, who in enumerate(people, start=1)}
        telephones = [numbers.get(one.to.number.e164) for one in w.switch.originated]
        assert not away.intersection(telephones)
        kinds = w.kinds()
        assert EventKind.RANKED in kinds
        first = next((n for n, kind in enumerate(kinds) if kind is EventKind.OFFERED), len(kinds))
        assert kinds.index(EventKind.RANKED) < first
        reminded = ConversationName.REMINDER in {one.conversation for one in w.switch.originated}
        assert reminded is (people[0] not in away)
