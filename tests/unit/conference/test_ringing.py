# SPDX-License-Identifier: EUPL-1.2
"""From when on a telephone is taken to ring: the network needs its time."""

from __future__ import annotations

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.learning_store import load_answering
from bridge.telephony.simulated_line import SimulatedLine
from lab.phones import Answers
from tests.unit.conference.world import START, world

pytestmark = pytest.mark.looptime


async def test_how_soon_somebody_accepts_is_counted_from_the_ringing() -> None:
    """A running bridge learns what a fresh count of the rows says."""
    async with world() as w:
        who = w.interpreter(Answers(after_seconds=2, hears_seconds=1, keys="1"))
        ((number, rings),) = w.switch.telephones.items()

        async def later(line: SimulatedLine) -> None:
            await line.wait(8)
            await rings(line)

        w.switch.telephones[number] = later
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        counted = w.database.run_now(lambda conn: load_answering(conn, START))
        learned = w.calls._ports.roster._knowledge.answering
        hour = w.clock.now().hour
        assert learned.tallies(who, hour) == counted.tallies(who, hour)
        assert learned.service_chance() == counted.service_chance()
