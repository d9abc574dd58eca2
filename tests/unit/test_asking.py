# SPDX-License-Identifier: EUPL-1.2
"""Answering when asked, on the manager's own events and on a telephone that only takes notes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from bridge.telephony.asterisk.frames import Frame
from lab.asking import Asking
from lab.leg import LegTooLate, PhoneLeg
from lab.onlooker import Onlooker

NURSE = "+351210000701"
OLENA = "+351910000801"


def begins(prompt: str, at: float, *, number: str = NURSE, channel: str = "1.0") -> Frame:
    return Frame(
        (
            ("Event", "AGIExecStart"),
            ("Timestamp", str(at)),
            ("CallerIDNum", number),
            ("Uniqueid", channel),
            ("Command", f'STREAM FILE "/var/prompts/{prompt}" "0123456789*#"'),
        )
    )


@pytest.fixture
def onlooker() -> Onlooker:
    return Onlooker(1, "secret")


@dataclass
class Telephone:
    """A telephone on which every key is pressed a second after the one before."""

    onlooker: Onlooker
    number: str = NURSE
    id: str = "leg"
    made_at: float = 100.0
    keyed_at: float | None = None
    ended: bool = False
    pressed: list[str] = field(default_factory=list)

    async def key(self, digits: str) -> None:
        self.pressed.append(digits)
        self.keyed_at = (self.keyed_at or 1000.0) + 1.0


def leg_of(telephone: Telephone) -> PhoneLeg:
    return cast("PhoneLeg", telephone)


def test_whose_telephone_hears_which_prompt(onlooker: Onlooker) -> None:
    onlooker.note(begins("pt/ask-language", 5.0))
    dialled = (("DestUniqueid", "9.1"), ("DialString", f"{OLENA}@carrier"))
    onlooker.note(Frame((("Event", "DialBegin"), *dialled)))
    onlooker.note(begins("zh-Hans/offer", 6.0, number="+351218106191", channel="9.1"))
    for command in ("WAIT FOR DIGIT 250", 'SET MUSIC "ON"', 'STREAM FILE "/tone" ""'):
        other = (("Event", "AGIExecStart"), ("Uniqueid", "9.1"), ("Command", command))
        onlooker.note(Frame(other))
    assert onlooker.begun_since(NURSE, 0.0) == ["pt/ask-language"]
    assert onlooker.begun_since(OLENA, 0.0) == ["zh-Hans/offer"]
    assert onlooker.begun_since(NURSE, 5.0) == []
    onlooker.note(begins("pt/ask-identity", 7.0, number="withheld", channel="9.2"))
    onlooker.belongs("9.2", NURSE)
    assert onlooker.begun_since(NURSE, 5.0) == ["pt/ask-identity"]


async def test_keys_wait_for_the_question(onlooker: Onlooker) -> None:
    asking, nurse = Asking(onlooker), Telephone(onlooker)
    onlooker.note(begins("pt/ask-language", 99.0))  # in an earlier call
    answer = asyncio.create_task(asking.answer(leg_of(nurse), ("pt/ask-language",), "33"))
    await asyncio.sleep(0.1)
    assert nurse.pressed == []
    onlooker.note(begins("pt/ask-language", 101.0))
    await answer
    assert nurse.pressed == ["33"]


async def test_who_is_asked_again_answers_again_while_waiting_for_what_follows(
    onlooker: Onlooker,
) -> None:
    asking, nurse = Asking(onlooker), Telephone(onlooker)
    onlooker.note(begins("pt/ask-language", 101.0))
    await asking.answer(leg_of(nurse), ("pt/ask-language",), "33")
    waits = asyncio.create_task(asking.answer(leg_of(nurse), ("pt/confirm-language",), "1"))
    onlooker.note(begins("pt/ask-language", 1002.0))
    async with asyncio.timeout(10):
        while len(nurse.pressed) < 2:  # noqa: ASYNC110 -- a telephone that only takes notes
            await asyncio.sleep(0.01)
    onlooker.note(begins("pt/confirm-language", 1004.0))
    await waits
    assert nurse.pressed == ["33", "33", "1"]


async def test_a_new_answer_to_the_same_question_replaces_the_former(onlooker: Onlooker) -> None:
    asking, nurse = Asking(onlooker), Telephone(onlooker)
    onlooker.note(begins("pt/ask-process-number", 101.0))
    await asking.answer(leg_of(nurse), ("pt/ask-process-number",), "47#")
    onlooker.note(begins("pt/ask-process-number", 1002.0))
    await asking.answer(leg_of(nurse), ("pt/ask-process-number",), "4711#")
    assert nurse.pressed == ["47#", "4711#"]


async def test_a_call_that_ends_unasked_is_told_of(onlooker: Onlooker) -> None:
    nurse = Telephone(onlooker, ended=True)
    with pytest.raises(LegTooLate, match="pt/ask-language was not begun"):
        await Asking(onlooker).answer(leg_of(nurse), ("pt/ask-language",), "33")
