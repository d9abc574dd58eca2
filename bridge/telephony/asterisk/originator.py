# SPDX-License-Identifier: EUPL-1.2
"""Asking Asterisk to ring, and finding out whether a telephone rings where no answer came in time.

An Asterisk that stood still does what it was asked as soon as it goes on. So a ring is given up
only when Asterisk says no to it, or was asked again and does not know it; until then it counts as
one that rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bridge.clock import Clock
from bridge.telephony.asterisk.ami import AmiRefused
from bridge.telephony.asterisk.events import EventTranslator
from bridge.telephony.switch import Ending, LegEnded, OutboundLeg, SwitchError, SwitchUnavailable
from bridge.vocabulary import LegId

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
"""How long whoever asks Asterisk for something waits for its answer, before they go on without."""


class Unanswered(SwitchUnavailable):
    """Asterisk was asked, and nobody knows whether it did it, or is going to."""


class Originator:
    """Rings, one leg at a time or many."""

    def __init__(
        self,
        request: Callable[[OutboundLeg], Awaitable[None]],
        translator: EventTranslator,
        tell: Callable[[LegEnded], None],
        clock: Clock,
    ) -> None:
        """`request` asks Asterisk to ring, and waits for its answer for as long as the link lasts;
        it raises `AmiRefused`, `Unanswered`, and `SwitchUnavailable` where Asterisk was not asked.
        `tell` gets the end of a leg that nothing came of.
        """
        self._request = request
        self._translator = translator
        self._tell = tell
        self._clock = clock
        self._asking: set[asyncio.Task[bool]] = set()
        self._looking: set[asyncio.Task[None]] = set()

    async def ring(self, outbound: OutboundLeg) -> None:
        """Ring. Raises `SwitchError` and `SwitchUnavailable` when nothing rings, nor will.

        Returns when Asterisk took the request, or may have. What came of it, or that nothing did,
        is told later.
        """
        self._translator.originating(outbound.leg)
        asked = asyncio.create_task(self._is_taken(outbound))
        self._asking.add(asked)
        asked.add_done_callback(self._asking.discard)
        done, _ = await asyncio.wait({asked}, timeout=ANSWER_SECONDS)
        if done and asked.result():
            return
        log.warning("no answer yet whether a telephone rings", leg=outbound.leg)
        looking = asyncio.create_task(self._find_out(outbound, asked))
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)

    async def stop(self) -> None:
        """Find out no more; what rings goes on ringing."""
        tasks = [*self._asking, *self._looking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _is_taken(self, outbound: OutboundLeg) -> bool:
        """Whether Asterisk took the request; `False` when the link was lost before it said so."""
        try:
            await self._request(outbound)
        except AmiRefused as error:
            raise SwitchError(f"Asterisk refused to ring: {error}") from None
        except Unanswered:
            return False
        return True

    async def _find_out(self, outbound: OutboundLeg, asked: asyncio.Task[bool]) -> None:
        """Give the ring up, unless its telephone rings or rang.

        A late answer says so. Where the link was lost, so does what is true when it is restored,
        which everybody is told; and who is not seen in the time of a ring is waited for no longer.
        """
        leg = outbound.leg
        try:
            if await asked:
                return
            await asyncio.sleep(outbound.ring_seconds)
        except SwitchError as error:
            log.warning("no telephone rings", leg=leg, why=str(error))
        if not self._translator.was_seen(leg):
            self._give_up(leg)

    def _give_up(self, leg: LegId) -> None:
        """Whatever Asterisk does yet: a telephone that rings all the same is hung up."""
        ending = Ending.CANCELLED if self._translator.is_cancelled(leg) else Ending.FAILED
        self._translator.cancelling(leg)
        self._tell(LegEnded(leg, self._clock.now(), ending))
