# SPDX-License-Identifier: EUPL-1.2
"""The far ends of the simulated switch: one leg as its telephone sees it, and its conversations."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from bridge.clock import Clock
from bridge.ivr.script import (
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
    prompt_of,
)
from bridge.telephony.switch import (
    Conversation,
    ConversationHandler,
    ConversationName,
    Ending,
    EnterRoom,
    HangUp,
    Hold,
    LegAnswered,
    LegEnded,
    LegEvent,
    LegRinging,
    Next,
    OutboundLeg,
    RoomEntered,
    RoomLeft,
    Stay,
    ToLine,
    ToPerson,
    Transfer,
)
from bridge.vocabulary import LegId, RoomId

TRANSFER_RING_SECONDS = 40.0
"""How long a number is rung to which a leg is put through."""
SECONDS_PER_PROMPT = 1.0
"""How long the simulated voice takes for one prompt."""
AGAIN_SECONDS = 10.0
"""How long a leg hears the apology and music before a bridge that is down is asked again."""
SORRY_SECONDS = 10.0
"""How long a leg that was rung hears the apology before it is let go."""
_RETURNS = frozenset({ConversationName.LINE, ConversationName.HOLD})
"""Conversations that begin anew when the bridge is back; whoever was rung is hung up."""


class Exchange(Protocol):
    """The switch, as its lines see it (`simulated.SimulatedSwitch`)."""

    handler: ConversationHandler | None
    clock: Clock
    rooms: dict[RoomId, set[LegId]]
    spoken: dict[LegId, list[str]]
    put_through: list[LegId]
    caught: tuple[type[Exception], ...]

    def report(self, event: LegEvent) -> None:
        """Tell the bridge, unless the link is down."""

    def forget(self, leg: LegId) -> None:
        """The leg exists no more."""

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something of the world in the background."""

    def ring_outside(self, number: str) -> SimulatedLine:
        """A telephone begins to ring to which somebody is put through: no leg of the bridge's."""


_FIRST_WORD_SECONDS = 30.0
"""Whoever hears nothing for so long says nothing either: they press what they meant to."""

Telephone = Callable[["SimulatedLine"], Awaitable[None]]
"""What somebody does with a telephone, once for each call."""


class SimulatedLine:
    """One leg as the telephone at its far end sees it."""

    def __init__(
        self,
        switch: Exchange,
        leg: LegId,
        number: str,
        outbound: OutboundLeg | None = None,
    ) -> None:
        self.leg = leg
        self.number = number
        self.dialled = ""
        self.answered = False
        self.room: RoomId | None = None
        self._switch = switch
        self._outbound = outbound
        self.keys: deque[str] = deque()
        """Keys pressed and not yet heard by a conversation."""
        self.stir = asyncio.Event()
        """Set whenever a conversation on this line should look up."""
        self.spoken_to = asyncio.Event()
        """Set when a conversation has begun to say something."""
        self._ended = asyncio.Event()
        self._talking: SimulatedConversation | None = None
        self._moves = 0
        """How often it was brought into a conversation or a room."""

    # --- what a telephone can do ---------------------------------------------------------------

    async def ring(self, seconds: float) -> None:
        """Ring for so long; returns early when the caller gives up."""
        self._switch.report(LegRinging(self.leg, self._switch.clock.now()))
        await self.wait(seconds)

    async def answer(self) -> None:
        """Pick up."""
        if not self._ended.is_set():
            self.answered = True
            self.stir.set()

    async def reject(self, ending: Ending) -> None:
        """Let the network say busy, rejected or unreachable."""
        self.end(ending)

    async def key(self, digits: str) -> None:
        """Press keys, a tenth of a second each."""
        left = deque(digits)
        while left and not self._ended.is_set():
            digit = left.popleft()
            if digit == "*" and self.room is not None and self._talking is None:
                # A star in the room brings the bridge, with the key that follows it.
                pressed = left.popleft() if left else ""
                self._switch.spawn(self.talk(f"{ConversationName.ROOM_KEYS.value}/{pressed}"))
            else:
                self.keys.append(digit)
                self.stir.set()
            await asyncio.sleep(0.1)

    async def wait(self, seconds: float) -> None:
        """Do nothing for so long, or until the leg ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def wait_spoken_to(self) -> None:
        """Listen until a conversation says something; not for ever, nor beyond the leg's end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_WORD_SECONDS):
                await self.spoken_to.wait()

    async def speak(self) -> None:
        """Start talking; in this world the rooms know who hears whom."""

    async def hang_up(self) -> None:
        """Put the telephone down."""
        self.end(Ending.HUNG_UP)

    async def wait_hang_up(self) -> None:
        """Stay until the leg ends."""
        await self._ended.wait()

    # --- what the switch does with it ----------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the leg exists no more."""
        return self._ended.is_set()

    async def run_outbound(self, telephone: Telephone) -> None:
        """Ring, and when answered bring the leg into its conversation."""
        outbound = self._outbound
        if outbound is None:
            raise RuntimeError("only an outbound leg is rung")
        self._switch.spawn(telephone(self))
        try:
            async with asyncio.timeout(outbound.ring_seconds):
                while not (self.answered or self.ended):
                    self.stir.clear()
                    await self.stir.wait()
        except TimeoutError:
            self.end(Ending.NO_ANSWER)
        if self.answered and not self.ended:
            self._switch.report(LegAnswered(self.leg, self._switch.clock.now()))
            await self.talk(outbound.conversation.value)

    async def talk(self, name: str) -> None:
        """Bring the leg into a conversation and afterwards where the handler says."""
        self._moves += 1
        handler = self._switch.handler
        if handler is None:
            await self._without_bridge(name)
            return
        talking = SimulatedConversation(self, name, self._switch)
        self._talking = talking
        talking.answer = asyncio.ensure_future(handler(talking))
        after: Next | None = None
        try:
            after = await talking.answer
        except asyncio.CancelledError:
            if not talking.cut:
                raise
        except self._switch.caught:
            pass
        finally:
            talking.over.set()
            if self._talking is talking:
                self._talking = None
        if talking.taken or self.ended:
            return
        match after:
            case None:
                await self._without_bridge(name)
            case HangUp():
                self.end(Ending.HUNG_UP)
            case EnterRoom(room):
                self.join(room)
            case ToPerson(to) | Transfer(to):
                self._switch.put_through.append(self.leg)
                if to is not None:
                    self._switch.spawn(self._dial(to.number.e164))
            case Hold():
                self._switch.spawn(self.talk(ConversationName.HOLD.value))
            case ToLine():
                self._switch.spawn(self.talk(f"{ConversationName.LINE.value}/rung"))
            case Stay():
                pass

    def cut_off(self) -> None:
        """The bridge died: the conversation on this line breaks off."""
        if self._talking is not None:
            self._talking.cut_off()

    async def _without_bridge(self, name: str) -> None:
        """No word came from the bridge: what `dialplan/extensions.conf.in` does then."""
        conversation = name.partition("/")[0]
        if conversation == ConversationName.ROOM_KEYS:
            return
        if conversation == ConversationName.GOODBYE:
            self.end(Ending.HUNG_UP)
            return
        returns, moves = conversation in _RETURNS, self._moves
        await self.wait(AGAIN_SECONDS if returns else SORRY_SECONDS)
        if self.ended or self._moves != moves:
            return
        if returns:
            await self.talk(conversation)
        else:
            self.end(Ending.HUNG_UP)

    async def _dial(self, number: str) -> None:
        """Connect this leg with a number; it comes back to the bridge when nobody answers."""
        far = self._switch.ring_outside(number)
        self._switch.spawn(self.then_end(far))
        try:
            async with asyncio.timeout(TRANSFER_RING_SECONDS):
                while not (far.answered or far.ended):
                    far.stir.clear()
                    await far.stir.wait()
        except TimeoutError:
            far.end(Ending.NO_ANSWER)
        if far.answered and not far.ended:
            await far.then_end(self)
        elif not self.ended:
            await self.talk(f"{ConversationName.LINE.value}/back")

    async def then_end(self, other: SimulatedLine) -> None:
        """When this leg has ended, so does the other."""
        await self._ended.wait()
        other.end(Ending.HUNG_UP)

    async def take_away(self) -> None:
        """Take the leg out of its conversation; the handler sees `Taken`."""
        talking = self._talking
        if talking is not None:
            talking.take()
            await talking.over.wait()

    def join(self, room: RoomId) -> None:
        """Put the leg into a room."""
        if self.ended:
            return
        self._moves += 1
        self.leave_room()
        self.room = room
        self._switch.rooms.setdefault(room, set()).add(self.leg)
        self._switch.report(RoomEntered(self.leg, room, self._switch.clock.now()))

    def leave_room(self) -> None:
        """Take the leg out of its room, if it is in one."""
        room, self.room = self.room, None
        if room is not None:
            self._switch.rooms[room].discard(self.leg)
            self._switch.report(RoomLeft(self.leg, room, self._switch.clock.now()))

    def end(self, ending: Ending) -> None:
        """The leg exists no more; later calls change nothing."""
        if self._ended.is_set():
            return
        self.leave_room()
        self._ended.set()
        self.spoken_to.set()
        self.stir.set()
        self._switch.forget(self.leg)
        self._switch.report(LegEnded(self.leg, self._switch.clock.now(), ending))


class SimulatedConversation(Conversation):
    """A conversation with the person on a `SimulatedLine`."""

    def __init__(self, line: SimulatedLine, name: str, switch: Exchange) -> None:
        self.over = asyncio.Event()
        self.taken = False
        self.cut = False
        self.answer: asyncio.Future[Next] | None = None
        """What the handler will say of where the leg goes."""
        self._line = line
        self._name = name
        self._switch = switch
        self._interrupted = False

    @property
    def leg(self) -> LegId:
        """See `Conversation.leg`."""
        return self._line.leg

    @property
    def name(self) -> str:
        """See `Conversation.name`."""
        return self._name

    @property
    def caller(self) -> str:
        """See `Conversation.caller`."""
        return self._line.number

    @property
    def dialled(self) -> str:
        """See `Conversation.dialled`."""
        return self._line.dialled

    def interrupt(self) -> None:
        """See `Conversation.interrupt`."""
        self._interrupted = True
        self._line.stir.set()

    def take(self) -> None:
        """The switch takes the leg away."""
        self.taken = True
        self._line.stir.set()

    def cut_off(self) -> None:
        """Nobody is at the other end any more."""
        self.cut = True
        if self.answer is not None:
            self.answer.cancel()

    async def perform(self, turn: Turn) -> Heard | Taken:
        """See `Conversation.perform`."""
        match turn:
            case Say(prompts, language):
                heard = await self._one_key(self._speak(prompts, language))
                return Said() if isinstance(heard, Silence) else heard
            case Ask():
                return await self._ask(turn)
            case Wait(seconds):
                heard = await self._one_key(seconds, interruptible=True)
                self._interrupted = False
                return heard

    def _speak(self, prompts: tuple[str, ...], language: str) -> float:
        told = self._switch.spoken.setdefault(self.leg, [])
        told.extend(as_heard(prompt, language) for prompt in prompts)
        self._line.spoken_to.set()
        return len(prompts) * SECONDS_PER_PROMPT

    async def _ask(self, ask: Ask) -> Heard | Taken:
        digits = ""
        patience = self._speak(ask.prompts, ask.language) + ask.first_key_seconds
        while len(digits) < ask.most_keys:
            heard = await self._one_key(patience)
            if isinstance(heard, Silence) and digits:
                break
            if not isinstance(heard, Keys):
                return heard
            if heard.digits == ask.finish_key:
                return Keys(digits, self._switch.clock.now(), finished=True)
            digits += heard.digits
            patience = ask.next_key_seconds
        return Keys(digits, self._switch.clock.now())

    async def _one_key(self, seconds: float, *, interruptible: bool = False) -> Heard | Taken:
        """Wait for one key, the leg's end, its being taken, or the time to pass."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        line = self._line
        while True:
            if self.taken:
                return Taken()
            if line.ended:
                return HungUp()
            if line.keys:
                return Keys(line.keys.popleft(), self._switch.clock.now())
            if (interruptible and self._interrupted) or loop.time() >= deadline:
                return Silence()
            line.stir.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await line.stir.wait()


def as_heard(prompt: str, language: str) -> str:
    """A prompt of a turn as ``language/key``."""
    key, spoken = prompt_of(prompt, language)
    return f"{spoken}/{key}"
