# SPDX-License-Identifier: EUPL-1.2
"""The rows of interpreters' windows, absences and extra hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Time,
    delete,
    insert,
    select,
)

from bridge.hours.calendar import PublicHolidays
from bridge.hours.localtime import LISBON
from bridge.hours.model import Absence, ExtraHours, Holidays, Schedule, Weekday, Window
from bridge.roster.store import change, interpreter
from bridge.storage.schema import UtcDateTime, metadata
from bridge.vocabulary import InterpreterId

PORTUGAL: Holidays = PublicHolidays()
"""The holidays on which interpreters' windows are not held unless they say so."""

interpreter_window = Table(
    "interpreter_window",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "interpreter_id",
        ForeignKey("interpreter.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("weekdays", String, nullable=False),
    Column("opens", Time, nullable=False),
    Column("closes", Time, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("on_holidays", Boolean, nullable=False),
)
"""One row a window, in local time; `weekdays` are digits, Monday is 0: ``01234``."""

interpreter_absence = Table(
    "interpreter_absence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "interpreter_id",
        ForeignKey("interpreter.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("reason", String, nullable=False),
)

interpreter_extra = Table(
    "interpreter_extra",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "interpreter_id",
        ForeignKey("interpreter.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
)


def load_schedules(
    conn: Connection, only: InterpreterId | None = None, *, holidays: Holidays = PORTUGAL
) -> dict[InterpreterId, Schedule]:
    """The hours of everybody who keeps windows, or of this one person; four queries.

    Whoever keeps none is not in it, unless they are absent at some time: then their hours are
    always but for that.
    """
    windows: dict[InterpreterId, list[Window]] = {}
    absences: dict[InterpreterId, list[Absence]] = {}
    extra: dict[InterpreterId, list[ExtraHours]] = {}
    for row in _rows(conn, interpreter_window, only):
        windows.setdefault(row.interpreter_id, []).append(_window(row))
    for row in _rows(conn, interpreter_absence, only):
        absences.setdefault(row.interpreter_id, []).append(
            Absence(row.starts_at, row.ends_at, row.reason)
        )
    for row in _rows(conn, interpreter_extra, only):
        extra.setdefault(row.interpreter_id, []).append(ExtraHours(row.starts_at, row.ends_at))
    keeping = keeping_windows(conn, only)
    return {
        who: Schedule(
            windows=tuple(windows.get(who, ())) if who in keeping else (_ALWAYS,),
            absences=tuple(absences.get(who, ())),
            extra=tuple(extra.get(who, ())) if who in keeping else (),
            holidays=holidays,
            zone=LISBON,
        )
        for who in sorted(keeping | absences.keys())
    }


def keeping_windows(
    conn: Connection, only: InterpreterId | None = None
) -> frozenset[InterpreterId]:
    """Who keeps windows, so that outside of them nobody rings."""
    asked = select(interpreter.c.id).where(interpreter.c.keeps_windows)
    if only is not None:
        asked = asked.where(interpreter.c.id == only)
    return frozenset(conn.execute(asked).scalars())


def windows_of(conn: Connection, who: InterpreterId) -> tuple[Window, ...]:
    """The windows of an interpreter, past and future ones included."""
    return tuple(_window(row) for row in _rows(conn, interpreter_window, who))


def set_windows(conn: Connection, who: InterpreterId, windows: Iterable[Window]) -> None:
    """Say in which windows an interpreter may be rung: these and no others.

    None at all means never, extra hours apart; `drop_windows` says that no windows are kept.
    Windows that were valid in the past are to be given again, ended by their `valid_until`, for
    what was promised is counted from them. Raises `LookupError` for nobody.
    """
    change(conn, who, {"keeps_windows": True})
    conn.execute(delete(interpreter_window).where(interpreter_window.c.interpreter_id == who))
    rows = [
        {
            "interpreter_id": who,
            "weekdays": "".join(str(int(day)) for day in sorted(window.weekdays)),
            "opens": window.opens,
            "closes": window.closes,
            "valid_from": window.valid_from,
            "valid_until": window.valid_until,
            "on_holidays": window.on_holidays,
        }
        for window in windows
    ]
    if rows:
        conn.execute(insert(interpreter_window), rows)


def drop_windows(conn: Connection, who: InterpreterId) -> None:
    """No windows are kept for this interpreter any more; presence alone decides."""
    change(conn, who, {"keeps_windows": False})
    for table in (interpreter_window, interpreter_extra):
        conn.execute(delete(table).where(table.c.interpreter_id == who))


def add_absence(conn: Connection, who: InterpreterId, absence: Absence) -> int:
    """An interpreter is away; returns what `remove_absence` needs. Raises `LookupError`."""
    change(conn, who, {})
    return _add(
        conn,
        interpreter_absence,
        interpreter_id=who,
        starts_at=absence.start,
        ends_at=absence.end,
        reason=absence.reason,
    )


def remove_absence(conn: Connection, who: InterpreterId, absence: int) -> bool:
    """They are not away after all. `False` when they have no such absence."""
    return _remove(conn, interpreter_absence, who, absence)


def absences_of(
    conn: Connection, who: InterpreterId, after: datetime | None = None
) -> tuple[tuple[int, Absence], ...]:
    """An interpreter's absences that end after a moment, with what `remove_absence` needs."""
    return tuple(
        (row.id, Absence(row.starts_at, row.ends_at, row.reason))
        for row in _rows(conn, interpreter_absence, who)
        if after is None or row.ends_at > after
    )


def add_extra_hours(conn: Connection, who: InterpreterId, extra: ExtraHours) -> int:
    """An interpreter is there outside of their windows too. Raises `LookupError` for nobody.

    Means nothing while no windows are kept for them.
    """
    change(conn, who, {})
    return _add(
        conn, interpreter_extra, interpreter_id=who, starts_at=extra.start, ends_at=extra.end
    )


def remove_extra_hours(conn: Connection, who: InterpreterId, extra: int) -> bool:
    """They are not there after all. `False` when they have no such extra hours."""
    return _remove(conn, interpreter_extra, who, extra)


def extra_hours_of(
    conn: Connection, who: InterpreterId, after: datetime | None = None
) -> tuple[tuple[int, ExtraHours], ...]:
    """An interpreter's extra hours that end after a moment, with what removing them needs."""
    return tuple(
        (row.id, ExtraHours(row.starts_at, row.ends_at))
        for row in _rows(conn, interpreter_extra, who)
        if after is None or row.ends_at > after
    )


_ALWAYS = Window(frozenset(Weekday), time(), time(), on_holidays=True)


def _window(row: Row[tuple[object, ...]]) -> Window:
    return Window(
        weekdays=frozenset(Weekday(int(digit)) for digit in row.weekdays),
        opens=row.opens,
        closes=row.closes,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        on_holidays=row.on_holidays,
    )


def _rows(
    conn: Connection, table: Table, only: InterpreterId | None
) -> list[Row[tuple[object, ...]]]:
    asked = select(table).order_by(table.c.id)
    if only is not None:
        asked = asked.where(table.c.interpreter_id == only)
    return list(conn.execute(asked))


def _add(conn: Connection, table: Table, **values: object) -> int:
    return int(conn.execute(insert(table).values(values).returning(table.c.id)).scalar_one())


def _remove(conn: Connection, table: Table, who: InterpreterId, which: int) -> bool:
    gone = conn.execute(delete(table).where(table.c.id == which, table.c.interpreter_id == who))
    if gone.rowcount:
        change(conn, who, {})
    return bool(gone.rowcount)
