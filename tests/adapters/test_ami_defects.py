# SPDX-License-Identifier: EUPL-1.2
"""The thirteen known defects of asterisk-ami 0.1.7, each with the guard that answers it.

A test first shows what the bare library does, so that the guard is seen to be needed (and an
improved library shows itself), and then what our link does in the same situation.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from asterisk.ami import Action, AMIClient, AutoReconnect, SimpleAction
from asterisk.ami.event import Event
from asterisk.ami.response import FutureResponse

from bridge.telephony.asterisk.ami import AmiLink, AmiUnavailable
from bridge.telephony.asterisk.amiclient import HardenedClient
from bridge.telephony.asterisk.frames import Frame, FrameReader
from tests.adapters.fake_ami import BOOTED, FakeAmi, FakePeer, frame

DEADLINE = 30


class Watcher:
    """What a link tells, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[Frame] = []
        self.told: list[str] = []
        self.news = asyncio.Event()

    def on_event(self, event: Frame) -> None:
        self.events.append(event)
        self.news.set()

    def note(self, what: str) -> Callable[[], None]:
        def write() -> None:
            self.told.append(what)
            self.news.set()

        return write

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not true():
                self.news.clear()
                await self.news.wait()

    def named(self, name: str) -> list[Frame]:
        return [event for event in self.events if event.event == name]


def link_to(fake: FakeAmi, watcher: Watcher, *, idle_seconds: float = 20.0) -> AmiLink:
    return AmiLink(
        "127.0.0.1",
        fake.port,
        "bridge-reader",
        "secret",
        on_event=watcher.on_event,
        events=True,
        idle_seconds=idle_seconds,
        on_up=watcher.note("up"),
        on_down=watcher.note("down"),
    )


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


def bare(port: int, **options: Any) -> Any:
    return AMIClient(address="127.0.0.1", port=port, **options)


async def greeted(port: int, **options: Any) -> Any:
    """A bare client that is past the greeting, before which it fails badly (defect 12)."""
    passed = threading.Event()
    client = bare(port, on_connect=lambda source: passed.set(), **options)
    await asyncio.to_thread(client.connect)
    assert await asyncio.to_thread(passed.wait, DEADLINE)
    return client


async def let_go(client: Any) -> None:
    """End a bare client; it would not by itself."""
    with suppress(OSError):
        client._socket.shutdown(socket.SHUT_RDWR)
    client._socket.close()
    await asyncio.to_thread(client._thread.join, DEADLINE)


@contextmanager
def deprecated_allowed() -> Iterator[None]:
    """The library calls deprecated functions where defect 8 is not the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


# --- 1 -----------------------------------------------------------------------------------------


async def test_1_an_idle_link_is_kept_alive(fake: FakeAmi, watcher: Watcher) -> None:
    endings: list[object] = []
    client = await greeted(
        fake.port, timeout=0.2, on_disconnect=lambda source, error: endings.append(error)
    )
    await asyncio.to_thread(client._thread.join, DEADLINE)
    assert [type(ending) for ending in endings] == [TimeoutError]  # dead after a short silence…
    assert not client.finished.is_set()  # …and it does not even know
    client._socket.close()

    link = link_to(fake, watcher, idle_seconds=1.2)
    await link.start()
    await fake.action("Ping", 2, count=4)
    # Four Pings are more than the idle deadline.
    assert link.up
    assert watcher.told == ["up"]
    await link.stop()


async def test_1_a_link_that_stalls_is_found_dead(fake: FakeAmi, watcher: Watcher) -> None:
    async def say_nothing(peer: FakePeer, action: Frame) -> None:
        fake.mute = True

    fake.replies["Ping"] = say_nothing
    link = link_to(fake, watcher, idle_seconds=0.6)
    await link.start()
    await watcher.until(lambda: watcher.told == ["up", "down"])
    assert not link.up
    with pytest.raises(AmiUnavailable):
        await link.action("CoreStatus")
    await link.stop()


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


# --- 5, 6 --------------------------------------------------------------------------------------


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


async def test_6_a_reset_link_is_rebuilt(fake: FakeAmi, watcher: Watcher) -> None:
    lost = threading.Semaphore(0)
    client = bare(fake.port, timeout=5)
    reconnect = AutoReconnect(client, delay=0.01, on_disconnect=lambda *a: lost.release())
    with deprecated_allowed():
        future = await asyncio.to_thread(client.login, "user", "secret")
        assert (await asyncio.to_thread(lambda: future.response)).status == "Success"
        (await fake.peer(1)).reset()
        for _ in range(5):
            assert await asyncio.to_thread(lost.acquire, timeout=DEADLINE)
        assert len(fake.peers) == 1  # told five times that it is lost, never rebuilt
        reconnect.finished.set()
        await asyncio.to_thread(reconnect.join, DEADLINE)
    await let_go(client)

    link = link_to(fake, watcher)
    await link.start()
    fake.peers[1].reset()
    await watcher.until(lambda: watcher.told == ["up", "down", "up"])
    assert len(fake.peers) == 3
    await link.action("CoreStatus")
    await link.stop()


# --- 7, 8 --------------------------------------------------------------------------------------


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


async def test_8_nothing_blocks_when_warnings_are_errors(fake: FakeAmi, watcher: Watcher) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        future = FutureResponse()
        with pytest.raises(DeprecationWarning):
            future.response = object()
        # The lock was never released: whoever waits for the answer waits for ever.
        assert not await asyncio.to_thread(future._lock.acquire, False)

        link = link_to(fake, watcher)
        await link.start()
        assert (await link.action("CoreStatus")).response == "Success"
        await link.stop()


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


# --- 11, 12, 13 --------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("greeting", "mute"),
    [(b"", False), (b"SSH-2.0-OpenSSH\r\n", False), (b"", True), (b"Asterisk Call Man", True)],
    ids=["closed at once", "something else", "silent", "half a greeting"],
)
async def test_12_a_failure_before_the_greeting_is_told(
    greeting: bytes, mute: bool, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeAmi(greeting=greeting, mute=mute) as fake:
        fake.close_at_once = not mute and not greeting
        told: list[object] = []
        unhandled: list[object] = []
        with monkeypatch.context() as patch:
            patch.setattr(threading, "excepthook", unhandled.append)
            client = bare(
                fake.port, timeout=0.2, on_disconnect=lambda source, error: told.append(error)
            )
            await asyncio.to_thread(client.connect)
            await asyncio.to_thread(client._thread.join, DEADLINE)
            client._socket.close()
        assert told == []  # nobody learns of it…
        assert len(unhandled) == 1  # …but a traceback is printed

        link = link_to(fake, watcher, idle_seconds=0.3)
        with pytest.raises(AmiUnavailable, match="correct the address"):
            await link.start()
        assert watcher.told == []
        assert not link.up


async def test_13_disconnecting_does_not_wait_for_the_idle_deadline(fake: FakeAmi) -> None:
    unnoticed = 0
    for _ in range(5):  # for once the reader may just not have been waiting
        client = await greeted(fake.port, timeout=0.5)
        client._timeout = 0.05  # how long `disconnect` waits; the socket keeps its half second
        await asyncio.to_thread(client.disconnect)
        unnoticed += client._thread.is_alive()  # the socket is closed, and the reader goes on
        await asyncio.to_thread(client._thread.join, DEADLINE)
    assert unnoticed > 0

    hardened = HardenedClient(
        "127.0.0.1", fake.port, idle_seconds=3600, on_frame=lambda f: None, on_end=lambda why: None
    )
    await asyncio.to_thread(hardened.connect)
    async with asyncio.timeout(DEADLINE):
        await asyncio.to_thread(hardened.close)
    assert not hardened._thread.is_alive()


async def test_13_stopping_a_link_does_not_wait_either(fake: FakeAmi, watcher: Watcher) -> None:
    link = link_to(fake, watcher, idle_seconds=3600)
    await link.start()
    async with asyncio.timeout(DEADLINE):
        await link.stop()
    assert watcher.told == ["up", "down"]
    await asyncio.wait_for(fake.peers[0].closed.wait(), DEADLINE)


async def test_the_booted_event_is_awaited(watcher: Watcher) -> None:
    async with FakeAmi() as fake:
        login: list[tuple[FakePeer, Frame]] = []

        async def not_yet(peer: FakePeer, action: Frame) -> None:
            login.append((peer, action))
            await peer.ok(action)

        fake.replies["Login"] = not_yet
        link = link_to(fake, watcher, idle_seconds=0.6)
        starting = asyncio.create_task(link.start())
        await fake.action("Ping")  # logged in and kept alive, but not ready
        assert not link.up
        assert not starting.done()
        await login[0][0].send(BOOTED)
        await asyncio.wait_for(starting, DEADLINE)
        assert watcher.told == ["up"]
        await link.stop()
