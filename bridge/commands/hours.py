# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge hours`: is a line or a service open?"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from bridge.clock import SystemClock
from bridge.commands.base import Json, clock, print_json
from bridge.hours.directory import load_directory
from bridge.hours.report import hours_report


def add_to(app: typer.Typer) -> None:
    """Offer the command."""
    app.command()(hours)


def hours(
    line: Annotated[
        str | None, typer.Option(help="A line, by its key or any of its numbers.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="A service, by its key or name.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Lisbon time, or ISO 8601 with an offset; else now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell whether a line or a service is open, why, and until or from when."""
    report = hours_report(load_directory(), at or SystemClock().now(), line=line, service=service)
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


def _clock(text: object) -> str:
    return clock(datetime.fromisoformat(str(text)))
