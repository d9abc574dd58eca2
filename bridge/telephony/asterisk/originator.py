# SPDX-License-Identifier: EUPL-1.2
"""Asking Asterisk to ring, and finding out whether a telephone rings where no answer came in time.

An Asterisk that stood still does what it was asked as soon as it goes on. So a ring is given up
only when Asterisk says no to it, or does not know it though it had the time to; until then it is
in doubt, and counts as one that rings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable

import structlog

from bridge.clock import Clock
from bridge.telephony.asterisk.ami import AmiRefused
from bridge.telephony.asterisk.events import EventTranslator
from bridge.telephony.switch import LegEnded, OutboundLeg, SwitchError, SwitchUnavailable
from bridge.vocabulary import LegId

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
"""How long whoever asks Asterisk for something waits for its answer, before they go on without."""
LATE_SECONDS = 2.0
"""How long after a restored link a ring may yet begin that was asked for over the lost one.

Asterisk reads every connection in a thread of its own, so one that goes on after it stood still may
answer what comes over the new link before it does what it was asked over the old.
"""


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
        self._asking: dict[LegId, asyncio.Task[bool]] = {}
        self._doubts: dict[LegId, asyncio.Task[None]] = {}

    @property
    def in_doubt(self) -> frozenset[LegId]:
        """Legs of which nobody knows yet whether they ring or will; each is found out about."""
        return frozenset(self._doubts)

    async def ring(self, outbound: OutboundLeg) -> None:
        """Ring. Raises `SwitchError` and `SwitchUnavailable` when nothing rings, nor will.

        Returns when Asterisk took the request, or may have. What came of it, or that nothing did,
        is told later.
        """
        leg = outbound.leg
        self._translator.originating(leg)
        asked = asyncio.create_task(self._is_taken(outbound))
        self._asking[leg] = asked
        asked.add_done_callback(lambda _: self._asking.pop(leg))
        done, _ = await asyncio.wait({asked}, timeout=ANSWER_SECONDS)
        try:
            if done and asked.result():
                return
        except SwitchError:
            self._translator.give_up(leg)  # whoever asked hears it now, and not once more
            raise
        log.warning("no answer yet whether a telephone rings", leg=leg)
        self._doubt(leg, self._find_out(outbound, asked))

    def link_restored(self, unseen: Iterable[LegId]) -> None:
        """What was asked for before the link was lost is waited for a little, and then no longer.

        `unseen`: legs we rang that Asterisk did not name when it was asked just now.
        """
        for leg in unseen:
            if leg not in self._asking:  # whose answer is still to come
                self._doubt(leg, self._wait(leg, LATE_SECONDS))

    async def stop(self) -> None:
        """Find out no more; what rings goes on ringing."""
        tasks = [*self._asking.values(), *self._doubts.values()]
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

    def _doubt(self, leg: LegId, finding_out: Coroutine[None, None, None]) -> None:
        """Doubt that a telephone rings until `finding_out` is done, and not a moment longer."""
        before = self._doubts.pop(leg, None)
        if before is not None:
            before.cancel()
        task = self._doubts[leg] = asyncio.create_task(finding_out)

        def found_out(_: asyncio.Task[None]) -> None:
            if self._doubts.get(leg) is task:
                del self._doubts[leg]

        task.add_done_callback(found_out)

    async def _find_out(self, outbound: OutboundLeg, asked: asyncio.Task[bool]) -> None:
        """Give the ring up, unless its telephone rings or rang.

        A late answer says so. Where the link was lost, whoever is not seen in the time of a ring is
        waited for no longer, unless the link is restored before: then it is known sooner.
        """
        leg = outbound.leg
        try:
            if not await asked:
                await self._wait(leg, outbound.ring_seconds)
        except SwitchError as error:
            log.warning("no telephone rings", leg=leg, why=str(error))
            self._give_up_unseen(leg)

    async def _wait(self, leg: LegId, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._give_up_unseen(leg)

    def _give_up_unseen(self, leg: LegId) -> None:
        """Whatever Asterisk does yet: a telephone that rings all the same is hung up."""
        ending = self._translator.give_up(leg)
        if ending is not None:
            self._tell(LegEnded(leg, self._clock.now(), ending))
