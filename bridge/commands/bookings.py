# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge book` and `stt-bridge bookings`: what a coordinator does with booked calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.agencies.store import load_agency
from bridge.bookings import store
from bridge.bookings.model import (
    LIVE,
    USUAL_MINUTES,
    Booking,
    BookingId,
    BookingState,
    MadeBy,
    NewBooking,
    ceil,
    reminders_of,
)
from bridge.bookings.times import slot_at
from bridge.commands import base
from bridge.commands import bookings_asked as asked
from bridge.commands import bookings_shown as shown
from bridge.commands.base import CommandError, Json
from bridge.roster.people_store import load_person
from bridge.roster.requirements import Requirements
from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber

MOST_MINUTES = 240
"""The longest call that can be booked."""
MOST_DAYS = 3660
"""Ten years ahead; nothing is booked later."""

bookings = typer.Typer(help="The booked calls that are to come.")


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.command()(book)
    app.add_typer(bookings, name="bookings")


def book(
    language: Annotated[str, typer.Option(help="By tag, code or name: uk, 33, ukrainian.")],
    agency: Annotated[str, typer.Option(help="The agency's code.")],
    technician: Annotated[
        str, typer.Option(help="The agency's technician, by name or by the number of the row.")
    ],
    number: Annotated[str, typer.Option(help="The telephone on which the technician is rung.")],
    at: Annotated[str, typer.Option(help="Lisbon time, or with an offset; a full quarter.")],
    migrant: Annotated[
        str | None,
        typer.Option(
            help="The migrant's telephone; without it or --dial-in, beside the technician."
        ),
    ] = None,
    voicemail: Annotated[
        bool, typer.Option("--voicemail", help="A voicemail of the migrant's may get a message.")
    ] = False,
    dial_in: Annotated[
        bool,
        typer.Option("--dial-in", help="The migrant rings us, with a code that is drawn now."),
    ] = False,
    field: Annotated[
        list[str] | None,
        typer.Option(help="What the agency wants with each call, as in process_number=12345."),
    ] = None,
    minutes: Annotated[
        int, typer.Option(min=1, max=MOST_MINUTES, help="How long the interpreter is held.")
    ] = USUAL_MINUTES,
    interpreter: Annotated[
        int | None, base.row_option("By number; else the best who has the time.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Book a call: at its hour the bridge rings all three.

    Where no interpreter has the time and the agency allows a relay, it is booked with two. A
    migrant who dials in does so from the hour on; their code is shown now, and when asked for.
    """
    now = base.now()
    wanted = base.language(language)
    starts_at = base.moment(at, now, to_come=True)
    if starts_at != ceil(starts_at):
        raise CommandError(
            f"a booked call starts at a full quarter of an hour; {base.clock(ceil(starts_at))} "
            "would be the next"
        )
    rung, levels = asked.technicians_number(number), base.levels()
    asked.refuse_contradictions(migrant, dial_in=dial_in, voicemail=voicemail)
    keyed = asked.read_fields(field or ())
    ours = asked.number_to_ring(base.directory()) if dial_in else None
    only = None if interpreter is None else InterpreterId(interpreter)

    def work(conn: Connection) -> tuple[Booking, list[str]]:
        mine = base.agency(conn, agency)
        theirs = None if migrant is None else asked.migrants_number(migrant, mine)
        asked.refuse_unwanted(keyed, mine)
        requirements = Requirements(wanted.tag, agency=mine.id)
        if only is not None:
            _check_interpreter(conn, only, wanted.tag)
        slot = slot_at(
            conn, requirements, starts_at, now, minutes=minutes, only=only, levels=levels
        )
        if slot is None:
            raise _no_time(only, wanted.en)
        new = NewBooking(
            requirements=requirements,
            interpreter=slot.interpreter,
            far=slot.far,
            starts_at=starts_at,
            agency=mine.id,
            technician=asked.technician(conn, mine, technician).id,
            technician_number=rung,
            migrant_number=theirs,
            voicemail_allowed=voicemail,
            dial_in_code=asked.code(conn) if dial_in else None,
            fields=keyed,
            minutes=minutes,
            made_by=MadeBy.COORDINATOR,
            reminders=reminders_of(starts_at, now),
        )
        made = store.book(conn, new, now)
        found = None if made is None else store.find_booking(conn, made)
        if found is None:
            raise _no_time(only, wanted.en)
        return found, [one.name.value for one in mine.fields if one.name not in keyed]

    booked, lacking = base.in_database(work)
    if as_json:
        # Not in the list, which leaves the code out.
        base.print_json(
            {
                **shown.data(booked, agency),
                "dial_in": shown.dial_in(booked, ours),
                "fields_lacking": lacking,
            }
        )
        return
    _tell(booked, ours, agency, lacking)


@bookings.callback(invoke_without_command=True)
def list_bookings(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="So many days ahead.")] = 30,
    everything: Annotated[
        bool, typer.Option("--all", help="Those of the last days too, whatever became of them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the booked calls. Telephone numbers are masked."""
    if context.invoked_subcommand is not None:
        return
    now = base.now()
    span = timedelta(days=days)

    def read(conn: Connection) -> list[tuple[Booking, str]]:
        found = store.bookings_between(
            conn,
            now - span if everything else now,
            now + span,
            frozenset(BookingState) if everything else LIVE,
        )
        codes = {one.agency: load_agency(conn, one.agency) for one in found}
        return [(one, mine.code if (mine := codes[one.agency]) else "") for one in found]

    found = base.in_database(read)
    if as_json:
        base.print_json([shown.data(one, code) for one, code in found])
        return
    if not found:
        typer.echo("no call is booked")
        return
    base.print_table(
        (
            *("booking", "at", "minutes", "language", "agency", "technician", "migrant"),
            *("interpreter", "state"),
        ),
        [
            (
                str(int(one.id)),
                base.clock(one.starts_at),
                str(one.minutes),
                one.language,
                code,
                f"{int(one.technician)} {shown.masked(one.technician_number)}".strip(),
                shown.migrant(one),
                shown.interpreters(one),
                one.state.value,
            )
            for one, code in found
        ],
    )


@bookings.command()
def cancel(
    booking: Annotated[int, base.row_argument("The number of the booking.")],
) -> None:
    """Cancel a booked call: nobody is rung, and the interpreter is free."""
    now = base.now()
    if not base.in_database(lambda conn: store.cancel(conn, BookingId(booking), now)):
        raise CommandError(
            f"booking {booking} cannot be cancelled: there is none, or it is over or being "
            "dialled; `stt-bridge bookings` lists those to come"
        )
    typer.echo(f"booking {booking} is cancelled")


# --- inside --------------------------------------------------------------------------------------


def _check_interpreter(conn: Connection, who: InterpreterId, tag: LanguageTag) -> None:
    person = load_person(conn, who)
    if person is None:
        raise base.nobody(who)
    if tag not in person.skills:
        raise CommandError(f"interpreter {int(who)} does not interpret {tag}; choose another")


def _tell(booked: Booking, ours: PhoneNumber | None, agency: str, lacking: Sequence[str]) -> None:
    """What was booked, and what is still to be done for it."""
    with_whom = (
        f"interpreter {int(booked.interpreter)}"
        if booked.far is None
        else f"interpreters {shown.interpreters(booked)}, with {booked.far.pivot} between them"
    )
    typer.echo(
        f"booking {int(booked.id)}: {base.clock(booked.starts_at)}, {booked.minutes} minutes, "
        f"{with_whom}"
    )
    if booked.dial_in_code is not None:
        typer.echo(
            f"from then on {shown.dial_in_sentence(ours, booked.dial_in_code)}; tell them now, or "
            f"read it again with `stt-bridge bookings show {int(booked.id)} --reveal`"
        )
    if lacking:
        typer.echo(
            f"agency {agency} also wants {', '.join(lacking)} with each call; to give it, "
            f"`stt-bridge bookings change {int(booked.id)} --field`"
        )


def _no_time(only: InterpreterId | None, name: str) -> CommandError:
    if only is None:
        return CommandError(
            f"no interpreter of {name} keeps a window then with nothing else in it; "
            "choose another time"
        )
    return CommandError(
        f"interpreter {int(only)} cannot take it then: no window, another booking, a list or a "
        "limit; choose another time, or leave --interpreter out"
    )
