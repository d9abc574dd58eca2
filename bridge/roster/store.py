# SPDX-License-Identifier: EUPL-1.2
"""The rows of the roster and of the promises made to interpreters.

Every change that the matcher could see raises the roster's revision, so that a process which
keeps the roster in memory knows when to read it again. Reservations are not part of it: they are
read anew for every decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    delete,
    false,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from bridge.roster.model import Presence
from bridge.storage.schema import UtcDateTime, bump, count, insert_into, json_type, metadata
from bridge.vocabulary import CallId, InterpreterId, LanguageTag, LegId, PhoneNumber

interpreter = Table(
    "interpreter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("presence", String, nullable=False),
    Column("presence_until", UtcDateTime),
    Column("presence_by", String),
    Column("back_at", UtcDateTime),
    Column("vetted", Boolean, nullable=False),
    Column("last_call_ended", UtcDateTime),
    Column("joined_at", UtcDateTime),
    Column("gender", String),
    Column("notes", String),
    Column("keeps_windows", Boolean, nullable=False, server_default=false()),
    Column("limits", json_type()),
    Column("pin_hash", String),
    Column("told_not_answering", UtcDateTime),
)
"""One row a person.

`back_at` is when they last said that they are there, `told_not_answering` when they were last told
that they count as such; `notes` only coordinators see; `limits` holds what differs from the
installation's own; without `keeps_windows` presence alone decides.

Who was removed has no name any more; the row stays, for calls refer to it.
"""

NAMELESS = ""
"""The name of who was removed."""
ON_ROSTER = interpreter.c.name != NAMELESS
"""Whoever was not removed."""

interpreter_phone = Table(
    "interpreter_phone",
    metadata,
    Column("interpreter_id", ForeignKey("interpreter.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("number", String, nullable=False, unique=True),
)
"""The telephones of each interpreter, in the order in which they are tried: 0 is the first."""

interpreter_language = Table(
    "interpreter_language",
    metadata,
    Column("interpreter_id", ForeignKey("interpreter.id", ondelete="CASCADE"), primary_key=True),
    Column("language", String, primary_key=True),
    Column("level", Integer),
)
"""`level` is a place on the scale of levels, 0 the highest; none while nothing is proven."""

_LIVE = text("released_at IS NULL")

reservation = Table(
    "reservation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interpreter_id", ForeignKey("interpreter.id"), nullable=False),
    Column("call_id", ForeignKey("call.id"), nullable=False, index=True),
    Column("leg_id", String, nullable=False, unique=True),
    Column("made_at", UtcDateTime, nullable=False, index=True),
    Column("rang_at", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("released_at", UtcDateTime),
    Column("owner", String, nullable=False),
    Column("outcome", String),
    Column("minutes", Float),
    Column("hard", Boolean, nullable=False, server_default=false()),
    Index(
        "uq_reservation_live_interpreter",
        "interpreter_id",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)
"""Each promise of an interpreter to a call. The partial unique index is the promise's guard.

`rang_at` is when the telephone began to ring, `ended_at` when the offer or the interpreter's part
in the call was over, `minutes` the work that was offered and not taken.
"""

_REVISION = "roster_revision"


class OfferOutcome(StrEnum):
    """How an offer ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """Rang out, busy, rejected, or answered and pressed nothing."""
    UNREACHED = "unreached"
    """No telephone could be reached: our line, a network, or theirs. Nothing is held against
    anybody, and it counts as no ring."""
    NEXT_PHONE = "next_phone"
    """Unanswered on this telephone, and their next one is rung: what becomes of that one counts."""
    CANCELLED = "cancelled"
    """We stopped it; nothing is held against anybody."""


class PresenceBy(StrEnum):
    """Through what a presence was said."""

    WEB = "web"
    PHONE = "phone"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class Reservation:
    """A live promise: nobody else gets this interpreter until it is released."""

    interpreter: InterpreterId
    call: CallId
    leg: LegId
    made_at: datetime
    accepted_at: datetime | None
    owner: str
    """The token of the process that made it."""


# --- interpreters ------------------------------------------------------------------------------


def revision(conn: Connection) -> int:
    """A number that grows with every change of the roster."""
    return count(conn, _REVISION)


def add_interpreter(
    conn: Connection,
    name: str,
    number: PhoneNumber,
    languages: Iterable[LanguageTag],
    *,
    presence: Presence = Presence.OFF,
    vetted: bool = False,
    joined_at: datetime | None = None,
) -> InterpreterId:
    """Write a new interpreter. The number must be nobody else's.

    What they promised is counted from `joined_at` on; `None` is since ever.
    """
    new: InterpreterId = conn.execute(
        insert(interpreter)
        .values(name=name, presence=presence.value, vetted=vetted, joined_at=joined_at)
        .returning(interpreter.c.id)
    ).scalar_one()
    conn.execute(insert(interpreter_phone).values(interpreter_id=new, place=0, number=number.e164))
    _add_languages(conn, new, set(languages))
    bump(conn, _REVISION)
    return new


def set_languages(conn: Connection, who: InterpreterId, languages: Iterable[LanguageTag]) -> None:
    """Say which languages an interpreter speaks: these and no others. Known levels stay."""
    mine = interpreter_language.c.interpreter_id == who
    wanted = set(languages)
    former = set(conn.execute(select(interpreter_language.c.language).where(mine)).scalars())
    if former == wanted:
        return
    conn.execute(
        delete(interpreter_language).where(
            mine, interpreter_language.c.language.in_(sorted(former - wanted))
        )
    )
    _add_languages(conn, who, wanted - former)
    bump(conn, _REVISION)


def _add_languages(conn: Connection, who: InterpreterId, languages: set[LanguageTag]) -> None:
    if languages:
        rows = [{"interpreter_id": who, "language": tag} for tag in sorted(languages)]
        conn.execute(insert(interpreter_language), rows)


def find_by_number(conn: Connection, number: PhoneNumber) -> InterpreterId | None:
    """The interpreter one of whose telephones this is."""
    return conn.execute(
        select(interpreter_phone.c.interpreter_id).where(interpreter_phone.c.number == number.e164)
    ).scalar_one_or_none()


def set_presence(
    conn: Connection,
    who: InterpreterId,
    presence: Presence,
    *,
    until: datetime | None = None,
    by: PresenceBy | None = None,
    at: datetime | None = None,
) -> None:
    """Say whether an interpreter is available, and until when. Raises `LookupError` for nobody.

    `at` is when they said it. Whoever says that they are available is answering again: earlier
    unanswered offers no longer count in a row.
    """
    values: dict[str, Any] = {
        "presence": presence.value,
        "presence_until": until,
        "presence_by": None if by is None else by.value,
    }
    if presence is Presence.AVAILABLE and at is not None:
        values["back_at"] = at
    change(conn, who, values)


def mark_call_ended(conn: Connection, who: InterpreterId, at: datetime) -> None:
    """An interpreter left a call at this moment; they are the least idle now.

    Moments that come late don't turn the time back. No change of the roster: whoever keeps it in
    memory follows calls by their events. Raises `LookupError` for nobody.
    """
    former = conn.execute(
        select(interpreter.c.last_call_ended).where(interpreter.c.id == who).with_for_update()
    ).scalar_one_or_none()
    _write(conn, who, {"last_call_ended": at if former is None else max(former, at)})


def change(conn: Connection, who: InterpreterId, values: dict[str, Any]) -> None:
    """Change a person's row and raise the revision.

    Without values only the revision rises: what hangs on the person has changed. Raises
    `LookupError` for nobody, and for who was removed.
    """
    _write(conn, who, values or {"id": who}, ON_ROSTER)
    bump(conn, _REVISION)


def changed(conn: Connection) -> None:
    """Raise the revision: something changed of people of whom some may have been removed."""
    bump(conn, _REVISION)


def _write(
    conn: Connection, who: InterpreterId, values: dict[str, Any], *of: ColumnElement[bool]
) -> None:
    changed = conn.execute(update(interpreter).where(interpreter.c.id == who, *of).values(values))
    if changed.rowcount != 1:
        raise LookupError("there is no such interpreter")


# --- reservations ------------------------------------------------------------------------------


def reserve(
    conn: Connection,
    who: InterpreterId,
    call: CallId,
    leg: LegId,
    at: datetime,
    owner: str,
) -> bool:
    """Promise an interpreter to a call, on this leg.

    `False` when they are promised already: nothing is changed, and the transaction goes on. Where
    another transaction is about to promise or release them, this waits for its end.
    """
    return who in reserve_all(conn, {who: leg}, call, at, owner)


def reserve_all(
    conn: Connection,
    legs: Mapping[InterpreterId, LegId],
    call: CallId,
    at: datetime,
    owner: str,
) -> frozenset[InterpreterId]:
    """Promise several interpreters to a call, each on a leg, in one statement; says to whom.

    Those promised already are left out, each as by `reserve`. All are asked for in the order of
    their ids, so that two transactions after the same people never wait for each other.
    """
    if not legs:
        return frozenset()
    # The conflict is named, so that a leg used twice is an error and not a polite refusal.
    insertion: Any = insert_into(conn, reservation)
    made = insertion.on_conflict_do_nothing(
        index_elements=[reservation.c.interpreter_id], index_where=_LIVE
    ).returning(reservation.c.interpreter_id)
    rows = [
        {
            "interpreter_id": who,
            "call_id": call,
            "leg_id": legs[who],
            "made_at": at,
            "owner": owner,
        }
        for who in sorted(legs)
    ]
    return frozenset(conn.execute(made, rows).scalars())


def accept_reservation(conn: Connection, leg: LegId, at: datetime) -> bool:
    """The interpreter on this leg took the offer; the first moment counts.

    `False` when the promise has been released, or never was.
    """
    changed = conn.execute(
        update(reservation)
        .where(reservation.c.leg_id == leg, reservation.c.released_at.is_(None))
        .values(
            accepted_at=func.coalesce(reservation.c.accepted_at, literal(at, UtcDateTime)),
            outcome=OfferOutcome.ACCEPTED.value,
        )
    )
    return changed.rowcount == 1


def mark_ringing(conn: Connection, leg: LegId, at: datetime) -> None:
    """The telephone on this leg began to ring; the first moment counts."""
    conn.execute(
        update(reservation)
        .where(reservation.c.leg_id == leg, reservation.c.rang_at.is_(None))
        .values(rang_at=at)
    )


def end_offer(
    conn: Connection, leg: LegId, at: datetime, outcome: OfferOutcome, minutes: float = 0.0
) -> bool:
    """Write how an offer that was not accepted ended; the first word counts.

    `minutes` is the work that it offered: the mean of a call when it was refused or left
    unanswered, nothing when we stopped it. The promise itself holds until `release`, which may
    have come before. `False` when the offer had ended already, was accepted, or never was.
    """
    changed = conn.execute(
        update(reservation)
        .where(reservation.c.leg_id == leg, reservation.c.outcome.is_(None))
        .values(outcome=outcome.value, ended_at=at, minutes=minutes)
    )
    return changed.rowcount == 1


def cancel_offers(conn: Connection, legs: Collection[LegId], at: datetime) -> None:
    """Write that we stopped these offers, as `end_offer` would, in one statement."""
    conn.execute(
        update(reservation)
        .where(reservation.c.leg_id.in_(legs), reservation.c.outcome.is_(None))
        .values(outcome=OfferOutcome.CANCELLED.value, ended_at=at, minutes=0.0)
    )


def release(
    conn: Connection, leg: LegId, at: datetime, *, ended_at: datetime | None = None
) -> InterpreterId | None:
    """Free the interpreter promised on this leg and say who it was.

    `ended_at` is when their part was over, where that is known to be earlier than now. `None`
    when there is nothing to free (any more): releasing twice is no error.
    """
    over = literal(at if ended_at is None else ended_at, UtcDateTime)
    return conn.execute(
        update(reservation)
        .where(reservation.c.leg_id == leg, reservation.c.released_at.is_(None))
        .values(released_at=at, ended_at=func.coalesce(reservation.c.ended_at, over))
        .returning(reservation.c.interpreter_id)
    ).scalar_one_or_none()


def reserved(conn: Connection) -> frozenset[InterpreterId]:
    """Everybody who is promised to a call now."""
    return frozenset(
        conn.execute(
            select(reservation.c.interpreter_id).where(reservation.c.released_at.is_(None))
        ).scalars()
    )


def live_reservations(conn: Connection) -> list[Reservation]:
    """All promises that hold now, the oldest first."""
    rows = conn.execute(
        select(reservation).where(reservation.c.released_at.is_(None)).order_by(reservation.c.id)
    )
    return [
        Reservation(
            row.interpreter_id, row.call_id, row.leg_id, row.made_at, row.accepted_at, row.owner
        )
        for row in rows
    ]
