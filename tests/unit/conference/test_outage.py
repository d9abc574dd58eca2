# SPDX-License-Identifier: EUPL-1.2
"""A line that is down is held against nobody: not against interpreters, and not against callers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bridge.bookings import store as bookings
from bridge.bookings.model import BookingState
from bridge.calllog.model import EventKind
from bridge.conference.model import CallState
from bridge.roster.learning_store import load_answering
from bridge.roster.people_store import load_person, set_phones
from bridge.roster.standing import Standing
from bridge.roster.standing_store import load_standing
from bridge.telephony.switch import Ending
from bridge.vocabulary import InterpreterId, PhoneNumber
from lab.phones import Answers, Busy, NeverAnswers, Unreachable
from tests.unit.conference.at_a_line import MIGRANT as CALLER
from tests.unit.conference.at_a_line import SUNDAY_NIGHT, UKRAINIAN_KEY, at, rings
from tests.unit.conference.test_guard import in_room, three_in_a_room
from tests.unit.conference.test_relay import allow, two
from tests.unit.conference.world import START, TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
NOBODY_REACHED = "pt/nobody-reached"
NOBODY_AVAILABLE = "pt/nobody-available"


@contextmanager
def trunk_down(w: World) -> Iterator[None]:
    """The network delivers no call for a while."""
    telephones = dict(w.switch.telephones)
    w.switch.telephones.clear()
    yield
    w.switch.telephones.update(telephones)


def standing(w: World, who: InterpreterId) -> Standing:
    """How somebody stands; the rows say the same as the memory."""
    kept = w.calls._ports.roster._present.standing(who)
    read = w.database.run_now(lambda conn: load_standing(conn, who, w.clock.now()))
    assert (kept.unanswered_streak, kept.unreached_streak, kept.unreached_until) == (
        read.unanswered_streak,
        read.unreached_streak,
        read.unreached_until,
    )
    assert kept.offers_within_hour(w.clock.now()) == len(read.recent_offers)
    assert kept.minutes_offered == pytest.approx(read.minutes_offered)
    return kept


def tallied(w: World, who: InterpreterId) -> int:
    """From how many offers it was learned how likely somebody answers; rows and memory alike."""
    read = w.database.run_now(lambda conn: load_answering(conn, START))
    kept = w.calls._ports.roster._knowledge.answering
    offers, _ = read.tallies(who, START.hour)
    assert kept.tallies(who, START.hour)[0].offers == offers.offers
    return offers.offers


def state(w: World) -> CallState:
    """Where the first open call stands."""
    return w.calls.open[0].record.state


async def test_nobody_is_rung_while_the_switch_cannot_be_asked() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        technician = w.request()
        w.switch.lose_link()
        nobody = await w.event(EventKind.NOBODY_AVAILABLE)
        assert nobody.data == {"reason": "nobody_reached"}
        await asyncio.sleep(150)
        assert w.switch.originated == []
        assert EventKind.RESERVED not in w.kinds()
        spoken = w.switch.spoken[technician.leg]
        assert NOBODY_REACHED in spoken
        assert NOBODY_AVAILABLE not in spoken
        assert "pt/stay-key" in spoken
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert in_room(w) == 2
        assert standing(w, who).unanswered_streak == 0


async def test_a_network_that_is_down_makes_nobody_not_answering() -> None:
    async with world() as w:
        everybody = [w.interpreter(ACCEPTS) for _ in range(3)]
        with trunk_down(w):
            technician = w.request()
            await w.event(EventKind.NOBODY_AVAILABLE)
            await asyncio.sleep(180)
            assert NOBODY_REACHED in w.switch.spoken[technician.leg]
            for who in everybody:
                stands = standing(w, who)
                assert stands.unanswered_streak == 0
                assert stands.unreached_streak >= 4
                assert (stands.recent_offers, stands.minutes_offered) == ((), 0.0)
                assert tallied(w, who) == 0
        await w.event(EventKind.ROOM_COMPLETE, seconds=130)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=1, seconds=130)


async def test_a_telephone_that_cannot_be_reached_is_not_rung_on_and_on_by_two_calls() -> None:
    async with world() as w:
        w.interpreter(Unreachable())
        w.request()
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE, call=1)
        await asyncio.sleep(75 - w.clock.now().second)
        # After 5, 10, 20 and 40 s, for whichever of the two calls.
        assert 4 <= len(w.switch.originated) <= 5


async def test_the_rings_of_somebody_else_go_on_beside_one_who_cannot_be_reached() -> None:
    async with world() as w:
        off, away = w.interpreter(Unreachable()), w.interpreter(NeverAnswers())
        technician = w.request()
        nobody = await w.event(EventKind.NOBODY_AVAILABLE)
        assert nobody.data == {"reason": "nobody_left"}
        await w.until(lambda: NOBODY_AVAILABLE in w.switch.spoken[technician.leg])
        await asyncio.sleep(200)
        assert standing(w, off).unanswered_streak == 0
        assert standing(w, away).unanswered_streak == 3


async def test_who_is_busy_is_reached_and_does_not_answer() -> None:
    async with world() as w:
        who = w.interpreter(Busy())
        w.request()
        nobody = await w.event(EventKind.NOBODY_AVAILABLE)
        assert nobody.data == {"reason": "nobody_left"}
        assert standing(w, who).unanswered_streak == 1


async def test_a_restart_in_the_outage_changes_nothing() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        with trunk_down(w):
            technician = w.request()
            await w.event(EventKind.NOBODY_AVAILABLE)
            await asyncio.sleep(60)
            before = standing(w, who)
            await w.restart()
            w.switch.spawn(technician.talk("line"))
            assert standing(w, who).unreached_streak == before.unreached_streak >= 3
        await w.event(EventKind.ROOM_COMPLETE, seconds=130)
        assert in_room(w) == 2


async def test_a_link_that_is_lost_in_the_moment_of_ringing_is_held_against_nobody() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        run = w.database.run

        async def lose_the_link_then(work):  # type: ignore[no-untyped-def]
            result = await run(work)
            if w.call_ids() and w.kinds()[-1:] == [EventKind.OFFERED]:
                w.switch.lose_link()
            return result

        w.database.run = lose_the_link_then  # type: ignore[method-assign]
        w.request()
        ended = await w.event(EventKind.LEG_ENDED)
        w.database.run = run  # type: ignore[method-assign]
        assert ended.data["ending"] == Ending.FAILED.value
        await w.event(EventKind.NOBODY_AVAILABLE)
        assert standing(w, who).unanswered_streak == 0
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE, seconds=15)


async def test_a_relay_is_found_when_the_switch_is_back() -> None:
    async with world() as w:
        allow(w)
        two(w)
        w.switch.lose_link()
        w.request("ti")
        nobody = await w.event(EventKind.NOBODY_AVAILABLE)
        assert nobody.data == {"reason": "nobody_reached"}
        assert EventKind.RELAY_BEGUN not in w.kinds()
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert in_room(w) == 3


async def test_a_lost_technician_is_rung_when_the_switch_is_back() -> None:
    async with world() as w:
        await three_in_a_room(w)
        record = w.calls.open[0].record
        leg = record.legs.get(record.technician)
        assert leg is not None
        w.switch.line(leg.id).end(Ending.DROPPED)
        w.switch.lose_link()
        await asyncio.sleep(31)
        assert state(w) is CallState.TALKING
        assert EventKind.REDIALLED not in w.kinds()
        w.switch.restore_link()
        await w.event(EventKind.REJOINED)
        await w.until(lambda: in_room(w) == 3)
        tries = [one.data["try"] for one in w.events() if one.kind is EventKind.REDIALLED]
        assert tries == [1]


async def test_a_booked_call_whose_hour_comes_without_a_switch_begins_when_it_is_back() -> None:
    async with world() as w:
        booked, other = w.interpreter(ACCEPTS), w.interpreter(ACCEPTS)
        w.telephone(TECHNICIAN, ACCEPTS)
        # Who it was booked with comes first, though another's turn it would be.
        w.mark_called(booked)
        await w.book(booked)
        w.switch.lose_link()
        await w.dial_bookings_at(w.booked_for)
        await asyncio.sleep(60.5)
        assert w.call_ids() == []
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert in_room(w) == 2
        assert len(w.switch.originated) == 2
        (offered,) = [one for one in w.events() if one.kind is EventKind.OFFERED]
        assert offered.data["interpreter"] == booked != other


async def test_a_booked_call_without_a_switch_in_its_whole_time_is_missed() -> None:
    async with world() as w:
        w.telephone(TECHNICIAN, ACCEPTS)
        made = await w.book(w.interpreter(ACCEPTS))
        w.switch.lose_link()
        await w.dial_bookings_at(w.booked_for)
        over = w.booked_for + timedelta(minutes=30)
        await w.dial_bookings_at(over)
        w.switch.restore_link()
        await asyncio.sleep(10)
        found = w.database.run_now(lambda conn: bookings.find_booking(conn, made))
        assert found is not None
        assert found.state is BookingState.MISSED
        assert w.switch.originated == []


async def test_an_opening_without_a_switch_uses_up_no_try() -> None:
    async with at(SUNDAY_NIGHT) as w:
        caller = rings(w, UKRAINIAN_KEY, "1")
        await w.until(lambda: caller.ended, 600)
        w.telephone(CALLER, Answers(after_seconds=2, hears_seconds=3, keys="5"))
        w.switch.lose_link()
        await asyncio.sleep(10.1 * 3600)
        for _ in range(20):
            await w.openings.ring_due()
            await asyncio.sleep(120)
        assert w.switch.originated == []
        w.switch.restore_link()
        await w.openings.ring_due()
        assert [one.to.number.e164 for one in w.switch.originated] == [CALLER]


async def test_two_telephones_that_nobody_picks_up_are_one_unanswered_offer() -> None:
    async with world() as w:
        who = w.interpreter(NeverAnswers())
        second = PhoneNumber("+351920000077")
        w.telephone(second.e164, NeverAnswers())
        person = w.database.run_now(lambda conn: load_person(conn, who))
        assert person is not None
        phones = [person.phones[0], second]
        w.database.run_now(lambda conn: set_phones(conn, who, phones))
        w.refresh()
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        stands = standing(w, who)
        assert (stands.unanswered_streak, len(stands.recent_offers)) == (1, 2)
        assert tallied(w, who) == 1
