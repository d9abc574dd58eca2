# SPDX-License-Identifier: EUPL-1.2
"""A bridge that dies where the ways through a call cross: the next one leaves nobody in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from bridge.bookings import store as bookings
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.conference import store
from bridge.conference.model import CallState
from bridge.conference.recovery import remember
from bridge.duties.schedule import Duties
from bridge.roster.model import Presence
from bridge.telephony.gate import permit
from bridge.telephony.switch import Conversation, ConversationName, HangUp, Next, OutboundLeg
from bridge.vocabulary import PhoneNumber, Role, new_call_id, new_leg_id
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.crossings import GUEST, UKRAINIAN_KEY, hunts_again, migrant_of, said
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    OPERATOR,
    PRESSES,
    asks_for_operator,
    key_in_room,
    members,
    migrant_rings,
    on_duty,
    three_in_a_room,
)
from tests.unit.conference.world import LINE, TECHNICIAN, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

T = TypeVar("T")
SLOW = Answers(after_seconds=10, hears_seconds=1, keys="1")


@pytest.mark.parametrize("keys", [("*5", "912000077#", "1"), ("*0", "0")])
async def test_who_rings_into_the_room_during_a_restart_may_still_join(keys: tuple[str]) -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        on_duty(w, behaviour=SLOW)
        w.telephone(GUEST, SLOW)
        await key_in_room(w, call, *keys)
        await w.event(EventKind.REDIALLED)
        await w.restart()
        await w.until(lambda: members(w) == 4)
        assert w.kinds().count(EventKind.REDIALLED) == 1


async def test_who_rings_during_a_restart_and_does_not_come_is_told_of() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        technician = call.record.technician
        w.telephone(GUEST, NeverAnswers())
        await key_in_room(w, call, "*5", "912000077#", "1")
        await w.event(EventKind.REDIALLED)
        await w.restart()
        await w.until(lambda: "pt/cannot-reach-guest" in said(w, technician))
        assert w.kinds().count(EventKind.REDIALLED) == 1


async def test_a_private_word_that_was_only_written_is_not_heard_after_a_restart() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        migrant = migrant_of(call)
        w.switch.lose_link()
        assert await call.by_key.private_word(call.record.technician)
        assert members(w) == 3
        await w.restart()
        await w.until(lambda: members(w) == 2)
        await w.until(lambda: "uk/hold-private" in said(w, migrant))


async def test_an_end_that_was_only_written_is_told_after_a_restart() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        legs = [leg.id for leg in call.record.legs.open()]
        w.switch.lose_link()
        call.by_key.end()
        await w.until(lambda: call.record.state is CallState.CLOSING)
        assert members(w) == 3
        await w.restart()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert {said(w, leg)[-1] for leg in legs} == {"pt/goodbye", "uk/goodbye"}


async def test_a_restart_remembers_that_they_talked_while_another_is_hunted() -> None:
    async with world() as w:
        call = await hunts_again(w)
        told = remember(call.record.state, w.events())
        assert told.progress == call.record.progress
        await w.restart()
        technician = w.switch.line(call.record.technician)
        w.switch.spawn(technician.talk(ConversationName.LINE))
        await technician.wait(5)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"


async def test_an_operator_who_leaves_after_a_restart_is_not_waited_for() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(OPERATOR, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.until(lambda: members(w) == 3)
        record = w.calls.open[0].record
        for who in w.interpreter_ids():
            w.set_presence(who, Presence.OFF)
        await w.switch.line(record.technician).key("*4")
        await w.switch.line(record.technician).wait(2)
        await w.switch.line(record.technician).key("1")
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.restart()
        await w.switch.line(record.technician).hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert migrant.ended
        assert said(w, migrant.leg)[-1] == "uk/goodbye"


@pytest.mark.parametrize("goes_on", [False, True])
async def test_a_migrant_in_the_menu_during_a_restart_is_asked_anew(goes_on: bool) -> None:
    async with world() as w:
        on_duty(w)
        line = w.switch.call(MIGRANT, LINE, lambda line: line.wait_hang_up())
        await line.wait(5)
        await line.key(UKRAINIAN_KEY)
        await w.event(EventKind.MIGRANT_RANG)
        await w.restart()
        w.switch.spawn(line.talk(ConversationName.LINE))
        await line.wait(5)
        assert [leg.id for leg in w.calls.open[0].record.legs.open()] == [line.leg]
        if goes_on:
            await line.key("2")
            await w.until(lambda: members(w) == 2)
        assert EventKind.LEG_ENDED not in w.kinds()
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == ("by_operator" if goes_on else "not_requested")


async def test_a_booked_call_whose_bridge_died_before_it_rang_anybody_is_dialled_again() -> None:
    async with world() as w:
        w.telephone(TECHNICIAN, PRESSES)
        which = await w.book(w.interpreter(ACCEPTS))
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds())
        call, at = new_call_id(), w.clock.now()

        def begun(conn: Connection) -> None:
            assert [one.id for one in bookings.claim_due(conn, at, "first")] == [which]
            store.open_call(conn, call, "booked", at, "first")
            assert bookings.begin_dialling(conn, which, call, at, "first")
            calllog.append(conn, Event(call, EventKind.BOOKING_DUE, at, None, {}))

        w.database.run_now(begun)
        await w.restart()
        assert w.outcome(call) == "lost"
        await Duties(w.calls, w.database, w.switch, w.clock, "second").dial_bookings()
        await w.until(lambda: members(w) == 2)


async def test_a_call_that_is_being_opened_is_nobody_s_orphan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        usual = w.database.run

        async def slow(work: Callable[[Connection], T]) -> T:
            result = await usual(work)
            await asyncio.sleep(1.0)
            return result

        async def listens(conversation: Conversation) -> Next:
            await asyncio.sleep(60)
            return HangUp()

        monkeypatch.setattr(w.database, "run", slow)
        line = migrant_rings(w, listens)
        await asyncio.sleep(0.5)
        assert w.call_ids()
        assert not w.calls.open
        w.switch.restore_link()
        await line.wait(5)
        opened = w.calls.of_leg(line.leg)
        assert opened is not None
        assert w.calls.open == (opened,)
        tasks = [one for one in asyncio.all_tasks() if one.get_name().startswith("call ")]
        assert len(tasks) == 1


async def test_who_is_rung_at_the_opening_by_a_bridge_that_died_hears_a_word() -> None:
    async with world() as w:
        w.telephone(MIGRANT, Answers(after_seconds=2))
        leg = new_leg_id(Role.MIGRANT)
        await w.switch.originate(
            OutboundLeg(
                leg=leg,
                to=permit(MIGRANT),
                caller_id=PhoneNumber(LINE),
                conversation=ConversationName.OPENING,
                ring_seconds=30.0,
            )
        )
        await w.until(lambda: "en/apology-leg" in said(w, leg))
        assert said(w, leg)[0] == "pt/apology-leg"
