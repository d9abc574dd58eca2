# SPDX-License-Identifier: EUPL-1.2
"""What the commands share: the database for one piece of work, and reading what people write.

Whatever cannot be read is a `CommandError`: one sentence that names the remedy and never repeats
a telephone number or a person's name.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import unicodedata
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from bridge.agencies.model import Agency
from bridge.agencies.secrets import PinHasher
from bridge.agencies.store import find_agency
from bridge.clock import SystemClock
from bridge.hours.directory import Directory, load_directory, read_directory
from bridge.hours.localtime import LISBON
from bridge.hours.model import BadHours
from bridge.hours.report import read_moment
from bridge.languages.model import Language, Languages, load_languages
from bridge.roster.people import Interpreter
from bridge.roster.people_store import load_person
from bridge.roster.skills import BadLevel, LevelScale
from bridge.settings import Settings
from bridge.storage import migrate
from bridge.storage.engine import SqlDatabase
from bridge.vocabulary import InterpreterId, PhoneNumber

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
MOST_ROWS = 2**31 - 1
"""No row of any database that we can use has a larger number."""
_MOST_SUGGESTIONS = 5


def row_argument(help_text: str) -> Any:
    """The number of a row as an argument of a command; anything that cannot be one is refused."""
    return typer.Argument(min=1, max=MOST_ROWS, help=help_text)


def row_option(help_text: str) -> Any:
    """The number of a row as an option of a command, as `row_argument`."""
    return typer.Option(min=1, max=MOST_ROWS, help=help_text)


class CommandError(ValueError):
    """What was asked for cannot be done; the message names the remedy."""


def now() -> datetime:
    """The present moment in UTC, by the one clock that every command reads."""
    return SystemClock().now()


def levels() -> LevelScale:
    """The installation's scale of levels."""
    try:
        return LevelScale.of(Settings().levels.split(","))
    except BadLevel as error:
        raise CommandError(f"STT_LEVELS: {error}") from None


def hasher() -> PinHasher:
    """What hashes PINs, with the installation's pepper. Raises `ValueError` for one too short."""
    return PinHasher(Settings().pepper.get_secret_value())


def draw_pin(digits: int) -> str:
    """A PIN that nobody can guess, drawn from all there are of so many digits."""
    return f"{secrets.randbelow(10**digits):0{digits}}"


def with_database(work: Callable[[SqlDatabase], Coroutine[Any, Any, T]]) -> T:
    """Open the configured database for one piece of work."""

    async def opened() -> T:
        found = SqlDatabase(Settings().database_url)
        try:
            return await work(found)
        finally:
            await found.dispose()

    return asyncio.run(opened())


def in_database(work: Callable[[Connection], T]) -> T:
    """Do one unit of work on the configured database, whose tables must be this program's."""

    def checked(conn: Connection) -> T:
        migrate.require_head(conn)
        return work(conn)

    return with_database(lambda found: found.run(checked))


def print_json(data: object) -> None:
    """Print data as JSON, indented."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def table(heads: Sequence[str], *groups: Iterable[Sequence[str]]) -> Table:
    """A table with these heads and rows, a rule between the groups of rows.

    What people wrote stands in it as they wrote it: nothing in a cell is markup.
    """
    made = Table(*heads)
    for rows in groups:
        for row in rows:
            made.add_row(*map(Text, row))
        made.add_section()
    return made


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a `table` of one group of rows."""
    Console().print(table(heads, rows))


def printed(number: PhoneNumber) -> str:
    """A number as Portugal prints it, in threes; one of another country in full."""
    digits = number.e164.removeprefix("+351")
    if digits == number.e164:
        return digits
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


# --- reading -------------------------------------------------------------------------------------


def moment(text: str, now: datetime, *, to_come: bool = False) -> datetime:
    """A moment in UTC: Lisbon time unless the text has an offset. Raises `ValueError`.

    With `to_come`, one that is past is refused.
    """
    found = read_moment(text)
    if to_come and found <= now:
        raise CommandError(f"{text!r} is past; give a time to come")
    return found


def local(at: datetime) -> str:
    """A moment as it is shown in JSON: ISO 8601 in Lisbon time with its offset."""
    return at.astimezone(LISBON).isoformat()


def clock(at: datetime) -> str:
    """A moment as it is shown in tables: Lisbon time to the minute."""
    return at.astimezone(LISBON).strftime("%a %Y-%m-%d %H:%M")


def language(text: str, known: Languages | None = None) -> Language:
    """A language by its tag, its code, or its name in Portuguese, English or itself.

    Capitals and accents don't matter, and the beginning of a name is enough where it is the
    beginning of one only. Raises `CommandError`.
    """
    languages = load_languages() if known is None else known
    asked = plain(text)
    for one in languages:
        if asked in (one.tag.lower(), one.code, *map(plain, (one.own, one.pt, one.en))):
            return one
    begin = [
        one
        for one in languages
        if asked and any(plain(name).startswith(asked) for name in (one.own, one.pt, one.en))
    ]
    if len(begin) == 1:
        return begin[0]
    if not begin:
        raise CommandError(f"{text!r} is no language; `stt-bridge languages list` tells them all")
    more = ", …" if len(begin) > _MOST_SUGGESTIONS else ""
    names = ", ".join(f"{one.tag} ({one.en})" for one in begin[:_MOST_SUGGESTIONS])
    raise CommandError(f"several languages begin with {text!r}: use one of {names}{more}")


def is_home(text: str, known: Languages) -> bool:
    """Whether this is the tag or a name of the service's own language, which has no code."""
    home = known.home
    return plain(text) in {home.tag, *map(plain, (home.own, home.pt, home.en))}


def directory() -> Directory:
    """The lines and services of this installation, as its file has them. Raises `CommandError`."""
    path = Settings().directory
    try:
        return load_directory() if path is None else read_directory(path)
    except BadHours as error:
        raise CommandError(f"STT_DIRECTORY: {error}") from None


def agency(conn: Connection, code: str) -> Agency:
    """The agency with this code. Raises `CommandError`."""
    found = find_agency(conn, code.strip())
    if found is None:
        raise CommandError(f"no agency has the code {code!r}; check it and try again")
    return found


def nobody(who: InterpreterId) -> CommandError:
    """What to raise when there is no interpreter with this id."""
    return CommandError(
        f"there is no interpreter {int(who)}; `stt-bridge interpreters list` tells their numbers"
    )


def person(conn: Connection, who: InterpreterId) -> Interpreter:
    """The interpreter with this id, levels as the installation has them. Raises `CommandError`."""
    found = load_person(conn, who, scale=levels())
    if found is None:
        raise nobody(who)
    return found


def plain(text: str) -> str:
    """Text without capitals, accents and surplus space, to compare by."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in split if not unicodedata.combining(c)).split())
