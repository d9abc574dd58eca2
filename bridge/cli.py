# SPDX-License-Identifier: EUPL-1.2
"""The `stt-bridge` command."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from sqlalchemy import Connection

from bridge import bootstrap, logs
from bridge.agencies.secrets import PinHasher
from bridge.calllog import store as calllog
from bridge.calllog.model import StoredEvent
from bridge.calllog.timeline import timeline
from bridge.clock import SystemClock
from bridge.commands import (
    agencies,
    asterisk,
    bookings,
    bookings_changed,
    hours,
    interpreters,
    interpreters_hours,
    interpreters_shown,
    languages,
    operators,
    people,
    prompts,
    technicians,
    who,
)
from bridge.commands.base import Json, print_table, with_database
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import NoSuchPrompt
from bridge.prompts.render import RenderingFailed
from bridge.prompts.soundfiles import PromptsMissing
from bridge.roster.seed import seed
from bridge.settings import Settings
from bridge.storage import migrate
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.asterisk.config import BadPlan
from bridge.telephony.asterisk.version import UnsupportedAsterisk
from bridge.telephony.switch import SwitchError
from bridge.vocabulary import JobNumber

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
database = typer.Typer(no_args_is_help=True, help="The database's tables and demo content.")
app.add_typer(database, name="database")
for feature in (
    *(prompts, asterisk, who, hours, bookings, bookings_changed, people, languages),
    *(agencies, technicians, operators),
    *(interpreters, interpreters_shown, interpreters_hours),
):
    feature.add_to(app)

EXPECTED_ERRORS = (
    bootstrap.BadSettings,
    PromptsMissing,
    RenderingFailed,
    DatabaseUnavailable,
    SwitchError,
    UnsupportedAsterisk,
    BadPlan,
    NoSuchPrompt,
    ValueError,
)
"""What a person can mend: shown as one line, without a traceback."""


class LogLevel(StrEnum):
    """How much is logged, the most first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def main() -> None:
    """Run the command; an error that a person can mend is one line and exit code 1."""
    try:
        app()
    except ValidationError as error:
        first = error.errors()[0]
        name = "STT_" + "__".join(str(part) for part in first["loc"]).upper()
        _fail(f"{name}: {first['msg']}; correct it in the environment or in .env")
    except EXPECTED_ERRORS as error:
        _fail(str(error))
    except OverflowError:
        _fail("a number or a date is too large for the database; give a smaller one")


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    raise SystemExit(1)


@app.command()
def serve(
    json_log: Annotated[bool, typer.Option("--json-log", help="Log as JSON lines.")] = False,
    log_level: Annotated[
        LogLevel, typer.Option(case_sensitive=False, help="Nothing below it is logged.")
    ] = LogLevel.INFO,
) -> None:
    """Take calls until stopped. Rooms that are open when it stops go on."""
    logs.configure(json=json_log, level=log_level.value)
    asyncio.run(bootstrap.serve(Settings()))


@app.command()
def log(
    job: Annotated[str, typer.Option("--job", help="The job number, seven digits.")],
    as_json: Json = False,
) -> None:
    """Show the timeline of one call."""
    number = JobNumber.parse(job)

    def read(conn: Connection) -> list[StoredEvent]:
        migrate.require_head(conn)
        call = calllog.call_of_job(conn, number)
        return [] if call is None else calllog.events_of(conn, call)

    events = with_database(lambda found: found.run(read))
    if not events:
        _fail(f"there is no call with the job number {number}; check it and try again")
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in events], indent=2))
        return
    for line in timeline(events):
        typer.echo(line)


def _plain(stored: StoredEvent) -> dict[str, Any]:
    event = stored.event
    return {
        "seq": stored.seq,
        "at": event.at.isoformat(),
        "kind": event.kind.value,
        "leg": event.leg,
        "data": dict(event.data),
    }


@database.command("upgrade")
def database_upgrade() -> None:
    """Bring the tables to what this version needs; makes them when there are none."""
    migrate.upgrade(Settings().database_url)
    typer.echo("the database is up to date")


@database.command("seed")
def database_seed() -> None:
    """Write the fictional demo roster: 104 interpreters, agencies, technicians."""
    hasher = PinHasher(Settings().pepper.get_secret_value())
    tags = [language.tag for language in load_languages()]
    at = SystemClock().now()
    credentials = with_database(lambda found: found.run(lambda conn: seed(conn, tags, hasher, at)))
    print_table(
        ("agency", "kind", "agency code", "technician", "PIN"),
        [(one.agency, one.kind.value, one.code, one.technician, one.pin) for one in credentials],
    )


if __name__ == "__main__":
    main()
