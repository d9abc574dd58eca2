# SPDX-License-Identifier: EUPL-1.2
"""The card's data: a sentence for every language, in its own script and direction."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.languages.card import CardError, direction, find_fonts, unreviewed
from bridge.languages.model import Language, load_languages
from bridge.vocabulary import LanguageTag

FROM_THE_RIGHT = ["ar", "ckb", "fa", "he", "prs", "ps", "ur"]


def scripts(text: str) -> set[str]:
    """The scripts of a text's letters, by the first word of their names in Unicode."""
    found = {unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()}
    return found - {"MODIFIER"}


def language(tag: str) -> Language:
    found = load_languages().by_tag(tag)
    assert found is not None
    return found


def test_every_sentence_is_in_the_script_of_its_languages_name() -> None:
    for one in load_languages():
        if one.tag == "ja":
            assert scripts(one.speak) == {"CJK", "HIRAGANA"}
        else:
            assert scripts(one.speak) == scripts(one.own), one.tag


def test_every_sentence_is_short_enough_to_read_at_a_glance_and_is_no_name_alone() -> None:
    for one in load_languages():
        assert len(one.speak) <= 32, one.tag
        assert one.speak != one.own


def test_a_sentence_counts_as_reviewed_only_where_the_list_says_so() -> None:
    assert load_languages().home.speak_reviewed
    assert language("en").speak_reviewed
    seen, unseen = (replace(language("fr"), speak_reviewed=yes) for yes in (True, False))
    assert unreviewed([seen, unseen]) == [unseen]


def test_which_languages_are_written_from_the_right() -> None:
    assert sorted(one.tag for one in load_languages() if direction(one.own) == "rtl") == (
        FROM_THE_RIGHT
    )
    for one in load_languages():
        assert direction(one.speak) == direction(one.own), one.tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "ltr"), ("33", "ltr"), ("33 اردو", "rtl"), ("33 abc اردو", "ltr"), ("«עברית»", "rtl")],
)
def test_the_first_letter_with_a_direction_decides(text: str, expected: str) -> None:
    assert direction(text) == expected


def test_missing_fonts_are_named_with_the_remedy(tmp_path: Path) -> None:
    thai_and_urdu = [language("th"), language("ur")]
    with pytest.raises(CardError) as caught:
        find_fonts(thai_and_urdu, tmp_path, system=False)
    assert str(caught.value) == (
        "these fonts are missing: Noto Nastaliq Urdu, Noto Sans, Noto Sans Thai; "
        "run scripts/fetch-fonts.sh, or install the packages fonts-noto-core and fonts-wqy-microhei"
    )


def test_a_script_for_which_no_font_is_chosen_is_named(tmp_path: Path) -> None:
    khmer = replace(language("th"), tag=LanguageTag("km"), own="ខ្មែរ")
    with pytest.raises(CardError, match=r"km: no font is chosen for the script khmer"):
        find_fonts([khmer], tmp_path)
