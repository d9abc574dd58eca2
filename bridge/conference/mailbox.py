# SPDX-License-Identifier: EUPL-1.2
"""One task and one queue for each call: whatever happens to a call happens one thing at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from bridge.storage.database import DatabaseUnavailable

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 2.0
"""How long after a failure what could not be done is tried again, and what is left is mended."""


class MailboxClosed(Exception):
    """What was asked cannot be done any more: the call has ended."""


class Mailbox:
    """Runs pieces of work one after the other, in the order in which they were given.

    Work may give further work to the same mailbox with `tell`; with `ask` it would wait for
    itself. A piece that failed may have been done by half: a little later `mend` is done. What the
    database failed at it may have done without our being told: `look` comes before anything else.
    """

    def __init__(self, mend: Work[None], look: Work[None] | None = None) -> None:
        """`mend` does what is still to be done, whatever failed; `look` learns what was done, and
        does nothing. Both may fail.
        """
        self._mend = mend
        self._look = look
        self._in_doubt = False
        """Whether more may have been done than is known."""
        self._mending = False
        """Whether `mend` is to be done."""
        self._insisted: deque[Work[None]] = deque()
        self._held = False
        """Whether what is insisted on waits until the database can be used again."""
        self._queue: asyncio.Queue[tuple[Work[Any], asyncio.Future[Any] | None]] = asyncio.Queue()
        self._timers: set[asyncio.TimerHandle] = set()
        self._closed = False

    async def ask(self, work: Work[T]) -> T:
        """Have `work` done in its turn and return its result, or raise what it raised.

        Raises `MailboxClosed` when `run` ends, or has ended, before it was done.
        """
        if self._closed:
            raise MailboxClosed
        reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((work, reply))
        return await reply

    def tell(self, work: Work[None]) -> None:
        """Have `work` done in its turn, without waiting; a failure is logged."""
        self._queue.put_nowait((work, None))

    def insist(self, work: Work[None]) -> None:
        """`tell`; while the database cannot be used, `work` waits and is tried again.

        So does everything that is insisted on after it: their order stays.
        """
        self._insisted.append(work)
        self.tell(self._next_insisted)

    def tell_later(self, seconds: float, work: Work[None]) -> None:
        """`tell` after so many seconds, unless `run` has ended by then."""

        def due() -> None:
            self._timers.discard(handle)
            self.tell(work)

        handle = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(handle)

    async def run(self, until: Callable[[], bool]) -> None:
        """Do the work that comes, until `until()` holds after a piece of it."""
        try:
            while not until():
                work, reply = await self._queue.get()
                await self._do(work, reply)
        finally:
            self._closed = True
            for timer in self._timers:
                timer.cancel()
            while not self._queue.empty():
                _, reply = self._queue.get_nowait()
                if reply is not None and not reply.done():
                    reply.set_exception(MailboxClosed())

    async def _next_insisted(self) -> None:
        if self._held or not self._insisted:
            return
        try:
            await self._insisted[0]()
        except DatabaseUnavailable:
            self._held = True
            raise
        except Exception:
            self._insisted.popleft()
            raise
        self._insisted.popleft()

    async def _go_on(self) -> None:
        """Something failed a while ago: do what was held, and mend what was done by half."""
        self._mending = False
        await self._learn()
        self._held = False
        while self._insisted and not self._held:
            await self._next_insisted()
        await self._mend()

    async def _learn(self) -> None:
        if self._in_doubt and self._look is not None:
            await self._look()
        self._in_doubt = False

    def _failed(self, error: Exception) -> None:
        if isinstance(error, DatabaseUnavailable):
            self._in_doubt = True
            log.warning("work for a call could not be done yet", why=str(error))
        if not self._mending:
            self._mending = True
            self.tell_later(AGAIN_SECONDS, self._go_on)

    async def _do(self, work: Work[Any], reply: asyncio.Future[Any] | None) -> None:
        try:
            # What needs no database is done without it.
            with suppress(DatabaseUnavailable):
                await self._learn()
            result = await work()
        except Exception as error:
            self._failed(error)
            if reply is None:
                if not isinstance(error, DatabaseUnavailable):
                    log.exception("work for a call failed")
            elif not reply.done():
                reply.set_exception(error)
        else:
            if reply is not None and not reply.done():
                reply.set_result(result)
