# SPDX-License-Identifier: EUPL-1.2
"""What a technician hears and may key while interpreters ring, and when none comes."""

from __future__ import annotations

from bridge.ivr.person import NobodyOnDuty
from bridge.ivr.script import Keys, Notice, Said, Say, Silence, Wait
from bridge.ivr.technician.request import (
    GivenUp,
    NobodyAvailable,
    PersonReason,
    ToOperator,
    Unserved,
)
from bridge.ivr.technician.script import BEGINS, TechnicianScript
from bridge.languages.model import load_languages
from tests.unit.ivr.talk import Talk
from tests.unit.ivr.technicians import JOB, waiting


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
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("nobody-on-duty", "still-ringing")
    assert talk.hear(Said()) == Wait(20.0)


def test_zero_in_vain_while_waiting_is_asked_for_so_often_only() -> None:
    talk = waiting(operator_on_duty=False)
    asked = 0
    while isinstance(talk.step, Wait):
        talk.key("0")
        talk.answer(NobodyOnDuty())
        asked += 1
        last = talk.prompts()
        talk.hear(Said())
    assert asked == 20
    assert last == ("nobody-on-duty", "ring-later", "goodbye")
    assert talk.outcome() == GivenUp(PersonReason.NOT_UNDERSTOOD)


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


def test_who_was_rung_and_begins_to_wait_is_told_that_we_ring() -> None:
    talk = Talk(TechnicianScript.resume(JOB, load_languages(), lead=BEGINS))
    assert talk.prompts() == ("ringing-interpreters", "person-key")
    assert talk.hear(Said()) == Wait(20.0)


def test_who_comes_to_the_queue_is_told_at_once_that_nobody_is_free() -> None:
    talk = Talk(TechnicianScript.resume(JOB, load_languages(), lead=()))
    assert talk.step == Wait(20.0)
    talk.hear(Notice(NobodyAvailable(place=1)))
    assert talk.prompts()[0] == "nobody-available"


def test_after_a_restart_of_ours_the_technician_is_told_and_goes_on_waiting() -> None:
    talk = Talk(TechnicianScript.resume(JOB, load_languages()))
    assert isinstance(talk.step, Say)
    assert talk.prompts() == ("resumed", "still-ringing", "person-key")
    assert talk.hear(Said()) == Wait(20.0)
    talk.hear(Notice(NobodyAvailable()))
    assert talk.prompts() == ("nobody-available", "person-key", "or-ring-later")
