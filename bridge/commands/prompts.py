# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge prompts`: the sound files and the words of everything callers hear."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.progress import Progress

from bridge.commands import base
from bridge.commands.base import CommandError, Json, print_json
from bridge.ivr import paths, transcripts
from bridge.prompts.catalogue import Catalogue, load_catalogue, reading_list
from bridge.prompts.render import build
from bridge.prompts.review import Fault, Finding, review
from bridge.prompts.soundfiles import recorded_in
from bridge.settings import Settings

prompts = typer.Typer(no_args_is_help=True, help="The sound files of everything callers hear.")


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(prompts, name="prompts")


@prompts.command("build")
def prompts_build() -> None:
    """Render every prompt that is missing or has changed: WAV, 8 kHz, mono, 16 bit."""
    settings = Settings()
    catalogue = _catalogue(settings)
    with Progress(transient=True) as progress:
        task = progress.add_task("prompts", total=None)

        def show(done: int, total: int, _name: str) -> None:
            progress.update(task, completed=done, total=total)

        built = build(catalogue, settings.prompts_dir, show)
    typer.echo(
        f"prompts: {built.rendered} rendered, {built.kept} unchanged, {built.removed} removed"
    )
    rules = catalogue.rules
    within = f"within {rules.level_tolerance_db:g} dB of {rules.level_db:g} dB"
    for name in built.uneven:
        typer.echo(f"not {within}: {name}")
    if built.rendered and not built.uneven:
        typer.echo(f"loudness: all {built.rendered} rendered are {within}")
    lacking = Counter(
        one.language for one in catalogue if not catalogue.can_say(one.key, one.language)
    )
    for language, count in lacking.items():
        instead = ", ".join(catalogue.rules.fallback(language))
        typer.echo(f"needs recordings: {language}, {count} prompts; until then: {instead}")


@prompts.command("check")
def prompts_check(
    language: Annotated[str | None, typer.Option(help="Only this language: pt, en, …")] = None,
    as_json: Json = False,
) -> None:
    """List what is missing, broken, unreviewed, too loud, too quiet or too long.

    What the lines and services of STT_DIRECTORY name is looked at too. Exit code 0 when Portuguese
    and English are clean and no sound file that calls need is missing.
    """
    settings = Settings()
    catalogue = _catalogue(settings)
    if language is not None and language not in _languages(catalogue):
        raise CommandError(f"there are no prompts in the language {language!r}")
    findings = [
        one
        for one in review(
            catalogue, settings.prompts_dir, settings.recordings_dir, base.directory()
        )
        if language in (None, one.language)
    ]
    blocking = sum(one.blocks for one in findings)
    if as_json:
        print_json({"clean": blocking == 0, "findings": [_plain(one) for one in findings]})
    else:
        for line in _summed_up(findings, in_full=language is not None):
            typer.echo(line)
        asked = language or "Portuguese and English"
        typer.echo(f"{asked}: {f'{blocking} to be mended' if blocking else 'clean'}")
    if blocking:
        raise typer.Exit(1)


@prompts.command("transcript")
def prompts_transcript(
    language: Annotated[str, typer.Option(help="pt, en, …")] = "pt",
    path: Annotated[
        str | None, typer.Option(help="A way through a script; `list` tells which there are.")
    ] = None,
) -> None:
    """Print what is read aloud to record a language; with --path, what is heard on a way."""
    settings = Settings()
    catalogue = _catalogue(settings)
    if path is None:
        typer.echo(reading_list(catalogue, language), nl=False)
    elif path == "list":
        for one in paths.PATHS.values():
            typer.echo(f"{one.name}\t{one.about}")
    elif path not in paths.PATHS:
        raise CommandError(f"there is no path {path!r}; `--path list` tells which there are")
    else:
        chosen = paths.PATHS[path]
        heard = transcripts.walk(chosen, language)
        lengths = transcripts.Lengths(catalogue, settings.prompts_dir, settings.recordings_dir)
        for line in transcripts.written(chosen, heard, lengths):
            typer.echo(line)


def _catalogue(settings: Settings) -> Catalogue:
    return load_catalogue().with_recordings(recorded_in(settings.recordings_dir))


def _languages(catalogue: Catalogue) -> set[str]:
    return {one.language for one in catalogue} | set(catalogue.rules.line)


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "language": finding.language,
        "key": finding.key,
        "fault": finding.fault.value,
        "detail": finding.detail,
        "blocks": finding.blocks,
    }


def _summed_up(findings: list[Finding], *, in_full: bool) -> list[str]:
    """Findings as lines; what awaits speakers of a language is only counted unless `in_full`."""
    counted = (Fault.NO_TEXT, Fault.NEEDS_RECORDING, Fault.UNREVIEWED)
    single = [one for one in findings if in_full or one.blocks or one.fault not in counted]
    counts: dict[str, Counter[Fault]] = {}
    for one in findings:
        if one not in single:
            counts.setdefault(one.language, Counter())[one.fault] += 1
    sums = [
        f"{language}: " + ", ".join(f"{of[fault]} {fault.value}" for fault in counted if of[fault])
        for language, of in counts.items()
    ]
    return [*map(str, single), *sums]
