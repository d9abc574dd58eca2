# SPDX-License-Identifier: EUPL-1.2
"""Interpreters are reminded of booked calls until they answer, and may say they will not come."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bridge.bookings import store as bookings
from bridge.bookings.model import Booking, BookingId, BookingState, NewBooking, ceil
from bridge.calllog.model import EventKind
from bridge.duties.reminders import AGAIN_AFTER, LATER
from bridge.duties.schedule import Duties
from bridge.roster.requirements import Requirements
from bridge.telephony.switch import ConversationName, OutboundLeg, SwitchUnavailable
from bridge.vocabulary import AgencyId, InterpreterId, PhoneNumber, TechnicianId
from lab.phones import Answers, Behaviour, NeverAnswers, Voicemail
from tests.unit.conference.world import TECHNICIAN, UKRAINIAN, World, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
CONFIRMS = Answers(after_seconds=2, hears_seconds=1, keys="1")
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")
REFUSES_AND_HANGS_UP = Answers(after_seconds=2, hears_seconds=1, keys="2", stays_seconds=0.2)


async def book(w: World, who: InterpreterId, *, minutes_before: int = 60) -> BookingId:
    """A call in Ukrainian in two hours at the latest, with one reminder before it."""
    w.booked_for = ceil(w.clock.now() + timedelta(minutes=minutes_before + 30))
    new = NewBooking(
        requirements=Requirements(UKRAINIAN),
        interpreter=who,
        starts_at=w.booked_for,
        agency=AgencyId(1),
        technician=TechnicianId(1),
        technician_number=PhoneNumber(TECHNICIAN),
        reminders=(w.booked_for - timedelta(minutes=minutes_before),),
    )
    made = await w.database.run(lambda conn: bookings.book(conn, new, w.clock.now()))
    assert made is not None
    return made


async def remind(w: World) -> None:
    """Let the hour of the reminder come, and the scheduler do its round."""
    duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
    due = w.booked_for - timedelta(minutes=60)
    await w.until(lambda: w.clock.now() >= due, seconds=7200)
    await duties.remind()


def reminders(w: World) -> list[OutboundLeg]:
    """The reminders' rings, the oldest first."""
    return [one for one in w.switch.originated if one.conversation is ConversationName.REMINDER]


async def over(w: World, leg: OutboundLeg) -> None:
    """Wait until a ring is over."""

    def ended() -> bool:
        try:
            return w.switch.line(leg.leg).ended
        except KeyError:
            return True

    await w.until(ended)


def booking(w: World, which: BookingId) -> Booking:
    found = w.database.run_now(lambda conn: bookings.find_booking(conn, which))
    assert found is not None
    return found


def is_held(w: World, who: InterpreterId) -> bool:
    """Whether the interpreter is kept free for the hour of the booking."""
    start = w.booked_for
    end = start + timedelta(minutes=30)
    held = w.database.run_now(lambda conn: bookings.busy_between(conn, start, end))
    return who in {one.interpreter for one in held}


async def test_an_interpreter_is_reminded_before_the_hour_and_confirms() -> None:
    async with world() as w:
        who = w.interpreter(CONFIRMS)
        made = await book(w, who)
        await remind(w)
        (ring,) = reminders(w)
        await over(w, ring)
        spoken = w.switch.spoken[ring.leg]
        assert spoken[0] == "pt/reminder"
        assert "pt/reminder-confirmed" in spoken
        assert (booking(w, made).state, is_held(w, who)) == (BookingState.BOOKED, True)


async def test_a_reminder_that_the_switch_could_not_give_is_given_when_it_is_back() -> None:
    async with world() as w:
        who = w.interpreter(CONFIRMS)
        await book(w, who)
        w.switch.lose_link()
        await remind(w)
        w.switch.restore_link()
        await remind(w)
        (ring,) = reminders(w)
        await over(w, ring)
        assert "pt/reminder" in w.switch.spoken[ring.leg]
        await remind(w)
        assert len(reminders(w)) == 1


async def test_a_reminder_that_the_switch_refused_is_given_a_little_later() -> None:
    async with world() as w:
        who = w.interpreter(CONFIRMS)
        await book(w, who)
        originate = w.switch.originate

        async def refuse(outbound: OutboundLeg) -> None:
            raise SwitchUnavailable("no answer came in time")

        w.switch.originate = refuse  # type: ignore[method-assign]
        await remind(w)
        w.switch.originate = originate  # type: ignore[method-assign]
        await remind(w)
        assert reminders(w) == []
        await w.until(lambda: w.clock.now() >= w.booked_for - timedelta(minutes=60) + LATER)
        await remind(w)
        (ring,) = reminders(w)
        await over(w, ring)
        await remind(w)
        assert len(reminders(w)) == 1
        assert w.call_ids() == []  # a reminder is no call
        assert w.reserved() == frozenset()


async def test_nobody_is_reminded_before_the_time_or_twice() -> None:
    async with world() as w:
        who = w.interpreter(CONFIRMS)
        await book(w, who)
        duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
        await duties.remind()
        assert reminders(w) == []
        await remind(w)
        await over(w, reminders(w)[0])
        other = Duties(w.calls, w.database, w.switch, w.clock, "second")
        await duties.remind()
        await other.remind()
        assert len(reminders(w)) == 1


@pytest.mark.parametrize("telephone", [REFUSES, REFUSES_AND_HANGS_UP], ids=["stays", "hangs up"])
async def test_who_refuses_is_free_and_another_is_found_at_the_hour(telephone: Behaviour) -> None:
    async with world() as w:
        absent = w.interpreter(telephone)
        made = await book(w, absent)
        await remind(w)
        (ring,) = reminders(w)
        await w.until(lambda: not is_held(w, absent))
        await over(w, ring)
        assert booking(w, made).refused
        assert booking(w, made).state is BookingState.BOOKED
        after = w.clock.now()
        assert w.database.run_now(lambda c: bookings.next_booking_of(c, absent, after)) is None
        # At the hour the one who refused is not rung, although their telephone would be answered.
        w.telephone("+351910000001", ACCEPTS)
        other = w.interpreter(ACCEPTS)
        w.telephone(TECHNICIAN, Answers(after_seconds=2, hears_seconds=1, keys="1"))
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE)
        offered = [e.data["interpreter"] for e in w.events() if e.kind is EventKind.OFFERED]
        assert offered == [int(other)]


async def test_the_freed_time_can_be_booked_for_somebody_else() -> None:
    async with world() as w:
        who = w.interpreter(REFUSES)
        await book(w, who)
        await remind(w)
        await w.until(lambda: not is_held(w, who))
        again = NewBooking(
            requirements=Requirements(UKRAINIAN),
            interpreter=who,
            starts_at=w.booked_for,
            agency=AgencyId(1),
            technician=TechnicianId(1),
            technician_number=PhoneNumber(TECHNICIAN),
        )
        assert await w.database.run(lambda conn: bookings.book(conn, again, w.clock.now()))
        assert is_held(w, who)


@pytest.mark.parametrize(
    "telephone",
    [Voicemail(), NeverAnswers(), Answers(after_seconds=2, stays_seconds=1.0)],
    ids=["voicemail", "unanswered", "hung up"],
)
async def test_silence_leaves_the_booking_as_it_is(telephone: Behaviour) -> None:
    async with world() as w:
        who = w.interpreter(telephone)
        made = await book(w, who)
        await remind(w)
        (ring,) = reminders(w)
        await over(w, ring)
        assert (booking(w, made).refused, is_held(w, who)) == (False, True)
        assert len(reminders(w)) == 1


async def rounds(w: World, duties: Duties, lasting: timedelta) -> None:
    """Let the scheduler look after reminders every half minute, for so long."""
    end = w.clock.now() + lasting
    while w.clock.now() < end:
        await duties.remind()
        await asyncio.sleep(30)


async def missed(w: World) -> tuple[InterpreterId, BookingId, Duties]:
    """Somebody did not answer their reminder, and that was noticed."""
    who = w.interpreter(NeverAnswers())
    made = await book(w, who)
    await remind(w)
    duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
    await rounds(w, duties, timedelta(minutes=5))
    assert len(reminders(w)) == 1
    return who, made, duties


async def test_who_does_not_answer_is_reminded_once_more() -> None:
    async with world() as w:
        who, made, duties = await missed(w)
        await rounds(w, duties, timedelta(minutes=30))
        first, second = reminders(w)
        assert w.switch.spoken.get(first.leg, []) == []
        assert first.to == second.to
        await rounds(w, duties, timedelta(minutes=40))
        assert len(reminders(w)) == 2
        assert not booking(w, made).refused
        assert who in booking(w, made).coming


async def test_the_second_time_they_may_say_that_they_will_not_be_there() -> None:
    async with world() as w:
        who, made, duties = await missed(w)
        w.telephone("+351910000001", REFUSES)
        await rounds(w, duties, AGAIN_AFTER)
        await w.until(lambda: not is_held(w, who))
        assert len(reminders(w)) == 2
        assert booking(w, made).refused


@pytest.mark.parametrize("ending", ["cancelled", "let go"])
async def test_who_need_not_come_any_more_is_not_rung_again(ending: str) -> None:
    async with world() as w:
        who, made, duties = await missed(w)
        at = w.clock.now()
        if ending == "cancelled":
            assert w.database.run_now(lambda conn: bookings.cancel(conn, made, at))
        else:
            assert w.database.run_now(lambda conn: bookings.let_go(conn, made, who))
        await rounds(w, duties, timedelta(minutes=40))
        assert len(reminders(w)) == 1


async def test_who_is_in_a_call_at_the_second_time_is_rung_after_it() -> None:
    async with world() as w:
        _, _, duties = await missed(w)
        w.telephone("+351910000001", ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await rounds(w, duties, AGAIN_AFTER + LATER)
        assert len(reminders(w)) == 1
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        await rounds(w, duties, 2 * LATER)
        ring = reminders(w)[1]
        await over(w, ring)
        assert "pt/reminder-confirmed" in w.switch.spoken[ring.leg]


async def test_who_is_in_a_call_is_reminded_afterwards() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        await book(w, who)
        due = w.booked_for - timedelta(minutes=60)
        await w.until(lambda: w.clock.now() >= due - timedelta(minutes=1), seconds=7200)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await remind(w)
        assert reminders(w) == []
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        later = w.clock.now() + LATER
        await w.until(lambda: w.clock.now() >= later, seconds=600)
        await remind(w)
        (ring,) = reminders(w)
        await over(w, ring)
        assert "pt/reminder-confirmed" in w.switch.spoken[ring.leg]


async def test_a_cancelled_booking_reminds_nobody() -> None:
    async with world() as w:
        who = w.interpreter(CONFIRMS)
        made = await book(w, who)
        at = w.clock.now()
        assert w.database.run_now(lambda conn: bookings.cancel(conn, made, at))
        await remind(w)
        assert reminders(w) == []


async def test_a_reminder_whose_bridge_died_is_hung_up_without_a_word() -> None:
    async with world() as w:
        who = w.interpreter(REFUSES)
        made = await book(w, who)
        await remind(w)
        (ring,) = reminders(w)
        await w.calls.stop()
        await w.start_bridge("second")
        await over(w, ring)
        assert w.switch.spoken.get(ring.leg, []) == []
        assert (booking(w, made).refused, is_held(w, who)) == (False, True)


async def test_without_a_switch_nobody_is_reminded_and_the_booking_stands() -> None:
    async with world() as w:
        who = w.interpreter(REFUSES)
        made = await book(w, who)
        w.switch.lose_link()
        await remind(w)
        assert reminders(w) == []
        assert (booking(w, made).state, is_held(w, who)) == (BookingState.BOOKED, True)
