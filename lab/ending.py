# SPDX-License-Identifier: EUPL-1.2
"""Programs of the laboratory end whole: what they started ends with them.

Asterisks and bridges have process groups of their own, so that Ctrl-C reaches this program alone,
which then stops them in order. Python does so for Ctrl-C only: SIGTERM, which supervisors and
``timeout`` send, would end it at once and leave them running, with their ports.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, but SIGTERM ends it like Ctrl-C. Raises `KeyboardInterrupt` then."""
    end_as_on_ctrl_c()
    return asyncio.run(main)


def end_as_on_ctrl_c() -> None:
    """From now on SIGTERM does what Ctrl-C does. Only in the main thread."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    on_ctrl_c = signal.getsignal(signal.SIGINT)
    if callable(on_ctrl_c):
        on_ctrl_c(signal.SIGINT, frame)  # asyncio's own while it runs: it cancels, and waits
    else:
        # A shell had it ignored, as it does for whatever it starts in the background.
        raise KeyboardInterrupt
