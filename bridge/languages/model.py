# SPDX-License-Identifier: EUPL-1.2
"""The languages that can be asked for, and the codes by which they are keyed.

The list is data (`languages.toml`, which also says how codes are given); this module reads it and
refuses a list that would send somebody to the wrong language.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from bridge.vocabulary import LanguageTag

_CODE = re.compile(r"[1-8][0-9]|9[0-9]{2}")
"""Two digits unless the first is 9: so no code can be the beginning of another."""
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_NAME_FIELDS = ("own", "pt", "en")
_TEXT_FIELDS = (*_NAME_FIELDS, "speak")


class BadLanguages(ValueError):
    """The list of languages cannot be used; the message says which entry and why."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the service."""

    tag: LanguageTag
    """BCP 47: language, and script or region only where they tell two entries apart."""
    own: str
    """Its name in itself and in its own script."""
    pt: str
    """Its Portuguese name, as within a sentence."""
    en: str
    """Its English name."""
    speak: str
    """"I speak …" in itself and in its own script, for a migrant to point at."""
    speak_reviewed: bool = False
    """Whether a native speaker has said that `speak` is right."""
    code: str = ""
    """What a technician keys; empty for the language of the service only."""
    espeak: str = ""
    """The voice of espeak-ng that speaks it; empty where there is none."""


@dataclass(frozen=True, slots=True)
class LanguageGroup:
    """One column of the printed card: languages whose codes share the first digit."""

    digit: int
    pt: str
    en: str
    languages: tuple[Language, ...]


class Languages:
    """All languages that can be asked for, in the order of their codes. Immutable.

    Iterating gives each `Language`; `len` is how many can be asked for. The language of the
    service itself (`home`) is not among them.
    """

    def __init__(self, groups: Iterable[LanguageGroup], home: Language) -> None:
        """Index the groups. Raises `BadLanguages` when codes or tags are unusable or clash."""
        self.groups = tuple(groups)
        self.home = home
        ordered = sorted(
            (language for group in self.groups for language in group.languages),
            key=lambda language: language.code,
        )
        _refuse_bad_entries(ordered, home)
        _refuse_bad_columns(self.groups)
        self._by_code: Mapping[str, Language] = MappingProxyType(
            {language.code: language for language in ordered}
        )
        self._by_tag: Mapping[str, Language] = MappingProxyType(
            {language.tag: language for language in ordered}
        )

    def by_code(self, code: str) -> Language | None:
        """The language with this keypad code, or `None`."""
        return self._by_code.get(code)

    def by_tag(self, tag: str) -> Language | None:
        """The language with exactly this tag, or `None`; `None` for the language of the service."""
        return self._by_tag.get(tag)

    def __iter__(self) -> Iterator[Language]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def __contains__(self, tag: object) -> bool:
        return tag in self._by_tag


def parse_languages(text: str) -> Languages:
    """Read the text of a `languages.toml`. Raises `BadLanguages` with the entry and the reason."""
    try:
        table = tomllib.loads(text)
        promised = table["interpreted"]
        home = _language(table["home"], LanguageTag(table["home"]["tag"]), "")
        languages = Languages([_group(entry) for entry in table["group"]], home)
    except tomllib.TOMLDecodeError as error:
        raise BadLanguages(f"the list of languages is not TOML: {error}") from None
    except KeyError as error:
        raise BadLanguages(f"the list of languages lacks {error}") from None
    except (TypeError, AttributeError):
        raise BadLanguages("the list of languages is not laid out as it should be") from None
    if len(languages) != promised:
        raise BadLanguages(
            f"the list says {promised} languages are interpreted, but has {len(languages)}"
        )
    return languages


@cache
def load_languages() -> Languages:
    """The languages of this installation. Raises `BadLanguages`."""
    source = resources.files("bridge.languages").joinpath("languages.toml")
    return parse_languages(source.read_text(encoding="utf-8"))


def _group(entry: Mapping[str, object]) -> LanguageGroup:
    rows = entry["languages"]
    digit = entry["digit"]
    if not isinstance(rows, list) or not isinstance(digit, int):
        raise TypeError
    return LanguageGroup(
        digit=digit,
        pt=str(entry["pt"]),
        en=str(entry["en"]),
        languages=tuple(_language(row, LanguageTag(row["tag"]), row["code"]) for row in rows),
    )


def _language(row: Mapping[str, Any], tag: LanguageTag, code: str) -> Language:
    return Language(
        tag=tag,
        own=row["own"],
        pt=row["pt"],
        en=row["en"],
        speak=row["speak"],
        speak_reviewed=row.get("speak_reviewed", False) is True,
        code=code,
        espeak=row.get("espeak", ""),
    )


def _refuse_bad_entries(ordered: list[Language], home: Language) -> None:
    for language in (home, *ordered):
        if not _TAG.fullmatch(language.tag):
            raise BadLanguages(f"{language.tag!r} is not a language tag such as uk or ro-MD")
        for field in _TEXT_FIELDS:
            text: str = getattr(language, field)
            if not text.strip() or unicodedata.normalize("NFC", text) != text:
                raise BadLanguages(f"{language.tag}: {field!r} is empty or not in NFC")
    for language in ordered:
        if not _CODE.fullmatch(language.code):
            raise BadLanguages(f"{language.tag}: the code is neither 10 to 89 nor 900 to 999")
    for field in ("code", *_TEXT_FIELDS):
        twice = _twice(getattr(language, field) for language in ordered)
        if twice:
            raise BadLanguages(f"two languages share the {field} {twice[0]!r}")
    twice = _twice(language.tag for language in (home, *ordered))
    if twice:
        raise BadLanguages(f"two languages share the tag {twice[0]!r}")


def _refuse_bad_columns(groups: tuple[LanguageGroup, ...]) -> None:
    for group in groups:
        for language in group.languages:
            if not language.code.startswith(str(group.digit)):
                raise BadLanguages(f"{language.tag}: its code is not in column {group.digit}")


def _twice(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]
