# SPDX-License-Identifier: EUPL-1.2
"""Prompts rendered with the real espeak-ng and sox."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import wave
from array import array
from pathlib import Path

import pytest

from bridge.languages.model import load_languages
from bridge.prompts.catalogue import Catalogue, Prompt
from bridge.prompts.render import Built, RenderingFailed, build
from bridge.prompts.rules import PromptRules
from bridge.prompts.sound import ACTIVE_LEVEL_DB, PEAK_DB, RATE_HZ, measure, read_wav
from bridge.prompts.soundfiles import (
    PromptsMissing,
    recorded_in,
    require,
    resolve,
    sounds,
    unusable,
)

KEA_LIKE_PT = PromptRules(line=("pt", "en", "kea"), fallbacks={"kea": ("pt",)})
VOICES = {"pt": "pt", "en": "en-gb", "uk": "uk"}
FEW = (
    Prompt("goodbye", "pt", "Obrigado. Até à próxima."),
    Prompt("goodbye", "en", "Thank you. Goodbye."),
    Prompt("goodbye", "uk", "До побачення."),
    Prompt("digit-3", "pt", "três"),
    Prompt("digit-3", "en", "three"),
)


def few(*more: Prompt) -> Catalogue:
    changed = {(one.key, one.language) for one in more}
    kept = (one for one in FEW if (one.key, one.language) not in changed)
    return Catalogue((*kept, *more), VOICES)


def mtimes(directory: Path) -> dict[str, int]:
    return {
        path.relative_to(directory).as_posix(): path.stat().st_mtime_ns
        for path in directory.rglob("*.wav")
    }


def read(path: Path) -> array[int]:
    with wave.open(str(path), "rb") as file:
        shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        assert shape == (RATE_HZ, 1, 2)
        return array("h", file.readframes(file.getnframes()))


def decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude / 32768)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("prompts")
    assert build(few(), directory) == Built(rendered=5, kept=0, removed=0)
    return directory


def test_each_prompt_is_a_telephone_wav_that_can_be_heard(rendered: Path) -> None:
    for prompt in FEW:
        samples = read(rendered / f"{prompt.name}.wav")
        assert 0.2 < len(samples) / RATE_HZ < 5
        peak = max(abs(sample) for sample in samples)
        assert ACTIVE_LEVEL_DB < decibels(peak) <= PEAK_DB + 0.01


def test_longer_texts_make_longer_sounds_and_languages_differ(rendered: Path) -> None:
    assert len(read(rendered / "pt/goodbye.wav")) > 2 * len(read(rendered / "pt/digit-3.wav"))
    assert read(rendered / "pt/digit-3.wav") != read(rendered / "en/digit-3.wav")


def test_a_digit_has_no_long_silence_around_it(rendered: Path) -> None:
    samples = read(rendered / "pt/digit-3.wav")
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 500]
    assert loud[0] / RATE_HZ < 0.15
    assert (len(samples) - loud[-1]) / RATE_HZ < 0.3


def test_only_what_is_missing_changed_or_gone_is_touched(tmp_path: Path) -> None:
    first = few(Prompt("digit-4", "pt", "quatro"), Prompt("digit-4", "en", "four"))
    build(first, tmp_path)
    before = mtimes(tmp_path)
    assert build(first, tmp_path) == Built(rendered=0, kept=7, removed=0)
    assert mtimes(tmp_path) == before

    (tmp_path / "en/goodbye.wav").unlink()
    again = few(Prompt("goodbye", "pt", "Adeus."))
    told: list[tuple[int, int, str]] = []
    done = build(again, tmp_path, lambda *progress: told.append(progress))
    assert done == Built(rendered=2, kept=3, removed=2)
    assert {(number, total) for number, total, _ in told} == {(1, 2), (2, 2)}
    assert {name for _, _, name in told} == {"pt/goodbye", "en/goodbye"}
    after = mtimes(tmp_path)
    assert sorted(after) == sorted(f"{one.name}.wav" for one in again)
    assert after["pt/goodbye.wav"] != before["pt/goodbye.wav"]
    assert after["uk/goodbye.wav"] == before["uk/goodbye.wav"]


def test_the_same_text_gives_the_same_bytes(tmp_path: Path, rendered: Path) -> None:
    build(few(), tmp_path)
    for prompt in FEW:
        name = f"{prompt.name}.wav"
        assert (tmp_path / name).read_bytes() == (rendered / name).read_bytes()


def test_an_interruption_loses_nothing_that_was_finished(tmp_path: Path) -> None:
    def interrupt(done: int, total: int, name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(few(), tmp_path, interrupt)
    assert list(tmp_path.rglob("*.part")) == []
    noted = json.loads((tmp_path / "manifest.json").read_text())
    assert len(noted) >= 2
    assert all((tmp_path / f"{name}.wav").is_file() for name in noted)
    assert build(few(), tmp_path).kept == len(noted)
    assert unusable(few(), tmp_path, tmp_path / "none") == []


@pytest.mark.parametrize("spoilt", ["", "{", "[1]", '{"../../outside": "x"}'])
def test_a_spoilt_manifest_only_means_rendering_anew(tmp_path: Path, spoilt: str) -> None:
    directory = tmp_path / "a" / "b"
    directory.mkdir(parents=True)
    outside = tmp_path / "outside.wav"
    outside.write_bytes(b"kept")
    (directory / "manifest.json").write_text(spoilt)
    assert build(few(), directory).rendered == 5
    assert outside.read_bytes() == b"kept"


def test_a_language_without_a_voice_is_left_to_people(tmp_path: Path) -> None:
    catalogue = few(Prompt("goodbye", "kea", "Txau."))
    assert build(catalogue, tmp_path) == Built(rendered=5, kept=0, removed=0)
    assert not (tmp_path / "kea").exists()
    assert unusable(catalogue, tmp_path, tmp_path / "none") == []


def test_another_language_is_heard_until_a_person_has_recorded_it(
    tmp_path: Path, rendered: Path
) -> None:
    catalogue = Catalogue((*FEW, Prompt("goodbye", "kea", "Txau.")), VOICES, KEA_LIKE_PT)
    recordings = tmp_path / "recordings"
    sound = sounds(catalogue, rendered, recordings)
    assert sound("goodbye", "kea") == str(rendered / "pt/goodbye")
    assert sound("kea/goodbye", "en") == str(rendered / "pt/goodbye")
    (recordings / "kea").mkdir(parents=True)
    (recordings / "kea/goodbye.wav").write_bytes((rendered / "uk/goodbye.wav").read_bytes())
    assert sound("goodbye", "kea") == str(recordings / "kea/goodbye")
    assert catalogue.with_recordings(recorded_in(recordings)).can_say("goodbye", "kea")


def test_a_broken_recording_is_named_in_a_language_without_a_voice_too(
    tmp_path: Path, rendered: Path
) -> None:
    catalogue = few(Prompt("goodbye", "kea", "Txau."))
    (tmp_path / "kea").mkdir()
    (tmp_path / "kea/goodbye.wav").write_text("not a sound")
    assert [one.partition(":")[0] for one in unusable(catalogue, rendered, tmp_path)] == [
        "kea/goodbye"
    ]


def test_what_is_rendered_is_as_loud_as_the_rules_say(rendered: Path) -> None:
    for prompt in FEW:
        measured = measure(read_wav(rendered / f"{prompt.name}.wav"))
        assert measured.level_db == pytest.approx(ACTIVE_LEVEL_DB, abs=0.2)


def test_another_level_in_the_rules_means_rendering_anew(tmp_path: Path, rendered: Path) -> None:
    shutil.copytree(rendered, tmp_path / "prompts")
    quieter = Catalogue(FEW, VOICES, PromptRules(level_db=-26.0))
    assert build(quieter, tmp_path / "prompts") == Built(5, 0, 0)
    measured = measure(read_wav(tmp_path / "prompts/pt/goodbye.wav"))
    assert measured.level_db == pytest.approx(-26.0, abs=0.2)


def test_a_text_that_looks_like_an_option_is_only_a_text(tmp_path: Path) -> None:
    build(few(Prompt("digit-3", "en", "--version $(id) `id` ; three")), tmp_path)
    assert len(read(tmp_path / "en/digit-3.wav")) > RATE_HZ


def test_a_text_that_makes_no_sound_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RenderingFailed, match="nothing for en/digit-3"):
        build(few(Prompt("digit-3", "en", "...")), tmp_path)


def test_a_voice_espeak_lacks_is_an_error_that_names_the_prompt(tmp_path: Path) -> None:
    catalogue = Catalogue(FEW, {"pt": "xx"})
    with pytest.raises(RenderingFailed, match=r"espeak-ng could not make pt/.*make setup"):
        build(catalogue, tmp_path)


@pytest.mark.parametrize("missing", ["espeak-ng", "sox"])
def test_a_missing_program_is_one_sentence_naming_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"espeak-ng", "sox"} - {missing}:
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(RenderingFailed, match=f"^{missing} is not installed; run `make setup`$"):
        build(few(), tmp_path / "prompts")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderingFailed, match="STT_PROMPTS_DIR"):
        build(few(), tmp_path / "file" / "prompts")


def test_a_person_s_recording_wins(tmp_path: Path, rendered: Path) -> None:
    recordings = tmp_path / "recordings"
    (recordings / "pt").mkdir(parents=True)
    recording = recordings / "pt/goodbye.wav"
    recording.write_bytes((rendered / "pt/digit-3.wav").read_bytes())
    assert resolve("goodbye", "pt", rendered, recordings) == recording
    assert resolve("goodbye", "en", rendered, recordings) == rendered / "en/goodbye.wav"
    sound = sounds(few(), rendered, recordings)
    assert sound("goodbye", "pt") == str(recordings / "pt/goodbye")
    assert unusable(few(), rendered, recordings) == []


def test_paths_are_absolute_because_another_program_reads_them(
    monkeypatch: pytest.MonkeyPatch, rendered: Path
) -> None:
    monkeypatch.chdir(rendered.parent)
    path = resolve("goodbye", "pt", Path(rendered.name), Path("recordings"))
    assert path == rendered / "pt/goodbye.wav"


def test_missing_files_are_one_sentence_naming_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        PromptsMissing,
        match=r"there is no sound file \(and 4 more\); run `stt-bridge prompts build`",
    ):
        require(few(), tmp_path, tmp_path)


def test_a_recording_in_a_format_the_switch_cannot_play_is_named(
    tmp_path: Path, rendered: Path
) -> None:
    (tmp_path / "pt").mkdir()
    with wave.open(str(tmp_path / "pt/goodbye.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(bytes(400))
    (tmp_path / "pt/digit-3.wav").write_text("not a sound")
    problems = unusable(few(), rendered, tmp_path)
    assert [problem.partition(":")[0] for problem in problems] == ["pt/goodbye", "pt/digit-3"]
    assert all("8 kHz, mono, 16 bit" in problem for problem in problems)
    with pytest.raises(PromptsMissing):
        require(few(), rendered, tmp_path)


def test_every_voice_of_the_list_of_languages_is_one_espeak_has() -> None:
    """Asked by name, because espeak-ng speaks an unknown `pt-zz` with some other voice."""
    listing = subprocess.run(
        ["espeak-ng", "--voices"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    known = {line.split()[1] for line in listing.splitlines()[1:]}
    languages = load_languages()
    voices = {one.espeak for one in (languages.home, *languages) if one.espeak}
    assert len(voices) > 50
    assert voices - known == set()
