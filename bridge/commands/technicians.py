# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge technicians`: the people of the agencies, who call with a code and a PIN."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from bridge.agencies import store
from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.ivr.technician_identity import PIN_DIGITS
from bridge.vocabulary import TechnicianId

technicians = typer.Typer(no_args_is_help=True, help="The people of the agencies.")

Code = Annotated[str, typer.Argument(help="The agency's code.")]
_MOST_DRAWS = 100
"""Of a PIN that nobody else of the agency has: a million PINs and a few people need one or two."""


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(technicians, name="technicians")


@technicians.command()
def add(
    code: Code, name: Annotated[str, typer.Argument(help="Their name; coordinators see it.")]
) -> None:
    """Enter a technician and draw their PIN. It is shown once and never again."""
    shown, hasher = name.strip(), base.hasher()
    if not shown:
        raise CommandError("a technician has a name by which coordinators know them; give it")
    drawn = [(pin, hasher.lookup(code.strip(), pin)) for pin in _pins()]
    free = base.in_database(
        lambda conn: next(
            (
                (base.agency(conn, code), pin, lookup)
                for pin, lookup in drawn
                if store.find_credential(conn, lookup) is None
            ),
            None,
        )
    )
    if free is None:
        raise CommandError(f"agency {code} has too many people for one code; give it a second one")
    agency, pin, lookup = free
    hashed = hasher.hash(agency.code, pin)  # slow, so outside of any transaction

    def work(conn: Connection) -> TechnicianId:
        return store.add_technician(conn, agency, shown, pin_lookup=lookup, pin_hash=hashed).id

    new = base.in_database(work)
    typer.echo(
        f"technician {new} of agency {agency.code} has the PIN {pin}; tell it to nobody else"
    )


@technicians.command("list")
def list_technicians(code: Code, as_json: Json = False) -> None:
    """List the technicians of an agency."""
    found = base.in_database(lambda conn: store.technicians_of(conn, base.agency(conn, code)))
    if as_json:
        base.print_json([{"technician": int(one.id), "name": one.name} for one in found])
        return
    table = Table("technician", "name")
    for one in found:
        table.add_row(str(int(one.id)), one.name)
    Console().print(table)


def _pins() -> list[str]:
    return [base.draw_pin(PIN_DIGITS) for _ in range(_MOST_DRAWS)]
