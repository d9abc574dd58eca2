# SPDX-License-Identifier: EUPL-1.2
"""The rules for prompts."""

from __future__ import annotations

import re

import pytest

from bridge.languages.model import load_languages
from bridge.prompts.rules import BadRules, load_rules, parse_rules

GOOD = """
line = ["pt", "en", "kea"]
otherwise = ["en", "pt"]
[fallbacks]
kea = ["pt"]
[level]
wanted_db = -20
tolerance_db = 1.5
[limits.digit]
keys = ["digit-[0-9]"]
most_seconds = 1
[limits.migrant]
most_seconds = 10
[limits.other]
most_seconds = 12
"""


def test_the_fourteen_languages_of_the_line_are_languages_of_the_list() -> None:
    rules, languages = load_rules(), load_languages()
    known = {languages.home.tag, *(one.tag for one in languages)}
    assert len(set(rules.line)) == len(rules.line) == 14
    assert set(rules.line) | set(rules.fallbacks) <= known


def test_a_language_of_the_line_without_a_voice_has_its_own_fallback() -> None:
    languages = load_languages()
    voiceless = {one.tag for one in languages if not one.espeak} & set(load_rules().line)
    assert voiceless == {"kea", "pov", "ff", "mnk", "wo"}
    assert voiceless <= set(load_rules().fallbacks)


def test_who_has_no_fallback_hears_two_languages() -> None:
    rules = parse_rules(GOOD)
    assert rules.fallback("kea") == ("pt",)
    assert rules.fallback("ja") == ("en", "pt")


@pytest.mark.parametrize(
    ("key", "for_migrants", "kind"),
    [
        ("digit-3", True, "digit"),
        ("number-12", False, "number"),
        ("number-emergency", False, "other"),
        ("at-9", False, "number"),
        ("month-12", False, "date"),
        ("language-uk", False, "language"),
        ("language-kmr", False, "language"),
        ("language-ro-MD", False, "language"),
        ("language-unknown", False, "other"),
        ("goodbye", True, "migrant"),
        ("offer-keys", False, "other"),
    ],
)
def test_each_kind_of_prompt_has_its_limit(key: str, for_migrants: bool, kind: str) -> None:
    assert load_rules().limit(key, for_migrants=for_migrants).kind == kind


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (('kea = ["pt"]', "kea = []"), "kea falls back to nothing"),
        (('kea = ["pt"]', 'kea = ["kea"]'), "kea falls back to 'kea'"),
        (('kea = ["pt"]', 'kea = ["tlh"]'), "kea falls back to 'tlh'"),
        (('kea = ["pt"]', 'pov = ["kea"]\nkea = ["pt"]'), "pov falls back to 'kea'"),
        (('otherwise = ["en", "pt"]', "otherwise = []"), "otherwise falls back to nothing"),
        (('"pt", "en", "kea"', '"pt", "kea"'), "must speak en"),
        (("[limits.migrant]", "[limits.migrants]"), "no limit for 'migrant'"),
        (("[limits.other]", "[limits.others]"), "no limit for 'other'"),
        (("wanted_db = -20\n", ""), "lack 'wanted_db'"),
        (("most_seconds = 12", 'most_seconds = "long"'), "not laid out"),
        (("[level]", "[level"), "not TOML"),
    ],
)
def test_rules_that_would_leave_somebody_in_silence_are_refused(
    wrong: tuple[str, str], complaint: str
) -> None:
    assert wrong[0] in GOOD
    with pytest.raises(BadRules, match=re.escape(complaint)):
        parse_rules(GOOD.replace(wrong[0], wrong[1], 1))
