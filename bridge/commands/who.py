# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge who`: the dry run of the matcher. It reads, and changes nothing."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import CommandError, Json
from bridge.languages.model import Language
from bridge.roster.dry_run import DryRun, PlannedWave, as_data, read_dry_run
from bridge.roster.eligibility import Number, Skip, Skipped
from bridge.roster.people_store import load_person
from bridge.roster.policies import POLICIES, policy_named
from bridge.roster.ranking import Ranked
from bridge.roster.requirements import Requirements, Wish
from bridge.roster.skills import Gender, LevelScale, Subject
from bridge.settings import Settings
from bridge.vocabulary import InterpreterId


class Wished(StrEnum):
    """What can be asked for beyond the language."""

    LEVEL = "level"
    GENDER = "gender"
    SUBJECT = "subject"


def add_to(app: typer.Typer) -> None:
    """Offer the command."""
    app.command()(who)


def who(
    language: Annotated[str, typer.Option(help="By tag, code or name: uk, 33, ukrainian.")],
    agency: Annotated[
        str | None, typer.Option(help="The agency's code: its lists apply too.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Lisbon time, or ISO 8601 with an offset; else now.")
    ] = None,
    gender: Annotated[Gender | None, typer.Option(help="Wished for.")] = None,
    level: Annotated[
        str | None, typer.Option(help="Wished for at least: one of STT_LEVELS, such as B.")
    ] = None,
    subject: Annotated[Subject | None, typer.Option(help="Wished for.")] = None,
    require: Annotated[
        list[Wished] | None,
        typer.Option(help="What is required and not only wished for; may be repeated."),
    ] = None,
    step_down: Annotated[
        bool, typer.Option("--step-down", help="The caller agrees to less than the level.")
    ] = False,
    again: Annotated[
        int | None, base.row_option("The interpreter who is asked for again, by number.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help=f"Else the configured one: {', '.join(POLICIES)}.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who would be rung for a request, wave by wave, and why nobody else.

    Nothing is promised, rung or written.
    """
    settings = Settings()
    name = settings.policy if policy is None else policy
    chosen = policy_named(name, settings.fairness) if name in POLICIES else None
    if chosen is None:
        raise CommandError(f"there is no such policy; use one of {', '.join(POLICIES)}")
    by, now = chosen, base.now()
    moment = now if at is None else base.moment(at, now)
    wanted, levels = base.language(language), base.levels()
    required = frozenset(require or ())
    wishes = {
        Wished.LEVEL: level,
        Wished.GENDER: gender,
        Wished.SUBJECT: subject,
    }
    for name in sorted(required):
        if wishes[name] is None:
            raise CommandError(f"--require {name} needs --{name} to say which")

    def read(conn: Connection) -> DryRun:
        if again is not None and load_person(conn, InterpreterId(again)) is None:
            raise base.nobody(InterpreterId(again))
        asked = Requirements(
            language=wanted.tag,
            level=None
            if level is None
            else Wish(levels.parse(level), required=Wished.LEVEL in required),
            gender=None if gender is None else Wish(gender, required=Wished.GENDER in required),
            subject=None if subject is None else Wish(subject, required=Wished.SUBJECT in required),
            step_down=step_down,
            same_again=None if again is None else InterpreterId(again),
            agency=None if agency is None else base.agency(conn, agency).id,
        )
        return read_dry_run(conn, asked, by, moment, now, levels=levels)

    found = base.in_database(read)
    if as_json:
        base.print_json(as_data(found, levels))
    else:
        _show(found, wanted, levels)


def _show(found: DryRun, wanted: Language, levels: LevelScale) -> None:
    console = Console()
    console.print(
        f"{wanted.en} ({wanted.tag}), {base.clock(found.ranking.at)}, policy {found.policy}, "
        f"load {found.load:.0%}"
    )
    if not found.waves and not found.ranking.skipped:
        console.print("Nobody on the roster speaks this language.")
        return
    console.print(_rung(found.waves, levels) if found.waves else "Nobody would be rung.")
    if found.waves:
        console.print(f"Chance that one of them accepts promptly: {found.chance:.0%}")
    if found.ranking.skipped:
        console.print(_passed_over(found.ranking.skipped, levels))


def _rung(waves: tuple[PlannedWave, ...], levels: LevelScale) -> Table:
    return base.table(
        ("wave", "after", "interpreter", "level", "chance", "score", "notes"),
        *(_rows(wave, levels) for wave in waves),
    )


def _rows(wave: PlannedWave, levels: LevelScale) -> list[tuple[str, ...]]:
    after = "its end" if wave.after is None else f"{wave.after:.0f} s"
    return [
        (
            *((f"{wave.number} ({wave.chance:.0%})", after) if place == 0 else ("", "")),
            str(int(one.interpreter)),
            levels.shown(one.facts.level),
            f"{one.facts.chance:.0%}",
            f"{one.score:.4g}",
            _notes(one),
        )
        for place, one in enumerate(wave.phones)
    ]


def _notes(one: Ranked) -> str:
    facts = one.facts
    said = [
        "asked for again" if facts.same_again else "",
        "preferred" if facts.preferred else "",
        "below the level asked for" if facts.below else "",
        f"misses {facts.unmet} of the wishes" if facts.unmet else "",
        f"scarcity {facts.scarcity:.3f}, share {facts.share:.2f}",
    ]
    return "; ".join(note for note in said if note)


def _passed_over(skipped: tuple[Skipped, ...], levels: LevelScale) -> Table:
    return base.table(
        ("not rung", "because", "figures"),
        [
            (
                str(int(one.interpreter)),
                one.reason.label.replace("_", " "),
                ", ".join(
                    f"{name.replace('_', ' ')} {_figure(one.reason, value, levels)}"
                    for name, value in one.numbers
                ),
            )
            for one in skipped
        ],
    )


def _figure(reason: Skip, value: Number, levels: LevelScale) -> str:
    if reason is Skip.LEVEL and isinstance(value, int):
        return levels.shown(value)
    if value is None:
        return "not said"
    if isinstance(value, str):
        return base.clock(datetime.fromisoformat(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
