# SPDX-License-Identifier: EUPL-1.2
"""Where the technician says the migrant is, if not beside them: at a number, or yet to dial in."""

from __future__ import annotations

import pytest

from bridge.ivr.script import Ask, Said, Silence
from bridge.ivr.technician.request import (
    CheckNumber,
    DialInCode,
    DialsIn,
    NumberFault,
    NumberFine,
    NumberRefused,
    PersonReason,
    Requested,
    RequestInterpreter,
    ReserveDialIn,
    Ring,
    ToOperator,
)
from bridge.ivr.technician.states import TechnicianState
from tests.unit.ivr.talk import Talk
from tests.unit.ivr.technicians import (
    CHOSEN,
    DIAL_IN,
    JOB,
    asked_for_ukrainian,
    digits_of,
    requested,
)

# --- a migrant who is elsewhere ------------------------------------------------------------------


def test_a_migrant_who_is_elsewhere_is_rung_on_a_number_that_is_read_back() -> None:
    talk = asked_for_ukrainian()
    step = talk.key("2")
    assert talk.prompts() == ("ask-number",)
    assert isinstance(step, Ask)
    assert step.finish_key == "#"
    talk.key("912345678")
    assert talk.question() == CheckNumber("912345678")
    talk.answer(NumberFine())
    digits = tuple(f"digit-{digit}" for digit in "912345678")
    assert talk.prompts() == ("number-is", *digits, "confirm-number")
    talk.key("2")
    assert talk.prompts() == ("ask-number",)
    talk.key("912345670")
    talk.answer(NumberFine())
    talk.key("1")
    assert talk.prompts() == ("ask-voicemail",)
    talk.key("2")
    assert talk.question() == requested(Ring("912345670"))


def test_a_message_is_left_only_when_the_technician_says_so() -> None:
    def asked() -> Talk[TechnicianState]:
        talk = asked_for_ukrainian()
        talk.key("2", "912345670")
        talk.answer(NumberFine())
        talk.key("1")
        return talk

    talk = asked()
    talk.key("1")
    assert talk.question() == requested(Ring("912345670", voicemail=True))
    talk = asked()
    talk.hear(Silence())
    assert talk.question() == RequestInterpreter(CHOSEN, Ring("912345670"), None)
    talk = asked()
    talk.key("7")
    assert talk.prompts() == ("no-such-option", "ask-voicemail")


def test_too_many_numbers_within_the_hour_are_explained_by_a_person() -> None:
    talk = asked_for_ukrainian()
    talk.key("2", "912345670")
    talk.answer(NumberFine())
    talk.key("1", "2")
    talk.answer(NumberRefused(NumberFault.TOO_MANY))
    assert talk.prompts() == ("number-too-many", "putting-through")


@pytest.mark.parametrize(
    ("fault", "prompt"),
    [
        (NumberFault.NOT_A_NUMBER, "number-incomplete"),
        (NumberFault.NOT_PERMITTED, "number-not-permitted"),
        (NumberFault.EMERGENCY, "number-emergency"),
    ],
)
def test_a_number_that_is_not_rung_is_explained_and_asked_again_a_few_times(
    fault: NumberFault, prompt: str
) -> None:
    talk = asked_for_ukrainian()
    talk.key("2")
    for _ in range(2):
        talk.key("760200100")
        talk.answer(NumberRefused(fault))
        assert talk.prompts() == (prompt, "ask-number")
    talk.key("760200100")
    talk.answer(NumberRefused(fault))
    assert talk.prompts() == (prompt, "putting-through")
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.NUMBER_REFUSED)


@pytest.mark.parametrize("entry", ["", "91", "9" * 16, "912*45678"])
def test_keys_that_are_no_number_are_not_even_checked(entry: str) -> None:
    talk = asked_for_ukrainian()
    talk.key("2", entry)
    assert talk.prompts() == ("number-incomplete", "ask-number")


# --- a migrant who dials in ----------------------------------------------------------------------


def test_the_code_of_a_migrant_who_will_ring_is_told_twice_with_our_number() -> None:
    talk = asked_for_ukrainian()
    talk.key("3")
    assert talk.question() == ReserveDialIn()
    talk.answer(DIAL_IN)
    code = ("dial-in-code-is", *digits_of("204"), "dial-in-then", *digits_of("815"))
    number = ("dial-in-number-is", *digits_of("218106191"))
    assert talk.prompts() == (*number, *code, "dial-in-once-more", *code, "dial-in-keys")
    talk.key("2")
    assert talk.prompts()[0] == "dial-in-number-is"
    talk.key("1")
    assert talk.question() == requested(DialsIn())
    talk.answer(Requested(JOB, "204815"))
    talk.hear(Said())
    talk.key("7")
    assert talk.prompts()[-8:-1] == ("dial-in-code-is", *digits_of("204815"))


def test_who_has_heard_the_code_and_keys_nothing_goes_on() -> None:
    talk = asked_for_ukrainian()
    talk.key("3")
    talk.answer(DialInCode("204815"))
    assert talk.prompts()[0] == "dial-in-our-number"
    talk.hear(Silence())
    assert talk.question() == RequestInterpreter(CHOSEN, DialsIn(), None)


def test_whoever_hears_the_code_for_ever_reaches_a_person() -> None:
    talk = asked_for_ukrainian()
    talk.key("3")
    talk.answer(DIAL_IN)
    times = 0
    while isinstance(talk.step, Ask) and times < 100:
        talk.key("2")
        times += 1
    assert talk.prompts() == ("putting-through",)
    assert times == 12
