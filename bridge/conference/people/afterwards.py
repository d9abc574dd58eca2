# SPDX-License-Identifier: EUPL-1.2
"""What the people of one call say of it by key, once the room is over."""

from __future__ import annotations

from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference.legs import CallLeg
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord, Data
from bridge.ratings import store as ratings
from bridge.ratings.model import Flag, Rating
from bridge.vocabulary import InterpreterId, LegId, Role

RATE = frozenset({Role.TECHNICIAN, Role.INTERPRETER})
"""Who is asked how it was."""


class Afterwards:
    """Writes the ratings of one call."""

    def __init__(self, ports: Ports, record: CallRecord) -> None:
        self._ports = ports
        self._record = record

    async def rate(self, leg: LegId, rating: Rating, flag: Flag | None = None) -> bool:
        """Somebody who was in the room rates it; saying it again with a flag adds the flag.

        `False` when whoever is on this leg has nothing to rate.
        """
        record = self._record
        found = record.legs.get(leg)
        if found is None or not self.may_rate(leg):
            return False
        at = self._ports.clock.now()
        data: Data = {"role": found.role.value}
        if flag is None:
            event = record.event(EventKind.RATED, leg, {**data, "rating": int(rating)}, at)
        else:
            event = record.event(EventKind.FLAGGED, leg, {**data, "flag": flag.value}, at)
        about = self._about(found)

        def work(conn: Connection) -> None:
            ratings.rate(conn, record.id, found.role, about, rating, flag, at)
            calllog.append(conn, event)

        await record.transact(work)
        if flag is Flag.HARD_CALL and found.role is Role.INTERPRETER:
            record.legs.update(leg, hard=True)
        return True

    def may_rate(self, leg: LegId) -> bool:
        """Whether this person took part in a conversation with an interpreter."""
        found, progress = self._record.legs.get(leg), self._record.progress
        return found is not None and found.role in RATE and progress.talked and not progress.direct

    def _about(self, leg: CallLeg) -> InterpreterId | None:
        """Who rated, for an interpreter; for a technician, who interpreted last."""
        if leg.role is Role.INTERPRETER:
            return leg.interpreter
        served = [one for one in self._record.legs.all() if one.accepted_at is not None]
        latest = max(served, key=lambda one: (one.accepted_at, one.since), default=None)
        return None if latest is None else latest.interpreter
