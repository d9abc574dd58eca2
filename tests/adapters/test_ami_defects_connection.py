# SPDX-License-Identifier: EUPL-1.2
"""The defects of asterisk-ami 0.1.7 that cost a connection, each with the guard that answers it.

Thirteen are known; the numbers that are missing here are in test_ami_defects_messages.
A test first shows what the bare library does, so that the guard is seen to be needed (and an
improved library shows itself), and then what our link does in the same situation.
"""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator

import pytest
from asterisk.ami import AutoReconnect
from asterisk.ami.response import FutureResponse

from bridge.telephony.asterisk.ami import AmiUnavailable
from bridge.telephony.asterisk.amiclient import HardenedClient
from bridge.telephony.asterisk.frames import Frame
from tests.adapters.bare_ami import bare, deprecated_allowed, greeted, let_go
from tests.adapters.fake_ami import BOOTED, FakeAmi, FakePeer
from tests.adapters.watched_link import DEADLINE, Watcher, link_to


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as server:
        yield server


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


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


# --- 6 -----------------------------------------------------------------------------------------


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


# --- 8 -----------------------------------------------------------------------------------------


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


# --- 12, 13 ------------------------------------------------------------------------------------


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
