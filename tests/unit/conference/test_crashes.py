# SPDX-License-Identifier: EUPL-1.2
"""A call comes out right wherever the bridge dies or the database fails in the middle of it.

Each story is lived once undisturbed, to count what is written; then again for each write, with a
bridge that dies right after it, and with a database that fails from it on for a while.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from bridge.calllog.model import EventKind
from bridge.storage.database import DatabaseUnavailable
from tests.unit.conference.stories import PATIENCE, STORIES, Story, told
from tests.unit.conference.world import World, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

AWAY = 8.0
"""Seconds for which a bridge that died is away."""
OUTAGE = 4.0
"""Seconds for which the database fails."""
Broken = Callable[[Story, int], Awaitable[str | None]]
"""Lives a story that is broken at the nth transaction. What is wrong in the end, if anything is."""
SEEDS = range(8)
MOST_APART = 25
"""Writes between two faults, at the most."""
_BEGINS = frozenset({EventKind.REQUESTED, EventKind.OPERATOR_WANTED, EventKind.BOOKING_DUE})


class Counter:
    """Counts transactions since the request, and tells when it is time."""

    def __init__(self, w: World, nth: int) -> None:
        self._w = w
        self._nth = nth
        self.count = 0
        self.on = False

    def one_more(self) -> bool:
        """Whether this is the one."""
        if not self.on:
            self.on = not _BEGINS.isdisjoint(told(self._w))
        self.count += self.on
        return self.on and self.count == self._nth


async def lived(w: World, story: Story, *, or_person: bool = False) -> str | None:
    """Live a story to its end. What is wrong then, if anything is.

    `or_person`: a technician whose key could not be obeyed may be put through to a person.
    """

    def is_right() -> bool:
        return story.is_right(w) or (or_person and bool(w.switch.put_through))

    living = asyncio.ensure_future(story.live(w))
    try:
        async with asyncio.timeout(3 * PATIENCE):
            await w.until(lambda: living.done() or (or_person and is_right()), 2 * PATIENCE)
            if living.done():
                await living
            await w.until(is_right, PATIENCE)
            # It stays right, too.
            await asyncio.sleep(60)
            await w.until(is_right, PATIENCE)
    except TimeoutError:
        return _told(w)
    finally:
        living.cancel()
    for leg in sorted(w.switch.legs):
        with suppress(KeyError):
            await w.switch.line(leg).hang_up()
    try:
        await w.until(lambda: not (w.calls.open or w.switch.legs or w.reserved()), PATIENCE)
    except TimeoutError:
        return "does not end: " + _told(w)
    return None


def _told(w: World) -> str:
    ids = w.call_ids()
    states = [call.record.state.value for call in w.calls.open]
    return f"{states} {[kind.value for kind in w.kinds(ids[0])][-14:]}"


async def writes_of(story: Story, *, reads: bool) -> int:
    """How many transactions a story takes; with `reads`, those that write nothing count too."""
    async with world() as w:
        counter = Counter(w, -1)

        def count() -> None:
            counter.one_more()

        if reads:
            w.database.before = count
        else:
            w.database.after = count
        wrong = await lived(w, story)
        assert wrong is None
        return counter.count


async def dies_after(story: Story, nth: int) -> str | None:
    """Live a story with a bridge that dies after a write. What is wrong then."""
    async with world() as w:
        counter = Counter(w, nth)
        tasks: set[asyncio.Task[None]] = set()

        async def back() -> None:
            await asyncio.sleep(AWAY)
            await w.come_back()

        def after() -> None:
            if not w.database.dead and counter.one_more():
                w.die()
                tasks.add(asyncio.ensure_future(back()))

        w.database.after = after
        return await lived(w, story)


async def fails_from(story: Story, nth: int) -> str | None:
    """Live a story with a database that fails from a transaction on. What is wrong then."""
    async with world() as w:
        loop = asyncio.get_running_loop()
        counter = Counter(w, nth)
        until = 0.0

        def before() -> None:
            nonlocal until
            if counter.one_more():
                until = loop.time() + OUTAGE
            if loop.time() < until:
                raise DatabaseUnavailable("the database is away for a while; it is tried again")

        w.switch.caught = (DatabaseUnavailable,)
        w.database.before = before
        return await lived(w, story)


async def loses_the_answer(story: Story, nth: int) -> str | None:
    """Live a story in which a write is done, and whoever wrote is told that it was not."""
    async with world() as w:
        counter = Counter(w, nth)

        def after() -> None:
            if counter.one_more():
                raise DatabaseUnavailable("the connection broke off; it is tried again")

        w.switch.caught = (DatabaseUnavailable,)
        w.database.after = after
        return await lived(w, story)


async def breaks_at_random(story: Story, seed: int) -> str | None:
    """Live a story in which three things go wrong, one upon the other. What is wrong then."""
    draw = random.Random(seed)
    async with world() as w:
        loop = asyncio.get_running_loop()
        counter = Counter(w, -1)
        tasks: set[asyncio.Task[None]] = set()
        faults = sorted(draw.sample(range(1, 3 * MOST_APART), 3))
        until = 0.0

        async def back() -> None:
            nonlocal until
            await asyncio.sleep(draw.choice((0.5, 3.0, 8.0, 20.0)))
            until = 0.0
            await w.come_back()

        def after() -> None:
            nonlocal until
            if w.database.dead:
                return
            counter.one_more()
            if not faults or counter.count < faults[0]:
                return
            del faults[0]
            if draw.random() < 0.6:
                w.die()
                tasks.add(asyncio.ensure_future(back()))
            else:
                until = loop.time() + draw.choice((0.5, 4.0, 12.0))

        def before() -> None:
            if loop.time() < until:
                raise DatabaseUnavailable("the database is away for a while; it is tried again")

        w.switch.caught = (DatabaseUnavailable,)
        w.database.after, w.database.before = after, before
        return await lived(w, story, or_person=True)


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_a_bridge_that_dies_anywhere(story: Story) -> None:
    await _everywhere(story, dies_after, await writes_of(story, reads=False))


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_a_database_that_fails_anywhere(story: Story) -> None:
    await _everywhere(story, fails_from, await writes_of(story, reads=True))


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_an_answer_of_the_database_that_is_lost_anywhere(story: Story) -> None:
    await _everywhere(story, loses_the_answer, await writes_of(story, reads=False))


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_several_faults(story: Story) -> None:
    wrong = {}
    for seed in SEEDS:
        found = await breaks_at_random(story, seed)
        if found is not None:
            wrong[seed] = found
    assert not wrong


async def _everywhere(
    story: Story, broken: Callable[[Story, int], Awaitable[str | None]], count: int
) -> None:
    assert count > 5
    wrong = {}
    for nth in range(1, count + 1):
        found = await broken(story, nth)
        if found is not None:
            wrong[nth] = found
    assert not wrong, "\n".join(f"{nth}/{count}: {what}" for nth, what in wrong.items())
