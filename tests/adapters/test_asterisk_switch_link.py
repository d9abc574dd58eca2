# SPDX-License-Identifier: EUPL-1.2
"""The Asterisk switch and its link to a real Asterisk: how it starts, is lost and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from bridge.clock import SystemClock
from bridge.ivr.script import HungUp, Wait
from bridge.settings import AsteriskSettings
from bridge.telephony.asterisk import originator
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.asterisk.switch import AsteriskSwitch
from bridge.telephony.asterisk.version import UnsupportedAsterisk
from bridge.telephony.switch import (
    EnterRoom,
    HangUp,
    LegAnswered,
    LegEnded,
    LinkLost,
    LinkRestored,
    RoomEntered,
    SwitchError,
    SwitchUnavailable,
)
from tests.adapters.fake_ami import FakeAmi, FakePeer
from tests.adapters.switch_world import ROOM, World, running_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as made:
        yield made


async def test_a_lost_link_is_told_and_restored_with_what_is_true(world: World) -> None:
    world.then = EnterRoom(ROOM)
    leg = await world.ring("answers")
    await world.until_told(RoomEntered, leg)
    for link in (world.switch._reader, world.switch._writer):
        assert link._client is not None
        await asyncio.to_thread(link._client.close)
    await world.until(lambda: any(isinstance(event, LinkRestored) for event in world.told))
    lost, restored = world.told[-2:]
    assert isinstance(lost, LinkLost)
    assert isinstance(restored, LinkRestored)
    assert restored.snapshot.legs == {leg}
    assert restored.snapshot.rooms == {ROOM: {leg}}
    await world.switch.hang_up(leg)
    await world.until_told(LegEnded, leg)


async def test_the_link_that_acts_is_lost_alone_and_restored_for_those_who_waited(
    world: World,
) -> None:
    assert world.switch.reachable
    writer, meanwhile = world.switch._writer, []
    tell = writer._on_down

    def down() -> None:
        tell()
        meanwhile.append(world.switch.reachable)

    writer._on_down = down
    assert writer._client is not None
    await asyncio.to_thread(writer._client.close)
    await world.until(lambda: any(isinstance(event, LinkRestored) for event in world.told))
    assert meanwhile == [False]
    assert world.switch.reachable
    leg = await world.ring("answers")
    await world.until_told(LegAnswered, leg)


async def test_asterisk_dies_and_comes_back(world: World) -> None:
    world.turns = [Wait(600)]
    leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    await world.asterisk.kill()
    await world.until(lambda: any(isinstance(event, LinkLost) for event in world.told))
    await world.until(lambda: world.heard == [HungUp()])
    reachable = [world.switch.reachable]
    # The link that sees is down; the one that acts may notice a little later, and then says that
    # no answer came.
    with pytest.raises(SwitchUnavailable, match="check that Asterisk runs"):
        await world.switch.snapshot()
    with pytest.raises(SwitchUnavailable):
        await world.ring("answers")

    await world.asterisk.start()
    await world.until(lambda: any(isinstance(event, LinkRestored) for event in world.told))
    assert [*reachable, world.switch.reachable] == [False, True]
    restored = next(event for event in world.told if isinstance(event, LinkRestored))
    assert restored.snapshot.legs == frozenset()
    again = await world.ring("answers")
    await world.until_told(LegAnswered, again)


@contextmanager
def standing_still(world: World) -> Iterator[None]:
    """Asterisk stands still, and goes on; meanwhile its connections take what is sent."""
    os.kill(world.asterisk.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(world.asterisk.pid, signal.SIGCONT)


async def test_a_telephone_rings_that_asterisk_was_slow_to_say_rings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originator, "ANSWER_SECONDS", 0.2)
    world.turns = [Wait(600)]
    with standing_still(world):
        leg = await world.ring("answers")
    await world.until(lambda: leg in world.conversations)
    await world.until_told(LegAnswered, leg)
    assert [event for event in world.of(leg) if isinstance(event, LegEnded)] == []


async def test_a_link_is_lost_before_asterisk_could_say_whether_a_telephone_rings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originator, "ANSWER_SECONDS", 0.2)
    world.turns = [Wait(600)]
    with standing_still(world):
        leg = await world.ring("answers")
        for link in (world.switch._reader, world.switch._writer):
            assert link._client is not None
            await asyncio.to_thread(link._client.close)
    await world.until(lambda: any(isinstance(event, LinkRestored) for event in world.told))
    # Asterisk does what it was asked, though nobody is there any more to be told. Whether it does
    # so before it is looked at or after, the telephone rings on.
    await world.until(lambda: leg in world.conversations)
    assert [event for event in world.of(leg) if isinstance(event, LegEnded)] == []


async def test_a_room_outlives_the_bridge(world: World) -> None:
    world.then = EnterRoom(ROOM)
    leg = await world.ring("answers")
    await world.until_told(RoomEntered, leg)
    await world.switch.stop()
    later = world.new_switch()
    await later.start()
    snapshot = await later.snapshot()
    assert snapshot.rooms == {ROOM: {leg}}
    await later.stop()


async def test_start_says_what_to_do_and_leaves_nothing_running(world: World) -> None:
    await world.switch.stop()
    before = asyncio.all_tasks()
    right = world.settings
    for changes, remedy in (
        ({"reader_secret": SecretStr("wrong")}, "manager.conf"),
        ({"writer_secret": SecretStr("wrong")}, "manager.conf"),
        ({"ami_port": right.agi_port}, "start Asterisk"),
        ({"agi_port": right.ami_port}, "STT_ASTERISK__AGI_PORT"),
    ):
        world.settings = right.model_copy(update=changes)
        switch = world.new_switch()
        with pytest.raises(SwitchError, match=remedy) as failure:
            await switch.start()
        assert "wrong" not in str(failure.value)
        assert not switch._reader.up
        assert not switch._writer.up
    assert asyncio.all_tasks() <= before


async def test_an_old_asterisk_is_refused() -> None:
    async with FakeAmi() as fake:

        async def old(peer: FakePeer, action: Frame) -> None:
            await peer.ok(action, ("AsteriskVersion", "22.10.0"))

        fake.replies["CoreSettings"] = old
        switch = AsteriskSwitch(
            AsteriskSettings(ami_port=fake.port, agi_port=0),
            lambda conversation: asyncio.sleep(0, HangUp()),
            SystemClock(),
            lambda key, language: key,
        )
        with pytest.raises(UnsupportedAsterisk, match=r"22\.10\.1"):
            await switch.start()
        assert not switch._reader.up
        assert [len(peer.actions) for peer in fake.peers] == [2]
