# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge operators`: the people whom "0" reaches, and when they are on duty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.conference.store import is_led_from
from bridge.languages.model import load_languages
from bridge.operators import store
from bridge.operators.model import OperatorId
from bridge.telephony.gate import NotPermitted, permit
from bridge.vocabulary import LanguageTag, PhoneNumber

operators = typer.Typer(no_args_is_help=True, help='The people of the line: whom "0" reaches.')

Who = Annotated[int, base.row_argument("The operator's number in the list.")]
Spoken = Annotated[
    list[str] | None,
    typer.Argument(help="What they speak besides Portuguese, their best first; or nothing."),
]
_RINGING = timedelta(minutes=1)
"""So long after somebody was chosen they may yet be rung: the caller first hears that they are."""


class Duty(StrEnum):
    """What is said of an operator."""

    ON = "on"
    OFF = "off"


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(operators, name="operators")


@operators.command()
def add(
    name: Annotated[str, typer.Argument(help="Their name; only coordinators see it.")],
    number: Annotated[str, typer.Argument(help="The telephone on which they are rung.")],
    languages: Spoken = None,
) -> None:
    """Enter an operator, off duty. Every operator speaks Portuguese; it need not be said."""
    shown, tags, dialled = _name(name), _languages(languages), _number(number)

    def work(conn: Connection) -> OperatorId:
        _refuse_taken(conn, dialled, None)
        return store.add(conn, shown, dialled, tags)

    typer.echo(f"operator {base.in_database(work)} is entered, off duty")


@operators.command("list")
def list_operators(as_json: Json = False) -> None:
    """List the operators, the longest idle first; their numbers are masked."""
    now = base.now()
    found = base.in_database(store.load_operators)
    if as_json:
        base.print_json(
            [
                {
                    "operator": int(one.id),
                    "name": one.name,
                    "number": one.number.masked,
                    "languages": list(one.languages),
                    "on_duty": one.on_duty_at(now),
                    "until": None if one.duty_until is None else base.local(one.duty_until),
                }
                for one in found
            ]
        )
        return
    base.print_table(
        ("operator", "name", "number", "languages", "on duty", "until"),
        [
            (
                str(int(one.id)),
                one.name,
                one.number.masked,
                " ".join(one.languages),
                "yes" if one.on_duty_at(now) else "no",
                base.clock(one.duty_until) if one.on_duty_at(now) and one.duty_until else "",
            )
            for one in found
        ],
    )


@operators.command("set")
def set_details(
    operator: Who,
    name: Annotated[str | None, typer.Option(help="Put right how they are called.")] = None,
    number: Annotated[
        str | None, typer.Option(help="The telephone on which they are rung from now on.")
    ] = None,
) -> None:
    """Say who an operator is and where they are rung: what is not named stays as it was."""
    who = OperatorId(operator)
    if name is None and number is None:
        raise CommandError("say what changes: --name or --number")
    shown = None if name is None else _name(name)
    dialled = None if number is None else _number(number)

    def work(conn: Connection) -> None:
        if shown is not None:
            store.set_name(conn, who, shown)
        if dialled is not None:
            _refuse_taken(conn, dialled, who)
            store.set_number(conn, who, dialled)

    _change(who, work)
    typer.echo(f"operator {operator} is changed")


@operators.command("languages")
def set_languages(operator: Who, languages: Spoken = None) -> None:
    """Say what an operator speaks besides Portuguese: this and nothing else."""
    who, tags = OperatorId(operator), _languages(languages)
    _change(who, lambda conn: store.set_languages(conn, who, tags))
    typer.echo(f"operator {operator} speaks {', '.join(('Portuguese', *tags))}")


@operators.command()
def remove(operator: Who) -> None:
    """Forget an operator: name, telephone and languages. Nobody rings them; no call is cut.

    Not while they are rung, or lead a migrant's call, which rings them again if they are cut off.
    Whoever was only put through, or called into a room, talks on.
    """
    who, now = OperatorId(operator), base.now()

    def work(conn: Connection) -> None:
        # First, for it holds the row: who chooses them at this moment is waited for, and seen.
        store.set_duty(conn, who, False)
        telephone = store.load_operator(conn, who).number
        if is_led_from(conn, telephone) or store.was_rung_since(conn, who, now - _RINGING):
            raise CommandError(
                f"operator {operator} is in a call or being rung; say `stt-bridge operators duty "
                f"{operator} off`, and remove them when it is over"
            )
        store.remove(conn, who)

    _change(who, work)
    typer.echo(f"operator {operator} is removed")


@operators.command()
def duty(
    operator: Who,
    state: Annotated[Duty, typer.Argument(help="on or off.")],
    until: Annotated[
        str | None, typer.Option(help="Lisbon time, or with an offset; else until changed.")
    ] = None,
) -> None:
    """Say whether an operator is on duty, and until when."""
    if until is not None and state is Duty.OFF:
        raise CommandError("off duty has no end; say `on` when they are back")
    end = None if until is None else base.moment(until, base.now(), to_come=True)
    who = OperatorId(operator)
    _change(who, lambda conn: store.set_duty(conn, who, state is Duty.ON, until=end))
    limit = "" if end is None else f" until {base.clock(end)}"
    typer.echo(f"operator {operator} is {state.value} duty{limit}")


# --- inside --------------------------------------------------------------------------------------


def _change(who: OperatorId, work: Callable[[Connection], None]) -> None:
    """Do one unit of work that raises `LookupError` when there is no such operator."""

    def found(conn: Connection) -> None:
        try:
            work(conn)
        except LookupError:
            raise CommandError(
                f"there is no operator {int(who)}; `stt-bridge operators list` tells their numbers"
            ) from None

    base.in_database(found)


def _name(text: str) -> str:
    shown = text.strip()
    if not shown:
        raise CommandError("an operator has a name by which coordinators know them; give it")
    return shown


def _languages(texts: Sequence[str] | None) -> list[LanguageTag]:
    known = load_languages()
    asked = [one for one in texts or () if not base.is_home(one, known)]
    return list(dict.fromkeys(base.language(one, known).tag for one in asked))


def _number(text: str) -> PhoneNumber:
    try:
        return permit(text).number
    except NotPermitted as error:
        raise CommandError(
            f"the operator's number cannot be rung: {error.why}; give a Portuguese one"
        ) from None


def _refuse_taken(conn: Connection, number: PhoneNumber, by: OperatorId | None) -> None:
    other = store.find_operator(conn, number)
    if other is not None and other.id != by:
        raise CommandError("that number is another operator's; give their own")
