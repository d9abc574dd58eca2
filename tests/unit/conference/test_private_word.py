# SPDX-License-Identifier: EUPL-1.2
"""A word between technician and interpreter that the migrant does not hear."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.conference.recovery import remember
from bridge.telephony.switch import Ending
from bridge.vocabulary import LegId, Role
from lab.phones import NeverAnswers
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    UKRAINIAN,
    key_in_room,
    members,
    three_in_a_room,
)
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime


def migrant_of(w: World) -> LegId:
    """The migrant's leg."""
    return w.calls.open[0].record.legs.of(Role.MIGRANT)[0].id


async def test_the_migrant_waits_and_comes_back_by_key() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        migrant = migrant_of(w)
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 2)
        assert w.switch.others_in_room(migrant) == frozenset()
        await w.until(lambda: "uk/hold-private" in w.switch.spoken[migrant])
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 3)
        assert [event.data for event in w.events() if event.kind is EventKind.PRIVATE_WORD] == [
            {"role": "technician"}
        ]
        over = await w.event(EventKind.PRIVATE_WORD_OVER)
        assert over.data == {"reason": "key"}


async def test_the_interpreter_may_ask_for_it_too() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        interpreter = call.record.interpreter
        assert interpreter is not None
        await w.switch.line(interpreter).key("*3")
        asked = await w.event(EventKind.PRIVATE_WORD)
        assert asked.data == {"role": "interpreter"}
        await w.until(lambda: members(w) == 2)


async def test_who_sits_beside_the_technician_cannot_be_kept_from_hearing() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await technician.key("*3")
        await technician.wait(5)
        assert "pt/room-migrant-not-there" in w.switch.spoken[technician.leg]
        assert EventKind.PRIVATE_WORD not in w.kinds()


async def test_the_migrant_comes_back_when_the_interpreter_is_lost() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 2)
        interpreter = call.record.interpreter
        assert interpreter is not None
        w.switch.line(interpreter).end(Ending.DROPPED)
        over = await w.event(EventKind.PRIVATE_WORD_OVER)
        assert over.data == {"reason": "left"}
        await w.until(lambda: members(w) == 3)


async def test_everybody_hears_goodbye_when_the_technician_leaves_meanwhile() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        migrant = migrant_of(w)
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 2)
        await w.switch.line(call.record.technician).hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.switch.spoken[migrant][-2:] == ["uk/conversation-over", "uk/goodbye"]


async def test_a_word_that_is_over_before_the_switch_could_be_asked_keeps_nobody_out() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.switch.lose_link()
        await key_in_room(w, call, "*3")
        await w.event(EventKind.PRIVATE_WORD)
        # What could not be asked for is asked for again each second, for either of them.
        await asyncio.sleep(1.3)
        await key_in_room(w, call, "*3")
        await w.event(EventKind.PRIVATE_WORD_OVER)
        w.switch.restore_link()
        await asyncio.sleep(30)
        assert members(w) == 3


async def test_key_and_hang_up_at_once() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.switch.line(migrant_of(w)).end(Ending.HUNG_UP)
        assert await call.by_key.private_word(call.record.technician) in (True, False)
        await w.until(lambda: not call.record.legs.of(Role.MIGRANT))
        await w.until(lambda: not call.record.private)
        assert members(w) == 2


async def test_a_migrant_who_is_dropped_meanwhile_comes_back_to_waiting() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 2)
        w.switch.line(migrant_of(w)).end(Ending.DROPPED)
        rejoined = await w.event(EventKind.REJOINED)
        assert rejoined.data == {"role": "migrant", "waits": True}
        await w.until(lambda: "uk/hold-private" in w.switch.spoken.get(migrant_of(w), []))
        assert members(w) == 2
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 3)


async def test_a_restart_keeps_the_migrant_outside() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        migrant = migrant_of(w)
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 2)
        told = remember(call.record.state, w.events())
        assert told.private
        assert [leg.id for leg in told.legs if leg.waits] == [migrant]
        await w.restart()
        # Asterisk brings the waiting leg back to us by itself.
        w.switch.spawn(w.switch.line(migrant).talk("hold"))
        await w.event(EventKind.RECONCILED)
        await w.switch.line(migrant).wait(30)
        assert members(w) == 2
        await key_in_room(w, w.calls.open[0], "*3")
        await w.until(lambda: members(w) == 3)


async def test_no_private_word_is_left_when_the_migrant_is_put_down() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await key_in_room(w, call, "*3")
        await w.until(lambda: members(w) == 2)
        w.telephone(MIGRANT, NeverAnswers())
        await key_in_room(w, call, "*2")
        await w.until(lambda: not call.record.private)
        assert call.record.request is not None
        assert call.record.request.language == UKRAINIAN
