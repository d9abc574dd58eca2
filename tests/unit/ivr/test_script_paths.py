# SPDX-License-Identifier: EUPL-1.2
"""Every path through every script is walked, whatever is heard.

From each reachable state the script is given every key, silence, a hang-up, over-long input, all
answers and notices that exist, and things that should not be heard there at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from bridge.ivr.callback import Joining
from bridge.ivr.migrant import Confirmed
from bridge.ivr.offer import Accepted
from bridge.ivr.outcomes import GoesOn, Gone
from bridge.ivr.reminder import Thanking
from bridge.ivr.script import (
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Said,
    Say,
    Silence,
    Step,
    Wait,
    prompt_of,
)
from bridge.ivr.technician.language_choice_states import LanguageChosen
from bridge.ivr.technician.script import TechnicianScript
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import load_catalogue
from bridge.vocabulary import JobNumber
from tests.unit.ivr.every_script import CODE, HEARD, NUMBER, PIN, SCRIPTS

Place = tuple[Any, Step]


@cache
def places(name: str) -> dict[Place, tuple[Place, ...]]:
    """All reachable places (state and step) of a script, with where each of `HEARD` leads from it.

    A place is one object wherever it is met: the ways to it, a hundred times as many, would fill
    gigabytes if each had its own.
    """
    script = SCRIPTS[name]
    first: Place = script.start()
    known: dict[Place, Place] = {first: first}
    found: dict[Place, tuple[Place, ...]] = {}
    ahead = [first]
    while ahead:
        place = ahead.pop()
        ways = []
        for heard in HEARD:
            after: Place = script.hear(place[0], heard)
            if after not in known:
                known[after] = after
                ahead.append(after)
            ways.append(known[after])
        found[place] = tuple(ways)
    return found


def ways_from(name: str) -> Iterator[tuple[Place, Heard, Place]]:
    """Every way of a script: from where, what is heard, and where that leads."""
    for place, ways in places(name).items():
        for heard, after in zip(HEARD, ways, strict=True):
            yield place, heard, after


LARGE = (
    *("technician", "presence", "language", "arrival", "door", "support line", "closed"),
    *("room", "hold"),
)
"""Scripts with thousands of places begin with these words; walking them is for the thorough run."""
every_script = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.thorough if name.startswith(LARGE) else ())
        for name in SCRIPTS
    ],
)


@every_script
def test_everything_heard_anywhere_leads_to_a_step(name: str) -> None:
    assert len(places(name)) >= 2
    for _, _, (_, step) in ways_from(name):
        assert isinstance(step, Say | Ask | Wait | Consult | Finish)


@every_script
def test_no_path_is_endless(name: str) -> None:
    """No place is ever met again on the way, so the longest path has a length; it is short."""
    found = places(name)
    longest: dict[Place, int] = {}
    on_the_way: set[Place] = set()

    def length(place: Place) -> int:
        if isinstance(place[1], Finish):
            return 0
        assert place not in on_the_way, f"a loop through {place}"
        if place not in longest:
            on_the_way.add(place)
            longest[place] = 1 + max(map(length, found[place]))
            on_the_way.remove(place)
        return longest[place]

    assert length(SCRIPTS[name].start()) <= 150


@every_script
def test_a_hang_up_ends_it_at_once_from_anywhere(name: str) -> None:
    for (state, step), ways in places(name).items():
        after = ways[HEARD.index(HungUp())][1]
        assert isinstance(after, Finish)
        if isinstance(state, Thanking):
            # They have said what they had to say, and need not hear the thanks.
            assert after.outcome == state.outcome
        elif not isinstance(step, Finish):
            assert after.outcome == Gone()


@every_script
def test_what_is_over_stays_over_with_the_same_outcome(name: str) -> None:
    for (_, step), ways in places(name).items():
        if isinstance(step, Finish):
            assert {after for _, after in ways} == {step}


@every_script
def test_every_prompt_a_script_says_is_in_the_catalogue(name: str) -> None:
    catalogue = load_catalogue()
    said = {
        prompt_of(prompt, step.language)
        for _, step in places(name)
        if isinstance(step, Say | Ask)
        for prompt in step.prompts
    }
    assert said
    assert {one for one in said if one not in catalogue} == set()


@pytest.mark.thorough
def test_every_written_prompt_is_said_somewhere() -> None:
    """What no script says, the switch says while the bridge is down, or whoever leads from one
    script to the next.
    """
    said = {
        prompt_of(prompt, step.language)[0]
        for name in SCRIPTS
        for _, step in places(name)
        if isinstance(step, Say | Ask)
        for prompt in step.prompts
    }
    numbered = re.compile(
        r"(digit|number|oclock|at|past|minutes|hours|day|weekday|month|tens-of-percent|line-(day|hour|minutes))-[0-9]+"
    )
    derived = ("language-", "agency-", "address-")
    written = {
        key
        for key in load_catalogue().keys
        if not (key.startswith(derived) or numbered.fullmatch(key)) or key == "language-unknown"
    }
    parts_of_the_day = {"tomorrow", "in-the-afternoon", "in-the-evening", "at-night"}
    beside = {"offer-migrant-beside", "offer-migrant-rung"}
    assert beside <= said
    assert written - said - parts_of_the_day == {
        *("apology", "apology-end", "apology-leg"),
        *("line-too-many-calls", "line-person-silent"),
    }


@every_script
def test_nobody_is_let_go_without_being_told(name: str) -> None:
    """Before every `Finish` that is no hang-up something was said, and it ended or was cut.

    But whoever enters the room hears the room, and who goes on hears the next script; and an
    interpreter's refusal of an offer, or silence, ends without words on purpose: somebody is
    waiting.
    """
    for (_, step), heard, (_, after) in ways_from(name):
        if not isinstance(after, Finish) or isinstance(step, Finish | Say):
            continue
        if isinstance(after.outcome, Accepted | Confirmed | Joining | LanguageChosen | GoesOn):
            continue
        assert isinstance(heard, HungUp) or name.startswith("offer")


def _texts(things: Iterable[object]) -> str:
    return "\n".join(repr(thing) for thing in things)


@every_script
def test_nothing_keyed_shows_in_any_repr(name: str) -> None:
    """No PIN in a state, a question or a step; no number in a state or a question.

    A number's read-back is spoken digit by digit, so its step has to name the digits; that is why
    adapters never log the prompts of a turn.
    """
    found = places(name)
    states = _texts(state for state, _ in found)
    questions = _texts(step for _, step in found if isinstance(step, Consult))
    shown = states + questions + _texts(HEARD)
    for secret in (CODE + PIN, CODE, PIN, NUMBER):
        assert secret not in shown
    assert PIN not in _texts(step for _, step in found)
    assert "33" not in _texts(HEARD)


@every_script
def test_a_script_s_answer_depends_on_nothing_but_its_arguments(name: str) -> None:
    script = SCRIPTS[name]
    for (state, _), heard, after in ways_from(name):
        assert script.hear(state, heard) == after


def test_waiting_as_long_as_configured_is_bounded_too() -> None:
    script = TechnicianScript.resume(JobNumber.of_serial(7), load_languages())
    state, step = script.start()
    waits = 0
    while not isinstance(step, Finish) and waits < 1000:
        waits += isinstance(step, Wait)
        state, step = script.hear(state, Silence() if isinstance(step, Wait) else Said())
    assert waits == script.most_slices
