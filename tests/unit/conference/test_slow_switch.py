# SPDX-License-Identifier: EUPL-1.2
"""A switch that is slow to say whether a telephone rings: it counts as one that rings."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.conference.model import CallState
from bridge.telephony.simulated_line import SimulatedLine
from bridge.telephony.switch import Ending
from lab.phones import Answers, behave
from tests.unit.conference.test_outage import standing, state
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
LATER = 7.0
"""Seconds after which a ring is heard of: more than a carrier waits for the switch's answer."""
TOO_LATE = "pt/offer-too-late"


def rings_late(w: World, number: int, then: Answers | None = ACCEPTS) -> None:
    """Nothing is heard of this interpreter's ring for a while; `None`: then that it is none."""

    async def ring(line: SimulatedLine) -> None:
        await line.wait(LATER)
        if then is None:
            await line.reject(Ending.FAILED)
        elif not line.ended:
            await behave(then, line)

    w.switch.telephones[f"+3519100000{number:02d}"] = ring


def heard(w: World) -> set[str]:
    """Everything that anybody was told."""
    return {prompt for prompts in w.switch.spoken.values() for prompt in prompts}


def rung(w: World) -> list[str]:
    """The last digits of the numbers that were rung, in order."""
    return [one.to.number.e164[-2:] for one in w.switch.originated]


async def test_who_accepts_on_a_telephone_that_rang_late_is_in_time_and_rung_once() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.interpreter(ACCEPTS)
        w.mark_called(w.interpreter_ids()[1])
        rings_late(w, 1)
        w.request()
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == who
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == ["01"]
        assert TOO_LATE not in heard(w)


async def test_a_ring_that_turns_out_to_be_none_is_followed_by_the_next() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.interpreter(ACCEPTS)
        w.mark_called(w.interpreter_ids()[1])
        rings_late(w, 1, None)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == ["01", "02"]
        stands = standing(w, who)
        assert (stands.unanswered_streak, stands.unreached_streak) == (0, 1)


async def test_who_gives_up_before_anything_is_heard_of_the_ring_leaves_nobody_ringing() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        rings_late(w, 1)
        technician = w.request()
        await w.event(EventKind.OFFERED)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.switch.legs == frozenset()
        assert w.reserved() == frozenset()
        await asyncio.sleep(2 * LATER)
        assert rung(w) == ["01"]
        assert w.kinds().count(EventKind.OFFER_RINGING) == 0


async def test_a_link_that_is_lost_meanwhile_leaves_a_telephone_ringing() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        rings_late(w, 1, Answers(after_seconds=6, hears_seconds=1, keys="1"))
        w.request()
        await w.event(EventKind.OFFERED)
        await asyncio.sleep(1)
        w.switch.lose_link()
        await asyncio.sleep(LATER)
        assert state(w) is CallState.HUNTING
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == ["01"]
        assert TOO_LATE not in heard(w)


async def test_a_ring_that_was_lost_with_the_link_is_made_again_when_it_is_back() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        rings_late(w, 1, None)
        w.request()
        await w.event(EventKind.OFFERED)
        await asyncio.sleep(1)
        w.switch.lose_link()
        await asyncio.sleep(2 * LATER)
        w.telephone("+351910000001", ACCEPTS)
        assert rung(w) == ["01"]
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == ["01", "01"]
        assert standing(w, who).unanswered_streak == 0
