# SPDX-License-Identifier: EUPL-1.2
"""A database does what it is told, and the connection breaks before it says so.

What follows in a call for every write of every story is in `test_crashes`; here, whoever rings.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.storage.database import DatabaseUnavailable
from lab.phones import Answers
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")


def loses_answer(w: World, of: Callable[[], bool]) -> None:
    """The answer to the first write after which `of()` holds never comes."""
    w.switch.caught = (DatabaseUnavailable,)

    def after() -> None:
        if of():
            w.database.after = _nothing
            raise DatabaseUnavailable("the connection broke off; it is tried again")

    w.database.after = after


def _nothing() -> None:
    """Nothing is lost any more."""


def begun(w: World, kind: EventKind) -> Callable[[], bool]:
    """Whether the first call has an event of this kind."""
    return lambda: bool(w.call_ids()) and kind in w.kinds()


async def test_a_request_that_was_written_unknown_to_us_is_served_once() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        loses_answer(w, begun(w, EventKind.REQUESTED))
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.switch.put_through == []
        assert "pt/our-fault" not in w.switch.spoken[technician.leg]
        assert len(w.switch.originated) == 1
        assert w.kinds().count(EventKind.REQUESTED) == 1
        assert w.reserved() == {who}
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()
        open_legs = select(conference.leg.c.id).where(conference.leg.c.ended_at.is_(None))
        assert w.database.run_now(lambda conn: conn.execute(open_legs).all()) == []


async def test_a_call_that_was_opened_unknown_to_us_is_the_callers_when_they_are_asked_again() -> (
    None
):
    async with world() as w:
        w.interpreter(ACCEPTS)
        loses_answer(w, lambda: bool(w.call_ids()))
        technician = w.technician()
        await technician.wait(15)
        assert len(w.call_ids()) == 1
        assert [call.id for call in w.calls.open] == w.call_ids()
        for keys in ("4021739104", "17", "1", "1"):
            await technician.key(keys)
            await technician.wait(1)
        assert not technician.ended
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert len(w.call_ids()) == 1


async def test_a_call_that_was_opened_unknown_to_us_ends_when_the_caller_rings_off() -> None:
    async with world() as w:
        loses_answer(w, lambda: bool(w.call_ids()))
        technician = w.technician()
        await technician.wait(1)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.calls.open == ()
        assert w.database.run_now(conference.open_calls) == []
