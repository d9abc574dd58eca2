# SPDX-License-Identifier: EUPL-1.2
"""Scripts on a leg: turns, consultations, notices, hang-ups and legs that are taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bridge.agencies.model import AgencyKind
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.offer import Accepted, AcceptOffer, Granted, OfferScript
from bridge.ivr.outcomes import Done, Gone
from bridge.ivr.runner import ScriptRun, run
from bridge.ivr.script import (
    Ask,
    Finish,
    Heard,
    HungUp,
    Keys,
    Notice,
    Said,
    Say,
    Silence,
    Step,
    Taken,
    Turn,
    Wait,
)
from bridge.ivr.technician.request import NobodyAvailable, PersonReason, ToOperator, Unserved
from bridge.ivr.technician.script import TechnicianScript
from bridge.languages.model import load_languages
from bridge.telephony.switch import Conversation
from bridge.vocabulary import JobNumber, LanguageTag, LegId, RoomId

RESUMED = TechnicianScript.resume(JobNumber.of_serial(1), load_languages())


@dataclass
class Person:
    """A leg whose person does what a list says; while it waits, only an interruption ends it."""

    does: list[Heard | Taken | Callable[[], Heard | Taken]]
    turns: list[Turn] = field(default_factory=list)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    leg: LegId = field(default=LegId("technician-1"))
    name: str = "line"
    caller: str = ""
    dialled: str = ""

    async def perform(self, turn: Turn) -> Heard | Taken:
        self.turns.append(turn)
        assert len(self.turns) < 1000, "the script has no end"
        if self.does:
            does = self.does.pop(0)
            return does() if callable(does) else does
        if not isinstance(turn, Wait):
            return Said() if isinstance(turn, Say) else Silence()
        self.waits.set()
        async with asyncio.timeout(30):
            await self.stirred.wait()
        self.stirred.clear()
        return Silence()

    def interrupt(self) -> None:
        self.stirred.set()


async def nobody(question: object) -> object:
    raise AssertionError(f"not to be consulted: {question}")


def said(person: Person) -> list[str]:
    return [
        prompt for turn in person.turns if isinstance(turn, Say | Ask) for prompt in turn.prompts
    ]


def test_a_person_is_a_conversation() -> None:
    person: Conversation = Person([])
    assert person.name == "line"


async def test_the_outcome_of_the_script_is_returned() -> None:
    assert await run(GoodbyeScript(("pt",)), Person([Said()])) == Done()
    assert await run(GoodbyeScript(("pt",)), Person([HungUp()])) == Gone()


async def test_the_application_is_consulted_and_its_answer_heard() -> None:
    asked: list[object] = []

    async def consult(question: object) -> object:
        asked.append(question)
        return Granted(RoomId("room-1"))

    script = OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=False)
    person = Person([Silence(), Keys("1")])
    assert await run(script, person, consult) == Accepted(RoomId("room-1"))
    assert asked == [AcceptOffer(None)]
    assert len(person.turns) == 2


async def test_a_script_that_consults_needs_somebody_to_consult() -> None:
    script = OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=False)
    with pytest.raises(TypeError, match="nobody answers AcceptOffer"):
        await run(script, Person([Keys("1")]))


async def test_an_error_of_the_application_reaches_the_carrier_s_floor() -> None:
    async def consult(question: object) -> object:
        raise ConnectionError

    script = OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=False)
    with pytest.raises(ConnectionError):
        await run(script, Person([Keys("1")]), consult)


async def test_a_leg_that_is_taken_away_ends_the_run_without_a_word_to_the_script() -> None:
    person = Person([Said(), Taken()])
    assert await run(RESUMED, person) == Taken()
    assert isinstance(person.turns[-1], Wait)


async def test_a_notice_ends_the_music_at_once() -> None:
    person = Person([])
    ongoing = ScriptRun(RESUMED, person, nobody)
    task = asyncio.create_task(ongoing.run())
    await person.waits.wait()
    ongoing.notify(NobodyAvailable())
    assert await task == Unserved()
    told = said(person)
    assert told.count("still-ringing") == 1, "only at the start: the notice came first"
    assert told.index("still-ringing") < told.index("nobody-available")


async def test_a_notice_that_comes_while_something_is_said_waits_for_the_next_music() -> None:
    person = Person([])
    ongoing = ScriptRun(RESUMED, person, nobody)

    def speak() -> Heard:
        ongoing.notify(NobodyAvailable())
        return Said()

    person.does.append(speak)
    assert await ongoing.run() == Unserved()
    assert not any(isinstance(turn, Wait) for turn in person.turns)
    assert not person.stirred.is_set(), "nothing was to be interrupted"


class Waits:
    """Plays music twice, which news end or do not, and ends with what it was told meanwhile."""

    def __init__(self, *, at_once: bool) -> None:
        self._music = Wait(20.0, at_once=at_once)

    def start(self) -> tuple[tuple[object, ...], Step]:
        return (), self._music

    def hear(self, state: tuple[object, ...], heard: Heard) -> tuple[tuple[object, ...], Step]:
        state = (*state, heard)
        return state, self._music if len(state) < 2 else Finish(state)


async def test_what_was_not_told_yet_gives_way_to_what_is_newer() -> None:
    person = Person([])
    ongoing = ScriptRun(Waits(at_once=True), person, nobody)
    for place in (1, 2, 3):
        ongoing.notify(NobodyAvailable(place))
    person.does.append(Silence)
    assert await ongoing.run() == (Notice(NobodyAvailable(3)), Silence())
    assert len(person.turns) == 1, "the first music was not begun"


async def test_news_that_can_wait_are_told_when_the_music_is_over() -> None:
    person = Person([])
    ongoing = ScriptRun(Waits(at_once=False), person, nobody)
    ongoing.notify(NobodyAvailable(1))

    def listens() -> Heard:
        assert not person.stirred.is_set(), "the music goes on"
        ongoing.notify(NobodyAvailable(2))
        assert not person.stirred.is_set()
        return Silence()

    person.does.extend([listens, Silence])
    assert await ongoing.run() == (Notice(NobodyAvailable(2)), Silence())
    assert len(person.turns) == 2


async def test_a_key_pressed_as_a_notice_arrives_loses_neither() -> None:
    person = Person([])
    ongoing = ScriptRun(RESUMED, person, nobody)

    def key() -> Heard:
        ongoing.notify(NobodyAvailable())
        return Keys("5")

    person.does.extend([Said(), key])
    assert await ongoing.run() == Unserved()
    told = said(person)
    assert told.index("job-number-is") < told.index("nobody-available")


async def test_zero_beats_a_notice_that_arrives_with_it() -> None:
    person = Person([])
    ongoing = ScriptRun(RESUMED, person, nobody)

    def key() -> Heard:
        ongoing.notify(NobodyAvailable())
        return Keys("0")

    person.does.extend([Said(), key])
    assert await ongoing.run() == ToOperator(PersonReason.ASKED)


async def test_a_hang_up_wins_over_a_notice() -> None:
    person = Person([])
    ongoing = ScriptRun(RESUMED, person, nobody)

    def vanish() -> Heard:
        ongoing.notify(NobodyAvailable())
        return HungUp()

    person.does.extend([Said(), vanish])
    assert await ongoing.run() == Gone()


async def test_a_notice_after_the_end_does_nothing() -> None:
    person = Person([Said(), HungUp()])
    ongoing = ScriptRun(RESUMED, person, nobody)
    assert await ongoing.run() == Gone()
    ongoing.notify(NobodyAvailable())
    assert not person.stirred.is_set()


async def test_a_script_that_goes_on_after_a_hang_up_is_stopped() -> None:
    class Deaf:
        def start(self) -> tuple[int, Step]:
            return 0, Wait(1.0)

        def hear(self, state: int, heard: Heard) -> tuple[int, Step]:
            return state + 1, Wait(1.0)

    with pytest.raises(RuntimeError, match="Deaf goes on after a hang-up"):
        await run(Deaf(), Person([HungUp()]))
