# SPDX-License-Identifier: EUPL-1.2
"""The order of the language finder: one sentence in each language, the likeliest first. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cache

from bridge.languages.model import Languages
from bridge.prompts.catalogue import Catalogue, load_catalogue
from bridge.vocabulary import LanguageTag

UNDERSTAND = "finder-understand"
"""The prompt by which the migrant knows their language."""
CONFIRM = "finder-confirm"
"""The prompt that asks for one key more, so that none that slipped chooses a language."""
MOST_SENTENCES = 24
"""About two minutes: longer, nobody listens."""

MOST_ASKED = (
    *("uk", "kea", "pov", "bn", "ne", "hi", "pa", "ur", "ru", "ro", "ar", "cmn", "fa", "ti", "wo"),
    *("ff", "mnk", "prs", "ps", "fr", "en", "es", "tr", "gu", "ka", "bg", "so", "kmr", "am", "ln"),
    *("ta", "sw", "vi", "it", "pl", "th", "tet", "hy", "sq", "de", "ml", "si", "te", "id", "hu"),
)
"""A guess at what Portugal's services ask, for as long as an installation has no calls to count.

Languages that many learn besides their own stand behind those that are mostly a mother tongue:
whoever hears English first may press a key although they would understand more of the next.
"""


def likeliest_first(tags: Iterable[LanguageTag], likely: Iterable[str]) -> tuple[LanguageTag, ...]:
    """The languages in the order of `likely`, then of `MOST_ASKED`, then as they were."""
    place = {tag: at for at, tag in enumerate(dict.fromkeys((*likely, *MOST_ASKED)))}
    return tuple(sorted(tags, key=lambda tag: place.get(tag, len(place))))


def sentences(
    languages: Languages,
    likely: Iterable[str],
    heard: Container[str] | None = None,
    most: int = MOST_SENTENCES,
) -> tuple[LanguageTag, ...]:
    """The languages whose sentence is to be heard, in this order.

    `heard` are those that can be; without it, those of the installation's catalogue.
    """
    speakable = in_catalogue() if heard is None else heard
    tags = (language.tag for language in languages if language.tag in speakable)
    return likeliest_first(tags, likely)[:most]


@cache
def in_catalogue() -> frozenset[str]:
    """The languages whose sentences are in the catalogue of this installation."""
    return with_sentences(load_catalogue())


def with_sentences(catalogue: Catalogue) -> frozenset[str]:
    """The languages in which both sentences of the finder can be heard: by voice or recording."""
    return frozenset(
        prompt.language
        for prompt in catalogue
        if prompt.key == UNDERSTAND
        and all(catalogue.can_say(key, prompt.language) for key in (UNDERSTAND, CONFIRM))
    )
