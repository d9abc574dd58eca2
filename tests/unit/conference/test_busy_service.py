# SPDX-License-Identifier: EUPL-1.2
"""How many telephones ring for a call follows from how busy the service is known to be."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.roster.live import LEARN_EVERY
from bridge.roster.waves import BUSY, NOT_BUSY
from bridge.vocabulary import LanguageTag
from lab.phones import Answers
from tests.storage_samples import make_call, make_event
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

SLOW = Answers(after_seconds=3, hears_seconds=1, keys="1")
INTERPRETERS = 6
FAR_TOO_MANY = 300
"""Calls in an hour, for six interpreters."""


def were_asked(w: World, calls: int) -> None:
    """So many requests came."""

    def work(conn: Connection) -> None:
        for _ in range(calls):
            call = make_call(conn, w.clock.now())
            conference.update_call(conn, call, language=LanguageTag("uk"))
            calllog.append(conn, make_event(call, EventKind.REQUESTED, w.clock.now()))

    w.database.run_now(work)


@pytest.mark.parametrize("calls", [0, FAR_TOO_MANY])
async def test_the_busier_the_service_the_fewer_telephones_ring(calls: int) -> None:
    async with world(policy="default") as w:
        for _ in range(INTERPRETERS):
            w.interpreter(SLOW)
        were_asked(w, calls)
        await asyncio.sleep(LEARN_EVERY.total_seconds())
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=calls)
        ranked = await w.event(EventKind.RANKED, call=calls)
        rung = w.kinds(w.call_ids()[calls]).count(EventKind.OFFERED)
        load = ranked.data["load"]
        assert isinstance(load, float)
        if calls:
            assert load > BUSY
            assert rung == 1
        else:
            assert load < NOT_BUSY
            assert rung > 3
