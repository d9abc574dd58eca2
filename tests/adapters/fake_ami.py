# SPDX-License-Identifier: EUPL-1.2
"""A loopback AMI server that behaves as badly as a test asks: resets, stalls, splits, reorders."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeVar

from bridge.telephony.asterisk.frames import Frame, FrameReader

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"
T = TypeVar("T")
Reply = Callable[["FakePeer", Frame], Awaitable[None]]


def frame(*headers: tuple[str, str]) -> bytes:
    """Any headers as one frame, unchecked: a server may send what it likes."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\n"


@dataclass
class FakePeer:
    """One connection to the fake server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    raw: bytearray = field(default_factory=bytearray)
    """Everything the client sent."""
    actions: list[Frame] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, data: bytes, *, piece: int = 0) -> None:
        """Send bytes, whole or in pieces of `piece` bytes that arrive one by one."""
        for start in range(0, len(data), piece or max(1, len(data))):
            self.writer.write(data[start : start + (piece or len(data))])
            await self.writer.drain()
            if piece:
                await asyncio.sleep(0)

    async def ok(self, action: Frame, *more: tuple[str, str]) -> None:
        """Answer an action with success."""
        answer = frame(("Response", "Success"), ("ActionID", action.get("ActionID")), *more)
        await self.send(answer)

    def reset(self) -> None:
        """Break the connection with a TCP reset instead of an orderly end."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class FakeAmi:
    """The server. `replies` answers named actions; anything else gets a plain success.

    With `mute` nothing is answered, not even the login. `greeting` may be anything; with
    `close_at_once` there is not even that.
    """

    def __init__(self, *, greeting: bytes = GREETING, mute: bool = False) -> None:
        self.greeting = greeting
        self.mute = mute
        self.close_at_once = False
        self.replies: dict[str, Reply] = {}
        self.peers: list[FakePeer] = []
        self.port = 0
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeAmi:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def peer(self, number: int = 1) -> FakePeer:
        """The `number`-th connection (1-based), once it has logged in or said anything at all."""
        return await self._until(lambda: self.peers[number - 1] if self._spoke(number) else None)

    async def action(self, name: str, number: int = 1, *, count: int = 1) -> Frame:
        """The `count`-th action of this name on the `number`-th connection, once it has come."""

        def found() -> Frame | None:
            for peer in self.peers[number - 1 : number]:
                named = [action for action in peer.actions if action.get("Action") == name]
                if len(named) >= count:
                    return named[count - 1]
            return None

        return await self._until(found)

    def _spoke(self, number: int) -> bool:
        return len(self.peers) >= number and bool(self.peers[number - 1].actions)

    async def _until(self, find: Callable[[], T | None]) -> T:
        async with asyncio.timeout(30), self._arrived:
            while (found := find()) is None:
                await self._arrived.wait()
            return found

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(FakePeer(reader, writer)))
        self._tasks.add(task)

        def over(task: asyncio.Task[None]) -> None:
            # A task that is cancelled before its first step never runs its own ``finally``.
            writer.close()
            self._tasks.discard(task)

        task.add_done_callback(over)

    async def _serve(self, peer: FakePeer) -> None:
        self.peers.append(peer)
        frames = FrameReader()
        try:
            if self.close_at_once:
                return
            await peer.send(self.greeting)
            while data := await peer.reader.read(65536):
                peer.raw += data
                for action in frames.feed(data):
                    peer.actions.append(action)
                    await self._note()
                    await self._answer(peer, action)
        except OSError:
            pass
        finally:
            peer.closed.set()
            peer.writer.close()
            with suppress(OSError):
                await peer.writer.wait_closed()

    async def _note(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def _answer(self, peer: FakePeer, action: Frame) -> None:
        name = action.get("Action")
        if name in self.replies:
            await self.replies[name](peer, action)
        elif not self.mute:
            await peer.ok(action)
            if name == "Login" and action.get("Events") == "on":
                await peer.send(BOOTED)
