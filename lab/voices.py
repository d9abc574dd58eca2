# SPDX-License-Identifier: EUPL-1.2
"""What the demo's phones say: a short conversation, spoken by espeak-ng.

Every turn begins with a beep of its speaker's tone, so that the same measurement that tells who is
heard by whom works turn by turn, while a person who listens hears people talk.
"""

from __future__ import annotations

import array
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.languages.model import load_languages
from bridge.prompts.sound import level, trim
from bridge.vocabulary import LanguageTag, Role
from lab.audio import RATE, ROLE_TONES, Sound, tone, write_wav
from lab.leg import Spoken

BEEP_SECONDS = 0.3
_PAUSE_SECONDS = 0.15
_LATENCY_SECONDS = 0.1
"""A beep reaches the others within this time: packets of 20 ms, a mixer, and a buffer each way."""
_RECIPE = "1"
"""Changed when the same text would now sound differently."""
_PITCH: Mapping[Role, int] = {Role.TECHNICIAN: 45, Role.INTERPRETER: 70, Role.MIGRANT: 25}
"""Of espeak-ng's 0 to 99, so that one can tell the three apart."""


class VoiceFailed(RuntimeError):
    """A turn could not be rendered; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker says in one turn."""

    role: Role
    language: LanguageTag
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation, ready to be played."""

    line: Line
    file: Path
    """8 kHz mono 16-bit WAV that begins with the beep of the speaker's role."""


_PT = LanguageTag("pt")
_SCRIPTS: Mapping[str, tuple[str, str]] = {
    # The question and the answer, as the interpreter and the migrant say them.
    "uk": ("Добрий день. Що у вас болить?", "У мене вже три дні болить живіт."),
    "fr": ("Bonjour. Où avez-vous mal ?", "J'ai mal au ventre depuis trois jours."),
    "es": ("Buenos días. ¿Qué le duele?", "Me duele el estómago desde hace tres días."),
}


def conversation(language: LanguageTag) -> tuple[Line, ...]:
    """A technician asks, the interpreter passes it on, the migrant answers, and back.

    Raises `VoiceFailed` for a language without a script.
    """
    if language not in _SCRIPTS:
        known = ", ".join(sorted(_SCRIPTS))
        raise VoiceFailed(f"there is no demo conversation in {language!r}; choose one of {known}")
    question, answer = _SCRIPTS[language]
    return (
        Line(Role.TECHNICIAN, _PT, "Bom dia. O que é que lhe dói?"),
        Line(Role.INTERPRETER, language, question),
        Line(Role.MIGRANT, language, answer),
        Line(Role.INTERPRETER, _PT, "Diz que lhe dói a barriga há três dias."),
    )


def render(lines: tuple[Line, ...], cache: Path) -> tuple[Turn, ...]:
    """The turns as sound files in `cache`; what is there already is kept.

    Raises `VoiceFailed` when espeak-ng or sox is missing or fails.
    """
    cache.mkdir(parents=True, exist_ok=True)
    return tuple(_render(line, cache) for line in lines)


def beep_window(spoken: Spoken) -> tuple[float, float]:
    """The moments between which a turn's beep sounds at the others' phones."""
    began = spoken.began + _LATENCY_SECONDS
    return began, began + BEEP_SECONDS


def _render(line: Line, cache: Path) -> Turn:
    recipe = "\0".join((_RECIPE, line.role, line.language, line.text))
    target = cache / f"{hashlib.sha256(recipe.encode()).hexdigest()[:24]}.wav"
    if not target.exists():
        sound = array.array("h", tone(ROLE_TONES[line.role], BEEP_SECONDS).samples)
        sound.frombytes(bytes(2 * round(_PAUSE_SECONDS * RATE)))
        sound.extend(_speech(line))
        handle, part = tempfile.mkstemp(dir=cache, suffix=".part")
        os.close(handle)
        try:
            write_wav(Path(part), Sound(sound))
            Path(part).replace(target)
        finally:
            Path(part).unlink(missing_ok=True)
    return Turn(line, target)


def _speech(line: Line) -> array.array[int]:
    """The spoken text, 8 kHz."""
    known = load_languages()
    language = known.home if line.language == known.home.tag else known.by_tag(line.language)
    if language is None or not language.espeak:
        raise VoiceFailed(f"espeak-ng does not speak {line.language!r}")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "voice.wav"
        pitch = str(_PITCH.get(line.role, 50))
        _run(
            *("espeak-ng", "-v", language.espeak, "-s", "150", "-p", pitch),
            *("-b", "1", "--stdin", "-w", str(raw)),
            stdin=line.text.encode(),
        )
        # -D: no dither, so that the same text always gives the same file.
        shape = ("-t", "raw", "-e", "signed", "-b", "16", "-L", "-c", "1", "-r", str(RATE))
        samples = array.array("h")
        samples.frombytes(_run("sox", "-D", "-G", str(raw), *shape, "-", "highpass", "200"))
    if sys.byteorder == "big":
        samples.byteswap()
    return level(trim(samples))


def _run(program: str, *arguments: str, stdin: bytes = b"") -> bytes:
    found = shutil.which(program)
    if found is None:
        raise VoiceFailed(f"{program} is not installed; run: make setup")
    try:
        done = subprocess.run([found, *arguments], input=stdin, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        raise VoiceFailed(f"{program} does not come to an end; run: make setup") from None
    if done.returncode:
        raise VoiceFailed(f"{program} failed ({done.returncode}); run: make setup")
    return done.stdout
