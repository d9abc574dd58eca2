# SPDX-License-Identifier: EUPL-1.2
"""When nobody is free: the queue, the call-back, the booked time; and who becomes free."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.agencies import store as agencies
from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId, BookingState
from bridge.calllog.model import EventKind
from bridge.conference.queue import Half, estimate_minutes, relay_estimate_minutes
from bridge.roster.model import Presence
from bridge.roster.skills import pair
from bridge.roster.windows_store import set_windows
from bridge.telephony.simulated_line import SimulatedLine
from bridge.telephony.switch import Ending
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import TECHNICIAN, World, all_week, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
JOINS = Answers(after_seconds=2, hears_seconds=1, keys="1")


async def hears(w: World, line: SimulatedLine, prompt: str) -> None:
    """Wait until a technician is told something, for keys before it may mean something else."""
    await w.until(lambda: f"pt/{prompt}" in w.switch.spoken.get(line.leg, []))


async def test_who_becomes_free_goes_to_the_one_who_waited_longest() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        first = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE, call=0)
        second = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE, call=1)
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE, call=0)
        assert len(w.switch.others_in_room(first.leg)) == 1
        await first.hang_up()
        await w.event(EventKind.CALL_ENDED, call=0)
        ended = (await w.event(EventKind.CALL_ENDED, call=0)).at
        offered = await w.event(EventKind.OFFERED, call=1)
        # The pause after a call is sixty seconds; then the next in the queue is offered at once.
        assert timedelta(seconds=60) <= offered.at - ended < timedelta(seconds=61)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert len(w.switch.others_in_room(second.leg)) == 1


async def test_a_technician_is_called_back_when_an_interpreter_accepts() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, JOINS)
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await hears(w, technician, "call-back-key")
        await technician.key("2")
        await w.event(EventKind.CALL_BACK_PROMISED)
        await technician.wait_hang_up()
        assert w.outcome() is None  # the call goes on without the technician
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        kinds = w.kinds()
        assert kinds.index(EventKind.OFFER_ACCEPTED) < kinds.index(EventKind.REDIALLED)
        rung = w.switch.originated[-1]
        assert rung.to.number.e164 == TECHNICIAN
        assert len(w.switch.others_in_room(rung.leg)) == 1


async def test_who_rings_to_say_that_she_is_there_is_offered_when_she_has_hung_up() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        pin = "270419"
        w.set_pin(who, pin)
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        own = w.ring_as(who, pin, "1")
        await w.until(lambda: w.presence(who) is Presence.AVAILABLE)
        # She still listens: ringing her now would find her telephone busy.
        await own.wait(5)
        assert EventKind.OFFERED not in w.kinds()
        await own.hang_up()
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 1
        assert w.kinds().count(EventKind.OFFERED) == 1


async def test_a_called_back_technician_who_does_not_answer_frees_the_interpreter() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, NeverAnswers())
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await hears(w, technician, "call-back-key")
        await technician.key("2")
        await technician.wait_hang_up()
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unreached"
        assert w.kinds().count(EventKind.REDIALLED) == 2
        assert w.reserved() == frozenset()


async def test_a_time_is_booked_by_key_and_all_are_rung_at_that_hour() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, JOINS)
        windows = (all_week(),)
        w.database.run_now(lambda conn: set_windows(conn, who, windows))
        w.set_presence(who, Presence.ON_BREAK, minutes=5)
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await hears(w, technician, "slots-key")
        await technician.key("3")
        await hears(w, technician, "slots-again-key")
        await technician.key("1")
        booked = await w.event(EventKind.BOOKED)
        await technician.wait_hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "booked"
        held = w.database.run_now(lambda conn: bookings.next_booking_of(conn, who, w.clock.now()))
        assert held is not None
        assert booked.data["starts_at"] == held.starts_at.isoformat()
        await w.dial_bookings_at(held.starts_at)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert w.kinds(w.call_ids()[1])[0] is EventKind.BOOKING_DUE
        await w.dial_bookings_at(held.starts_at + timedelta(seconds=30))
        assert len(w.call_ids()) == 2  # nobody is dialled twice
        for leg in w.calls.open[0].record.legs.open():
            w.switch.line(leg.id).end(Ending.HUNG_UP)
        await w.event(EventKind.CALL_ENDED, call=1)
        kept = w.database.run_now(lambda conn: bookings.find_booking(conn, held.id))
        assert kept is not None
        assert kept.state is BookingState.DONE
        assert kept.technician_number is None  # forgotten with the end


async def test_an_interpreter_who_misses_a_booked_call_is_replaced() -> None:
    async with world() as w:
        absent = w.interpreter(NeverAnswers(), presence=Presence.OFF)
        other = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, JOINS)
        await w.book(absent)
        w.set_presence(other, Presence.AVAILABLE)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == other


async def book_soon(w: World, who: InterpreterId) -> BookingId:
    """A booked call that begins in ten minutes."""
    made = await w.book(who, minutes_ahead=15)
    await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 600.0)
    return made


async def skipped(w: World, call: int) -> dict[str, list[object]]:
    """Who was not rung for a call at its first look at the roster, and why."""
    ranked = await w.event(EventKind.RANKED, call=call)
    trace: dict[str, list[object]] = json.loads(str(ranked.data["trace"]))["skipped"]
    return trace


async def test_nobody_is_rung_shortly_before_their_booked_call() -> None:
    async with world() as w:
        booked, other = w.interpreter(ACCEPTS), w.interpreter(ACCEPTS)
        w.mark_called(other)
        await book_soon(w, booked)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.reserved() == {other}
        begins = ["begins", w.booked_for.isoformat()]
        assert await skipped(w, 0) == {str(booked): ["booked_soon", begins]}


async def test_a_booked_call_further_away_keeps_nobody_from_ringing() -> None:
    async with world() as w:
        booked = w.interpreter(ACCEPTS)
        await w.book(booked, minutes_ahead=30)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.reserved() == {booked}


async def test_who_is_free_again_after_a_booking_goes_to_whoever_waits() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.telephone(TECHNICIAN, JOINS)
        await book_soon(w, who)
        technician = w.request()
        await hears(w, technician, "call-back-key")
        await technician.key("2")
        await w.event(EventKind.CALL_BACK_PROMISED)
        # No bridge dials it, and nothing happens but time: the queue wakes up by itself.
        over = w.booked_for + timedelta(minutes=30)
        offered = await w.event(EventKind.OFFERED, seconds=7200)
        assert timedelta(0) <= offered.at - over < timedelta(seconds=1)


async def test_who_is_free_by_a_cancelled_booking_goes_to_whoever_waits() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        made = await book_soon(w, who)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        at = w.clock.now()
        await w.database.run(lambda conn: bookings.cancel(conn, made, at))
        w.refresh()
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.reserved() == {who}


async def test_the_one_who_is_kept_free_is_rung_for_the_booked_call() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.telephone(TECHNICIAN, JOINS)
        await book_soon(w, who)
        waiting = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert EventKind.OFFERED not in w.kinds()
        w.refresh()  # as the scheduler does each second
        # Once the booked call is over they are free for the one who waits, after the usual pause.
        for leg in w.calls.open[1].record.legs.open():
            w.switch.line(leg.id).end(Ending.HUNG_UP)
        await w.event(EventKind.CALL_ENDED, call=1)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(waiting.leg)) == 1


async def test_who_refuses_their_booked_call_is_free_for_another() -> None:
    async with world() as w:
        who = w.interpreter(Answers(after_seconds=2, hears_seconds=1, keys="2"))
        w.telephone(TECHNICIAN, JOINS)
        await book_soon(w, who)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.OFFER_REFUSED, call=1)
        w.telephone("+351910000001", ACCEPTS)
        w.refresh()  # as the scheduler does each second
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.reserved() == {who}


@given(place=st.integers(1, 50), busy=st.integers(1, 50), minutes=st.floats(1, 60))
def test_an_estimate_grows_with_the_place_and_shrinks_with_the_busy(
    place: int, busy: int, minutes: float
) -> None:
    estimate = estimate_minutes(place, busy, minutes)
    assert estimate is not None
    assert estimate >= 1
    later = estimate_minutes(place + 1, busy, minutes)
    sooner = estimate_minutes(place, busy + 1, minutes)
    assert later is not None
    assert sooner is not None
    assert sooner <= estimate <= later


@given(
    place=st.integers(1, 20),
    near=st.builds(Half, st.integers(0, 5), st.integers(0, 9)),
    far=st.builds(Half, st.integers(0, 5), st.integers(0, 9)),
)
def test_a_relay_waits_for_its_slower_half_and_not_for_both_in_turn(
    place: int, near: Half, far: Half
) -> None:
    told = relay_estimate_minutes(place, near, far, 12.0)
    each = [
        0 if place <= one.free else estimate_minutes(place - one.free, one.busy, 12.0)
        for one in (near, far)
    ]
    if None in each:
        assert told is None
        return
    waits = [one for one in each if one is not None]
    assert told is not None
    assert max(1, *waits) <= told <= max(1, sum(waits))


async def test_who_waits_for_a_relay_is_told_how_long() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
        english, tigrinya = LanguageTag("en"), LanguageTag("ti")
        w.interpreter(ACCEPTS, english)
        w.interpreter(ACCEPTS, pair(tigrinya, english))
        w.request("ti")
        await w.event(EventKind.ROOM_COMPLETE)
        w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE, call=1)
        waiting = w.calls.open[1]
        # Both halves are in a call of twelve minutes on average: 12 + 12 - 6.
        assert w.calls.queue.place(waiting) == (1, 18)


def test_nobody_can_tell_when_nobody_is_busy() -> None:
    assert estimate_minutes(1, 0, 12.0) is None
