# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of prompts."""

from __future__ import annotations

import re

import pytest

from bridge.ivr.announcements import FOR_MIGRANTS
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import (
    GREETING,
    BadCatalogue,
    NoSuchPrompt,
    Prompt,
    language_name,
    load_catalogue,
    parse_catalogue,
    reading_list,
    spell,
)

DIGITS = """
[digits]
pt = ["zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"]
en = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
"""
GOOD = DIGITS + '[prompts.goodbye]\npt = "Adeus."\nen = "Goodbye."\n'


def test_every_prompt_is_there_in_portuguese_and_english() -> None:
    catalogue = load_catalogue()
    for key in catalogue.keys:
        assert catalogue.text(key, "pt")
        assert catalogue.text(key, "en")


def test_keys_are_safe_file_names() -> None:
    assert [key for key in load_catalogue().keys if not re.fullmatch(r"[A-Za-z0-9-]+", key)] == []


def test_digits_and_names_of_languages_are_prompts_too() -> None:
    catalogue = load_catalogue()
    assert [catalogue.text(key, "pt") for key in spell("309")] == ["três", "zero", "nove"]
    assert catalogue.text(language_name("uk"), "pt") == "ucraniano"
    assert catalogue.text(language_name("pov"), "en") == "Guinea-Bissau Creole"
    assert all((language_name(one.tag), "pt") in catalogue for one in load_languages())


@pytest.mark.parametrize("text", ["", "12a", "+351", "1 2", "٣", "²"])
def test_only_digits_are_spelt(text: str) -> None:
    with pytest.raises(ValueError, match="only digits"):
        spell(text)


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [
        ("uk", ("uk",)),
        ("ro-MD", ("ro",)),
        ("en", ("en",)),
        ("kea", ("pt",)),
        ("pov", ("pt",)),
        ("wo", ("fr",)),
        ("mnk", ("pt", "en")),
        ("be", ("ru", "en")),
        ("ja", ("en", "pt")),
    ],
)
def test_a_migrant_is_spoken_to_in_their_own_language_or_in_those_they_may_share(
    tag: str, spoken: tuple[str, ...]
) -> None:
    assert load_catalogue().spoken_to_migrant(tag) == spoken


def test_whoever_is_greeted_in_a_language_is_also_seen_off_in_it() -> None:
    catalogue = load_catalogue()
    greeted = [prompt.language for prompt in catalogue if prompt.key == GREETING]
    assert set(greeted) == set(catalogue.rules.line) - {"ro-MD", "ff", "mnk", "wo"}
    for language in greeted:
        for key in ("goodbye", "conversation-over", "rejoin", *FOR_MIGRANTS):
            assert (key, language) in catalogue


def test_each_language_of_the_line_can_be_spoken_to_in_something() -> None:
    catalogue = load_catalogue()
    for tag in (*catalogue.rules.line, *(one.tag for one in load_languages())):
        spoken = catalogue.spoken_to_migrant(tag)
        assert spoken
        for language in spoken:
            assert all(catalogue.can_say(key, language) for key in (GREETING, "goodbye"))


def test_a_recording_makes_a_language_without_a_voice_heard() -> None:
    catalogue = load_catalogue()
    assert not catalogue.can_say(GREETING, "kea")
    assert catalogue.said_in(GREETING, "kea") == "pt"
    recorded = catalogue.with_recordings({"kea/migrant-greeting"}.__contains__)
    assert recorded.spoken_to_migrant("kea") == ("kea",)
    assert recorded.said_in(GREETING, "kea") == "kea"
    assert recorded.said_in("goodbye", "kea") == "pt"
    assert recorded.is_recorded(GREETING, "kea")


def test_a_recording_without_a_text_says_nothing() -> None:
    recorded = load_catalogue().with_recordings(lambda _: True)
    assert not recorded.can_say(GREETING, "wo")
    assert recorded.spoken_to_migrant("wo") == ("fr",)


def test_moldovan_is_the_romanian_text() -> None:
    assert load_catalogue().said_in(GREETING, "ro-MD") == "ro"


def test_what_nobody_can_say_stays_as_it_was_asked_for() -> None:
    assert load_catalogue().said_in("no-such-prompt", "uk") == "uk"


def test_what_no_speaker_has_read_says_so() -> None:
    catalogue = load_catalogue()
    assert {one.reviewed for one in catalogue if one.language in ("pt", "en")} == {True}
    assert {one.reviewed for one in catalogue if one.language not in ("pt", "en")} == {False}


def test_the_reading_list_names_each_file_and_its_text() -> None:
    catalogue = load_catalogue()
    lines = reading_list(catalogue, "uk").splitlines()
    names = [line.split("\t")[0] for line in lines]
    assert names[:2] == ["uk/conversation-over", "uk/goodbye"]
    assert {"uk/migrant-greeting", "uk/rejoin"} < set(names)
    assert all(line.endswith("\t(not yet reviewed)") for line in lines)
    assert len(reading_list(catalogue, "pt").splitlines()) == len(catalogue.keys)
    with pytest.raises(NoSuchPrompt, match="'tlh'"):
        reading_list(catalogue, "tlh")


FAMILY = """
[numbers]
pt = { f = ["zero", "uma", "duas"] }
en = { n = ["zero", "one", "two"] }
[families.hours]
from = 1
to = 2
pt = { each = "{f} horas", 1 = "uma hora" }
en = { each = "{n} hours", 1 = "one hour" }
"""


def test_a_family_has_a_text_for_each_number_by_pattern_or_exception() -> None:
    catalogue = parse_catalogue([GOOD + FAMILY], load_languages())
    assert [catalogue.text(f"hours-{n}", "pt") for n in (1, 2)] == ["uma hora", "duas horas"]
    assert [catalogue.text(f"hours-{n}", "en") for n in (1, 2)] == ["one hour", "two hours"]
    assert ("hours-3", "pt") not in catalogue


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (("to = 2", "to = 3"), "the family hours has no word 'f' for 3"),
        (("{f} horas", "{x} horas"), "the family hours has no word 'x' for 2"),
        (('each = "{n} hours", ', ""), "lacks 'each'"),
        (("from = 1\n", ""), "lacks 'from'"),
        (("from = 1\n", 'from = "one"\n'), "not laid out"),
        (("{f} horas", "{f horas"), "the family hours has a bad pattern"),
        (("{f} horas", "{f[9]} horas"), "the family hours has a bad pattern"),
    ],
)
def test_a_family_that_lacks_a_word_is_refused(wrong: tuple[str, str], complaint: str) -> None:
    assert wrong[0] in FAMILY
    with pytest.raises(BadCatalogue, match=re.escape(complaint)):
        parse_catalogue([GOOD, FAMILY.replace(wrong[0], wrong[1], 1)], load_languages())


def test_a_prompt_that_is_not_there_is_named() -> None:
    with pytest.raises(NoSuchPrompt, match="uk/offer"):
        load_catalogue().text("offer", "uk")


def test_a_text_may_say_that_it_is_not_reviewed() -> None:
    text = GOOD + 'uk = { text = "До побачення.", reviewed = false }\n'
    prompt = parse_catalogue([text], load_languages()).prompt("goodbye", "uk")
    assert prompt == Prompt("goodbye", "uk", "До побачення.", reviewed=False)
    assert prompt.name == "uk/goodbye"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (('en = "Goodbye."', ""), "en/goodbye is missing"),
        (('"Adeus."', '" "'), "pt/goodbye has no text"),
        (('"Adeus."', "7"), "neither a text nor"),
        (('"Adeus."', '{ text = "Adeus." }'), "neither a text nor"),
        ((', "nove"]', "]"), "ten digits in pt"),
        (("[prompts.goodbye]", "[prompts.digit-1]"), "pt/digit-1 is there twice"),
        (("[digits]", "[numbers]"), "lacks 'digits'"),
        (("[prompts.goodbye]", "[prompts]"), "not laid out"),
        (("[digits]", "[digits"), "not TOML"),
    ],
)
def test_a_catalogue_that_would_leave_somebody_in_silence_is_refused(
    wrong: tuple[str, str], complaint: str
) -> None:
    assert wrong[0] in GOOD
    with pytest.raises(BadCatalogue, match=re.escape(complaint)):
        parse_catalogue([GOOD.replace(wrong[0], wrong[1], 1)], load_languages())
