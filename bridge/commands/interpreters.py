# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge interpreters`: entering interpreters and saying what they speak and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bridge.agencies.store import load_agency
from bridge.bookings.model import LIVE
from bridge.bookings.store import bookings_between
from bridge.commands import base
from bridge.commands.base import CommandError
from bridge.commands.bookings import MOST_DAYS
from bridge.ivr.presence import PIN_DIGITS
from bridge.languages.model import Languages, load_languages
from bridge.roster import lists_store, people_store, removal_store, store
from bridge.roster.model import Presence
from bridge.roster.skills import BadLevel, Gender, Level, Subject, pair, split_pair
from bridge.telephony.gate import NotPermitted, permit
from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber

interpreters = typer.Typer(no_args_is_help=True, help="The people of the roster.")

_MINUTES_A_DAY = 24 * 60
_SECONDS_A_DAY = _MINUTES_A_DAY * 60
_MOST_OFFERS = 1000
"""Within an hour, or in a row; a limit above it would be none."""
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
        raise _nameless()
    phones = _phones([number, *(phone or ())])
    now = base.now()

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


@interpreters.command("languages")
def set_languages(interpreter: Who, languages: Spoken) -> None:
    """Say what an interpreter speaks: this and nothing else."""
    who, skills = InterpreterId(interpreter), _skills(languages)

    def work(conn: Connection) -> None:
        base.person(conn, who)
        store.set_languages(conn, who, skills)
        _set_levels(conn, who, skills)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} speaks {', '.join(map(written, skills))}")


@interpreters.command("phones")
def set_phones(
    interpreter: Who,
    numbers: Annotated[list[str], typer.Argument(help="In the order in which they are tried.")],
) -> None:
    """Say at which telephones an interpreter is rung: at these and no others."""
    who, phones = InterpreterId(interpreter), _phones(numbers)

    def work(conn: Connection) -> None:
        base.person(conn, who)
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
        base.person(conn, who)
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
        base.person(conn, who)
        people_store.set_pin(conn, who, hashed)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} has the PIN {drawn}; tell it to nobody else")


@interpreters.command()
def remove(interpreter: Who) -> None:
    """Forget an interpreter: name, telephones, PIN, notes, hours and lists. Nobody rings them.

    Their calls stay in the log, under their number.
    """
    who, now = InterpreterId(interpreter), base.now()

    def work(conn: Connection) -> None:
        base.person(conn, who)
        if who in store.reserved(conn):
            raise CommandError(
                f"interpreter {interpreter} is in a call or being rung; remove them when it is over"
            )
        booked = bookings_between(
            conn, now - timedelta(days=1), now + timedelta(days=MOST_DAYS), LIVE
        )
        if any(who in one.coming for one in booked):
            raise CommandError(
                f"a call is booked with interpreter {interpreter}; `stt-bridge bookings` lists it, "
                "cancel it first"
            )
        for of in removal_store.alone_sent(lists_store.load_lists(conn, now), who):
            mine = None if of is None else load_agency(conn, of)
            option = "" if mine is None else f" --agency {mine.code}"
            raise CommandError(
                f"nobody but interpreter {interpreter} is sent to "
                f"{'any agency' if mine is None else f'agency {mine.code}'}, and without them "
                f"everybody would be; take them off with `stt-bridge list remove only "
                f"{interpreter}{option}`, or put others on that list, first"
            )
        removal_store.remove_interpreter(conn, who)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} is removed")


@interpreters.command("set")
def set_details(
    interpreter: Who,
    name: Annotated[str | None, typer.Option(help="Put right how they are called.")] = None,
    gender: Annotated[Gender | None, typer.Option(help="As a caller may ask for it.")] = None,
    no_gender: Annotated[bool, typer.Option("--no-gender", help="It is not said.")] = False,
    subject: Annotated[
        list[Subject] | None, typer.Option(help="Where they are at home: in these alone.")
    ] = None,
    no_subjects: Annotated[bool, typer.Option("--no-subjects", help="In none.")] = False,
    notes: Annotated[
        str | None, typer.Option(help="What only coordinators see, instead of what stood there.")
    ] = None,
) -> None:
    """Say who an interpreter is: what is not named stays as it was."""
    who, shown = InterpreterId(interpreter), None if name is None else name.strip()
    if shown == "":
        raise _nameless()
    if gender is not None and no_gender:
        raise CommandError("a gender and none is not possible; leave one of the two out")
    if subject and no_subjects:
        raise CommandError("subjects and none is not possible; leave one of the two out")
    asked = (shown is not None, gender or no_gender, subject or no_subjects, notes is not None)
    if not any(asked):
        raise CommandError("say what changes: --name, --gender, --subject or --notes")

    def work(conn: Connection) -> None:
        base.person(conn, who)
        if shown is not None:
            people_store.set_name(conn, who, shown)
        if gender is not None or no_gender:
            people_store.set_gender(conn, who, gender)
        if subject or no_subjects:
            people_store.set_subjects(conn, who, subject or ())
        if notes is not None:
            people_store.set_notes(conn, who, notes.strip())

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} is changed")


@interpreters.command("limits")
def set_limits(
    interpreter: Who,
    wrap_up: Annotated[
        int | None,
        typer.Option(min=0, max=_SECONDS_A_DAY, help="Seconds of pause after each call."),
    ] = None,
    wrap_up_hard: Annotated[
        int | None,
        typer.Option(min=0, max=_SECONDS_A_DAY, help="Seconds after a call flagged hard."),
    ] = None,
    consecutive: Annotated[
        int | None, typer.Option(min=1, max=_MINUTES_A_DAY, help="Minutes in calls before a rest.")
    ] = None,
    rest: Annotated[
        int | None, typer.Option(min=0, max=_MINUTES_A_DAY, help="Minutes that a rest lasts.")
    ] = None,
    daily: Annotated[
        int | None, typer.Option(min=1, max=_MINUTES_A_DAY, help="Minutes in calls a day.")
    ] = None,
    offers_an_hour: Annotated[
        int | None, typer.Option(min=1, max=_MOST_OFFERS, help="Rings within sixty minutes.")
    ] = None,
    unanswered: Annotated[
        int | None,
        typer.Option(min=1, max=_MOST_OFFERS, help="Unanswered in a row: not answering."),
    ] = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="None of their own: as for everybody.")
    ] = False,
) -> None:
    """Say what protects an interpreter from too much: what is not named stays as it was."""
    who = InterpreterId(interpreter)
    asked: dict[str, Any] = {
        "wrap_up": None if wrap_up is None else timedelta(seconds=wrap_up),
        "wrap_up_hard": None if wrap_up_hard is None else timedelta(seconds=wrap_up_hard),
        "consecutive_minutes": consecutive,
        "rest": None if rest is None else timedelta(minutes=rest),
        "daily_minutes": daily,
        "offers_an_hour": offers_an_hour,
        "unanswered_in_a_row": unanswered,
    }
    given = {field: value for field, value in asked.items() if value is not None}
    if usual == bool(given):
        raise CommandError(
            "give either --usual or the limits that differ; `stt-bridge interpreters limits "
            "--help` names them"
        )

    def work(conn: Connection) -> None:
        mine = base.person(conn, who).limits
        people_store.set_limits(conn, who, None if usual else replace(mine, **given))

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} has {'the usual limits' if usual else 'these limits'}")


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


def written(tag: LanguageTag) -> str:
    """A language as it is entered; of a relay, both with a stroke between them."""
    both = split_pair(tag)
    return tag if both is None else "/".join(both)


def _phones(texts: Sequence[str]) -> list[PhoneNumber]:
    phones: list[PhoneNumber] = []
    for place, text in enumerate(texts, start=1):
        try:
            phones.append(permit(text).number)
        except NotPermitted as error:
            raise CommandError(
                f"telephone {place} cannot be rung: {error.why}; give a Portuguese number"
            ) from None
    if len(set(phones)) < len(phones):
        raise CommandError("the same telephone stands there twice; take one away")
    return phones


def _nameless() -> CommandError:
    return CommandError("an interpreter has a name by which coordinators know them; give it")


def _refuse_taken(
    conn: Connection, phones: Sequence[PhoneNumber], by: InterpreterId | None
) -> None:
    for place, phone in enumerate(phones, start=1):
        if store.find_by_number(conn, phone) not in (None, by):
            raise CommandError(f"telephone {place} is another interpreter's; give their own")


def _set_levels(conn: Connection, who: InterpreterId, skills: Skills) -> None:
    for language, level in skills.items():
        people_store.set_level(conn, who, language, level)
