# SPDX-License-Identifier: EUPL-1.2
"""What every conversation of the bridge works with, and a few small tools."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import date

from bridge.conference.call import Call
from bridge.conference.calls import Calls
from bridge.conference.technician_desk import DeskTools
from bridge.hours.localtime import LISBON
from bridge.ivr.languages import Languages
from bridge.ivr.prompts import Catalogue
from bridge.telephony.switch import Ending, LegEnded
from bridge.vocabulary import BadNumber, LegId, PhoneNumber

_SWITCH_KNOWS_WITHIN = 2.0
"""Seconds in which the switch reports the end of a leg, with how it ended."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """The calls, the desks' tools, the languages and the words."""

    calls: Calls
    tools: DeskTools
    languages: Languages
    catalogue: Catalogue
    operator_on_duty: bool
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def gone(self, call: Call, leg: LegId) -> None:
        """The conversation noticed the hang-up; the switch's own event, which knows more, comes
        at about the same time, so it is given a moment to come first.
        """

        async def later() -> None:
            await asyncio.sleep(_SWITCH_KNOWS_WITHIN)
            call.happened(LegEnded(leg, self.tools.clock.now(), Ending.HUNG_UP))

        self.spawn(later())

    def today(self) -> date:
        """The date in Lisbon."""
        return self.tools.clock.now().astimezone(LISBON).date()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something that no conversation waits for."""
        task = asyncio.create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def number_of(caller: str) -> PhoneNumber | None:
    """The number that rings, if it is one that could be rung back; hostile text is none."""
    try:
        return PhoneNumber.parse(caller)
    except BadNumber:
        return None


def line_of(dialled: str) -> str:
    """Which line was rung, as E.164; ``unknown`` for anything that is no telephone number."""
    number = number_of(dialled)
    return "unknown" if number is None else number.e164
