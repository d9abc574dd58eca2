# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge hours`: is a line or a service open, and on which days is it closed?"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import CommandError, Json, clock, print_json
from bridge.hours import store
from bridge.hours.directory import Directory
from bridge.hours.localtime import LISBON
from bridge.hours.report import hours_report
from bridge.storage.database import DatabaseUnavailable

hours = typer.Typer(invoke_without_command=True, help="Whether a line or a service is open.")

Line = Annotated[str | None, typer.Option(help="A line, by its key or any of its numbers.")]
Service = Annotated[str | None, typer.Option(help="A service, by its key or name.")]
Day = Annotated[str, typer.Option("--on", help="The day, as in 2026-12-24.")]


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(hours, name="hours")


@hours.callback()
def tell(
    context: typer.Context,
    line: Line = None,
    service: Service = None,
    at: Annotated[
        str | None, typer.Option(help="Lisbon time, or ISO 8601 with an offset; else now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell whether a line or a service is open, why, and until or from when."""
    if context.invoked_subcommand is not None:
        return
    report = hours_report(_directory(), at or base.now(), line=line, service=service)
    if as_json:
        print_json(report)
        return
    typer.echo(f"{report['name']}, {_clock(report['at'])}")
    state = "open" if report["open"] else "closed"
    typer.echo(f"{state}: {report['why']}")
    change = report["closes_at" if report["open"] else "opens_at"]
    if change is None:
        typer.echo("never closes" if report["open"] else "does not open again")
    else:
        typer.echo(f"{'closes' if report['open'] else 'opens'} {_clock(change)}")


@hours.command()
def close(
    on: Day,
    reason: Annotated[str, typer.Option(help="Why; whoever asks for the hours is told.")],
    line: Line = None,
    service: Service = None,
) -> None:
    """Close a line or a service on one day. A call that is under way is not cut."""
    place, day = _place(line, service), _day(on)
    if day < base.now().astimezone(LISBON).date():
        raise CommandError(f"{on!r} is past; give a day to come")
    if not reason.strip():
        raise CommandError("a closure says why: give a --reason")
    base.in_database(lambda conn: store.add_closure(conn, place, day, reason.strip()))
    typer.echo(f"{place} is closed on {day.isoformat()}: {reason.strip()}")


@hours.command()
def reopen(on: Day, line: Line = None, service: Service = None) -> None:
    """Take back a closure."""
    place, day = _place(line, service), _day(on)
    if not base.in_database(lambda conn: store.remove_closure(conn, place, day)):
        raise CommandError(
            f"nobody closed {place} on {day.isoformat()}; "
            "`stt-bridge hours closures` tells the days"
        )
    typer.echo(f"{place} keeps its hours on {day.isoformat()}")


@hours.command()
def closures(as_json: Json = False) -> None:
    """List the closures from today on."""
    today = base.now().astimezone(LISBON).date()

    def read(conn: Connection) -> list[dict[str, str]]:
        return [
            {"day": one.day.isoformat(), "place": place, "reason": one.reason}
            for place, one in store.closures_from(conn, today)
        ]

    found = base.in_database(read)
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(f"{one['day']}  {one['place']}: {one['reason']}")
    if not found:
        typer.echo("no closures")


def _directory() -> Directory:
    """The directory with the closures; without them where there is no database yet."""
    written = base.directory()
    try:
        return base.in_database(lambda conn: store.directory_with(conn, written))
    except DatabaseUnavailable as reason:
        typer.echo(f"note: closures by coordinators are not looked at. {reason}", err=True)
        return written


def _place(line: str | None, service: str | None) -> str:
    directory = base.directory()
    if line is not None and service is None:
        return directory.line(line).key
    if service is not None and line is None:
        return directory.service(service).key
    raise CommandError("name either a line or a service")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no day; write it as in 2026-12-24") from None


def _clock(text: object) -> str:
    return clock(datetime.fromisoformat(str(text)))
