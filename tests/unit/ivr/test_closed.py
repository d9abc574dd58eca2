# SPDX-License-Identifier: EUPL-1.2
"""What the line says out of hours, and what its keys do then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bridge.ivr.closed import CallBackNoted, ClosedScript, ClosedTold, PromiseCallBack
from bridge.ivr.outcomes import Gone
from bridge.ivr.person import FindPerson, NobodyOnDuty, SomebodyOnDuty, WantsPerson
from bridge.ivr.script import Ask, HungUp, Said, Silence
from bridge.ivr.technician.request import Failed
from tests.unit.ivr.talk import Talk

FRIDAY = date(2026, 11, 20)
MONDAY_8_30 = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
CLOSED = ClosedScript(("uk",), MONDAY_8_30, FRIDAY, call_back=True)


def test_closed_line_says_when_it_opens_and_promises_a_call_back() -> None:
    talk = Talk(CLOSED)
    assert talk.prompts() == (
        *("line-closed", "line-opens", "line-day-1", "line-hour-8", "line-minutes-30"),
        "line-call-back-offer",
    )
    talk.key("1")
    assert talk.question() == PromiseCallBack()
    talk.answer(CallBackNoted())
    assert talk.prompts() == ("line-call-back-promised", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == ClosedTold(promised=True)


def test_a_promise_that_could_not_be_written_is_not_made() -> None:
    talk = Talk(CLOSED)
    talk.key("1")
    talk.answer(Failed())
    assert "line-call-back-promised" not in talk.prompts()
    talk.hear(Said())
    assert talk.outcome() == ClosedTold()


def test_without_a_number_no_call_back_is_offered_nor_given() -> None:
    talk = Talk(replace(CLOSED, call_back=False))
    assert "line-call-back-offer" not in talk.prompts()
    talk.key("1")
    assert talk.prompts() == ("goodbye",)


def test_zero_reaches_an_operator_who_is_on_duty_all_the_same() -> None:
    talk = Talk(replace(CLOSED, operator_on_duty=True))
    assert talk.prompts()[-1] == "line-person"
    talk.key("0")
    assert talk.prompts() == ("line-putting-through",)
    talk.hear(Said())
    assert talk.outcome() == WantsPerson(asked=True)


def test_silence_is_told_three_times_in_turn_and_then_goodbye() -> None:
    talk = Talk(replace(CLOSED, languages=("en", "pt")))
    spoken = []
    while isinstance(talk.step, Ask):
        spoken.append(talk.step.language)
        talk.hear(Silence())
    assert spoken == ["en", "pt", "en"]
    assert talk.prompts() == ("goodbye",)


# --- 0, with nobody on duty ----------------------------------------------------------------------


def test_zero_is_looked_up_though_nobody_was_on_duty_when_the_call_began() -> None:
    talk = Talk(CLOSED)
    talk.key("0")
    assert talk.question() == FindPerson()
    talk.answer(SomebodyOnDuty())
    assert talk.prompts() == ("line-putting-through",)
    talk.hear(Said())
    assert talk.outcome() == WantsPerson(asked=True)


@pytest.mark.parametrize("answer", [NobodyOnDuty(), NobodyOnDuty(call_back=True), Failed()])
def test_who_asks_in_vain_hears_so_and_all_of_it_again_as_often_as_anybody(answer: object) -> None:
    talk = Talk(CLOSED)
    for _ in range(CLOSED.plays - 1):
        talk.key("0")
        talk.answer(answer)
        assert talk.prompts()[:2] == ("line-nobody-on-duty", "line-closed")
        assert talk.prompts()[-1] == "line-call-back-offer"
    talk.key("0")
    talk.answer(answer)
    assert talk.prompts() == ("line-nobody-on-duty", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == ClosedTold()


def test_who_asks_in_vain_may_still_be_rung_at_the_opening() -> None:
    talk = Talk(CLOSED)
    talk.key("0")
    talk.answer(NobodyOnDuty(call_back=True))
    talk.key("1")
    assert talk.question() == PromiseCallBack()


def test_where_nothing_is_offered_zero_is_looked_up_too() -> None:
    talk = Talk(ClosedScript(("en",), None, FRIDAY))
    talk.key("0")
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("line-nobody-on-duty", "goodbye")


def test_who_hangs_up_meanwhile_is_gone() -> None:
    talk = Talk(CLOSED)
    talk.key("0")
    talk.hear(HungUp())
    assert talk.outcome() == Gone()
