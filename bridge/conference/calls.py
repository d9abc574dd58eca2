# SPDX-License-Identifier: EUPL-1.2
"""All calls of this process: opening them, routing events to them, taking over those of a process
that died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference import store
from bridge.conference.call import Call
from bridge.conference.ports import Ports
from bridge.conference.recovery import remember, request_of
from bridge.telephony.switch import (
    LinkLost,
    LinkRestored,
    Snapshot,
    SwitchEvent,
)
from bridge.vocabulary import CallId, JobNumber, LegId, Role, new_call_id

log = structlog.get_logger(__name__)


class Calls:
    """The registry of open calls: one task for each, and one that routes the switch's events."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._by_id: dict[CallId, Call] = {}
        self._by_leg: dict[LegId, Call] = {}
        self._tasks: dict[CallId, asyncio.Task[None]] = {}
        self._pump: asyncio.Task[None] | None = None
        self._nobody_available: dict[LegId, Callable[[], None]] = {}

    async def start(self) -> None:
        """Take over the calls that are open in the database, then follow the switch's events.

        Raises `SwitchUnavailable` or `DatabaseUnavailable` when one of them cannot be asked.
        """
        at = self._ports.clock.now()
        await self._reconcile(at, await self._ports.switch.snapshot())
        self._pump = asyncio.create_task(self._follow(), name="switch events")

    async def stop(self) -> None:
        """Stop following. Rooms go on; open calls stay open in the database."""
        tasks = [task for task in (self._pump, *self._tasks.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of_leg(self, leg: LegId) -> Call | None:
        """The open call that this leg belongs to."""
        return self._by_leg.get(leg)

    @property
    def open(self) -> tuple[Call, ...]:
        """The calls that have not ended."""
        return tuple(self._by_id.values())

    async def open_call(self, technician: LegId, line: str) -> Call:
        """A technician's leg was answered on `line`: write the call down and give it a task."""
        at = self._ports.clock.now()

        def work(conn: Connection) -> Call:
            call_id = new_call_id()
            job = store.open_call(conn, call_id, line, at, self._ports.owner)
            store.add_leg(conn, technician, call_id, Role.TECHNICIAN, at)
            data: dict[str, Scalar] = {"line": line}
            calllog.append(conn, Event(call_id, EventKind.CALL_ANSWERED, at, technician, data))
            return self._make(call_id, job, technician)

        call = await self._ports.database.run(work)
        self._register(call)
        return call

    def when_nobody_available(self, technician: LegId, tell: Callable[[], None]) -> None:
        """Whom to tell that the hunt found nobody, while this technician waits."""
        self._nobody_available[technician] = tell

    def no_longer_waits(self, technician: LegId) -> None:
        """The technician's conversation is over."""
        self._nobody_available.pop(technician, None)

    # --- inside --------------------------------------------------------------------------------

    def _make(self, call: CallId, job: JobNumber, technician: LegId) -> Call:
        def tell_nobody_available() -> None:
            tell = self._nobody_available.get(technician)
            if tell is not None:
                tell()

        return Call(
            self._ports,
            call,
            job,
            technician,
            tell_nobody_available=tell_nobody_available,
            on_leg=lambda leg: self._by_leg.__setitem__(leg, self._by_id[call]),
        )

    def _register(self, call: Call) -> None:
        self._by_id[call.id] = call
        for leg in call.record.legs.open():
            self._by_leg[leg.id] = call
        task = asyncio.create_task(self._run(call), name=f"call {call.job}")
        self._tasks[call.id] = task

    async def _run(self, call: Call) -> None:
        try:
            await call.run()
        finally:
            if call.ended:
                self._forget(call)

    def _forget(self, call: Call) -> None:
        self._by_id.pop(call.id, None)
        self._tasks.pop(call.id, None)
        for leg in [leg for leg, owner in self._by_leg.items() if owner is call]:
            del self._by_leg[leg]

    async def _follow(self) -> None:
        async for event in self._ports.switch.events():
            try:
                await self._route(event)
            except Exception:
                log.exception("a switch event could not be handled")

    async def _route(self, event: SwitchEvent) -> None:
        match event:
            case LinkLost():
                log.warning("link to the switch lost; rooms go on, new calls hear the apology")
            case LinkRestored(at, snapshot):
                log.info("link to the switch restored")
                await self._reconcile(at, snapshot)
            case _:
                call = self._by_leg.get(event.leg)
                if call is not None:
                    call.happened(event)

    async def _reconcile(self, at: datetime, snapshot: Snapshot) -> None:
        """Make our record agree with what the switch says, before anything else is done."""
        for row, events in await self._ports.database.run(self._orphans):
            remembered = remember(row.state, events)
            call = self._make(row.id, row.job, remembered.technician)
            call.resume(request_of(row, events), remembered)
            self._register(call)
        for call in self.open:
            call.compare(at, snapshot)

    def _orphans(self, conn: Connection) -> list[tuple[store.CallRow, list[Event]]]:
        """The open calls that no task of ours runs, adopted by this process."""
        orphans = [row for row in store.open_calls(conn) if row.id not in self._by_id]
        for row in orphans:
            store.update_call(conn, row.id, owner=self._ports.owner)
        return [(row, [one.event for one in calllog.events_of(conn, row.id)]) for row in orphans]
