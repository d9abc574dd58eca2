# SPDX-License-Identifier: EUPL-1.2
"""How technicians say who they are: agency code and PIN, or the PIN alone from a known number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.ivr.script import Ask, Said, Silence
from bridge.ivr.technician.request import (
    BesideMe,
    CodeFirst,
    Identify,
    IdentifyRest,
    NotIdentified,
    NotIdentifiedAtAll,
    PersonReason,
    ToOperator,
)
from bridge.ivr.technician.script import TechnicianScript
from bridge.ivr.technician.states import TechnicianState
from bridge.languages.model import load_languages
from tests.unit.ivr.talk import Talk
from tests.unit.ivr.technicians import WHO, call, requested

# --- code and PIN --------------------------------------------------------------------------------


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
