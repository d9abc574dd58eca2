# SPDX-License-Identifier: EUPL-1.2
"""Whoever becomes free goes to the request that waits longest, also while others ring for it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.calllog.model import Event, EventKind
from bridge.conference.queue import ASK_AGAIN
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.roster.skills import pair
from bridge.roster.tries import UNANSWERED_PAUSE
from bridge.roster.waves import OVERLAP_AFTER, WIDEST
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import Ending
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

T = TypeVar("T")
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
SLOWLY = Answers(after_seconds=12, hears_seconds=1, keys="1")


def told(w: World, kind: EventKind, call: int = 0) -> list[Event]:
    return [event for event in w.events(w.call_ids()[call]) if event.kind is kind]


def offered(w: World, call: int = 0) -> list[tuple[object, datetime]]:
    """Whom a call rang, and when."""
    return [(event.data["interpreter"], event.at) for event in told(w, EventKind.OFFERED, call)]


async def two_calls(w: World, away: Callable[[], InterpreterId]) -> InterpreterId:
    """A call that rings somebody who does not answer, and a younger one that finds nobody."""
    w.interpreter(NeverAnswers())
    who = away()
    w.request()
    await w.event(EventKind.OFFER_RINGING)
    w.request()
    await w.event(EventKind.NOBODY_AVAILABLE, call=1)
    return who


# --- who waits longest ---------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["longest_idle", "default", "ring_all"])
async def test_the_request_that_waits_longest_is_offered_though_a_telephone_rings_for_it(
    policy: str,
) -> None:
    async with world(policy) as w:
        who = await two_calls(w, lambda: w.interpreter(ACCEPTS, presence=Presence.OFF))
        await asyncio.sleep(4)
        freed = w.clock.now()
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert offered(w)[-1] == (who, freed)
        assert who not in [one for one, _ in offered(w, 1)]


async def test_nobody_waits_for_a_ring_to_end_when_somebody_becomes_free() -> None:
    async with world("default") as w:
        w.interpreter(NeverAnswers())
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.request()
        rings = await w.event(EventKind.OFFER_RINGING)
        await asyncio.sleep(9)
        w.set_presence(who, Presence.AVAILABLE)
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.at - rings.at == timedelta(seconds=12)


async def test_the_place_in_the_queue_counts_those_for_whom_somebody_is_rung() -> None:
    async with world() as w:
        await two_calls(w, lambda: InterpreterId(0))
        first, second = w.calls.open
        assert [w.calls.queue.place(one)[0] for one in (first, second)] == [1, 2]


# --- the head start ------------------------------------------------------------------------------


async def test_who_has_just_begun_to_ring_has_a_head_start() -> None:
    async with world() as w:  # one after the other
        w.interpreter(NeverAnswers())
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.request()
        rings = await w.event(EventKind.OFFER_RINGING)
        await asyncio.sleep(3)
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.OFFER_ACCEPTED)
        assert offered(w)[-1] == (who, rings.at + timedelta(seconds=OVERLAP_AFTER))


async def test_meanwhile_the_next_request_is_offered() -> None:
    async with world() as w:
        w.interpreter(SLOWLY, presence=Presence.OFF)
        w.interpreter(ACCEPTS, presence=Presence.OFF)
        for call in (0, 1):
            w.request()
            await w.event(EventKind.NOBODY_AVAILABLE, call=call)
        one, other = w.interpreter_ids()
        w.set_presence(one, Presence.AVAILABLE)
        await w.event(EventKind.OFFER_RINGING)
        freed = w.clock.now()
        w.set_presence(other, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert offered(w, 1) == [(other, freed)]
        await w.event(EventKind.ROOM_COMPLETE)


async def test_many_who_become_free_at_once_do_not_all_ring_for_one_call() -> None:
    async with world("default") as w:
        for _ in range(10):
            w.interpreter(ACCEPTS, presence=Presence.OFF)
        for call in range(3):
            w.request()
            await w.event(EventKind.NOBODY_AVAILABLE, call=call)

        def all_come(conn: Connection) -> None:
            for who in range(1, 11):
                roster.set_presence(conn, InterpreterId(who), Presence.AVAILABLE)

        w.database.run_now(all_come)
        freed = w.clock.now()
        w.refresh()
        for call in range(3):
            await w.event(EventKind.ROOM_COMPLETE, call=call)
        rung = [offered(w, call) for call in range(3)]
        assert all(1 <= len(phones) <= WIDEST for phones in rung)
        at_once = [
            {who for who, at in phones if at - freed < timedelta(seconds=1)} for phones in rung
        ]
        # As many as each of the first two needs, and nobody twice; the third has those whom the
        # first acceptance leaves free.
        assert [len(people) for people in at_once] == [6, 4, 0]
        assert len(at_once[0] | at_once[1]) == 10
        assert {who for who, _ in rung[2]} < at_once[0] | at_once[1]


# --- who may be rung again -----------------------------------------------------------------------


async def test_who_accepted_and_was_cut_off_before_the_room_may_be_rung_again() -> None:
    async with world() as w:
        who, other = w.interpreter(ACCEPTS), w.interpreter(NeverAnswers())
        w.mark_called(other)
        w.request()
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.leg is not None
        w.switch.line(accepted.leg).end(Ending.HUNG_UP)
        await w.event(EventKind.ROOM_COMPLETE)
        assert [one for one, _ in offered(w)].count(who) == 2


async def test_whose_ring_was_stopped_is_rung_again_when_the_one_who_accepted_is_lost() -> None:
    async with world("ring_all") as w:
        who, other = w.interpreter(ACCEPTS), w.interpreter(SLOWLY)
        w.request()
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.leg is not None
        w.switch.line(accepted.leg).end(Ending.HUNG_UP)
        await w.event(EventKind.ROOM_COMPLETE)
        assert [one for one, _ in offered(w)] == [who, other, other]


async def test_a_ring_in_vain_for_one_call_does_not_end_the_pause_of_another() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        for call in (0, 1):
            w.request()
            await w.event(EventKind.NOBODY_AVAILABLE, call=call, seconds=30)
        await asyncio.sleep(120)
        for call in (0, 1):
            for before, after in itertools.pairwise(offered(w, call)):
                pause = timedelta(seconds=UNANSWERED_PAUSE)
                assert after[1] - before[1] >= timedelta(seconds=20) + pause
        assert len(offered(w)) + len(offered(w, 1)) == 3


# --- between two looks at the roster -------------------------------------------------------------


def after_the_first_look(w: World, happens: Callable[[], None], call: int = 0) -> None:
    """Let something happen right after a call's first look at the roster is written."""
    run, done = w.database.run, False

    async def watched(work: Callable[[Connection], T]) -> T:
        nonlocal done
        result = await run(work)
        ids = w.call_ids()
        if not done and len(ids) > call and EventKind.RANKED in w.kinds(ids[call]):
            done = True
            happens()
        return result

    w.database.run = watched  # type: ignore[method-assign]


async def test_who_becomes_free_while_the_call_moves_into_the_queue_is_offered() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        after_the_first_look(w, lambda: w.set_presence(who, Presence.AVAILABLE))
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, seconds=10)


async def test_and_is_offered_to_a_call_that_waits_longer() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        after_the_first_look(w, lambda: w.set_presence(who, Presence.AVAILABLE), call=1)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE, call=1)
        await w.event(EventKind.ROOM_COMPLETE)
        assert not offered(w, 1)


async def test_who_interprets_directly_and_comes_during_a_relay_in_vain_is_rung_after_it() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
        english, tigrinya = LanguageTag("en"), LanguageTag("ti")
        w.interpreter(NeverAnswers(), english)
        w.interpreter(NeverAnswers(), pair(tigrinya, english))
        who = w.interpreter(ACCEPTS, tigrinya, presence=Presence.OFF)
        w.request("ti")
        await w.event(EventKind.RELAY_BEGUN)
        await asyncio.sleep(5)
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE, seconds=30)


async def test_a_half_of_a_relay_is_rung_when_it_becomes_free_while_the_other_rings() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
        english, tigrinya = LanguageTag("en"), LanguageTag("ti")
        near = Answers(after_seconds=2, hears_seconds=1, keys="2")
        w.interpreter(near, english)
        w.interpreter(SLOWLY, pair(tigrinya, english))
        who = w.interpreter(ACCEPTS, english, presence=Presence.OFF)
        w.request("ti")
        await w.event(EventKind.OFFER_REFUSED)
        await asyncio.sleep(3)
        freed = w.clock.now()
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE, seconds=20)
        assert (who, freed) in offered(w)
        assert len(told(w, EventKind.RELAY_BEGUN)) == 1


async def test_a_database_that_is_away_for_a_moment_does_not_lose_who_became_free() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        await asyncio.sleep(1)
        run = w.database.run

        async def away(_work: Callable[[Connection], T]) -> T:
            raise DatabaseUnavailable("the database is away; wait")

        w.database.run = away  # type: ignore[method-assign, assignment]
        w.set_presence(who, Presence.AVAILABLE)
        await asyncio.sleep(ASK_AGAIN / 2)
        w.database.run = run  # type: ignore[method-assign]
        await w.event(EventKind.ROOM_COMPLETE, seconds=20)
