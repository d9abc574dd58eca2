# SPDX-License-Identifier: EUPL-1.2
"""What a technician hears and keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.agencies.model import AgencyField, AgencyKind, FieldName
from bridge.ivr.language_choice_states import How, LanguageChosen
from bridge.ivr.languages import load_languages
from bridge.ivr.request import (
    BesideMe,
    CheckNumber,
    CodeFirst,
    DialInCode,
    DialsIn,
    Failed,
    GivenUp,
    Identified,
    Identify,
    IdentifyRest,
    MigrantPlace,
    NobodyAvailable,
    NotIdentified,
    NotIdentifiedAtAll,
    NumberFault,
    NumberFine,
    NumberRefused,
    PersonReason,
    Requested,
    RequestInterpreter,
    ReserveDialIn,
    Ring,
    ToOperator,
    Unserved,
    Ways,
)
from bridge.ivr.script import Ask, Keys, Notice, Said, Say, Silence, Wait
from bridge.ivr.technician import TechnicianScript
from bridge.ivr.technician_states import TechnicianState
from bridge.ivr.wishes import Wishes
from bridge.roster.requirements import Wish
from bridge.roster.skills import Gender
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, TechnicianId
from tests.unit.ivr.talk import LAST_KEY_AT, Talk

WHO = Identified(TechnicianId(3), AgencyId(1), AgencyKind.HEALTH)
JOB = JobNumber.of_serial(41)
UKRAINIAN = LanguageTag("uk")
CHOSEN = LanguageChosen(UKRAINIAN, How.CODE)
DIAL_IN = DialInCode("204815", "218106191")


def call(*, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    return Talk(TechnicianScript(load_languages(), operator_on_duty=operator_on_duty))


def identified(*, operator_on_duty: bool = True, ways: Ways | None = None) -> Talk[TechnicianState]:
    talk = call(operator_on_duty=operator_on_duty)
    talk.key("1001246810")
    talk.answer(WHO if ways is None else replace(WHO, ways=ways))
    return talk


def requested(place: MigrantPlace) -> RequestInterpreter:
    return RequestInterpreter(CHOSEN, place, LAST_KEY_AT)


def digits_of(text: str) -> tuple[str, ...]:
    return tuple(f"digit-{digit}" for digit in text)


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
    assert talk.prompts()[0] == "ask-language"
    talk.key("33")
    assert talk.prompts() == ("language-uk", "confirm-language")
    talk.key("1")
    assert talk.prompts() == ("ask-migrant-place",)
    talk.key("1")
    assert talk.question() == requested(BesideMe())
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
    assert talk.prompts()[:2] == ("language-unknown", "ask-language")
    talk.key("39", "39")
    assert talk.prompts() == ("language-unknown", "putting-through")
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.LANGUAGE_UNKNOWN)


def test_another_language_can_be_chosen_at_the_read_back() -> None:
    talk = identified()
    talk.key("30")
    assert talk.prompts()[0] == "language-ru"
    talk.key("2")
    assert talk.prompts()[0] == "ask-language"
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


# --- an agency's own ways ------------------------------------------------------------------------

PROCESS = AgencyField(FieldName.PROCESS_NUMBER, 3, 8)
DEPARTMENT = AgencyField(FieldName.DEPARTMENT, 4, 4)


def test_what_the_agency_wants_is_keyed_last_and_goes_with_the_request() -> None:
    talk = identified(ways=Ways(fields=(PROCESS, DEPARTMENT)))
    step = talk.key("33", "1", "1")
    assert talk.prompts() == ("ask-process-number",)
    assert isinstance(step, Ask)
    assert (step.most_keys, step.finish_key) == (9, "#")
    step = talk.key("12345")
    assert talk.prompts() == ("ask-department",)
    assert isinstance(step, Ask)
    assert step.most_keys == 4  # the last digit ends it, without the hash key
    talk.key("4711")
    fields = ((FieldName.PROCESS_NUMBER, "12345"), (FieldName.DEPARTMENT, "4711"))
    assert talk.question() == RequestInterpreter(CHOSEN, BesideMe(), LAST_KEY_AT, fields)


def test_a_field_of_the_wrong_length_says_how_many_digits_it_has() -> None:
    talk = identified(ways=Ways(fields=(PROCESS, DEPARTMENT)))
    talk.key("33", "1", "1", "12")
    least = ("field-length-least", "number-3", "field-length-most", "number-8")
    assert talk.prompts() == (*least, "ask-process-number")
    talk.key("123456789", "123", "471")
    assert talk.prompts() == ("field-length-is", "number-4", "ask-department")
    talk.hear(Silence(), Silence())
    assert talk.prompts() == ("nothing-keyed", "putting-through")


def language_of(talk: Talk[TechnicianState]) -> str:
    """What the technician is being spoken to in now."""
    assert isinstance(talk.step, Say | Ask)
    return talk.step.language


def test_from_the_identification_on_the_agency_is_spoken_to_in_its_own_language() -> None:
    assert language_of(call()) == "pt"
    talk = identified(ways=Ways("en"))
    assert language_of(talk) == "en"
    talk.key("33", "1", "1")
    talk.answer(Requested(JOB))
    assert language_of(talk) == "en"
    talk.hear(Said(), Notice(NobodyAvailable()))
    assert language_of(talk) == "en"
    talk.key("0")
    assert language_of(talk) == "en"


@given(
    least=st.integers(1, 6),
    more=st.integers(0, 6),
    entry=st.text("0123456789*", min_size=1, max_size=14),
)
def test_a_field_takes_exactly_what_fits_it(least: int, more: int, entry: str) -> None:
    wanted = AgencyField(FieldName.COST_CENTRE, least, least + more)
    talk = identified(ways=Ways(fields=(wanted,)))
    talk.key("33", "1", "1", entry)
    if entry == "0":
        assert talk.prompts() == ("putting-through",)
    elif entry.isdigit() and least <= len(entry) <= least + more:
        question = talk.question()
        assert isinstance(question, RequestInterpreter)
        assert question.fields == ((FieldName.COST_CENTRE, entry),)
    else:
        assert talk.prompts()[-1] == "ask-cost-centre"


def test_one_key_is_what_the_agency_asks_most() -> None:
    talk = identified(ways=Ways(favourites=(UKRAINIAN,)))
    talk.key("1", "1", "1")
    chosen = LanguageChosen(UKRAINIAN, How.FAVOURITE)
    assert talk.question() == RequestInterpreter(chosen, BesideMe(), LAST_KEY_AT)


def test_wishes_go_with_the_request() -> None:
    talk = identified()
    talk.key("*1", "#", "33", "1", "1")
    question = talk.question()
    assert isinstance(question, RequestInterpreter)
    assert question.chosen.wishes == Wishes(gender=Wish(Gender.FEMALE))


# --- a recognised number -------------------------------------------------------------------------


def recognised() -> Talk[TechnicianState]:
    return Talk(TechnicianScript(load_languages(), recognised=True))


def test_a_recognised_number_needs_ten_keys_and_no_wait() -> None:
    """Every entry ends with its last key: none is waited for, and none needs the hash key."""
    talk = recognised()
    assert talk.prompts() == ("line-greeting", "ask-personal-code", "person-key")
    keys = "246810" + "33" + "1" + "1"
    for expected in ("246810", "33", "1", "1"):
        step = talk.step
        assert isinstance(step, Ask)
        assert step.most_keys == len(expected)
        entry, keys = keys[: step.most_keys], keys[step.most_keys :]
        talk.key(entry)
        if expected == "246810":
            assert talk.question() == Identify(None, "246810")
            talk.answer(WHO)
    assert keys == ""
    assert talk.question() == requested(BesideMe())


def test_a_recognised_number_whose_pin_does_not_fit_is_asked_for_all_ten_digits() -> None:
    talk = recognised()
    talk.key("246810")
    talk.answer(NotIdentified())
    assert talk.prompts() == ("identity-wrong", "ask-identity", "person-key")
    talk.key("1001246810")
    assert talk.question() == Identify("1001", "246810")
    talk.answer(NotIdentified())
    talk.key("1001246810")
    talk.answer(NotIdentified())
    assert talk.prompts() == ("not-identified", "goodbye")


def test_who_keys_all_ten_digits_though_six_would_do_is_understood() -> None:
    talk = recognised()
    talk.key("100124")
    talk.answer(CodeFirst())
    assert isinstance(talk.step, Ask)
    assert (talk.step.prompts, talk.step.most_keys) == ((), 4)
    talk.key("6810")
    assert talk.question() == IdentifyRest("6810")
    talk.answer(WHO)
    assert talk.prompts()[0] == "ask-language"


def test_who_stops_after_six_of_ten_digits_is_asked_for_all_of_them() -> None:
    talk = recognised()
    talk.key("100124")
    talk.answer(CodeFirst())
    talk.hear(Silence())
    assert talk.prompts()[:2] == ("nothing-keyed", "ask-identity")
    talk = recognised()
    talk.key("100124")
    talk.answer(CodeFirst())
    talk.key("68")
    assert talk.prompts()[:2] == ("identity-incomplete", "ask-identity")


def test_less_than_a_pin_is_asked_again() -> None:
    talk = recognised()
    talk.key("24681")
    assert talk.prompts() == ("personal-code-incomplete", "ask-personal-code", "person-key")


def test_what_was_keyed_at_the_door_is_not_asked_again() -> None:
    script = TechnicianScript(load_languages(), identity=("1001", "246810"))
    talk = Talk(script)
    assert talk.question() == Identify("1001", "246810")
    talk.answer(WHO)
    assert talk.prompts()[0] == "ask-language"
    assert "246810" not in repr(script)
    talk = Talk(script)
    talk.answer(NotIdentified())
    assert talk.prompts()[:2] == ("identity-wrong", "ask-identity")
    assert Talk(replace(script, identity=("", "246810"))).question() == Identify(None, "246810")


# --- the number, and anywhere --------------------------------------------------------------------


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
    fields = ((FieldName.PROCESS_NUMBER, "556677"),)
    request = RequestInterpreter(CHOSEN, Ring("912345678"), None, fields)
    assert "912345678" not in repr(request)
    assert "556677" not in repr(request)
    talk = identified(ways=Ways(fields=(PROCESS, DEPARTMENT)))
    talk.key("33", "1", "1", "556677")
    assert "556677" not in repr(talk.state)
    assert repr(IdentifyRest("6810")) == "IdentifyRest()"
    assert "204815" not in repr(DIAL_IN) + repr(Requested(JOB, "204815"))
