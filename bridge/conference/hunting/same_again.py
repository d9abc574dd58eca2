# SPDX-License-Identifier: EUPL-1.2
"""The same interpreter again: after a call that was cut off, or by the number of an earlier job."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, select

from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.conference.legs import VANISHED
from bridge.conference.model import Outcome, Request
from bridge.conference.store import call
from bridge.roster.store import interpreter_language, reservation
from bridge.vocabulary import (
    AgencyId,
    CallId,
    InterpreterId,
    JobNumber,
    LanguageTag,
    TechnicianId,
)

WITHIN = timedelta(minutes=5)
"""Whoever asks again so soon after being cut off goes on with what was cut off."""
_LONGEST_CALL = timedelta(hours=12)
"""No call lasts longer; so the look back needs the latest promises only."""


def was_cut_off(events: Iterable[Event]) -> bool:
    """Whether a call that has ended lost somebody who was never brought back. Pure.

    Somebody whose connection a network ended, or nobody saw who, and who was rung and came back, is
    not missed; a call whose end nobody saw counts as cut off.
    """
    missed: set[object] = set()
    for event in events:
        role = event.data.get("role")
        if event.kind is EventKind.LEG_ENDED and event.data.get("ending") in VANISHED:
            missed.add(role)
        elif event.kind is EventKind.REJOINED:
            missed.discard(role)
        elif event.kind is EventKind.CALL_ENDED and event.data.get("outcome") == Outcome.LOST:
            return True
    return bool(missed)


def same_again(
    conn: Connection,
    technician: TechnicianId,
    agency: AgencyId,
    language: LanguageTag,
    at: datetime,
    job: JobNumber | None,
) -> InterpreterId | None:
    """Who shall be rung first: the one of the job that was asked for, else the one of a call that
    was cut off just now.
    """
    asked_for = None if job is None else interpreter_of_job(conn, job, agency)
    if asked_for is not None:
        return asked_for
    return interpreter_before_the_cut(conn, technician, language, at)


def interpreter_before_the_cut(
    conn: Connection, technician: TechnicianId, language: LanguageTag, at: datetime
) -> InterpreterId | None:
    """Whom a technician talked with in this language when their last call was cut off.

    `None` when that is longer ago than `WITHIN`, or the call ended as calls do. A technician is
    known by PIN: telephone numbers are forgotten when a call ends.
    """
    last = conn.execute(
        _accepted()
        .where(
            reservation.c.made_at >= at - WITHIN - _LONGEST_CALL,
            call.c.technician_id == technician,
            call.c.language == language,
            call.c.ended_at >= at - WITHIN,
            call.c.ended_at <= at,
        )
        .order_by(call.c.ended_at.desc(), *_LATEST)
        .limit(1)
    ).one_or_none()
    if last is None:
        return None
    cut_off = was_cut_off(one.event for one in calllog.events_of(conn, last.call_id))
    return last.interpreter_id if cut_off else None


def after_the_cut(conn: Connection, request: Request, at: datetime) -> InterpreterId | None:
    """The interpreter asked for again, if the technician was just cut off from them."""
    again = request.requirements.same_again
    if again is None or request.technician is None:
        return None
    cut = interpreter_before_the_cut(conn, request.technician, request.language, at)
    return again if cut == again else None


def interpreter_of_job(conn: Connection, job: JobNumber, agency: AgencyId) -> InterpreterId | None:
    """Who interpreted an earlier call; the last one, of several.

    `None` for a call of another agency just as for one that never was or had no interpreter, so
    that nobody learns anything by trying numbers.
    """
    which = calllog.call_of_job(conn, job)
    found = (
        _accepted()
        .where(reservation.c.call_id == which, call.c.agency_id == agency)
        .order_by(*_LATEST)
        .limit(1)
    )
    row = conn.execute(found).one_or_none()
    return None if row is None else row.interpreter_id


def _accepted() -> Select[tuple[CallId, InterpreterId]]:
    """Who accepted which call, of those who speak its language."""
    return (
        select(reservation.c.call_id, reservation.c.interpreter_id)
        .join(call, call.c.id == reservation.c.call_id)
        .join(
            interpreter_language,
            (interpreter_language.c.interpreter_id == reservation.c.interpreter_id)
            & (interpreter_language.c.language == call.c.language),
        )
        .where(reservation.c.accepted_at.is_not(None))
    )


_LATEST = (reservation.c.accepted_at.desc(), reservation.c.id.desc())
