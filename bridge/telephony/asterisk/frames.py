# SPDX-License-Identifier: EUPL-1.2
"""AMI's wire format: headers on lines, frames ended by an empty line. Pure.

Lines end with CRLF and with nothing else. Other line separators (a lone LF, U+2028, U+0085…) may
stand inside a caller's name and stay part of the value there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_FRAME_BYTES = 256 * 1024
"""A longer frame is dropped. Asterisk's longest are a few kilobytes."""
MOST_LINE_BYTES = 1000
"""Asterisk reads actions into a buffer of 1025 bytes and drops what is longer."""
MOST_HEADERS = 100
"""Asterisk takes at most 128 headers for one action."""

_END = b"\r\n\r\n"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One response or event: its headers in order, repeated ones kept.

    Values come from the telephone network in part, so `repr` shows the names only.
    """

    headers: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header, whatever its letters' case; `default` without one."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def event(self) -> str:
        """The event's name; empty for a response."""
        return self.get("Event") if self.headers and self.headers[0][0].lower() == "event" else ""

    @property
    def response(self) -> str:
        """``Success``, ``Error``…; empty for an event."""
        named = self.headers and self.headers[0][0].lower() == "response"
        return self.get("Response") if named else ""

    def __repr__(self) -> str:
        return f"Frame({', '.join(key for key, _ in self.headers)})"


def parse_frame(raw: bytes) -> Frame:
    """Read one complete frame without its closing empty line. Never raises.

    Lines that are no header (the greeting, a command's output) are passed over; bytes that are
    not UTF-8 become U+FFFD.
    """
    headers = []
    for line in raw.split(b"\r\n"):
        name, colon, value = line.decode("utf-8", errors="replace").partition(":")
        if colon and _NAME.fullmatch(name):
            headers.append((name, value.removeprefix(" ")))
    return Frame(tuple(headers))


class FrameReader:
    """Cuts a stream of bytes, arriving in any pieces, into frames. Never raises; bounded memory."""

    def __init__(self, *, most_frame_bytes: int = MOST_FRAME_BYTES) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._most = most_frame_bytes
        self._skipping = False
        self.dropped = 0
        """Frames dropped because they were longer than the bound."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes and return the frames they completed, in order."""
        self._buffer += data
        frames = []
        while (end := self._buffer.find(_END, max(0, self._searched - len(_END) + 1))) >= 0:
            raw = bytes(self._buffer[:end])
            del self._buffer[: end + len(_END)]
            self._searched = 0
            if self._skipping or len(raw) > self._most:
                self.dropped += 1
                self._skipping = False
                continue
            frame = parse_frame(raw)
            if frame.headers:
                frames.append(frame)
        if len(self._buffer) > self._most + len(_END) - 1:
            # Keep only what could be the beginning of the frame's end.
            del self._buffer[: len(self._buffer) - len(_END) + 1]
            self._skipping = True
        self._searched = len(self._buffer)
        return frames


def encode_action(headers: Iterable[tuple[str, str]]) -> bytes:
    """An action as it goes over the wire.

    Raises `ValueError`, naming the header but not its value, when a header could be read as
    something else than it is: control characters, an odd name, a line or a list too long for
    Asterisk.
    """
    lines = []
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise ValueError("an AMI header's name is letters, digits, - and _")
        if _CONTROL.search(value):
            raise ValueError(f"the AMI header {name} must not contain control characters")
        line = f"{name}: {value}".encode()
        if len(line) >= MOST_LINE_BYTES:
            raise ValueError(f"the AMI header {name} is longer than {MOST_LINE_BYTES} bytes")
        lines.append(line)
    if not lines or len(lines) > MOST_HEADERS:
        raise ValueError(f"an AMI action has 1 to {MOST_HEADERS} headers")
    return b"\r\n".join(lines) + _END
