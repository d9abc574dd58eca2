# SPDX-License-Identifier: EUPL-1.2
"""A leg is gone in the very moment in which a call gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bridge.calllog.model import EventKind
from bridge.conference.people.incoming import Leave
from bridge.telephony.switch import Ending
from bridge.vocabulary import LegId, PhoneNumber
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.migrants import (
    give_code,
    keys_code,
    members,
    migrant_rings,
    three_in_a_room,
)
from tests.unit.conference.world import TECHNICIAN, World, world

pytestmark = pytest.mark.looptime


def as_soon_as(w: World, kind: EventKind, act: Callable[[], None]) -> None:
    """Have something happen while the transaction ends that writes an event of the first call."""
    usual = w.database.after

    def after() -> None:
        if kind in w.kinds():
            w.database.after = usual
            act()

    w.database.after = after


async def test_a_migrant_who_hangs_up_while_the_code_is_taken_may_ring_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        w.interpreter(Answers(after_seconds=15, hears_seconds=1, keys="1"))
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        call = w.calls.open[0]
        give_code(w, call)
        take = call.incoming.take_migrant

        async def taken(leg: LegId, number: PhoneNumber | None, leave: Leave) -> bool:
            migrant.end(Ending.HUNG_UP)
            await asyncio.sleep(0)
            return await take(leg, number, leave)

        monkeypatch.setattr(call.incoming, "take_migrant", taken)
        migrant = migrant_rings(w, keys_code(w))
        await w.event(EventKind.MIGRANT_DIALLED_IN)
        await technician.wait(5)
        assert call.incoming.takes_migrant
        migrant_rings(w, keys_code(w))
        await w.until(lambda: members(w) == 3)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"


@pytest.mark.parametrize("ending", [Ending.HUNG_UP, Ending.DROPPED])
async def test_a_technician_who_is_gone_while_they_come_back_is_not_taken_for_there(
    ending: Ending,
) -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.telephone(TECHNICIAN, NeverAnswers())
        w.switch.line(call.record.technician).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        back = w.technician()
        await w.until(lambda: w.calls.of_leg(back.leg) is not None)
        as_soon_as(w, EventKind.REJOINED, lambda: back.end(ending))
        assert await w.calls.technician_returns(back.leg, call) is not None
        await w.event(EventKind.CALL_ENDED)
        # Whom a network lost is rung back, as any time.
        assert w.kinds().count(EventKind.REDIALLED) == (3 if ending is Ending.DROPPED else 1)
        assert not w.reserved()
