# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge bookings show` and `change`: one booked call, and how its migrant comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bridge.agencies.model import Agency, FieldName
from bridge.agencies.store import load_agency
from bridge.bookings import changes_store, store
from bridge.bookings.model import Booking, BookingChange, BookingId, MigrantPlace
from bridge.commands import base
from bridge.commands import bookings_asked as asked
from bridge.commands import bookings_shown as shown
from bridge.commands.base import CommandError, Json
from bridge.commands.bookings import bookings

Which = Annotated[int, base.row_argument("The number of the booking.")]


def add_to(_app: typer.Typer) -> None:
    """Offer the commands."""
    bookings.command()(show)
    bookings.command()(change)


def show(
    booking: Which,
    reveal: Annotated[
        bool,
        typer.Option("--reveal", help="The code to dial in with, and what was keyed, too."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show all that is known of a booked call. Telephone numbers are masked.

    The code and what was keyed for the agency are told only with --reveal, and forgotten when the
    call is over.
    """
    ours = asked.number_to_ring(base.directory()) if reveal else None

    def read(conn: Connection) -> dict[str, Any]:
        one = _booking(conn, booking)
        mine = load_agency(conn, one.agency)
        found = {
            **shown.data(one, "" if mine is None else mine.code),
            "fields_lacking": [] if mine is None else _lacking(mine, one.fields),
            "changes": [
                {"at": base.local(made.at), **made.data}
                for made in changes_store.changes_of(conn, one.id)
            ],
        }
        if reveal:
            found["dial_in"] = shown.dial_in(one, ours)
            found["keyed"] = {name.value: keyed for name, keyed in one.fields.items()}
        return found

    found = base.in_database(read)
    if as_json:
        base.print_json(found)
        return
    for line in shown.lines(found, ours):
        typer.echo(line)


def change(
    booking: Which,
    migrant: Annotated[
        str | None, typer.Option(help="The migrant is rung, at this telephone.")
    ] = None,
    dial_in: Annotated[
        bool,
        typer.Option("--dial-in", help="The migrant rings us, with a code: theirs, or a new one."),
    ] = False,
    beside: Annotated[
        bool, typer.Option("--beside", help="The migrant sits beside the technician.")
    ] = False,
    voicemail: Annotated[
        bool | None,
        typer.Option(
            "--voicemail/--no-voicemail", help="Whether the migrant's voicemail gets a message."
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="What the agency wants with each call, as in process_number=12345."),
    ] = None,
    no_field: Annotated[
        list[str] | None, typer.Option(help="Take such a field away, as in process_number.")
    ] = None,
) -> None:
    """Change how a booked call's migrant comes, and what was keyed, until its hour has come.

    What is not named stays as it was.
    """
    now = base.now()
    place = _place(migrant, dial_in=dial_in, beside=beside)
    keyed, without = asked.read_fields(field or ()), asked.read_names(no_field or ())
    _refuse_contradictions(place, voicemail, keyed, without)
    ours = asked.number_to_ring(base.directory()) if dial_in else None

    def work(conn: Connection) -> Booking:
        one = _booking(conn, booking)
        mine = load_agency(conn, one.agency)
        if mine is None:
            raise CommandError("the booking's agency is missing; cancel the booking")
        asked.refuse_unwanted(keyed, mine)
        for name in without - one.fields.keys():
            raise CommandError(
                f"booking {booking} has no {name.value}; `stt-bridge bookings show {booking}` "
                "tells what it has"
            )
        if voicemail and place is None and one.migrant_number is None:
            raise asked.no_voicemail()
        wanted = BookingChange(
            migrant=place,
            number=None if migrant is None else asked.migrants_number(migrant, mine),
            # Who has been told one already need not learn another.
            code=(one.dial_in_code or asked.code(conn)) if dial_in else None,
            voicemail_allowed=voicemail,
            fields=keyed,
            without=without,
        )
        changed = changes_store.change(conn, one.id, wanted, now)
        found = store.find_booking(conn, one.id) if changed else None
        if found is None:
            raise CommandError(
                f"booking {booking} cannot be changed: it is over, or its hour has come; "
                "`stt-bridge bookings` lists those to come"
            )
        return found

    changed = base.in_database(work)
    typer.echo(f"booking {booking} is changed")
    if dial_in and changed.dial_in_code is not None:
        told = shown.dial_in_sentence(ours, changed.dial_in_code)
        typer.echo(f"from {base.clock(changed.starts_at)} on {told}")


# --- inside --------------------------------------------------------------------------------------


def _booking(conn: Connection, which: int) -> Booking:
    found = store.find_booking(conn, BookingId(which))
    if found is None:
        raise CommandError(
            f"there is no booking {which}; `stt-bridge bookings --all` tells their numbers"
        )
    return found


def _place(migrant: str | None, *, dial_in: bool, beside: bool) -> MigrantPlace | None:
    named = [
        place
        for place, is_named in (
            (MigrantPlace.RING, migrant is not None),
            (MigrantPlace.DIAL_IN, dial_in),
            (MigrantPlace.BESIDE, beside),
        )
        if is_named
    ]
    if len(named) > 1:
        raise CommandError(
            "a migrant is rung, dials in or sits beside the technician; give one of --migrant, "
            "--dial-in and --beside"
        )
    return named[0] if named else None


def _refuse_contradictions(
    place: MigrantPlace | None,
    voicemail: bool | None,
    keyed: Mapping[FieldName, str],
    without: frozenset[FieldName],
) -> None:
    if place is None and voicemail is None and not keyed and not without:
        raise CommandError(
            "say what changes: --migrant, --dial-in, --beside, --voicemail, --field or --no-field"
        )
    if voicemail and place not in (None, MigrantPlace.RING):
        raise asked.no_voicemail()
    for name in keyed.keys() & without:
        raise CommandError(f"{name.value} is given and taken away; leave --no-field out")


def _lacking(mine: Agency, keyed: Mapping[FieldName, str]) -> Sequence[str]:
    return [one.name.value for one in mine.fields if one.name not in keyed]
