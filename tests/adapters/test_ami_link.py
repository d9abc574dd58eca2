# SPDX-License-Identifier: EUPL-1.2
"""The supervised link against a server that resets, stalls, splits and reorders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.telephony.asterisk.ami import (
    AmiLink,
    AmiRefused,
    AmiUnanswered,
    AmiUnavailable,
    backoff_seconds,
)
from bridge.telephony.asterisk.frames import Frame
from tests.adapters.fake_ami import FakeAmi, FakePeer, frame
from tests.adapters.watched_link import DEADLINE, Watcher, link_to


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as server:
        yield server


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
async def link(fake: FakeAmi, watcher: Watcher) -> AsyncIterator[AmiLink]:
    made = link_to(fake, watcher)
    await made.start()
    yield made
    await made.stop()


async def test_an_action_under_way_fails_with_the_link_and_is_never_sent_again(
    fake: FakeAmi, link: AmiLink, watcher: Watcher
) -> None:
    async def break_down(peer: FakePeer, action: Frame) -> None:
        peer.reset()

    fake.replies["Originate"] = break_down
    with pytest.raises(AmiUnanswered, match="unknown"):
        await link.action("Originate", [("ChannelId", "leg-1")])
    await watcher.until(lambda: watcher.told == ["up", "down", "up"])
    await link.action("CoreStatus")
    sent = [action.get("Action") for peer in fake.peers for action in peer.actions]
    assert sent.count("Originate") == 1
    assert link.pending == 0


async def test_while_down_actions_fail_at_once_and_name_the_remedy(
    fake: FakeAmi, link: AmiLink, watcher: Watcher
) -> None:
    await fake.close()
    await watcher.until(lambda: watcher.told == ["up", "down"])
    with pytest.raises(AmiUnavailable, match="check that Asterisk runs") as down:
        await link.action("Ping")
    assert not isinstance(down.value, AmiUnanswered), "nothing was sent"
    with pytest.raises(AmiUnavailable, match="check that Asterisk runs"):
        await link.list("CoreShowChannels", complete="CoreShowChannelsComplete")
    await fake.listen()
    await watcher.until(lambda: watcher.told == ["up", "down", "up"])
    await link.action("Ping")


async def test_the_old_connection_has_no_say_any_more(
    fake: FakeAmi, link: AmiLink, watcher: Watcher
) -> None:
    old = link.generation
    fake.peers[0].reset()
    await watcher.until(lambda: watcher.told == ["up", "down", "up"])
    seen = len(watcher.events)
    link._receive(old, Frame((("Event", "Ghost"),)))
    link._receive_end(old, "ghost")
    await link.action("Ping")
    assert len(watcher.events) == seen
    assert watcher.told == ["up", "down", "up"]


@pytest.mark.parametrize("piece", [0, 1, 7])
async def test_order_is_kept_whether_events_come_together_or_in_pieces(
    fake: FakeAmi, link: AmiLink, watcher: Watcher, piece: int
) -> None:
    names = [f"Number{number}" for number in range(30)]
    packet = b"".join(frame(("Event", name), ("Name", "João 你")) for name in names)
    await fake.peers[0].send(packet, piece=piece)
    await watcher.until(lambda: len(watcher.events) > len(names))
    assert [event.event for event in watcher.events] == ["FullyBooted", *names]
    assert {event.get("Name") for event in watcher.events[1:]} == {"João 你"}


async def test_answers_find_their_questions_in_any_order(fake: FakeAmi, link: AmiLink) -> None:
    waiting: list[Frame] = []

    async def all_at_last_backwards(peer: FakePeer, action: Frame) -> None:
        waiting.append(action)
        if len(waiting) == 3:
            for each in reversed(waiting):
                await peer.ok(each, ("Echo", each.get("Exten")))

    fake.replies["Originate"] = all_at_last_backwards
    answers = await asyncio.gather(
        *(link.action("Originate", [("Exten", str(number))]) for number in range(3))
    )
    assert [answer.get("Echo") for answer in answers] == ["0", "1", "2"]


async def test_a_refusal_carries_asterisks_words(fake: FakeAmi, link: AmiLink) -> None:
    async def refuse(peer: FakePeer, action: Frame) -> None:
        await peer.send(
            frame(
                ("Response", "Error"),
                ("ActionID", action.get("ActionID")),
                ("Message", "No such channel"),
            )
        )

    fake.replies["Hangup"] = fake.replies["ConfbridgeList"] = refuse
    with pytest.raises(AmiRefused, match="No such channel"):
        await link.action("Hangup")
    with pytest.raises(AmiRefused, match="No such channel"):
        await link.list("ConfbridgeList", complete="ConfbridgeListComplete")


async def test_a_list_that_never_ends_is_given_up(fake: FakeAmi, link: AmiLink) -> None:
    with pytest.raises(AmiUnavailable, match="did not answer"):
        await link.list("CoreShowChannels", complete="Never", timeout=0.05)
    assert link.pending == 0


async def test_an_answer_without_a_limit_is_waited_for_until_silence_ends_the_link(
    fake: FakeAmi, watcher: Watcher
) -> None:
    async def nothing(peer: FakePeer, action: Frame) -> None:
        fake.replies["Ping"] = nothing

    fake.replies["Originate"] = nothing
    link = link_to(fake, watcher, idle_seconds=0.5)
    await link.start()
    with pytest.raises(AmiUnanswered):
        await link.action("Originate", [("ChannelId", "leg-1")], timeout=None)
    assert link.pending == 0
    await link.stop()


async def test_a_wrong_secret_is_named(fake: FakeAmi, watcher: Watcher) -> None:
    async def refuse(peer: FakePeer, action: Frame) -> None:
        await peer.send(
            frame(("Response", "Error"), ("ActionID", action.get("ActionID")), ("Message", "No"))
        )
        peer.writer.close()

    fake.replies["Login"] = refuse
    link = link_to(fake, watcher)
    with pytest.raises(AmiUnavailable, match="refused the AMI user bridge-reader"):
        await link.start()
    assert watcher.told == []


async def test_nobody_listens(watcher: Watcher) -> None:
    async with FakeAmi() as fake:
        pass
    with pytest.raises(AmiUnavailable, match="start Asterisk"):
        await link_to(fake, watcher).start()


async def test_without_events_the_login_asks_for_none_and_booting_is_not_awaited(
    fake: FakeAmi,
) -> None:
    link = AmiLink(
        "127.0.0.1", fake.port, "bridge-writer", "s", on_event=lambda event: None, events=False
    )
    await link.start()
    assert (await fake.action("Login")).headers[0:4] == (
        ("Action", "Login"),
        ("Username", "bridge-writer"),
        ("Secret", "s"),
        ("ActionID", (await fake.action("Login")).get("ActionID")),
    )
    assert (await fake.action("Login")).get("Events") == "off"
    await link.stop()


async def test_stopping_while_reconnecting_ends_cleanly(
    fake: FakeAmi, link: AmiLink, watcher: Watcher
) -> None:
    await fake.close()
    await watcher.until(lambda: watcher.told == ["up", "down"])
    async with asyncio.timeout(DEADLINE):
        await link.stop()
    with pytest.raises(AmiUnavailable):
        await link.action("Ping")


async def test_faults_of_callbacks_do_not_stop_the_link(fake: FakeAmi, watcher: Watcher) -> None:
    link = link_to(fake, watcher)
    ups: list[int] = []

    def fail() -> None:
        ups.append(link.generation)
        watcher.news.set()
        raise RuntimeError("a bug")

    link._on_up = link._on_down = fail
    await link.start()
    fake.peers[0].reset()
    await watcher.until(lambda: len(ups) == 3)
    await link.action("Ping")
    await link.stop()


async def test_a_cancelled_action_leaves_nothing_behind(fake: FakeAmi, link: AmiLink) -> None:
    async def keep(peer: FakePeer, action: Frame) -> None:
        pass

    fake.replies["Originate"] = keep
    asking = asyncio.create_task(link.action("Originate"))
    await fake.action("Originate")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert link.pending == 0


def test_back_off_doubles_to_five_seconds_with_jitter() -> None:
    assert [backoff_seconds(attempt, 0) for attempt in range(8)] == [
        pytest.approx(seconds) for seconds in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5)
    ]
    assert backoff_seconds(10**6, 1) == pytest.approx(2.5)
    assert backoff_seconds(0, 1) == pytest.approx(0.05)
