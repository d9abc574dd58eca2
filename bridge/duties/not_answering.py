# SPDX-License-Identifier: EUPL-1.2
"""Telling interpreters whom nobody rings any more, because they did not answer: a ring, once.

It comes some minutes later, when nothing else of their own speaks against ringing them (a window is
open, they have not said that they are away), and while interpreting is open. The row decides who
rings, so no two processes tell one person; a process that dies has told nobody, and nobody is told
twice of the same. The leg belongs to no call.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bridge.conference.hunting.offers import dialable
from bridge.conference.ports import Ports
from bridge.duties.rings_of_no_call import RingsOfNoCall
from bridge.hours.store import directory_with
from bridge.roster.model import Presence
from bridge.roster.not_answering_store import not_told, stopped_answering, tell_not_answering
from bridge.roster.people_store import load_person
from bridge.roster.standing_store import load_standing
from bridge.roster.store import PresenceBy, reserved, set_presence
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import ConversationName, SwitchError
from bridge.vocabulary import InterpreterId, LegId, Role

log = structlog.get_logger(__name__)

AFTER = timedelta(minutes=5)
"""How long after the last unanswered ring; whoever comes back before then needs no telling."""
_TALK = timedelta(minutes=2)
"""What answered so long after its ringing began asks no more whom it was rung for."""


class NotAnswering:
    """The rings of one process that tell somebody so."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._rings = RingsOfNoCall[InterpreterId](
            ports, ConversationName.NOT_ANSWERING, ports.ring_seconds
        )
        self._told: set[InterpreterId] = set()
        """Those of whom the rows need not be asked again: they have been told."""

    async def ring_due(self) -> None:
        """Ring whoever is to be told now. Raises `DatabaseUnavailable`."""
        at = self._ports.clock.now()
        self._rings.over(at, _TALK)
        silent = self._ports.roster.not_answering(at)
        self._told.intersection_update(silent)
        fresh = [who for who in silent if who not in self._told]
        if not fresh or not self._ports.switch.reachable:
            return
        taken = await self._ports.database.run(lambda conn: self._take(conn, fresh, at))
        self._told.update(taken)
        for who, to in taken.items():
            if to is not None:
                await self._ring(who, to, at)

    def answered(self, leg: LegId) -> InterpreterId | None:
        """Whom this leg was rung for; told once."""
        return self._rings.answered(leg)

    async def back(self, who: InterpreterId) -> bool:
        """They pressed 1: they are available. Whether that is written down."""
        at = self._ports.clock.now()

        def work(conn: Connection) -> None:
            person = load_person(conn, who)
            until = None
            if person is not None and person.presence.state is Presence.AVAILABLE:
                until = person.presence.until
            set_presence(conn, who, Presence.AVAILABLE, until=until, by=PresenceBy.PHONE, at=at)

        try:
            await self._ports.database.run(work)
        except (DatabaseUnavailable, LookupError) as reason:
            log.warning("an interpreter could not be made available", why=str(reason))
            return False
        log.info("an interpreter answers again", interpreter=int(who))
        return True

    async def _ring(self, who: InterpreterId, to: PermittedNumber, at: datetime) -> None:
        try:
            await self._rings.ring(who, Role.INTERPRETER, to)
        except SwitchError as reason:
            self._told.discard(who)
            await self._ports.database.run(lambda conn: not_told(conn, who, at))
            log.warning("an interpreter is not told yet", why=str(reason))

    def _take(
        self, conn: Connection, fresh: Iterable[InterpreterId], at: datetime
    ) -> dict[InterpreterId, PermittedNumber | None]:
        """Who is told now, and where to ring them; `None` for those who have been told already, or
        have no telephone that may be rung. What is taken is told by nobody else.
        """
        if not directory_with(conn, self._ports.directory).interprets_at(at):
            return {}
        found: dict[InterpreterId, PermittedNumber | None] = {}
        busy = reserved(conn)
        for who in fresh:
            person = None if who in busy else load_person(conn, who)
            if person is None:
                continue
            streak = load_standing(conn, who, at).unanswered_streak
            since = stopped_answering(conn, who, streak, person.limits.unanswered_in_a_row)
            if since is None or at < since + AFTER:
                continue
            telephone = dialable(person.phones, 0)
            told = tell_not_answering(conn, who, since, at)
            found[who] = telephone[1] if told and telephone is not None else None
        return found
