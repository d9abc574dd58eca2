# SPDX-License-Identifier: EUPL-1.2
"""Ringing those who asked out of hours to be rung when the line opens, and those who asked for an
operator in vain, when one is on duty.

A ring belongs to no call until a person presses a key; what is remembered of it meanwhile is whom
it is for. The row decides who rings, so no two processes ring one person, and a process that dies
has at most left a try behind, which is taken up again. Nobody is rung out of hours, or more than
twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bridge.agencies.store import agency_of_number
from bridge.conference.on_duty import on_duty
from bridge.conference.people.rings import permitted
from bridge.conference.ports import Ports
from bridge.conference.store import numbers_on_the_line
from bridge.duties.rings_of_no_call import RingsOfNoCall
from bridge.hours.directory import Directory, Line, NotListed
from bridge.hours.model import Schedule
from bridge.hours.store import directory_with
from bridge.openings import store as openings
from bridge.openings.model import MOST_TRIES, OpeningCallBack
from bridge.roster.store import find_by_number, reserved
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import ConversationName, SwitchError
from bridge.vocabulary import LegId, Role

log = structlog.get_logger(__name__)

MOST_AT_A_TIME = 3
"""Rung at a time, so that those who answer find somebody to talk with."""
AGAIN_AFTER = timedelta(minutes=10)
STALE_AFTER = timedelta(days=2)
"""A promise this old is not kept any more: who asked has found another way."""
_TALK = timedelta(minutes=1)
"""What answered and ended in no conversation within so long after its ringing was no person."""


class OpeningCallBacks:
    """The call-backs of one process: those that ring now, and what becomes of each."""

    def __init__(self, ports: Ports, directory: Directory) -> None:
        self._ports = ports
        self._directory = directory
        self._rings = RingsOfNoCall[OpeningCallBack](
            ports, ConversationName.OPENING, ports.migrant_ring_seconds
        )

    async def ring_due(self) -> None:
        """Ring whoever is to be rung now. Raises `DatabaseUnavailable`."""
        at = self._ports.clock.now()
        for one in self._rings.over(at, _TALK):
            await self.missed(one)
        if not self._ports.switch.reachable:
            return  # a try that cannot be made is none
        room = MOST_AT_A_TIME - len(self._rings.all())
        for one, to in await self._ports.database.run(lambda conn: self._take(conn, at, room)):
            await self._ring(one, to)

    def answered(self, leg: LegId) -> OpeningCallBack | None:
        """Whom this leg was rung for; told once."""
        return self._rings.answered(leg)

    async def reached(self, one: OpeningCallBack) -> None:
        """A person pressed a key: the promise is kept."""
        at = self._ports.clock.now()
        await self._ports.database.run(lambda conn: openings.done(conn, one.id, at))

    async def missed(self, one: OpeningCallBack) -> None:
        """Nobody was reached: once more a little later, or never again."""
        at = self._ports.clock.now()
        await self._ports.database.run(
            lambda conn: openings.not_reached(conn, one.id, at, at + AGAIN_AFTER)
        )

    async def _ring(self, one: OpeningCallBack, to: PermittedNumber) -> None:
        try:
            await self._rings.ring(one, one.role, to)
        except SwitchError as reason:
            log.warning("a call-back at opening was not made", why=str(reason))
            await self.missed(one)

    def _take(
        self, conn: Connection, at: datetime, most: int
    ) -> list[tuple[OpeningCallBack, PermittedNumber]]:
        """The call-backs to be made now; those that cannot be made any more are given up."""
        taken: list[tuple[OpeningCallBack, PermittedNumber]] = []
        due = openings.due(conn, at)
        directory = directory_with(conn, self._directory) if due else self._directory
        # Not more of them at a time than operators, so that each finds one.
        operators = self._operators_left(conn, at) if any(one.for_operator for one in due) else 0
        busy = reserved(conn) if any(one.role is Role.INTERPRETER for one in due) else frozenset()
        talking = numbers_on_the_line(conn) if due else frozenset()
        for one in due:
            to, line = permitted(one.number), _line(directory, one.line)
            given_up = one.tries >= MOST_TRIES or one.due_at + STALE_AFTER <= at
            if to is None or line is None or given_up:
                openings.give_up(conn, one.id, at)
            elif (
                len(taken) < most
                and (operators > 0 or not one.for_operator)
                and hours_for(directory, line, one.role).is_open(at)
                # A call that has or rings an interpreter comes first.
                and not (one.role is Role.INTERPRETER and find_by_number(conn, one.number) in busy)
                # Who has rung by themselves may be served, and then needs no ring.
                and not (one.number.e164 in talking and agency_of_number(conn, one.number) is None)
                and openings.take(conn, one.id, at)
            ):
                taken.append((one, to))
                operators -= one.for_operator
        return taken

    def _operators_left(self, conn: Connection, at: datetime) -> int:
        """How many operators are on duty, beyond those for whom somebody is being rung."""
        ringing = sum(one.for_operator for one in self._rings.all())
        return len(on_duty(conn, at, self._ports.operator)) - ringing


def hours_for(directory: Directory, line: Line, role: Role) -> Schedule:
    """When a line serves technicians, with whom interpreters work, or migrants."""
    return line.schedule if role is Role.MIGRANT else directory.hours_of_technicians(line)


def _line(directory: Directory, key: str) -> Line | None:
    try:
        return directory.line(key)
    except NotListed:
        return None
