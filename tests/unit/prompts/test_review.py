# SPDX-License-Identifier: EUPL-1.2
"""What is to be done about the prompts."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest

from bridge.hours.directory import Directory
from bridge.prompts.catalogue import Catalogue, Prompt
from bridge.prompts.review import Fault, Finding, review
from bridge.prompts.rules import PromptRules
from bridge.prompts.sound import RATE_HZ, level, write_wav

RULES = PromptRules(
    line=("pt", "en", "uk", "ro", "ro-MD", "kea", "wo"),
    fallbacks={"kea": ("pt",), "wo": ("en", "pt"), "ro-MD": ("ro",)},
)
VOICES = {"pt": "pt", "en": "en-gb", "uk": "uk", "ro": "ro", "ro-MD": "ro"}
OFFER = (Prompt("offer", "pt", "Pedido."), Prompt("offer", "en", "A request."))
GOODBYE = tuple(
    Prompt("goodbye", language, text, reviewed=language in ("pt", "en"))
    for language, text in {
        "pt": "Adeus.",
        "en": "Goodbye.",
        "uk": "До побачення.",
        "ro": "La revedere.",
        "kea": "Txau.",
    }.items()
)
CATALOGUE = Catalogue((*OFFER, *GOODBYE), VOICES, RULES)
NO_LINES = Directory((), ())


def sound(seconds: float = 1.0, level_db: float = -20.0) -> array[int]:
    count = int(seconds * RATE_HZ)
    tone = array("h", (round(9000 * math.sin(math.pi * n / 10)) for n in range(count)))
    return level(tone, level_db)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good sound file for every prompt that has a voice."""
    for prompt in CATALOGUE:
        if CATALOGUE.voice(prompt.language):
            put(tmp_path / "prompts", prompt.name, sound())
    return tmp_path


def put(directory: Path, name: str, samples: array[int]) -> None:
    target = directory / f"{name}.wav"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_wav(target, samples)


def findings(folder: Path) -> list[Finding]:
    return review(CATALOGUE, folder / "prompts", folder / "recordings", NO_LINES)


def faults(folder: Path) -> set[tuple[str, str, Fault]]:
    return {(one.language, one.key, one.fault) for one in findings(folder)}


AT_BEST = {
    ("uk", "goodbye", Fault.UNREVIEWED),
    ("ro", "goodbye", Fault.UNREVIEWED),
    ("kea", "goodbye", Fault.UNREVIEWED),
    ("kea", "goodbye", Fault.NEEDS_RECORDING),
    ("wo", "", Fault.NO_TEXTS),
}


def test_what_only_speakers_of_a_language_can_mend_blocks_nothing(folder: Path) -> None:
    assert faults(folder) == AT_BEST
    assert not any(one.blocks for one in findings(folder))


def test_until_there_is_a_recording_it_is_said_what_is_heard_instead(folder: Path) -> None:
    assert [str(one) for one in findings(folder)][-2:] == [
        "kea/goodbye: needs a recording (until then: pt)",
        "wo: no texts (1 to write and to record; until then: en, pt)",
    ]


def test_a_recording_of_the_same_name_is_what_is_measured(folder: Path) -> None:
    put(folder / "recordings", "kea/goodbye", sound())
    assert faults(folder) == AT_BEST - {("kea", "goodbye", Fault.NEEDS_RECORDING)}
    put(folder / "recordings", "pt/offer", sound(level_db=-30.0))
    assert ("pt", "offer", Fault.TOO_QUIET) in faults(folder)


def test_a_recording_whose_name_is_no_prompt_is_told(folder: Path) -> None:
    put(folder / "recordings", "kea/godbye", sound())
    (folder / "recordings/kea/goodbye.mp3").write_bytes(b"")
    strays = [one for one in findings(folder) if one.fault is Fault.NO_SUCH_PROMPT]
    assert [one.key for one in strays] == ["godbye", "goodbye.mp3"]
    assert not any(one.blocks for one in strays)


@pytest.mark.parametrize("name", ["pt/offer", "en/goodbye", "uk/goodbye"])
def test_a_missing_file_blocks_in_any_language(folder: Path, name: str) -> None:
    (folder / f"prompts/{name}.wav").unlink()
    language, key = name.split("/")
    assert [(one.language, one.key, one.fault) for one in findings(folder) if one.blocks] == [
        (language, key, Fault.NO_FILE)
    ]


def test_a_file_that_is_no_telephone_sound_blocks(folder: Path) -> None:
    (folder / "prompts/en/offer.wav").write_text("not a sound")
    (found,) = (one for one in findings(folder) if one.blocks)
    assert found.fault is Fault.WRONG_FORMAT
    assert "8 kHz, mono, 16 bit" in str(found)


@pytest.mark.parametrize(
    ("samples", "fault", "told"),
    [
        (sound(level_db=-16.0), Fault.TOO_LOUD, "make it 4.0 dB quieter"),
        (sound(level_db=-25.0), Fault.TOO_QUIET, "make it 5.0 dB louder"),
        (array("h", [0] * RATE_HZ), Fault.TOO_QUIET, "make it inf dB louder"),
        (sound(seconds=12.5), Fault.TOO_LONG, "12.5 s of 12 s"),
    ],
)
def test_too_loud_too_quiet_or_too_long_is_told_with_how_much(
    folder: Path, samples: array[int], fault: Fault, told: str
) -> None:
    put(folder / "prompts", "pt/offer", samples)
    (found,) = (one for one in findings(folder) if one.blocks)
    assert (found.fault, found.detail) == (fault, told)


def test_the_rules_own_bounds_are_no_fault(folder: Path) -> None:
    put(folder / "prompts", "pt/offer", sound(seconds=12.0, level_db=-21.3))
    assert faults(folder) == AT_BEST


def test_a_migrant_s_sentence_may_last_less_long_and_warns_in_other_languages(
    folder: Path,
) -> None:
    put(folder / "prompts", "pt/goodbye", sound(seconds=11.0))
    put(folder / "prompts", "uk/goodbye", sound(seconds=11.0))
    assert {
        (one.language, one.blocks) for one in findings(folder) if one.fault is Fault.TOO_LONG
    } == {("pt", True), ("uk", False)}


def test_a_language_of_the_line_that_lacks_one_text_is_told_which(folder: Path) -> None:
    more = (
        Prompt("rejoin", "pt", "A ligação caiu."),
        Prompt("rejoin", "en", "The connection was lost."),
        Prompt("rejoin", "ro", "Legătura s-a întrerupt.", reviewed=False),
    )
    for prompt in more:
        put(folder / "prompts", prompt.name, sound())
    catalogue = Catalogue((*CATALOGUE, *more), VOICES, RULES)
    found = review(catalogue, folder / "prompts", folder / "recordings", NO_LINES)
    assert [(one.language, one.key) for one in found if one.fault is Fault.NO_TEXT] == [
        ("uk", "rejoin"),
        ("kea", "rejoin"),
    ]
    assert not any(one.blocks for one in found)
