# SPDX-License-Identifier: EUPL-1.2
"""One call of one telephone of the lab, driven over FastAGI and kept as what it heard."""

from __future__ import annotations

import array
import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.telephony.asterisk.ami import AmiLink, AmiRefused, AmiUnavailable
from bridge.telephony.asterisk.fastagi import AgiLost, AgiReply, AgiSession
from bridge.telephony.switch import Ending
from lab.audio import RATE, BadWav, Recording, is_finished, join, read_wav
from lab.audio import Sound as HeardSound

KEY_MS = 100
"""How long a key sounds; Asterisk sends none shorter."""
GAP_MS = 60
"""The pause after a key.

Asterisk as receiver wants 45 ms: keys that come faster queue up there and sound at its own pace.
Keying one digit thus takes about 162 ms, and all digits arrive at 147 ms each as well.
"""

CAUSES: dict[Ending, int] = {
    Ending.BUSY: 17,
    Ending.NO_ANSWER: 19,
    Ending.REJECTED: 21,
    Ending.UNREACHABLE: 27,
}
"""The Q.850 cause with which the network says how a call ended.

Unreachable is 27, destination out of order: the 480 of cause 20 would arrive as "no answer".
"""
UNALLOCATED = 1
"""The Q.850 cause of a number that nobody has."""

_QUIET = "0"
"""A telephone that is silent still sends sound: a tone of nothing."""
_HANG_UP_SECONDS = 5.0
_FIRST_WORD_SECONDS = 30.0
"""Whoever picked up and is not spoken to waits no longer."""
_MONITOR = "LAB_MONITOR"
"""The channel variable that holds the id of the latest tape."""


class LegTooLate(Exception):
    """Something did not happen in time on a leg; the message says what was waited for."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A phone that speaks with one steady tone."""

    hertz: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A phone that says these recordings one after the other, once."""

    files: tuple[Path, ...]
    """8 kHz mono 16-bit WAV."""
    pause_seconds: float = 1.0
    """Silence after each."""


Sound = Tone | Voice


@dataclass(frozen=True, slots=True)
class Spoken:
    """When a recording was played into a call, in seconds since the epoch."""

    file: Path
    began: float
    ended: float


@dataclass(frozen=True, slots=True, repr=False)
class ReceivedKey:
    """A key that the far end pressed and this phone received."""

    key: str
    at: float


class PhoneLeg:
    """One call as the phone sees it; a `lab.phones.PhoneLine`.

    Made by `lab.network.TelephoneNetwork`. After the call is over every command does nothing and
    `ended` is true.
    """

    def __init__(
        self,
        ami: AmiLink,
        number: str,
        leg_id: str,
        sound: Sound,
        recording: Path | None,
        spoken_to: Callable[[PhoneLeg], bool] = lambda _: True,
    ) -> None:
        self.number = number
        """Whose telephone this is."""
        self.id = leg_id
        """The network's own id of the call's channel."""
        self.sound = sound
        self.received: list[ReceivedKey] = []
        """Keys the far end pressed, in order."""
        self.spoken: list[Spoken] = []
        """What was said with `say`, in order."""
        self.made_at = time.time()
        """When the call was begun, or rang here."""
        self.keyed_at: float | None = None
        """When keys were pressed last."""
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.cause: int | None = None
        """The Q.850 cause with which the call ended, once it has."""
        self.left = False
        """Whether this phone has put it down or was lost: then it can ring for another call, though
        the network may not have said yet that this one is over."""
        self._ami = ami
        self._spoken_to = spoken_to
        self._session: AgiSession | None = None
        self._path = recording
        self._tapes: list[Recording] = []
        self._pieces: list[Recording] = []
        self._running: list[str] = []
        self._recorded = 0
        self._hums = _QUIET
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        self._talking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"PhoneLeg({self.id}, answered={self.answered_at is not None}, ended={self.ended})"

    # --- what can be known -----------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        return self._over.is_set()

    async def heard(self, within_seconds: float = 10.0) -> Recording:
        """What this phone heard from being answered to the end, once the call is over.

        Raises `LegTooLate` when the call is not over in time, or was never answered.
        """
        await self._until_recorded(within_seconds)
        return join(self._tapes, self._tapes[0].path.with_suffix(".heard.wav"))

    async def heard_in_pieces(self, within_seconds: float = 10.0) -> list[HeardSound]:
        """What this phone heard, once the call is over, from each time it keyed to the next.

        Not a sample is missing, not even of what was said while the keys were still being
        sent; but silence may be, so that moments are not to be found here. Raises as `heard`.
        """
        await self._until_recorded(within_seconds)
        return [read_wav(piece.path) for piece in self._pieces]

    async def _until_recorded(self, within_seconds: float) -> None:
        await self.wait_hang_up(within_seconds)
        if not self._tapes:
            raise LegTooLate("this call was never answered, so there is nothing to listen to")
        deadline = asyncio.get_running_loop().time() + within_seconds
        while not all(is_finished(tape.path) for tape in [*self._tapes, *self._pieces]):
            if asyncio.get_running_loop().time() > deadline:
                raise LegTooLate("the recording of this call was never completed")
            await asyncio.sleep(0.02)

    def heard_so_far(self) -> HeardSound:
        """What this phone has heard since it was answered, or since it began to press keys.

        What it heard in the last two seconds may still be missing.
        """
        try:
            return read_wav(self._pieces[-1].path)
        except (IndexError, OSError, BadWav):
            return HeardSound(array.array("h"))

    async def wait_answered(self, within_seconds: float = 15.0) -> None:
        """Return when the call is answered. Raises `LegTooLate` when it ends or takes longer."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._answered, self._over)]
        try:
            await asyncio.wait(waits, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        if not self._answered.is_set():
            why = f"ended with cause {self.cause}" if self.ended else "rang on"
            raise LegTooLate(f"the call was not answered within {within_seconds:g} s; it {why}")

    # --- what a telephone does -------------------------------------------------------------------

    async def ring(self, seconds: float) -> None:
        """Ring for so long, or until the caller gives up."""
        await self._do("EXEC", "Ringing")
        await self.wait(seconds)

    async def answer(self) -> None:
        """Pick up and begin to keep what is heard."""
        if await self._do("ANSWER") is not None:
            await self._open_ears()

    async def reject(self, ending: Ending) -> None:
        """Let the network say busy, rejected or unreachable; `Ending` decides the cause."""
        await self.refuse(CAUSES[ending])

    async def refuse(self, cause: int) -> None:
        """End the call, unanswered, with this Q.850 cause."""
        if await self._do("SET VARIABLE", "LAB_CAUSE", str(cause)) is not None and self._session:
            self._session.close()
        await self.wait(_HANG_UP_SECONDS)

    async def key(self, digits: str) -> None:
        """Press keys: 0.1 s before the first, then `KEY_MS` + `GAP_MS` each.

        Returns when the last one has been sent. As on a mobile phone, the far end hears nothing
        else meanwhile.
        """
        self.keyed_at = time.time()
        # A tone that sounds on confuses the timestamps of the keys, and the PBX then takes the
        # first key for one of several seconds.
        await self._do("EXEC", "StopPlayTones")
        former, self._running = self._running, []
        piece = await self._record()
        await self._do("EXEC", "SendDTMF", f"{digits},{GAP_MS},{KEY_MS}")
        await self._hum(self._hums)
        # While nothing is sent or received a tape stands still. So one that keeps step with the
        # clock begins now, and one that misses no word of an answer began before the keys.
        tape = await self._record()
        for monitor in former:
            await self._do("EXEC", "StopMixMonitor", monitor)
        self._pieces += piece
        self._tapes += tape

    async def wait(self, seconds: float) -> None:
        """Listen for so long, or until the call is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()

    async def wait_spoken_to(self) -> None:
        """Listen until the far end begins to say something, as far as that can be known."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_WORD_SECONDS):
                while not self.ended and not self._spoken_to(self):
                    await self.wait(0.03)

    async def listen(self, seconds: float) -> HeardSound:
        """What this phone hears from now on: so many seconds of sound, however long it takes.

        On a tape of its own that is measured by its own length: when the machine stands still,
        the sound does too and the clock does not. Shorter when the call is over before that.
        """
        tape = await self._begin_tape()
        if tape is None:
            return HeardSound(array.array("h"))
        monitor = await self._do("GET VARIABLE", _MONITOR)
        heard = HeardSound(array.array("h"))
        while not self.ended and heard.seconds < seconds:
            await self.wait(0.05)
            with suppress(OSError, BadWav):
                heard = read_wav(tape.path)
        if monitor is not None:
            await self._do("EXEC", "StopMixMonitor", monitor.value)
        return HeardSound(heard.samples[: round(seconds * RATE)])

    async def speak(self) -> None:
        """Start this phone's own tone or voice; returns as soon as it sounds."""
        match self.sound:
            case Tone(hertz):
                await self._hum(str(hertz))
            case Voice() as voice:
                self._talking = asyncio.create_task(self._talk(voice))

    async def say(self, file: Path) -> Spoken:
        """Play a WAV into the call; returns when it has been said. Keys wait until then."""
        began = time.time()
        await self._do("STREAM FILE", str(file.with_suffix("")), "")
        spoken = Spoken(file, began, time.time())
        self.spoken.append(spoken)
        await self._hum(self._hums)
        return spoken

    async def quiet(self) -> None:
        """Stop the tone."""
        await self._hum(_QUIET)

    async def mute(self) -> None:
        """Send no sound any more, not even silence, and say nothing of it to anybody."""
        self._hums = ""
        await self._do("EXEC", "StopPlayTones")

    async def hang_up(self) -> None:
        """Put the telephone down; returns when the network has taken the call down."""
        await self._leave(16)

    async def vanish(self, cause: int) -> None:
        """Be lost by the network, which tells the far end this Q.850 cause."""
        await self._leave(cause)

    async def _leave(self, cause: int) -> None:
        if self.ended:
            return
        self.left = True
        with suppress(AmiRefused, AmiUnavailable):
            await self._ami.action("Hangup", [("Channel", self.id), ("Cause", str(cause))])
        await self.wait(_HANG_UP_SECONDS)
        # Should the network never confirm it, nobody must wait for ever.
        self.is_over(self.cause)

    async def wait_hang_up(self, within_seconds: float | None = None) -> None:
        """Stay until the call is over. Raises `LegTooLate` when that takes longer."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._over.wait()
        except TimeoutError:
            raise LegTooLate(f"the call was not over within {within_seconds:g} s") from None

    # --- what the network tells it ---------------------------------------------------------------

    async def attach(self, session: AgiSession, *, answered: bool) -> None:
        """The call's channel is now ours to drive."""
        self._session = session
        if answered:
            await self._open_ears()

    def is_over(self, cause: int | None) -> None:
        """The call's channel is gone."""
        if self.ended:
            return
        self.cause = cause
        self.ended_at = time.time()
        self._over.set()
        if self._talking is not None:
            self._talking.cancel()
        if self._session is not None:
            self._session.close()

    async def _open_ears(self) -> None:
        """Send sound, if only silence, and keep what comes back.

        A telephone sends all the time; that also keeps the recording in step with the clock while
        nothing is received.
        """
        await self._hum(_QUIET)
        tape = await self._record()
        self._tapes += tape
        self._pieces += tape
        self.answered_at = time.time()
        self._answered.set()

    async def _record(self) -> list[Recording]:
        """Begin a new tape of what is heard; none where nothing is kept or the call is over."""
        tape = await self._begin_tape()
        if tape is None:
            return []
        reply = await self._do("GET VARIABLE", _MONITOR)
        if reply is not None:
            self._running.append(reply.value)
        return [tape]

    async def _begin_tape(self) -> Recording | None:
        if self._path is None:
            return None
        self._recorded += 1
        tape = self._path.with_name(f"{self._path.stem}-{self._recorded}.wav")
        if await self._do("EXEC", "MixMonitor", f",r({tape})i({_MONITOR})") is None:
            return None
        return Recording(tape, time.time())

    async def _hum(self, tone: str) -> None:
        self._hums = tone
        if tone:
            await self._do("EXEC", "PlayTones", tone)

    async def _talk(self, voice: Voice) -> None:
        for file in voice.files:
            await self.say(file)
            await self.wait(voice.pause_seconds)

    async def _do(self, verb: str, *words: str) -> AgiReply | None:
        """Have the channel do something; nothing when it is gone."""
        if self._session is None or self.ended:
            return None
        try:
            return await self._session.command(verb, *words)
        except AgiLost:
            # The manager's event, which carries the cause, comes at about the same time.
            await self.wait(1.0)
            self.is_over(None)
            return None
