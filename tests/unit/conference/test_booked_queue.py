# SPDX-License-Identifier: EUPL-1.2
"""A technician who was rung at the hour of a booked call, and for whom nobody has accepted yet."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.model import Presence
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import InterpreterId
from lab.phones import Answers, Behaviour, NeverAnswers
from tests.unit.conference.world import TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
NOBODY = "pt/nobody-available"
RINGING = "pt/ringing-interpreters"


async def comes(w: World, booked: Behaviour, *, after_seconds: float) -> SimulatedLine:
    """The technician picks up so long after the hour, and presses 1; their telephone."""
    w.telephone(TECHNICIAN, Answers(after_seconds, hears_seconds=1, keys="1"))
    await w.book(w.interpreter(booked))
    await w.dial_bookings_at(w.booked_for)
    await w.event(EventKind.REJOINED)
    await asyncio.sleep(1)
    return w.switch.line(w.calls.open[0].record.technician)


def helper(w: World) -> InterpreterId:
    """Somebody who will be there later."""
    return w.interpreter(ACCEPTS, presence=Presence.OFF)


def rings(w: World) -> list[object]:
    """Why the technician was rung, each time."""
    return [one.data["why"] for one in w.events() if one.kind is EventKind.REDIALLED]


async def told_of_nobody(w: World, line: SimulatedLine) -> None:
    await w.until(lambda: "pt/slots-key" in heard(w, line) or "pt/stay-key" in heard(w, line))
    assert NOBODY in heard(w, line)


def heard(w: World, line: SimulatedLine) -> list[str]:
    return w.switch.spoken[line.leg]


async def test_who_presses_1_when_nobody_is_free_waits_in_the_queue_and_is_told() -> None:
    async with world() as w:
        other = helper(w)
        line = await comes(w, REFUSES, after_seconds=8)
        await told_of_nobody(w, line)
        assert "pt/call-back-key" in heard(w, line)
        assert RINGING not in heard(w, line)
        assert EventKind.LATE not in w.kinds()
        await line.key("1")
        await asyncio.sleep(100)
        assert not line.ended
        w.set_presence(other, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rings(w) == ["booked"]


async def test_who_presses_1_while_interpreters_ring_hears_so_and_then_that_nobody_came() -> None:
    async with world() as w:
        line = await comes(w, NeverAnswers(), after_seconds=2)
        assert RINGING in heard(w, line)
        assert w.switch.rooms.get(w.calls.open[0].record.room, set()) == set()
        await told_of_nobody(w, line)
        assert not line.ended


async def test_who_waits_is_taken_to_the_interpreter_who_accepts() -> None:
    async with world() as w:
        slow = Answers(after_seconds=15, hears_seconds=1, keys="1")
        line = await comes(w, slow, after_seconds=2)
        await w.event(EventKind.ROOM_COMPLETE)
        assert RINGING in heard(w, line)
        assert len(w.switch.others_in_room(line.leg)) == 1
        assert w.kinds().count(EventKind.ROOM_ENTERED) == 2


async def test_who_wants_to_be_rung_back_instead_is_rung_back() -> None:
    async with world() as w:
        other = helper(w)
        line = await comes(w, REFUSES, after_seconds=8)
        await told_of_nobody(w, line)
        await line.key("2")
        await w.event(EventKind.CALL_BACK_PROMISED)
        await line.wait_hang_up()
        await asyncio.sleep(10)
        w.set_presence(other, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rings(w) == ["booked", "call_back"]


async def test_who_wants_a_person_is_put_through_and_the_call_ends() -> None:
    async with world() as w:
        line = await comes(w, REFUSES, after_seconds=8)
        await told_of_nobody(w, line)
        await line.key("0")
        await w.event(EventKind.PUT_THROUGH)
        await asyncio.sleep(5)
        assert line.leg in w.switch.put_through
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "put_through"


async def test_who_hangs_up_in_the_queue_ends_the_call() -> None:
    async with world() as w:
        line = await comes(w, REFUSES, after_seconds=8)
        await told_of_nobody(w, line)
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unfilled"


async def test_who_does_not_answer_is_rung_twice_though_nobody_is_free() -> None:
    async with world() as w:
        w.telephone(TECHNICIAN, NeverAnswers())
        await w.book(w.interpreter(REFUSES))
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.CALL_ENDED)
        assert rings(w) == ["booked", "booked"]
        assert w.outcome() == "unreached"


async def test_the_next_process_lets_them_go_on_waiting() -> None:
    async with world() as w:
        other = helper(w)
        line = await comes(w, REFUSES, after_seconds=8)
        await told_of_nobody(w, line)
        await w.restart()
        w.switch.spawn(line.talk("line"))
        await asyncio.sleep(30)
        assert "pt/resumed" in heard(w, line)
        w.set_presence(other, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rings(w) == ["booked"]
