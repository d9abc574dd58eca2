# SPDX-License-Identifier: EUPL-1.2
"""What a key in the room does."""

from __future__ import annotations

import pytest

from bridge.ivr.room_keys import (
    BackToRoom,
    CommandDone,
    MayRing,
    NotPossible,
    RoomCommand,
    RoomCommandKind,
    RoomKeysScript,
    RoomKeysState,
    SwapReason,
    WhyNot,
)
from bridge.ivr.script import Ask, Keys, Said, Silence
from bridge.prompts.catalogue import spell
from tests.unit.ivr.talk import Talk

KIND = RoomCommandKind


def pressed(keys: str, *, in_private: bool = False) -> Talk[RoomKeysState]:
    return Talk(RoomKeysScript(keys, "pt", in_private=in_private))


@pytest.mark.parametrize("keys", ["*0", "0", "*", ""])
def test_star_zero_reads_the_keys(keys: str) -> None:
    assert pressed(keys).prompts() == (
        "room-keys",
        "room-key-ring-migrant",
        "room-key-drop-migrant",
        "room-key-private-word",
        "room-key-swap-interpreter",
        "room-key-add-person",
        "room-key-end-for-all",
        "room-key-person",
        "room-key-back",
    )


def test_only_what_can_be_done_is_read() -> None:
    offered = frozenset({KIND.SWAP_INTERPRETER, KIND.END_PRIVATE_WORD, KIND.PRIVATE_WORD})
    script = RoomKeysScript("*0", "pt", offered=offered, in_private=True)
    assert Talk(script).prompts() == (
        "room-keys",
        "room-key-end-private-word",
        "room-key-swap-interpreter",
        "room-key-back",
    )


@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        ("1", KIND.RING_MIGRANT, "room-ringing-migrant"),
        ("2", KIND.DROP_MIGRANT, "room-migrant-dropped"),
        ("3", KIND.PRIVATE_WORD, "room-private-word"),
    ],
)
def test_a_key_commands_at_once_or_after_the_keys_were_read(
    key: str, kind: RoomCommandKind, said: str
) -> None:
    by_way_of_reading = pressed("*0")
    by_way_of_reading.key(key)
    at_once = pressed(key)
    for talk in (by_way_of_reading, at_once):
        assert talk.question() == RoomCommand(kind)
        talk.answer(CommandDone())
        assert talk.prompts() == (said,)
        talk.hear(Said())
        assert talk.outcome() == BackToRoom(kind)


def test_a_person_is_star_zero_then_zero() -> None:
    talk = pressed("*0")
    talk.key("0")
    assert talk.question() == RoomCommand(KIND.CALL_PERSON)
    talk.answer(CommandDone())
    assert talk.prompts() == ("room-person-called",)


def test_a_star_before_the_key_is_the_same() -> None:
    assert pressed("*1").question() == RoomCommand(KIND.RING_MIGRANT)


def test_three_ends_a_private_word() -> None:
    talk = pressed("*3", in_private=True)
    assert talk.question() == RoomCommand(KIND.END_PRIVATE_WORD)
    talk.answer(CommandDone())
    assert talk.prompts() == ("room-private-word-over",)


@pytest.mark.parametrize(
    ("key", "reason", "excludes"),
    [
        ("1", SwapReason.NOT_UNDERSTOOD, True),
        ("2", SwapReason.AUDIO, False),
        ("3", SwapReason.SUBJECT, True),
        ("4", SwapReason.OTHER, False),
    ],
)
def test_four_changes_the_interpreter_for_a_reason(
    key: str, reason: SwapReason, excludes: bool
) -> None:
    talk = pressed("*4")
    assert talk.prompts() == ("room-swap-reasons",)
    talk.key(key)
    assert talk.question() == RoomCommand(KIND.SWAP_INTERPRETER, reason)
    assert reason.excludes is excludes
    talk.answer(CommandDone())
    assert talk.prompts() == ("replacing-interpreter",)
    talk.hear(Said())
    assert talk.outcome() == BackToRoom(KIND.SWAP_INTERPRETER)


def test_without_a_reason_nothing_is_changed() -> None:
    talk = pressed("*4")
    talk.hear(Silence())
    assert talk.prompts() == ("room-back",)
    talk.hear(Said())
    assert talk.outcome() == BackToRoom(None)


def test_nine_ends_it_for_all_only_when_pressed_again() -> None:
    talk = pressed("*9")
    assert talk.prompts() == ("room-confirm-end",)
    talk.key("9")
    assert talk.question() == RoomCommand(KIND.END_FOR_ALL)
    talk.answer(CommandDone())
    # The goodbye follows, and says so; a goodbye here would have them hang up before they rate.
    assert talk.prompts() == ()


@pytest.mark.parametrize("heard", [Silence(), Keys("5")])
def test_who_is_not_taken_to_the_goodbye_is_told_that_the_others_are_still_there(
    heard: Silence | Keys,
) -> None:
    talk = pressed("*9")
    talk.key("9")
    talk.answer(CommandDone())
    talk.hear(heard)
    assert talk.prompts() == ("room-back",)
    talk.hear(Said())
    assert talk.outcome() == BackToRoom(KIND.END_FOR_ALL)


@pytest.mark.parametrize("key", [*"012345678*#", "99", ""])
def test_anything_but_nine_goes_on(key: str) -> None:
    talk = pressed("*9")
    talk.key(key)
    assert talk.prompts() == ("room-back",)


@pytest.mark.parametrize("why", WhyNot)
def test_what_is_not_possible_is_said_and_the_person_is_back(why: WhyNot) -> None:
    talk = pressed("*1")
    talk.answer(NotPossible(why))
    assert len(talk.prompts()) == 2
    assert talk.prompts()[-1] == "room-back"
    talk.hear(Said())
    assert talk.outcome() == BackToRoom(None)


def test_reasons_why_not_are_told_apart() -> None:
    said = set()
    for why in WhyNot:
        talk = pressed("*1")
        talk.answer(NotPossible(why))
        said.add(talk.prompts()[0])
    assert len(said) == len(WhyNot)


def test_a_failure_of_ours_is_owned_up_to() -> None:
    talk = pressed("*1")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", "room-back")


def test_wrong_keys_are_asked_again_a_few_times() -> None:
    talk = pressed("*7")
    assert talk.prompts()[:2] == ("no-such-option", "room-keys")
    talk.key("7", "8")
    assert isinstance(talk.step, Ask)
    talk.key("6")
    assert talk.prompts() == ("no-such-option", "room-back")


NUMBER = "912000077"


def test_five_rings_a_number_that_may_be_rung_and_is_confirmed() -> None:
    talk = pressed("*5")
    assert talk.prompts() == ("room-ask-number",)
    talk.key(NUMBER)
    assert talk.question() == MayRing(NUMBER)
    talk.answer(CommandDone())
    assert talk.prompts() == ("room-number-is", *spell(NUMBER), "room-confirm-number")
    talk.key("1")
    assert talk.question() == RoomCommand(KIND.ADD_PERSON, digits=NUMBER)
    talk.answer(CommandDone())
    assert talk.prompts() == ("room-ringing-person",)


def test_a_number_can_be_corrected_and_given_up() -> None:
    talk = pressed("*5")
    talk.key(NUMBER)
    talk.answer(CommandDone())
    talk.key("2")
    assert talk.prompts() == ("room-ask-number",)
    talk.key("*")
    assert talk.prompts() == ("room-back",)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (WhyNot.NUMBER_EMERGENCY, "room-number-emergency"),
        (WhyNot.NUMBER_REFUSED, "room-number-refused"),
    ],
)
def test_a_number_that_may_not_be_rung_is_asked_for_again_a_few_times(
    why: WhyNot, said: str
) -> None:
    talk = pressed("*5")
    for _ in range(2):
        talk.key(NUMBER)
        talk.answer(NotPossible(why))
        assert talk.prompts() == (said, "room-ask-number")
    talk.key(NUMBER)
    talk.answer(NotPossible(why))
    assert talk.prompts() == (said, "room-back")


@pytest.mark.parametrize("digits", ["", "12", "9" * 16, "٣٣٣٣"])
def test_what_is_no_number_is_not_even_checked(digits: str) -> None:
    talk = pressed("*5")
    talk.key(digits)
    assert talk.prompts() == ("room-number-incomplete", "room-ask-number")


def test_keyed_numbers_are_in_no_repr() -> None:
    talk = pressed("*5")
    talk.key(NUMBER)
    assert NUMBER not in repr(talk.question())
    assert NUMBER not in repr(talk.state)
    talk.answer(CommandDone())
    assert NUMBER not in repr(talk.state)


def test_without_leave_to_add_somebody_no_number_is_asked_for() -> None:
    talk = Talk(RoomKeysScript("*5", "pt", offered=frozenset({KIND.END_FOR_ALL})))
    assert talk.question() == RoomCommand(KIND.ADD_PERSON)


@pytest.mark.parametrize("key", ["*", "#"])
def test_a_star_leads_back(key: str) -> None:
    for keys in ("*0", "*4", "*5", "*9"):
        talk = pressed(keys)
        talk.key(key)
        assert talk.prompts() == ("room-back",)
