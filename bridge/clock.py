# SPDX-License-Identifier: EUPL-1.2
"""Where the time comes from. Rules are given a moment; only the edges read a clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the present moment."""

    def now(self) -> datetime:
        """The present moment, time-zone aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment by the machine's clock, in UTC."""
        return datetime.now(UTC)


class LoopClock:
    """The running event loop's own time, counted from a chosen start.

    On a loop with virtual time this is the virtual present, so simulations and tests see the same
    moments at every run.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._zero: float | None = None

    def now(self) -> datetime:
        """The start plus the loop time since the first reading; needs a running loop."""
        time = asyncio.get_running_loop().time()
        if self._zero is None:
            self._zero = time
        return self._start + timedelta(seconds=time - self._zero)
