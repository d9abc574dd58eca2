# SPDX-License-Identifier: EUPL-1.2
"""Free loopback ports for runs side by side.

Ports below the range that the kernel hands out by itself are divided into granules. A lease owns
some neighbouring granules for as long as it holds a guard socket on the first port of each, so two
runs on one machine never share a port, and a run that is killed gives its ports back at once.
"""

from __future__ import annotations

import os
import random
import socket
from types import TracebackType

FIRST_PORT = 20_000
LAST_PORT = 31_999
GRANULE = 64


class NoFreePorts(RuntimeError):
    """Every port the lab may use is taken; the message names the remedy."""


class PortLease:
    """About `ports` neighbouring ports of `host` that no other lab run will use until `close`.

    Raises `NoFreePorts` when the machine has no such stretch left.
    """

    def __init__(self, ports: int = 320, *, host: str = "127.0.0.1") -> None:
        self.host = host
        wanted = -(-ports // GRANULE)
        granules = (LAST_PORT + 1 - FIRST_PORT) // GRANULE
        starts = list(range(granules - wanted + 1))
        # Different runs start looking at different places, or they would race for the same ones.
        random.Random(os.getpid() ^ int.from_bytes(os.urandom(4))).shuffle(starts)  # noqa: S311
        for start in starts:
            base = FIRST_PORT + start * GRANULE
            guards = _guard(host, [base + index * GRANULE for index in range(wanted)])
            if guards:
                self._guards = guards
                self._next = base + 1
                self._end = base + wanted * GRANULE
                return
        raise NoFreePorts(
            f"no {ports} free neighbouring ports between {FIRST_PORT} and {LAST_PORT};"
            " stop other lab runs and try again"
        )

    def port(self) -> int:
        """One port, free for both TCP and UDP at this moment, given to nobody else."""
        while self._next < self._end:
            candidate = self._next
            self._next += 1
            if self._is_guard(candidate):
                continue
            if is_free(self.host, candidate):
                return candidate
        raise NoFreePorts("this lease has no port left; ask for more ports when making it")

    def rtp_range(self, count: int) -> tuple[int, int]:
        """The first (even) and last port of a stretch of at least `count` ports for RTP.

        A guarded or otherwise taken port within is no harm: Asterisk passes over it.
        """
        first = self._next + self._next % 2
        last = first + count - 1
        if last >= self._end:
            raise NoFreePorts("this lease has no RTP ports left; ask for more ports when making it")
        self._next = last + 1
        return first, last

    def close(self) -> None:
        """Give the ports back. May be called again."""
        for guard in self._guards:
            guard.close()
        self._guards = []

    def _is_guard(self, port: int) -> bool:
        return (port - FIRST_PORT) % GRANULE == 0

    def __enter__(self) -> PortLease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _guard(host: str, ports: list[int]) -> list[socket.socket]:
    """Bound sockets on all `ports`, or none when one of them is taken."""
    guards: list[socket.socket] = []
    for port in ports:
        guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        guards.append(guard)
        try:
            guard.bind((host, port))
        except OSError:
            for taken in guards:
                taken.close()
            return []
    return guards


def is_free(host: str, port: int) -> bool:
    """Whether a TCP listener and a UDP socket could both be opened on the port now."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
