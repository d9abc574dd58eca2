# SPDX-License-Identifier: EUPL-1.2
"""A supervised AMI link: one user, always reconnecting, answering actions in asyncio.

A link that is lost is rebuilt from nothing with a new client object and a new generation number.
Actions that were under way then fail, and are never sent again: an Originate could ring somebody
twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from bridge.telephony.asterisk.amiclient import HardenedClient, login_action
from bridge.telephony.asterisk.frames import Frame

log = structlog.get_logger(__name__)

Headers = Sequence[tuple[str, str]]

FIRST_BACKOFF_SECONDS = 0.1
MOST_BACKOFF_SECONDS = 5.0
BOOT_SECONDS = 60.0
"""How long Asterisk may take from accepting us to having loaded everything."""
MOST_LIST_ITEMS = 100_000
"""A longer list is refused rather than kept."""


class AmiUnavailable(Exception):
    """The link is down, was lost, or did not answer in time; the message names the remedy."""


class AmiUnanswered(AmiUnavailable):
    """It was sent and no answer came: nobody knows whether Asterisk did it, or is going to."""


class AmiRefused(Exception):
    """Asterisk answered `Response: Error`; the message is Asterisk's own."""


@dataclass(slots=True)
class _Pending:
    """An action that awaits its response and, for a list, the items up to `complete`."""

    answer: asyncio.Future[Frame]
    complete: str = ""
    items: list[Frame] = field(default_factory=list)


def _pending(complete: str = "") -> _Pending:
    """A new entry whose failure may go unread: the asker can have given up before."""
    answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
    return _Pending(answer, complete)


def backoff_seconds(attempt: int, chance: float) -> float:
    """How long to wait before the `attempt`-th reconnection (0-based).

    Doubles from 0.1 s to at most 5 s; `chance` (0 to 1) takes away up to half of it, so that
    many bridges do not come back at the same instant.
    """
    longest = min(MOST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(attempt, 10))
    return longest * (1 - chance / 2)


class AmiLink:
    """One AMI user's connection, kept up until `stop`.

    `on_event` gets every event that belongs to no list action of ours, in Asterisk's order.
    `on_up` is called when a login succeeded and Asterisk is fully booted, `on_down` when that is
    no longer so. All three are called in the event loop; what they raise is logged and goes no
    further.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        on_event: Callable[[Frame], None],
        events: bool,
        idle_seconds: float = 10.0,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[], None] = lambda: None,
    ) -> None:
        """`idle_seconds` of silence mean a dead link; a Ping goes out every third of it."""
        self._host = host
        self._port = port
        self._user = user
        self._secret = secret
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._events = events
        self._idle_seconds = idle_seconds
        self._client: HardenedClient | None = None
        self._generation = 0
        self._count = 0
        self._nonce = f"{random.getrandbits(48):012x}"
        self._pending: dict[str, _Pending] = {}
        self._ended = asyncio.Event()
        self._booted = asyncio.Event()
        self._up = False
        self._supervisor: asyncio.Task[None] | None = None
        self._closings: set[asyncio.Task[None]] = set()
        # One thread, so that actions keep their order and a slow socket never blocks the loop.
        self._sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ami-send")

    @property
    def up(self) -> bool:
        """Whether actions can be sent now."""
        return self._up

    @property
    def generation(self) -> int:
        """How many connections were tried so far."""
        return self._generation

    @property
    def pending(self) -> int:
        """How many actions await an answer."""
        return len(self._pending)

    async def start(self) -> None:
        """Log in for the first time. Raises `AmiUnavailable` when that fails; then nothing runs."""
        try:
            await self._attempt()
        except BaseException:
            await self._drop("could not log in")
            self._sender.shutdown(wait=False)
            raise
        self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        """End the link for good. Actions under way fail with `AmiUnavailable`."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        await self._drop("the link was stopped")
        await asyncio.gather(*self._closings)
        self._sender.shutdown(wait=False)

    async def action(
        self,
        name: str,
        headers: Headers = (),
        *,
        timeout: float | None = 5.0,  # noqa: ASYNC109 -- the port's own deadline
    ) -> Frame:
        """Send one action and return its response.

        Raises `ValueError` for headers that must not be sent, `AmiRefused` when Asterisk says no,
        `AmiUnanswered` when no response came within `timeout` seconds or before the link was lost,
        and `AmiUnavailable` when the link is down, so that nothing was sent. Without a `timeout` it
        waits for as long as the link lasts, which silence ends.
        """
        if not self._up:
            raise AmiUnavailable(self._down_message())
        pending = _pending()
        return await self._ask(name, headers, pending, timeout)

    async def list(
        self,
        name: str,
        headers: Headers = (),
        *,
        complete: str,
        timeout: float = 5.0,  # noqa: ASYNC109 -- the port's own deadline
    ) -> list[Frame]:
        """Send a list action and return its items, up to the event `complete`, without it.

        Raises as `action` does; an empty list that Asterisk reports as an error is `AmiRefused`.
        """
        if not self._up:
            raise AmiUnavailable(self._down_message())
        pending = _pending(complete)
        await self._ask(name, headers, pending, timeout)
        return pending.items

    # --- actions -------------------------------------------------------------------------------

    async def _ask(
        self, name: str, headers: Headers, pending: _Pending, seconds: float | None
    ) -> Frame:
        client = self._client
        action_id = self._next_action_id()
        self._pending[action_id] = pending
        sent = [("Action", name), ("ActionID", action_id), *headers]
        try:
            async with asyncio.timeout(seconds):
                if client is None:
                    raise AmiUnavailable(self._down_message())
                await self._in_thread(lambda: client.send_headers(sent))
                answer = await pending.answer
        except TimeoutError:
            within = "" if seconds is None else f" within {seconds:g} s"
            raise AmiUnanswered(
                f"Asterisk did not answer {name}{within}; check its load and log"
            ) from None
        except OSError:
            raise AmiUnavailable(self._down_message()) from None
        finally:
            self._pending.pop(action_id, None)
            pending.answer.cancel()
        if answer.response.lower() == "error":
            raise AmiRefused(answer.get("Message"))
        return answer

    def _next_action_id(self) -> str:
        self._count += 1
        return f"{self._nonce}-{self._generation}-{self._count}"

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._sender, work)

    def _down_message(self) -> str:
        return (
            f"the AMI link to Asterisk at {self._host}:{self._port} is down; "
            "check that Asterisk runs"
        )

    # --- what arrives --------------------------------------------------------------------------

    def _receive(self, generation: int, frame: Frame) -> None:
        if generation != self._generation:
            return
        pending = self._pending.get(frame.get("ActionID"))
        if frame.response:
            if pending is not None and not pending.answer.done():
                refused = frame.response.lower() == "error"
                if refused or not pending.complete:
                    pending.answer.set_result(frame)
            return
        if pending is not None and pending.complete:
            self._collect(pending, frame)
            return
        if frame.event == "FullyBooted":
            self._booted.set()
        try:
            self._on_event(frame)
        except Exception as error:  # noqa: BLE001 -- one event's fault must not stop the others
            log.error("ami event not handled", event_name=frame.event, error=type(error).__name__)  # noqa: TRY400

    def _collect(self, pending: _Pending, frame: Frame) -> None:
        if pending.answer.done():
            return
        if frame.event == pending.complete:
            pending.answer.set_result(frame)
        elif len(pending.items) < MOST_LIST_ITEMS:
            pending.items.append(frame)
        else:
            pending.answer.set_exception(AmiUnavailable("Asterisk's list does not end"))

    def _receive_end(self, generation: int, reason: str) -> None:
        if generation == self._generation:
            log.info("ami link ended", user=self._user, reason=reason or "closed by Asterisk")
            self._ended.set()

    # --- the connection ------------------------------------------------------------------------

    async def _attempt(self) -> None:
        """One connection up to ready. Raises `AmiUnavailable`; the caller drops what is left."""
        self._generation += 1
        generation = self._generation
        self._ended = asyncio.Event()
        self._booted = asyncio.Event()
        loop = asyncio.get_running_loop()

        def post(call: Callable[..., None], *arguments: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(call, generation, *arguments)

        client = HardenedClient(
            self._host,
            self._port,
            idle_seconds=self._idle_seconds,
            on_frame=lambda frame: post(self._receive, frame),
            on_end=lambda reason: post(self._receive_end, reason),
        )
        self._client = client
        try:
            await asyncio.to_thread(client.connect)
        except OSError as error:
            raise AmiUnavailable(
                f"Asterisk's AMI does not answer at {self._host}:{self._port} "
                f"({error.strerror or type(error).__name__}); start Asterisk or correct the address"
            ) from None
        await self._log_in(client)
        if self._events:
            await self._wait_booted()
        self._up = True
        self._tell(self._on_up)

    async def _log_in(self, client: HardenedClient) -> None:
        pending = _pending()
        action_id = self._next_action_id()
        self._pending[action_id] = pending
        login = login_action(self._user, self._secret, action_id, events=self._events)
        ended = asyncio.create_task(self._ended.wait())
        try:
            with suppress(OSError):  # then the reader ends, too
                await self._in_thread(lambda: client.send(login))
            either: list[asyncio.Future[Any]] = [ended, pending.answer]
            await asyncio.wait(
                either, timeout=self._idle_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not pending.answer.done():
                raise AmiUnavailable(
                    f"what listens at {self._host}:{self._port} does not behave like Asterisk's "
                    "AMI; correct the address"
                )
            if pending.answer.result().response.lower() == "error":
                raise AmiUnavailable(
                    f"Asterisk refused the AMI user {self._user}; "
                    "use the same secret here and in manager.conf"
                )
        finally:
            self._pending.pop(action_id, None)
            pending.answer.cancel()
            ended.cancel()

    async def _wait_booted(self) -> None:
        """Asterisk says `FullyBooted` to users that read `system`, at login or when it is."""
        ended = asyncio.create_task(self._ended.wait())
        booted = asyncio.create_task(self._booted.wait())
        pings = asyncio.create_task(self._ping())
        try:
            await asyncio.wait(
                {ended, booted, pings},
                timeout=BOOT_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not self._booted.is_set():
                raise AmiUnavailable(
                    "Asterisk did not finish starting, or the AMI user may not read the class "
                    "system; see Asterisk's log and manager.conf"
                )
        finally:
            for task in (ended, booted, pings):
                task.cancel()

    async def _ping(self) -> None:
        """Keep the link busy; returns when a Ping stays without an answer."""
        while True:
            await asyncio.sleep(self._idle_seconds / 3)
            pending = _pending()
            try:
                await self._ask("Ping", (), pending, self._idle_seconds)
            except AmiRefused:
                continue
            except AmiUnavailable:
                return

    async def _supervise(self) -> None:
        while True:
            ended = asyncio.create_task(self._ended.wait())
            pings = asyncio.create_task(self._ping())
            try:
                await asyncio.wait({ended, pings}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended.cancel()
                pings.cancel()
            await self._drop("the link was lost")
            await self._reconnect()

    async def _reconnect(self) -> None:
        attempt = 0
        while True:
            await asyncio.sleep(backoff_seconds(attempt, random.random()))  # noqa: S311 -- jitter
            attempt += 1
            try:
                await self._attempt()
            except AmiUnavailable as error:
                log.warning(
                    "ami link not restored", user=self._user, attempt=attempt, why=str(error)
                )
                await self._drop("could not log in")
            else:
                log.info("ami link restored", user=self._user, attempt=attempt)
                return

    async def _drop(self, why: str) -> None:
        """Let go of the connection, if any, and fail what awaits an answer."""
        was_up, self._up = self._up, False
        client, self._client = self._client, None
        self._generation += 1  # whatever the old connection still says is of an older generation
        for pending in list(self._pending.values()):
            if not pending.answer.done():
                pending.answer.set_exception(
                    AmiUnanswered(
                        f"{why}, and it is unknown whether Asterisk did what was asked; "
                        "check that Asterisk runs"
                    )
                )
        if was_up:
            self._tell(self._on_down)
        if client is not None:
            closing = asyncio.create_task(asyncio.to_thread(client.close))
            self._closings.add(closing)
            closing.add_done_callback(self._closings.discard)
            # Our being cancelled must not leave a socket open.
            await asyncio.shield(closing)

    def _tell(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 -- the link outlives its users' faults
            log.error("ami callback failed", error=type(error).__name__)  # noqa: TRY400
