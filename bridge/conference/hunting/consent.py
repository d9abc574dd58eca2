# SPDX-License-Identifier: EUPL-1.2
"""The technician's consent to an interpreter below the level that the request requires.

Nobody else steps down: until it is written, those below the level are skipped, and from then on
they are rung after those who have it. It belongs to the request, so it outlives the process, and
holds for whoever replaces the interpreter later in the call.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.hunting.relay import Hunts
from bridge.conference.mailbox import Mailbox
from bridge.conference.model import CallState, Request
from bridge.conference.record import CallRecord

_WAITING: Final = frozenset({CallState.HUNTING, CallState.QUEUED})


class Consent:
    """Whether one call may step down, in the call's own turn.

    Both methods raise `MailboxClosed` when the call is over, and `DatabaseUnavailable`.
    """

    def __init__(self, record: CallRecord, mailbox: Mailbox, hunts: Hunts) -> None:
        self._record = record
        self._mailbox = mailbox
        self._hunts = hunts

    async def would_help(self) -> bool:
        """Whether consent would let somebody be rung now who may not be rung without it."""
        request = self._record.request
        if request is None or not request.requirements.level_is_binding:
            return False
        return await self._mailbox.ask(self._compare)

    async def give(self) -> bool:
        """The technician consents: write it, and ring whoever can be rung now.

        Who was tried stays tried, and the call keeps its place in the queue. `False` when the call
        no longer waits for an interpreter: then nothing changes.
        """
        return await self._mailbox.ask(self._give)

    async def _compare(self) -> bool:
        record, request = self._record, self._record.request
        if request is None or record.state is not CallState.QUEUED:
            return False

        def work(conn: Connection) -> bool:
            can_ring = self._hunts.can_ring
            return not can_ring(conn, request) and can_ring(conn, _stepped_down(request))

        return await record.transact(work)

    async def _give(self) -> bool:
        record, request = self._record, self._record.request
        if request is None or record.state not in _WAITING:
            await record.note(EventKind.LATE, data={"what": EventKind.STEP_DOWN_AGREED.value})
            return False
        level = request.requirements.level
        if level is not None and request.requirements.level_is_binding:
            agreed = _stepped_down(request)
            event = record.event(
                EventKind.STEP_DOWN_AGREED, record.technician or None, {"level": int(level.value)}
            )

            def work(conn: Connection) -> None:
                store.update_call(conn, record.id, requirements=agreed.requirements)
                calllog.append(conn, event)

            await record.transact(work)
            record.request = agreed
        if record.state is CallState.QUEUED:
            await self._hunts.ask_waiting()
        else:
            await self._hunts.go_on()
        return True


def _stepped_down(request: Request) -> Request:
    return replace(request, requirements=replace(request.requirements, step_down=True))
