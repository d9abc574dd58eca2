# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge operators`: the people whom "0" reaches, and when they are on duty."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.ivr.languages import load_languages
from bridge.operators import store
from bridge.operators.model import OperatorId
from bridge.telephony.gate import NotPermitted, permit

operators = typer.Typer(no_args_is_help=True, help='The people of the line: whom "0" reaches.')


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
    languages: Annotated[
        list[str] | None,
        typer.Argument(help="What they speak besides Portuguese, their best first; or nothing."),
    ] = None,
) -> None:
    """Enter an operator, off duty. Every operator speaks Portuguese; it need not be said."""
    shown = name.strip()
    if not shown:
        raise CommandError("an operator has a name by which coordinators know them; give it")
    known = load_languages()
    tags = [
        base.language(one, known).tag for one in languages or () if not base.is_home(one, known)
    ]
    try:
        dialled = permit(number).number
    except NotPermitted as error:
        raise CommandError(
            f"the operator's number cannot be rung: {error.why}; give a Portuguese one"
        ) from None

    def work(conn: Connection) -> OperatorId:
        if store.find_operator(conn, dialled) is not None:
            raise CommandError("that number is another operator's; give their own")
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


@operators.command()
def duty(
    operator: Annotated[int, base.row_argument("The operator's number in the list.")],
    state: Annotated[Duty, typer.Argument(help="on or off.")],
    until: Annotated[
        str | None, typer.Option(help="Lisbon time, or with an offset; else until changed.")
    ] = None,
) -> None:
    """Say whether an operator is on duty, and until when."""
    if until is not None and state is Duty.OFF:
        raise CommandError("off duty has no end; say `on` when they are back")
    end = None if until is None else base.moment(until, base.now(), to_come=True)

    def work(conn: Connection) -> None:
        try:
            store.set_duty(conn, OperatorId(operator), state is Duty.ON, until=end)
        except LookupError:
            raise CommandError(
                f"there is no operator {operator}; `stt-bridge operators list` tells their numbers"
            ) from None

    base.in_database(work)
    limit = "" if end is None else f" until {base.clock(end)}"
    typer.echo(f"operator {operator} is {state.value} duty{limit}")
