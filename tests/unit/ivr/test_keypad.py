# SPDX-License-Identifier: EUPL-1.2
"""Names of languages on the letters of the keypad."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ivr.technician.keypad import ALSO_CALLED, LEAST_LETTERS, find, keyed
from bridge.languages.model import Language, load_languages

LANGUAGES = load_languages()
every_language = st.sampled_from(list(LANGUAGES))
keys = st.text("23456789", min_size=LEAST_LETTERS, max_size=6)


def found(text: str) -> set[str]:
    return set(find(LANGUAGES, keyed(text)))


def test_letters_stand_where_they_are_printed_on_a_telephone() -> None:
    assert keyed("abcdefghijklmnopqrstuvwxyz") == "22233344455566677778889999"
    assert keyed("Guiné-Bissau") == keyed("GUINE BISSAU") == "48463247728"


def test_what_is_on_no_key_is_left_out() -> None:
    assert keyed("українська") == keyed("中文") == keyed("٣٣") == ""
    assert keyed("oʻzbekcha") == keyed("ozbekcha")
    assert keyed("mandiŋka") == keyed("mandinka")


@given(every_language)
def test_every_language_is_found_by_its_full_portuguese_and_english_name(
    language: Language,
) -> None:
    assert language.tag in found(language.pt)
    assert language.tag in found(language.en)


@given(every_language, st.data())
def test_every_beginning_of_a_name_finds_its_language(
    language: Language, data: st.DataObject
) -> None:
    name = keyed(language.pt)
    length = data.draw(st.integers(LEAST_LETTERS, len(name)))
    assert language.tag in find(LANGUAGES, name[:length])


@given(keys, st.sampled_from("0123456789"))
def test_one_key_more_never_finds_more(begun: str, more: str) -> None:
    assert set(find(LANGUAGES, begun + more)) <= set(find(LANGUAGES, begun))


@given(every_language)
def test_accents_and_capitals_do_not_matter(language: Language) -> None:
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFD", language.pt)
        if not unicodedata.combining(letter)
    )
    assert keyed(bare) == keyed(language.pt) == keyed(language.pt.upper())


@given(every_language, st.data())
def test_zero_and_one_between_the_letters_change_nothing(
    language: Language, data: st.DataObject
) -> None:
    name = keyed(language.en)
    at = data.draw(st.integers(0, len(name)))
    space = data.draw(st.sampled_from(("0", "1", "00")))
    assert find(LANGUAGES, name[:at] + space + name[at:]) == find(LANGUAGES, name)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("ucraniano", {"uk"}),
        ("crioulo", {"kea", "pov"}),
        ("creole", {"kea", "pov"}),
        ("crioulo cabo", {"kea"}),
        ("verdiano", {"kea"}),
        ("guiné", {"pov"}),
        ("bissau", {"pov"}),
        ("curdo", {"kmr", "ckb"}),
        ("sorani", {"ckb"}),
        ("chinês", {"cmn", "yue"}),
        ("mandarim", {"cmn"}),
        ("română", {"ro"}),
        ("Tiếng Việt", {"vi"}),
        ("Türkçe", {"tr"}),
        ("farsi", {"fa"}),
        ("afegão", {"prs", "ps"}),
        ("holandês", {"nl"}),
        ("klingon", set()),
    ],
)
def test_what_people_spell(text: str, tags: set[str]) -> None:
    assert found(text) == tags


@pytest.mark.parametrize("keys", ["", "8", "0", "1", "8000", "*#", "٣٣"])
def test_too_little_finds_nothing(keys: str) -> None:
    assert find(LANGUAGES, keys) == ()


def test_every_other_name_belongs_to_a_language_of_the_list() -> None:
    for tag, names in ALSO_CALLED.items():
        assert tag in LANGUAGES
        assert all(tag in found(name) for name in names)
