# SPDX-License-Identifier: EUPL-1.2
"""Every path through every script is walked, whatever is heard.

From each reachable state the script is given every key, silence, a hang-up, over-long input, all
answers and notices that exist, and things that should not be heard there at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bridge.agencies.model import AgencyKind
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.languages import load_languages
from bridge.ivr.migrant import MigrantScript
from bridge.ivr.offer import Granted, OfferScript, TooLate
from bridge.ivr.outcomes import Gone
from bridge.ivr.prompts import load_catalogue
from bridge.ivr.request import (
    Failed,
    Identified,
    NobodyAvailable,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    Requested,
)
from bridge.ivr.script import (
    ALL_KEYS,
    Answer,
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Keys,
    Notice,
    Said,
    Say,
    Script,
    Silence,
    Step,
    Wait,
)
from bridge.ivr.technician import TechnicianScript
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, RoomId, TechnicianId

CODE, PIN = "4711", "735281"
NUMBER = "912345678"
LANGUAGES = load_languages()

ANSWERS: tuple[object, ...] = (
    Identified(TechnicianId(1), AgencyId(1), AgencyKind.HEALTH),
    NotIdentified(),
    NumberFine(),
    *(NumberRefused(fault) for fault in NumberFault),
    Requested(JobNumber.of_serial(42)),
    Failed(),
    Granted(RoomId("room-1")),
    TooLate(),
    None,
)
HEARD: tuple[Heard, ...] = (
    Said(),
    Silence(),
    HungUp(),
    *(Keys(key) for key in ALL_KEYS),
    Keys(""),
    Keys(CODE + PIN),
    Keys(CODE),
    Keys("33"),
    Keys("39"),
    Keys("90"),
    Keys("112"),
    Keys(NUMBER),
    Keys("00351*" + NUMBER),
    Keys("9" * 400),
    Keys("٣٣"),
    *(Answer(value) for value in ANSWERS),
    Notice(NobodyAvailable()),
    Notice("something new"),
)

_technician = TechnicianScript(LANGUAGES, most_slices=4, most_strays=4)
_without_operator = replace(_technician, operator_on_duty=False)
_job = JobNumber.of_serial(7)

SCRIPTS: dict[str, Script[Any]] = {
    "technician": _technician,
    "technician, nobody on duty": _without_operator,
    "technician, english": replace(_technician, language="en"),
    "technician, english, nobody on duty": replace(_without_operator, language="en"),
    "technician, resumed": TechnicianScript.resume(_job, LANGUAGES),
    "offer": OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=True),
    "offer, english": OfferScript(LanguageTag("pov"), AgencyKind.SCHOOL, False, language="en"),
    "migrant, own language": MigrantScript(("uk",)),
    "migrant, two languages": MigrantScript(("en", "pt")),
    "goodbye": GoodbyeScript(),
    "goodbye, ukrainian": GoodbyeScript(("uk",)),
}
Place = tuple[Any, Step]


@cache
def places(name: str) -> dict[Place, list[tuple[Heard, Place]]]:
    """All reachable places (state and step) of a script, with where each thing heard leads."""
    script = SCRIPTS[name]
    first: Place = script.start()
    found: dict[Place, list[tuple[Heard, Place]]] = {}
    ahead = [first]
    while ahead:
        place = ahead.pop()
        if place in found:
            continue
        found[place] = [(heard, script.hear(place[0], heard)) for heard in HEARD]
        ahead.extend(after for _, after in found[place])
    return found


every_script = pytest.mark.parametrize("name", SCRIPTS)


@every_script
def test_everything_heard_anywhere_leads_to_a_step(name: str) -> None:
    found = places(name)
    assert len(found) >= 2
    for ways in found.values():
        for _, (_, step) in ways:
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
            longest[place] = 1 + max(length(after) for _, after in found[place])
            on_the_way.remove(place)
        return longest[place]

    assert length(SCRIPTS[name].start()) <= 150


@every_script
def test_a_hang_up_ends_it_at_once_from_anywhere(name: str) -> None:
    for (_, step), ways in places(name).items():
        after = dict(ways)[HungUp()][1]
        assert isinstance(after, Finish)
        if not isinstance(step, Finish):
            assert after.outcome == Gone()


@every_script
def test_what_is_over_stays_over_with_the_same_outcome(name: str) -> None:
    for (_, step), ways in places(name).items():
        if isinstance(step, Finish):
            assert {after for _, (_, after) in ways} == {step}


@every_script
def test_every_prompt_a_script_says_is_in_the_catalogue(name: str) -> None:
    catalogue = load_catalogue()
    said = {
        (prompt, step.language)
        for _, step in places(name)
        if isinstance(step, Say | Ask)
        for prompt in step.prompts
    }
    assert said
    assert {one for one in said if one not in catalogue} == set()


def test_every_written_prompt_is_said_somewhere() -> None:
    """What no script says, the switch says while the bridge is down."""
    said = {
        prompt
        for name in SCRIPTS
        for _, step in places(name)
        if isinstance(step, Say | Ask)
        for prompt in step.prompts
    }
    derived = ("digit-", "language-", "agency-")
    written = {
        key
        for key in load_catalogue().keys
        if not key.startswith(derived) or key == "language-unknown"
    }
    beside = {"offer-migrant-beside", "offer-migrant-rung"}
    assert beside <= said
    assert written - said == {"apology", "apology-end", "apology-leg"}


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name.startswith("technician")])
def test_nobody_leaves_a_technician_s_call_without_being_told(name: str) -> None:
    """Before every `Finish` that is not a hang-up something was said, and it ended or was cut.

    (An interpreter's refusal or silence ends without words, on purpose: somebody is waiting.)
    """
    for (_, step), ways in places(name).items():
        for heard, (_, after) in ways:
            if isinstance(after, Finish) and not isinstance(step, Finish | Say):
                assert isinstance(heard, HungUp)


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
    for (state, _), ways in places(name).items():
        for heard, after in ways:
            assert script.hear(state, heard) == after


def test_waiting_as_long_as_configured_is_bounded_too() -> None:
    script = TechnicianScript.resume(_job, LANGUAGES)
    state, step = script.start()
    waits = 0
    while not isinstance(step, Finish) and waits < 1000:
        waits += isinstance(step, Wait)
        state, step = script.hear(state, Silence() if isinstance(step, Wait) else Said())
    assert waits == script.most_slices
