# SPDX-License-Identifier: EUPL-1.2
"""Freeing interpreters whose reservation outlived its call, or the process that kept it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference.store import call, leg
from bridge.roster.store import (
    OfferOutcome,
    changed,
    end_offer,
    mark_call_ended,
    release,
    reservation,
)
from bridge.storage.database import Database
from bridge.storage.processes import beat, forget, is_silent, last_seen
from bridge.vocabulary import CallId, InterpreterId, LegId


class Outlived(StrEnum):
    """What a reservation outlived."""

    CALL = "call"
    PROCESS = "process"

    @property
    def reason(self) -> str:
        """The reason that `RELEASED` gives."""
        return f"outlived_{self.value}"


@dataclass(frozen=True, slots=True)
class Swept:
    """An interpreter who was freed."""

    interpreter: InterpreterId
    call: CallId
    leg: LegId
    outlived: Outlived


@dataclass(frozen=True, slots=True)
class Held:
    """A live reservation with what decides whether it still may be."""

    leg: LegId
    made_at: datetime
    call_ended: bool
    reserver_seen: datetime | None
    """The last heartbeat of the process that made it; `None`: it never had one."""
    keeper_seen: datetime | None
    """That of the process that runs the call now, which may be another one."""


def outlived(held: Held, alive: Set[LegId] | None, at: datetime) -> Outlived | None:
    """What a reservation outlived; `None` while it has every right to be. Pure.

    `alive` are the legs that the switch has now; `None` when the switch can't say. Then no
    interpreter is freed for a process's silence, for they may be talking in a room that has
    outlived the process.
    """
    if held.call_ended:
        return Outlived.CALL
    silent = is_silent(held.reserver_seen, held.made_at, at) and is_silent(
        held.keeper_seen, held.made_at, at
    )
    return Outlived.PROCESS if silent and alive is not None and held.leg not in alive else None


def sweep(conn: Connection, at: datetime, alive: Set[LegId] | None) -> list[Swept]:
    """Free whoever is held without right, each with a `RELEASED` event; see `outlived`.

    What they did is counted until their leg ended, or where nobody saw that, until their call did
    or the process was last heard of. Two sweepers at once free nobody twice.
    """
    rows = conn.execute(
        select(
            reservation.c.interpreter_id,
            reservation.c.call_id,
            reservation.c.leg_id,
            reservation.c.made_at,
            reservation.c.accepted_at,
            reservation.c.owner,
            call.c.owner.label("keeper"),
            call.c.ended_at.label("call_ended"),
            leg.c.ended_at.label("leg_ended"),
        )
        .join(call, call.c.id == reservation.c.call_id)
        .outerjoin(leg, leg.c.id == reservation.c.leg_id)
        .where(reservation.c.released_at.is_(None))
        .order_by(reservation.c.id)
    ).all()
    seen = last_seen(conn, {owner for row in rows for owner in (row.owner, row.keeper)})
    swept = []
    for row in rows:
        made, reserver, keeper = row.made_at, seen.get(row.owner), seen.get(row.keeper)
        held = Held(row.leg_id, made, row.call_ended is not None, reserver, keeper)
        reason = outlived(held, alive, at)
        if reason is None:
            continue
        heard = max(made, reserver or made, keeper or made)
        over = min(at, max(row.accepted_at or made, row.leg_ended or row.call_ended or heard))
        who = release(conn, row.leg_id, at, ended_at=over)
        if who is None:
            continue
        if row.accepted_at is None:
            end_offer(conn, row.leg_id, over, OfferOutcome.CANCELLED)
        else:
            mark_call_ended(conn, who, over)
        # Other processes keep the roster in memory too, and no event tells them.
        changed(conn)
        data: dict[str, Scalar] = {"interpreter": int(who), "reason": reason.reason}
        calllog.append(conn, Event(row.call_id, EventKind.RELEASED, at, row.leg_id, data))
        swept.append(Swept(who, row.call_id, row.leg_id, reason))
    return swept


async def beat_and_sweep(
    database: Database, owner: str, at: datetime, alive: Set[LegId] | None
) -> list[Swept]:
    """Say that this process is alive, and free whom dead ones hold; the scheduler's job.

    Once every `processes.BEAT_EVERY`. The roster's revision rises when anybody was freed; whoever
    waits for them is to be told by the caller.
    """

    def work(conn: Connection) -> list[Swept]:
        beat(conn, owner, at)
        forget(conn, at)
        return sweep(conn, at, alive)

    return await database.run(work)
