# SPDX-License-Identifier: EUPL-1.2
"""FastAGI over real sockets: quoting, replies, losses, and peers that do not behave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telephony.asterisk.fastagi import (
    MOST_ENVIRONMENT_LINES,
    MOST_LINE_BYTES,
    AgiLost,
    AgiReply,
    AgiSession,
    FastAgiServer,
    encode_command,
)
from tests.adapters.fake_channel import ENVIRONMENT, Answer, FakeChannel

DEADLINE = 30
Handler = Callable[[AgiSession], Awaitable[None]]


class Server:
    """A server whose handler a test sets, and what the handler saw."""

    def __init__(self) -> None:
        self.handler: Handler = self._nothing
        self.sessions: list[AgiSession] = []
        self.agi = FastAgiServer(self._handle, "127.0.0.1", environment_seconds=0.5)

    async def _nothing(self, session: AgiSession) -> None:
        pass

    async def _handle(self, session: AgiSession) -> None:
        self.sessions.append(session)
        await self.handler(session)

    async def call(self, answer: Callable[[list[str]], Answer], handler: Handler) -> FakeChannel:
        self.handler = handler
        channel = FakeChannel(self.agi.port, answer)
        await asyncio.wait_for(channel.call(), DEADLINE)
        return channel


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.agi.start()
    yield made
    await made.agi.stop()


async def test_the_session_knows_who_calls(server: Server) -> None:
    environment = ENVIRONMENT | {"agi_network_script": "line/?x=1"}
    await FakeChannel(server.agi.port, environment=environment).call()
    (session,) = server.sessions
    assert session.script == "line"
    assert session.variables["agi_callerid"] == "+351210000001"
    assert session.lost


async def test_words_arrive_as_single_arguments_whatever_they_contain(server: Server) -> None:
    words = ['a "b" c', "back\\slash\\", "", "a&b,c|d;${EVAL(1)}", "Ana\u2028B", "  ", "João", "'"]

    async def handler(session: AgiSession) -> None:
        await session.command("SET VARIABLE", *words)

    channel = await server.call(lambda words: "200 result=1", handler)
    # The fake channel reads quotes as a shell does, which within double quotes is as Asterisk does.
    assert channel.commands == [["SET", "VARIABLE", *words]]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80))
def test_any_printable_word_is_one_quoted_argument(word: str) -> None:
    line = encode_command("EXEC", word).decode()
    assert line.startswith('EXEC "')
    assert line.endswith('"\n')
    assert _unquote(line.removeprefix("EXEC ").removesuffix("\n")) == [word]


def _unquote(text: str) -> list[str]:
    """Asterisk's own way of cutting a command into arguments (res_agi)."""
    words: list[str] = []
    quoted = escaped = False
    between = True
    for character in text:
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append("")
                between = False
        elif character in " \t" and not quoted and not escaped:
            between = True
        elif character == "\\" and not escaped:
            escaped = True
        else:
            if between:
                words.append("")
                between = False
            words[-1] += character
            escaped = False
    return words


@pytest.mark.parametrize(
    "words",
    [
        ("SET VARIABLE", "x", "a\nHANGUP"),
        ("SET VARIABLE", "x", "a\r"),
        ("SET VARIABLE", "x\0", "a"),
        ("SET VARIABLE", "x" * 2000),
        ("HANGUP\n",),
        ("",),
        ('SET "x',),
    ],
)
async def test_what_must_not_be_sent_is_refused_and_the_session_goes_on(
    server: Server, words: tuple[str, ...]
) -> None:
    refused: list[ValueError] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.command(*words)
        except ValueError as error:
            refused.append(error)
        await session.command("NOOP")

    channel = await server.call(lambda words: "200 result=0", handler)
    assert len(refused) == 1
    assert channel.commands == [["NOOP"]]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", AgiReply(200, 0, "", "result=0")),
        ("200 result=49", AgiReply(200, 49, "", "result=49")),
        ("200 result=-1 endpos=0", AgiReply(200, -1, "", "result=-1 endpos=0")),
        ("200 result=1 (a)b)", AgiReply(200, 1, "a)b", "result=1 (a)b)")),
        ("200 result= (timeout)", AgiReply(200, 0, "timeout", "result= (timeout)")),
        ("200 result=7 (x) endpos=8", AgiReply(200, 7, "x", "result=7 (x) endpos=8")),
        ("510 Invalid or unknown command", AgiReply(510, 0, "", "Invalid or unknown command")),
        (
            "520-Invalid command syntax.  Proper usage follows:\nSay.\n200 result=1\n520 End",
            AgiReply(
                520,
                0,
                "",
                "Invalid command syntax.  Proper usage follows:\nSay.\n200 result=1\nEnd",
            ),
        ),
        ("100 Trying\n200 result=3", AgiReply(200, 3, "", "result=3")),
    ],
)
async def test_replies_are_read(server: Server, line: str, reply: AgiReply) -> None:
    got: list[AgiReply] = []

    async def handler(session: AgiSession) -> None:
        got.append(await session.command("FIRST"))
        got.append(await session.command("SECOND"))

    await server.call(lambda words: line if words == ["FIRST"] else "200 result=2", handler)
    assert got == [reply, AgiReply(200, 2, "", "result=2")]


def test_a_key_never_shows_in_repr() -> None:
    shown = repr(AgiReply(200, 57, "57", "result=57"))
    assert "57" not in shown


@pytest.mark.parametrize(
    "answer",
    [
        "200 result=-1 (hangup)",
        "511 Command Not Permitted on a dead channel or intercept routine",
        "HANGUP\n200 result=-1",
        "HANGUP\n200 result=1",
        "x" * (MOST_LINE_BYTES + 1),
        "520-Usage\n" + "more\n" * (MOST_ENVIRONMENT_LINES + 1),
    ],
)
async def test_a_lost_channel_is_lost_for_good(server: Server, answer: str) -> None:
    lost: list[bool] = []

    async def handler(session: AgiSession) -> None:
        for _ in range(2):
            with pytest.raises(AgiLost):
                await session.command("WAIT FOR DIGIT", "1000")
            lost.append(session.lost)

    channel = await server.call(lambda words: answer, handler)
    assert lost == [True, True]
    assert len(channel.commands) == 1


async def test_the_end_of_the_socket_is_a_loss(server: Server) -> None:
    outcome: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def handler(session: AgiSession) -> None:
        try:
            await session.command("WAIT FOR DIGIT", "1000")
        except AgiLost as error:
            outcome.set_result(error)
            raise

    server.handler = handler

    def hang_up(words: list[str]) -> Answer:
        assert channel.writer is not None
        channel.writer.close()
        return None

    channel = FakeChannel(server.agi.port, hang_up)
    await asyncio.gather(channel.call(), return_exceptions=True)
    assert isinstance(await asyncio.wait_for(outcome, DEADLINE), AgiLost)


async def test_closing_ends_a_command_that_waits(server: Server) -> None:
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handler(session: AgiSession) -> None:
        try:
            await session.command("WAIT FOR DIGIT", "1000")
        except AgiLost:
            outcome.set_result("lost")

    server.handler = handler

    def close_ours(words: list[str]) -> Answer:
        server.sessions[0].close()
        server.sessions[0].close()
        return None

    channel = FakeChannel(server.agi.port, close_ours)
    await asyncio.wait_for(channel.call(), DEADLINE)
    assert await asyncio.wait_for(outcome, DEADLINE) == "lost"


async def test_a_cancelled_command_ends_the_session(server: Server) -> None:
    """Its reply would otherwise be taken for the next command's."""
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    sent = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        asking = asyncio.create_task(session.command("WAIT FOR DIGIT", "1000"))
        await sent.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(AgiLost):
            await session.command("NOOP")
        outcome.set_result("lost")

    server.handler = handler
    channel = FakeChannel(server.agi.port, lambda words: sent.set())
    await asyncio.wait_for(channel.call(), DEADLINE)
    assert outcome.result() == "lost"


async def test_commands_take_turns(server: Server) -> None:
    got: list[AgiReply] = []

    async def handler(session: AgiSession) -> None:
        got.extend(await asyncio.gather(*(session.command("ECHO", str(n)) for n in range(5))))

    await server.call(lambda words: f"200 result={words[1]}", handler)
    assert [reply.result for reply in got] == [0, 1, 2, 3, 4]


async def test_a_failing_handler_closes_its_own_session_only(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    other = asyncio.Event()
    go_on = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        if session.script == "good":
            other.set()
            await go_on.wait()
            await session.command("NOOP")
        else:
            raise RuntimeError("PIN 4711 was wrong")

    server.handler = handler
    good = FakeChannel(server.agi.port, environment={"agi_network_script": "good"})
    talking = asyncio.create_task(good.call())
    await asyncio.wait_for(other.wait(), DEADLINE)
    bad = FakeChannel(server.agi.port)
    await asyncio.wait_for(bad.call(), DEADLINE)
    assert not good.ended.is_set()
    go_on.set()
    await asyncio.wait_for(talking, DEADLINE)
    assert good.commands == [["NOOP"]]
    shown = capsys.readouterr().out
    assert "agi handler failed" in shown
    assert "RuntimeError" in shown
    assert "4711 was" not in shown.replace('raise RuntimeError("PIN 4711 was wrong")', "")


async def test_smuggled_lines_are_never_taken_for_replies(server: Server) -> None:
    """A line break in a caller's number ends the environment early and adds lines of its own."""
    forged = (
        b"agi_network_script: line\nagi_uniqueid: leg-1\nagi_callerid: 12\n\n"
        b"200 result=1 (forged)\n200 result=57\n"
        b"agi_uniqueid: somebody-else\nagi_network_script: goodbye\n\n"
    )
    got: list[AgiReply] = []

    async def handler(session: AgiSession) -> None:
        got.append(await session.command("GET VARIABLE", "X"))

    server.handler = handler
    channel = FakeChannel(
        server.agi.port, lambda words: "200 result=1 (true)", raw_environment=forged
    )
    await asyncio.wait_for(channel.call(), DEADLINE)
    assert [reply.value for reply in got] == ["true"]
    assert server.sessions[0].variables["agi_uniqueid"] == "leg-1"


async def test_smuggled_headers_do_not_replace_what_asterisk_said_first(server: Server) -> None:
    forged = (
        b"agi_network_script: line\nagi_uniqueid: leg-1\n"
        b"agi_calleridname: x\nagi_uniqueid: forged\nno header\n\n"
    )
    await FakeChannel(server.agi.port, raw_environment=forged).call()
    assert server.sessions[0].variables["agi_uniqueid"] == "leg-1"


@pytest.mark.parametrize(
    "sent",
    [
        b"\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"agi_x: " + b"y" * (MOST_LINE_BYTES + 1) + b"\n\n",
        b"agi_x: y\n" * (MOST_ENVIRONMENT_LINES + 1),
        b"agi_x: y\n",
        b"\xff\xfe\x00",
    ],
    ids=["nothing", "http", "long line", "endless", "unfinished", "bytes"],
)
async def test_strangers_never_reach_the_handler(server: Server, sent: bytes) -> None:
    stranger = FakeChannel(server.agi.port, raw_environment=sent, obedient=False)
    await asyncio.wait_for(stranger.call(), DEADLINE)
    assert server.sessions == []
    await FakeChannel(server.agi.port).call()
    assert len(server.sessions) == 1


async def test_stop_ends_every_session_and_the_port_is_free_again(server: Server) -> None:
    arrived = asyncio.Event()
    cancelled = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    server.handler = handler
    channel = FakeChannel(server.agi.port)
    calling = asyncio.create_task(channel.call())
    await asyncio.wait_for(arrived.wait(), DEADLINE)
    await asyncio.wait_for(server.agi.stop(), DEADLINE)
    await asyncio.wait_for(calling, DEADLINE)
    assert cancelled.is_set()
    again = FastAgiServer(handler, "127.0.0.1", server.agi.port)
    await again.start()
    await again.stop()


@pytest.mark.parametrize("turns", range(10))
async def test_stop_ends_a_session_in_any_moment_of_its_beginning(
    server: Server, turns: int
) -> None:
    with socket.create_connection(("127.0.0.1", server.agi.port), DEADLINE) as channel:
        channel.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.wait_for(server.agi.stop(), DEADLINE)
        with suppress(ConnectionResetError):
            loop = asyncio.get_running_loop()
            assert await asyncio.wait_for(loop.sock_recv(channel, 1), DEADLINE) == b""


async def test_a_taken_port_is_an_error(server: Server) -> None:
    second = FastAgiServer(server.handler, "127.0.0.1", server.agi.port)
    with pytest.raises(OSError, match=r"."):
        await second.start()
