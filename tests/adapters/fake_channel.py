# SPDX-License-Identifier: EUPL-1.2
"""A channel's side of FastAGI over a real socket: asks for a conversation and obeys commands."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress

ENVIRONMENT = {
    "agi_network": "yes",
    "agi_network_script": "line",
    "agi_request": "agi://127.0.0.1/line",
    "agi_channel": "PJSIP/carrier-00000001",
    "agi_uniqueid": "leg-1",
    "agi_callerid": "+351210000001",
    "agi_calleridname": "Ana",
    "agi_dnid": "218106191",
}
Answer = str | None
"""What to reply; nothing means: never."""


class FakeChannel:
    """Connects to a FastAGI server and answers each command with `answer(words)`.

    The nonce by which the server synchronises is answered as Asterisk does, unless `obedient` is
    off.
    """

    def __init__(
        self,
        port: int,
        answer: Callable[[list[str]], Answer] = lambda words: "200 result=0",
        *,
        environment: Mapping[str, str] = ENVIRONMENT,
        raw_environment: bytes | None = None,
        obedient: bool = True,
    ) -> None:
        self._port = port
        self._answer = answer
        lines = "".join(f"{name}: {value}\n" for name, value in environment.items())
        self._environment = raw_environment or lines.encode() + b"\n"
        self._obedient = obedient
        self.commands: list[list[str]] = []
        self.raw: list[bytes] = []
        self.ended = asyncio.Event()
        """The server closed its side: the channel would go on in the dialplan."""
        self.writer: asyncio.StreamWriter | None = None

    async def call(self) -> None:
        """Connect, ask for the conversation and obey until the server lets go."""
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            self.writer.write(self._environment)
            while line := await reader.readline():
                await self._obey(line)
        except OSError:
            pass
        finally:
            self.ended.set()
            self.writer.close()
            with suppress(OSError):
                await self.writer.wait_closed()

    async def _obey(self, line: bytes) -> None:
        assert self.writer is not None
        nonce = re.fullmatch(rb'GET FULL VARIABLE "([0-9a-f]+)"\n', line)
        if nonce and self._obedient:
            self.writer.write(b"200 result=1 (%s)\n" % nonce[1])
            return
        self.raw.append(line)
        words = shlex.split(line.decode())
        self.commands.append(words)
        answer = self._answer(words)
        if answer is not None:
            self.writer.write(answer.encode() + b"\n")
        await self.writer.drain()
