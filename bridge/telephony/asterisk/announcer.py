# SPDX-License-Identifier: EUPL-1.2
"""Which announcement each room hears next: in one room, one after the other. No I/O."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field

from bridge.vocabulary import LegId, RoomId

MOST_WAITING = 8
"""Announcements that wait in one room; what comes on top is old news before it could be said."""

_PREFIX = "announcer-"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One announcement, and the id of the channel that says it."""

    channel: LegId
    room: RoomId
    files: str
    """Sound files as Asterisk's Playback takes them."""


@dataclass(slots=True)
class Announcer:
    """Keeps announcements to the same room from talking over each other."""

    _speaking: dict[LegId, Spoken] = field(default_factory=dict)
    _waiting: dict[RoomId, deque[Spoken]] = field(default_factory=dict)

    def announce(self, room: RoomId, files: str) -> Spoken | None:
        """What to say now: this, or nothing while the room still hears another."""
        new = Spoken(LegId(f"{_PREFIX}{secrets.token_hex(8)}"), room, files)
        queue = self._waiting.get(room)
        if queue is None:
            self._waiting[room] = deque()
            self._speaking[new.channel] = new
            return new
        if len(queue) < MOST_WAITING:
            queue.append(new)
        return None

    def hush(self, room: RoomId) -> LegId | None:
        """Forget what waits in a room; the channel that speaks there now, to be ended."""
        waiting = self._waiting.get(room)
        if waiting is not None:
            waiting.clear()
        speaking = (one.channel for one in self._speaking.values() if one.room == room)
        return next(speaking, None)

    def is_ours(self, channel: LegId) -> bool:
        """Whether this channel says an announcement; no person is at its far end."""
        return channel in self._speaking

    def ended(self, channel: LegId) -> Spoken | None:
        """A channel is gone: what its room hears next, if anything."""
        said = self._speaking.pop(channel, None)
        if said is None:
            return None
        queue = self._waiting.get(said.room)
        if not queue:
            self._waiting.pop(said.room, None)
            return None
        following = queue.popleft()
        self._speaking[following.channel] = following
        return following

    def forget(self) -> None:
        """Nobody knows any more what is being said; begin anew."""
        self._speaking.clear()
        self._waiting.clear()


def is_announcer(channel: LegId) -> bool:
    """Whether the channel was made to say an announcement, lately or long ago."""
    return channel.startswith(_PREFIX)
