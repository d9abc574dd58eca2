# SPDX-License-Identifier: EUPL-1.2
"""An operator leads a call and has called a colleague to join: who of the two is missed."""

from __future__ import annotations

import pytest

from bridge.calllog.model import EventKind
from bridge.telephony.switch import Ending
from bridge.vocabulary import LegId
from lab.phones import NeverAnswers
from tests.unit.conference.migrants import (
    ACCEPTS,
    OPERATOR,
    PRESSES,
    asks_for_operator,
    key_in_room,
    members,
    migrant_rings,
    on_duty,
)
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

OTHER_OPERATOR = "+351210000008"


def rung_for(w: World) -> list[object]:
    """Why telephones were rung in the first call."""
    return [one.data.get("why") for one in w.events() if one.kind is EventKind.REDIALLED]


async def a_colleague_is_rung(w: World) -> LegId:
    """An operator talks with a migrant and an interpreter, and called a colleague; the leg that
    rings.
    """
    w.interpreter(ACCEPTS)
    w.telephone(OPERATOR, PRESSES)
    on_duty(w, OTHER_OPERATOR, NeverAnswers())
    migrant_rings(w, asks_for_operator(w, interpreter=True))
    await w.until(lambda: members(w) == 3)
    rung = len(w.switch.originated)
    await key_in_room(w, w.calls.open[0], "*0", "0")
    await w.until(lambda: len(w.switch.originated) > rung, seconds=5)
    return w.switch.originated[-1].leg


async def test_an_operator_who_leaves_while_a_colleague_is_rung_ends_the_call() -> None:
    async with world() as w:
        colleague = await a_colleague_is_rung(w)
        await w.switch.line(w.calls.open[0].record.technician).hang_up()
        await w.until(lambda: w.outcome() == "interpreted", seconds=15)
        assert colleague not in w.switch.legs


async def test_an_operator_who_is_lost_while_a_colleague_is_rung_is_rung_back() -> None:
    async with world() as w:
        await a_colleague_is_rung(w)
        w.switch.line(w.calls.open[0].record.technician).end(Ending.DROPPED)
        await w.until(lambda: "dropped" in rung_for(w), seconds=5)
        await w.until(lambda: members(w) == 3)
