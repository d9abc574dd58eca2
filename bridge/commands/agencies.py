# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge agencies`: what differs from agency to agency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from bridge.agencies import store
from bridge.agencies.model import Agency, AgencyField, AgencyKind, FieldName
from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.languages.model import load_languages
from bridge.telephony.gate import BadPrefix, DialRules
from bridge.telephony.prefixes import refuse_if_shut
from bridge.vocabulary import BadNumber, PhoneNumber

agencies = typer.Typer(no_args_is_help=True, help="What differs from agency to agency.")
numbers = typer.Typer(
    no_args_is_help=True, help="The telephones by which an agency is known: then the PIN is enough."
)
fields = typer.Typer(no_args_is_help=True, help="What is keyed with each call, after the PIN.")
favourites = typer.Typer(no_args_is_help=True, help="The languages of the keys 1 to 9.")

Code = Annotated[str, typer.Argument(help="The agency's code.")]
Number = Annotated[str, typer.Argument(help="A telephone number.")]

MOST_AN_HOUR = 100_000
"""Of numbers that an agency may dial; a cap above it would be none."""
_CODE = re.compile(r"[1-9][0-9]{3}", re.ASCII)
"""A 0 that is keyed first asks for a person, at every menu."""
_FIELD = re.compile(r"([a-z_-]+)=([0-9]{1,2})(?:-([0-9]{1,2}))?", re.ASCII)


class Relay(StrEnum):
    """What is said of relay for an agency."""

    ON = "on"
    OFF = "off"


class PromptLanguage(StrEnum):
    """What technicians can be spoken to in."""

    PORTUGUESE = "pt"
    ENGLISH = "en"


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(agencies, name="agencies")
    agencies.add_typer(numbers, name="numbers")
    agencies.add_typer(fields, name="fields")
    agencies.add_typer(favourites, name="favourites")


@agencies.command()
def add(
    code: Annotated[str, typer.Argument(help="The four digits with which its people call.")],
    name: Annotated[str, typer.Argument(help="Its name.")],
    kind: Annotated[AgencyKind, typer.Argument(help="What interpreters are told of it.")],
) -> None:
    """Enter an agency."""
    asked, shown = code.strip(), name.strip()
    if not _CODE.fullmatch(asked):
        raise CommandError(f"{code!r} is no agency's code; give four digits, not beginning with 0")
    if not shown:
        raise CommandError("an agency has a name; give it")

    def work(conn: Connection) -> None:
        if store.find_agency(conn, asked) is not None:
            raise CommandError(f"an agency has the code {asked} already; give another")
        store.add_agency(conn, asked, shown, kind)

    base.in_database(work)
    typer.echo(f"agency {asked} is entered; `stt-bridge technicians add` enters its people")


@agencies.command("list")
def list_agencies(as_json: Json = False) -> None:
    """List the agencies with what was set for each; their numbers are masked."""

    def read(conn: Connection) -> list[tuple[Agency, list[str]]]:
        return [
            (one, [number.masked for number in store.numbers_of(conn, one.id)])
            for one in store.load_agencies(conn)
        ]

    found = base.in_database(read)
    if as_json:
        base.print_json(
            [
                {
                    "code": one.code,
                    "name": one.name,
                    "kind": one.kind.value,
                    "prompt_language": one.prompt_language,
                    "relay_allowed": one.relay_allowed,
                    "numbers": known,
                    "fields": [_written(each) for each in one.fields],
                    "favourites": list(one.favourites),
                    "dial_allowed": list(one.dial_allowed),
                    "hourly_dial_cap": one.hourly_dial_cap,
                }
                for one, known in found
            ]
        )
        return
    base.print_table(
        (
            *("code", "name", "kind", "prompts", "numbers", "fields", "keys 1-9"),
            *("relay", "may also dial", "dials an hour"),
        ),
        [
            (
                one.code,
                one.name,
                one.kind.value,
                one.prompt_language,
                " ".join(known),
                " ".join(_written(each) for each in one.fields),
                " ".join(one.favourites),
                "yes" if one.relay_allowed else "no",
                " ".join(one.dial_allowed),
                "" if one.hourly_dial_cap is None else str(one.hourly_dial_cap),
            )
            for one, known in found
        ],
    )


@numbers.command("add")
def add_number(code: Code, number: Number) -> None:
    """Know an agency by a telephone: whoever rings from it keys the PIN only."""
    parsed = _number(number)
    base.in_database(lambda conn: store.add_number(conn, parsed, base.agency(conn, code).id))
    typer.echo(f"agency {code} is known by {parsed.masked}")


@numbers.command("remove")
def remove_number(code: Code, number: Number) -> None:
    """Know an agency by a telephone no more."""
    parsed = _number(number)
    if not base.in_database(
        lambda conn: store.remove_number(conn, parsed, base.agency(conn, code).id)
    ):
        raise CommandError(
            f"agency {code} is not known by that number; `stt-bridge agencies list` tells by which"
        )
    typer.echo(f"agency {code} is not known by {parsed.masked} any more")


@fields.command("set")
def set_fields(
    code: Code,
    wanted: Annotated[
        list[str] | None,
        typer.Argument(help="As in process_number=5-9 department=2; nothing: no fields."),
    ] = None,
) -> None:
    """Say what an agency wants keyed with each call, in this order, of how many digits."""
    read = tuple(_field(one) for one in wanted or ())
    base.in_database(lambda conn: store.set_fields(conn, base.agency(conn, code).id, read))
    typer.echo(f"agency {code}: {' '.join(map(_written, read)) or 'no fields'}")


@favourites.command("set")
def set_favourites(
    code: Code,
    languages: Annotated[
        list[str] | None, typer.Argument(help="Languages for the keys 1, 2, …; nothing: none.")
    ] = None,
) -> None:
    """Say which languages an agency's keys 1 to 9 stand for."""
    known = load_languages()
    tags = [base.language(one, known).tag for one in languages or ()]
    base.in_database(lambda conn: store.set_favourites(conn, base.agency(conn, code).id, tags))
    keys = ", ".join(f"{key} {tag}" for key, tag in enumerate(tags, start=1))
    typer.echo(f"agency {code}: {keys or 'no favourites'}")


@agencies.command("language")
def set_language(
    code: Code, language: Annotated[PromptLanguage, typer.Argument(help="pt or en.")]
) -> None:
    """Say what an agency's technicians are spoken to in."""
    base.in_database(
        lambda conn: store.set_prompt_language(conn, base.agency(conn, code).id, language.value)
    )
    typer.echo(f"agency {code} is spoken to in {language.value}")


@agencies.command("relay")
def set_relay(code: Code, state: Annotated[Relay, typer.Argument(help="on or off.")]) -> None:
    """Say whether two interpreters may serve an agency, through a language that both speak.

    It is tried where nobody who interprets the language asked for directly is left.
    """
    allowed = state is Relay.ON
    base.in_database(
        lambda conn: store.set_relay_allowed(conn, base.agency(conn, code).id, allowed)
    )
    typer.echo(f"agency {code} {'may' if allowed else 'may not'} be served by relay")


@agencies.command("dial-allow")
def dial_allow(
    code: Code,
    prefixes: Annotated[
        list[str] | None,
        typer.Argument(help="To be allowed as well, as in +34 808: countries, national ranges."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(help="A prefix to be taken away; what is not named stays allowed."),
    ] = None,
    hourly_cap: Annotated[
        int | None,
        typer.Option(
            min=0, max=MOST_AN_HOUR, help="So many numbers an hour; not named, it stays as it was."
        ),
    ] = None,
    usual_cap: Annotated[
        bool, typer.Option("--usual-cap", help="As many numbers an hour as for any agency.")
    ] = False,
) -> None:
    """Allow an agency to dial more than ordinary national numbers, and say how often.

    Prefixes are added to those that it has, and only --remove takes one away. Told is what the
    agency may dial then; with the code alone nothing changes.
    """
    if hourly_cap is not None and usual_cap:
        raise CommandError(
            "a cap of its own and the usual one is not possible; leave one of the two out"
        )
    taken = [_written_prefix(one) for one in remove or ()]
    wanted = [_prefix(one) for one in prefixes or ()]
    if set(wanted) & set(taken):
        raise CommandError("a prefix is added or taken away, not both; name it once")

    def work(conn: Connection) -> tuple[Agency, Agency]:
        before = base.agency(conn, code)
        _refuse_never_given(before, taken)
        cap = before.hourly_dial_cap if hourly_cap is None else hourly_cap
        store.set_dial_allowed(
            conn,
            before.id,
            (set(before.dial_allowed) | set(wanted)) - set(taken),
            hourly_cap=None if usual_cap else cap,
        )
        return before, base.agency(conn, code)

    before, after = base.in_database(work)
    added = [one for one in after.dial_allowed if one not in before.dial_allowed]
    gone = [one for one in before.dial_allowed if one not in after.dial_allowed]
    cap = after.hourly_dial_cap
    limit = "as often as any" if cap is None else f"{cap} times an hour"
    typer.echo(
        f"agency {code} may dial national numbers and "
        f"{', '.join(after.dial_allowed) or 'nothing besides'}, {limit}"
        + (f"; added: {', '.join(added)}" if added else "")
        + (f"; taken away: {', '.join(gone)}" if gone else "")
    )


# --- reading -----------------------------------------------------------------------------------


def _number(text: str) -> PhoneNumber:
    try:
        return PhoneNumber.parse(text)
    except BadNumber:
        raise CommandError(
            "that is not a telephone number in use; write it as in +351 210 000 012"
        ) from None


def _written_prefix(text: str) -> str:
    """A prefix as people write it: ``+34``, ``0034``, and ``808`` for a national range."""
    plain = re.sub(r"[\s.-]", "", text)
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    elif plain.isascii() and plain.isdigit():
        plain = f"+351{plain}"
    DialRules((plain,))  # raises BadPrefix, a sentence for people
    return plain


def _prefix(text: str) -> str:
    """A prefix, as people write it, that opens something."""
    plain = _written_prefix(text)
    try:
        refuse_if_shut(plain)
    except BadPrefix as why:
        raise CommandError(f"{text!r} cannot be allowed: {why}") from None
    return plain


def _refuse_never_given(mine: Agency, taken: Sequence[str]) -> None:
    """Raise `CommandError` for a prefix that the agency does not have, as it was given.

    What is only a part of one would stay allowed, whatever was told.
    """
    for prefix in taken:
        if prefix not in mine.dial_allowed:
            has = f"name one that it has: {', '.join(mine.dial_allowed)}"
            raise CommandError(
                f"{prefix} cannot be taken away, for agency {mine.code} was not given it; "
                f"{has if mine.dial_allowed else 'it has none'}"
            )


def _field(text: str) -> AgencyField:
    found = _FIELD.fullmatch(text.strip())
    known = ", ".join(one.value for one in FieldName)
    if found is None:
        raise CommandError(f"{text!r} is no field; write one of {known} as in process_number=5-9")
    try:
        name = FieldName(found[1].replace("-", "_"))
    except ValueError:
        raise CommandError(f"there is no field {found[1]!r}; use one of {known}") from None
    return AgencyField(name, int(found[2]), int(found[3] or found[2]))


def _written(one: AgencyField) -> str:
    digits = str(one.least) if one.least == one.most else f"{one.least}-{one.most}"
    return f"{one.name.value}={digits}"
