# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge technicians`: the people of the agencies, who call with a code and a PIN."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.agencies import store
from bridge.agencies.model import Agency
from bridge.agencies.secrets import PinHasher
from bridge.bookings.model import LIVE, BookingState
from bridge.bookings.store import bookings_between
from bridge.calllog.store import is_identified_in_open_call
from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.commands.bookings import MOST_DAYS
from bridge.conference.store import is_asked_for_by
from bridge.ivr.technician.identity import PIN_DIGITS
from bridge.vocabulary import TechnicianId

technicians = typer.Typer(no_args_is_help=True, help="The people of the agencies.")

Code = Annotated[str, typer.Argument(help="The agency's code.")]
Who = Annotated[int, base.row_argument("The technician's number in the list.")]
_MOST_DRAWS = 100
"""Of a PIN that nobody else of the agency has: a million PINs and a few people need one or two."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A PIN that nobody else of the agency has, and what is kept of it."""

    agency: Agency
    pin: str = field(repr=False)
    lookup: str = field(repr=False)
    hashed: str = field(repr=False)


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
    drawn = _draw(code, hasher)

    def work(conn: Connection) -> TechnicianId:
        return store.add_technician(
            conn, drawn.agency, shown, pin_lookup=drawn.lookup, pin_hash=drawn.hashed
        ).id

    _tell(base.in_database(work), drawn)


@technicians.command()
def pin(code: Code, technician: Who) -> None:
    """Draw a new PIN for a technician; the former one is void. It is shown once."""
    which, hasher = TechnicianId(technician), base.hasher()
    drawn = _draw(code, hasher)

    def work(conn: Connection) -> None:
        try:
            store.set_technician_pin(
                conn, drawn.agency, which, pin_lookup=drawn.lookup, pin_hash=drawn.hashed
            )
        except LookupError:
            raise _nobody(code, which) from None

    base.in_database(work)
    _tell(which, drawn)


@technicians.command()
def remove(code: Code, technician: Who) -> None:
    """Forget a technician's name and PIN: with it nobody calls any more.

    Not while they are in a call, or wait to be rung for one. Their calls stay in the log, under
    their number.
    """
    which, now = TechnicianId(technician), base.now()

    def work(conn: Connection) -> None:
        mine = base.agency(conn, code)
        try:
            # First, for it holds the row: a request made at this moment is waited for, and seen.
            store.remove_technician(conn, mine, which)
        except LookupError:
            raise _nobody(code, which) from None
        booked = [
            one
            for one in bookings_between(
                conn, now - timedelta(days=1), now + timedelta(days=MOST_DAYS), LIVE
            )
            if one.technician == which
        ]
        if (
            is_asked_for_by(conn, which)
            or is_identified_in_open_call(conn, which)
            or any(one.state is BookingState.DIALLING for one in booked)
        ):
            raise CommandError(
                f"technician {technician} is in a call or to be rung for one; remove them when it "
                "is over"
            )
        if booked:
            raise CommandError(
                f"a call is booked for technician {technician}; `stt-bridge bookings` lists it, "
                "cancel it first"
            )

    base.in_database(work)
    typer.echo(f"technician {technician} of agency {code} is removed")


@technicians.command("list")
def list_technicians(code: Code, as_json: Json = False) -> None:
    """List the technicians of an agency."""
    found = base.in_database(lambda conn: store.technicians_of(conn, base.agency(conn, code)))
    if as_json:
        base.print_json([{"technician": int(one.id), "name": one.name} for one in found])
        return
    base.print_table(("technician", "name"), [(str(int(one.id)), one.name) for one in found])


def _draw(code: str, hasher: PinHasher) -> _Drawn:
    """Raises `CommandError` for a code that no agency has."""
    tries = [(pin, hasher.lookup(code.strip(), pin)) for pin in _pins()]
    free = base.in_database(
        lambda conn: next(
            (
                (base.agency(conn, code), pin, lookup)
                for pin, lookup in tries
                if store.find_credential(conn, lookup) is None
            ),
            None,
        )
    )
    if free is None:
        raise CommandError(f"agency {code} has too many people for one code; give it a second one")
    agency, pin, lookup = free
    # Hashing is slow, so it is done outside of any transaction.
    return _Drawn(agency, pin, lookup, hasher.hash(agency.code, pin))


def _tell(which: TechnicianId, drawn: _Drawn) -> None:
    typer.echo(
        f"technician {int(which)} of agency {drawn.agency.code} has the PIN {drawn.pin}; "
        "tell it to nobody else"
    )


def _nobody(code: str, which: TechnicianId) -> CommandError:
    return CommandError(
        f"agency {code} has no technician {int(which)}; `stt-bridge technicians list` tells "
        "their numbers"
    )


def _pins() -> list[str]:
    return [base.draw_pin(PIN_DIGITS) for _ in range(_MOST_DRAWS)]
