# SPDX-License-Identifier: EUPL-1.2
"""The card of the languages, for technicians to read codes from and migrants to point at.

Two A4 pages, to be printed on one sheet: a tagged PDF (PDF/UA-1) in which every name and sentence
is marked with its language. `card.typ` is the layout; this module chooses the fonts and calls
Typst, which refuses to leave out a character (docs/adr/0034-the-card-is-set-by-typst.md).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import typst

from bridge.languages.model import Language, LanguageGroup, Languages

Ui = Literal["pt", "en"]
"""The language in which the card speaks to technicians."""

LATIN = "Noto Sans"
"""Also Cyrillic and Greek, and whatever the other scripts share with them, such as the space."""
_MICRO_HEI = "WenQuanYi Micro Hei"
_BY_SCRIPT: Mapping[str, tuple[str, ...]] = {
    "LATIN": (LATIN,),
    "CYRILLIC": (LATIN,),
    "GREEK": (LATIN,),
    "ARABIC": ("Noto Sans Arabic",),
    "ARMENIAN": ("Noto Sans Armenian",),
    "BENGALI": ("Noto Sans Bengali",),
    "CJK": ("Noto Sans CJK SC", _MICRO_HEI),
    "DEVANAGARI": ("Noto Sans Devanagari",),
    "ETHIOPIC": ("Noto Sans Ethiopic",),
    "GEORGIAN": ("Noto Sans Georgian",),
    "GUJARATI": ("Noto Sans Gujarati",),
    "GURMUKHI": ("Noto Sans Gurmukhi",),
    "HANGUL": ("Noto Sans CJK KR", _MICRO_HEI),
    "HEBREW": ("Noto Sans Hebrew",),
    "MALAYALAM": ("Noto Sans Malayalam",),
    "SINHALA": ("Noto Sans Sinhala",),
    "TAMIL": ("Noto Sans Tamil",),
    "TELUGU": ("Noto Sans Telugu",),
    "THAI": ("Noto Sans Thai",),
}
"""The font families of a script, by the first word of its letters' names in Unicode; the first
that is installed is taken."""
_BY_LANGUAGE: Mapping[str, tuple[str, ...]] = {
    "ja": ("Noto Sans CJK JP", _MICRO_HEI),
    "ur": ("Noto Nastaliq Urdu",),
    "yue": ("Noto Sans CJK HK", "Noto Sans CJK TC", _MICRO_HEI),
}
"""Where a language has forms of its own within its script."""
_TALL = frozenset({"Noto Nastaliq Urdu"})
"""Fonts whose lines need more room."""
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


class CardError(ValueError):
    """The card cannot be made; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class CardFonts:
    """The fonts of the card, as found on this machine."""

    known: typst.Fonts
    """Every font that Typst may use."""
    families: Mapping[str, str]
    """For each language's tag the family that has its script."""

    def of(self, language: Language) -> tuple[str, ...]:
        """The families of a language, the first that has a character sets it."""
        return tuple(dict.fromkeys((self.families[language.tag], LATIN)))


def find_fonts(
    languages: Iterable[Language], folder: Path | None = None, *, system: bool = True
) -> CardFonts:
    """Find a font for every language in `folder` and, unless told not to, among the system's.

    Raises `CardError` with the names of those that are missing.
    """
    extra: list[Path] = [folder] if folder is not None and folder.is_dir() else []
    known = typst.Fonts(include_system_fonts=system, include_embedded_fonts=False, font_paths=extra)
    installed = set(known.families())
    families: dict[str, str] = {}
    missing = set() if LATIN in installed else {LATIN}
    for language in languages:
        wanted = _families(language)
        found = next((family for family in wanted if family in installed), None)
        if found is None:
            missing.add(wanted[-1])
        else:
            families[language.tag] = found
    if missing:
        raise CardError(
            f"these fonts are missing: {', '.join(sorted(missing))}; run scripts/fetch-fonts.sh, "
            "or install the packages fonts-noto-core and fonts-wqy-microhei"
        )
    return CardFonts(known, families)


def render_card(
    languages: Languages, fonts: CardFonts, numbers: Sequence[str], edition: date, ui: Ui = "pt"
) -> bytes:
    """The card as a PDF; the same bytes for the same arguments.

    `numbers` are those of the line, as they are to be printed. Raises `CardError`, for one when a
    font lacks a character.
    """
    card = {
        "ui": ui,
        "latin": LATIN,
        "numbers": list(numbers),
        "date": {"year": edition.year, "month": edition.month, "day": edition.day},
        "first-page": _groups_of_first_page(languages.groups),
        "groups": [_group(group, fonts, ui) for group in languages.groups],
    }
    layout = resources.files("bridge.languages").joinpath("card.typ").read_bytes()
    try:
        pdf = typst.compile(
            layout,
            format="pdf",
            font_paths=fonts.known,
            sys_inputs={"card": json.dumps(card)},
            pdf_standards="ua-1",
            timestamp=datetime.combine(edition, time(), UTC),
        )
    except typst.TypstError as error:
        raise CardError(
            f"the card cannot be set: {error.message}; mend languages.toml or the fonts of card.py"
        ) from None
    return pdf


def unreviewed(languages: Iterable[Language]) -> list[Language]:
    """The languages whose sentence no native speaker has reviewed."""
    return [language for language in languages if not language.speak_reviewed]


def direction(text: str) -> Literal["ltr", "rtl"]:
    """The direction of a text, by its first letter that has one (Unicode's rule P2)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "ltr"
        if kind in _RIGHT_TO_LEFT:
            return "rtl"
    return "ltr"


def _families(language: Language) -> tuple[str, ...]:
    script = unicodedata.name(language.own[0]).split()[0]
    found = _BY_LANGUAGE.get(language.tag) or _BY_SCRIPT.get(script)
    if found is None:
        raise CardError(
            f"{language.tag}: no font is chosen for the script {script.lower()}; add it to card.py"
        )
    return found


def _groups_of_first_page(groups: Sequence[LanguageGroup]) -> int:
    """How many groups fill the first page, so that it is the fuller one but has just over half."""
    half = sum(len(group.languages) for group in groups) / 2
    filled = 0
    for count, group in enumerate(groups, start=1):
        filled += len(group.languages)
        if filled >= half:
            return count
    return len(groups)


def _group(group: LanguageGroup, fonts: CardFonts, ui: Ui) -> dict[str, Any]:
    return {
        "name": f"{group.digit}  {getattr(group, ui)}",
        "languages": [_row(language, fonts, ui) for language in group.languages],
    }


def _row(language: Language, fonts: CardFonts, ui: Ui) -> dict[str, Any]:
    lang, _, region = language.tag.partition("-")
    return {
        "code": language.code,
        "name": getattr(language, ui),
        "own": language.own,
        "speak": language.speak,
        "lang": lang,
        "region": region or None,
        "dir": direction(language.own),
        "fonts": fonts.of(language),
        "tall": fonts.families[language.tag] in _TALL,
    }
