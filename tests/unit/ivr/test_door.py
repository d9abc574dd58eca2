# SPDX-License-Identifier: EUPL-1.2
"""The front door: one breath, many languages, and ten digits that need not wait for any of it."""

from __future__ import annotations

import pytest

from bridge.hours.directory import load_directory
from bridge.ivr.door import (
    ON_FIRST_PAGE,
    ChosenLanguage,
    CodeUnknown,
    DialIn,
    DialledIn,
    DoorScript,
    DoorState,
    JoinsByCode,
    KeyedIdentity,
    NothingUnderstood,
    WantsPerson,
    door_languages,
)
from bridge.ivr.prompts import load_catalogue
from bridge.ivr.script import Ask, Finish, Keys, Said, Silence, in_language
from bridge.vocabulary import LanguageTag
from tests.unit.ivr.talk import Talk

CODE, PIN = "4711", "735281"
LINE = load_directory().lines[0]
LANGUAGES = door_languages(load_catalogue(), LINE.languages)


def door(*, operator_on_duty: bool = True) -> Talk[DoorState]:
    return Talk(DoorScript(LANGUAGES, operator_on_duty=operator_on_duty))


def test_the_line_offers_its_fourteen_languages_each_in_itself_or_in_what_its_speakers_share() -> (
    None
):
    assert len(LANGUAGES) == 14
    assert LANGUAGES[2].prompts == ("fr/door-language",)
    wolof = next(one for one in LANGUAGES if one.tag == "wo")
    assert (wolof.spoken, wolof.prompts) == ("fr", ("pt/language-wo", "fr/line-key"))


def test_the_first_page_names_nine_keys_and_the_second_follows_by_itself() -> None:
    talk = door()
    first = talk.prompts()
    assert first[0] == "pt/door-greeting"
    digits = [prompt.rpartition("-")[2] for prompt in first if "/digit-" in prompt]
    assert digits == list("123456789")
    talk.hear(Silence())
    second = talk.prompts()
    assert [prompt for prompt in second if "/digit-" in prompt] == [
        in_language(one.spoken, f"digit-{key}")
        for key, one in enumerate(LANGUAGES[ON_FIRST_PAGE:], start=1)
    ]
    assert "en/line-person" in second
    assert "pt/door-greeting" not in second


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("key", range(1, 10))
def test_one_key_and_a_pause_is_the_language_of_that_page(page: int, key: int) -> None:
    talk = door()
    talk.hear(*[Silence()] * page)
    offered = LANGUAGES[page * ON_FIRST_PAGE :][:ON_FIRST_PAGE]
    talk.key(str(key))
    pause = talk.step
    assert isinstance(pause, Ask)
    assert pause.prompts == ()
    assert pause.first_key_seconds <= 1.5
    talk.hear(Silence())
    if key <= len(offered):
        assert talk.outcome() == ChosenLanguage(offered[key - 1].tag)
    else:
        assert talk.prompts()[0] == "pt/line-no-such-option"


def test_ten_digits_at_once_are_a_technician_s_codes_on_either_page() -> None:
    for before in ((), (Silence(),)):
        talk = door()
        talk.hear(*before)
        talk.key(CODE[0])
        talk.key(CODE[1:] + PIN)
        assert talk.outcome() == KeyedIdentity(CODE, PIN)
        assert PIN not in repr(talk.state)
        assert CODE not in repr(talk.state)


def test_codes_that_begin_with_a_zero_are_no_call_for_a_person() -> None:
    talk = door()
    talk.key("0", "123735281")
    assert talk.outcome() == KeyedIdentity("0123", "735281")


def test_a_star_alone_turns_the_page_but_not_without_end() -> None:
    talk = door()
    talk.key("*")
    talk.hear(Silence())
    assert talk.prompts()[0] == LANGUAGES[ON_FIRST_PAGE].prompts[0]
    turns = 1
    while not isinstance(talk.step, Finish) and turns < 100:
        if isinstance(talk.step, Ask):
            talk.key("*")
            talk.hear(Silence())
            turns += 1
        else:
            talk.hear(Said())
    assert talk.outcome() == WantsPerson(asked=False)
    assert turns < 20


def test_a_star_and_six_digits_lead_to_the_call_that_waits() -> None:
    talk = door()
    talk.key("*", "204815")
    assert talk.question() == DialIn("204815")
    assert "204815" not in repr(talk.step) + repr(talk.state)
    talk.answer(CodeUnknown())
    assert talk.prompts()[:2] == ("pt/door-code-unknown", "en/door-code-unknown")
    talk.key("*", "204816")
    talk.answer(DialledIn())
    assert talk.outcome() == JoinsByCode()


@pytest.mark.parametrize("keyed", ["12", "471173528", "4711*35281", "*20481", "*20481#"])
def test_what_is_neither_code_nor_language_is_said_to_be_wrong(keyed: str) -> None:
    talk = door()
    talk.key(keyed[0], keyed[1:])
    assert talk.prompts()[0] in ("pt/door-incomplete", "pt/door-code-unknown")


def test_zero_and_a_pause_reach_a_person_who_is_on_duty() -> None:
    talk = door()
    talk.key("0")
    talk.hear(Silence())
    assert talk.prompts() == ("pt/line-putting-through", "en/line-putting-through")
    talk.hear(Said())
    assert talk.outcome() == WantsPerson(asked=True)


def test_zero_is_answered_honestly_when_nobody_is_on_duty() -> None:
    talk = door(operator_on_duty=False)
    assert "pt/line-person" not in talk.prompts()
    talk.key("0")
    talk.hear(Silence())
    assert talk.prompts()[:2] == ("pt/line-nobody-on-duty", "en/line-nobody-on-duty")
    talk.key("0")
    talk.hear(Silence())
    assert talk.prompts().count("pt/line-nobody-on-duty") == 1
    assert talk.prompts()[-1] == "en/goodbye"
    talk.hear(Keys("5"))
    assert talk.outcome() == NothingUnderstood()


@pytest.mark.parametrize("operator_on_duty", [True, False])
def test_whoever_keys_nothing_hears_everything_twice_and_then_a_person_or_goodbye(
    operator_on_duty: bool,
) -> None:
    talk = door(operator_on_duty=operator_on_duty)
    for _ in range(4):
        assert isinstance(talk.step, Ask)
        talk.hear(Silence())
    talk.hear(Said())
    expected = WantsPerson(asked=False) if operator_on_duty else NothingUnderstood()
    assert talk.outcome() == expected


def test_a_line_of_few_languages_has_one_page() -> None:
    talk = Talk(DoorScript(LANGUAGES[:3]))
    assert "en/line-person" in talk.prompts()
    talk.key("*")
    talk.hear(Silence())
    assert talk.prompts()[0] == "pt/line-no-such-option"


def test_moldovan_has_its_own_key_and_hears_romanian() -> None:
    assert LanguageTag("ro-MD") in LINE.languages
    assert load_catalogue().spoken_to_migrant("ro-MD") == ("ro",)
