# SPDX-License-Identifier: EUPL-1.2
"""The defects of asterisk-ami 0.1.7 that spoil messages, each with the guard that answers it.

Thirteen are known; the numbers that are missing here are in test_ami_defects_connection.
A test first shows what the bare library does, so that the guard is seen to be needed (and an
improved library shows itself), and then what our link does in the same situation.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asterisk.ami import Action, SimpleAction
from asterisk.ami.event import Event
from asterisk.ami.response import FutureResponse

from bridge.telephony.asterisk.ami import AmiLink, AmiUnavailable
from bridge.telephony.asterisk.amiclient import HardenedClient
from bridge.telephony.asterisk.frames import Frame, FrameReader
from tests.adapters.bare_ami import bare, deprecated_allowed, greeted, let_go
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


# --- 2 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("smuggled", ["x\r\n\r\nAction: Command\r\nCommand: core stop now", "a\nb"])
async def test_2_no_value_can_become_a_second_action(
    fake: FakeAmi, link: AmiLink, smuggled: str
) -> None:
    client = await greeted(fake.port)
    client.send(SimpleAction("Originate", CallerID=smuggled))
    await fake.action("Originate", 2)
    assert smuggled.encode() in fake.peers[1].raw  # the bare library sends it as it is
    await let_go(client)

    before = len(fake.peers[0].raw)
    for headers in ([("CallerID", smuggled)], [(smuggled, "x")], [("Variable", f"a={smuggled}")]):
        with pytest.raises(ValueError, match=r"."):
            await link.action("Originate", headers)
    with pytest.raises(ValueError, match=r"."):
        await link.action(smuggled)
    assert len(fake.peers[0].raw) == before
    await link.action("CoreStatus")
    assert [action.get("Action") for action in fake.peers[0].actions] == ["Login", "CoreStatus"]


async def test_2_the_librarys_own_actions_are_guarded_too(fake: FakeAmi) -> None:
    client = HardenedClient(
        "127.0.0.1", fake.port, idle_seconds=20, on_frame=lambda f: None, on_end=lambda why: None
    )
    await asyncio.to_thread(client.connect)
    with pytest.raises(ValueError, match="control"):
        client.send(Action("Originate", {"CallerID": "a\r\nb"}))
    with pytest.raises(ValueError, match="control"):
        client.send(Action("Originate", {}, {"V": "a\r\nb"}))
    client.send(Action("Originate", {"Exten": "line"}, {"V": "1"}))
    sent = await fake.action("Originate")
    assert sent.headers == (("Action", "Originate"), ("Exten", "line"), ("Variable", "V=1"))
    await asyncio.to_thread(client.close)


# --- 3, 4 --------------------------------------------------------------------------------------


async def test_3_a_callers_name_cannot_forge_headers(
    fake: FakeAmi, link: AmiLink, watcher: Watcher
) -> None:
    name = "Ana\u2028Conference: 99\u2028Uniqueid: forged\x85Channel: x"
    sent = frame(
        ("Event", "ConfbridgeJoin"),
        ("Conference", "room-1"),
        ("Uniqueid", "leg-1"),
        ("CallerIDName", name),
    )
    event = Event.read(sent.decode().strip())
    assert (event["Conference"], event["Uniqueid"]) == ("99", "forged")

    await fake.peers[0].send(sent)
    await watcher.until(lambda: bool(watcher.named("ConfbridgeJoin")))
    (heard,) = watcher.named("ConfbridgeJoin")
    assert (heard.get("Conference"), heard.get("Uniqueid")) == ("room-1", "leg-1")
    assert heard.get("CallerIDName") == name


async def test_4_repeated_headers_are_kept(fake: FakeAmi, link: AmiLink, watcher: Watcher) -> None:
    sent = frame(
        ("Event", "Newchannel"), ("X", "first"), ("X", "second"), ("ChanVariable", "no-equals-sign")
    )
    event = Event.read(sent.decode().strip())
    assert event["X"] == "second"
    assert event["ChanVariable"] == {}  # lost without a trace

    await fake.peers[0].send(sent)
    await watcher.until(lambda: bool(watcher.named("Newchannel")))
    (heard,) = watcher.named("Newchannel")
    assert heard.all("X") == ("first", "second")
    assert heard.get("ChanVariable") == "no-equals-sign"


# --- 5 -----------------------------------------------------------------------------------------


async def test_5_a_fault_in_a_listener_stops_nothing(fake: FakeAmi, watcher: Watcher) -> None:
    two = frame(("Event", "First")) + frame(("Event", "Second"))
    heard: list[str] = []

    def fail(event: Any, source: object) -> None:
        heard.append(event.name)
        raise RuntimeError("a bug")

    client = await greeted(fake.port)
    client.add_event_listener(fail)
    client.send(SimpleAction("Login"))
    await (await fake.peer(1)).send(two)
    await asyncio.to_thread(client._thread.join, DEADLINE)  # the reader is dead
    assert heard == ["First"]
    assert not client.finished.is_set()
    client._socket.close()

    def fail_too(event: Frame) -> None:
        watcher.on_event(event)
        raise RuntimeError("a bug")

    link = link_to(fake, watcher)
    link._on_event = fail_too
    await link.start()
    await fake.peers[1].send(two)
    await watcher.until(lambda: bool(watcher.named("Second")))
    assert [event.event for event in watcher.events] == ["FullyBooted", "First", "Second"]
    assert link.up
    await link.stop()


# --- 7 -----------------------------------------------------------------------------------------


async def test_7_no_answer_is_an_error_and_leaves_nothing_behind(
    fake: FakeAmi, link: AmiLink
) -> None:
    client = bare(fake.port, timeout=0.05)
    client._socket, other = socket.socketpair()
    assert client.send_action(SimpleAction("CoreStatus")).response is None  # no error at all…
    assert len(client._futures) == 1  # …and never forgotten
    client._socket.close()
    other.close()

    unanswered: list[Frame] = []

    async def keep(peer: FakePeer, action: Frame) -> None:
        unanswered.append(action)

    fake.replies["CoreStatus"] = keep
    with pytest.raises(AmiUnavailable, match="did not answer"):
        await link.action("CoreStatus", timeout=0.05)
    assert link.pending == 0
    # An answer that comes too late is nobody's, and harms nobody.
    await fake.action("CoreStatus")
    await fake.peers[0].ok(unanswered[0], ("Late", "yes"))
    assert (await link.action("CoreSettings")).get("Late") == ""


# --- 9, 10 -------------------------------------------------------------------------------------


class _NarrowSocket:
    """A socket whose `send` takes a few bytes at a time, as a full one does."""

    def __init__(self) -> None:
        self.sent = bytearray()

    def send(self, data: bytes) -> int:
        self.sent += data[:10]
        return 10

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[self.send(data) :]


async def test_9_actions_are_sent_whole_and_one_at_a_time() -> None:
    client = bare(1)
    client._socket = narrow = _NarrowSocket()
    client.send(SimpleAction("CoreStatus"))
    assert narrow.sent == b"Action: Co"  # the rest is lost without a word

    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(DEADLINE)
    hardened = HardenedClient(
        "127.0.0.1", 1, idle_seconds=20, on_frame=lambda f: None, on_end=lambda why: None
    )
    hardened._socket = ours

    def send_many(name: str) -> None:
        for number in range(40):
            hardened.send_headers([("Action", name), *[(f"N{number}", name * 90)] * 50])

    def receive() -> list[Frame]:
        reader = FrameReader()
        frames: list[Frame] = []
        while data := theirs.recv(65536):
            frames += reader.feed(data)
        return frames

    received = asyncio.create_task(asyncio.to_thread(receive))
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*(asyncio.to_thread(send_many, name) for name in ("aaaa", "bbbb")))
        ours.close()
        frames = await received
    theirs.close()
    for name in ("aaaa", "bbbb"):
        mine = [each for each in frames if each.get("Action") == name]
        assert [each.headers[1][0] for each in mine] == [f"N{number}" for number in range(40)]
        assert all({value for _, value in each.headers[1:]} == {name * 90} for each in mine)


async def test_9_an_action_that_left_in_part_ends_the_connection(fake: FakeAmi) -> None:
    ended = threading.Event()
    client = HardenedClient(
        "127.0.0.1",
        fake.port,
        idle_seconds=0.1,
        on_frame=lambda f: None,
        on_end=lambda why: ended.set(),
    )
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(0.1)
    client._socket = ours
    client.finished = threading.Event()
    client._thread = threading.Thread(target=client.listen)
    client._thread.start()

    def flood() -> None:
        for _ in range(1000):
            client.send_headers([("Action", "x" * 900)] * 90)

    with pytest.raises(OSError, match=r"."):
        await asyncio.to_thread(flood)
    assert await asyncio.to_thread(ended.wait, DEADLINE)
    with pytest.raises(OSError, match=r"."):
        client.send_headers([("Action", "Ping")])
    theirs.close()


async def test_10_action_ids_are_never_used_twice(fake: FakeAmi, watcher: Watcher) -> None:
    assert bare(1).next_action_id() == bare(1).next_action_id()

    links = [link_to(fake, watcher) for _ in range(2)]
    for link in links:
        await link.start()
        await link.action("CoreStatus")
    for peer in list(fake.peers):
        peer.reset()
    await watcher.until(lambda: watcher.told.count("up") == 4)
    for link in links:
        await link.action("CoreStatus")
        await link.stop()
    ids = [action.get("ActionID") for peer in fake.peers for action in peer.actions]
    assert len(fake.peers) == 4
    assert len(ids) == len(set(ids)) >= 8


# --- 11 ----------------------------------------------------------------------------------------


async def test_11_the_items_of_a_list_are_collected(
    fake: FakeAmi, link: AmiLink, watcher: Watcher
) -> None:
    client = bare(1)
    client._futures["7"] = future = FutureResponse()
    with deprecated_allowed():
        for pack in (
            "Response: Success\r\nActionID: 7\r\nEventList: start",
            "Event: Item\r\nActionID: 7\r\nNumber: 1",
        ):
            client.fire_recv_pack(pack)
    assert future.response.keys == {"ActionID": "7", "EventList": "start"}  # where is the item?

    async def listing(peer: FakePeer, action: Frame) -> None:
        mine = ("ActionID", action.get("ActionID"))
        await peer.ok(action, ("EventList", "start"))
        await peer.send(
            frame(("Event", "Item"), mine, ("Number", "1"))
            + frame(("Event", "Hangup"), ("Uniqueid", "leg-1"))
            + frame(("Event", "Item"), ("ActionID", "somebody-else"), ("Number", "9"))
            + frame(("Event", "Item"), mine, ("Number", "2"))
            + frame(("Event", "ListComplete"), mine, ("EventList", "Complete"))
        )

    fake.replies["List"] = listing
    items = await link.list("List", complete="ListComplete")
    assert [item.get("Number") for item in items] == ["1", "2"]
    assert [event.event for event in watcher.events] == ["FullyBooted", "Hangup", "Item"]
    assert link.pending == 0
