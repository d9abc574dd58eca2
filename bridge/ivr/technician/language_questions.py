# SPDX-License-Identifier: EUPL-1.2
"""What is said, and how many keys are awaited, at each question about the language.

Whoever knows the keys hears a few words; whoever hesitates hears more when asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.ivr.script import Ask
from bridge.ivr.technician.ends import Ends
from bridge.ivr.technician.language_choice_states import (
    AskingLanguage,
    AskingThirdDigit,
    ConfirmingChoice,
    HandingOver,
    HearingNames,
    KeyingEarlierJob,
    Naming,
    NothingFound,
    SpellingName,
    TakingBack,
    Wishing,
)
from bridge.ivr.technician.wishes import WishKey
from bridge.prompts.catalogue import language_name
from bridge.vocabulary import LanguageTag

PICKS = tuple("123456789")
"""The keys by which one of several languages that are read out is taken."""
MOST_LETTERS = 30
MOST_JOB_DIGITS = 10
_WISH_WORDS = {
    WishKey.WOMAN: "wish-woman-key",
    WishKey.MAN: "wish-man-key",
    WishKey.SUBJECT: "wish-subject-key",
    WishKey.LEVEL: "wish-level-key",
    WishKey.SAME_AGAIN: "wish-same-key",
}

Question = Naming | HandingOver | TakingBack | NothingFound
"""The states in which something is asked of the technician."""


def pages(found: tuple[LanguageTag, ...]) -> tuple[tuple[LanguageTag, ...], ...]:
    """What was found, so many at a time as there are keys."""
    size = len(PICKS)
    return tuple(found[start : start + size] for start in range(0, len(found), size))


@dataclass(frozen=True, slots=True)
class Questions:
    """All questions about the language, for one agency."""

    ends: Ends
    favourites: Mapping[str, LanguageTag]
    """What the agency asks most, by its keys."""
    wishes: frozenset[WishKey]
    """What can be wished for."""

    def of(self, state: Question, *lead: str) -> Ask:
        """The question of a state, after the words that lead to it."""
        language = self.ends.language
        match state:
            case AskingLanguage():
                return Ask((*lead, *self._which(state)), language, 2, "#", 8.0, 2.0)
            case AskingThirdDigit():
                return Ask(lead, language, 1, first_key_seconds=3.0)
            case SpellingName():
                prompts = (*lead, *self._spelling(state))
                return Ask(prompts, language, MOST_LETTERS, "#", 10.0, 2.5)
            case KeyingEarlierJob():
                return Ask((*lead, "wish-same-ask"), language, MOST_JOB_DIGITS, "#", 10.0, 3.0)
            case Wishing():
                return Ask((*lead, *self._wishes()), language, 1, first_key_seconds=5.0)
            case HearingNames():
                return Ask((*lead, *_names(state)), language, 1)
            case ConfirmingChoice(_, _, wanted):
                return Ask((*lead, language_name(wanted), "confirm-language"), language, 1)
            case HandingOver():
                prompts = (*lead, "finder-hand-over", *self.ends.person_key)
                return Ask(prompts, language, 1, first_key_seconds=5.0)
            case TakingBack(wanted=wanted):
                prompts = (*lead, "finder-seems", language_name(wanted), "finder-seems-keys")
                return Ask(prompts, language, 1, first_key_seconds=12.0)
            case NothingFound():
                prompts = (*lead, "finder-nothing", "finder-nothing-keys", *self.ends.person_key)
                return Ask(prompts, language, 1)

    def _which(self, state: AskingLanguage) -> tuple[str, ...]:
        """The first time the code and where to look; then everything that can be keyed."""
        if state.patience.misses == 0:
            return ("ask-language", "ask-language-otherwise")
        favourites = _offered(self.favourites)
        return (
            "ask-language",
            *(("language-favourites", *favourites) if favourites else ()),
            "ask-language-otherwise",
            *(("ask-language-wishes",) if self.wishes else ()),
            *self.ends.person_key,
        )

    def _spelling(self, state: SpellingName) -> tuple[str, ...]:
        if state.keyed:
            return ("spell-again-key",)
        if state.patience.misses == 0:
            return ("spell-ask",)
        return ("spell-ask", "spell-again-key", *self.ends.person_key)

    def _wishes(self) -> tuple[str, ...]:
        menu = (_WISH_WORDS[key] for key in WishKey if key in self.wishes)
        return (*menu, "wishes-required", "wishes-end-key")


def _names(state: HearingNames) -> tuple[str, ...]:
    """One page of what was found, and how to go on."""
    all_pages = pages(state.found)
    more = ("names-more-key",) if len(all_pages) > 1 else ()
    names = dict(zip(PICKS, all_pages[state.page], strict=False))
    return (*_offered(names), *more, "spell-again-key")


def _offered(names: Mapping[str, LanguageTag]) -> tuple[str, ...]:
    """Each language with its key: ``para ucraniano, prima um``."""
    return tuple(
        prompt
        for key, tag in names.items()
        for prompt in ("name-for", language_name(tag), f"name-press-{key}")
    )
