# SPDX-License-Identifier: EUPL-1.2
"""What one call remembers, made what is written: when it is taken over, and when that is in doubt.

A database may do what it is told, and the connection break before it says so. Then more is written
than is remembered, and the call takes itself over, as it would from a process that died.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from bridge.conference.hunting.relay import Hunts
from bridge.conference.legs import CallLeg
from bridge.conference.model import TERMINAL
from bridge.conference.people.rings import Rings, Why
from bridge.conference.ports import Ports
from bridge.conference.promise import CallBackPromise
from bridge.conference.record import CallRecord
from bridge.conference.recovery import Remembered
from bridge.conference.stored import Stored, read
from bridge.vocabulary import LegId, PhoneNumber

log = structlog.get_logger(__name__)


class Memory:
    """The memory of one call, over all its parts."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        hunts: Hunts,
        rings: Rings,
        promise: CallBackPromise,
        *,
        adopt: Callable[[CallLeg], None],
        resume_ring: Callable[[LegId, Why], None],
    ) -> None:
        """`resume_ring` goes on ringing somebody into the room, on a leg that was adopted."""
        self._ports = ports
        self._record = record
        self._hunts = hunts
        self._rings = rings
        self._promise = promise
        self._adopt = adopt
        self._resume_ring = resume_ring
        self.doubtful: set[LegId] = set()
        """Legs that were written without our being told, so that nobody may have rung them."""

    async def compare(self) -> None:
        """Remember what is written, where it is more than is remembered. Acts on nothing.

        A call that has ended by then, or is another process's, is nothing of ours any more.
        """
        record = self._record
        stored = await record.transact(partial(read, which=record.id))
        ours = stored is not None and stored.row.owner == self._ports.owner
        if stored is None or not ours or stored.row.state in TERMINAL:
            record.disown()
        elif not self._agrees(stored.remembered):
            log.warning("more of a call was written than was told")
            before = {leg.id for leg in record.legs.all()}
            self.resume(stored)
            self.doubtful |= {leg.id for leg in stored.remembered.legs} - before

    def resume(self, stored: Stored) -> None:
        """Remember what is written, and nothing else."""
        row, remembered = stored.row, stored.remembered
        record, former = self._record, {leg.id: leg for leg in self._record.legs.all()}
        record.line = row.line
        if row.technician_number is not None:
            record.technician_number = PhoneNumber(row.technician_number)
        if row.migrant_number is not None and remembered.migrant_rang:
            record.migrant_number = PhoneNumber(row.migrant_number)
        record.agency = stored.agency
        record.technician = remembered.technician
        record.progress = remembered.progress
        record.interpreters = dict(remembered.interpreters)
        record.relay_allowed = remembered.relay_allowed
        record.pivot = remembered.pivot
        record.complete = remembered.complete
        record.request = stored.request
        record.asked_at = remembered.asked_at
        record.calling_back = remembered.calling_back
        record.private = remembered.private
        record.technician_lost = remembered.technician_lost
        record.legs.clear()
        for leg in remembered.legs:
            known = former.get(leg.id, leg)
            connected = leg.connected or known.connected
            self._adopt(replace(leg, connected=connected, hard=known.hard))
        self._hunts.resume(remembered)
        self._rings.clear()
        for rung, why in remembered.ringing.items():
            self._resume_ring(rung, Why(why))
        self._promise.resume(remembered)

    def _agrees(self, told: Remembered) -> bool:
        """Whether the memory says what the events say, as far as it matters to anybody."""
        record = self._record
        ringing = [leg for leg in told.ringing if record.legs.is_open(leg)]
        return (
            told.progress.state is record.state
            and dict(told.interpreters) == record.interpreters
            and {leg for leg, _, _ in told.live_offers} == self._hunts.live
            and all(self._rings.why(leg) is not None for leg in ringing)
            and (told.private, told.pivot) == (record.private, record.pivot)
            and told.calling_back == record.calling_back
            and told.expired == record.to_be_told
            and set(map(_standing, told.legs)) == set(map(_standing, record.legs.all()))
        )


def _standing(leg: CallLeg) -> tuple[object, ...]:
    """What the events and the memory say alike of a leg."""
    return leg.id, leg.role, leg.ended, leg.in_room, leg.waits, leg.confirmed, leg.accepted_at
