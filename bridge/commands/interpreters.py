# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge interpreters`: entering interpreters, what they speak, and when they may be rung."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from bridge.clock import SystemClock
from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.hours.directory import parse_days, parse_stretch
from bridge.hours.localtime import LISBON
from bridge.hours.model import BadHours, Window
from bridge.ivr.languages import Languages, load_languages
from bridge.ivr.presence import PIN_DIGITS
from bridge.roster import people_store, store, windows_store
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter
from bridge.roster.skills import BadLevel, Gender, Level, LevelScale, Subject, pair, split_pair
from bridge.telephony.gate import NotPermitted, permit
from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber

interpreters = typer.Typer(no_args_is_help=True, help="The people of the roster.")
windows = typer.Typer(no_args_is_help=True, help="When an interpreter may be rung, week by week.")

Skills = dict[LanguageTag, Level | None]
"""What somebody speaks, with what is proven of it."""
Who = Annotated[int, base.row_argument("The interpreter's number.")]
Spoken = Annotated[
    list[str],
    typer.Argument(
        help="Languages, as in uk:B or ru (nothing proven); ti/en: between these two, for a relay."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(interpreters, name="interpreters")
    interpreters.add_typer(windows, name="windows")


@interpreters.command()
def add(
    name: Annotated[str, typer.Argument(help="Their name; only coordinators see it.")],
    number: Annotated[str, typer.Argument(help="The telephone on which they are rung first.")],
    languages: Spoken,
    phone: Annotated[
        list[str] | None, typer.Option(help="A further telephone, tried after the first.")
    ] = None,
    gender: Annotated[Gender | None, typer.Option(help="As a caller may ask for it.")] = None,
    subject: Annotated[list[Subject] | None, typer.Option(help="Where they are at home.")] = None,
    vetted: Annotated[
        bool, typer.Option("--vetted", help="You have vetted them; nobody else is rung.")
    ] = False,
) -> None:
    """Enter an interpreter, who is off until they say, or you say, that they are available."""
    shown, skills = name.strip(), _skills(languages)
    if not shown:
        raise CommandError("an interpreter has a name by which coordinators know them; give it")
    phones = _phones([number, *(phone or ())])
    now = SystemClock().now()

    def work(conn: Connection) -> InterpreterId:
        _refuse_taken(conn, phones, None)
        who = store.add_interpreter(
            conn, shown, phones[0], skills, presence=Presence.OFF, vetted=vetted, joined_at=now
        )
        people_store.set_phones(conn, who, phones)
        _set_levels(conn, who, skills)
        people_store.set_gender(conn, who, gender)
        people_store.set_subjects(conn, who, subject or ())
        return who

    typer.echo(f"interpreter {base.in_database(work)} is entered, off")


@interpreters.command("list")
def list_interpreters(as_json: Json = False) -> None:
    """List the roster; telephone numbers are masked."""
    now, scale = SystemClock().now(), base.levels()

    def read(conn: Connection) -> tuple[list[Interpreter], frozenset[InterpreterId]]:
        people = people_store.load_people(conn, scale=scale)
        return sorted(people, key=lambda one: one.id), windows_store.keeping_windows(conn)

    found, keeping = base.in_database(read)
    rows = [
        {
            "interpreter": int(one.id),
            "languages": _told(one, scale),
            "phones": [phone.masked for phone in one.phones],
            "gender": None if one.gender is None else one.gender.value,
            "subjects": sorted(subject.value for subject in one.subjects),
            "presence": one.presence.at(now).value,
            "vetted": one.vetted,
            "keeps_windows": one.id in keeping,
        }
        for one in found
    ]
    if as_json:
        base.print_json(rows)
        return
    table = Table("interpreter", "languages", "telephones", "presence", "vetted", "windows")
    for row, one in zip(rows, found, strict=True):
        table.add_row(
            str(row["interpreter"]),
            " ".join(_told(one, scale)),
            " ".join(phone.masked for phone in one.phones),
            one.presence.at(now).value.replace("_", " "),
            "yes" if one.vetted else "no",
            "yes" if one.id in keeping else "no",
        )
    Console().print(table)


@interpreters.command("languages")
def set_languages(interpreter: Who, languages: Spoken) -> None:
    """Say what an interpreter speaks: this and nothing else."""
    who, skills = InterpreterId(interpreter), _skills(languages)

    def work(conn: Connection) -> None:
        _require(conn, who)
        store.set_languages(conn, who, skills)
        _set_levels(conn, who, skills)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} speaks {', '.join(map(_written, skills))}")


@interpreters.command("phones")
def set_phones(
    interpreter: Who,
    numbers: Annotated[list[str], typer.Argument(help="In the order in which they are tried.")],
) -> None:
    """Say at which telephones an interpreter is rung: at these and no others."""
    who, phones = InterpreterId(interpreter), _phones(numbers)

    def work(conn: Connection) -> None:
        _require(conn, who)
        _refuse_taken(conn, phones, who)
        people_store.set_phones(conn, who, phones)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} is rung at {len(phones)} telephone(s)")


@interpreters.command()
def vet(
    interpreter: Who,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They are rung no more.")] = False,
) -> None:
    """Say that you have vetted an interpreter: only then are they rung."""
    who = InterpreterId(interpreter)

    def work(conn: Connection) -> None:
        _require(conn, who)
        people_store.set_vetted(conn, who, not withdraw)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} is {'not vetted' if withdraw else 'vetted'}")


@interpreters.command()
def pin(interpreter: Who) -> None:
    """Draw a new PIN with which an interpreter rings the line. It is shown once and never again."""
    who = InterpreterId(interpreter)
    drawn = base.draw_pin(PIN_DIGITS)
    hashed = base.hasher().hash(people_store.pin_code(who), drawn)

    def work(conn: Connection) -> None:
        _require(conn, who)
        people_store.set_pin(conn, who, hashed)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} has the PIN {drawn}; tell it to nobody else")


# --- windows -------------------------------------------------------------------------------------


@windows.command("set")
def set_windows(
    interpreter: Who,
    stretches: Annotated[
        list[str],
        typer.Argument(help="As in 'Mon-Fri 09:00-13:00' 'Sat 22:00-06:00'; Lisbon time."),
    ],
    holidays: Annotated[
        bool, typer.Option("--on-holidays", help="On public holidays, too.")
    ] = False,
) -> None:
    """Say in which windows an interpreter may be rung from today on: in these and no others."""
    who, today = InterpreterId(interpreter), SystemClock().now().astimezone(LISBON).date()
    wanted = [_window(text, today, on_holidays=holidays) for text in stretches]

    def work(conn: Connection) -> None:
        _require(conn, who)
        former = _ended(windows_store.windows_of(conn, who), today)
        windows_store.set_windows(conn, who, [*former, *wanted])

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} may be rung in {len(wanted)} window(s) a week")


@windows.command()
def drop(interpreter: Who) -> None:
    """Keep no windows for an interpreter: what they say of themselves decides alone."""
    who = InterpreterId(interpreter)

    def work(conn: Connection) -> None:
        _require(conn, who)
        windows_store.drop_windows(conn, who)

    base.in_database(work)
    typer.echo(f"no windows are kept for interpreter {interpreter}; presence alone decides")


@windows.command()
def show(interpreter: Who, as_json: Json = False) -> None:
    """Show the windows of an interpreter that hold today or later."""
    who, today = InterpreterId(interpreter), SystemClock().now().astimezone(LISBON).date()

    def work(conn: Connection) -> list[Window]:
        _require(conn, who)
        found = windows_store.windows_of(conn, who)
        return [one for one in found if one.valid_until is None or one.valid_until >= today]

    found = base.in_database(work)
    rows = [
        {
            "days": [day.name.title()[:3] for day in sorted(one.weekdays)],
            "from": f"{one.opens:%H:%M}",
            "to": f"{one.closes:%H:%M}",
            "since": None if one.valid_from is None else one.valid_from.isoformat(),
            "until": None if one.valid_until is None else one.valid_until.isoformat(),
            "on_holidays": one.on_holidays,
        }
        for one in found
    ]
    if as_json:
        base.print_json(rows)
        return
    table = Table("days", "from", "to", "since", "until", "on holidays")
    for one in found:
        table.add_row(
            " ".join(day.name.title()[:3] for day in sorted(one.weekdays)),
            f"{one.opens:%H:%M}",
            f"{one.closes:%H:%M}",
            "" if one.valid_from is None else one.valid_from.isoformat(),
            "" if one.valid_until is None else one.valid_until.isoformat(),
            "yes" if one.on_holidays else "no",
        )
    Console().print(table)


# --- reading what was written --------------------------------------------------------------------


def _skills(texts: Sequence[str]) -> Skills:
    known, scale = load_languages(), base.levels()
    skills: Skills = {}
    for text in texts:
        spoken, colon, level = text.partition(":")
        try:
            skills[_tag(spoken, known)] = scale.parse(level) if colon else None
        except BadLevel as error:
            raise CommandError(f"{text!r}: {error}") from None
    return skills


def _tag(text: str, known: Languages) -> LanguageTag:
    one, slash, other = text.partition("/")
    if slash and not (base.is_home(one, known) or base.is_home(other, known)):
        both = base.language(one, known).tag, base.language(other, known).tag
        if both[0] == both[1]:
            raise CommandError(f"{text!r} is the same language twice; give two")
        return pair(*both)
    if slash or base.is_home(text, known):
        raise CommandError("everybody interprets to and from Portuguese; leave it out")
    return base.language(text, known).tag


def _written(tag: LanguageTag) -> str:
    both = split_pair(tag)
    return tag if both is None else "/".join(both)


def _told(one: Interpreter, scale: LevelScale) -> list[str]:
    return [
        f"{_written(language)}:{scale.shown(level)}"
        for language, level in sorted(one.skills.items())
    ]


def _phones(texts: Sequence[str]) -> list[PhoneNumber]:
    phones: list[PhoneNumber] = []
    for place, text in enumerate(texts, start=1):
        try:
            phones.append(permit(text).number)
        except NotPermitted as reason:
            raise CommandError(
                f"telephone {place} cannot be rung ({reason}); give a Portuguese number"
            ) from None
    if len(set(phones)) < len(phones):
        raise CommandError("the same telephone stands there twice; take one away")
    return phones


def _window(text: str, since: date, *, on_holidays: bool) -> Window:
    days, _, stretch = text.strip().rpartition(" ")
    try:
        opens, closes = parse_stretch(stretch)
        return Window(parse_days(days), opens, closes, valid_from=since, on_holidays=on_holidays)
    except BadHours as error:
        raise CommandError(str(error)) from None


def _ended(former: Iterable[Window], today: date) -> list[Window]:
    """What held until yesterday: the work that somebody is owed is counted from it."""
    yesterday = today - timedelta(days=1)
    begun = [one for one in former if one.valid_from is None or one.valid_from < today]
    return [
        one
        if one.valid_until is not None and one.valid_until < today
        else replace(one, valid_until=yesterday)
        for one in begun
    ]


def _refuse_taken(
    conn: Connection, phones: Sequence[PhoneNumber], by: InterpreterId | None
) -> None:
    for place, phone in enumerate(phones, start=1):
        if store.find_by_number(conn, phone) not in (None, by):
            raise CommandError(f"telephone {place} is another interpreter's; give their own")


def _set_levels(conn: Connection, who: InterpreterId, skills: Skills) -> None:
    for language, level in skills.items():
        people_store.set_level(conn, who, language, level)


def _require(conn: Connection, who: InterpreterId) -> None:
    if people_store.load_person(conn, who) is None:
        raise base.nobody(who)
