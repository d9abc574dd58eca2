# SPDX-License-Identifier: EUPL-1.2
"""Turns the catalogue's texts into sound files, with espeak-ng and sox.

These voices are placeholders: a person's recording of the same name always wins. Files are 8 kHz,
mono, 16-bit WAV, all equally loud, at ``<directory>/<language>/<key>.wav``.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import wave
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.ivr.prompts import Catalogue, Prompt
from bridge.ivr.script import prompt_of

RATE_HZ = 8000
ACTIVE_LEVEL_DB = -20.0
"""Mean level of the spoken parts, in dB relative to full scale."""
PEAK_DB = -1.0
"""No sample is louder: loudness gives way before anything is cut off."""
WORDS_PER_MINUTE = 150
RECIPE = 1
"""Raise it when the same text would now be rendered differently: everything is then made anew."""
WORKERS = 2

_MANIFEST = "manifest.json"
_FRAME = RATE_HZ // 50
_SAVE_EVERY = 25

Progress = Callable[[int, int, str], None]
"""Told (done, total, name of the prompt just finished)."""


class RenderingFailed(Exception):
    """A prompt could not be rendered; the message names the remedy."""


class PromptsMissing(Exception):
    """Sound files that calls need are not there; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a `build` did."""

    rendered: int
    kept: int
    """Already there, with the same text."""
    removed: int
    """Rendered earlier, and no longer in the catalogue."""
    voiceless: tuple[str, ...]
    """Prompts in languages that espeak-ng does not speak: only people can record them."""


def build(catalogue: Catalogue, out_dir: Path, progress: Progress | None = None) -> Built:
    """Render what is missing or has changed into `out_dir`.

    Can be interrupted at any moment and run again; what was finished stays. Files appear whole or
    not at all. Raises `RenderingFailed`.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        return _build(catalogue, out_dir, progress)
    except OSError as error:
        raise RenderingFailed(
            f"prompts cannot be written to {out_dir} ({error.strerror}); "
            "make room there or name another folder with STT_PROMPTS_DIR"
        ) from error


def _build(catalogue: Catalogue, out_dir: Path, progress: Progress | None) -> Built:
    made = _read_manifest(out_dir)
    spoken = [prompt for prompt in catalogue if catalogue.voice(prompt.language)]
    wanted = {prompt.name: _recipe(prompt, catalogue.voice(prompt.language)) for prompt in spoken}
    stale = [
        prompt
        for prompt in spoken
        if made.get(prompt.name) != wanted[prompt.name] or not _file(out_dir, prompt.name).exists()
    ]
    gone = [name for name in made if name not in wanted]
    for name in gone:
        _file(out_dir, name).unlink(missing_ok=True)
        del made[name]
    if stale:
        _render_all(stale, catalogue, out_dir, made, wanted, progress)
    if stale or gone:
        _write_manifest(out_dir, made)
    voiceless = tuple(one.name for one in catalogue if not catalogue.voice(one.language))
    return Built(len(stale), len(spoken) - len(stale), len(gone), voiceless)


def resolve(key: str, language: str, prompts_dir: Path, recordings_dir: Path) -> Path:
    """The sound file of a prompt: a person's recording, else the rendered one.

    Looks only for the recording, so a new one counts from the next call on; `check` says what is
    missing altogether. The path is absolute.
    """
    recorded = _file(recordings_dir, f"{language}/{key}")
    chosen = recorded if recorded.is_file() else _file(prompts_dir, f"{language}/{key}")
    return chosen.absolute()


def sounds(prompts_dir: Path, recordings_dir: Path) -> Callable[[str, str], str]:
    """A function that gives, for a prompt of a turn and the turn's language, the path without its
    suffix.
    """

    def sound(prompt: str, language: str) -> str:
        key, language = prompt_of(prompt, language)
        return str(resolve(key, language, prompts_dir, recordings_dir).with_suffix(""))

    return sound


def check(catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path) -> list[str]:
    """What is wrong with the sound files of a catalogue; nothing when calls can be taken.

    One line each: a prompt without a file, or a file that is not 8 kHz, mono, 16-bit WAV.
    """
    problems = []
    for prompt in catalogue:
        path = resolve(prompt.key, prompt.language, prompts_dir, recordings_dir)
        if not path.is_file():
            problems.append(f"{prompt.name}: there is no sound file")
        elif not _is_telephone_wav(path):
            problems.append(f"{prompt.name}: {path} is not a WAV of 8 kHz, mono, 16 bit")
    return problems


def require(catalogue: Catalogue, prompts_dir: Path, recordings_dir: Path) -> None:
    """Raise `PromptsMissing` with one sentence when `check` finds anything."""
    problems = check(catalogue, prompts_dir, recordings_dir)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PromptsMissing(f"{problems[0]}{more}; run `stt-bridge prompts build`")


# --- rendering ---------------------------------------------------------------------------------


def _render_all(
    stale: list[Prompt],
    catalogue: Catalogue,
    out_dir: Path,
    made: dict[str, str],
    wanted: dict[str, str],
    progress: Progress | None,
) -> None:
    """Render these, noting in `made` what is finished, and on disk every so often."""
    espeak, sox = _tool("espeak-ng"), _tool("sox")
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="prompts")
    try:
        tasks = {
            pool.submit(
                _render, prompt, catalogue.voice(prompt.language), out_dir, espeak, sox
            ): prompt
            for prompt in stale
        }
        for done, task in enumerate(as_completed(tasks), start=1):
            task.result()
            name = tasks[task].name
            made[name] = wanted[name]
            if done % _SAVE_EVERY == 0:
                _write_manifest(out_dir, made)
            if progress is not None:
                progress(done, len(stale), name)
    except BaseException:
        _write_manifest(out_dir, made)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _render(prompt: Prompt, voice: str, out_dir: Path, espeak: str, sox: str) -> None:
    with tempfile.TemporaryDirectory(prefix="stt-prompt-") as scratch:
        raw = Path(scratch) / "voice.wav"
        _run(
            [
                espeak,
                "-v",
                voice,
                "-s",
                str(WORDS_PER_MINUTE),
                "-b",
                "1",
                "--stdin",
                "-w",
                str(raw),
            ],
            prompt,
            stdin=prompt.text.encode(),
        )
        # The telephone carries nothing below 300 Hz; -D (no dither) makes reruns identical.
        shape = ["highpass", "200"]
        telephone = ["-t", "raw", "-e", "signed", "-b", "16", "-L", "-c", "1", "-r", str(RATE_HZ)]
        samples = _run([sox, "-D", "-G", str(raw), *telephone, "-", *shape], prompt)
    levelled = level(trim(_samples(samples)))
    if not levelled:
        raise RenderingFailed(f"espeak-ng said nothing for {prompt.name}; look at its text")
    target = _file(out_dir, prompt.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole(target) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(_little_endian(levelled))


def trim(samples: array[int]) -> array[int]:
    """The same sound with 40 ms of silence before it and 160 ms after it, or less.

    Espeak-ng ends everything with a long pause, which would make a spelt number tedious.
    """
    powers = _powers(samples)
    floor = max(powers, default=0.0) / 10_000
    spoken = [index for index, power in enumerate(powers) if power > floor]
    if not spoken:
        return array("h")
    return samples[max(0, spoken[0] - 2) * _FRAME : (spoken[-1] + 9) * _FRAME]


def level(samples: array[int]) -> array[int]:
    """The same sound at `ACTIVE_LEVEL_DB`, measured over the spoken parts, within `PEAK_DB`.

    A stretch of 20 ms counts as spoken when it is within 30 dB of the loudest one (in the spirit
    of ITU-T P.56's active speech level, simplified). Silence gives an empty sound.
    """
    powers = _powers(samples)
    loudest = max(powers, default=0.0)
    if loudest == 0.0:
        return array("h")
    active = [power for power in powers if power >= loudest / 1000]
    wanted = 32768 * 10 ** (ACTIVE_LEVEL_DB / 20) / math.sqrt(math.fsum(active) / len(active))
    possible = 32767 * 10 ** (PEAK_DB / 20) / max(abs(sample) for sample in samples)
    gain = min(wanted, possible)
    return array("h", (round(sample * gain) for sample in samples))


def _powers(samples: array[int]) -> list[float]:
    """The mean square of each stretch of 20 ms."""
    return [
        math.fsum(sample * sample for sample in samples[start : start + _FRAME]) / _FRAME
        for start in range(0, len(samples), _FRAME)
    ]


def _run(command: list[str], prompt: Prompt, stdin: bytes = b"") -> bytes:
    try:
        # Our own programs with our own texts, and no shell.
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = type(error).__name__
        raise RenderingFailed(_could_not(command[0], prompt, reason)) from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RenderingFailed(_could_not(command[0], prompt, said[-1] if said else "it failed"))
    return done.stdout


def _could_not(program: str, prompt: Prompt, reason: str) -> str:
    name = Path(program).name
    return f"{name} could not make {prompt.name} ({reason}); run `make setup` and try again"


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RenderingFailed(f"{name} is not installed; run `make setup`")
    return found


# --- files -------------------------------------------------------------------------------------


def _file(directory: Path, name: str) -> Path:
    return directory / f"{name}.wav"


def _recipe(prompt: Prompt, voice: str) -> str:
    parts = (str(RECIPE), voice, prompt.text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read_manifest(out_dir: Path) -> dict[str, str]:
    """What was rendered from which text; empty when it is missing or spoilt."""
    try:
        stored = json.loads((out_dir / _MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(stored, dict):
        return {}
    return {str(name): str(recipe) for name, recipe in stored.items() if ".." not in str(name)}


def _write_manifest(out_dir: Path, made: dict[str, str]) -> None:
    with _whole(out_dir / _MANIFEST) as part:
        part.write_text(json.dumps(made, indent=1, sort_keys=True), encoding="utf-8")


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A file that takes the target's place once it is complete."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _is_telephone_wav(path: Path) -> bool:
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            return shape == (RATE_HZ, 1, 2) and file.getnframes() > 0
    except (wave.Error, EOFError, OSError):
        return False


def _samples(raw: bytes) -> array[int]:
    samples = array("h")
    samples.frombytes(raw[: len(raw) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _little_endian(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
