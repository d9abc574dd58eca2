# SPDX-License-Identifier: EUPL-1.2
"""The list of languages: complete, and safe to print on a card."""

from __future__ import annotations

import re

import pytest

from bridge.languages.model import BadLanguages, load_languages, parse_languages

LINE = "en fr es ru ro uk ro-MD ar kea pov ff mnk wo"
COUNTERS = "be cmn bn hi ur"
FURTHER = "ne th fi de he it ja cmn nl pl sv ti tr"

GOOD = """
interpreted = 2
[home]
tag = "pt"
own = "português"
pt = "português"
en = "Portuguese"
speak = "Falo português"
[[group]]
digit = 3
pt = "Leste"
en = "East"
[[group.languages]]
code = "33"
tag = "uk"
own = "українська"
speak = "Я розмовляю українською"
pt = "ucraniano"
en = "Ukrainian"
[[group.languages]]
code = "30"
tag = "ru"
own = "русский"
speak = "Я говорю по-русски"
pt = "russo"
en = "Russian"
espeak = "ru"
"""


def test_68_languages_can_be_asked_for_and_portuguese_is_not_one_of_them() -> None:
    languages = load_languages()
    assert len(languages) == len(list(languages)) == 68
    assert languages.home.tag == "pt"
    assert "pt" not in languages


@pytest.mark.parametrize("tags", [LINE, COUNTERS, FURTHER], ids=["line", "counters", "further"])
def test_every_language_the_service_names_is_there(tags: str) -> None:
    assert [tag for tag in tags.split() if tag not in load_languages()] == []


def test_no_code_begins_another_nor_with_zero_so_none_needs_an_end_key() -> None:
    codes = [language.code for language in load_languages()]
    assert [
        (one, other) for one in codes for other in codes if one != other and other.startswith(one)
    ] == []
    assert not any(code.startswith("0") for code in codes)


def test_a_language_is_found_by_its_code_and_by_its_tag() -> None:
    languages = load_languages()
    for language in languages:
        assert languages.by_code(language.code) is language
        assert languages.by_tag(language.tag) is language
    assert languages.by_code("99") is None
    assert languages.by_tag("tlh") is None


def test_names_in_their_own_script() -> None:
    languages = load_languages()
    scripts = {"uk": "Ѐ-ӿ", "ar": "؀-ۿ", "hi": "ऀ-ॿ", "ti": "ሀ-፿", "ka": "ა-ჿ", "he": "֐-׿"}
    for tag, letters in scripts.items():
        language = languages.by_tag(tag)
        assert language is not None
        assert re.fullmatch(f"[{letters} ]+", language.own)


def test_languages_come_in_the_order_of_their_codes() -> None:
    assert [language.code for language in parse_languages(GOOD)] == ["30", "33"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (("interpreted = 2", "interpreted = 3"), "says 3 languages"),
        (('"33"', '"30"'), "share the code '30'"),
        (('"33"', '"43"'), "not in column 3"),
        (('"33"', '"3"'), "neither 10 to 89"),
        (('"33"', '"333"'), "neither 10 to 89"),
        (('"33"', '"03"'), "neither 10 to 89"),
        (('"33"', '"90"'), "neither 10 to 89"),
        (('tag = "uk"', 'tag = "ru"'), "share the tag 'ru'"),
        (('tag = "uk"', 'tag = "pt"'), "share the tag 'pt'"),
        (('tag = "uk"', 'tag = "../uk"'), "is not a language tag"),
        (('tag = "uk"', 'tag = "UK"'), "is not a language tag"),
        (('"ucraniano"', '"russo"'), "share the pt 'russo'"),
        (('"Ukrainian"', '" "'), "'en' is empty"),
        (('"português"\npt', '"portugue\u0302s"\npt'), "not in NFC"),
        (('"Я розмовляю українською"', '" "'), "'speak' is empty"),
        (('"Я розмовляю українською"', '"Я говорю по-русски"'), "share the speak"),
        (('speak = "Я розмовляю українською"', ""), "lacks 'speak'"),
        (('tag = "uk"', ""), "lacks 'tag'"),
        (("[home]", "[house]"), "lacks 'home'"),
        (("digit = 3", 'digit = "3"'), "not laid out"),
        (("[home]", "[home"), "not TOML"),
    ],
)
def test_a_list_that_could_mislead_is_refused(wrong: tuple[str, str], complaint: str) -> None:
    assert wrong[0] in GOOD
    with pytest.raises(BadLanguages, match=re.escape(complaint)):
        parse_languages(GOOD.replace(wrong[0], wrong[1], 1))
