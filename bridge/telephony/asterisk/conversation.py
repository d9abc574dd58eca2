# SPDX-License-Identifier: EUPL-1.2
"""A conversation over FastAGI: performs the turns of a script on one leg."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bridge.clock import Clock
from bridge.ivr.script import ALL_KEYS, Ask, Heard, HungUp, Keys, Said, Say, Silence, Taken, Turn
from bridge.ivr.script import Wait as WaitTurn
from bridge.telephony.asterisk.fastagi import AgiLost, AgiReply, AgiSession
from bridge.vocabulary import LegId, RoomId

log = structlog.get_logger(__name__)

Sounds = Callable[[str, str], str]
"""From a prompt's key and a language to its sound file's path without extension."""

WAIT_SLICE_MS = 250
"""The longest that `interrupt` can stay unnoticed."""
NEEDLESS_KEY_SECONDS = 3.0
"""How long after a complete entry the key that could have ended it is passed over."""
EAR_GRACE_SECONDS = 0.002
"""Most scripts answer sooner, and then the ear costs nothing."""
EAR_FIRST_MS = 4
EAR_MOST_MS = 32


@dataclass(frozen=True, slots=True)
class _Key:
    digit: str = field(repr=False)
    at: datetime


class AgiConversation:
    """`telephony.switch.Conversation` over an AGI session.

    Asterisk throws away what is keyed while no command runs. So before the first turn and between
    two, while the script or the application thinks, an *ear* listens in short slices, and what it
    hears is the beginning of the next turn: it cuts prompts short and fills entries as if keyed
    just then.
    """

    def __init__(self, session: AgiSession, sounds: Sounds, clock: Clock) -> None:
        self._session = session
        self._sounds = sounds
        self._clock = clock
        self._music = False
        self._gone = False
        self._interrupted = False
        self._ahead: deque[_Key] = deque()
        self._needless = ("", 0.0)
        self._wanted = asyncio.Event()
        self._ear: asyncio.Task[None] | None = None
        self._moving: asyncio.Future[bool] | None = None

    @property
    def leg(self) -> LegId:
        """The leg at the other end: the channel's unique id."""
        return LegId(self._session.variables.get("agi_uniqueid", ""))

    @property
    def name(self) -> str:
        """The conversation that the dialplan asked for."""
        return self._session.script

    @property
    def channel(self) -> str:
        """Asterisk's name of the leg's channel."""
        return self._text("agi_channel")

    @property
    def room(self) -> RoomId | None:
        """The room in which the leg still stands while a key pressed there is obeyed."""
        room = self._text("agi_arg_1")
        return RoomId(room) if room else None

    @property
    def caller(self) -> str:
        """The number that rang, as the network gave it; empty when withheld."""
        return self._text("agi_callerid")

    @property
    def dialled(self) -> str:
        """The number that was rung, as the network gave it."""
        return self._text("agi_dnid")

    def _text(self, name: str) -> str:
        value = self._session.variables.get(name, "")
        return "" if value == "unknown" else value

    def attend(self) -> None:
        """Begin to hear what is keyed, while the first turn is still being thought of."""
        self._wanted.clear()
        self._ear = asyncio.create_task(self._listen())

    async def perform(self, turn: Turn) -> Heard | Taken:
        """Perform one turn; see `telephony.switch.Conversation.perform`."""
        await self._take_over()
        if self._moving is not None and await asyncio.shield(self._moving):
            return Taken()
        if self._gone:
            return HungUp()
        try:
            heard = await self._perform(turn)
        except AgiLost:
            return await self._why_over()
        self.attend()
        return heard

    def interrupt(self) -> None:
        """End the `Wait` that runs now, or the next one, within `WAIT_SLICE_MS`."""
        self._interrupted = True

    # --- being moved elsewhere by the switch ---------------------------------------------------

    def begin_move(self) -> None:
        """The switch is about to move the leg: what is heard from now on is not a hang-up yet."""
        if self._moving is None or self._moving.done():
            self._moving = asyncio.get_running_loop().create_future()

    def end_move(self, *, moved: bool) -> None:
        """The move was taken by Asterisk, or not. Once taken, the leg goes when we let go of it."""
        if self._moving is not None and not self._moving.done():
            self._moving.set_result(moved)
        if moved:
            self._session.close()
        elif not self._gone:
            self._moving = None

    # --- the end -------------------------------------------------------------------------------

    async def set_variables(self, *pairs: tuple[str, str]) -> None:
        """Leave word for the dialplan. Raises `AgiLost` when the leg is gone or moved."""
        await self._take_over()
        await self._quiet()
        for name, value in pairs:
            await self._session.command("SET VARIABLE", name, value)

    async def close(self) -> None:
        """Let go of the leg; it goes on in the dialplan."""
        self._session.close()
        if self._ear is not None:
            self._ear.cancel()
            with suppress(asyncio.CancelledError):
                await self._ear

    async def _why_over(self) -> HungUp | Taken:
        self._gone = True
        if self._moving is not None and await asyncio.shield(self._moving):
            return Taken()
        return HungUp()

    # --- the ear -------------------------------------------------------------------------------

    async def _take_over(self) -> None:
        """End the ear's listening; takes no longer than it has already lasted."""
        self._wanted.set()
        ear, self._ear = self._ear, None
        if ear is not None:
            await ear

    async def _listen(self) -> None:
        """Keep what is keyed while no turn is performed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EAR_GRACE_SECONDS):
                await self._wanted.wait()
        slice_ms = EAR_FIRST_MS
        try:
            while not self._wanted.is_set():
                key = await self._key_within(slice_ms)
                if key is not None:
                    self._ahead.append(key)
                slice_ms = min(slice_ms * 2, EAR_MOST_MS)
        except AgiLost:
            self._gone = True

    # --- turns ---------------------------------------------------------------------------------

    async def _perform(self, turn: Turn) -> Heard:
        match turn:
            case Say():
                key = await self._say(turn.prompts, turn.language)
                return Said() if key is None else Keys(key.digit, key.at)
            case Ask():
                return await self._ask(turn)
            case WaitTurn():
                return await self._wait(turn)

    async def _say(self, prompts: tuple[str, ...], language: str) -> _Key | None:
        """Say prompts until a key; a prompt that has no sound is passed over."""
        await self._quiet()
        if key := self._keyed_ahead():
            return key
        for prompt in prompts:
            if key := await self._stream(prompt, language):
                return key
        return None

    async def _stream(self, prompt: str, language: str) -> _Key | None:
        while True:
            try:
                path = self._sounds(prompt, language)
                reply = await self._session.command("STREAM FILE", path, ALL_KEYS)
            except (LookupError, OSError, ValueError):
                log.error("prompt has no sound", prompt=prompt, language=language)  # noqa: TRY400
                return None
            if reply.code != 200 or reply.result < 0:
                break
            key = self._key(reply)
            if key is not None or reply.result == 0:
                return key
            # A needless key cut the prompt short: it has a right to be heard.
        # Asterisk answers alike when the file is missing and when the person is gone; only in
        # the first case does it answer any more.
        await self._session.command("CHANNEL STATUS")
        log.error("prompt has no sound", prompt=prompt, language=language)
        return None

    async def _ask(self, ask: Ask) -> Heard:
        key = await self._say(ask.prompts, ask.language)
        if key is None:
            key = await self._next_key(ask.first_key_seconds)
        if key is None:
            return Silence()
        digits = ""
        at = key.at
        while key is not None:
            at = key.at
            if ask.finish_key and key.digit == ask.finish_key:
                return Keys(digits, at, finished=True)
            digits += key.digit
            if len(digits) >= ask.most_keys:
                # Many close a complete number all the same; that is no answer to what comes next.
                if digits.isdecimal():
                    self._needless = (ask.finish_key, asyncio.get_running_loop().time())
                return Keys(digits, at)
            key = await self._next_key(ask.next_key_seconds)
        return Keys(digits, at)

    async def _wait(self, wait: WaitTurn) -> Heard:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait.seconds
        if key := self._keyed_ahead():
            return Keys(key.digit, key.at)
        if not self._music:
            await self._session.command("SET MUSIC", "ON")
            self._music = True
        while not self._interrupted:
            left_ms = int((until - loop.time()) * 1000)
            if left_ms <= 0:
                return Silence()
            if key := await self._key_within(min(left_ms, WAIT_SLICE_MS)):
                return Keys(key.digit, key.at)
        self._interrupted = False
        return Silence()

    async def _quiet(self) -> None:
        if self._music:
            self._music = False
            await self._session.command("SET MUSIC", "OFF")

    # --- keys ----------------------------------------------------------------------------------

    def _keyed_ahead(self) -> _Key | None:
        return self._ahead.popleft() if self._ahead else None

    async def _next_key(self, seconds: float) -> _Key | None:
        return self._keyed_ahead() or await self._key_within(max(1, int(seconds * 1000)))

    async def _key_within(self, milliseconds: int) -> _Key | None:
        """The next key within a time. Raises `AgiLost`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + milliseconds / 1000
        while True:
            reply = await self._session.command("WAIT FOR DIGIT", str(milliseconds))
            if reply.code != 200 or reply.result < 0:
                raise AgiLost("the channel hung up or was moved")
            key = self._key(reply)
            milliseconds = int((until - loop.time()) * 1000)
            if key is not None or reply.result == 0 or milliseconds <= 0:
                return key

    def _key(self, reply: AgiReply) -> _Key | None:
        """The key that a reply tells of, unless it is the needless end of a complete entry."""
        if reply.result == 0:
            return None
        (needless, since), self._needless = self._needless, ("", 0.0)
        digit = chr(reply.result)
        late = asyncio.get_running_loop().time() - since > NEEDLESS_KEY_SECONDS
        if digit not in ALL_KEYS or (digit == needless and not late):
            return None
        return _Key(digit, self._clock.now())
