# SPDX-License-Identifier: EUPL-1.2
"""What a technician hears and keys up to the request: the whole way, the language, a person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.agencies.model import AgencyField, FieldName
from bridge.ivr.person import FindPerson, NobodyOnDuty
from bridge.ivr.script import Ask, Notice, Said, Say, Silence, Wait
from bridge.ivr.technician.language_choice_states import How, LanguageChosen
from bridge.ivr.technician.request import (
    BesideMe,
    CheckNumber,
    Failed,
    GivenUp,
    Identify,
    IdentifyRest,
    NobodyAvailable,
    PersonReason,
    Requested,
    RequestInterpreter,
    Ring,
    ToOperator,
    Ways,
)
from bridge.ivr.technician.states import TechnicianState
from bridge.ivr.technician.wishes import Wishes
from bridge.roster.requirements import Wish
from bridge.roster.skills import Gender
from tests.unit.ivr.talk import LAST_KEY_AT, Talk
from tests.unit.ivr.technicians import (
    CHOSEN,
    DEPARTMENT,
    DIAL_IN,
    JOB,
    PROCESS,
    UKRAINIAN,
    WHO,
    call,
    identified,
    requested,
)


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


# --- an agency's own ways ------------------------------------------------------------------------


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


# --- anywhere ------------------------------------------------------------------------------------


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
    assert talk.question() == FindPerson()
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("nobody-on-duty", "ask-identity")
    for _ in range(2):
        talk.key("0")
        talk.answer(NobodyOnDuty())
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
