# SPDX-License-Identifier: EUPL-1.2
"""A bridge that dies and comes back: rooms go on, calls are taken over, no promise is doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, select

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference import store as conference
from bridge.conference.model import CallState
from bridge.conference.recovery import remember
from bridge.roster.model import Presence
from bridge.roster.store import OfferOutcome, reservation
from bridge.roster.windows_store import set_windows
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import ConversationName, Ending
from bridge.vocabulary import LegId, Role, new_call_id
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import START, TECHNICIAN, World, all_week, world

pytestmark = pytest.mark.looptime

_RUNG, _GIVEN_UP = EventKind.REDIALLED, EventKind.NOT_REJOINED
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")


async def test_a_room_goes_on_and_its_end_is_written_by_the_next_process() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        before = w.switch.others_in_room(technician.leg)
        await w.restart()
        assert w.switch.others_in_room(technician.leg) == before
        await w.event(EventKind.RECONCILED)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()
        assert w.kinds().count(EventKind.ROOM_COMPLETE) == 1


async def test_a_call_that_ended_unseen_is_lost_and_frees_its_interpreter() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        interpreter = w.switch.line(w.switch.originated[0].leg)
        w.switch.lose_link()
        await w.calls.stop()
        technician.end(Ending.HUNG_UP)
        interpreter.end(Ending.HUNG_UP)
        w.switch.restore_link()
        await w.start_bridge("second")
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "lost"
        assert w.reserved() == frozenset()
        *_, reconciled, released, _ = w.events()
        assert reconciled.kind is EventKind.RECONCILED
        assert (released.kind, released.leg) == (EventKind.RELEASED, interpreter.leg)
        assert released.data == {"interpreter": who, "reason": "outlived_call"}
        # They are not taken for promised any more by whoever asks next, save for their pause.
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=1, seconds=900)


async def test_an_offer_whose_call_is_lost_is_held_against_nobody() -> None:
    async with world() as w:
        who = w.interpreter(NeverAnswers())
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        ringing = w.switch.originated[0].leg
        w.switch.lose_link()
        await w.calls.stop()
        technician.end(Ending.HUNG_UP)
        w.switch.line(ringing).end(Ending.HUNG_UP)
        w.switch.restore_link()
        await w.start_bridge("second")
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "lost"
        released = w.events()[-2]
        assert released.data == {"interpreter": who, "reason": "outlived_call"}

        def outcome(conn: Connection) -> object:
            return conn.execute(select(reservation.c.outcome)).scalar_one()

        assert w.database.run_now(outcome) == OfferOutcome.CANCELLED
        w.request()
        await w.event(EventKind.OFFERED, call=1)


async def test_a_technician_who_waits_is_led_on_by_the_next_process() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        two = w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        await w.restart()
        # Asterisk brings the waiting leg back to us by itself.
        w.switch.spawn(technician.talk("line"))
        await w.event(EventKind.ROOM_COMPLETE)
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == two
        assert "pt/resumed" in w.switch.spoken[technician.leg]
        assert len(w.call_ids()) == 1


async def test_a_migrant_who_rings_during_a_restart_may_still_join() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone("+351912000099", Answers(after_seconds=10, hears_seconds=1, keys="1"))
        technician = w.request(migrant="912000099")
        await w.event(EventKind.MIGRANT_RUNG)
        await technician.wait(2)
        await w.restart()
        await w.event(EventKind.MIGRANT_CONFIRMED)
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.kinds().count(EventKind.MIGRANT_RUNG) == 1


async def test_who_was_lost_and_rings_during_a_restart_may_still_come_back() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        interpreter = w.switch.originated[0]
        slow = Answers(after_seconds=10, hears_seconds=1, keys="1")
        w.telephone(interpreter.to.number.e164, slow)
        w.switch.line(interpreter.leg).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        await w.restart()
        await w.event(EventKind.REJOINED)
        assert w.reserved() == {who}
        assert w.kinds().count(EventKind.REDIALLED) == 1


async def test_a_lost_link_is_reconciled_in_the_same_process() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        w.switch.lose_link()
        await technician.hang_up()
        w.switch.restore_link()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"


async def test_the_events_alone_tell_where_a_call_stands() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        record = w.calls.open[0].record
        told = remember(record.state, w.events())
        assert told.progress == record.progress
        assert told.interpreter == record.interpreter
        assert told.technician == record.technician
        assert told.complete
        assert told.live_offers == ()
        standing = {leg.id: (leg.role, leg.in_room, leg.ended) for leg in told.legs}
        assert standing == {
            leg.id: (leg.role, leg.in_room, leg.ended) for leg in record.legs.open()
        }


def test_a_called_back_technician_who_has_joined_is_not_rung_again() -> None:
    call = new_call_id()
    promised = [Event(call, EventKind.CALL_BACK_PROMISED, START, LegId("inbound-1"))]
    assert remember(CallState.QUEUED, promised).calling_back
    assert not remember(CallState.TALKING, promised).calling_back
    due = [Event(call, EventKind.BOOKING_DUE, START)]
    assert remember(CallState.HUNTING, due).calling_back


async def test_the_next_process_knows_that_a_later_time_was_taken() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.database.run_now(lambda conn: set_windows(conn, who, (all_week(),)))
        w.set_presence(who, Presence.ON_BREAK, minutes=5)
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        heard = w.switch.spoken[technician.leg]
        await w.until(lambda: "pt/slots-key" in heard)
        await technician.key("3")
        await w.until(lambda: "pt/slots-again-key" in heard)
        await technician.key("1")
        await w.event(EventKind.BOOKED)
        w.switch.lose_link()
        await w.calls.stop()
        w.switch.restore_link()
        await w.start_bridge("second")
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "booked"


def test_the_events_tell_whether_the_technician_was_given_up() -> None:
    call = new_call_id()

    def rung(leg: str, role: Role, kind: EventKind) -> Event:
        data: dict[str, Scalar] = {"role": role.value, "why": "booked"}
        if role is Role.OPERATOR:
            data["leads"] = True
        return Event(call, kind, START, LegId(leg), data)

    def unreached(*events: Event) -> bool:
        return remember(CallState.CLOSING, events).progress.unreached

    asked, given_up = (rung("a", Role.TECHNICIAN, kind) for kind in (_RUNG, _GIVEN_UP))
    assert not unreached(asked)
    assert unreached(asked, given_up)
    assert not unreached(asked, given_up, rung("b", Role.TECHNICIAN, _RUNG))
    # One operator is given up, and the next is rung; a fourth person is nobody's leader.
    one = [rung("a", Role.OPERATOR, kind) for kind in (_RUNG, _GIVEN_UP)]
    two = [rung("b", Role.OPERATOR, kind) for kind in (_RUNG, _GIVEN_UP)]
    assert not unreached(*one, two[0])
    assert unreached(*one, *two)
    guest = [rung("c", Role.GUEST, kind) for kind in (_RUNG, _GIVEN_UP)]
    assert not unreached(asked, *guest)


async def test_who_was_not_understood_is_not_rung_again_by_the_next_process() -> None:
    async with world() as w:
        first = w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        w.switch.lose_link()
        call = w.calls.open[0]
        assert await call.by_key.swap("not_understood", exclude=True)
        await w.restart()
        await w.event(EventKind.NOBODY_AVAILABLE)
        # Nobody else is there; whoever was not understood is free again, and is not asked.
        await technician.wait(400)
        assert [one.data["interpreter"] for one in w.events() if one.kind is EventKind.OFFERED] == [
            first
        ]
        request = w.calls.open[0].record.request
        assert request is not None
        assert request.requirements.excluded == {first}


async def test_an_offer_that_the_bridge_broke_off_is_held_against_nobody() -> None:
    async with world() as w:
        who = w.interpreter(Answers(after_seconds=2, hears_seconds=5, keys="1"))
        w.request()
        await w.event(EventKind.OFFER_ANSWERED)
        w.die()
        await asyncio.sleep(5)
        await w.come_back()
        cancelled = await w.event(EventKind.OFFER_CANCELLED)
        assert cancelled.data == {"interpreter": who, "reason": "broken_off"}
        await w.until(lambda: w.reserved() == {who})
        assert EventKind.OFFER_UNANSWERED not in w.kinds()
        assert w.kinds().count(EventKind.OFFERED) == 2


async def test_an_acceptance_that_could_not_be_written_is_held_against_nobody() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.request()
        await w.event(EventKind.OFFER_ANSWERED)

        def away() -> None:
            raise DatabaseUnavailable("the database is away; it is tried again")

        w.switch.caught = (DatabaseUnavailable,)
        usual, w.database.before = w.database.before, away
        await asyncio.sleep(5)
        w.database.before = usual
        cancelled = await w.event(EventKind.OFFER_CANCELLED)
        assert cancelled.data == {"interpreter": who, "reason": "broken_off"}
        await w.event(EventKind.ROOM_COMPLETE)
        assert EventKind.OFFER_UNANSWERED not in w.kinds()


async def test_a_link_that_is_restored_while_the_database_is_away_is_reconciled_after_it() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        w.switch.lose_link()
        for leg in sorted(w.switch.legs):
            await w.switch.line(leg).hang_up()
        with database_away(w):
            w.switch.restore_link()
            await asyncio.sleep(5)
            assert w.reserved() == {who}
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "lost"
        assert w.reserved() == frozenset()


async def test_a_call_of_nobody_is_found_when_the_database_is_back() -> None:
    async with world() as w:
        leg, which, at = LegId("inbound-99"), new_call_id(), w.clock.now()

        def opens(conn: Connection) -> None:
            conference.open_call(conn, which, "unknown", at, "another")
            conference.add_leg(conn, leg, which, Role.TECHNICIAN, at)
            calllog.append(conn, Event(which, EventKind.CALL_ANSWERED, at, leg, {}))

        w.database.run_now(opens)
        with database_away(w):
            w.switch.lose_link()
            w.switch.restore_link()
            await asyncio.sleep(5)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "lost"


@contextmanager
def database_away(w: World) -> Iterator[None]:
    """The database cannot be used for a while."""

    def fails() -> None:
        raise DatabaseUnavailable("the database is away for a while; it is tried again")

    usual, w.database.before = w.database.before, fails
    yield
    w.database.before = usual


@pytest.mark.parametrize("written", [EventKind.OFFER_ACCEPTED, EventKind.MIGRANT_CONFIRMED])
async def test_who_has_come_is_fetched_before_the_switch_lets_them_go(written: EventKind) -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone("+351912000099", ACCEPTS)
        w.request(migrant="912000099")
        await _dies_once_written(w, written)
        await asyncio.sleep(2)
        await w.come_back()
        await w.event(EventKind.ROOM_COMPLETE)
        kinds = w.kinds()
        assert EventKind.LEG_ENDED not in kinds
        assert (kinds.count(EventKind.OFFERED), kinds.count(EventKind.MIGRANT_RUNG)) == (1, 1)


async def test_who_has_come_to_a_call_that_is_over_hears_goodbye() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await _dies_once_written(w, EventKind.OFFER_ACCEPTED)
        await technician.hang_up()
        await w.come_back()
        await w.event(EventKind.CALL_ENDED)
        assert EventKind.ROOM_ENTERED not in w.kinds()
        assert not w.switch.legs


@pytest.mark.parametrize(("seconds", "fetched"), [(0, 1), (60, 0)])
async def test_only_who_has_just_come_is_sent_to_wait_anew(seconds: int, fetched: int) -> None:
    """Whoever waits long since may be with the operator by now."""
    async with world() as w:
        w.telephone(TECHNICIAN, ACCEPTS)
        booked_with = w.interpreter(NeverAnswers())
        await w.book(booked_with, minutes_ahead=1)
        dialling = asyncio.ensure_future(w.dial_bookings_at(w.booked_for))
        if seconds:
            await w.event(EventKind.REJOINED, seconds=3600)
            await asyncio.sleep(seconds)
            w.die()
        else:
            await _dies_once_written(w, EventKind.REJOINED)
        await dialling
        sent: list[LegId] = []
        converse = w.switch.converse

        async def watched(leg: LegId, conversation: ConversationName) -> None:
            sent.append(leg)
            await converse(leg, conversation)

        w.switch.converse = watched  # type: ignore[method-assign]
        await asyncio.sleep(2)
        await w.come_back()
        await w.event(EventKind.RECONCILED)
        await asyncio.sleep(1)
        assert len(sent) == fetched


async def _dies_once_written(w: World, kind: EventKind) -> None:
    def after() -> None:
        if not w.database.dead and w.call_ids() and kind in w.kinds():
            w.database.after = _nothing
            w.die()

    w.database.after = after
    await w.until(lambda: w.database.dead, seconds=3600)


def _nothing() -> None:
    """Nothing happens."""
