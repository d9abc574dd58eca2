# SPDX-License-Identifier: EUPL-1.2
"""A migrant who rang for an operator is lost before they have met: rung back, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.model import Presence
from bridge.telephony.simulated_line import SimulatedLine
from bridge.telephony.switch import Ending
from lab.phones import Behaviour, NeverAnswers
from tests.unit.conference.crossings import migrant_of, said
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    OPERATOR,
    PRESSES,
    asks_for_operator,
    members,
    migrant_rings,
)
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime


async def waits_with_an_operator(w: World, telephone: Behaviour) -> SimulatedLine:
    """A migrant who rang waits, for no interpreter is free; their telephone behaves so if rung."""
    w.interpreter(ACCEPTS, presence=Presence.OFF)
    w.telephone(OPERATOR, PRESSES)
    w.telephone(MIGRANT, telephone)
    migrant = migrant_rings(w, asks_for_operator(w, interpreter=True))
    await w.event(EventKind.NOBODY_AVAILABLE)
    await w.until(lambda: members(w) == 1)
    return migrant


async def test_who_is_lost_while_no_interpreter_is_free_is_rung_back_and_waits_on() -> None:
    async with world() as w:
        migrant = await waits_with_an_operator(w, PRESSES)
        migrant.end(Ending.DROPPED)
        await w.until(lambda: w.kinds().count(EventKind.REJOINED) == 2)
        again = migrant_of(w.calls.open[0])
        await w.until(lambda: "uk/hold-operator" in said(w, again))
        w.set_presence(w.interpreter_ids()[0], Presence.AVAILABLE)
        await w.until(lambda: members(w) == 3)


async def test_who_cannot_be_rung_back_before_they_met_has_nobody_waiting_for_them() -> None:
    async with world() as w:
        migrant = await waits_with_an_operator(w, NeverAnswers())
        migrant.end(Ending.DROPPED)
        await w.event(EventKind.CALL_ENDED)
        rung = [one for one in w.events() if one.kind is EventKind.REDIALLED]
        assert [one.data["role"] for one in rung] == ["operator", "migrant", "migrant"]
        await asyncio.sleep(60)
        assert not w.switch.legs


async def test_an_operator_who_talked_with_them_may_ring_them_again() -> None:
    async with world() as w:
        w.telephone(OPERATOR, PRESSES)
        w.telephone(MIGRANT, NeverAnswers())
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.until(lambda: members(w) == 2)
        call = w.calls.open[0]
        migrant.end(Ending.DROPPED)
        await w.event(EventKind.NOT_REJOINED)
        await asyncio.sleep(120)
        assert members(w) == 1
        assert w.kinds().count(EventKind.REDIALLED) == 3
        w.telephone(MIGRANT, PRESSES)
        await w.switch.line(call.record.technician).key("*1")
        await w.until(lambda: members(w) == 2)
