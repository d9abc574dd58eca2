# SPDX-License-Identifier: EUPL-1.2
"""Two interpreters booked for one call: times from pairs, both held, reminded and rung."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bridge.agencies import store as agencies
from bridge.bookings import store as bookings
from bridge.bookings.model import Booking, BookingId, BookingState, FarHalf, NewBooking, ceil
from bridge.calllog.model import Event, EventKind
from bridge.duties.schedule import Duties
from bridge.roster.model import Presence
from bridge.roster.requirements import Requirements
from bridge.roster.skills import pair
from bridge.roster.windows_store import set_windows
from bridge.telephony.switch import ConversationName, Ending
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag, PhoneNumber, TechnicianId
from lab.phones import Answers, Behaviour, NeverAnswers
from tests.unit.conference.world import START, TECHNICIAN, World, all_week, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

TIGRINYA, ENGLISH = LanguageTag("ti"), LanguageTag("en")
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")


def two(
    w: World, near: Behaviour = ACCEPTS, far: Behaviour = ACCEPTS
) -> tuple[InterpreterId, InterpreterId]:
    """Both halves of a relay over English, for an agency that allows it."""
    w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
    w.telephone(TECHNICIAN, ACCEPTS)
    return w.interpreter(near, ENGLISH), w.interpreter(far, pair(TIGRINYA, ENGLISH))


def book(w: World, near: InterpreterId, far: InterpreterId, *, reminded: bool = False) -> BookingId:
    """A call in Tigrinya with these two in an hour and more."""
    at = w.clock.now()
    w.booked_for = ceil(at + timedelta(minutes=61))
    new = NewBooking(
        requirements=Requirements(TIGRINYA, agency=AgencyId(1)),
        interpreter=near,
        starts_at=w.booked_for,
        agency=AgencyId(1),
        technician=TechnicianId(1),
        technician_number=PhoneNumber(TECHNICIAN),
        reminders=(w.booked_for - timedelta(hours=1),) if reminded else (),
        far=FarHalf(far, ENGLISH),
    )
    made = w.database.run_now(lambda conn: bookings.book(conn, new, at))
    assert made is not None
    return made


def keep_windows(w: World, who: InterpreterId) -> None:
    """They promise to be there every day."""
    windows = (all_week(),)
    w.database.run_now(lambda conn: set_windows(conn, who, windows))


def found(w: World, which: BookingId) -> Booking:
    one = w.database.run_now(lambda conn: bookings.find_booking(conn, which))
    assert one is not None
    return one


def held(w: World) -> set[InterpreterId]:
    """Who is kept free for the hour."""
    start, end = w.booked_for, w.booked_for + timedelta(minutes=30)
    busy = w.database.run_now(lambda conn: bookings.busy_between(conn, start, end))
    return {one.interpreter for one in busy}


def of_kind(w: World, kind: EventKind, call: int = 0) -> list[Event]:
    return [event for event in w.events(w.call_ids()[call]) if event.kind is kind]


async def test_times_are_those_of_two_and_both_are_rung_at_the_hour() -> None:
    async with world() as w:
        near, far = two(w)
        for who in (near, far):
            keep_windows(w, who)
            w.set_presence(who, Presence.ON_BREAK, minutes=5)
        technician = w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE)
        spoken = w.switch.spoken
        await w.until(lambda: "pt/slots-key" in spoken.get(technician.leg, []))
        await technician.key("3")
        await w.until(lambda: "pt/slots-again-key" in spoken[technician.leg])
        await technician.key("1")
        await w.event(EventKind.BOOKED)
        await w.event(EventKind.CALL_ENDED)
        (made,) = w.database.run_now(
            lambda conn: bookings.bookings_between(
                conn, w.clock.now(), w.clock.now() + timedelta(days=1)
            )
        )
        assert (made.interpreter, made.far) == (near, FarHalf(far, ENGLISH))
        w.booked_for = made.starts_at
        assert held(w) == {near, far}
        await w.dial_bookings_at(made.starts_at)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert [one.data["pivot"] for one in of_kind(w, EventKind.RELAY_BEGUN, 1)] == ["en"]
        assert w.reserved() == {near, far}
        assert len(of_kind(w, EventKind.OFFERED, 1)) == 2
        leads = w.calls.open[0].record.technician
        assert len(w.switch.others_in_room(leads)) == 2
        w.switch.line(leads).end(Ending.HUNG_UP)
        await w.event(EventKind.CALL_ENDED, call=1)
        assert found(w, made.id).state is BookingState.DONE
        assert held(w) == set()


async def test_no_times_of_two_without_permission() -> None:
    async with world() as w:
        near, far = two(w)
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), False))
        for who in (near, far):
            keep_windows(w, who)
        technician = w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.until(lambda: "pt/call-back-key" in w.switch.spoken.get(technician.leg, []))
        assert "pt/slots-key" not in w.switch.spoken[technician.leg]


async def test_one_half_taken_meanwhile_leaves_nothing_behind() -> None:
    async with world() as w:
        near, far = two(w)
        first = book(w, near, far)
        third = w.interpreter(ACCEPTS, pair(TIGRINYA, ENGLISH))
        again = NewBooking(
            requirements=Requirements(TIGRINYA),
            interpreter=near,
            starts_at=w.booked_for,
            agency=AgencyId(1),
            technician=TechnicianId(1),
            technician_number=PhoneNumber(TECHNICIAN),
            far=FarHalf(third, ENGLISH),
        )
        at = w.clock.now()
        assert w.database.run_now(lambda conn: bookings.book(conn, again, at)) is None
        assert held(w) == {near, far}
        assert w.database.run_now(lambda conn: bookings.cancel(conn, first, at))
        assert held(w) == set()
        assert w.database.run_now(lambda conn: bookings.book(conn, again, at)) is not None


@pytest.mark.parametrize("absent", ["near", "far"])
async def test_a_half_that_does_not_come_is_replaced_by_one_of_its_kind(absent: str) -> None:
    async with world() as w:
        phones = (NeverAnswers(), ACCEPTS) if absent == "near" else (ACCEPTS, NeverAnswers())
        near, far = two(w, *phones)
        book(w, near, far)
        skill = ENGLISH if absent == "near" else pair(TIGRINYA, ENGLISH)
        other = w.interpreter(ACCEPTS, skill)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        stays = far if absent == "near" else near
        await w.until(lambda: w.reserved() == {stays, other})
        offered = [one.data["interpreter"] for one in of_kind(w, EventKind.OFFERED)]
        assert set(offered[:2]) == {near, far}


@pytest.mark.parametrize("absent", ["near", "far", "both"])
async def test_who_says_no_when_reminded_is_not_rung_and_the_other_is(absent: str) -> None:
    async with world() as w:
        near, far = two(
            w,
            ACCEPTS if absent == "far" else REFUSES,
            ACCEPTS if absent == "near" else REFUSES,
        )
        made = book(w, near, far, reminded=True)
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 3600.0)
        duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
        await duties.remind()
        rung = [o for o in w.switch.originated if o.conversation is ConversationName.REMINDER]
        assert len(rung) == 2
        coming = {"near": {far}, "far": {near}, "both": set()}[absent]
        await w.until(lambda: held(w) == coming)
        assert set(found(w, made).coming) == coming
        assert found(w, made).refused is (not coming)
        others = {w.interpreter(ACCEPTS, ENGLISH), w.interpreter(ACCEPTS, pair(TIGRINYA, ENGLISH))}
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        await w.until(lambda: len(w.reserved()) == 2)
        assert coming <= w.reserved() <= others | coming
        offered = {one.data["interpreter"] for one in of_kind(w, EventKind.OFFERED)}
        assert not offered & ({near, far} - coming)


def test_nobody_is_both_halves() -> None:
    who = InterpreterId(1)
    with pytest.raises(ValueError, match="name two interpreters"):
        NewBooking(
            requirements=Requirements(TIGRINYA),
            interpreter=who,
            starts_at=START,
            agency=AgencyId(1),
            technician=TechnicianId(1),
            technician_number=PhoneNumber(TECHNICIAN),
            far=FarHalf(who, ENGLISH),
        )
