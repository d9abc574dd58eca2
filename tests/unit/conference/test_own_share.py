# SPDX-License-Identifier: EUPL-1.2
"""An interpreter who rings the line hears the own share of the work."""

from __future__ import annotations

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.windows_store import set_windows
from bridge.vocabulary import InterpreterId
from lab.phones import Answers
from tests.unit.conference.world import World, all_week, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
PIN = "270419"


def promising(w: World) -> InterpreterId:
    """An interpreter who keeps windows, and has a PIN."""
    who = w.interpreter(ACCEPTS)
    w.set_pin(who, PIN)
    w.database.run_now(lambda conn: set_windows(conn, who, (all_week(),)))
    w.refresh()
    return who


async def told(w: World, who: InterpreterId) -> list[str]:
    """What is said after key 5."""
    own = w.ring_as(who, PIN, "5")
    await w.until(lambda: "pt/presence-more-keys" in w.switch.spoken.get(own.leg, []))
    before = len(w.switch.spoken[own.leg])
    await w.until(lambda: "pt/presence-more-keys" in w.switch.spoken[own.leg][before:])
    await own.hang_up()
    heard = w.switch.spoken[own.leg][before:]
    return [prompt for prompt in heard if "share" in prompt or "percent" in prompt]


async def test_before_any_work_there_is_no_share_to_tell() -> None:
    async with world() as w:
        assert await told(w, promising(w)) == ["pt/no-share"]


async def test_who_keeps_no_windows_has_no_share() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.set_pin(who, PIN)
        promising(w)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        w.refresh()
        assert await told(w, who) == ["pt/no-share"]


async def test_who_had_the_call_hears_of_more_than_who_had_none() -> None:
    async with world() as w:
        first, second = promising(w), promising(w)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await technician.wait(1200)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        # What was promised and offered is counted when the roster is read.
        await w.restart()
        more, less = await told(w, first), await told(w, second)
        assert more[0] == less[0] == "pt/share-is"
        assert more[-1] == less[-1] == "pt/share-even"
        shares = [int(one[1].rsplit("-", 1)[1]) for one in (more, less)]
        assert shares[0] > 10 > shares[1]
