# SPDX-License-Identifier: EUPL-1.2
"""Asterisk does not say in time whether a telephone rings: only one that does not is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from bridge.clock import LoopClock
from bridge.settings import AsteriskSettings
from bridge.telephony.asterisk.ami import AmiRefused, AmiUnanswered, Headers
from bridge.telephony.asterisk.fastagi import AgiLost
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.asterisk.originator import ANSWER_SECONDS, LATE_SECONDS
from bridge.telephony.asterisk.switch import AsteriskSwitch
from bridge.telephony.gate import permit
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    Ending,
    HangUp,
    LegEnded,
    LegRinging,
    LinkLost,
    LinkRestored,
    Next,
    OutboundLeg,
    SwitchError,
    SwitchEvent,
    SwitchUnavailable,
)
from bridge.vocabulary import LegId, PhoneNumber

pytestmark = pytest.mark.looptime

LEG = LegId("interpreter-1")
RING_SECONDS = 20.0
RINGS = OutboundLeg(
    LEG,
    permit(PhoneNumber("+351910000001")),
    PhoneNumber("+351218106191"),
    ConversationName.OFFER,
    RING_SECONDS,
)
YES = Frame((("Response", "Success"),))
REFUSED = AmiRefused("Permission denied")
LOST = AmiUnanswered("the link was lost")


def about(name: str, *headers: tuple[str, str]) -> Frame:
    """An event about the leg."""
    named = (("Channel", "PJSIP/carrier-1"), ("Uniqueid", LEG))
    return Frame((("Event", name), *named, *headers))


class Asterisk:
    """Both links: what was asked over them, and an answer to a ring when a test gives it."""

    def __init__(self) -> None:
        self.up = True
        self.asked: list[tuple[str, str]] = []
        self.there = False
        """Whether the leg is among the channels."""
        self.answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

    async def action(
        self,
        name: str,
        headers: Headers = (),
        *,
        timeout: float | None = 5.0,  # noqa: ASYNC109 -- as the link has it
    ) -> Frame:
        asked = dict(headers)
        self.asked.append((name, asked.get("ChannelId", asked["Channel"])))
        if name != "Originate":
            return YES
        async with asyncio.timeout(timeout):
            return await self.answer

    async def list(self, name: str, headers: Headers = (), *, complete: str) -> list[Frame]:
        listed = self.there and name == "CoreShowChannels"
        return [about("CoreShowChannel")] if listed else []


class Answered:
    """The session of somebody who answered, and put the telephone down at once."""

    variables: ClassVar = {"agi_uniqueid": LEG}
    script = "offer"

    async def command(self, *words: str) -> None:
        raise AgiLost

    def close(self) -> None:
        """Nothing is left to close."""


class World:
    """A switch, its Asterisk, and what was told."""

    def __init__(self) -> None:
        self.asterisk = Asterisk()
        self.clock = LoopClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
        self.switch = AsteriskSwitch(
            AsteriskSettings(), self._converse, self.clock, lambda prompt, _: prompt
        )
        for link in ("_reader", "_writer"):
            setattr(self.switch, link, self.asterisk)
        self.switch._started = True
        self.switch._writer_up.set()
        self.told: list[SwitchEvent] = []

    async def listen(self) -> None:
        async for event in self.switch.events():
            self.told.append(event)

    async def _converse(self, conversation: Conversation) -> Next:
        return HangUp()

    def lose_link(self, *, answer_too: bool = True) -> None:
        """Whatever has not been answered by then never is."""
        self.asterisk.up = False
        if answer_too:
            self.asterisk.answer.set_exception(LOST)
        self.switch._on_reader_down()

    async def restore_link(self, *, there: bool) -> None:
        """`there`: whether the leg exists by then; what is in doubt counts as there."""
        self.asterisk.up, self.asterisk.there = True, there
        self.switch._on_reader_up()
        await asyncio.sleep(0.1)
        (restored,) = [event for event in self.told if isinstance(event, LinkRestored)]
        assert restored.snapshot.legs == {LEG}

    @property
    def ends(self) -> list[Ending]:
        """How the leg was said to have ended, each time."""
        return [event.ending for event in self.told if isinstance(event, LegEnded)]

    @property
    def hung_up(self) -> bool:
        return ("Hangup", LEG) in self.asterisk.asked


@pytest.fixture
async def w() -> AsyncIterator[World]:
    made = World()
    listening = asyncio.create_task(made.listen())
    yield made
    listening.cancel()
    await made.switch._originator.stop()


async def within(seconds: float, what: Callable[[], bool]) -> None:
    """It has come true after so long, and had not before."""
    assert not what()
    await asyncio.sleep(seconds + 0.1)
    assert what()


async def test_who_wants_somebody_rung_goes_on_without_the_answer(w: World) -> None:
    before = w.clock.now()
    await w.switch.originate(RINGS)
    assert (w.clock.now() - before).total_seconds() == ANSWER_SECONDS
    assert w.told == []


async def test_a_telephone_that_rings_after_all_goes_on_ringing(w: World) -> None:
    await w.switch.originate(RINGS)
    w.asterisk.answer.set_result(YES)
    w.switch._on_frame(about("Newchannel"))
    w.switch._on_frame(about("Newstate", ("ChannelState", "5")))
    await asyncio.sleep(2 * RING_SECONDS)
    assert [type(event) for event in w.told] == [LegRinging]
    assert not w.hung_up


async def test_a_ring_that_is_taken_late_is_waited_for_like_any_other(w: World) -> None:
    """Its channel may take a while; and that it could not be made would be told."""
    await w.switch.originate(RINGS)
    w.asterisk.answer.set_result(YES)
    await asyncio.sleep(2 * RING_SECONDS)
    w.switch._on_frame(about("OriginateResponse", ("Response", "Failure"), ("Reason", "8")))
    await asyncio.sleep(0.1)
    assert w.ends == [Ending.UNREACHABLE]


async def test_a_late_refusal_ends_the_leg(w: World) -> None:
    await w.switch.originate(RINGS)
    w.asterisk.answer.set_exception(REFUSED)
    await within(0, lambda: w.ends == [Ending.FAILED])
    await asyncio.sleep(2 * RING_SECONDS)
    assert w.ends == [Ending.FAILED]


async def test_a_refusal_in_time_is_raised_and_not_told(w: World) -> None:
    w.asterisk.answer.set_exception(REFUSED)
    with pytest.raises(SwitchError, match="Permission denied"):
        await w.switch.originate(RINGS)
    await asyncio.sleep(2 * RING_SECONDS)
    assert w.told == []


async def test_a_ring_that_was_refused_is_in_no_doubt_after_a_lost_link(w: World) -> None:
    w.asterisk.answer.set_exception(REFUSED)
    with pytest.raises(SwitchError):
        await w.switch.originate(RINGS)
    w.lose_link(answer_too=False)
    w.switch._on_reader_up()
    await asyncio.sleep(0.1)
    assert (await w.switch.snapshot()).legs == set()
    await asyncio.sleep(2 * RING_SECONDS)
    assert [type(event) for event in w.told] == [LinkLost, LinkRestored]


async def test_nobody_is_rung_while_nobody_sees(w: World) -> None:
    w.lose_link(answer_too=False)
    with pytest.raises(SwitchUnavailable):
        await w.switch.originate(RINGS)
    w.asterisk.up = True
    w.switch._on_reader_up()
    with pytest.raises(SwitchUnavailable):
        await w.switch.originate(RINGS)
    assert w.asterisk.asked == []


@pytest.mark.parametrize("seconds", [0, 7])
async def test_what_rings_when_the_link_is_back_is_left_to_ring(w: World, seconds: float) -> None:
    """The link is lost before whoever asked has gone on, or after."""
    ringing = asyncio.create_task(w.switch.originate(RINGS))
    await asyncio.sleep(seconds)
    w.lose_link()
    await ringing
    await asyncio.sleep(3)
    await w.restore_link(there=True)
    await asyncio.sleep(2 * RING_SECONDS)
    assert w.ends == []
    assert not w.hung_up


@pytest.fixture(params=[True, False], ids=["Asterisk had said yes", "no answer"])
async def asked(request: pytest.FixtureRequest, w: World) -> World:
    """A world that lost its link right after a ring was asked for, and before it was seen."""
    taken: bool = request.param
    ringing = asyncio.create_task(w.switch.originate(RINGS))
    await asyncio.sleep(1)
    if taken:
        w.asterisk.answer.set_result(YES)
    w.lose_link(answer_too=not taken)
    await ringing
    return w


async def test_what_rings_a_little_after_the_link_is_back_is_left_to_ring(asked: World) -> None:
    """Asterisk went on, and first answered what it was asked over the new link."""
    w = asked
    await w.restore_link(there=False)
    await asyncio.sleep(LATE_SECONDS / 2)
    assert (await w.switch.snapshot()).legs == {LEG}
    w.switch._on_frame(about("Newchannel"))
    w.switch._on_frame(about("Newstate", ("ChannelState", "5")))
    await asyncio.sleep(2 * RING_SECONDS)
    assert [type(event) for event in w.told] == [LinkLost, LinkRestored, LegRinging]
    assert not w.hung_up


async def test_what_does_not_ring_by_then_is_hung_up_should_it_ring_later(asked: World) -> None:
    w = asked
    await w.restore_link(there=False)
    await within(LATE_SECONDS, lambda: w.ends == [Ending.FAILED])
    assert (await w.switch.snapshot()).legs == set()
    before = len(w.asterisk.asked)
    w.switch._on_frame(about("Newchannel"))
    await asyncio.sleep(0.1)
    assert w.asterisk.asked[before:] == [("Hangup", LEG)]


async def test_an_answer_that_is_still_to_come_is_waited_for_when_the_view_is_back(
    w: World,
) -> None:
    """Only the link that sees was lost; the one that acts stands, and waits."""
    await w.switch.originate(RINGS)
    w.lose_link(answer_too=False)
    await w.restore_link(there=False)
    await asyncio.sleep(2 * LATE_SECONDS)
    assert w.ends == []
    w.asterisk.answer.set_exception(REFUSED)
    await within(0, lambda: w.ends == [Ending.FAILED])


async def test_a_ring_that_was_stopped_before_the_look_is_over_soon_after(w: World) -> None:
    await w.switch.originate(RINGS)
    await w.switch.hang_up(LEG)
    w.lose_link()
    await asyncio.sleep(1)
    await w.restore_link(there=False)
    await within(LATE_SECONDS, lambda: w.ends == [Ending.CANCELLED])


async def test_what_was_given_up_is_told_once_whatever_comes(asked: World) -> None:
    w = asked
    await w.restore_link(there=False)
    await asyncio.sleep(2 * LATE_SECONDS)
    w.lose_link(answer_too=False)
    w.switch._on_reader_up()
    await asyncio.sleep(2 * LATE_SECONDS)
    w.switch._on_frame(about("Newchannel"))
    w.switch._on_frame(about("Hangup", ("Cause", "26")))
    await asyncio.sleep(0.1)
    assert w.hung_up
    assert w.ends == [Ending.FAILED]


async def test_what_nobody_has_seen_when_it_should_have_rung_is_waited_for_no_longer(
    w: World,
) -> None:
    await w.switch.originate(RINGS)
    w.lose_link()
    await within(RING_SECONDS, lambda: w.ends == [Ending.FAILED])
    # Its time is over: should it ring all the same, nobody waits for who answers.
    await w.restore_link(there=True)
    assert w.hung_up
    assert [type(event) for event in w.told] == [LinkLost, LegEnded, LinkRestored]


async def test_who_answered_meanwhile_is_not_given_up(w: World) -> None:
    await w.switch.originate(RINGS)
    w.lose_link()
    await w.switch._converse(Answered())  # type: ignore[arg-type]
    await asyncio.sleep(2 * RING_SECONDS)
    assert w.ends == []


async def test_a_ring_that_was_stopped_meanwhile_ends_as_stopped(w: World) -> None:
    await w.switch.originate(RINGS)
    await w.switch.hang_up(LEG)
    w.asterisk.answer.set_exception(REFUSED)
    await within(0, lambda: w.ends == [Ending.CANCELLED])


async def test_nothing_is_left_behind(w: World) -> None:
    await w.switch.originate(RINGS)
    w.asterisk.answer.set_result(YES)
    await asyncio.sleep(0.1)
    assert w.switch._originator._asking == {}
    assert w.switch._originator._doubts == {}
