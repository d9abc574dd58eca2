# SPDX-License-Identifier: EUPL-1.2
"""How a technician names a language by code and by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.ivr.outcomes import Gone, Patience
from bridge.ivr.person import NobodyOnDuty
from bridge.ivr.script import ALL_KEYS, Ask, HungUp, Keys, Said, Say, Silence
from bridge.ivr.technician.ends import Ends
from bridge.ivr.technician.keypad import keyed
from bridge.ivr.technician.language_choice import LanguageChoice
from bridge.ivr.technician.language_choice_states import How, LanguageChosen
from bridge.ivr.technician.request import GivenUp, PersonReason, ToOperator
from bridge.languages.model import LanguageGroup, Languages, load_languages
from bridge.vocabulary import LanguageTag
from tests.unit.ivr.every_script import named_alike
from tests.unit.ivr.talk import Talk

UKRAINIAN, NEPALI = LanguageTag("uk"), LanguageTag("ne")
KEA, POV = LanguageTag("kea"), LanguageTag("pov")
CHOICE = LanguageChoice(Ends("pt", True), load_languages())
NOBODY_ON_DUTY = replace(CHOICE, ends=Ends("pt", False))
FAVOURING = replace(CHOICE, favourites=(UKRAINIAN, LanguageTag("xx"), NEPALI))


def asking(choice: LanguageChoice = CHOICE) -> Talk[Any]:
    return Talk(choice)


def spelling(choice: LanguageChoice = CHOICE) -> Talk[Any]:
    talk = asking(choice)
    talk.key("")
    return talk


def test_an_expert_keys_two_digits_and_one_and_waits_for_nothing() -> None:
    talk = asking()
    assert isinstance(talk.step, Ask)
    assert talk.step.most_keys == len("33")
    talk.key("33")
    assert talk.prompts() == ("language-uk", "confirm-language")
    assert isinstance(talk.step, Ask)
    assert talk.step.most_keys == len("1")
    talk.key("1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.CODE)


@pytest.mark.parametrize("language", list(load_languages()), ids=lambda one: one.code)
def test_every_code_leads_to_its_language(language: Any) -> None:
    talk = asking()
    talk.key(language.code, "1")
    assert talk.outcome() == LanguageChosen(language.tag, How.CODE)


def test_a_third_digit_is_awaited_only_after_a_nine() -> None:
    home = load_languages().home
    rare = replace(home, tag=LanguageTag("eu"), own="euskara", pt="basco", en="Basque", code="905")
    rare = replace(rare, speak="Euskaraz hitz egiten dut")
    languages = Languages([LanguageGroup(9, "Outras", "Others", (rare,))], home)
    talk = asking(replace(CHOICE, languages=languages))
    step = talk.key("90")
    assert isinstance(step, Ask)
    assert (step.prompts, step.most_keys) == ((), 1)
    talk.key("5")
    assert talk.prompts()[0] == "language-eu"


def test_zero_as_third_digit_is_a_digit() -> None:
    talk = asking()
    talk.key("90", "0")
    assert talk.prompts()[0] == "language-unknown"


def test_a_third_digit_that_does_not_come_makes_no_language() -> None:
    talk = asking()
    talk.key("90")
    talk.hear(Silence())
    assert talk.prompts()[:2] == ("language-unknown", "ask-language")


@pytest.mark.parametrize("key", ["2", "*"])
def test_a_code_that_was_read_back_can_be_keyed_anew(key: str) -> None:
    talk = asking()
    talk.key("33", key)
    assert talk.prompts()[0] == "ask-language"
    talk.key("51", "1")
    assert talk.outcome() == LanguageChosen(NEPALI, How.CODE)


def test_one_key_alone_is_what_the_agency_asks_most() -> None:
    talk = asking(FAVOURING)
    talk.key("1")
    assert talk.prompts()[0] == "language-uk"
    talk.key("1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.FAVOURITE)


def test_favourites_are_read_out_to_whoever_hesitates_only() -> None:
    talk = asking(FAVOURING)
    assert talk.prompts() == ("ask-language", "ask-language-otherwise")
    talk.hear(Silence())
    assert talk.prompts() == (
        *("nothing-keyed", "ask-language", "language-favourites"),
        *("name-for", "language-uk", "name-press-1"),
        *("name-for", "language-ne", "name-press-3"),
        *("ask-language-otherwise", "ask-language-wishes", "person-key"),
    )


@pytest.mark.parametrize("key", ["2", "4", "9"])
def test_one_key_that_is_no_favourite_is_answered_kindly(key: str) -> None:
    talk = asking(FAVOURING)
    talk.key(key)
    assert talk.prompts()[:2] == ("language-code-short", "ask-language")


def test_without_favourites_none_are_spoken_of() -> None:
    talk = asking()
    talk.key("1")
    assert talk.prompts()[0] == "language-code-short"
    assert "language-favourites" not in talk.prompts()


@pytest.mark.parametrize("keys", ["0", "01", "09", "*0"])
def test_zero_first_reaches_a_person(keys: str) -> None:
    talk = asking()
    talk.key(keys)
    assert isinstance(talk.step, Say)
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.ASKED)


def test_zero_with_nobody_on_duty_is_answered_and_asked_again() -> None:
    talk = asking(NOBODY_ON_DUTY)
    talk.key("0")
    talk.answer(NobodyOnDuty())
    assert talk.prompts()[:2] == ("nobody-on-duty", "ask-language")
    talk.key("33", "1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.CODE)


@pytest.mark.parametrize("heard", [Silence(), Keys("19"), Keys("7"), Keys("7*"), Keys("٣٣")])
def test_three_misses_reach_a_person(heard: Any) -> None:
    talk = asking()
    talk.hear(heard, heard, heard)
    assert talk.prompts()[-1] == "putting-through"
    talk = asking(NOBODY_ON_DUTY)
    talk.hear(heard, heard, heard, Said())
    assert isinstance(talk.outcome(), GivenUp)


def test_whoever_hangs_up_is_gone() -> None:
    talk = asking()
    talk.hear(HungUp())
    assert talk.outcome() == Gone()


def test_the_patience_that_is_left_goes_on_with_the_conversation() -> None:
    state, _ = CHOICE.ask(Patience(misses=2, left=7), "identity-wrong")
    for keys in ("33", "2", "33", "1"):
        state, _ = CHOICE.hear(state, Keys(keys))
    assert state.patience == Patience(misses=0, left=6)  # type: ignore[union-attr]


# --- by name ---


def test_a_name_with_one_meaning_is_read_back() -> None:
    talk = spelling()
    assert talk.prompts() == ("spell-ask",)
    talk.key(keyed("ucraniano"))
    assert talk.prompts() == ("language-uk", "confirm-language")
    talk.key("1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.SPELT)


def test_names_with_several_meanings_are_read_out() -> None:
    talk = spelling()
    talk.key(keyed("crioulo"))
    assert talk.prompts() == (
        *("name-for", "language-kea", "name-press-1"),
        *("name-for", "language-pov", "name-press-2"),
        "spell-again-key",
    )
    talk.key("2", "1")
    assert talk.outcome() == LanguageChosen(POV, How.SPELT)


def test_what_the_agency_asks_for_is_read_out_first() -> None:
    talk = spelling(replace(CHOICE, likely=("pov",)))
    talk.key(keyed("crioulo"))
    assert talk.prompts()[1] == "language-pov"
    talk = spelling(replace(CHOICE, likely=("pov",), favourites=(KEA,)))
    talk.key(keyed("crioulo"))
    assert talk.prompts()[1] == "language-kea"


@pytest.mark.parametrize("key", ["3", "9", "#", "33"])
def test_a_key_that_was_not_read_out_takes_nothing(key: str) -> None:
    talk = spelling()
    talk.key(keyed("crioulo"), key)
    assert talk.prompts()[:2] == ("no-such-option", "name-for")


def test_a_name_nobody_has_is_said_and_asked_again_from_the_start() -> None:
    talk = spelling()
    talk.key("9999999")
    assert talk.prompts()[:2] == ("spell-none", "spell-ask")
    talk.key(keyed("nepal"))
    assert talk.prompts()[0] == "language-ne"


def test_one_letter_is_kept_and_more_are_asked_for() -> None:
    talk = spelling()
    talk.key("8")
    assert talk.prompts() == ("spell-more", "spell-again-key")
    talk.key(keyed("craniano"))
    assert talk.prompts()[0] == "language-uk"


def test_a_star_forgets_the_letters_before_it() -> None:
    talk = spelling()
    talk.key("999*" + keyed("nepal"))
    assert talk.prompts()[0] == "language-ne"
    talk = spelling()
    talk.key("9", "*" + keyed("nepal"))
    assert talk.prompts()[0] == "language-ne"


def test_a_star_alone_begins_again_and_then_leads_back_to_the_code() -> None:
    talk = spelling()
    talk.key("8", "*")
    assert talk.prompts() == ("spell-ask",)
    talk.key("*")
    assert talk.prompts()[0] == "ask-language"


def test_another_hash_is_no_fault() -> None:
    """The hash that opens the spelling may be swallowed as the end of a PIN: two are safe."""
    talk = spelling()
    talk.key("")
    assert talk.prompts() == ("spell-ask",)


def test_after_a_wrong_name_another_is_spelt() -> None:
    talk = spelling()
    talk.key(keyed("ucraniano"), "2")
    assert talk.prompts() == ("spell-ask",)
    talk.key(keyed("crioulo"), "*")
    assert talk.prompts() == ("spell-ask",)


def test_more_than_nine_names_are_read_out_in_two_goes() -> None:
    languages = named_alike(12)
    talk = spelling(replace(CHOICE, languages=languages))
    talk.key(keyed("crioulo"))
    first = talk.prompts()
    assert first[-2:] == ("names-more-key", "spell-again-key")
    talk.key("#")
    second = talk.prompts()
    offered = [prompt for prompt in first + second if prompt.startswith("language-")]
    assert len(offered) == len(set(offered)) == 12
    assert second.count("name-for") == 3
    talk.key("#")
    assert talk.prompts() == first
    talk.key("#", "3")
    assert talk.prompts()[0] == second[second.index("name-press-3") - 1]
    talk.key("1")
    assert isinstance(talk.outcome(), LanguageChosen)


def test_more_than_eighteen_names_need_more_letters() -> None:
    languages = named_alike(20)
    talk = spelling(replace(CHOICE, languages=languages))
    talk.key(keyed("crioulo"))
    assert talk.prompts() == ("spell-more", "spell-again-key")
    talk.key(keyed("wolof"))
    assert talk.prompts()[0] == "language-wo"


def test_letters_that_add_nothing_end_with_a_person() -> None:
    talk = spelling()
    talk.key("8", "1", "1", "01")
    assert talk.prompts() == ("spell-more", "putting-through")


@pytest.mark.parametrize("key", ALL_KEYS)
def test_no_key_ever_goes_unanswered_while_spelling(key: str) -> None:
    talk = spelling()
    talk.key(key)
    assert talk.prompts()


def test_what_was_keyed_of_a_name_shows_in_no_repr() -> None:
    talk = spelling()
    talk.key("8")
    assert "8" not in repr(talk.state)
