# SPDX-License-Identifier: EUPL-1.2
"""The promise to ring a technician when an interpreter accepts. It does not hold for ever.

Nobody waits for a telephone beyond the service's hours, or longer than half a working day; when
nobody could be found until then, the technician is rung once more and told so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.legs import CallLeg
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import CallState
from bridge.conference.people.leader import Leader
from bridge.conference.people.rings import permitted
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.conference.recovery import Remembered
from bridge.hours.directory import Directory
from bridge.hours.store import directory_with
from bridge.telephony.switch import Ending
from bridge.vocabulary import CallId, LegId

HOLDS_FOR = timedelta(hours=4)
LOOK_AGAIN = 30.0
"""Seconds until a promise that ran out while interpreters ring is looked at again."""


def holds_until(
    conn: Connection, call: CallId, promised_at: datetime, directory: Directory | None = None
) -> datetime:
    """Until when a call-back that was promised at a moment is kept.

    By the hours in which technicians are served on the line of the call, in this directory;
    without one, in the product's own.
    """
    hours = directory_with(conn, directory)
    row = store.find_call(conn, call)
    schedule = hours.hours_of_technicians(hours.line_rung("" if row is None else row.line))
    latest = promised_at + HOLDS_FOR
    closes_at = schedule.open_at(promised_at).closes_at
    return latest if closes_at is None else min(latest, closes_at)


class CallBackPromise:
    """Whether the technician of one call is to be rung, and for how long."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        mailbox: Mailbox,
        leader: Leader,
        *,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        """`end` is what follows for everybody else when nobody could be found."""
        self._ports = ports
        self._record = record
        self._mailbox = mailbox
        self._leader = leader
        self._end = end
        self._tells: LegId | None = None
        """The leg on which the technician was last rung to be told that it was in vain."""

    def resume(self, remembered: Remembered) -> None:
        """Take over from a process that died, which may have promised, or not have told."""
        self._record.to_be_told = remembered.expired
        self._tells = remembered.told_on
        promised_at = remembered.promised_at
        if remembered.calling_back and promised_at is not None and not remembered.expired:
            self._mailbox.insist(partial(self._go_on, promised_at))

    async def make(self) -> None:
        """The technician hangs up and wants to be rung when an interpreter accepts."""
        record, at = self._record, self._ports.clock.now()

        def work(conn: Connection) -> datetime:
            store.update_call(conn, record.id, callback=True)
            promised = record.event(EventKind.CALL_BACK_PROMISED, record.technician, at=at)
            calllog.append(conn, promised)
            return holds_until(conn, record.id, at, self._ports.directory)

        until = await record.transact(work)
        record.calling_back = True
        # One whom we had rung is taken for having left by hanging up: not when it was agreed.
        record.legs.update(record.technician, confirmed=False)
        self._look_at(until)

    async def _go_on(self, promised_at: datetime) -> None:
        call, directory = self._record.id, self._ports.directory
        until = await self._record.transact(
            lambda conn: holds_until(conn, call, promised_at, directory)
        )
        self._look_at(until)

    def _look_at(self, moment: datetime) -> None:
        seconds = (moment - self._ports.clock.now()).total_seconds()
        self._mailbox.tell_later(max(seconds, 0.0), self._run_out)

    async def _run_out(self) -> None:
        """The time is over: say so, unless the promise was kept or is about to be."""
        record = self._record
        if not record.calling_back:
            return
        technician = record.legs.get(record.technician)
        is_here = technician is not None and not technician.ended
        if record.state is not CallState.QUEUED or is_here:
            self._mailbox.tell_later(LOOK_AGAIN, self._run_out)
            return
        await record.note(EventKind.CALL_BACK_EXPIRED)
        record.to_be_told = True
        await self.look_after()
        if not record.legs.open() and not record.to_be_told:
            await record.close()

    async def look_after(self) -> None:
        """What follows for a promise that ran out: the end, and the ring that tells of it.

        A ring that the bridge broke off, by being away, has told nobody.
        """
        record = self._record
        if not record.to_be_told:
            return
        await self._end()
        told = None if self._tells is None else record.legs.get(self._tells)
        if told is not None and not self._was_broken_off(told):
            record.to_be_told = not told.ended
        elif permitted(record.technician_number) is None:
            record.to_be_told = False
        elif self._ports.switch.reachable:
            await self._leader.tell()
            self._tells = record.technician

    def _was_broken_off(self, leg: CallLeg) -> bool:
        """Whether it is no fault of theirs that this ring told them nothing."""
        failed = leg.ending is Ending.FAILED and not self._ports.switch.reachable
        return failed or leg.ending is Ending.CANCELLED
