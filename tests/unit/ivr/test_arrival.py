# SPDX-License-Identifier: EUPL-1.2
"""Codes are understood at every menu of the line, and everything else is the menu's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.hours.directory import load_directory
from bridge.ivr.arrival import (
    NEXT_KEY_SECONDS,
    ONE_KEY_SECONDS,
    Arrival,
    ArrivalState,
    CodeEarly,
    CodeUnknown,
    DialIn,
    DialledIn,
    JoinsByCode,
    KeyedIdentity,
)
from bridge.ivr.closed import ClosedScript, PromiseCallBack
from bridge.ivr.door import DoorScript, door_languages
from bridge.ivr.outcomes import Gone
from bridge.ivr.script import ALL_KEYS, Ask, Finish, HungUp, Keys, Script, Silence
from bridge.ivr.support_line import (
    AboutService,
    FindOperator,
    OtherLanguage,
    SupportLineScript,
    Wanted,
)
from bridge.prompts.catalogue import load_catalogue
from tests.unit.ivr.talk import Talk

CODE, PIN = "4711", "735281"
LINE = load_directory().lines[0]
TODAY = date(2026, 11, 20)
CLOSES = datetime(2026, 11, 20, 20, tzinfo=UTC)
MENUS: dict[str, Script[Any]] = {
    "door": DoorScript(door_languages(load_catalogue(), LINE.languages)),
    "support line": SupportLineScript(("uk",), LINE.services, TODAY, CLOSES),
    "closed": ClosedScript(("uk",), CLOSES, TODAY, call_back=True),
}
every_menu = pytest.mark.parametrize("name", MENUS)


def arrival(name: str, before: str = "") -> Talk[ArrivalState]:
    numbers = len(LINE.languages) if name == "door" else 9
    return Talk(Arrival(MENUS[name], numbers=numbers, before=before))


@every_menu
@pytest.mark.parametrize("silences", [0, 1])
def test_ten_digits_are_a_technician_s_codes_at_any_menu(name: str, silences: int) -> None:
    talk = arrival(name)
    talk.hear(*[Silence()] * silences)
    talk.key(CODE[0], CODE[1], CODE[2:] + PIN)
    assert talk.outcome() == KeyedIdentity(CODE, PIN)
    assert PIN not in repr(talk.state)
    assert CODE not in repr(talk.state)


@every_menu
def test_codes_that_begin_with_a_zero_are_no_call_for_a_person(name: str) -> None:
    talk = arrival(name)
    talk.key("0", "1", "23735281")
    assert talk.outcome() == KeyedIdentity("0123", "735281")


@every_menu
@pytest.mark.parametrize("before", ["4", "47"])
def test_a_technician_who_paused_after_the_first_digits_is_understood(
    name: str, before: str
) -> None:
    rest = (CODE + PIN).removeprefix(before)
    talk = arrival(name, before)
    talk.key(rest[0], rest[1], rest[2:])
    assert talk.outcome() == KeyedIdentity(CODE, PIN)
    again = arrival(name, before)
    again.key(CODE[0], CODE[1], CODE[2:] + PIN)
    assert again.outcome() == KeyedIdentity(CODE, PIN)


@every_menu
def test_a_star_and_six_digits_lead_to_the_call_that_waits(name: str) -> None:
    talk = arrival(name)
    first = talk.step
    assert isinstance(first, Ask)
    talk.key("*", "2", "04815")
    assert talk.question() == DialIn("204815")
    assert "204815" not in repr(talk.step) + repr(talk.state)
    talk.answer(CodeUnknown())
    assert isinstance(talk.step, Ask)
    assert talk.prompts() == ("pt/door-code-unknown", "en/door-code-unknown", *first.prompts)
    talk.key("*", "2", "04816")
    talk.answer(DialledIn())
    assert talk.outcome() == JoinsByCode()


@every_menu
def test_whoever_is_early_for_a_booked_call_hears_when_to_ring(name: str) -> None:
    talk = arrival(name)
    first = talk.step
    assert isinstance(first, Ask)
    talk.key("*", "2", "04815")
    at = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    talk.answer(CodeEarly(at, at.date()))
    assert isinstance(talk.step, Ask)
    when = ("today", "weekday-5", "at-14", "past-30")
    assert talk.prompts() == (
        *("pt/door-code-booked", *(f"pt/{word}" for word in when), "pt/door-code-then"),
        *("en/door-code-booked", *(f"en/{word}" for word in when), "en/in-the-afternoon"),
        "en/door-code-then",
        *first.prompts,
    )


@every_menu
def test_codes_are_not_looked_up_without_end(name: str) -> None:
    talk = arrival(name)
    for _ in range(3):
        talk.key("*", "2", "04815")
        assert talk.question() == DialIn("204815")
        talk.answer(CodeUnknown())
    talk.key("*", "2", "04815")
    assert isinstance(talk.step, Ask)


def test_one_key_and_a_short_pause_is_the_menu_s() -> None:
    talk = arrival("support line")
    talk.key("2")
    pause = talk.step
    assert isinstance(pause, Ask)
    assert (pause.prompts, pause.language) == ((), "uk")
    assert pause.first_key_seconds == ONE_KEY_SECONDS
    talk.hear(Silence())
    assert talk.question() == FindOperator()


def test_a_finish_key_saves_the_pause() -> None:
    talk = arrival("closed")
    talk.key("1")
    talk.hear(Keys(""))
    assert talk.question() == PromiseCallBack()


def test_whoever_knows_the_menus_keys_two_choices_at_once() -> None:
    talk = arrival("support line")
    talk.key("3", "2")
    pause = talk.step
    assert isinstance(pause, Ask)
    assert pause.first_key_seconds == ONE_KEY_SECONDS
    talk.hear(Silence())
    assert talk.question() == AboutService(LINE.services[1], Wanted.PUT_THROUGH)


def test_many_keys_that_are_no_code_are_not_obeyed_one_by_one() -> None:
    talk = arrival("support line")
    talk.key("2", "3", "456789")
    assert talk.prompts()[0] == "line-no-such-option"


def test_a_star_alone_is_the_menu_s_too() -> None:
    talk = arrival("support line", "4")
    talk.key("*")
    talk.hear(Silence())
    assert talk.outcome() == OtherLanguage()


def test_what_means_nothing_yet_may_take_longer() -> None:
    talk = arrival("door")
    talk.key("4", "7")
    assert isinstance(talk.step, Ask)
    assert talk.step.first_key_seconds == NEXT_KEY_SECONDS
    assert talk.step.most_keys == 8


@every_menu
def test_whoever_hangs_up_within_an_entry_is_gone(name: str) -> None:
    talk = arrival(name)
    talk.key("4")
    talk.hear(HungUp())
    assert talk.outcome() == Gone()


@given(st.text(ALL_KEYS, min_size=1, max_size=14), st.sampled_from(["", "4", "12"]))
def test_nothing_but_ten_digits_is_an_identity(keyed: str, before: str) -> None:
    """However the keys are cut into entries by pauses, the digits must be there."""
    talk = arrival("support line", before)
    if not isinstance(talk.step, Finish):
        talk.key(keyed)
    if isinstance(talk.step, Finish) and isinstance(talk.step.outcome, KeyedIdentity):
        codes = talk.step.outcome.agency_code + talk.step.outcome.pin
        assert codes in (keyed, before + keyed)
        assert codes.isdigit()
        assert len(codes) == 10
