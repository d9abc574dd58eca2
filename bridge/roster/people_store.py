# SPDX-License-Identifier: EUPL-1.2
"""Interpreters whole, as the matcher sees them, and what coordinators change about them.

Every change raises the roster's revision (`store.revision`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Select,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from bridge.hours.model import Holidays
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow
from bridge.roster.skills import REGISTER, Gender, Level, LevelScale, Subject
from bridge.roster.store import (
    ON_ROSTER,
    change,
    find_by_number,
    interpreter,
    interpreter_language,
    interpreter_phone,
)
from bridge.roster.windows_store import PORTUGAL, load_schedules
from bridge.storage.schema import metadata
from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber

USUAL_LIMITS = Limits()
"""The limits of an installation that sets none."""

interpreter_subject = Table(
    "interpreter_subject",
    metadata,
    Column("interpreter_id", ForeignKey("interpreter.id", ondelete="CASCADE"), primary_key=True),
    Column("subject", String, primary_key=True),
)


def load_people(
    conn: Connection,
    *,
    scale: LevelScale = REGISTER,
    limits: Limits = USUAL_LIMITS,
    holidays: Holidays = PORTUGAL,
) -> tuple[Interpreter, ...]:
    """Everybody on the roster by id; eight queries, however many there are.

    A language in which nothing is proven has the lowest level of the `scale`, and so has one whose
    level is of a longer scale; `limits` are the installation's own, for whom a coordinator set no
    others. Who was removed is there as well, without a language, a telephone or anything else:
    what a call that was just ending still tells of them must find them.
    """
    return _load(conn, None, scale, limits, holidays)


def load_person(
    conn: Connection,
    who: InterpreterId,
    *,
    scale: LevelScale = REGISTER,
    limits: Limits = USUAL_LIMITS,
    holidays: Holidays = PORTUGAL,
) -> Interpreter | None:
    """One interpreter, as `load_people` reads them; `None` for nobody and for who was removed."""
    if conn.execute(_on_roster(who)).one_or_none() is None:
        return None
    return _load(conn, who, scale, limits, holidays)[0]


def _load(
    conn: Connection,
    only: InterpreterId | None,
    scale: LevelScale,
    limits: Limits,
    holidays: Holidays,
) -> tuple[Interpreter, ...]:
    def rows(table: Table, key: str) -> Iterable[Any]:
        asked = select(table).order_by(*table.primary_key.columns)
        return conn.execute(asked if only is None else asked.where(table.c[key] == only))

    skills: dict[InterpreterId, dict[LanguageTag, Level]] = {}
    for row in rows(interpreter_language, "interpreter_id"):
        level = scale.lowest if row.level is None else Level(min(row.level, scale.lowest))
        skills.setdefault(row.interpreter_id, {})[row.language] = level
    phones: dict[InterpreterId, list[PhoneNumber]] = {}
    for row in rows(interpreter_phone, "interpreter_id"):
        phones.setdefault(row.interpreter_id, []).append(PhoneNumber(row.number))
    subjects: dict[InterpreterId, set[Subject]] = {}
    for row in rows(interpreter_subject, "interpreter_id"):
        subjects.setdefault(row.interpreter_id, set()).add(Subject(row.subject))
    schedules = load_schedules(conn, only, holidays=holidays)
    return tuple(
        Interpreter(
            id=row.id,
            skills=skills.get(row.id, {}),
            phones=tuple(phones.get(row.id, ())),
            gender=None if row.gender is None else Gender(row.gender),
            subjects=frozenset(subjects.get(row.id, ())),
            schedule=schedules.get(row.id),
            presence=PresenceNow(Presence(row.presence), row.presence_until),
            limits=_limits(row.limits, limits),
            vetted=row.vetted,
        )
        for row in rows(interpreter, "id")
    )


# --- what coordinators change ------------------------------------------------------------------


def set_level(
    conn: Connection, who: InterpreterId, language: LanguageTag, level: Level | None
) -> None:
    """Say at which level somebody speaks a language of theirs; `None`: nothing is proven.

    Raises `LookupError` for nobody and for a language they don't speak.
    """
    changed = conn.execute(
        update(interpreter_language)
        .where(
            interpreter_language.c.interpreter_id == who,
            interpreter_language.c.language == language,
        )
        .values(level=level)
    )
    if changed.rowcount != 1:
        raise LookupError("the interpreter does not speak that language: add it first")
    change(conn, who, {})


def set_gender(conn: Connection, who: InterpreterId, gender: Gender | None) -> None:
    """Say somebody's gender. Raises `LookupError` for nobody."""
    change(conn, who, {"gender": None if gender is None else gender.value})


def set_subjects(conn: Connection, who: InterpreterId, subjects: Iterable[Subject]) -> None:
    """Say where somebody is at home: in these and no others. Raises `LookupError` for nobody."""
    change(conn, who, {})
    conn.execute(delete(interpreter_subject).where(interpreter_subject.c.interpreter_id == who))
    rows = [{"interpreter_id": who, "subject": one.value} for one in sorted(set(subjects))]
    if rows:
        conn.execute(insert(interpreter_subject), rows)


def set_phones(conn: Connection, who: InterpreterId, phones: Sequence[PhoneNumber]) -> None:
    """Say at which telephones somebody is rung, in this order.

    Each must be nobody else's: `sqlalchemy.exc.IntegrityError` then. Raises `ValueError` for none
    at all or the same twice, `LookupError` for nobody.
    """
    if not phones:
        raise ValueError("an interpreter has at least one telephone: give one")
    if len(set(phones)) < len(phones):
        raise ValueError("the same telephone stands there twice: take one away")
    change(conn, who, {})
    conn.execute(delete(interpreter_phone).where(interpreter_phone.c.interpreter_id == who))
    conn.execute(
        insert(interpreter_phone),
        [
            {"interpreter_id": who, "place": place, "number": phone.e164}
            for place, phone in enumerate(phones)
        ],
    )


def set_vetted(conn: Connection, who: InterpreterId, vetted: bool) -> None:
    """Say whether a coordinator has vetted somebody. Raises `LookupError` for nobody."""
    change(conn, who, {"vetted": vetted})


def set_name(conn: Connection, who: InterpreterId, name: str) -> None:
    """Put right how somebody is called. Raises `LookupError` for nobody."""
    change(conn, who, {"name": name})


def names(conn: Connection) -> dict[InterpreterId, str]:
    """How everybody who was not removed is called; only coordinators see it."""
    asked = select(interpreter.c.id, interpreter.c.name).where(ON_ROSTER)
    return {row.id: row.name for row in conn.execute(asked)}


def set_limits(conn: Connection, who: InterpreterId, limits: Limits | None) -> None:
    """Set somebody's own limits; `None`: those of the installation. Raises `LookupError`."""
    change(conn, who, {"limits": None if limits is None else _limits_data(limits)})


def set_notes(conn: Connection, who: InterpreterId, notes: str) -> None:
    """Write down what only coordinators see. Raises `LookupError` for nobody."""
    change(conn, who, {"notes": notes})


def notes_of(conn: Connection, who: InterpreterId) -> str:
    """What only coordinators see. Raises `LookupError` for nobody."""
    row = conn.execute(_on_roster(who)).one_or_none()
    if row is None:
        raise LookupError("there is no such interpreter")
    return row.notes or ""


# --- the line on which interpreters say whether they are there ----------------------------------


def pin_code(who: InterpreterId) -> str:
    """What stands in place of the agency's code where an interpreter's PIN is hashed."""
    return f"interpreter:{int(who)}"


def set_pin(conn: Connection, who: InterpreterId, pin_hash: str) -> None:
    """Store ``PinHasher.hash(pin_code(who), PIN)``. Raises `LookupError` for nobody."""
    changed = conn.execute(
        update(interpreter).where(interpreter.c.id == who, ON_ROSTER).values(pin_hash=pin_hash)
    )
    if changed.rowcount != 1:
        raise LookupError("there is no such interpreter")


def has_pin(conn: Connection, who: InterpreterId) -> bool:
    """Whether somebody was ever given a PIN."""
    asked = select(interpreter.c.pin_hash).where(interpreter.c.id == who)
    return conn.execute(asked).scalar_one_or_none() is not None


def find_interpreter_by_number(
    conn: Connection, number: PhoneNumber
) -> tuple[InterpreterId, str | None] | None:
    """Whose telephone this is, first or further, and the hash that proves their PIN, if any."""
    who = find_by_number(conn, number)
    if who is None:
        return None
    asked = select(interpreter.c.pin_hash).where(interpreter.c.id == who)
    return who, conn.execute(asked).scalar_one_or_none()


def _on_roster(who: InterpreterId) -> Select[tuple[str | None]]:
    return select(interpreter.c.notes).where(interpreter.c.id == who, ON_ROSTER)


# --- limits as data ----------------------------------------------------------------------------


def _limits_data(limits: Limits) -> dict[str, float]:
    """Spans of time in seconds, everything else as it is."""
    return {
        name: value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in asdict(limits).items()
    }


def _limits(data: Mapping[str, float] | None, others: Limits) -> Limits:
    if data is None:
        return others
    values: dict[str, Any] = {}
    for one in fields(Limits):
        usual = getattr(others, one.name)
        value = data.get(one.name)
        if value is None:
            values[one.name] = usual
        elif isinstance(usual, timedelta):
            values[one.name] = timedelta(seconds=value)
        else:
            values[one.name] = type(usual)(value)
    return Limits(**values)
