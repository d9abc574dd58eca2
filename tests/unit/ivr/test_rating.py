# SPDX-License-Identifier: EUPL-1.2
"""One key after the room says how it was, a second one says more."""

from __future__ import annotations

import pytest

from bridge.ivr.outcomes import Done, Gone
from bridge.ivr.rating import Noted, Rate, RatingScript, RatingState
from bridge.ivr.script import ALL_KEYS, HungUp, Said, Silence
from bridge.ratings.model import Flag, Rating
from tests.unit.ivr.talk import Talk


def over() -> Talk[RatingState]:
    return Talk(RatingScript("pt"))


@pytest.mark.parametrize("key", "12345")
def test_a_key_rates_and_another_flags(key: str) -> None:
    talk = over()
    assert talk.prompts() == ("conversation-over", "rating-ask")
    talk.key(key)
    assert talk.question() == Rate(Rating(int(key)))
    talk.answer(Noted())
    assert talk.prompts() == ("rating-flag",)
    talk.key("1")
    assert talk.question() == Rate(Rating(int(key)), Flag.HARD_CALL)
    talk.answer(Noted())
    assert talk.prompts() == ("rating-noted", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == Done()


def test_two_is_a_technical_problem() -> None:
    talk = over()
    talk.key("4")
    talk.answer(Noted())
    talk.key("2")
    assert talk.question() == Rate(Rating.GOOD, Flag.TECHNICAL_PROBLEM)


@pytest.mark.parametrize("key", sorted(set(ALL_KEYS) - set("12345")))
def test_another_key_rates_nothing(key: str) -> None:
    talk = over()
    talk.key(key)
    assert talk.prompts() == ("goodbye",)


def test_silence_is_not_asked_again() -> None:
    talk = over()
    talk.hear(Silence())
    assert talk.prompts() == ("goodbye",)
    talk.hear(Said())
    assert talk.outcome() == Done()


def test_a_rating_without_a_flag_stays() -> None:
    talk = over()
    talk.key("5")
    talk.answer(Noted())
    talk.hear(Silence())
    assert talk.prompts() == ("goodbye",)


def test_who_hangs_up_misses_nothing() -> None:
    talk = over()
    talk.hear(HungUp())
    assert talk.outcome() == Gone()


def test_what_could_not_be_written_is_not_pretended() -> None:
    talk = over()
    talk.key("5")
    talk.answer(None)
    assert talk.prompts() == ("goodbye",)
