# SPDX-License-Identifier: EUPL-1.2
"""Keys as answers: pressed when they are asked for, and once more when they are asked for again.

A person answers a question when it is put, and whoever was not understood (because the line stood
still in the middle of the keys, or a key was lost) is asked again and answers again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lab.leg import LegTooLate, PhoneLeg
from lab.onlooker import Onlooker


class Asking:
    """What the people of one story are asked, and what they answered."""

    def __init__(self, onlooker: Onlooker) -> None:
        self._onlooker = onlooker
        self._given: dict[str, dict[str, str]] = {}

    async def answer(self, leg: PhoneLeg, asked: tuple[str, ...], keys: str) -> None:
        """Press keys once one of these prompts has begun since the last keys of this leg.

        Raises `LegTooLate` when the call ends before that.
        """

        def put() -> bool:
            return leg.ended or not set(asked).isdisjoint(self._begun(leg))

        await self.until(put, leg)
        if leg.ended:
            raise LegTooLate(f"{' or '.join(asked)} was not begun until the call ended")
        self._given.setdefault(leg.id, {}).update(dict.fromkeys(asked, keys))
        await leg.key(keys)

    async def until(self, holds: Callable[[], bool], leg: PhoneLeg | None) -> None:
        """Return once `holds()`; until then, answer again on `leg` what is asked again there.

        What holds is about other processes, so it is looked at often.
        """
        while not holds():
            again = [] if leg is None else [self._again(leg, one) for one in self._begun(leg)]
            if leg is not None and (keys := next(filter(None, again), None)):
                await leg.key(keys)
            await asyncio.sleep(0.03)

    def _begun(self, leg: PhoneLeg) -> list[str]:
        since = leg.made_at if leg.keyed_at is None else leg.keyed_at
        return self._onlooker.begun_since(leg.number, since)

    def _again(self, leg: PhoneLeg, prompt: str) -> str | None:
        return self._given.get(leg.id, {}).get(prompt)
