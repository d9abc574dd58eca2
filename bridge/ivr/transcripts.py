# SPDX-License-Identifier: EUPL-1.2
"""Every word of a way through a script, in order and with its seconds, for review.

A path is a script and what is heard on the way; the words are what the real script then says. So a
transcript cannot drift from what callers hear: a path that no longer fits its script is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from bridge.ivr.script import (
    Answer,
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Keys,
    Notice,
    Said,
    Say,
    Script,
    Silence,
    Step,
    Wait,
    prompt_of,
)
from bridge.prompts.catalogue import Catalogue
from bridge.prompts.sound import NotATelephoneSound, measure, read_wav
from bridge.prompts.soundfiles import resolve

LETTERS_PER_SECOND = 14.0
PAUSE_SECONDS = 0.25
"""How the length of a prompt without a file is estimated: its characters at this pace, and the
pauses around it (measured on what espeak-ng says in Portuguese and English at 150 words a minute).
"""

_ASIDE = " " * 15
"""Stands before what is not spoken."""


class BadPath(ValueError):
    """A path does not fit its script any more; the message says where."""


@dataclass(frozen=True, slots=True)
class ScriptPath:
    """One way through a script."""

    name: str
    """As it is asked for: ``technician``."""
    about: str
    """What happens on it, in a few words."""
    script: Callable[[str], Script[Any]]
    """The script in this prompt language."""
    heard: tuple[Heard | Callable[[str], Heard], ...]
    """What is heard, step by step; afterwards the script is over. What depends on the prompt
    language is a function of it.
    """
    taken: bool = False
    """Whether the script ends from outside instead: it waits, and the leg is taken to the room."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One step of a script and what was heard then; nothing at its end."""

    step: Step
    heard: Heard | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """One prompt of a passage."""

    name: str
    """Its key; with its language before it, where that is another than its turn's."""
    text: str
    seconds: float
    estimated: bool
    """Whether there is no sound file yet, so that the seconds are a guess from the text."""


def walk(path: ScriptPath, language: str) -> list[Passage]:
    """Go a path from its start to its end. Raises `BadPath` where it does not fit the script."""
    script = path.script(language)
    state, step = script.start()
    passages = []
    for number, given in enumerate(path.heard, start=1):
        heard = given(language) if callable(given) else given
        if not _fits(heard, step):
            raise BadPath(
                f"the path {path.name!r} does not fit its script: {_label(heard)} "
                f"cannot be heard at {type(step).__name__} (number {number})"
            )
        passages.append(Passage(step, heard))
        state, step = script.hear(state, heard)
    if not isinstance(step, Wait if path.taken else Finish):
        raise BadPath(f"the path {path.name!r} ends before its script does")
    return [*passages, Passage(step, None)]


class Lengths:
    """What prompts say and how long they last: measured in their files, else estimated."""

    def __init__(self, catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path) -> None:
        self._catalogue = catalogue
        self._folders = (prompts_dir, recordings_dir)

    def of(self, prompt: str, language: str) -> Spoken:
        """A prompt of a turn as it is heard: where its language cannot be said, in its fallback.

        Raises `NoSuchPrompt` when there is no text for it at all.
        """
        key, wanted = prompt_of(prompt, language)
        heard_in = self._catalogue.said_in(key, wanted)
        text = self._catalogue.text(key, heard_in)
        name = key if heard_in == language else f"{heard_in}/{key}"
        try:
            samples = read_wav(resolve(key, heard_in, *self._folders))
        except NotATelephoneSound:
            return Spoken(name, text, estimate(text), estimated=True)
        return Spoken(name, text, measure(samples).seconds, estimated=False)


def estimate(text: str) -> float:
    """About how many seconds a text takes to say."""
    return len(text) / LETTERS_PER_SECOND + PAUSE_SECONDS


def written(path: ScriptPath, passages: Sequence[Passage], lengths: Lengths) -> Iterator[str]:
    """A transcript as lines of text, with totals at its end.

    Each line of speech begins with the second at which it begins when nobody cuts anything short
    and keys take no time, and with its own seconds; ``~`` marks an estimate.
    """
    yield f"{path.name}: {path.about}"
    said: list[Spoken] = []
    keys = music = 0.0
    for passage in passages:
        step = passage.step
        if isinstance(step, Say | Ask):
            for prompt in step.prompts:
                spoken = lengths.of(prompt, step.language)
                yield _line(sum(one.seconds for one in said), spoken)
                said.append(spoken)
        elif isinstance(step, Wait):
            until = f"up to {step.seconds:g} s" if passage.heard else "until the room is entered"
            yield f"{_ASIDE}[music, {until}]"
            music += step.seconds if passage.heard else 0.0
        if isinstance(passage.heard, Keys):
            keys += len(passage.heard.digits)
        if passage.heard is not None and not isinstance(passage.heard, Said):
            yield f"{_ASIDE}-> {_label(passage.heard)}"
        if isinstance(step, Finish):
            yield f"{_ASIDE}= {_words(step.outcome)}"
    yield _totals(said, int(keys), music)


def _line(begins: float, spoken: Spoken) -> str:
    seconds = f"{'~' if spoken.estimated else ''}{spoken.seconds:.1f}"
    return f"{begins:6.1f} {seconds:>6}  {spoken.text}  ({spoken.name})"


def _totals(said: list[Spoken], keys: int, music: float) -> str:
    seconds = sum(one.seconds for one in said)
    words = sum(len(one.text.split()) for one in said)
    estimated = sum(one.estimated for one in said)
    guess = f", {estimated} of them estimated from the text" if estimated else ""
    waited = f", up to {music:g} s of music" if music else ""
    about = "~" if estimated else ""
    return (
        f"total: {about}{seconds:.1f} s spoken, {words} words in {len(said)} prompts{guess}; "
        f"{keys} keys{waited}"
    )


def _fits(heard: Heard, step: Step) -> bool:
    """Whether a carrier or the application could answer this step with that."""
    match step:
        case Finish():
            return False
        case Consult():
            return isinstance(heard, Answer)
        case Say():
            return isinstance(heard, Said | Keys | HungUp)
        case Ask(most_keys=most):
            return isinstance(heard, Silence | HungUp) or (
                isinstance(heard, Keys) and len(heard.digits) <= most
            )
        case Wait():
            return isinstance(heard, Silence | Keys | Notice | HungUp)


def _label(heard: Heard) -> str:
    match heard:
        case Keys(digits):
            return f"keys {digits}" if digits else "the key that finishes"
        case Answer(value):
            return f"the service answers: {_words(value)}"
        case Notice(value):
            return f"the service tells: {_words(value)}"
        case Silence():
            return "silence"
        case HungUp():
            return "hangs up"
        case Said():
            return "(nothing)"


def _words(value: object) -> str:
    """What kind of answer or outcome it is, in plain words."""
    if isinstance(value, Enum):
        return str(value.value).replace("-", " ").replace("_", " ")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__).lower()
