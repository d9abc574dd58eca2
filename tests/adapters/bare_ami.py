# SPDX-License-Identifier: EUPL-1.2
"""The bare asterisk-ami client, as the library has it, for tests that show its defects."""

from __future__ import annotations

import asyncio
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from asterisk.ami import AMIClient

from tests.adapters.watched_link import DEADLINE


def bare(port: int, **options: Any) -> Any:
    return AMIClient(address="127.0.0.1", port=port, **options)


async def greeted(port: int, **options: Any) -> Any:
    """A bare client that is past the greeting, before which it fails badly (defect 12)."""
    passed = threading.Event()
    client = bare(port, on_connect=lambda source: passed.set(), **options)
    await asyncio.to_thread(client.connect)
    assert await asyncio.to_thread(passed.wait, DEADLINE)
    return client


async def let_go(client: Any) -> None:
    """End a bare client; it would not by itself."""
    with suppress(OSError):
        client._socket.shutdown(socket.SHUT_RDWR)
    client._socket.close()
    await asyncio.to_thread(client._thread.join, DEADLINE)


@contextmanager
def deprecated_allowed() -> Iterator[None]:
    """The library calls deprecated functions where defect 8 is not the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
