# SPDX-License-Identifier: EUPL-1.2
"""The Asterisk switch on a real Asterisk: legs that are rung, talked to, moved and hung up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bridge.ivr.script import Ask, HungUp, Keys, Said, Say, Silence, Taken, Wait
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    Ending,
    EnterRoom,
    LegAnswered,
    LegEnded,
    LegRinging,
    NoSuchLeg,
    RoomEntered,
    RoomLeft,
    ToPerson,
)
from tests.adapters.switch_world import DEADLINE, ROOM, World, running_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as made:
        yield made


async def test_a_leg_is_rung_talked_to_and_enters_the_room(world: World) -> None:
    world.turns = [Say(("short",), "pt"), Ask(("long",), "pt", most_keys=6, finish_key="#")]
    world.then = EnterRoom(ROOM)
    before = datetime.now(UTC)
    leg = await world.ring("keys")
    entered = await world.until_told(RoomEntered, leg)
    # The first two keys cut the first prompt short or come while it ends; none is lost.
    digits = "".join(heard.digits for heard in world.heard if isinstance(heard, Keys))
    assert digits == "1234"
    conversation = world.conversations[leg]
    assert (conversation.leg, conversation.name) == (leg, "offer")
    assert isinstance(entered, RoomEntered)
    assert entered.room == ROOM
    assert before <= entered.at <= datetime.now(UTC)
    kinds = [type(event) for event in world.of(leg)]
    assert kinds == [LegAnswered, RoomEntered]

    snapshot = await world.switch.snapshot()
    assert snapshot.legs == {leg}
    assert snapshot.rooms == {ROOM: {leg}}

    await world.switch.hang_up(leg)
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.HUNG_UP
    await world.switch.hang_up(leg)  # already gone: no error
    with pytest.raises(NoSuchLeg):
        await world.switch.enter_room(leg, ROOM)
    assert [type(event) for event in world.of(leg)] == [*kinds, RoomLeft, LegEnded]
    empty = await world.switch.snapshot()
    assert (empty.legs, empty.rooms) == (frozenset(), {})


async def test_a_waiting_leg_is_moved_and_comes_back(world: World) -> None:
    world.turns = [Wait(600)]
    leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    await world.switch.enter_room(leg, ROOM)
    await world.until_told(RoomEntered, leg)
    assert world.heard == [Taken()]

    await world.switch.converse(leg, ConversationName.GOODBYE)
    await world.until(lambda: world.conversations[leg].name == "goodbye")
    await world.until_told(RoomLeft, leg)
    await world.switch.hang_up(leg)
    ended = await world.until_told(LegEnded, leg)
    await world.until(lambda: world.heard == [Taken(), HungUp()])
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.HUNG_UP
    assert [type(event) for event in world.of(leg)] == [
        LegAnswered,
        RoomEntered,
        RoomLeft,
        LegEnded,
    ]


async def test_a_leg_can_be_moved_between_two_turns(world: World) -> None:
    world.turns = [Wait(600)]
    thinking = asyncio.Event()
    go_on = asyncio.Event()

    async def think(conversation: Conversation) -> None:
        assert await conversation.perform(Say(("short",), "pt")) == Said()
        thinking.set()
        await go_on.wait()

    world.before_turns = think
    leg = await world.ring("answers")
    await asyncio.wait_for(thinking.wait(), DEADLINE)
    await world.switch.enter_room(leg, ROOM)
    await world.until_told(RoomEntered, leg)
    go_on.set()
    await world.until(lambda: world.heard == [Taken()])


async def test_interrupt_ends_a_wait_and_the_leg_goes_on(world: World) -> None:
    world.turns = [Wait(600), Say(("short",), "pt"), Wait(0.3)]
    leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    world.conversations[leg].interrupt()
    await world.until_told(LegEnded, leg)
    assert world.heard == [Silence(), Said(), Silence()]


async def test_keys_pressed_while_the_application_thinks_are_kept(world: World) -> None:
    world.turns = [Ask(("long",), "pt", most_keys=1)]

    async def think_until_keyed(conversation: Conversation) -> None:
        assert await conversation.perform(Say(("short",), "pt")) == Said()
        await world.until_console("!4!Up!Wait!")

    world.before_turns = think_until_keyed
    leg = await world.ring("keys slowly")
    await world.until_told(LegEnded, leg)
    (heard,) = world.heard
    assert isinstance(heard, Keys)
    assert heard.digits == "7"
    assert heard.at is not None


async def test_a_missing_prompt_cuts_nobody_off(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.turns = [Say(("no-such-prompt", "short"), "pt"), Ask((), "pt", 1, first_key_seconds=0.1)]
    world.then = ToPerson()
    leg = await world.ring("answers")
    entered = await world.until_told(RoomEntered, leg)
    assert world.heard == [Said(), Silence()]
    assert isinstance(entered, RoomEntered)
    assert entered.room == "room-person"
    assert "no-such-prompt" in capsys.readouterr().out


async def test_a_ringing_leg_is_hung_up(world: World) -> None:
    leg = await world.ring("rings")
    await world.until_told(LegRinging, leg)
    await world.switch.hang_up(leg)
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.CANCELLED
    again = await world.ring("answers")  # whatever else is told of the first leg comes before this
    await world.until_told(LegAnswered, again)
    assert [type(event) for event in world.of(leg)] == [LegRinging, LegEnded]


async def test_legs_hung_up_at_once_never_ring_on(world: World) -> None:
    legs = []
    for _ in range(5):
        leg = await world.ring("rings")
        await world.switch.hang_up(leg)
        legs.append(leg)
    for leg in legs:
        ended = await world.until_told(LegEnded, leg)
        assert isinstance(ended, LegEnded)
        assert ended.ending is Ending.CANCELLED
    assert (await world.switch.snapshot()).legs == frozenset()


@pytest.mark.parametrize(
    ("phone", "ending"),
    [
        ("busy", Ending.BUSY),
        ("congested", Ending.UNREACHABLE),
        ("unknown", Ending.FAILED),
        ("rings", Ending.NO_ANSWER),
        ("hangs up", Ending.HUNG_UP),
    ],
)
async def test_each_leg_ends_once_and_says_how(world: World, phone: str, ending: Ending) -> None:
    world.turns = [Wait(600)]
    leg = await world.ring(phone, ring_seconds=1)
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is ending
    again = await world.ring("answers")
    await world.until_told(LegAnswered, again)
    assert sum(isinstance(event, LegEnded) for event in world.of(leg)) == 1
    assert world.heard == ([HungUp()] if ending is Ending.HUNG_UP else [])


async def test_a_leg_that_cannot_be_tried_ends_too(world: World) -> None:
    world.switch._dial = lambda number: "Nonsense/nobody"
    leg = await world.ring("answers")
    ended = await world.until_told(LegEnded, leg)
    assert isinstance(ended, LegEnded)
    assert ended.ending is Ending.FAILED


async def test_a_failing_handler_leaves_the_leg_to_the_dialplan(world: World) -> None:
    async def fail(conversation: Conversation) -> None:
        raise RuntimeError("a bug")

    world.before_turns = fail
    leg = await world.ring("answers")
    entered = await world.until_told(RoomEntered, leg)
    assert isinstance(entered, RoomEntered)
    assert entered.room == "room-bridge-down"
