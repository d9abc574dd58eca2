# SPDX-License-Identifier: EUPL-1.2
"""Where the sound file of each prompt is: a person's recording always wins over a rendered one.

Files are WAV of 8 kHz, mono, 16 bit at ``<directory>/<language>/<key>.wav``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge.hours.directory import Directory
from bridge.ivr.script import prompt_of
from bridge.prompts.catalogue import Catalogue, Prompt, Recorded
from bridge.prompts.line_prompts import NamedPrompt, named_by, says_another, silent
from bridge.prompts.sound import NotATelephoneSound, read_wav


class PromptsMissing(Exception):
    """Sound files that calls need are not there; the message names the remedy."""


def sound_file(directory: Path, name: str) -> Path:
    """The file of the prompt with this name (``uk/goodbye``)."""
    return directory / f"{name}.wav"


def recorded_in(recordings_dir: Path) -> Recorded:
    """Tells which prompts people have recorded; looks each time anew."""
    return lambda name: sound_file(recordings_dir, name).is_file()


def resolve(key: str, language: str, prompts_dir: Path, recordings_dir: Path) -> Path:
    """The sound file of a prompt: a person's recording, else the rendered one.

    Looks only for the recording, so a new one counts from the next call on; `unusable` says what
    is missing altogether. The path is absolute.
    """
    recorded = sound_file(recordings_dir, f"{language}/{key}")
    chosen = recorded if recorded.is_file() else sound_file(prompts_dir, f"{language}/{key}")
    return chosen.absolute()


def sounds(
    catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path
) -> Callable[[str, str], str]:
    """A function that gives, for a prompt of a turn and the turn's language, the path without its
    suffix.

    A prompt whose language has neither voice nor recording is said in the first fallback that has.
    """
    known = catalogue.with_recordings(recorded_in(recordings_dir))

    def sound(prompt: str, language: str) -> str:
        key, language = prompt_of(prompt, language)
        spoken = known.said_in(key, language)
        return str(resolve(key, spoken, prompts_dir, recordings_dir).with_suffix(""))

    return sound


def expected(catalogue: Catalogue) -> list[Prompt]:
    """The prompts that must have a file: those with a voice, and those that are recorded."""
    return [one for one in catalogue if catalogue.can_say(one.key, one.language)]


def unusable(catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path) -> list[str]:
    """What is wrong with the sound files of a catalogue; nothing when calls can be taken.

    One line each: a prompt without a file, or a file that is not 8 kHz, mono, 16-bit WAV. A prompt
    that only a person could record is none of them: another language is spoken until then.
    """
    problems = []
    for prompt in expected(catalogue.with_recordings(recorded_in(recordings_dir))):
        path = resolve(prompt.key, prompt.language, prompts_dir, recordings_dir)
        if not path.is_file():
            problems.append(f"{prompt.name}: there is no sound file")
            continue
        try:
            read_wav(path)
        except NotATelephoneSound:
            problems.append(f"{prompt.name}: {path} is not a WAV of 8 kHz, mono, 16 bit")
    return problems


def own_recordings(
    directory: Directory, catalogue: Catalogue, recordings_dir: Path
) -> list[NamedPrompt]:
    """The prompts that lines and services name, and that only a person's recording says."""
    known = catalogue.with_recordings(recorded_in(recordings_dir))
    return [
        one
        for one in named_by(directory, known)
        if (one.key, one.language) not in known and known.is_recorded(one.key, one.language)
    ]


def how_to_record(prompt: NamedPrompt, recordings_dir: Path) -> str:
    """What is to be done about a prompt that nothing says: one clause for people."""
    otherwise = f", or {prompt.otherwise}" if prompt.otherwise else ""
    path = sound_file(recordings_dir, prompt.name)
    return f"record it as {path} (WAV of 8 kHz, mono, 16 bit){otherwise}"


def unheard(directory: Directory, catalogue: Catalogue, recordings_dir: Path) -> list[str]:
    """What callers should hear of these lines and services and would not; one sentence each."""
    known = catalogue.with_recordings(recorded_in(recordings_dir))
    problems = [
        f"{one.what} {_lack(one, known)}; {how_to_record(one, recordings_dir)}"
        for one in silent(directory, known)
    ]
    for one in own_recordings(directory, catalogue, recordings_dir):
        path = sound_file(recordings_dir, one.name)
        try:
            read_wav(path)
        except NotATelephoneSound:
            problems.append(f"{one.what}: {path} is not a WAV of 8 kHz, mono, 16 bit; convert it")
    return problems


def _lack(one: NamedPrompt, catalogue: Catalogue) -> str:
    """What is the matter with a prompt that nothing says: the rest of a sentence."""
    if says_another(one, catalogue):
        return f"is not the one that would be heard (“{catalogue.text(one.key, one.language)}”)"
    return "has neither a text nor a recording"


def require(catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path) -> None:
    """Raise `PromptsMissing` with one sentence when there is anything `unusable`."""
    problems = unusable(catalogue, prompts_dir, recordings_dir)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PromptsMissing(f"{problems[0]}{more}; run `stt-bridge prompts build`")
