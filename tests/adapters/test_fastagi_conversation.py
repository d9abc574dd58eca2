# SPDX-License-Identifier: EUPL-1.2
"""Turns over AGI: what is sent, what is heard, and that no key is lost or shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bridge.clock import SystemClock
from bridge.ivr.script import (
    ALL_KEYS,
    Ask,
    Heard,
    HungUp,
    Keys,
    Said,
    Say,
    Silence,
    Taken,
    Turn,
    Wait,
)
from bridge.telephony.asterisk.conversation import AgiConversation
from bridge.telephony.asterisk.fastagi import AgiLost, AgiSession, FastAgiServer
from tests.adapters.fake_channel import ENVIRONMENT, Answer, FakeChannel

DEADLINE = 30
MISSING = "200 result=-1 endpos=0"


def key(digit: str) -> str:
    return f"200 result={ord(digit)}"


class Phone:
    """Answers commands as Asterisk would for somebody who keys these digits.

    ``.`` is a moment without a key: the command it meets times out, or the prompt ends by itself.
    When the digits are used up, nobody keys anything any more.
    """

    def __init__(self, digits: str = "") -> None:
        self.digits = list(digits)
        self.missing: set[str] = set()
        self.gone = False
        self.others: dict[str, str] = {}

    def __call__(self, words: list[str]) -> Answer:
        if self.gone:
            return "511 Command Not Permitted on a dead channel or intercept routine"
        name = " ".join(words[:2])
        if name == "STREAM FILE" and words[2].rpartition("/")[2] in self.missing:
            return MISSING
        if name in ("STREAM FILE", "WAIT FOR"):
            if not self.digits:
                return "200 result=0"
            digit = self.digits.pop(0)
            if digit == "!":
                self.gone = True
                return "200 result=-1"
            return "200 result=0" if digit == "." else key(digit)
        return self.others.get(name, "200 result=1")


class Talk:
    """One conversation between a played phone and turns that a test performs."""

    def __init__(self) -> None:
        self.server = FastAgiServer(self._handle, "127.0.0.1")
        self.channel = FakeChannel(0)
        self.heard: list[Heard | Taken] = []
        self.conversation: AgiConversation | None = None
        self._do: Callable[[AgiConversation], Awaitable[None]] | None = None

    async def _handle(self, session: AgiSession) -> None:
        self.conversation = AgiConversation(
            session, lambda prompt, language: f"/prompts/{language}/{prompt}", SystemClock()
        )
        assert self._do is not None
        try:
            await self._do(self.conversation)
        finally:
            await self.conversation.close()

    async def do(
        self,
        phone: Callable[[list[str]], Answer],
        work: Callable[[AgiConversation], Awaitable[None]],
    ) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def handle(conversation: AgiConversation) -> None:
            try:
                await work(conversation)
                done.set_result(None)
            except BaseException as error:
                done.set_exception(error)
                raise

        self._do = handle
        self.channel = FakeChannel(self.server.port, phone)
        async with asyncio.timeout(DEADLINE):
            await self.channel.call()
            await done

    async def turns(
        self, phone: Callable[[list[str]], Answer], *turns: Turn
    ) -> list[Heard | Taken]:
        async def perform(conversation: AgiConversation) -> None:
            for turn in turns:
                self.heard.append(await conversation.perform(turn))

        await self.do(phone, perform)
        return self.heard

    def sent(self, *names: str) -> list[list[str]]:
        return [words for words in self.channel.commands if " ".join(words[:2]) in names]


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    made = Talk()
    await made.server.start()
    yield made
    await made.server.stop()


async def until(true: Callable[[], bool]) -> None:
    """Let the others run until something is true."""
    async with asyncio.timeout(DEADLINE):
        for _ in iter(true, True):
            await asyncio.sleep(0)


def digits_of(heard: Heard | Taken) -> str:
    assert isinstance(heard, Keys)
    assert heard.at is not None
    return heard.digits


async def test_prompts_are_streamed_in_order_and_any_key_cuts_them_short(talk: Talk) -> None:
    heard = await talk.turns(Phone("..5"), Say(("one", "two"), "pt"), Say(("three", "four"), "en"))
    assert heard[0] == Said()
    assert digits_of(heard[1]) == "5"
    assert talk.sent("STREAM FILE") == [
        ["STREAM", "FILE", f"/prompts/{path}", ALL_KEYS]
        for path in ("pt/one", "pt/two", "en/three")
    ]


@pytest.mark.parametrize(
    ("keyed", "ask", "digits"),
    [
        ("1234", Ask(("p",), "pt", 4), "1234"),
        (".1234", Ask(("p",), "pt", 4), "1234"),
        (".12.34", Ask(("p",), "pt", 4), "12"),
        (".12#", Ask(("p",), "pt", 4, finish_key="#"), "12"),
        ("#", Ask(("p",), "pt", 4, finish_key="#"), ""),
        ("..*0#", Ask(("p", "q"), "pt", 3), "*0#"),
        ("7", Ask((), "pt", 1), "7"),
    ],
)
async def test_an_entry_is_collected(talk: Talk, keyed: str, ask: Ask, digits: str) -> None:
    before = datetime.now(UTC)
    (heard,) = await talk.turns(Phone(keyed), ask)
    assert digits_of(heard) == digits
    assert isinstance(heard, Keys)
    assert heard.at is not None
    assert before <= heard.at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("keyed", "digits", "finished"),
    [("0#", "0", True), ("#", "", True), ("01#", "01", False), ("0.#", "0", False)],
)
async def test_an_entry_tells_whether_the_finish_key_ended_it(
    talk: Talk, keyed: str, digits: str, finished: bool
) -> None:
    (heard,) = await talk.turns(Phone(keyed), Ask((), "pt", 2, finish_key="#"))
    assert isinstance(heard, Keys)
    assert (heard.digits, heard.finished) == (digits, finished)


async def test_an_entry_uses_its_two_deadlines(talk: Talk) -> None:
    ask = Ask(("p",), "pt", 4, first_key_seconds=7.5, next_key_seconds=2.5)
    (first,) = await talk.turns(Phone("..1"), ask)
    assert first == Silence()
    # Only what the ear asks between turns is shorter.
    assert talk.sent("WAIT FOR")[0] == ["WAIT", "FOR", "DIGIT", "7500"]


async def test_the_second_key_has_its_own_deadline(talk: Talk) -> None:
    ask = Ask(("p",), "pt", 4, first_key_seconds=7.5, next_key_seconds=2.5)
    (first,) = await talk.turns(Phone(".1.2"), ask)
    assert digits_of(first) == "1"
    assert [words[3] for words in talk.sent("WAIT FOR")][:2] == ["7500", "2500"]


async def test_keys_pressed_while_nobody_asked_begin_the_next_turn(talk: Talk) -> None:
    phone = Phone()

    async def work(conversation: AgiConversation) -> None:
        assert await conversation.perform(Say(("p",), "pt")) == Said()
        phone.digits = list("12")
        await until(lambda: not phone.digits)
        asked = await conversation.perform(Ask(("q",), "pt", 2))
        assert digits_of(asked) == "12"

    await talk.do(phone, work)
    assert [words[2] for words in talk.sent("STREAM FILE")] == ["/prompts/pt/p"]


async def test_a_key_pressed_before_the_first_turn_begins_it(talk: Talk) -> None:
    phone = Phone("1")

    async def work(conversation: AgiConversation) -> None:
        conversation.attend()
        await until(lambda: not phone.digits)
        assert digits_of(await conversation.perform(Ask(("p",), "pt", 1))) == "1"

    await talk.do(phone, work)
    assert not talk.sent("STREAM FILE")


@pytest.mark.parametrize("turn", [Say(("q",), "pt"), Wait(5)])
async def test_a_key_pressed_ahead_ends_the_next_turn(talk: Talk, turn: Turn) -> None:
    phone = Phone()

    async def work(conversation: AgiConversation) -> None:
        await conversation.perform(Say(("p",), "pt"))
        phone.digits = list("9")
        await until(lambda: not phone.digits)
        assert digits_of(await conversation.perform(turn)) == "9"

    await talk.do(phone, work)


async def test_the_needless_end_of_a_complete_entry_is_passed_over(talk: Talk) -> None:
    heard = await talk.turns(
        Phone("12#34#5"),
        Ask((), "pt", 2, finish_key="#"),
        Ask(("q",), "pt", 2, finish_key="#"),
        Ask((), "pt", 2, finish_key="#"),
    )
    assert [digits_of(each) for each in heard] == ["12", "34", "5"]
    # The prompt that the needless key cut short is said again.
    assert [words[2] for words in talk.sent("STREAM FILE")] == ["/prompts/pt/q"] * 2


async def test_a_command_that_begins_with_a_star_has_no_needless_end(talk: Talk) -> None:
    heard = await talk.turns(Phone("*1#"), Ask((), "pt", 2, finish_key="#"), Ask((), "pt", 1))
    assert [digits_of(each) for each in heard] == ["*1", "#"]


async def test_waiting_plays_music_and_prompts_end_it(talk: Talk) -> None:
    heard = await talk.turns(Phone("..4"), Wait(600), Wait(0.01), Say(("p",), "pt"), Wait(0.01))
    assert digits_of(heard[0]) == "4"
    assert heard[1:] == [Silence(), Said(), Silence()]
    order = [
        " ".join(words[:3]) for words in talk.channel.commands if words[0] in ("SET", "STREAM")
    ]
    assert order[:2] == ["SET MUSIC ON", "SET MUSIC OFF"]
    assert order[2].startswith("STREAM FILE")
    assert order[3:] == ["SET MUSIC ON"]
    assert all(int(words[3]) <= 250 for words in talk.sent("WAIT FOR"))


async def test_music_ends_before_the_leg_goes_on(talk: Talk) -> None:
    async def work(conversation: AgiConversation) -> None:
        await conversation.perform(Wait(0.01))
        await conversation.set_variables(("BRIDGE_ROOM", "room-1"), ("BRIDGE_NEXT", "room"))

    await talk.do(Phone(), work)
    assert [words for words in talk.channel.commands if words[0] == "SET"] == [
        ["SET", "MUSIC", "ON"],
        ["SET", "MUSIC", "OFF"],
        ["SET", "VARIABLE", "BRIDGE_ROOM", "room-1"],
        ["SET", "VARIABLE", "BRIDGE_NEXT", "room"],
    ]


async def test_interrupt_ends_the_wait_that_runs_or_the_next_one(talk: Talk) -> None:
    phone = Phone()

    async def work(conversation: AgiConversation) -> None:
        conversation.interrupt()
        assert await conversation.perform(Wait(600)) == Silence()
        waiting = asyncio.create_task(conversation.perform(Wait(600)))
        await until(lambda: bool(talk.sent("WAIT FOR")))
        conversation.interrupt()
        assert await waiting == Silence()
        assert await conversation.perform(Wait(0.01)) == Silence()

    await talk.do(phone, work)


async def test_a_missing_prompt_is_named_and_passed_over(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    phone = Phone(".")
    phone.missing = {"lost-prompt"}
    heard = await talk.turns(phone, Say(("lost-prompt", "two"), "pt"))
    assert heard == [Said()]
    assert [words[2] for words in talk.sent("STREAM FILE")] == [
        "/prompts/pt/lost-prompt",
        "/prompts/pt/two",
    ]
    assert "lost-prompt" in capsys.readouterr().out


async def test_a_prompt_that_cannot_even_be_found_is_passed_over(talk: Talk) -> None:
    heard = await talk.turns(Phone("."), Say(("bad\nname", "two"), "pt"))
    assert heard == [Said()]
    assert [words[2] for words in talk.sent("STREAM FILE")] == ["/prompts/pt/two"]


@pytest.mark.parametrize(
    "turn", [Say(("p",), "pt"), Ask(("p",), "pt", 3), Ask((), "pt", 3), Wait(600)]
)
async def test_a_hang_up_is_heard_in_every_turn_and_ever_after(talk: Talk, turn: Turn) -> None:
    heard = await talk.turns(Phone("!"), turn, Say(("q",), "pt"), Ask((), "pt", 1), Wait(600))
    assert heard == [HungUp()] * 4


async def test_a_hang_up_while_nobody_asked_is_heard_in_the_next_turn(talk: Talk) -> None:
    phone = Phone()

    async def work(conversation: AgiConversation) -> None:
        await conversation.perform(Say(("p",), "pt"))
        phone.digits = ["!"]
        await until(lambda: phone.gone)
        assert await conversation.perform(Ask(("q",), "pt", 2)) == HungUp()
        with pytest.raises(AgiLost):
            await conversation.set_variables(("BRIDGE_NEXT", "hangup"))

    await talk.do(phone, work)


class Moves:
    """A phone whose waiting command answers -1 as soon as the switch moves it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def __call__(self, words: list[str]) -> Answer:
        if words[:2] == ["WAIT", "FOR"]:
            self.asked.set()
            return "200 result=-1"
        return "200 result=1"


@pytest.mark.parametrize(("moved", "heard"), [(True, Taken()), (False, HungUp())])
async def test_a_moved_leg_is_taken_and_not_hung_up(
    talk: Talk, moved: bool, heard: Heard | Taken
) -> None:
    phone = Moves()

    async def work(conversation: AgiConversation) -> None:
        conversation.begin_move()
        conversation._moving, moving = None, conversation._moving
        waiting = asyncio.create_task(conversation.perform(Ask((), "pt", 2)))
        await asyncio.sleep(0)
        conversation._moving = moving  # the move began while the turn ran
        await phone.asked.wait()
        conversation.end_move(moved=moved)
        assert await waiting == heard
        assert await conversation.perform(Wait(5)) == heard

    await talk.do(phone, work)


async def test_a_move_that_failed_leaves_the_conversation_as_it_was(talk: Talk) -> None:
    async def work(conversation: AgiConversation) -> None:
        conversation.begin_move()
        asking = asyncio.create_task(conversation.perform(Ask((), "pt", 1)))
        await asyncio.sleep(0)
        conversation.end_move(moved=False)
        assert digits_of(await asking) == "8"

    await talk.do(Phone("8"), work)


async def test_no_key_is_ever_logged_or_shown(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = await talk.turns(Phone("9753"), Ask(("p",), "pt", 4))
    assert digits_of(heard[0]) == "9753"
    assert talk.conversation is not None
    for shown in (capsys.readouterr().out, repr(heard), repr(vars(talk.conversation))):
        assert "9753" not in shown


@pytest.mark.parametrize("withheld", ["unknown", ""])
async def test_numbers_are_the_networks_and_withheld_ones_are_empty(
    talk: Talk, withheld: str
) -> None:
    seen: list[tuple[str, ...]] = []

    async def work(conversation: AgiConversation) -> None:
        seen.append(
            (conversation.leg, conversation.name, conversation.caller, conversation.dialled)
        )

    await talk.do(Phone(), work)
    environment = ENVIRONMENT | {"agi_callerid": withheld}
    await FakeChannel(talk.server.port, Phone(), environment=environment).call()
    assert seen[0] == ("leg-1", "line", "+351210000001", "218106191")
    assert talk.conversation is not None
    assert talk.conversation.caller == ""
