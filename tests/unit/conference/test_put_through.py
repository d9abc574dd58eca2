# SPDX-License-Identifier: EUPL-1.2
"""A technician who asks for a person gets one, or who has just accepted; nobody is left behind."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.model import Presence
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.simulated_line import SimulatedLine
from lab.phones import NeverAnswers
from tests.unit.conference.crossings import hunts_again, migrant_of, said
from tests.unit.conference.migrants import (
    ACCEPTS,
    give_code,
    keys_code,
    members,
    migrant_rings,
)
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime


async def both_wait(w: World) -> tuple[SimulatedLine, SimulatedLine]:
    """A technician who waits, and a migrant who has dialled in and waits too."""
    w.interpreter(NeverAnswers())
    technician = w.request()
    await w.event(EventKind.OFFER_RINGING)
    give_code(w, w.calls.open[0])
    migrant = migrant_rings(w, keys_code(w))
    await w.until(lambda: "uk/hold-gathering" in said(w, migrant.leg))
    return technician, migrant


def fails_after_the_decision(w: World, seconds: float) -> None:
    """The database fails for so long as soon as the decision is written."""
    loop = asyncio.get_running_loop()
    until: list[float] = []

    def before() -> None:
        if not until and w.call_ids() and EventKind.PUT_THROUGH in w.kinds():
            until.append(loop.time() + seconds)
        if until and loop.time() <= until[0]:
            raise DatabaseUnavailable("the database is away for a while; it is tried again")

    w.switch.caught = (DatabaseUnavailable,)
    w.database.before = before


@pytest.mark.parametrize("seconds", [0.0, 5.0])
async def test_a_database_that_fails_meanwhile_leaves_nobody_behind(seconds: float) -> None:
    async with world() as w:
        technician, migrant = await both_wait(w)
        fails_after_the_decision(w, seconds)
        await technician.key("0")
        await w.until(lambda: migrant.ended, 60)
        assert said(w, migrant.leg)[-1] == "uk/goodbye"
        await w.until(lambda: w.switch.put_through == [technician.leg], 60)
        assert EventKind.OFFER_CANCELLED in w.kinds()
        assert w.reserved() == frozenset()


async def test_a_bridge_that_dies_meanwhile_leaves_nobody_behind() -> None:
    async with world() as w:
        technician, migrant = await both_wait(w)

        usual = w.database.after

        def after() -> None:
            if EventKind.PUT_THROUGH in w.kinds():
                w.database.after = usual
                w.die()

        w.database.after = after
        await technician.key("0")
        await w.until(lambda: w.database.dead)
        await asyncio.sleep(8)
        await w.come_back()
        await w.until(lambda: migrant.ended, 60)
        await w.until(lambda: w.switch.put_through == [technician.leg], 60)
        assert w.reserved() == frozenset()


async def test_a_bridge_that_dies_as_a_call_back_is_promised_leaves_nobody_in_the_room() -> None:
    async with world() as w:
        call = await hunts_again(w)
        migrant, technician = migrant_of(call), w.switch.line(call.record.technician)
        await w.until(lambda: "pt/call-back-key" in said(w, technician.leg))
        usual = w.database.after

        def after() -> None:
            if EventKind.CALL_BACK_PROMISED in w.kinds():
                w.database.after = usual
                w.die()

        w.database.after = after
        await technician.key("2")
        await w.until(lambda: w.database.dead)
        await technician.hang_up()
        await asyncio.sleep(8)
        await w.come_back()
        await w.until(lambda: migrant not in w.switch.legs, 60)
        assert said(w, migrant)[-1] == "uk/goodbye"
        assert w.calls.open[0].record.calling_back
        w.set_presence(w.interpreter_ids()[0], Presence.AVAILABLE)
        await w.until(lambda: members(w) == 3)


async def test_who_asks_when_somebody_has_just_accepted_is_brought_to_them() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.OFFER_ANSWERED)
        # Nobody can be moved for a moment, so the key comes between the acceptance and the move.
        w.switch.lose_link()
        await w.event(EventKind.OFFER_ACCEPTED)
        await technician.key("0")
        await technician.wait(3)
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert members(w) == 2
        assert not w.switch.put_through
        assert "pt/conversation-over" not in said(w, w.switch.originated[0].leg)
