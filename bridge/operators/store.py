# SPDX-License-Identifier: EUPL-1.2
"""The rows of operators, of what they speak and of their duty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from bridge.operators.model import Operator, OperatorId
from bridge.storage.schema import UtcDateTime, metadata
from bridge.vocabulary import LanguageTag, PhoneNumber

operator = Table(
    "operator",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("number", String, nullable=False, unique=True),
    Column("on_duty", Boolean, nullable=False),
    Column("duty_until", UtcDateTime),
    Column("last_call_at", UtcDateTime),
)
"""One row a person; `last_call_at` is when they were last rung or left a call.

Who was removed has no name and no telephone any more; the row stays, so that its number never
becomes somebody else's.
"""

_REMOVED = ""
_PRESENT = operator.c.name != _REMOVED

operator_language = Table(
    "operator_language",
    metadata,
    Column("operator_id", ForeignKey("operator.id", ondelete="CASCADE"), primary_key=True),
    Column("language", String, primary_key=True),
    Column("place", Integer, nullable=False),
)
"""`place` 0 is what they speak best."""


def add(
    conn: Connection, name: str, number: PhoneNumber, languages: Iterable[LanguageTag]
) -> OperatorId:
    """Write a new operator, off duty. The number must be no other operator's."""
    new: OperatorId = conn.execute(
        insert(operator)
        .values(name=name, number=number.e164, on_duty=False)
        .returning(operator.c.id)
    ).scalar_one()
    _speak(conn, new, languages)
    return new


def set_name(conn: Connection, who: OperatorId, name: str) -> None:
    """Put right how an operator is called. Raises `LookupError` for nobody."""
    _write(conn, who, {"name": name})


def set_number(conn: Connection, who: OperatorId, number: PhoneNumber) -> None:
    """Ring an operator on another telephone from now on. Raises `LookupError` for nobody.

    The number must be no other operator's: `sqlalchemy.exc.IntegrityError` then.
    """
    _write(conn, who, {"number": number.e164})


def set_languages(conn: Connection, who: OperatorId, languages: Iterable[LanguageTag]) -> None:
    """Say what an operator speaks besides Portuguese: this, their best first, and nothing else.

    Raises `LookupError` for nobody.
    """
    _write(conn, who, {"id": who})
    conn.execute(delete(operator_language).where(operator_language.c.operator_id == who))
    _speak(conn, who, languages)


def remove(conn: Connection, who: OperatorId) -> None:
    """Forget an operator's name, telephone and languages: nobody rings them any more.

    Whoever calls this has seen to it that no call needs them. Raises `LookupError` for nobody.
    """
    set_languages(conn, who, ())
    _write(
        conn,
        who,
        {
            "name": _REMOVED,
            "number": f"removed:{int(who)}",
            "on_duty": False,
            "duty_until": None,
        },
    )


def set_duty(
    conn: Connection, who: OperatorId, on_duty: bool, *, until: datetime | None = None
) -> None:
    """Say whether an operator is on duty, and until when. Raises `LookupError` for nobody."""
    _write(conn, who, {"on_duty": on_duty, "duty_until": until if on_duty else None})


def mark_call(conn: Connection, who: OperatorId, at: datetime) -> None:
    """An operator is rung, or left a call: the others are asked before them now.

    A moment that comes late does not turn the time back.
    """
    later = or_(operator.c.last_call_at.is_(None), operator.c.last_call_at < at)
    conn.execute(update(operator).where(operator.c.id == who, later).values(last_call_at=at))


def was_rung_since(conn: Connection, who: OperatorId, moment: datetime) -> bool:
    """Whether an operator was chosen to be rung after this moment."""
    found = exists().where(operator.c.id == who, operator.c.last_call_at > moment)
    return bool(conn.execute(select(found)).scalar_one())


def on_duty(conn: Connection, at: datetime) -> list[Operator]:
    """Whoever can be rung at this moment, the longest idle first."""
    holds = or_(operator.c.duty_until.is_(None), operator.c.duty_until > at)
    return _load(conn, operator.c.on_duty & holds)


def load_operators(conn: Connection) -> list[Operator]:
    """All operators who were not removed, the longest idle first."""
    return _load(conn)


def load_operator(conn: Connection, who: OperatorId) -> Operator:
    """The operator with this id. Raises `LookupError` for nobody, and for who was removed."""
    found = _load(conn, operator.c.id == who)
    if not found:
        raise LookupError("there is no such operator")
    return found[0]


def find_operator(conn: Connection, number: PhoneNumber) -> Operator | None:
    """The operator whose telephone this is."""
    found = _load(conn, operator.c.number == number.e164)
    return found[0] if found else None


def _speak(conn: Connection, who: OperatorId, languages: Iterable[LanguageTag]) -> None:
    rows = [
        {"operator_id": who, "language": tag, "place": place}
        for place, tag in enumerate(dict.fromkeys(languages))
    ]
    if rows:
        conn.execute(insert(operator_language), rows)


def _load(conn: Connection, *wanted: ColumnElement[bool]) -> list[Operator]:
    languages: dict[int, list[LanguageTag]] = {}
    for row in conn.execute(select(operator_language).order_by(operator_language.c.place)):
        languages.setdefault(row.operator_id, []).append(row.language)
    rows = conn.execute(
        select(operator)
        .where(_PRESENT, *wanted)
        # Who never had a call first; databases differ in where they sort nothing.
        .order_by(operator.c.last_call_at.is_not(None), operator.c.last_call_at, operator.c.id)
    )
    return [
        Operator(
            id=row.id,
            name=row.name,
            number=PhoneNumber(row.number),
            languages=tuple(languages.get(row.id, ())),
            duty_until=row.duty_until,
            on_duty=row.on_duty,
        )
        for row in rows
    ]


def _write(conn: Connection, who: OperatorId, values: dict[str, Any]) -> None:
    changed = conn.execute(update(operator).where(operator.c.id == who, _PRESENT).values(values))
    if changed.rowcount != 1:
        raise LookupError("there is no such operator")
