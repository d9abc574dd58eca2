# SPDX-License-Identifier: EUPL-1.2
"""A technician who requires a level accepts a lower one, or does not."""

from __future__ import annotations

import pytest

from bridge.ivr.script import Notice, Said, Silence
from bridge.ivr.technician.request import (
    Failed,
    NoLongerWaiting,
    QueuePlace,
    QueueStanding,
    StepDown,
    SteppedDown,
)
from tests.unit.ivr.nobody_free import (
    LOWER,
    MUSIC,
    OTHER_KEYS,
    STANDING,
    queueing,
    told,
)


def test_who_requires_a_level_hears_that_it_is_the_level_that_nobody_has() -> None:
    keys = ("stay-key", "call-back-key", "slots-key", "step-down-key", "person-key")
    assert told(LOWER).prompts() == ("nobody-of-level", *STANDING, *keys)


@pytest.mark.parametrize("waiting", [True, False])
def test_four_accepts_a_lower_level_and_the_place_is_kept(waiting: bool) -> None:
    talk = told(LOWER)
    if waiting:
        talk.key("1")
        assert "step-down-key" in talk.prompts()
        talk.hear(Said())
    talk.key("4")
    assert talk.question() == StepDown()
    talk.answer(SteppedDown())
    assert talk.prompts() == ("step-down-agreed",)
    assert talk.hear(Said()) == MUSIC
    talk.hear(Silence())
    talk.answer(QueueStanding(3, 7))
    assert talk.prompts()[: len(STANDING)] == STANDING


def test_what_was_agreed_is_not_asked_again() -> None:
    talk = told(LOWER)
    talk.key("4")
    talk.answer(SteppedDown())
    talk.key("4")
    assert talk.question() == QueuePlace()


def test_a_consent_that_comes_too_late_is_answered_honestly() -> None:
    talk = told(LOWER)
    talk.key("4")
    talk.answer(NoLongerWaiting())
    assert talk.prompts() == ("no-longer-waiting",)
    assert talk.hear(Said()) == MUSIC


@pytest.mark.parametrize("answer", [Failed(), None])
def test_a_consent_that_cannot_be_written_down_is_never_confirmed(answer: object) -> None:
    talk = told(LOWER)
    talk.key("4")
    talk.answer(answer)
    assert talk.prompts() == ("our-fault", "stay-key", *OTHER_KEYS)


def test_a_lower_level_that_becomes_free_is_offered_with_the_next_word() -> None:
    talk = queueing()
    talk.hear(Silence())
    talk.answer(QueueStanding(3, 7, step_down=True))
    assert talk.prompts() == (*STANDING, "step-down-key")
    talk.hear(Said(), Silence())
    talk.answer(QueueStanding(3, 7, step_down=True))
    assert talk.prompts() == STANDING, "it is no news any more"
    talk.key("4")
    assert talk.question() == StepDown()


def test_a_lower_level_that_is_taken_meanwhile_is_offered_no_more() -> None:
    talk = told(LOWER)
    talk.key("1")
    talk.hear(Said(), Silence())
    talk.answer(QueueStanding(3, 7))
    talk.key("4")
    assert talk.question() == QueuePlace()


def test_a_lower_level_that_comes_with_news_is_offered_like_any() -> None:
    talk = queueing()
    talk.hear(Notice(LOWER))
    talk.answer(QueueStanding(3, 7, step_down=True))
    assert talk.prompts() == (*STANDING, "step-down-key")
