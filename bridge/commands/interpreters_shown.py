# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge interpreters list` and `show`: the roster as coordinators see it, numbers masked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import Json
from bridge.commands.interpreters import Who, interpreters, written
from bridge.commands.interpreters_hours import coming_windows, window_data
from bridge.roster import people_store, windows_store
from bridge.roster.people import Interpreter, Limits
from bridge.roster.skills import LevelScale
from bridge.vocabulary import InterpreterId


def add_to(_app: typer.Typer) -> None:
    """Offer the commands."""
    interpreters.command("list")(list_interpreters)
    interpreters.command()(show)


def list_interpreters(as_json: Json = False) -> None:
    """List the roster; telephone numbers are masked."""
    now, scale = base.now(), base.levels()

    def read(conn: Connection) -> list[dict[str, Any]]:
        called, keeping = people_store.names(conn), windows_store.keeping_windows(conn)
        return [
            _summary(one, called[one.id], one.id in keeping, scale, now)
            for one in people_store.load_people(conn, scale=scale)
            if one.id in called
        ]

    rows = base.in_database(read)
    if as_json:
        base.print_json(rows)
        return
    base.print_table(
        ("interpreter", "name", "languages", "telephones", "presence", "vetted", "windows"),
        [
            (
                str(row["interpreter"]),
                row["name"],
                " ".join(row["languages"]),
                " ".join(row["phones"]),
                row["presence"].replace("_", " "),
                _yes(row["vetted"]),
                _yes(row["keeps_windows"]),
            )
            for row in rows
        ],
    )


def show(interpreter: Who, as_json: Json = False) -> None:
    """Show all that is known of an interpreter, and the numbers of absences and extra hours."""
    who, now, scale = InterpreterId(interpreter), base.now(), base.levels()

    def read(conn: Connection) -> dict[str, Any]:
        one = base.person(conn, who)
        keeps = who in windows_store.keeping_windows(conn, who)
        until = one.presence.until
        return {
            **_summary(one, people_store.names(conn)[who], keeps, scale, now),
            "presence_until": None if until is None or until <= now else base.local(until),
            "has_pin": people_store.has_pin(conn, who),
            "notes": people_store.notes_of(conn, who),
            "limits": _limits(one.limits),
            "windows": [window_data(window) for window in coming_windows(conn, who, now)],
            "absences": [
                {
                    "absence": number,
                    "from": base.local(absence.start),
                    "to": base.local(absence.end),
                    "reason": absence.reason,
                }
                for number, absence in windows_store.absences_of(conn, who, now)
            ],
            "extra": [
                {"extra": number, "from": base.local(extra.start), "to": base.local(extra.end)}
                for number, extra in windows_store.extra_hours_of(conn, who, now)
            ],
        }

    found = base.in_database(read)
    if as_json:
        base.print_json(found)
        return
    for line in _lines(found):
        typer.echo(line)


def _summary(
    one: Interpreter, name: str, keeps: bool, scale: LevelScale, now: datetime
) -> dict[str, Any]:
    return {
        "interpreter": int(one.id),
        "name": name,
        "languages": [
            f"{written(language)}:{scale.shown(level)}"
            for language, level in sorted(one.skills.items())
        ],
        "phones": [phone.masked for phone in one.phones],
        "gender": None if one.gender is None else one.gender.value,
        "subjects": sorted(subject.value for subject in one.subjects),
        "presence": one.presence.at(now).value,
        "vetted": one.vetted,
        "keeps_windows": keeps,
    }


def _limits(limits: Limits) -> dict[str, float]:
    """As `interpreters limits` takes them."""
    return {
        "wrap_up_seconds": limits.wrap_up.total_seconds(),
        "wrap_up_hard_seconds": limits.wrap_up_hard.total_seconds(),
        "consecutive_minutes": limits.consecutive_minutes,
        "rest_minutes": limits.rest.total_seconds() / 60.0,
        "daily_minutes": limits.daily_minutes,
        "offers_an_hour": limits.offers_an_hour,
        "unanswered_in_a_row": limits.unanswered_in_a_row,
    }


def _lines(found: dict[str, Any]) -> list[str]:
    until = found["presence_until"]
    lines = [
        f"interpreter {found['interpreter']}: {found['name']}",
        f"languages: {' '.join(found['languages']) or 'none'}",
        f"telephones: {' '.join(found['phones'])}",
        f"gender: {found['gender'] or 'not said'}",
        f"subjects: {' '.join(found['subjects']) or 'none'}",
        f"vetted: {_yes(found['vetted'])}",
        f"presence: {found['presence'].replace('_', ' ')}{_until(until)}",
        f"PIN: {'drawn' if found['has_pin'] else 'none'}",
        "limits: "
        + ", ".join(
            f"{name.replace('_', ' ')} {value:g}" for name, value in found["limits"].items()
        ),
        f"notes: {found['notes'] or 'none'}",
        f"windows: {_hours(found)}",
    ]
    for one in found["windows"]:
        since = f" from {one['since']}" if one["since"] else ""
        last = f" until {one['until']}" if one["until"] else ""
        holidays = ", on holidays too" if one["on_holidays"] else ""
        lines.append(f"  {' '.join(one['days'])} {one['from']}-{one['to']}{since}{last}{holidays}")
    for one in found["absences"]:
        reason = f": {one['reason']}" if one["reason"] else ""
        lines.append(f"absence {one['absence']}: {_stretch(one)}{reason}")
    lines += [f"extra hours {one['extra']}: {_stretch(one)}" for one in found["extra"]]
    return lines


def _hours(found: dict[str, Any]) -> str:
    if not found["keeps_windows"]:
        return "not kept, may be rung at any hour"
    return f"{len(found['windows'])}" if found["windows"] else "none, rung in extra hours only"


def _stretch(one: dict[str, Any]) -> str:
    start, end = (base.clock(datetime.fromisoformat(one[edge])) for edge in ("from", "to"))
    return f"{start} to {end}"


def _until(moment: str | None) -> str:
    return "" if moment is None else f" until {base.clock(datetime.fromisoformat(moment))}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
