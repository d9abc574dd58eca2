# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge presence`, `shares` and `list`: what a coordinator says and sees of interpreters."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.agencies.store import load_agency
from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.roster import lists_store
from bridge.roster.fairness import gini, published_shares
from bridge.roster.model import Presence
from bridge.roster.requirements import ListEntry, ListKind
from bridge.roster.standing_store import load_standings
from bridge.roster.store import PresenceBy, set_presence
from bridge.vocabulary import AgencyId, InterpreterId

lists = typer.Typer(
    no_args_is_help=True, help="Who is preferred, who alone is sent, and who is not."
)


class Kind(StrEnum):
    """The lists as they are written on the command line."""

    PREFERRED = "preferred"
    ONLY = "only"
    DO_NOT_SEND = "do-not-send"

    @property
    def of(self) -> ListKind:
        """The list itself."""
        return ListKind(self.value.replace("-", "_"))


Which = Annotated[Kind, typer.Argument(help="Which list.")]
Who = Annotated[int, base.row_argument("The interpreter's number.")]
For = Annotated[str | None, typer.Option("--agency", help="Its code; else it is for all.")]


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.command()(presence)
    app.command()(shares)
    app.add_typer(lists, name="list")


def presence(
    interpreter: Who,
    state: Annotated[Presence, typer.Argument(help="What holds from now on.")],
    until: Annotated[
        str | None, typer.Option(help="Lisbon time, or with an offset; else until changed.")
    ] = None,
) -> None:
    """Say for an interpreter whether they are there. Available also ends "not answering"."""
    now, who = base.now(), InterpreterId(interpreter)
    end = None if until is None else base.moment(until, now, to_come=True)

    def work(conn: Connection) -> None:
        try:
            set_presence(conn, who, state, until=end, by=PresenceBy.COORDINATOR, at=now)
        except LookupError:
            raise base.nobody(who) from None

    base.in_database(work)
    limit = "" if end is None else f" until {base.clock(end)}"
    typer.echo(f"interpreter {interpreter} is {state.value.replace('_', ' ')}{limit}")


def shares(as_json: Json = False) -> None:
    """Show how the work of the last thirty days was shared, as interpreters are told their own."""
    now = base.now()
    standings = base.in_database(lambda conn: load_standings(conn, now))
    of_each = published_shares(standings)
    promising = sorted(
        (who for who, one in standings.items() if one.minutes_promised > 0),
        key=lambda who: (of_each[who], who),
    )
    uneven = gini(
        standings[who].minutes_offered / standings[who].minutes_promised for who in promising
    )
    if as_json:
        rows = [
            {
                "interpreter": int(who),
                "promised_minutes": round(standings[who].minutes_promised, 1),
                "offered_minutes": round(standings[who].minutes_offered, 1),
                "share": round(of_each[who], 3),
            }
            for who in promising
        ]
        typer.echo(json.dumps({"gini": round(uneven, 4), "interpreters": rows}, indent=2))
        return
    base.print_table(
        ("interpreter", "hours promised", "minutes offered", "share"),
        [
            (
                str(who),
                f"{standings[who].minutes_promised / 60.0:.1f}",
                f"{standings[who].minutes_offered:.0f}",
                f"{of_each[who]:.0%}",
            )
            for who in promising
        ],
    )
    typer.echo(
        "Over thirty days, for who keeps windows; 100% is an even share. Gini coefficient of "
        f"minutes for each hour promised: {uneven:.3f} (0 is even)."
    )


@lists.command()
def add(
    kind: Which,
    interpreter: Who,
    agency: For = None,
    reason: Annotated[str, typer.Option(help="Why; only coordinators see it.")] = "",
    until: Annotated[
        str | None, typer.Option(help="Lisbon time, or with an offset; else until removed.")
    ] = None,
) -> None:
    """Put an interpreter on a list; an entry that is there already is replaced."""
    now, who = base.now(), InterpreterId(interpreter)
    end = None if until is None else base.moment(until, now, to_come=True)
    if kind is Kind.DO_NOT_SEND and not reason.strip():
        raise CommandError("a do-not-send entry says why: give a --reason")

    def work(conn: Connection) -> None:
        entry = ListEntry(kind.of, who, _agency(conn, agency), reason.strip(), end)
        try:
            lists_store.add_to_list(conn, entry, now)
        except LookupError:
            raise base.nobody(who) from None

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} is on the list {kind.value} of {_whose(agency)}")


@lists.command()
def remove(kind: Which, interpreter: Who, agency: For = None) -> None:
    """Take an interpreter from a list."""
    now = base.now()

    def work(conn: Connection) -> int:
        of = _agency(conn, agency)
        found = [
            which
            for which, entry in lists_store.list_entries(conn, now)
            if (entry.kind, entry.interpreter, entry.agency) == (kind.of, interpreter, of)
        ]
        return sum(lists_store.remove_from_list(conn, which) for which in found)

    if not base.in_database(work):
        raise CommandError(
            f"interpreter {interpreter} is not on the list {kind.value} of {_whose(agency)}; "
            "`stt-bridge list show` tells who is on which"
        )
    typer.echo(f"interpreter {interpreter} is off the list {kind.value} of {_whose(agency)}")


@lists.command()
def show(agency: For = None, as_json: Json = False) -> None:
    """Show the entries that hold now: all, or those that count for one agency."""
    now = base.now()

    def read(conn: Connection) -> list[tuple[ListEntry, str | None]]:
        mine = _agency(conn, agency)
        entries = lists_store.load_lists(conn, now)
        return [
            (entry, None if entry.agency is None else _code(conn, entry.agency))
            for entry in entries
            if mine is None or entry.holds(mine, now)
        ]

    entries = base.in_database(read)
    if as_json:
        base.print_json(
            [
                {
                    "list": one.kind.value,
                    "interpreter": int(one.interpreter),
                    "agency": code,
                    "reason": one.reason,
                    "ends": None if one.ends is None else base.local(one.ends),
                }
                for one, code in entries
            ]
        )
        return
    base.print_table(
        ("list", "interpreter", "agency", "reason", "until"),
        [
            (
                one.kind.value.replace("_", "-"),
                str(int(one.interpreter)),
                "all" if code is None else code,
                one.reason,
                _end(one.ends),
            )
            for one, code in entries
        ],
    )


def _agency(conn: Connection, code: str | None) -> AgencyId | None:
    return None if code is None else base.agency(conn, code).id


def _code(conn: Connection, which: AgencyId) -> str:
    found = load_agency(conn, which)
    return "" if found is None else found.code


def _whose(agency: str | None) -> str:
    return "all agencies" if agency is None else f"agency {agency}"


def _end(at: datetime | None) -> str:
    return "" if at is None else base.clock(at)
