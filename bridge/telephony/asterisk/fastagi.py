# SPDX-License-Identifier: EUPL-1.2
"""FastAGI: Asterisk opens a socket for each conversation and obeys the commands sent over it.

The protocol is lines of text: the environment first (``agi_uniqueid: …``, ended by an empty line),
then one reply for each command. Everything read here may carry text that a stranger on the
telephone network chose, so sizes are bounded and nothing malformed reaches a handler.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

import structlog

log = structlog.get_logger(__name__)

MOST_LINE_BYTES = 8 * 1024
"""A longer line ends the session."""
MOST_ENVIRONMENT_LINES = 300
"""Asterisk sends about two dozen, and up to 128 arguments."""
MOST_COMMAND_BYTES = 2000
"""Asterisk reads commands into a buffer of 2048 bytes."""
ENVIRONMENT_SECONDS = 10.0
"""How long a connection may take to present itself."""

_VERB = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REPLY = re.compile(r"(\d{3})([ -])(.*)", re.DOTALL)
_RESULT = re.compile(r"result=(-?\d*)(?: \((.*)\))?")


class AgiLost(Exception):
    """The channel or its socket is gone; nothing more can be said on this session."""


@dataclass(frozen=True, slots=True)
class AgiReply:
    """What Asterisk answered to one command. A result may be a pressed key: `repr` hides it."""

    code: int
    """200 done, 510 unknown command, 520 wrong arguments."""
    result: int = field(repr=False)
    """The number after ``result=``; 0 when there is none."""
    value: str = field(repr=False)
    """The part in parentheses, or nothing."""
    text: str = field(repr=False)
    """The whole reply after the code; several lines for a 520."""


class AgiSession:
    """One channel that waits for commands."""

    def __init__(
        self,
        variables: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.variables: Mapping[str, str] = MappingProxyType(dict(variables))
        """The environment under its full names (``agi_uniqueid``). Hostile text."""
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._lost = False

    @property
    def script(self) -> str:
        """The path of the ``agi://`` address that the dialplan named, without query."""
        return self.variables.get("agi_network_script", "").partition("?")[0].strip("/")

    @property
    def lost(self) -> bool:
        """Whether the session is known to be over."""
        return self._lost

    async def command(self, verb: str, *words: str) -> AgiReply:
        """Have Asterisk perform one command and return its reply.

        `verb` is the command's name (``STREAM FILE``); each of `words` arrives as exactly one
        argument, whatever it contains. Raises `ValueError` for control characters and over-long
        commands, before anything is sent, and `AgiLost` when the channel hung up, was moved
        elsewhere, or the socket closed. One command runs at a time; others wait their turn.
        A cancelled command leaves a reply nobody awaits, so it ends the session.
        """
        line = encode_command(verb, *words)
        async with self._turn:
            if self._lost:
                raise AgiLost("the AGI session is over")
            try:
                self._writer.write(line)
                await self._writer.drain()
                return await self._reply()
            except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
                self.close()
                raise AgiLost("the AGI session ended during a command") from None
            except asyncio.CancelledError:
                self.close()
                raise

    def close(self) -> None:
        """Close our side, so that the channel goes on in the dialplan. May be called twice."""
        self._lost = True
        self._writer.close()

    async def _reply(self) -> AgiReply:
        """The reply to the command just sent. Raises as the stream does, and `AgiLost`."""
        usage: list[str] = []
        hung_up = False
        while True:
            line = await _line(self._reader)
            if line.startswith("HANGUP"):
                # Told out of turn: the reply that is due still follows.
                hung_up = True
                continue
            shape = _REPLY.fullmatch(line)
            if usage and (shape is None or shape[1] != "520" or shape[2] == "-"):
                usage.append(line)
                _refuse_flood(usage)
                continue
            if shape is None or shape[1].startswith("1"):
                continue
            code, text = int(shape[1]), shape[3]
            if shape[2] == "-":
                usage = [text]
                continue
            reply = _parsed(code, "\n".join([*usage, text]) if usage else text)
            gone = hung_up or code == 511 or (reply.result == -1 and reply.value == "hangup")
            if gone:
                self._lost = True
                raise AgiLost("the channel hung up")
            return reply

    async def synchronise(self) -> None:
        """Skip whatever is still unread, up to the answer to a question nobody could foresee.

        A line break smuggled into a caller's name or number would end the environment early and
        leave lines behind that look like replies. Raises `AgiLost`.
        """
        nonce = secrets.token_hex(16)
        async with self._turn:
            try:
                self._writer.write(encode_command("GET FULL VARIABLE", nonce))
                await self._writer.drain()
                for _ in range(MOST_ENVIRONMENT_LINES):
                    line = await _line(self._reader)
                    if line == f"200 result=1 ({nonce})":
                        return
            except (OSError, EOFError, asyncio.LimitOverrunError):
                pass
        self.close()
        raise AgiLost("the AGI session could not be synchronised")


def encode_command(verb: str, *words: str) -> bytes:
    """One command as the line that is sent. Raises `ValueError` for what must not be sent."""
    if not _VERB.fullmatch(verb):
        raise ValueError("an AGI command's name is letters and single spaces")
    parts = [verb]
    for word in words:
        if _CONTROL.search(word):
            raise ValueError("an AGI argument must not contain control characters")
        escaped = word.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'"{escaped}"')
    line = " ".join(parts).encode("utf-8", errors="strict")
    if len(line) > MOST_COMMAND_BYTES:
        raise ValueError(f"an AGI command is at most {MOST_COMMAND_BYTES} bytes long")
    return line + b"\n"


def _parsed(code: int, text: str) -> AgiReply:
    shape = _RESULT.match(text)
    if shape is None:
        return AgiReply(code, 0, "", text)
    number = shape[1] if shape[1] not in ("", "-") else "0"
    return AgiReply(code, int(number), shape[2] or "", text)


def _refuse_flood(lines: list[str]) -> None:
    if len(lines) > MOST_ENVIRONMENT_LINES:
        raise ValueError("the reply never ends")


async def _line(reader: asyncio.StreamReader) -> str:
    """The next line without its end. Raises `EOFError`, `OSError` or `LimitOverrunError`."""
    raw = await reader.readuntil(b"\n")
    return raw.rstrip(b"\r\n").decode("utf-8", errors="replace")


async def _environment(reader: asyncio.StreamReader) -> dict[str, str]:
    """Read the environment. Raises `ValueError` when it is not one, or as the stream does.

    The first occurrence of a name wins: Asterisk writes the channel's own identity before
    anything a caller can influence.
    """
    variables: dict[str, str] = {}
    line = ""
    for _ in range(MOST_ENVIRONMENT_LINES):
        line = await _line(reader)
        if not line:
            break
        name, colon, value = line.partition(":")
        if not colon or not name.startswith("agi_"):
            continue
        variables.setdefault(name, value.removeprefix(" "))
    if line or not variables:
        raise ValueError("this is no AGI environment")
    return variables


def _log_failure(error: Exception) -> None:
    """Say what failed and where, without the error's own words: they may hold what was keyed."""
    log.error(
        "agi handler failed",
        error=type(error).__name__,
        where="".join(traceback.format_tb(error.__traceback__)[-3:]),
    )


class FastAgiServer:
    """Listens for Asterisk and gives each session to a handler, each in its own task.

    When the handler returns, or fails, its session is closed and the channel goes on in the
    dialplan. A failure is logged without the error's text, which could hold what was keyed, and
    touches no other session.
    """

    def __init__(
        self,
        handler: Callable[[AgiSession], Awaitable[None]],
        host: str,
        port: int = 0,
        *,
        environment_seconds: float = ENVIRONMENT_SECONDS,
    ) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._environment_seconds = environment_seconds
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port listened on; the one the system chose when 0 was asked for."""
        return self._port

    async def start(self) -> None:
        """Begin to listen. Raises `OSError` naming the address when the port is taken."""
        self._server = await asyncio.start_server(
            self._accept, self._host, self._port, limit=MOST_LINE_BYTES
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every session; Asterisk goes on with its dialplan."""
        if self._server is not None:
            # A connection that asyncio has taken, but made no transport for, would be neither
            # served nor closed once the server is (CPython 3.11, `Server._attach`). So take no
            # more first, and let those have their turn.
            for listening in self._server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            await asyncio.sleep(0)
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            # Taken from the queue of connections just before we stopped listening.
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

        def over(task: asyncio.Task[None]) -> None:
            # A task that is cancelled before its first step never runs its own ``finally``.
            writer.close()
            self._tasks.discard(task)

        task.add_done_callback(over)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = None
        try:
            session = await self._greet(reader, writer)
            if session is not None:
                await self._handler(session)
        except AgiLost:
            log.debug("agi session lost")
        except Exception as error:  # noqa: BLE001 -- one session's fault must not touch another's
            _log_failure(error)
        finally:
            if session is not None:
                session.close()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AgiSession | None:
        """Read who is calling; nothing when it is not an Asterisk that behaves."""
        try:
            async with asyncio.timeout(self._environment_seconds):
                variables = await _environment(reader)
                session = AgiSession(variables, reader, writer)
                await session.synchronise()
                return session
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, AgiLost) as error:
            log.warning("agi connection refused", error=type(error).__name__)
            return None
