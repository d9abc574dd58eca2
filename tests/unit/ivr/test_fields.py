# SPDX-License-Identifier: EUPL-1.2
"""What an agency wants keyed, where one digit is enough: a zero is an entry, or for a person."""

from __future__ import annotations

import pytest

from bridge.agencies.model import AgencyField, AgencyKind, FieldName
from bridge.ivr.person import NobodyOnDuty
from bridge.ivr.script import Ask, Keys, Silence
from bridge.ivr.technician.request import Identified, RequestInterpreter, Ways
from bridge.ivr.technician.script import TechnicianScript
from bridge.ivr.technician.states import TechnicianState
from bridge.languages.model import load_languages
from bridge.vocabulary import AgencyId, TechnicianId
from tests.unit.ivr.every_script import CODE, PIN
from tests.unit.ivr.talk import LAST_KEY_AT, Talk


def asked(least: int, most: int, *, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    """A technician who is asked for the number of the department."""
    fields = (AgencyField(FieldName.DEPARTMENT, least, most),)
    talk = Talk(TechnicianScript(load_languages(), operator_on_duty=operator_on_duty))
    talk.key(CODE + PIN)
    talk.answer(Identified(TechnicianId(1), AgencyId(1), AgencyKind.HEALTH, Ways(fields=fields)))
    talk.key("33", "1", "1")
    assert talk.prompts() == ("ask-department",)
    return talk


def entered(talk: Talk[TechnicianState]) -> str:
    """What goes with the request."""
    question = talk.question()
    assert isinstance(question, RequestInterpreter)
    ((name, digits),) = question.fields
    assert name is FieldName.DEPARTMENT
    return digits


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_zero_and_the_hash_key_is_the_entry_0_where_one_digit_is_enough(most: int) -> None:
    talk = asked(1, most)
    talk.hear(Keys("0", LAST_KEY_AT, finished=True))
    assert entered(talk) == "0"


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_zero_alone_reaches_a_person_all_the_same(most: int) -> None:
    talk = asked(1, most)
    talk.key("0")
    assert talk.prompts() == ("putting-through",)
    nobody = asked(1, most, operator_on_duty=False)
    nobody.key("0")
    nobody.answer(NobodyOnDuty())
    assert nobody.prompts() == ("nobody-on-duty", "ask-department")


def test_where_one_digit_is_too_few_the_hash_key_after_a_zero_changes_nothing() -> None:
    talk = asked(2, 3)
    talk.hear(Keys("0", LAST_KEY_AT, finished=True))
    assert talk.prompts() == ("putting-through",)


@pytest.mark.parametrize("before", [(), ("2",)])
def test_at_other_questions_a_zero_with_the_hash_key_is_a_person_as_ever(
    before: tuple[str, ...],
) -> None:
    talk = Talk(TechnicianScript(load_languages()))
    talk.key(CODE + PIN)
    talk.answer(Identified(TechnicianId(1), AgencyId(1), AgencyKind.HEALTH))
    talk.key("33", "1", *before)
    talk.hear(Keys("0", LAST_KEY_AT, finished=True))
    assert talk.prompts() == ("putting-through",)


def test_the_only_digit_waits_a_moment_for_the_hash_key_and_no_longer() -> None:
    step = asked(1, 1).step
    assert isinstance(step, Ask)
    assert (step.most_keys, step.finish_key, step.next_key_seconds) == (2, "#", 1.5)
    talk = asked(1, 1)
    talk.key("7")
    assert entered(talk) == "7"
    talk = asked(1, 1)
    talk.key("07")
    assert talk.prompts() == ("field-length-is", "number-1", "ask-department")
    talk.hear(Silence())
    assert talk.prompts() == ("nothing-keyed", "ask-department")
