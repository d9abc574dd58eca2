# SPDX-License-Identifier: EUPL-1.2
"""Every word of a way through a script."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.ivr.migrant import MigrantScript
from bridge.ivr.paths import PATHS
from bridge.ivr.script import Answer, Ask, Finish, Heard, Keys, Notice, Said, Say, Silence, Wait
from bridge.ivr.transcripts import BadPath, Lengths, ScriptPath, estimate, walk, written
from bridge.prompts.catalogue import NoSuchPrompt, load_catalogue
from bridge.prompts.sound import RATE_HZ, write_wav

CATALOGUE = load_catalogue()
every_path = pytest.mark.parametrize("name", PATHS)


def lengths(folder: Path) -> Lengths:
    return Lengths(CATALOGUE, folder / "prompts", folder / "recordings")


def greeting(*heard: Heard) -> ScriptPath:
    def script(language: str) -> MigrantScript:
        return MigrantScript((language,))

    return ScriptPath("greeting", "a migrant is greeted", script, heard)


@every_path
@pytest.mark.parametrize("language", ["pt", "en"])
def test_each_path_fits_its_script_from_start_to_end(name: str, language: str) -> None:
    passages = walk(PATHS[name], language)
    assert isinstance(passages[-1].step, Wait if PATHS[name].taken else Finish)
    assert any(isinstance(one.step, Say | Ask) for one in passages)


@every_path
def test_each_path_says_the_same_in_both_languages(name: str) -> None:
    """But for times of day: English adds the part of the day."""

    def turns(language: str) -> list[type[Any]]:
        return [type(one.step) for one in walk(PATHS[name], language)]

    assert turns("pt") == turns("en")


@every_path
@pytest.mark.parametrize("language", ["pt", "en"])
def test_all_words_of_a_path_are_printed_in_order(name: str, language: str, tmp_path: Path) -> None:
    passages = walk(PATHS[name], language)
    lines = list(written(PATHS[name], passages, lengths(tmp_path)))
    said = [
        lengths(tmp_path).of(prompt, one.step.language)
        for one in passages
        if isinstance(one.step, Say | Ask)
        for prompt in one.step.prompts
    ]
    printed = [line for line in lines if line.lstrip()[:1].isdigit()]
    assert [line.split("  (")[0].split("  ")[-1] for line in printed] == [one.text for one in said]
    assert lines[-1].startswith("total: ")
    assert f" in {len(said)} prompts, {len(said)} of them estimated" in lines[-1]


def test_a_transcript_shows_words_keys_and_totals(tmp_path: Path) -> None:
    path = greeting(Silence(), Silence(), Silence(), Said())
    lines = list(written(path, walk(path, "en"), lengths(tmp_path)))
    text = CATALOGUE.text("migrant-greeting", "en")
    seconds = estimate(text)
    assert lines[0] == "greeting: a migrant is greeted"
    assert lines[1] == f"{0.0:6.1f} {f'~{seconds:.1f}':>6}  {text}  (migrant-greeting)"
    assert lines[2].strip() == "-> silence"
    assert lines[3].startswith(f"{seconds:6.1f}")
    assert lines[-2].strip() == "= no key"
    assert lines[-1].endswith("4 prompts, 4 of them estimated from the text; 0 keys")


def test_seconds_are_those_of_the_file_and_of_the_recording_where_there_is_one(
    tmp_path: Path,
) -> None:
    for folder, seconds in (("prompts", 2.0), ("recordings", 3.0)):
        (tmp_path / folder / "en").mkdir(parents=True)
        tone = array("h", (round(999 * math.sin(n)) for n in range(int(seconds * RATE_HZ))))
        write_wav(tmp_path / folder / "en/goodbye.wav", tone)
        spoken = lengths(tmp_path).of("goodbye", "en")
        assert (spoken.seconds, spoken.estimated) == (seconds, False)
    assert lengths(tmp_path).of("pt/goodbye", "en").estimated


def test_a_migrant_s_path_is_printed_as_it_is_heard_in_any_language(tmp_path: Path) -> None:
    """Cape Verdean Creole is not heard before it is recorded: until then it is Portuguese."""
    path = PATHS["migrant"]
    lines = list(written(path, walk(path, "uk"), lengths(tmp_path)))
    assert lines[1].endswith(f"{CATALOGUE.text('migrant-greeting', 'uk')}  (migrant-greeting)")
    lines = list(written(path, walk(path, "kea"), lengths(tmp_path)))
    assert lines[1].endswith(f"{CATALOGUE.text('migrant-greeting', 'pt')}  (pt/migrant-greeting)")


def test_a_prompt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoSuchPrompt, match="pt/no-such-prompt"):
        lengths(tmp_path).of("no-such-prompt", "pt")


def test_where_the_leg_is_taken_into_the_room_a_path_ends_with_music(tmp_path: Path) -> None:
    path = PATHS["technician"]
    passages = walk(path, "pt")
    assert isinstance(passages[-1].step, Wait)
    lines = list(written(path, passages, lengths(tmp_path)))
    assert lines[-2].strip() == "[music, until the room is entered]"
    assert "; 10 keys" in lines[-1]
    assert "music" not in lines[-1]
    with pytest.raises(BadPath, match="ends before"):
        walk(replace(path, taken=False), "pt")


@pytest.mark.parametrize(
    ("heard", "complaint"),
    [
        ((Keys("1"), Keys("1")), "keys 1 cannot be heard at Finish"),
        ((Answer(None),), "cannot be heard at Ask"),
        ((Notice("x"),), "cannot be heard at Ask"),
        ((Said(),), "cannot be heard at Ask"),
        ((Keys("12"),), "keys 12 cannot be heard at Ask"),
        ((Silence(), Silence(), Silence(), Silence()), "silence cannot be heard at Say"),
        ((Silence(),), "ends before its script does"),
    ],
)
def test_a_path_that_does_not_fit_its_script_is_refused(
    heard: tuple[Heard, ...], complaint: str
) -> None:
    with pytest.raises(BadPath, match=complaint):
        walk(greeting(*heard), "en")
