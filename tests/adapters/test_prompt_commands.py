# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge prompts …`, as people use it."""

from __future__ import annotations

import json
import math
import shutil
from array import array
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bridge.commands import prompts
from bridge.hours.directory import load_directory
from bridge.ivr.paths import PATHS
from bridge.prompts.catalogue import Catalogue, Prompt, load_catalogue
from bridge.prompts.render import build
from bridge.prompts.review import review
from bridge.prompts.rules import load_rules
from bridge.prompts.sound import RATE_HZ, level, write_wav

VOICES = {"pt": "pt", "en": "en-gb"}
FEW = Catalogue(
    (
        Prompt("goodbye", "pt", "Adeus."),
        Prompt("goodbye", "en", "Goodbye."),
        Prompt("goodbye", "kea", "Txau.", reviewed=False),
    ),
    VOICES,
    load_rules(),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings say that prompts and recordings are: nothing is there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STT_PEPPER", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("STT_ASTERISK__READER_SECRET", "0123456789abcdef")
    monkeypatch.setenv("STT_ASTERISK__WRITER_SECRET", "0123456789abcdef")
    monkeypatch.setenv("STT_PROMPTS_DIR", str(tmp_path / "prompts"))
    monkeypatch.setenv("STT_RECORDINGS_DIR", str(tmp_path / "recordings"))
    return tmp_path


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that is rendered in a moment, and a line that names no more."""
    monkeypatch.setattr(prompts, "load_catalogue", lambda: FEW)
    directory = tmp_path / "few.toml"
    directory.write_text(
        '[[line]]\nkey = "apoio"\npt = "Apoio"\nen = "Help"\ngreeting = "goodbye"\n'
        'hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]\n'
    )
    monkeypatch.setenv("STT_DIRECTORY", str(directory))


@pytest.fixture(scope="module")
def all_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good sound file, half a second long, for every prompt that has a voice."""
    directory = tmp_path_factory.mktemp("prompts")
    count = RATE_HZ // 2
    tone = level(array("h", (round(9000 * math.sin(math.pi * n / 10)) for n in range(count))))
    one = directory / "one.wav"
    write_wav(one, tone)
    catalogue = load_catalogue()
    for prompt in catalogue:
        if catalogue.voice(prompt.language):
            target = directory / f"{prompt.name}.wav"
            target.parent.mkdir(exist_ok=True)
            target.hardlink_to(one)
    return directory


def stt(*arguments: str) -> Result:
    app = typer.Typer()
    prompts.add_to(app)

    @app.callback()
    def callback() -> None:
        """So that `prompts` stays a command of its own."""

    return CliRunner().invoke(app, ["prompts", *arguments])


@pytest.mark.usefixtures("few")
def test_build_says_what_it_did_how_loud_and_what_needs_people(folder: Path) -> None:
    first = stt("build")
    assert first.exit_code == 0, first.output
    assert first.output.strip().splitlines() == [
        "prompts: 2 rendered, 0 unchanged, 0 removed",
        "loudness: all 2 rendered are within 1.5 dB of -20 dB",
        "needs recordings: kea, 1 prompts; until then: pt",
    ]
    assert (folder / "prompts/pt/goodbye.wav").is_file()
    (folder / "recordings/kea").mkdir(parents=True)
    shutil.copy(folder / "prompts/pt/goodbye.wav", folder / "recordings/kea/goodbye.wav")
    assert stt("build").output.strip() == "prompts: 0 rendered, 2 unchanged, 0 removed"


@pytest.mark.usefixtures("few")
def test_check_fails_before_the_build_and_is_clean_after_it(folder: Path) -> None:
    before = stt("check")
    assert before.exit_code == 1
    assert "pt/goodbye: no sound file (run `stt-bridge prompts build`)" in before.output
    assert before.output.endswith("Portuguese and English: 2 to be mended\n")
    stt("build")
    after = stt("check")
    assert after.exit_code == 0
    assert "kea: 1 needs a recording, 1 unreviewed" in after.output
    assert after.output.endswith("Portuguese and English: clean\n")


@pytest.mark.usefixtures("few")
def test_check_of_one_language_names_every_prompt(folder: Path) -> None:
    stt("build")
    kea = stt("check", "--language", "kea")
    assert kea.exit_code == 0
    assert kea.output.splitlines() == [
        "kea/goodbye: unreviewed",
        "kea/goodbye: needs a recording (until then: pt)",
        "kea: clean",
    ]
    unknown = stt("check", "--language", "tlh")
    assert unknown.exit_code == 1
    assert "no prompts in the language 'tlh'" in str(unknown.exception)


@pytest.mark.usefixtures("few")
def test_check_as_json_says_whether_it_is_clean_and_what_was_found(folder: Path) -> None:
    stt("build")
    (folder / "prompts/en/goodbye.wav").write_text("not a sound")
    result = stt("check", "--json", "--language", "en")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert told["clean"] is False
    (finding,) = told["findings"]
    assert (finding["language"], finding["key"], finding["fault"], finding["blocks"]) == (
        "en",
        "goodbye",
        "wrong format",
        True,
    )


def test_nothing_blocks_when_every_file_is_there(
    folder: Path, all_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_PROMPTS_DIR", str(all_files))
    result = stt("check")
    assert result.exit_code == 0, result.output
    for language in ("ff", "mnk", "wo"):
        assert f"{language}: no texts" in result.output


def test_what_an_own_directory_names_is_checked_too(
    folder: Path, all_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_PROMPTS_DIR", str(all_files))
    directory = folder / "directory.toml"
    directory.write_text(
        '[[line]]\nkey = "ajuda"\npt = "Linha"\nen = "Line"\nlanguages = ["pt"]\n'
        'greeting = "ajuda"\nhours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("STT_DIRECTORY", str(directory))
    before = stt("check")
    assert before.exit_code == 1
    where = folder / "recordings/pt/ajuda.wav"
    assert f"pt/ajuda: no sound file (the greeting of the line ajuda: record it as {where}" in (
        before.output
    )
    where.parent.mkdir(parents=True)
    shutil.copy(all_files / "pt/goodbye.wav", where)
    assert stt("check").exit_code == 0
    monkeypatch.setenv("STT_DIRECTORY", str(folder / "nowhere.toml"))
    assert "STT_DIRECTORY: " in str(stt("check").exception)


def test_the_paths_are_listed_and_each_can_be_printed(folder: Path) -> None:
    listed = stt("transcript", "--path", "list")
    assert [line.split("\t")[0] for line in listed.output.splitlines()] == list(PATHS)
    printed = stt("transcript", "--path", "offer", "--language", "en")
    assert printed.exit_code == 0
    assert "An interpreter is wanted for the language:" in printed.output
    assert printed.output.splitlines()[-1].startswith("total: ~")
    unknown = stt("transcript", "--path", "nowhere")
    assert unknown.exit_code == 1
    assert "`--path list` tells which there are" in str(unknown.exception)


def test_without_a_path_a_transcript_is_what_is_read_aloud(folder: Path) -> None:
    result = stt("transcript", "--language", "kea")
    assert "kea/goodbye\t" in result.output
    assert all(line.startswith("kea/") for line in result.output.splitlines())


@pytest.mark.thorough
def test_the_real_prompts_are_clean(tmp_path: Path) -> None:
    """Every prompt rendered as it will be heard: none too long, too loud or too quiet."""
    catalogue = load_catalogue()
    assert build(catalogue, tmp_path).uneven == ()
    found = review(catalogue, tmp_path, tmp_path / "none", load_directory())
    assert [str(one) for one in found if one.blocks] == []
