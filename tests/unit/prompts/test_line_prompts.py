# SPDX-License-Identifier: EUPL-1.2
"""What a list of lines and services of one's own makes heard: nothing of it may be silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.hours.directory import Directory, load_directory, parse_directory
from bridge.prompts.catalogue import load_catalogue
from bridge.prompts.line_prompts import named_by, silent
from bridge.prompts.review import Fault, review
from bridge.prompts.sound import write_wav
from bridge.prompts.soundfiles import recorded_in, sounds, unheard
from tests.unit.prompts.test_review import sound

CATALOGUE = load_catalogue()
OWN = """
[[line]]
key = "ajuda"
pt = "Linha de Ajuda"
en = "Help Line"
greeting = "my-greeting"
languages = ["pt", "uk", "kea", "ja", "xx"]
services = ["camara", "claim-fundao"]
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]

[[service]]
key = "camara"
pt = "Câmara"
en = "Town hall"
address = "Praça do Município 1"
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]

[[service]]
key = "claim-fundao"
pt = "CLAIM Fundão"
en = "CLAIM Fundão"
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]

[[service]]
key = "never-told"
pt = "Serviço"
en = "Service"
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]
"""
SILENT = ["pt/my-greeting", "pt/language-xx", "pt/service-camara", "pt/address-camara"]


def own(old: str = "", new: str = "") -> Directory:
    assert old in OWN
    return parse_directory(OWN.replace(old, new) if old else OWN)


def put(recordings: Path, *names: str) -> None:
    for name in names:
        path = recordings / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, sound())


def test_everything_that_the_lines_of_the_service_name_can_be_heard() -> None:
    directory = load_directory()
    assert silent(directory, CATALOGUE) == ()
    named = {one.name for one in named_by(directory, CATALOGUE)}
    assert {"pt/door-greeting", "uk/door-language", "pt/service-cnaim-beja"} <= named
    assert "pt/address-cnaim-norte" in named
    assert "pt/service-stt" not in named


def test_what_has_neither_a_text_nor_a_recording_is_found() -> None:
    assert [one.name for one in silent(own(), CATALOGUE)] == SILENT


@pytest.mark.parametrize("name", SILENT)
def test_a_recording_says_it_and_is_what_callers_hear(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    known = CATALOGUE.with_recordings(recorded_in(tmp_path))
    assert [one.name for one in silent(own(), known)] == [one for one in SILENT if one != name]
    language, key = name.split("/")
    played = sounds(CATALOGUE, tmp_path / "prompts", tmp_path)(key, language)
    assert played == str(tmp_path / name)


def test_each_problem_is_one_sentence_that_says_what_to_add_and_where(tmp_path: Path) -> None:
    told = [one.replace(str(tmp_path), "recordings") for one in unheard(own(), CATALOGUE, tmp_path)]
    lacks = "has neither a text nor a recording; record it as recordings/pt"
    wav = "(WAV of 8 kHz, mono, 16 bit)"
    assert told == [
        f"the greeting of the line ajuda {lacks}/my-greeting.wav {wav}, "
        'or write greeting = "door-greeting"',
        f"the language 'xx' of the line ajuda {lacks}/language-xx.wav {wav}, "
        "or take a tag that `stt-bridge languages list` knows",
        f"the name of the service camara {lacks}/service-camara.wav {wav}",
        f"the address of the service camara {lacks}/address-camara.wav {wav}, "
        "or leave the address out",
    ]


def test_once_all_is_recorded_nothing_is_told(tmp_path: Path) -> None:
    put(tmp_path, *SILENT)
    assert unheard(own(), CATALOGUE, tmp_path) == []


def test_a_recording_that_no_telephone_can_play_is_none(tmp_path: Path) -> None:
    put(tmp_path, *SILENT)
    broken = tmp_path / "pt/service-camara.wav"
    broken.write_text("not a sound")
    (told,) = unheard(own(), CATALOGUE, tmp_path)
    assert told.startswith("the name of the service camara: ")
    assert f"{broken} is not a WAV of 8 kHz, mono, 16 bit" in told


MOVED = """
key = "cnaim-lisboa"
pt = "{name}"
en = "CNAIM Lisbon"
address = "{address}"
"""
HERE = "Rua Álvaro Coutinho 14, 1150-025 Lisboa"


def moved(*, name: str = "CNAIM Lisboa", address: str = "Rua Nova 1, Lisboa") -> Directory:
    """A list that uses the key of a service of ours for one with a name or address of its own."""
    old = 'key = "camara"\npt = "Câmara"\nen = "Town hall"\naddress = "Praça do Município 1"\n'
    text = OWN.replace(old, MOVED.format(name=name, address=address))
    return parse_directory(text.replace('"camara"', '"cnaim-lisboa"'))


def told_of(directory: Directory, recordings: Path) -> list[str]:
    told = unheard(directory, CATALOGUE, recordings)
    return [one for one in told if "cnaim-lisboa" in one]


def test_the_name_and_the_address_of_the_catalogue_are_spoken_where_they_hold(
    tmp_path: Path,
) -> None:
    assert told_of(moved(address=HERE), tmp_path) == []
    assert told_of(moved(address=f" {HERE.replace(' ', '  ')}"), tmp_path) == []


def test_an_address_of_ones_own_is_not_spoken_as_that_of_the_catalogue(tmp_path: Path) -> None:
    (told,) = told_of(moved(), tmp_path)
    path = tmp_path / "pt/address-cnaim-lisboa.wav"
    assert told == (
        f"the address of the service cnaim-lisboa is not the one that would be heard (“{HERE}”); "
        f"record it as {path} (WAV of 8 kHz, mono, 16 bit), or leave the address out"
    )
    named = {one.key: one for one in review(CATALOGUE, tmp_path, tmp_path, moved()) if one.blocks}
    assert named["address-cnaim-lisboa"].detail.startswith("the address of the service cnaim-lis")
    put(tmp_path, "pt/address-cnaim-lisboa")
    assert told_of(moved(), tmp_path) == []
    played = sounds(CATALOGUE, tmp_path / "prompts", tmp_path)("address-cnaim-lisboa", "pt")
    assert played == str(path.with_suffix(""))


def test_a_name_of_ones_own_is_not_spoken_as_that_of_the_catalogue(tmp_path: Path) -> None:
    renamed = moved(name="Gabinete de Lisboa", address=HERE)
    (told,) = told_of(renamed, tmp_path)
    assert "the name of the service cnaim-lisboa is not the one that would be heard" in told
    assert told.endswith('or write pt = "CNAIM Lisboa"')
    put(tmp_path, "pt/service-cnaim-lisboa")
    assert told_of(renamed, tmp_path) == []


def test_a_line_for_technicians_alone_needs_no_greeting() -> None:
    languages = 'languages = ["pt", "uk", "kea", "ja", "xx"]\n'
    assert silent(own(languages), CATALOGUE) == ()


def test_a_service_without_an_address_needs_no_recording_of_one() -> None:
    without = own('address = "Praça do Município 1"\n')
    assert [one.name for one in silent(without, CATALOGUE)] == SILENT[:-1]


# --- the review ----------------------------------------------------------------------------------


def found_in(tmp_path: Path) -> set[tuple[str, Fault, bool]]:
    """What is found of the prompts that the list names and the catalogue has not."""
    found = review(CATALOGUE, tmp_path / "prompts", tmp_path, own())
    return {
        (f"{one.language}/{one.key}", one.fault, one.blocks)
        for one in found
        if (one.key, one.language) not in CATALOGUE and one.key and one.fault is not Fault.NO_TEXT
    }


def test_the_review_blocks_on_what_is_silent_and_knows_what_is_recorded(tmp_path: Path) -> None:
    assert found_in(tmp_path) == {(name, Fault.NO_FILE, True) for name in SILENT}
    put(tmp_path, *SILENT[1:], "pt/service-nobodys")
    assert found_in(tmp_path) == {
        (SILENT[0], Fault.NO_FILE, True),
        ("pt/service-nobodys", Fault.NO_SUCH_PROMPT, False),
    }


def test_the_review_measures_what_is_recorded(tmp_path: Path) -> None:
    put(tmp_path, *SILENT)
    write_wav(tmp_path / "pt/my-greeting.wav", sound(seconds=10.5))
    write_wav(tmp_path / "pt/service-camara.wav", sound(level_db=-30.0))
    (tmp_path / "pt/address-camara.wav").write_text("not a sound")
    assert found_in(tmp_path) == {
        ("pt/my-greeting", Fault.TOO_LONG, True),
        ("pt/service-camara", Fault.TOO_QUIET, True),
        ("pt/address-camara", Fault.WRONG_FORMAT, True),
    }
