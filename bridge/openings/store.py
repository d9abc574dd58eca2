# SPDX-License-Identifier: EUPL-1.2
"""The rows of call-backs at opening: whoever rang out of hours and asked to be rung then; and of
those who wished for an operator when none was on duty, and are rung when one is.

That somebody is promised one call-back only is a unique index over those that are open. That it
is rung once only is a compare-and-set: whoever changes its state from waiting to ringing rings.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    and_,
    func,
    or_,
    select,
    text,
    update,
)

from bridge.openings.model import (
    ABANDONED_AFTER,
    MOST_OPEN,
    MOST_TRIES,
    OpeningCallBack,
    OpeningId,
    OpeningState,
)
from bridge.storage.schema import UtcDateTime, insert_into, metadata
from bridge.vocabulary import LanguageTag, PhoneNumber, Role

_OPEN = text("state IN ('waiting', 'ringing')")

opening_call_back = Table(
    "opening_call_back",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("line", String, nullable=False),
    Column("number", String),
    Column("language", String),
    Column("role", String, nullable=False),
    Column("for_operator", Boolean),
    Column("due_at", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("tried_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'ringing') OR number IS NULL", name="number_forgotten"),
    Index(
        "uq_opening_call_back_open",
        "line",
        "number",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
)
"""One row a promise; the number is kept only as long as it is open. `for_operator`: not before an
operator is on duty; nothing means no."""


def promise(
    conn: Connection,
    line: str,
    number: PhoneNumber,
    language: LanguageTag | None,
    role: Role,
    due_at: datetime,
    at: datetime,
    *,
    for_operator: bool = False,
) -> bool:
    """Promise a call-back. `False` when there is no room for it; then nobody is rung.

    The line is its key in the directory. When this number has one open on this line already, that
    one takes the newer language, role, wish and hour, and begins anew: it was promised again.
    """
    if not has_room(conn, line, number):
        return False
    new: Any = insert_into(conn, opening_call_back).values(
        line=line,
        number=number.e164,
        language=language,
        role=role.value,
        for_operator=for_operator,
        due_at=due_at,
        state=OpeningState.WAITING.value,
        tries=0,
        made_at=at,
    )
    table = opening_call_back.c
    made = conn.execute(
        new.on_conflict_do_nothing(
            index_elements=[table.line, table.number], index_where=_OPEN
        ).returning(table.id)
    ).scalar_one_or_none()
    if made is not None:
        return True
    conn.execute(
        update(opening_call_back)
        .where(table.line == line, table.number == number.e164, _OPEN)
        .values(
            language=language, role=role.value, for_operator=for_operator, due_at=due_at, tries=0
        )
    )
    return True


def has_room(conn: Connection, line: str, number: PhoneNumber) -> bool:
    """Whether this number can be promised a call-back: fewer than `MOST_OPEN` others of the line
    are open. Processes that promise at the same moment may go beyond by one each.
    """
    table = opening_call_back.c
    others = select(func.count()).where(table.line == line, table.number != number.e164, _OPEN)
    return conn.execute(others).scalar_one() < MOST_OPEN


def due(conn: Connection, at: datetime) -> list[OpeningCallBack]:
    """The call-backs whose time has come, the earliest promise first. Ring after `take` only."""
    rows = conn.execute(
        select(opening_call_back)
        .where(opening_call_back.c.due_at <= at, _takeable(at))
        .order_by(opening_call_back.c.due_at, opening_call_back.c.id)
    )
    return [
        OpeningCallBack(
            id=row.id,
            line=row.line,
            number=PhoneNumber(row.number),
            language=row.language,
            role=Role(row.role),
            due_at=row.due_at,
            tries=row.tries,
            for_operator=bool(row.for_operator),
        )
        for row in rows
    ]


def take(conn: Connection, which: OpeningId, at: datetime) -> bool:
    """Whoever is told `True` rings now; it counts as a try. Nobody else is told so."""
    changed = conn.execute(
        update(opening_call_back)
        .where(opening_call_back.c.id == which, _takeable(at))
        .values(state=OpeningState.RINGING.value, tries=opening_call_back.c.tries + 1, tried_at=at)
    )
    return changed.rowcount == 1


def done(conn: Connection, which: OpeningId, at: datetime) -> bool:
    """They were reached: the number is forgotten. `False` when it was not open."""
    return _end(conn, which, at, OpeningState.DONE)


def give_up(conn: Connection, which: OpeningId, at: datetime) -> bool:
    """They are not rung (any more): the number is forgotten. `False` when it was not open."""
    return _end(conn, which, at, OpeningState.GIVEN_UP)


def not_needed(conn: Connection, number: PhoneNumber, at: datetime) -> list[bool]:
    """Whoever has this number was served before they were rung: end their call-backs on all lines,
    and say of each whether it was for an operator.
    """
    table = opening_call_back.c
    ended = conn.execute(
        update(opening_call_back)
        .where(table.number == number.e164, _OPEN)
        .values(state=OpeningState.DONE.value, ended_at=at, number=None)
        .returning(table.id, table.for_operator)
    )
    return [bool(row.for_operator) for row in sorted(ended.all(), key=lambda row: row.id)]


def not_reached(conn: Connection, which: OpeningId, at: datetime, again_at: datetime) -> bool:
    """They did not answer: ring again at `again_at`; `False` when that was the last try.

    Then the number is forgotten.
    """
    changed = conn.execute(
        update(opening_call_back)
        .where(
            opening_call_back.c.id == which,
            opening_call_back.c.state == OpeningState.RINGING.value,
            opening_call_back.c.tries < MOST_TRIES,
        )
        .values(state=OpeningState.WAITING.value, due_at=again_at)
    )
    if changed.rowcount == 1:
        return True
    give_up(conn, which, at)
    return False


def _takeable(at: datetime) -> Any:
    table = opening_call_back.c
    abandoned = and_(
        table.state == OpeningState.RINGING.value, table.tried_at <= at - ABANDONED_AFTER
    )
    return or_(table.state == OpeningState.WAITING.value, abandoned)


def _end(conn: Connection, which: OpeningId, at: datetime, state: OpeningState) -> bool:
    changed = conn.execute(
        update(opening_call_back)
        .where(opening_call_back.c.id == which, _OPEN)
        .values(state=state.value, ended_at=at, number=None)
    )
    return changed.rowcount == 1
