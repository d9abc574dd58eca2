# SPDX-License-Identifier: EUPL-1.2
"""What a technician hears and keys."""

from __future__ import annotations

import pytest

from bridge.agencies.model import AgencyKind
from bridge.ivr.languages import load_languages
from bridge.ivr.request import (
    BesideMe,
    CheckNumber,
    Failed,
    GivenUp,
    Identified,
    Identify,
    NobodyAvailable,
    NotIdentified,
    NotIdentifiedAtAll,
    NumberFault,
    NumberFine,
    NumberRefused,
    PersonReason,
    Requested,
    RequestInterpreter,
    Ring,
    ToOperator,
    Unserved,
)
from bridge.ivr.script import Ask, Keys, Notice, Said, Say, Silence, Wait
from bridge.ivr.technician import TechnicianScript
from bridge.ivr.technician_states import TechnicianState
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, TechnicianId
from tests.unit.ivr.talk import LAST_KEY_AT, Talk

WHO = Identified(TechnicianId(3), AgencyId(1), AgencyKind.HEALTH)
JOB = JobNumber.of_serial(41)
UKRAINIAN = LanguageTag("uk")


def call(*, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    return Talk(TechnicianScript(load_languages(), operator_on_duty=operator_on_duty))


def identified(*, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    talk = call(operator_on_duty=operator_on_duty)
    talk.key("1001246810")
    talk.answer(WHO)
    return talk


def asked_for_ukrainian() -> Talk[TechnicianState]:
    talk = identified()
    talk.key("33", "1")
    return talk


def waiting(*, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    talk = identified(operator_on_duty=operator_on_duty)
    talk.key("33", "1", "1")
    talk.answer(Requested(JOB))
    talk.hear(Said())
    return talk


def test_the_shortest_way_takes_fourteen_keys_and_three_questions() -> None:
    talk = call()
    assert talk.prompts() == ("line-greeting", "ask-identity", "person-key")
    talk.key("1001246810")
    assert talk.question() == Identify("1001", "246810")
    talk.answer(WHO)
    assert talk.prompts() == ("ask-language",)
    talk.key("33")
    assert talk.prompts() == ("language-uk", "confirm-language")
    talk.key("1")
    assert talk.prompts() == ("ask-migrant-place",)
    talk.key("1")
    assert talk.question() == RequestInterpreter(UKRAINIAN, BesideMe(), LAST_KEY_AT)
    talk.answer(Requested(JOB))
    digits = tuple(f"digit-{digit}" for digit in JOB.digits)
    assert talk.prompts() == ("job-number-is", *digits, "ringing-interpreters", "person-key")
    assert talk.hear(Said()) == Wait(20.0)


def test_agency_code_and_pin_are_one_entry_so_they_can_be_keyed_in_one_breath() -> None:
    step = call().step
    assert isinstance(step, Ask)
    assert step.most_keys == 10


@pytest.mark.parametrize("entry", ["", "1", "100124681", "1001*46810", "10012468101", "٣" * 10])
def test_codes_that_are_not_ten_digits_are_asked_again(entry: str) -> None:
    talk = call()
    talk.key(entry)
    assert talk.prompts()[:2] == ("identity-incomplete", "ask-identity")


def test_three_wrong_pins_end_politely_and_reach_nobody() -> None:
    talk = call()
    for _ in range(2):
        talk.key("1001999999")
        talk.answer(NotIdentified())
        assert talk.prompts()[0] == "identity-wrong"
    talk.key("1001999999")
    talk.answer(NotIdentified())
    assert talk.prompts() == ("not-identified", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == NotIdentifiedAtAll(3)


def test_silence_between_wrong_pins_gives_no_further_tries() -> None:
    talk = call()
    for _ in range(2):
        talk.key("1001999999")
        talk.answer(NotIdentified())
        talk.hear(Silence())
    talk.key("1001999999")
    talk.answer(NotIdentified())
    assert talk.prompts() == ("not-identified", "goodbye")


def test_who_keys_nothing_at_all_reaches_a_person() -> None:
    """It may be a migrant who rang the line and understands none of this."""
    talk = call()
    talk.hear(Silence())
    assert talk.prompts() == ("nothing-keyed", "ask-identity", "person-key")
    talk.hear(Silence(), Silence())
    assert talk.prompts() == ("nothing-keyed", "putting-through")
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.NOT_UNDERSTOOD)


def test_an_unknown_code_is_asked_again_then_a_person() -> None:
    talk = identified()
    talk.key("39")
    assert talk.prompts() == ("language-unknown", "ask-language")
    talk.key("3")
    assert talk.prompts() == ("language-unknown", "ask-language")
    talk.key("**")
    assert talk.prompts() == ("language-unknown", "putting-through")
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.LANGUAGE_UNKNOWN)


def test_a_code_that_begins_with_nine_has_a_third_digit_silently() -> None:
    talk = identified()
    step = talk.key("90")
    assert isinstance(step, Ask)
    assert (step.prompts, step.most_keys) == ((), 1)
    talk.key("0")
    assert talk.prompts() == ("language-unknown", "ask-language")
    talk.key("95")
    talk.hear(Silence())
    assert talk.prompts() == ("language-unknown", "ask-language")


def test_another_language_can_be_chosen_at_the_read_back() -> None:
    talk = identified()
    talk.key("30")
    assert talk.prompts()[0] == "language-ru"
    talk.key("2")
    assert talk.prompts() == ("ask-language",)
    talk.key("33")
    assert talk.prompts()[0] == "language-uk"


def test_whoever_changes_their_mind_for_ever_reaches_a_person() -> None:
    talk = identified()
    changes = 0
    while isinstance(talk.step, Ask) and changes < 100:
        talk.key("33", "2")
        changes += 1
    assert talk.prompts() == ("putting-through",)
    assert changes == 12


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
    assert talk.question() == RequestInterpreter(UKRAINIAN, Ring("912345670"), LAST_KEY_AT)


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


def test_zero_reaches_a_person_at_every_question() -> None:
    ways: list[tuple[str, ...]] = [(), ("33",), ("33", "1"), ("33", "1", "2")]
    for way in ways:
        talk = identified()
        talk.key(*way, "0")
        assert talk.prompts() == ("putting-through",)
        talk.hear(Said())
        assert talk.outcome() == ToOperator(PersonReason.ASKED)
    talk = call()
    talk.key("0")
    assert talk.prompts() == ("putting-through",)


def test_with_nobody_on_duty_zero_says_so_and_the_call_goes_on() -> None:
    talk = call(operator_on_duty=False)
    assert "person-key" not in talk.prompts()
    talk.key("0")
    assert talk.prompts() == ("nobody-on-duty", "ask-identity")
    talk.key("0", "0")
    assert talk.prompts() == ("nobody-on-duty", "ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == GivenUp(PersonReason.ASKED)


def test_a_failure_of_ours_is_owned_up_to_and_leads_to_a_person() -> None:
    talk = call()
    talk.key("1001246810")
    talk.answer(Failed())
    assert talk.prompts() == ("our-fault", "putting-through")
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.FAILED)


def test_while_interpreters_ring_an_honest_word_comes_between_the_music() -> None:
    talk = waiting()
    talk.hear(Silence())
    assert talk.prompts() == ("still-ringing", "person-key")
    assert talk.hear(Said()) == Wait(20.0)


def test_a_stray_key_while_waiting_repeats_the_job_number() -> None:
    talk = waiting()
    talk.key("7")
    digits = tuple(f"digit-{digit}" for digit in JOB.digits)
    assert talk.prompts() == ("still-ringing", "job-number-is", *digits, "person-key")


def test_zero_while_waiting_reaches_a_person_even_while_something_is_said() -> None:
    talk = waiting()
    talk.hear(Silence(), Keys("0"))
    assert talk.prompts() == ("putting-through",)
    talk = waiting(operator_on_duty=False)
    talk.key("0")
    assert talk.prompts() == ("nobody-on-duty", "still-ringing")
    assert talk.hear(Said()) == Wait(20.0)


def test_nobody_available_is_said_and_a_person_offered() -> None:
    talk = waiting()
    talk.hear(Notice(NobodyAvailable()))
    assert talk.prompts() == ("nobody-available", "person-key", "or-ring-later")
    talk.key("0")
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.NOBODY_AVAILABLE)


def test_nobody_available_and_nothing_chosen_ends_after_a_second_asking() -> None:
    talk = waiting()
    talk.hear(Notice(NobodyAvailable()), Silence())
    assert talk.prompts() == ("nothing-keyed", "person-key", "or-ring-later")
    talk.hear(Silence())
    assert talk.prompts() == ("ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == Unserved()


def test_nobody_available_and_nobody_on_duty_is_said_and_ends() -> None:
    talk = waiting(operator_on_duty=False)
    talk.hear(Notice(NobodyAvailable()))
    assert talk.prompts() == ("nobody-available", "ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == Unserved()


def test_a_hunt_without_end_leads_to_a_person() -> None:
    talk = waiting()
    for _ in range(1000):
        if talk.prompts_or_none() == ("waited-too-long", "putting-through"):
            break
        talk.hear(Silence() if isinstance(talk.step, Wait) else Said())
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.WAITED_TOO_LONG)


def test_after_a_restart_of_ours_the_technician_is_told_and_goes_on_waiting() -> None:
    talk = Talk(TechnicianScript.resume(JOB, load_languages()))
    assert isinstance(talk.step, Say)
    assert talk.prompts() == ("resumed", "still-ringing", "person-key")
    assert talk.hear(Said()) == Wait(20.0)
    talk.hear(Notice(NobodyAvailable()))
    assert talk.prompts() == ("nobody-available", "person-key", "or-ring-later")


def test_questions_and_states_keep_codes_and_numbers_to_themselves() -> None:
    assert repr(Identify("1001", "246810")) == "Identify()"
    assert repr(CheckNumber("912345678")) == "CheckNumber()"
    assert "912345678" not in repr(RequestInterpreter(UKRAINIAN, Ring("912345678"), None))
