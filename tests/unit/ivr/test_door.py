# SPDX-License-Identifier: EUPL-1.2
"""The front door: one breath, many languages, and ten digits that need not wait for any of it."""

from __future__ import annotations

import pytest

from bridge.hours.directory import load_directory
from bridge.ivr.arrival import Arrival, ArrivalState
from bridge.ivr.door import (
    ChosenLanguage,
    DoorScript,
    NothingUnderstood,
    door_languages,
)
from bridge.ivr.person import (
    FindPerson,
    NobodyOnDuty,
    OperatorPromised,
    RingWhenOnDuty,
    SomebodyOnDuty,
    WantsPerson,
    WillRing,
)
from bridge.ivr.script import Ask, Finish, Keys, Said, Silence, in_language
from bridge.prompts.catalogue import load_catalogue
from bridge.vocabulary import LanguageTag
from tests.unit.ivr.talk import Talk

LINE = load_directory().lines[0]
LANGUAGES = door_languages(load_catalogue(), LINE.languages)


def door(*, operator_on_duty: bool = True) -> Talk[ArrivalState]:
    script = DoorScript(LANGUAGES, operator_on_duty=operator_on_duty)
    return Talk(Arrival(script, numbers=len(LANGUAGES)))


def test_the_line_offers_its_fourteen_languages_each_in_itself_or_in_what_its_speakers_share() -> (
    None
):
    assert len(LANGUAGES) == 14
    assert LANGUAGES[2].prompts == ("fr/door-language",)
    wolof = next(one for one in LANGUAGES if one.tag == "wo")
    assert (wolof.spoken, wolof.prompts) == ("fr", ("pt/language-wo", "fr/line-key"))


def test_each_language_has_one_number_that_it_says_itself() -> None:
    talk = door()
    said = talk.prompts()
    assert said[0] == "pt/door-greeting"
    numbers = [prompt for prompt in said if "/digit-" in prompt]
    assert numbers == [
        in_language(one.spoken, f"digit-{digit}")
        for number, one in enumerate(LANGUAGES, start=1)
        for digit in str(number)
    ]
    assert "en/line-person" in said


@pytest.mark.parametrize("number", range(1, 15))
@pytest.mark.parametrize("silences", [0, 1])
def test_a_number_and_a_pause_is_the_same_language_at_any_time(number: int, silences: int) -> None:
    talk = door()
    talk.hear(*[Silence()] * silences)
    for key in str(number):
        talk.key(key)
        pause = talk.step
        assert isinstance(pause, Ask)
        assert pause.prompts == ()
        assert pause.first_key_seconds <= 2.0
    talk.hear(Silence())
    assert talk.outcome() == ChosenLanguage(LANGUAGES[number - 1].tag)


@pytest.mark.parametrize("keyed", ["15", "99", "01"])
def test_a_number_that_nobody_has_is_no_option(keyed: str) -> None:
    talk = door()
    talk.key(*keyed)
    talk.hear(Silence())
    assert talk.prompts()[0] == "pt/line-no-such-option"


def test_a_star_alone_reads_out_again_but_not_without_end() -> None:
    talk = door()
    talk.key("*")
    talk.hear(Silence())
    assert talk.prompts()[0] == LANGUAGES[0].prompts[0]
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


@pytest.mark.parametrize("keyed", ["123", "471173528", "4711*35281", "*20481", "*2048155"])
def test_what_is_neither_code_nor_language_is_said_to_be_wrong(keyed: str) -> None:
    talk = door()
    talk.key(keyed[0], keyed[1], keyed[2:])
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
    zero(talk)
    talk.answer(NobodyOnDuty())
    assert talk.prompts()[:2] == ("pt/line-nobody-on-duty", "en/line-nobody-on-duty")
    zero(talk)
    talk.answer(NobodyOnDuty())
    assert talk.prompts().count("pt/line-nobody-on-duty") == 1
    assert talk.prompts()[-1] == "en/goodbye"
    talk.hear(Keys("5"))
    assert talk.outcome() == NothingUnderstood()


def zero(talk: Talk[ArrivalState]) -> None:
    """0 and a pause, while nobody is on duty: the application is asked."""
    talk.key("0")
    talk.hear(Silence())
    assert talk.question() == FindPerson()


def test_zero_reaches_whoever_came_on_duty_since_the_door_was_opened() -> None:
    talk = door(operator_on_duty=False)
    zero(talk)
    talk.answer(SomebodyOnDuty())
    assert talk.prompts() == ("pt/line-putting-through", "en/line-putting-through")
    talk.hear(Said())
    assert talk.outcome() == WantsPerson(asked=True)


def test_zero_offers_to_ring_when_somebody_is_on_duty() -> None:
    talk = door(operator_on_duty=False)
    zero(talk)
    talk.answer(NobodyOnDuty(call_back=True))
    assert talk.prompts() == (
        *("pt/line-nobody-on-duty", "pt/operator-call-back-offer"),
        *("en/line-nobody-on-duty", "en/operator-call-back-offer"),
    )
    talk.key("1")
    talk.hear(Silence())
    assert talk.question() == RingWhenOnDuty()
    talk.answer(WillRing())
    assert "en/operator-call-back-promised" in talk.prompts()
    talk.hear(Said())
    assert talk.outcome() == OperatorPromised()


@pytest.mark.parametrize("key", ["2", "9", ""])
def test_whoever_does_not_want_that_hears_the_languages_again(key: str) -> None:
    talk = door(operator_on_duty=False)
    zero(talk)
    talk.answer(NobodyOnDuty(call_back=True))
    talk.hear(*([Keys(key)] if key else []), Silence())
    assert talk.prompts()[0] == LANGUAGES[0].prompts[0]


def test_a_promise_that_cannot_be_written_is_said_to_be_none() -> None:
    talk = door(operator_on_duty=False)
    zero(talk)
    talk.answer(NobodyOnDuty(call_back=True))
    talk.key("1")
    talk.hear(Silence())
    talk.answer(None)
    assert talk.prompts()[0] == "pt/line-our-fault"


@pytest.mark.parametrize("operator_on_duty", [True, False])
def test_whoever_keys_nothing_hears_everything_twice_and_then_a_person_or_goodbye(
    operator_on_duty: bool,
) -> None:
    talk = door(operator_on_duty=operator_on_duty)
    for _ in range(2):
        assert isinstance(talk.step, Ask)
        talk.hear(Silence())
    talk.hear(Said())
    expected = WantsPerson(asked=False) if operator_on_duty else NothingUnderstood()
    assert talk.outcome() == expected


def test_a_line_of_few_languages_offers_no_more() -> None:
    talk = Talk(Arrival(DoorScript(LANGUAGES[:3]), numbers=3))
    talk.key("7")
    talk.hear(Silence())
    assert talk.prompts()[0] == "pt/line-no-such-option"


def test_moldovan_has_its_own_key_and_hears_romanian() -> None:
    assert LanguageTag("ro-MD") in LINE.languages
    assert load_catalogue().spoken_to_migrant("ro-MD") == ("ro",)
