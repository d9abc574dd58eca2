# SPDX-License-Identifier: EUPL-1.2
"""Telephones that the bridge rings of its own accord, for no call: whom each of them is about.

Nothing that happens on such a leg is written into a call's log. What is remembered of it, in memory
alone, is what it is about, until somebody answers or nobody can any more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bridge.conference.ports import Ports
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import ConversationName, OutboundLeg, SwitchError
from bridge.vocabulary import LegId, Role, new_leg_id

T = TypeVar("T")


class RingsOfNoCall(Generic[T]):
    """Those of one kind that ring now."""

    def __init__(self, ports: Ports, conversation: ConversationName, ring_seconds: float) -> None:
        """Whoever answers is led into this conversation."""
        self._ports = ports
        self._conversation = conversation
        self._ring_seconds = ring_seconds
        self._ringing: dict[LegId, tuple[T, datetime]] = {}

    async def ring(self, about: T, role: Role, to: PermittedNumber) -> None:
        """Ring. Raises `SwitchError` when the switch does not take it; then nothing rings."""
        leg = new_leg_id(role)
        # Remembered first: it may be answered before the switch has said that it rings.
        self._ringing[leg] = about, self._ports.clock.now()
        try:
            await self._ports.switch.originate(
                OutboundLeg(
                    leg=leg,
                    to=to,
                    caller_id=self._ports.caller_id,
                    conversation=self._conversation,
                    ring_seconds=self._ring_seconds,
                )
            )
        except SwitchError:
            del self._ringing[leg]
            raise

    def answered(self, leg: LegId) -> T | None:
        """What this leg is about; told once. `None` for a leg of a process that died."""
        found = self._ringing.pop(leg, None)
        return None if found is None else found[0]

    def all(self) -> list[T]:
        """What those that ring are about."""
        return [about for about, _ in self._ringing.values()]

    def over(self, at: datetime, talk: timedelta) -> list[T]:
        """What rang in vain: by now it has rung to the end, and nobody asked within `talk` of that
        whom it was for. It is forgotten.
        """
        latest = at - talk - timedelta(seconds=self._ring_seconds)
        return self._drop(lambda _, since: since <= latest)

    def drop(self, useless: Callable[[T], bool]) -> None:
        """Forget what is no use any more."""
        self._drop(lambda about, _: useless(about))

    def _drop(self, which: Callable[[T, datetime], bool]) -> list[T]:
        gone = [
            (leg, about) for leg, (about, since) in self._ringing.items() if which(about, since)
        ]
        for leg, _ in gone:
            del self._ringing[leg]
        return [about for _, about in gone]
