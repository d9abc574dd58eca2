# SPDX-License-Identifier: EUPL-1.2
"""A technician who asks for a person when nobody is on duty: what they hear, and what they keep."""

from __future__ import annotations

import pytest

from bridge.ivr.person import (
    FindPerson,
    NobodyOnDuty,
    OperatorPromised,
    RingWhenOnDuty,
    SomebodyOnDuty,
    WillRing,
)
from bridge.ivr.script import Ask, Keys, Said, Silence
from bridge.ivr.technician.request import (
    BesideMe,
    CheckNumber,
    GivenUp,
    Identify,
    NumberFine,
    PersonReason,
    RequestInterpreter,
    ToOperator,
    Ways,
)
from bridge.ivr.technician.states import TechnicianState
from bridge.ivr.technician.wishes import Wishes
from bridge.roster.requirements import Wish
from bridge.roster.skills import Gender
from tests.unit.ivr.talk import Talk
from tests.unit.ivr.technicians import CHOSEN, DEPARTMENT, PROCESS, call, identified, requested

OFFER = ("nobody-on-duty", "operator-call-back-offer")
WAYS: list[tuple[str, ...]] = [(), ("33",), ("33", "1"), ("33", "1", "2")]
"""Keys that lead to questions between the PIN and the request."""


def zero(talk: Talk[TechnicianState], *, call_back: bool = True) -> None:
    """A person is asked for, and nobody is on duty."""
    talk.key("0")
    assert talk.question() == FindPerson()
    talk.answer(NobodyOnDuty(call_back))


@pytest.mark.parametrize("way", WAYS)
def test_zero_in_vain_offers_to_ring_and_what_is_written_down_is_promised(
    way: tuple[str, ...],
) -> None:
    talk = identified(operator_on_duty=False)
    talk.key(*way)
    zero(talk)
    step = talk.step
    assert isinstance(step, Ask)
    assert (step.prompts, step.language, step.most_keys) == (OFFER, "pt", 1)
    talk.key("1")
    assert talk.question() == RingWhenOnDuty()
    talk.answer(WillRing())
    assert talk.prompts() == ("operator-call-back-promised", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == OperatorPromised()


def test_it_is_offered_before_the_codes_are_keyed_too() -> None:
    talk = call(operator_on_duty=False)
    zero(talk)
    assert talk.prompts() == OFFER
    talk.key("2")
    assert talk.prompts() == ("ask-identity",)
    talk.key("1001246810")
    assert talk.question() == Identify("1001", "246810")


def test_it_is_offered_in_the_language_of_the_agency() -> None:
    talk = identified(operator_on_duty=False, ways=Ways("en"))
    zero(talk)
    step = talk.step
    assert isinstance(step, Ask)
    assert step.language == "en"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("heard", [Silence(), Keys("2"), Keys("0"), Keys("")])
def test_whoever_does_not_want_to_be_rung_is_asked_again_what_they_were_asked(
    way: tuple[str, ...], heard: Silence | Keys
) -> None:
    talk = identified(operator_on_duty=False)
    talk.key(*way)
    question = talk.prompts()
    zero(talk)
    talk.hear(heard)
    assert talk.prompts()[: len(question)] == question


def test_nothing_that_was_keyed_before_is_lost() -> None:
    talk = identified(operator_on_duty=False, ways=Ways(fields=(PROCESS, DEPARTMENT)))
    talk.key("*1", "#")
    zero(talk)
    talk.key("2")
    talk.key("33", "1", "1", "12345")
    zero(talk)
    talk.key("2")
    assert talk.prompts() == ("ask-department",)
    talk.key("4711")
    question = talk.question()
    assert isinstance(question, RequestInterpreter)
    assert question.chosen.wishes == Wishes(gender=Wish(Gender.FEMALE))
    assert [digits for _, digits in question.fields] == ["12345", "4711"]


def test_a_number_that_was_keyed_is_read_back_again() -> None:
    talk = identified(operator_on_duty=False)
    talk.key("33", "1", "2", "912345678")
    assert talk.question() == CheckNumber("912345678")
    talk.answer(NumberFine())
    read_back = talk.prompts()
    zero(talk)
    talk.key("2")
    assert talk.prompts() == read_back


def test_a_promise_that_cannot_be_written_is_said_to_be_none() -> None:
    talk = identified(operator_on_duty=False)
    talk.key("33", "1")
    zero(talk)
    talk.key("1")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", "ask-migrant-place")
    talk.key("1")
    assert talk.question() == requested(BesideMe())
    assert requested(BesideMe()).chosen == CHOSEN


@pytest.mark.parametrize("answer", [NobodyOnDuty(), None])
def test_who_cannot_be_rung_is_told_that_nobody_is_on_duty_and_asked_again(answer: object) -> None:
    talk = identified(operator_on_duty=False)
    talk.key("33", "1", "0")
    talk.answer(answer)
    assert talk.prompts() == ("nobody-on-duty", "ask-migrant-place")


@pytest.mark.parametrize("way", WAYS)
def test_zero_reaches_whoever_came_on_duty_since_the_call_began(way: tuple[str, ...]) -> None:
    talk = identified(operator_on_duty=False)
    talk.key(*way, "0")
    talk.answer(SomebodyOnDuty())
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.ASKED)


def test_asking_again_and_again_has_an_end() -> None:
    talk = identified(operator_on_duty=False)
    asked = 0
    while isinstance(talk.step, Ask):
        zero(talk)
        talk.key("2")
        asked += 1
    assert asked == 3
    assert talk.prompts() == ("nobody-on-duty", "ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == GivenUp(PersonReason.ASKED)
