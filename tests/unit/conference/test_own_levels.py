# SPDX-License-Identifier: EUPL-1.2
"""A bridge with a scale of levels of its own: a wish by key and the ranking follow it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.requirements import Wish
from bridge.roster.skills import LevelScale
from lab.phones import Answers
from tests.unit.conference.world import REQUIRES_A_LEVEL, World

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
OWN = LevelScale.of(("certified", "other"))


@pytest.fixture
async def w() -> AsyncIterator[World]:
    made = World(levels=OWN)
    await made.start_bridge()
    yield made
    await made.calls.stop()
    made.switch.close()
    await made.database.dispose()


async def test_a_high_level_is_one_of_the_own_scale(w: World) -> None:
    other = w.interpreter(ACCEPTS, level="other")
    certified = w.interpreter(ACCEPTS, level="certified")
    w.mark_called(certified)
    w.request(wishes=REQUIRES_A_LEVEL)
    accepted = await w.event(EventKind.OFFER_ACCEPTED)
    assert accepted.data["interpreter"] == certified
    request = w.calls.open[0].record.request
    assert request is not None
    assert request.requirements.level == Wish(OWN.parse("certified"), required=True)
    assert other not in w.reserved()


async def test_of_whom_nothing_is_proven_has_the_lowest_of_it(w: World) -> None:
    who = w.interpreter(ACCEPTS)
    w.refresh()
    live = w.calls._ports.roster
    assert set(live.interpreter(who).skills.values()) == {OWN.lowest}
