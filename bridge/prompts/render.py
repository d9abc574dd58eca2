# SPDX-License-Identifier: EUPL-1.2
"""Turns the catalogue's texts into sound files, with espeak-ng and sox.

These voices are placeholders: a person's recording of the same name always wins. Files are 8 kHz,
mono, 16-bit WAV, all equally loud, at ``<directory>/<language>/<key>.wav``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.prompts.catalogue import Catalogue, Prompt
from bridge.prompts.sound import RATE_HZ, from_raw, level, measure, trim, write_wav
from bridge.prompts.soundfiles import sound_file

WORDS_PER_MINUTE = 150
RECIPE = 2
"""Raise it when the same text would now be rendered differently: everything is then made anew."""
WORKERS = 2

_MANIFEST = "manifest.json"
_SAVE_EVERY = 25

Progress = Callable[[int, int, str], None]
"""Told (done, total, name of the prompt just finished)."""


class RenderingFailed(Exception):
    """A prompt could not be rendered; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a `build` did."""

    rendered: int
    kept: int
    """Already there, with the same text."""
    removed: int
    """Rendered earlier, and no longer in the catalogue."""
    uneven: tuple[str, ...] = ()
    """Those just rendered that are louder or quieter than the rules for prompts allow."""


def build(catalogue: Catalogue, out_dir: Path, progress: Progress | None = None) -> Built:
    """Render what is missing or has changed into `out_dir`, in the languages that have a voice.

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
    wanted = {prompt.name: _recipe(prompt, catalogue) for prompt in spoken}
    stale = [
        prompt
        for prompt in spoken
        if made.get(prompt.name) != wanted[prompt.name]
        or not sound_file(out_dir, prompt.name).exists()
    ]
    gone = [name for name in made if name not in wanted]
    for name in gone:
        sound_file(out_dir, name).unlink(missing_ok=True)
        del made[name]
    uneven: list[str] = []
    if stale:
        studio = _Studio(catalogue, out_dir, _tool("espeak-ng"), _tool("sox"))
        uneven = _render_all(stale, studio, made, wanted, progress)
    if stale or gone:
        _write_manifest(out_dir, made)
    return Built(len(stale), len(spoken) - len(stale), len(gone), tuple(uneven))


# --- rendering ---------------------------------------------------------------------------------


def _render_all(
    stale: list[Prompt],
    studio: _Studio,
    made: dict[str, str],
    wanted: dict[str, str],
    progress: Progress | None,
) -> list[str]:
    """Render these, noting in `made` what is finished, and on disk every so often.

    Gives the names of those that could not be made as loud as the rest.
    """
    uneven = []
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="prompts")
    try:
        tasks = {pool.submit(studio.render, prompt): prompt for prompt in stale}
        for done, task in enumerate(as_completed(tasks), start=1):
            name = tasks[task].name
            if not task.result():
                uneven.append(name)
            made[name] = wanted[name]
            if done % _SAVE_EVERY == 0:
                _write_manifest(studio.out_dir, made)
            if progress is not None:
                progress(done, len(stale), name)
    except BaseException:
        _write_manifest(studio.out_dir, made)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return sorted(uneven)


@dataclass(frozen=True, slots=True)
class _Studio:
    """What one rendering needs."""

    catalogue: Catalogue
    out_dir: Path
    espeak: str
    sox: str

    def render(self, prompt: Prompt) -> bool:
        """Write the sound file of a prompt; whether it is as loud as it should be."""
        rules = self.catalogue.rules
        levelled = level(trim(self._spoken(prompt)), rules.level_db)
        if not levelled:
            raise RenderingFailed(f"espeak-ng said nothing for {prompt.name}; look at its text")
        target = sound_file(self.out_dir, prompt.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _whole(target) as part:
            write_wav(part, levelled)
        return abs(measure(levelled).level_db - rules.level_db) <= rules.level_tolerance_db

    def _spoken(self, prompt: Prompt) -> array[int]:
        voice = self.catalogue.voice(prompt.language)
        pace = str(WORDS_PER_MINUTE)
        with tempfile.TemporaryDirectory(prefix="stt-prompt-") as scratch:
            said = str(Path(scratch) / "voice.wav")
            speak = [self.espeak, "-v", voice, "-s", pace, "-b", "1", "--stdin", "-w", said]
            _run(speak, prompt, stdin=prompt.text.encode())
            # -D (no dither) makes reruns identical; the telephone carries nothing below 300 Hz.
            shape = ["-t", "raw", "-e", "signed", "-b", "16", "-L", "-c", "1", "-r", str(RATE_HZ)]
            return from_raw(
                _run([self.sox, "-D", "-G", said, *shape, "-", "highpass", "200"], prompt)
            )


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


def _recipe(prompt: Prompt, catalogue: Catalogue) -> str:
    level_db = str(catalogue.rules.level_db)
    parts = (str(RECIPE), level_db, catalogue.voice(prompt.language), prompt.text)
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
