# SPDX-License-Identifier: EUPL-1.2
"""The names of languages on the letters of a telephone's keypad. Pure.

The letters are those of ITU-T E.161: 2 is ABC, 9 is WXYZ. Accents are folded; a space or a hyphen
is keyed as 0 or 1, or not at all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from bridge.languages.model import Language, Languages
from bridge.vocabulary import LanguageTag

LEAST_LETTERS = 2
"""With fewer, nothing is looked for."""

_LETTERS = ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
_KEYS = {letter: str(key) for key, letters in enumerate(_LETTERS, start=2) for letter in letters}
_FOLDED = str.maketrans("ŋəɗɓđłøı", "nedbdloi")
"""Latin letters that are more than a letter of the keypad with an accent."""
ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "fa": ("farsi",),
    "fil": ("tagalo", "tagalog"),
    "kea": ("kriolu",),
    "nl": ("holandês", "flamengo"),
    "prs": ("afegão",),
    "ps": ("afegão",),
}
"""What people in Portugal call a language besides the names of the list."""


def keyed(text: str) -> str:
    """The keys of the letters of a text; what is on no key is left out.

    So the name of a language in another script has no keys at all.
    """
    folded = unicodedata.normalize("NFD", text.casefold().translate(_FOLDED))
    return "".join(_KEYS.get(letter, "") for letter in folded)


def letters_of(keys: str) -> str:
    """Of what was keyed, what stands for letters."""
    return "".join(key for key in keys if key in "23456789")


def find(languages: Languages, keys: str) -> tuple[LanguageTag, ...]:
    """The languages one of whose names has a word that begins so, in the order of the list.

    The words after it may follow: ``crioulo cabo`` is found, and so is ``verdiano``. Names are the
    Portuguese and the English one, the language's own as far as it is written in Latin letters,
    and those of `ALSO_CALLED`. Fewer than `LEAST_LETTERS` find nothing.
    """
    letters = letters_of(keys)
    if len(letters) < LEAST_LETTERS:
        return ()
    return tuple(
        one.tag for one in languages if any(name.startswith(letters) for name in _beginnings(one))
    )


@cache
def _beginnings(language: Language) -> tuple[str, ...]:
    """The keys of each name, from each of its words on."""
    names = (language.pt, language.en, language.own, *ALSO_CALLED.get(language.tag, ()))
    return tuple(dict.fromkeys(keys for name in names for keys in _from_each_word(name)))


def _from_each_word(name: str) -> Iterator[str]:
    words = name.replace("-", " ").split()
    for first in range(len(words)):
        yield keyed("".join(words[first:]))
