# SPDX-License-Identifier: EUPL-1.2
"""An interpreter is removed while the bridge runs, in the worst moment."""

from __future__ import annotations

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.removal_store import remove_interpreter
from bridge.vocabulary import InterpreterId
from lab.phones import Answers
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
PIN = "270419"


def remove(w: World, who: InterpreterId) -> None:
    w.database.run_now(lambda conn: remove_interpreter(conn, who))
    w.refresh()


async def test_a_call_that_they_are_in_goes_on_and_ends_as_any() -> None:
    """Nobody is removed who is promised, unless the promise is made in that very moment."""
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        remove(w, who)
        await technician.wait(60)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()


async def test_nobody_rings_them_any_more() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        remove(w, who)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        assert EventKind.OFFER_RINGING not in w.kinds()


async def test_who_is_on_the_line_is_told_that_it_did_not_work() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.set_pin(who, PIN)
        own = w.ring_as(who, PIN)
        await w.until(lambda: "pt/presence-more-keys" in w.switch.spoken.get(own.leg, []))
        remove(w, who)
        before = len(w.switch.spoken[own.leg])
        await own.key("3")
        await w.until(lambda: len(w.switch.spoken[own.leg]) > before)
        assert w.switch.spoken[own.leg][before] == "pt/our-fault"
