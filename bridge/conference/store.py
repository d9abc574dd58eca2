# SPDX-License-Identifier: EUPL-1.2
"""The rows of calls and their legs: what we promised and what we know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypedDict, Unpack

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    exists,
    false,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from bridge.conference.model import CallState, Outcome
from bridge.roster.requirements import Requirements
from bridge.roster.requirements_data import from_data, to_data
from bridge.storage.schema import UtcDateTime, bump, json_type, metadata, storable
from bridge.vocabulary import (
    AgencyId,
    CallId,
    InterpreterId,
    JobNumber,
    LanguageTag,
    LegId,
    PhoneNumber,
    Role,
    TechnicianId,
)

call = Table(
    "call",
    metadata,
    Column("id", String, primary_key=True),
    Column("serial", Integer, nullable=False, unique=True),
    Column("line", String, nullable=False),
    Column("state", String, nullable=False),
    Column("language", String),
    Column("agency_id", ForeignKey("agency.id")),
    Column("technician_id", ForeignKey("technician.id")),
    Column("migrant_mode", String),
    Column("migrant_number", String),
    Column("technician_number", String),
    Column("requirements", json_type()),
    Column("callback", Boolean, nullable=False, server_default=false()),
    Column("dial_in_code", String),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String),
    Column("owner", String, nullable=False),
    Column("events", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("ended_at IS NULL OR migrant_number IS NULL", name="number_forgotten"),
    CheckConstraint(
        "ended_at IS NULL OR technician_number IS NULL", name="technician_number_forgotten"
    ),
    Index(
        "ix_call_open",
        "created_at",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "uq_call_dial_in_code",
        "dial_in_code",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)
"""One row a call. `serial` becomes the job number; `events` counts its events (the call log's)."""

leg = Table(
    "leg",
    metadata,
    Column("id", String, primary_key=True),
    Column("call_id", ForeignKey("call.id"), nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("interpreter_id", ForeignKey("interpreter.id")),
    Column("state", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ending", String),
)
"""One row a telephone connection of a call."""

_SERIAL = "job_serial"


class LegState(StrEnum):
    """Whether a leg has ended, as far as we know. Where it stands, the switch alone knows."""

    CREATED = "created"
    ENDED = "ended"


class NotOpen(LookupError):
    """There is no open call of this id, or it is another process's; that may have ended it."""

    def __init__(self, which: CallId) -> None:
        super().__init__("there is no such open call of this process")
        self.call = which


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as stored."""

    id: CallId
    job: JobNumber
    line: str
    state: CallState
    language: LanguageTag | None
    agency: AgencyId | None
    technician: TechnicianId | None
    migrant_mode: str | None
    migrant_number: str | None = field(repr=False)
    """As keyed; kept only while the call lasts."""
    created_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    owner: str
    """The token of the process that runs the call."""
    technician_number: str | None = field(default=None, repr=False)
    """Where the technician can be rung back, E.164; kept only while the call lasts."""
    requirements: Requirements | None = None
    callback: bool = False
    """Whether the technician asked to be called back."""
    dial_in_code: str | None = field(default=None, repr=False)
    """With which the migrant comes in; kept only while the call lasts."""


class CallChanges(TypedDict, total=False):
    """What `update_call` can change; what is not named stays as it is."""

    state: CallState
    language: LanguageTag | None
    agency: AgencyId | None
    technician: TechnicianId | None
    migrant_mode: str | None
    migrant_number: str | None
    technician_number: str | None
    requirements: Requirements | None
    callback: bool
    owner: str


def open_call(conn: Connection, new: CallId, line: str, at: datetime, owner: str) -> JobNumber:
    """Write a new call that came in on `line`, run by the process `owner`.

    Job numbers are given in the order of the transactions, without gaps.
    """
    serial = bump(conn, _SERIAL)
    conn.execute(
        insert(call).values(
            id=new,
            serial=serial,
            line=storable(line),
            state=CallState.ASKING.value,
            created_at=at,
            owner=owner,
        )
    )
    return JobNumber.of_serial(serial)


def update_call(conn: Connection, which: CallId, **changes: Unpack[CallChanges]) -> None:
    """Change an open call. Raises `NotOpen` when there is none of this id."""
    values = {_COLUMNS.get(name, name): value for name, value in changes.items()}
    if values:
        _change(conn, which, values)


def take(conn: Connection, which: CallId, owner: str) -> None:
    """Have an open call run by this process from now on; nothing happens when it has ended."""
    conn.execute(
        update(call).where(call.c.id == which, call.c.ended_at.is_(None)).values(owner=owner)
    )


def keep(conn: Connection, which: CallId, owner: str) -> None:
    """Make sure that a call is open and run by this process, until the transaction ends.

    Belongs into every transaction after which somebody is rung: a process that was only slow may
    have been taken for dead, and another one rings in its place. Raises `NotOpen`.
    """
    # An update, for it holds the row: who takes the call over meanwhile waits, and sees the ring.
    kept = conn.execute(
        update(call)
        .where(call.c.id == which, call.c.ended_at.is_(None), call.c.owner == owner)
        .values(owner=owner)
    )
    if kept.rowcount != 1:
        raise NotOpen(which)


_COLUMNS: Mapping[str, str] = {"agency": "agency_id", "technician": "technician_id"}


def close_call(
    conn: Connection, which: CallId, at: datetime, state: CallState, outcome: Outcome
) -> None:
    """Write how a call ended, and forget the telephone numbers in the same stroke.

    Raises `NotOpen` when there is no open call of this id.
    """
    _change(
        conn,
        which,
        {
            "state": state,
            "outcome": outcome,
            "ended_at": at,
            "migrant_number": None,
            "technician_number": None,
            "dial_in_code": None,
        },
    )


def set_dial_in_code(conn: Connection, which: CallId, code: str) -> bool:
    """Let the migrant of an open call come in with this code, and with no other.

    `False` when another open call has it: draw another. Raises `NotOpen` when there is no
    open call of this id.
    """
    try:
        with conn.begin_nested():
            _change(conn, which, {"dial_in_code": code})
    except IntegrityError:
        return False
    return True


def find_by_dial_in(conn: Connection, code: str) -> CallId | None:
    """The open call whose migrant comes in with this code."""
    found: CallId | None = conn.execute(
        select(call.c.id).where(call.c.dial_in_code == code, call.c.ended_at.is_(None))
    ).scalar_one_or_none()
    return found


def _change(conn: Connection, which: CallId, values: Mapping[str, object]) -> None:
    plain = {name: _plain(value) for name, value in values.items()}
    changed = conn.execute(
        update(call).where(call.c.id == which, call.c.ended_at.is_(None)).values(plain)
    )
    if changed.rowcount != 1:
        raise NotOpen(which)


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    return to_data(value) if isinstance(value, Requirements) else value


def find_call(conn: Connection, which: CallId) -> CallRow | None:
    """The call of this id."""
    row = conn.execute(select(call).where(call.c.id == which)).mappings().one_or_none()
    return None if row is None else _call_row(row)


def open_calls(conn: Connection) -> list[CallRow]:
    """The calls that have not ended, the oldest first."""
    rows = conn.execute(
        select(call).where(call.c.ended_at.is_(None)).order_by(call.c.created_at, call.c.serial)
    )
    return [_call_row(row) for row in rows.mappings()]


def is_led_from(conn: Connection, telephone: PhoneNumber) -> bool:
    """Whether an open call is led by the operator of this telephone, for a migrant who rang.

    They are rung for it, or in its room; whoever rang the line from there leads none yet.
    """
    led = exists().where(
        call.c.technician_number == telephone.e164,
        call.c.technician_id.is_(None),
        call.c.migrant_mode.is_not(None),
        call.c.ended_at.is_(None),
    )
    return bool(conn.execute(select(led)).scalar_one())


def is_asked_for_by(conn: Connection, who: TechnicianId) -> bool:
    """Whether an open call was asked for by this technician, whom it may ring (back)."""
    asked = exists().where(call.c.technician_id == who, call.c.ended_at.is_(None))
    return bool(conn.execute(select(asked)).scalar_one())


def numbers_on_the_line(conn: Connection) -> frozenset[str]:
    """The telephones (E.164) of technicians and migrants who are in an open call, or rung for one.

    Not of whoever hung up, and waits to be rung.
    """
    rows = conn.execute(
        select(leg.c.role, call.c.technician_number, call.c.migrant_number)
        .join(call, leg.c.call_id == call.c.id)
        .where(
            call.c.ended_at.is_(None),
            leg.c.ended_at.is_(None),
            leg.c.role.in_([Role.TECHNICIAN.value, Role.MIGRANT.value]),
        )
    )
    found = (
        row.migrant_number if row.role == Role.MIGRANT.value else row.technician_number
        for row in rows
    )
    return frozenset(number for number in found if number is not None)


def add_leg(
    conn: Connection,
    new: LegId,
    of: CallId,
    role: Role,
    at: datetime,
    *,
    interpreter: InterpreterId | None = None,
) -> None:
    """Write a new leg of a call."""
    add_legs(conn, {new: interpreter}, of, role, at)


def add_legs(
    conn: Connection,
    new: Mapping[LegId, InterpreterId | None],
    of: CallId,
    role: Role,
    at: datetime,
) -> None:
    """Write several new legs of a call at once, each with its interpreter if it has one."""
    rows = [
        {
            "id": storable(one),
            "call_id": of,
            "role": role.value,
            "interpreter_id": interpreter,
            "state": LegState.CREATED.value,
            "created_at": at,
        }
        for one, interpreter in new.items()
    ]
    if rows:
        conn.execute(insert(leg), rows)


def set_leg_role(conn: Connection, which: LegId, role: Role) -> None:
    """Say who sits at the far end of a leg, once that is known."""
    conn.execute(update(leg).where(leg.c.id == which).values(role=role.value))


def move_leg(conn: Connection, which: LegId, to: CallId, role: Role) -> None:
    """Let a leg go over to another call."""
    conn.execute(update(leg).where(leg.c.id == which).values(call_id=to, role=role.value))


def end_leg(conn: Connection, which: LegId, at: datetime, ending: str) -> bool:
    """Write how a leg ended. The first end counts: later ones change nothing and get `False`."""
    changed = conn.execute(
        update(leg)
        .where(leg.c.id == which, leg.c.ended_at.is_(None))
        .values(state=LegState.ENDED.value, ended_at=at, ending=str(ending))
    )
    return changed.rowcount == 1


def call_of_leg(conn: Connection, which: LegId) -> CallId | None:
    """The call whose leg this is."""
    found: CallId | None = conn.execute(
        select(leg.c.call_id).where(leg.c.id == which)
    ).scalar_one_or_none()
    return found


def _call_row(row: RowMapping) -> CallRow:
    outcome = row["outcome"]
    return CallRow(
        id=row["id"],
        job=JobNumber.of_serial(row["serial"]),
        line=row["line"],
        state=CallState(row["state"]),
        language=row["language"],
        agency=row["agency_id"],
        technician=row["technician_id"],
        migrant_mode=row["migrant_mode"],
        migrant_number=row["migrant_number"],
        technician_number=row["technician_number"],
        requirements=None if row["requirements"] is None else from_data(row["requirements"]),
        callback=row["callback"],
        dial_in_code=row["dial_in_code"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        outcome=None if outcome is None else Outcome(outcome),
        owner=row["owner"],
    )
