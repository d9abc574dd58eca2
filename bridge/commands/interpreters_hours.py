# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge interpreters windows`, `away` and `extra`: when interpreters may be rung.

All times are Lisbon time. A window belongs to the day on which it opens: one from 22:00 to 06:00
on Saturdays runs on into Sunday.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.commands.interpreters import Who, interpreters
from bridge.hours.directory import parse_days, parse_stretch
from bridge.hours.localtime import LISBON
from bridge.hours.model import Absence, BadHours, ExtraHours, Window
from bridge.hours.weeks import Week, rewritten, with_window, without_window
from bridge.roster import windows_store
from bridge.vocabulary import InterpreterId

windows = typer.Typer(no_args_is_help=True, help="When an interpreter may be rung, week by week.")

Stretches = Annotated[
    list[str],
    typer.Argument(help="As in 'Mon-Fri 09:00-13:00' 'Sat 22:00-06:00'; Lisbon time."),
]
OnHolidays = Annotated[bool, typer.Option("--on-holidays", help="On public holidays, too.")]
Since = Annotated[str | None, typer.Option(help="The first day, as in 2026-12-24; else today.")]
Until = Annotated[str | None, typer.Option(help="The last day; else for ever.")]
From = Annotated[
    str | None,
    typer.Option("--from", help="Lisbon time, as in 2026-12-24T13:00; a day: its beginning."),
]
To = Annotated[str | None, typer.Option(help="Lisbon time; a day: its end.")]


def add_to(_app: typer.Typer) -> None:
    """Offer the commands."""
    interpreters.add_typer(windows, name="windows")
    interpreters.command()(away)
    interpreters.command()(extra)


# --- windows -------------------------------------------------------------------------------------


@windows.command("set")
def set_windows(interpreter: Who, stretches: Stretches, holidays: OnHolidays = False) -> None:
    """Say in which windows an interpreter may be rung from today on: in these and no others."""
    who, wanted = InterpreterId(interpreter), _windows(stretches, on_holidays=holidays)

    def work(conn: Connection) -> None:
        base.person(conn, who)
        _rewrite(conn, who, (_today(), None), lambda _: wanted)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} may be rung in {len(wanted)} window(s) a week")


@windows.command("add")
def add_windows(
    interpreter: Who,
    stretches: Stretches,
    since: Since = None,
    until: Until = None,
    holidays: OnHolidays = False,
) -> None:
    """Give an interpreter further windows; those that they have stay."""
    who, wanted = InterpreterId(interpreter), _windows(stretches, on_holidays=holidays)
    days = _days(since, until)

    def added(week: Week) -> Week:
        for one in wanted:
            week = with_window(week, one)
        return week

    def work(conn: Connection) -> None:
        base.person(conn, who)
        _require_windows(conn, who)
        _rewrite(conn, who, days, added)

    base.in_database(work)
    typer.echo(f"interpreter {interpreter} may also be rung {_told(wanted)}{_when(days)}")


@windows.command("remove")
def remove_windows(
    interpreter: Who, stretches: Stretches, since: Since = None, until: Until = None
) -> None:
    """Take windows of these hours away on these weekdays; all others stay."""
    who, unwanted = InterpreterId(interpreter), _windows(stretches, on_holidays=False)
    days = _days(since, until)

    def taken(week: Week) -> Week:
        for one in unwanted:
            week = without_window(week, one)
        return week

    def work(conn: Connection) -> bool:
        base.person(conn, who)
        former = windows_store.windows_of(conn, who)
        for one in unwanted:
            if not _stands(one, former, days):
                raise CommandError(
                    f"interpreter {interpreter} has no window {one}{_when(days)}; "
                    "`stt-bridge interpreters windows show` tells which they have"
                )
        _rewrite(conn, who, days, taken)
        return bool(coming_windows(conn, who, base.now()))

    left = base.in_database(work)
    typer.echo(f"interpreter {interpreter} has no window {_told(unwanted)} any more{_when(days)}")
    if not left:
        typer.echo(
            "no window is left, so they are rung in extra hours only; "
            "`stt-bridge interpreters windows drop` lets their presence alone decide"
        )


@windows.command()
def drop(interpreter: Who) -> None:
    """Keep no windows for an interpreter: what they say of themselves decides alone."""
    who = InterpreterId(interpreter)

    def work(conn: Connection) -> None:
        base.person(conn, who)
        windows_store.drop_windows(conn, who)

    base.in_database(work)
    typer.echo(f"no windows are kept for interpreter {interpreter}; presence alone decides")


@windows.command()
def show(interpreter: Who, as_json: Json = False) -> None:
    """Show the windows of an interpreter that hold today or later."""
    who, now = InterpreterId(interpreter), base.now()

    def work(conn: Connection) -> list[dict[str, Any]]:
        base.person(conn, who)
        return [window_data(one) for one in coming_windows(conn, who, now)]

    rows = base.in_database(work)
    if as_json:
        base.print_json(rows)
        return
    base.print_table(
        ("days", "from", "to", "since", "until", "on holidays"),
        [
            (
                " ".join(row["days"]),
                row["from"],
                row["to"],
                row["since"] or "",
                row["until"] or "",
                "yes" if row["on_holidays"] else "no",
            )
            for row in rows
        ],
    )


# --- absences and extra hours --------------------------------------------------------------------


def away(
    interpreter: Who,
    start: From = None,
    to: To = None,
    reason: Annotated[str, typer.Option(help="Why; only coordinators see it.")] = "",
    withdraw: Annotated[
        int | None, base.row_option("Take back the absence of this number in `show`.")
    ] = None,
) -> None:
    """Say that an interpreter is away, whatever their windows say, or take that back."""
    who = InterpreterId(interpreter)
    if withdraw is not None:
        _withdraw(who, withdraw, (start, to), windows_store.remove_absence, "absence")
        return
    absence = Absence(*_stretch(start, to, "an absence"), reason.strip())

    def work(conn: Connection) -> int:
        base.person(conn, who)
        return windows_store.add_absence(conn, who, absence)

    number = base.in_database(work)
    typer.echo(f"interpreter {interpreter} is away {_told_stretch(absence)}: absence {number}")


def extra(
    interpreter: Who,
    start: From = None,
    to: To = None,
    withdraw: Annotated[
        int | None, base.row_option("Take back the extra hours of this number in `show`.")
    ] = None,
) -> None:
    """Say that an interpreter is there outside of their windows too, or take that back."""
    who = InterpreterId(interpreter)
    if withdraw is not None:
        _withdraw(who, withdraw, (start, to), windows_store.remove_extra_hours, "extra hours")
        return
    hours = ExtraHours(*_stretch(start, to, "extra hours"))

    def work(conn: Connection) -> int:
        base.person(conn, who)
        _require_windows(conn, who)
        return windows_store.add_extra_hours(conn, who, hours)

    number = base.in_database(work)
    typer.echo(f"interpreter {interpreter} is there {_told_stretch(hours)}: extra hours {number}")


def _withdraw(
    who: InterpreterId,
    number: int,
    others: tuple[str | None, str | None],
    remove: Callable[[Connection, InterpreterId, int], bool],
    what: str,
) -> None:
    if others != (None, None):
        raise CommandError("--withdraw takes back what is there; leave --from and --to out")

    def work(conn: Connection) -> None:
        base.person(conn, who)
        if not remove(conn, who, number):
            raise CommandError(
                f"interpreter {int(who)} has no {what} {number}; `stt-bridge interpreters show` "
                "tells the numbers"
            )

    base.in_database(work)
    typer.echo(f"{what} {number} of interpreter {int(who)}: taken back")


# --- what is shown -------------------------------------------------------------------------------


def coming_windows(conn: Connection, who: InterpreterId, now: datetime) -> list[Window]:
    """The windows of an interpreter that hold today or later."""
    today = now.astimezone(LISBON).date()
    found = windows_store.windows_of(conn, who)
    return [one for one in found if one.valid_until is None or one.valid_until >= today]


def window_data(one: Window) -> dict[str, Any]:
    """A window as it is shown in JSON."""
    return {
        "days": [day.label for day in sorted(one.weekdays)],
        "from": f"{one.opens:%H:%M}",
        "to": f"{one.closes:%H:%M}",
        "since": None if one.valid_from is None else one.valid_from.isoformat(),
        "until": None if one.valid_until is None else one.valid_until.isoformat(),
        "on_holidays": one.on_holidays,
    }


def _stands(one: Window, among: Sequence[Window], days: tuple[date, date | None]) -> bool:
    """Whether taking this window away would change anything on these days."""
    as_it_is = rewritten(among, *days, lambda week: week)
    return rewritten(among, *days, lambda week: without_window(week, one)) != as_it_is


def _told(some: Sequence[Window]) -> str:
    return " and ".join(map(str, some))


def _when(days: tuple[date, date | None]) -> str:
    return f" from {days[0]} on" if days[1] is None else f" from {days[0]} to {days[1]}"


def _told_stretch(one: Absence | ExtraHours) -> str:
    return f"from {base.clock(one.start)} to {base.clock(one.end)}"


# --- reading what was written, and writing it ----------------------------------------------------


def _today() -> date:
    return base.now().astimezone(LISBON).date()


def _windows(texts: Sequence[str], *, on_holidays: bool) -> tuple[Window, ...]:
    found: Week = ()
    for text in texts:
        days, _, stretch = text.strip().rpartition(" ")
        try:
            opens, closes = parse_stretch(stretch)
            new = Window(parse_days(days), opens, closes, on_holidays=on_holidays)
        except BadHours as error:
            raise CommandError(str(error)) from None
        found = with_window(found, new)
    return found


def _days(since: str | None, until: str | None) -> tuple[date, date | None]:
    """The first and the last day of a change: none that is past, for that has been promised."""
    today = _today()
    first = today if since is None else _day(since)
    last = None if until is None else _day(until)
    for text, day in ((since, first), (until, last)):
        if day is not None and day < today:
            raise CommandError(f"{text!r} is past; give today or a day to come")
    if last is not None and last < first:
        raise CommandError("the last day is before the first; swap the two")
    return first, last


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise CommandError(f"{text!r} is no day; write it as in 2026-12-24") from None


def _stretch(start: str | None, to: str | None, what: str) -> tuple[datetime, datetime]:
    """From when to when, in UTC. What is over already is refused; what has begun is not."""
    if start is None or to is None:
        raise CommandError(f"{what}: give --from and --to")
    now = base.now()
    first = base.moment(start, now)
    try:
        # A day is meant whole: who is away to the 24th is not back on its first minute.
        end = (date.fromisoformat(to.strip()) + timedelta(days=1)).isoformat()
    except ValueError:
        end = to
    last = base.moment(end, now)
    if last <= now:
        raise CommandError(f"{to!r} is past; give a time to come")
    return first, last


def _require_windows(conn: Connection, who: InterpreterId) -> None:
    if who not in windows_store.keeping_windows(conn, who):
        raise CommandError(
            f"no windows are kept for interpreter {int(who)}, who may be rung at any hour; "
            "`stt-bridge interpreters windows set` makes them keep some"
        )


def _rewrite(
    conn: Connection,
    who: InterpreterId,
    days: tuple[date, date | None],
    change: Callable[[Week], Week],
) -> None:
    """Change the weeks of these days; the work owed for days that are past is not touched."""
    former = windows_store.windows_of(conn, who)
    windows_store.set_windows(conn, who, rewritten(former, *days, change))
