# SPDX-License-Identifier: EUPL-1.2
"""A technician whose request finds nobody free: what they are offered, and the talk up to there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bridge.ivr.script import Notice, Said, Wait
from bridge.ivr.technician.request import (
    NobodyAvailable,
)
from bridge.ivr.technician.script import TechnicianScript
from bridge.ivr.technician.states import TechnicianState
from bridge.languages.model import load_languages
from bridge.vocabulary import JobNumber
from tests.unit.ivr.talk import Talk

JOB = JobNumber.of_serial(41)
FIRST = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
SECOND = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
THIRD = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FOURTH = THIRD + timedelta(days=1)
OFFER = NobodyAvailable(
    3, 7, call_back=True, slots=(FIRST, SECOND, THIRD, FOURTH), today=date(2026, 11, 20)
)
STANDING = ("queue-place-is", "number-3", "queue-time-about", "minutes-7")
LOWER = replace(OFFER, step_down=True)
MUSIC = Wait(20.0, at_once=False)
"""What is heard in the queue: news do not end it."""
OTHER_KEYS = ("call-back-key", "slots-key", "person-key")
TIMES = (
    *("slot-for", "today", "weekday-5", "at-14", "past-30", "slot-press-1"),
    *("slot-for", "tomorrow", "weekday-6", "at-10", "past-15", "slot-press-2"),
    *("slot-for", "weekday-1", "day-23", "month-11", "oclock-9", "slot-press-3"),
    *("slots-again-key", "person-key"),
)


def told(
    offer: NobodyAvailable = OFFER, *, operator_on_duty: bool = True, most_queue_slices: int = 90
) -> Talk[TechnicianState]:
    """A technician who has just heard that nobody is free."""
    script = TechnicianScript(
        load_languages(),
        operator_on_duty=operator_on_duty,
        resuming=JOB,
        most_queue_slices=most_queue_slices,
    )
    talk = Talk(script)
    talk.hear(Said(), Notice(offer))
    return talk


def queueing() -> Talk[TechnicianState]:
    """One who has chosen to stay, and hears music."""
    talk = told()
    talk.key("1")
    talk.hear(Said())
    assert talk.step == MUSIC
    return talk
