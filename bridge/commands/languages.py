# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge languages`: the list of languages, and the card on which technicians read it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bridge.commands import base
from bridge.commands.base import CommandError, Json, print_json
from bridge.hours.localtime import LISBON
from bridge.languages.card import Ui, find_fonts, render_card, unreviewed
from bridge.languages.model import load_languages

FONTS = Path(".cache/fonts")
"""Where scripts/fetch-fonts.sh puts fonts that the system lacks."""

languages = typer.Typer(
    no_args_is_help=True, help="The languages that can be asked for, and their card."
)

FontsFolder = Annotated[
    Path, typer.Option("--fonts", help="A folder with fonts that the system lacks.")
]


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(languages, name="languages")


@languages.command("list")
def list_languages(as_json: Json = False) -> None:
    """List the languages with their codes."""
    found = load_languages()
    if as_json:
        print_json([asdict(one) for one in found])
        return
    base.print_table(
        ("code", "tag", "own name", "Portuguese", "English"),
        [(one.code, one.tag, one.own, one.pt, one.en) for one in found],
    )


@languages.command()
def card(
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF file to write.")],
    language: Annotated[Ui, typer.Option(help="In which the card speaks to technicians.")] = "pt",
    line: Annotated[
        str | None, typer.Option(help="The line that technicians ring, by its key; else the first.")
    ] = None,
    fonts: FontsFolder = FONTS,
) -> None:
    """Make the card to be printed: two A4 pages, every language with its code and "I speak …"."""
    found = load_languages()
    directory = base.directory()
    rung = directory.lines[0] if line is None else directory.line(line)
    numbers = [base.printed(number) for number in rung.numbers]
    today = base.now().astimezone(LISBON).date()
    pdf = render_card(found, find_fonts(found, fonts), numbers, today, language)
    try:
        output.write_bytes(pdf)
    except OSError as error:
        raise CommandError(
            f"cannot write {output}: {error.strerror}; name another file with -o"
        ) from None
    typer.echo(f"{output}: {len(found)} languages")
    waiting = unreviewed(found)
    if waiting:
        typer.echo(
            f"no native speaker has reviewed {len(waiting)} of the sentences yet; "
            "`stt-bridge languages list --json` tells which"
        )


@languages.command("fonts")
def list_fonts(fonts: FontsFolder = FONTS) -> None:
    """List the fonts that set the card; exit code 1 when there is one missing."""
    found = load_languages()
    families = find_fonts(found, fonts).families
    tags = defaultdict(list)
    for one in found:
        tags[families[one.tag]].append(one.tag)
    base.print_table(
        ("font", "languages"),
        [(family, " ".join(set_by_it)) for family, set_by_it in sorted(tags.items())],
    )
