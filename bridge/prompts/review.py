# SPDX-License-Identifier: EUPL-1.2
"""What is to be done about the prompts: missing, broken, unreviewed, too loud, too long.

Every finding is about one prompt in one language, or about a whole language of the line that has
no texts at all. What lines and services name is looked at too. The limits are those of the rules
for prompts (`rules.toml`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bridge.hours.directory import Directory
from bridge.prompts.catalogue import Catalogue, Prompt
from bridge.prompts.line_prompts import silent
from bridge.prompts.rules import COMPLETE_LANGUAGES, Limit, PromptRules
from bridge.prompts.sound import NotATelephoneSound, measure, read_wav
from bridge.prompts.soundfiles import (
    how_to_record,
    own_recordings,
    recorded_in,
    resolve,
    sound_file,
)


class Fault(StrEnum):
    """What can be wrong with a prompt."""

    NO_TEXT = "no text"
    """The language of the line has texts, or a voice, but none for this."""
    NO_TEXTS = "no texts"
    """The language of the line has no texts at all."""
    NO_FILE = "no sound file"
    WRONG_FORMAT = "wrong format"
    TOO_LONG = "too long"
    TOO_LOUD = "too loud"
    TOO_QUIET = "too quiet"
    NEEDS_RECORDING = "needs a recording"
    """There is no voice: until a person records it, another language is spoken."""
    NO_SUCH_PROMPT = "no such prompt"
    """A recording whose name is no prompt's: it is never heard."""
    UNREVIEWED = "unreviewed"
    """No speaker of the language has read the text."""


REMARKS = frozenset({Fault.NO_TEXTS, Fault.NEEDS_RECORDING, Fault.NO_SUCH_PROMPT, Fault.UNREVIEWED})
"""What people who speak the language are to mend; calls are taken all the same."""
BROKEN = frozenset({Fault.NO_FILE, Fault.WRONG_FORMAT})
"""What keeps the bridge from taking calls, in any language."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be done."""

    language: str
    key: str
    """Empty when the whole language is meant."""
    fault: Fault
    detail: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it must be mended before the prompts are clean.

        In Portuguese and English anything but a remark; elsewhere what keeps calls from being
        taken.
        """
        if self.language in COMPLETE_LANGUAGES:
            return self.fault not in REMARKS
        return self.fault in BROKEN

    def __str__(self) -> str:
        name = f"{self.language}/{self.key}" if self.key else self.language
        return f"{name}: {self.fault.value}" + (f" ({self.detail})" if self.detail else "")


def review(
    catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path, directory: Directory
) -> list[Finding]:
    """Everything there is to be done, in the order of the catalogue and then of the line.

    `directory` has the lines and services whose greetings, names and addresses callers hear.

    Reads every sound file; nothing is written.
    """
    known = catalogue.with_recordings(recorded_in(recordings_dir))
    for_migrants = frozenset(known.keys_for_migrants)
    findings: list[Finding] = []
    for prompt in known:
        limit = known.rules.limit(prompt.key, for_migrants=prompt.key in for_migrants)
        path = resolve(prompt.key, prompt.language, prompts_dir, recordings_dir)
        findings += _of(prompt, known, limit, path)
    return [
        *findings,
        *_named(known, recordings_dir, directory),
        *_gaps(known),
        *_strays(known, recordings_dir, directory),
    ]


def instead(catalogue: Catalogue, language: str) -> str:
    """What is heard instead of a language that cannot be said, for people: ``fr, pt``."""
    return ", ".join(catalogue.rules.fallback(language))


def _of(prompt: Prompt, catalogue: Catalogue, limit: Limit, path: Path) -> Iterator[Finding]:
    def found(fault: Fault, detail: str = "") -> Finding:
        return Finding(prompt.language, prompt.key, fault, detail)

    if not prompt.reviewed:
        yield found(Fault.UNREVIEWED)
    if not catalogue.can_say(prompt.key, prompt.language):
        detail = f"until then: {instead(catalogue, prompt.language)}"
        yield found(Fault.NEEDS_RECORDING, detail)
        return
    if not path.is_file():
        yield found(Fault.NO_FILE, "run `stt-bridge prompts build`")
        return
    yield from _sound(prompt.language, prompt.key, catalogue.rules, limit, path)


def _sound(
    language: str, key: str, rules: PromptRules, limit: Limit, path: Path
) -> Iterator[Finding]:
    """What is wrong with a sound file that is there."""

    def found(fault: Fault, detail: str) -> Finding:
        return Finding(language, key, fault, detail)

    try:
        measured = measure(read_wav(path))
    except NotATelephoneSound:
        yield found(Fault.WRONG_FORMAT, f"{path} is not a WAV of 8 kHz, mono, 16 bit")
        return
    if measured.seconds > limit.most_seconds:
        yield found(Fault.TOO_LONG, f"{measured.seconds:.1f} s of {limit.most_seconds:g} s")
    over = measured.level_db - rules.level_db
    if over > rules.level_tolerance_db:
        yield found(Fault.TOO_LOUD, f"make it {over:.1f} dB quieter")
    elif over < -rules.level_tolerance_db:
        yield found(Fault.TOO_QUIET, f"make it {-over:.1f} dB louder")


def _gaps(catalogue: Catalogue) -> Iterator[Finding]:
    """Texts that a language of the line lacks; one finding when it has none at all.

    What a tag with a region lacks, the language itself says (the Romanian texts, to Moldovans).
    """
    keys = catalogue.keys_for_migrants
    for language in catalogue.rules.line:
        said_as = (language, language.partition("-")[0])
        missing = [key for key in keys if not any((key, one) in catalogue for one in said_as)]
        if len(missing) < len(keys):
            yield from (Finding(language, key, Fault.NO_TEXT) for key in missing)
        else:
            detail = f"{len(keys)} to write and to record; until then: "
            yield Finding(language, "", Fault.NO_TEXTS, detail + instead(catalogue, language))


def _named(catalogue: Catalogue, recordings_dir: Path, directory: Directory) -> Iterator[Finding]:
    """What lines and services name beyond the catalogue: it is recorded, or to be recorded."""
    for one in silent(directory, catalogue):
        detail = f"{one.what}: {how_to_record(one, recordings_dir)}"
        yield Finding(one.language, one.key, Fault.NO_FILE, detail)
    for one in own_recordings(directory, catalogue, recordings_dir):
        limit = catalogue.rules.limit(one.key, for_migrants=True)
        path = sound_file(recordings_dir, one.name)
        yield from _sound(one.language, one.key, catalogue.rules, limit, path)


def _strays(catalogue: Catalogue, recordings_dir: Path, directory: Directory) -> Iterator[Finding]:
    """Recordings that are called like no prompt."""
    own = {one.name for one in own_recordings(directory, catalogue, recordings_dir)}
    for path in sorted(recordings_dir.glob("*/*")):
        language, key = path.parent.name, path.name.removesuffix(".wav")
        known = (key, language) in catalogue or f"{language}/{key}" in own
        if path.suffix != ".wav" or not known:
            yield Finding(language, key, Fault.NO_SUCH_PROMPT, str(path))
