# SPDX-License-Identifier: EUPL-1.2
"""The telephone network itself, over real SIP and RTP: here its trunk leads back to itself."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.telephony.switch import Ending
from bridge.vocabulary import Role
from lab.asterisk import find_asterisk
from lab.audio import ROLE_TONES, heard_seconds, hears, median_level, read_wav, tone, write_wav
from lab.installation import PROMPTS
from lab.leg import CAUSES, UNALLOCATED, LegTooLate, PhoneLeg, Voice
from lab.likeness import ALIKE, likeness
from lab.network import INTERPRETER_TONE, PORTS, TelephoneNetwork
from lab.phones import (
    Answers,
    Behaviour,
    Busy,
    NeverAnswers,
    Rejects,
    Unreachable,
    Voicemail,
)
from lab.ports import PortLease
from lab.softphones import Softphone

CALLER = "+351210000001"
TECHNICIAN_HZ = ROLE_TONES[Role.TECHNICIAN]
INTERPRETER_HZ = ROLE_TONES[Role.INTERPRETER]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TelephoneNetwork]:
    """One network for all tests here; each test uses a number of its own."""
    with PortLease(PORTS) as lease:
        network = TelephoneNetwork(find_asterisk(), tmp_path_factory.mktemp("n"), lease)
        await network.start()
        try:
            yield network
        finally:
            await network.stop()


_serial = itertools.count(1)


@pytest.fixture
def number() -> str:
    """A number that no other test rings."""
    return f"+351910000{next(_serial):03d}"


async def _talk(network: TelephoneNetwork, number: str) -> tuple[PhoneLeg, PhoneLeg]:
    """A call between two phones in which the called one has picked up."""
    called = asyncio.create_task(network.wait_arrival(number))
    caller = await network.call(CALLER, number)
    return caller, await called


async def test_a_phone_that_answers_is_heard_and_hears_but_not_itself(
    network: TelephoneNetwork, number: str
) -> None:
    network.phone(number, Answers(after_seconds=0.2), INTERPRETER_TONE)
    caller, called = await _talk(network, number)
    await caller.speak()
    at_caller, at_called = await asyncio.gather(caller.listen(2.0), called.listen(2.0))
    await caller.hang_up()
    await called.wait_hang_up(5.0)

    assert at_caller.seconds == at_called.seconds == 2.0
    assert hears(at_caller, INTERPRETER_HZ, 0.5)
    assert hears(at_called, TECHNICIAN_HZ, 0.5)
    assert not hears(at_caller, TECHNICIAN_HZ, 0.5)
    assert not hears(at_called, INTERPRETER_HZ, 0.5)
    # The margins behind the threshold, with the other's tone in the same recording.
    assert median_level(at_caller, INTERPRETER_HZ, 0.5) > -20
    assert median_level(at_caller, TECHNICIAN_HZ, 0.5) < -65
    assert (caller.cause, called.cause) == (16, 16)


async def test_keys_arrive_whole_and_in_order_both_ways(
    network: TelephoneNetwork, number: str
) -> None:
    network.phone(number, Answers(after_seconds=0.0, hears_seconds=0.2, keys="1"))
    caller, called = await _talk(network, number)
    await caller.speak()
    await caller.wait(1.5)
    await caller.key("0123456789*#" * 2)
    await caller.wait(0.5)
    await called.key("0099")
    await called.wait(0.5)
    await caller.hang_up()
    await called.wait_hang_up(5.0)

    assert "".join(one.key for one in called.received) == "0123456789*#" * 2
    assert "".join(one.key for one in caller.received) == "10099"


async def test_the_tone_goes_on_after_keys_and_the_recording_keeps_its_time(
    network: TelephoneNetwork, number: str
) -> None:
    keys = "1234567890" * 3
    network.phone(number, Answers(after_seconds=0.0, hears_seconds=0.5, keys=keys))
    caller, called = await _talk(network, number)
    await caller.speak()
    while len(caller.received) < len(keys):
        await caller.wait(0.05)
    # They are received when they end, and the tone begins anew a moment later.
    await caller.wait(0.5)
    at_caller, at_called = await asyncio.gather(caller.listen(1.5), called.listen(1.5))
    await caller.hang_up()

    assert hears(at_caller, INTERPRETER_HZ, 0.5)
    assert hears(at_called, TECHNICIAN_HZ, 0.5)
    heard = await called.heard()
    assert called.ended_at is not None
    missing = called.ended_at - heard.began - read_wav(heard.path).seconds
    # A tape that stood still while keys were sent would lack nearly five seconds.
    assert abs(missing) < 2.0


async def test_what_is_said_while_keys_are_still_being_pressed_is_kept_whole(
    network: TelephoneNetwork, number: str
) -> None:
    network.phone(number, Answers(after_seconds=0.0, speaks=False))
    caller, called = await _talk(network, number)
    await caller.wait(0.5)
    prompt = (PROMPTS / "pt" / "language-uk.wav").resolve()

    async def answer_the_first_key() -> None:
        while not called.received:
            await called.wait(0.01)
        await called.say(prompt)

    await asyncio.gather(caller.key("1234"), answer_the_first_key())
    await caller.wait(0.5)
    await caller.hang_up()

    pieces = await caller.heard_in_pieces()
    assert len(pieces) == 2
    assert likeness(pieces[-1], read_wav(prompt)) >= ALIKE


@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        (Busy(), Ending.BUSY),
        (Rejects(after_seconds=0.1), Ending.REJECTED),
        (Unreachable(), Ending.UNREACHABLE),
    ],
)
async def test_a_phone_that_cannot_be_reached_says_why(
    network: TelephoneNetwork, number: str, behaviour: Behaviour, ending: Ending
) -> None:
    network.phone(number, behaviour)
    leg = await network.place(CALLER, number)
    await leg.wait_hang_up(15.0)
    assert leg.cause == CAUSES[ending]
    assert leg.answered_at is None


async def test_a_number_that_nobody_has_is_unallocated(
    network: TelephoneNetwork, number: str
) -> None:
    leg = await network.place(CALLER, number)
    with pytest.raises(LegTooLate, match=f"cause {UNALLOCATED}"):
        await leg.wait_answered()


async def test_a_phone_that_is_in_a_call_is_busy(network: TelephoneNetwork, number: str) -> None:
    network.phone(number, Answers(after_seconds=0.0))
    first, called = await _talk(network, number)
    second = await network.place("+351210000002", number)
    await second.wait_hang_up(15.0)
    assert second.cause == CAUSES[Ending.BUSY]
    assert not first.ended
    await first.hang_up()
    await called.wait_hang_up(5.0)
    third = await network.call("+351210000002", number)
    assert third.answered_at is not None


async def test_a_phone_that_was_put_down_rings_though_nobody_says_yet_that_its_call_is_over(
    network: TelephoneNetwork, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.phone(number, Answers(after_seconds=0.0))
    first, called = await _talk(network, number)
    with monkeypatch.context() as words:
        # The network's word that a call is over may come after the next call.
        words.setattr(called, "is_over", lambda _cause: None)
        leaving = asyncio.create_task(called.vanish(CAUSES[Ending.UNREACHABLE]))
        await first.wait_hang_up(10.0)
        second = await network.call("+351210000002", number)
        assert second.answered_at is not None
        assert not called.ended
    called.is_over(None)
    await leaving


async def test_a_phone_rings_until_the_caller_gives_up(
    network: TelephoneNetwork, number: str
) -> None:
    network.phone(number, NeverAnswers())
    caller = await network.place(CALLER, number)
    called = await network.wait_arrival(number)
    await caller.wait(0.5)
    assert not caller.ended
    await caller.hang_up()
    await called.wait_hang_up(5.0)
    assert called.answered_at is None
    with pytest.raises(LegTooLate, match="never answered"):
        await called.heard()


async def test_a_voicemail_talks_and_hangs_up_without_pressing_a_key(
    network: TelephoneNetwork, number: str
) -> None:
    network.phone(number, Voicemail(after_seconds=0.1, stays_seconds=1.5))
    caller, called = await _talk(network, number)
    await caller.wait_hang_up(10.0)
    assert caller.received == []
    assert heard_seconds(read_wav((await caller.heard()).path), INTERPRETER_HZ) > 0.5
    assert called.ended


async def test_a_person_can_leave_in_the_middle_of_a_call(
    network: TelephoneNetwork, number: str
) -> None:
    network.phone(
        number, Answers(after_seconds=0.0, hears_seconds=0.1, keys="1", stays_seconds=0.5)
    )
    caller, _ = await _talk(network, number)
    await caller.wait_hang_up(10.0)
    assert [one.key for one in caller.received] == ["1"]


@pytest.mark.parametrize(
    "name",
    [
        'Ana "a" <sip:x@y>',
        "a,b&c;d=e",
        "${EXTEN} ${SHELL(true)} $[1+1]",
        "back\\slash [x] (y)",
        "line\u2028separator\u2029 João Ünïcode",
        "%0d%0aX-Injected: 1",
        "x" * 300,
        "",
    ],
)
async def test_a_hostile_caller_name_reaches_the_far_end_and_harms_nothing(
    network: TelephoneNetwork, number: str, name: str
) -> None:
    network.phone(number, Answers(after_seconds=0.0))
    caller = await network.call(CALLER, number, name)
    assert network.arrivals[-1].number == number
    assert network.arrivals[-1].shown == CALLER
    # SIP writes a backslash before quotes and backslashes, and Asterisk shows it so.
    received = network.arrivals[-1].name
    received = received.replace('\\"', '"').replace("\\\\", "\\")
    assert name.startswith(received)
    # Asterisk keeps fewer than 80 bytes of a name.
    assert len(received) >= min(len(name), 70)
    await caller.hang_up()


async def test_a_withheld_number_is_shown_as_sent(network: TelephoneNetwork, number: str) -> None:
    network.phone(number, Answers(after_seconds=0.0))
    await network.call(CALLER, number, shown="anonymous")
    assert network.arrivals[-1].shown == "anonymous"
    assert network.legs_of(CALLER)


async def test_a_voice_is_said_once_and_the_moments_are_known(
    network: TelephoneNetwork, number: str, tmp_path: Path
) -> None:
    turn = tmp_path / "turn.wav"
    write_wav(turn, tone(TECHNICIAN_HZ, 2.0))
    network.phone(number, Answers(after_seconds=0.0, speaks=False))
    called = asyncio.create_task(network.wait_arrival(number))
    caller = await network.call(CALLER, number, sound=Voice((turn,)))
    await called
    spoken = await caller.say(turn)
    await (await called).listen(1.0)
    await caller.hang_up()

    heard = read_wav((await (await called).heard()).path)
    assert 1.0 < heard_seconds(heard, TECHNICIAN_HZ) < 2.5
    assert caller.spoken == [spoken]
    assert caller.answered_at is not None
    assert caller.answered_at <= spoken.began < spoken.ended


async def test_softphone_accounts_are_there_and_not_yet_registered(tmp_path: Path) -> None:
    accounts = [Softphone("technician", CALLER, "lab-password-1")]
    with PortLease(PORTS) as lease:
        network = TelephoneNetwork(
            find_asterisk(), tmp_path / "n", lease, softphones=accounts, lines=["+351218106191"]
        )
        await network.start()
        try:
            shown = await network.asterisk.rx("pjsip show endpoint technician")
            assert "from-softphone" in shown
            assert not await network.registered("technician")
        finally:
            await network.stop()


async def test_nothing_is_left_running(tmp_path: Path) -> None:
    with PortLease(PORTS) as lease:
        network = TelephoneNetwork(find_asterisk(), tmp_path / "n", lease)
        await network.start()
        network.phone("+351910000001", Answers(after_seconds=0.0))
        leg = await network.call(CALLER, "+351910000001")
        await network.stop()
        assert leg.ended
        assert not network.asterisk.running
        await network.stop()
