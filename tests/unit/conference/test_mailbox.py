# SPDX-License-Identifier: EUPL-1.2
"""One thing at a time, in order; what fails is not forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bridge.conference.mailbox import AGAIN_SECONDS, Mailbox, MailboxClosed
from bridge.storage.database import DatabaseUnavailable

pytestmark = pytest.mark.looptime


class Bench:
    """A mailbox at work, and a database that may be away."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.away = False
        self.over = False
        self.mailbox = Mailbox(mend=self.work("mended"))

    def work(self, name: str, *, needs_database: bool = True) -> Callable[[], Awaitable[None]]:
        """A piece of work that says when it was done."""

        async def do() -> None:
            if needs_database and self.away:
                raise DatabaseUnavailable("the database is away; it is tried again")
            self.done.append(name)

        return do


@asynccontextmanager
async def at_work(bench: Bench | None = None) -> AsyncIterator[Bench]:
    bench = bench or Bench()
    task = asyncio.ensure_future(bench.mailbox.run(until=lambda: bench.over))
    try:
        yield bench
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_work_is_done_in_the_order_in_which_it_was_given() -> None:
    async with at_work() as b:
        b.mailbox.tell(b.work("one"))
        b.mailbox.insist(b.work("two"))
        b.mailbox.tell(b.work("three"))
        await b.mailbox.ask(b.work("four"))
        await asyncio.sleep(10 * AGAIN_SECONDS)
        assert b.done == ["one", "two", "three", "four"]


async def test_what_is_insisted_on_keeps_its_order_while_the_database_is_away() -> None:
    async with at_work() as b:
        b.away = True
        b.mailbox.insist(b.work("one"))
        b.mailbox.insist(b.work("two", needs_database=False))
        b.mailbox.tell(b.work("told", needs_database=False))
        await asyncio.sleep(2.5 * AGAIN_SECONDS)
        b.mailbox.insist(b.work("three"))
        assert b.done == ["told"]
        b.away = False
        await asyncio.sleep(AGAIN_SECONDS)
        assert b.done == ["told", "one", "two", "three", "mended"]


@pytest.mark.parametrize("asks", [False, True])
async def test_any_failure_is_mended_once(asks: bool) -> None:
    async with at_work() as b:
        b.away = True
        if asks:
            with pytest.raises(DatabaseUnavailable):
                await b.mailbox.ask(b.work("asked"))
        b.mailbox.tell(b.work("told"))
        await asyncio.sleep(0)
        b.away = False
        await asyncio.sleep(10 * AGAIN_SECONDS)
        assert b.done == ["mended"]


async def test_a_mending_that_fails_is_tried_again() -> None:
    async with at_work() as b:
        b.away = True
        b.mailbox.tell(b.work("told"))
        await asyncio.sleep(3.5 * AGAIN_SECONDS)
        assert b.done == []
        b.away = False
        await asyncio.sleep(AGAIN_SECONDS)
        assert b.done == ["mended"]


async def test_what_may_have_been_done_is_looked_at_before_anything_else() -> None:
    bench = Bench()
    bench.mailbox = Mailbox(mend=bench.work("mended"), look=bench.work("looked"))
    async with at_work(bench) as b:
        b.away = True
        b.mailbox.tell(b.work("told"))
        b.mailbox.tell(b.work("needs none", needs_database=False))
        await asyncio.sleep(0.5 * AGAIN_SECONDS)
        assert b.done == ["needs none"]
        b.away = False
        await b.mailbox.ask(b.work("asked"))
        await asyncio.sleep(10 * AGAIN_SECONDS)
        assert b.done == ["needs none", "looked", "asked", "mended"]


async def test_a_mistake_in_one_report_does_not_hold_the_others_up() -> None:
    async def mistake() -> None:
        raise LookupError("nobody expected this")

    async with at_work() as b:
        b.mailbox.insist(mistake)
        b.mailbox.insist(b.work("next"))
        await asyncio.sleep(2 * AGAIN_SECONDS)
        assert b.done == ["next", "mended"]


async def test_whoever_asks_too_late_is_told_so() -> None:
    async with at_work() as b:

        async def last() -> None:
            b.over = True

        b.mailbox.tell(last)
        for _ in range(2):
            with pytest.raises(MailboxClosed):
                await b.mailbox.ask(b.work("too late"))
        assert b.done == []
