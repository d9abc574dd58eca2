# SPDX-License-Identifier: EUPL-1.2
"""Who was rung in vain is asked again while the caller waits: after a pause, and not often."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest

from bridge.calllog.model import Event, EventKind
from bridge.roster.tries import REFUSED_PAUSE, UNANSWERED_PAUSE
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")
FIRST = "+351910000001"
"""The telephone of the interpreter who was entered first."""


def told(w: World, *kinds: EventKind) -> list[Event]:
    return [event for event in w.events() if event.kind in kinds]


def pauses(w: World, ending: EventKind) -> list[timedelta]:
    """From each such ending of an offer to the next offer."""
    some = told(w, ending, EventKind.OFFERED)
    return [
        after.at - before.at for before, after in itertools.pairwise(some) if before.kind is ending
    ]


async def test_the_only_speaker_who_was_away_for_a_moment_is_rung_again() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        w.telephone(FIRST, ACCEPTS)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 1
        assert pauses(w, EventKind.OFFER_UNANSWERED) == [timedelta(seconds=UNANSWERED_PAUSE)]


async def test_who_does_not_answer_three_times_is_left_alone_until_they_say_they_are_there() -> (
    None
):
    async with world() as w:
        who = w.interpreter(NeverAnswers())
        w.set_pin(who, "270419")
        technician = w.request()
        await asyncio.sleep(600)
        assert len(told(w, EventKind.OFFERED)) == 3
        assert pauses(w, EventKind.OFFER_UNANSWERED) == [
            timedelta(seconds=UNANSWERED_PAUSE),
            timedelta(seconds=2 * UNANSWERED_PAUSE),
        ]
        assert w.reserved() == frozenset()
        w.telephone(FIRST, ACCEPTS)
        own = w.ring_as(who, "270419", "1")
        await own.wait(10)
        await own.hang_up()
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 1


async def test_a_refusal_is_asked_about_once_more_and_then_taken_as_said() -> None:
    async with world() as w:
        w.interpreter(REFUSES)
        w.request()
        await asyncio.sleep(900)
        assert len(told(w, EventKind.OFFER_REFUSED)) == 2
        assert pauses(w, EventKind.OFFER_REFUSED) == [timedelta(seconds=REFUSED_PAUSE)]


async def test_who_could_not_just_then_takes_the_call_when_asked_once_more() -> None:
    async with world() as w:
        w.interpreter(REFUSES)
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        w.telephone(FIRST, ACCEPTS)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 1


async def test_others_are_rung_before_anybody_is_asked_again() -> None:
    async with world() as w:
        first, second = w.interpreter(NeverAnswers()), w.interpreter(REFUSES)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await asyncio.sleep(300)
        rung = [str(event.data["interpreter"]) for event in told(w, EventKind.OFFERED)]
        assert rung[:2] == [str(first), str(second)]
        assert sorted(rung[2:]) == [str(first), str(first), str(second)]


async def test_a_call_that_is_served_asks_nobody_again() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.interpreter(ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await asyncio.sleep(600)
        assert len(told(w, EventKind.OFFERED)) == 2


async def test_a_technician_who_gave_up_has_nobody_rung_any_more() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        await asyncio.sleep(300)
        assert len(told(w, EventKind.OFFERED)) == 1


@pytest.mark.parametrize("first", [NeverAnswers(), REFUSES], ids=["unanswered", "refused"])
async def test_the_next_process_asks_again_too(first: Answers | NeverAnswers) -> None:
    async with world() as w:
        w.interpreter(first)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.restart()
        w.telephone(FIRST, ACCEPTS)
        await w.event(EventKind.OFFER_ACCEPTED)
        assert len(told(w, EventKind.OFFERED)) == 2


async def test_the_next_process_takes_a_second_refusal_as_said() -> None:
    async with world() as w:
        w.interpreter(REFUSES)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.until(lambda: len(told(w, EventKind.OFFER_REFUSED)) == 2)
        await w.restart()
        await asyncio.sleep(600)
        assert len(told(w, EventKind.OFFERED)) == 2
