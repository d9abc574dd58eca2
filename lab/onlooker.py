# SPDX-License-Identifier: EUPL-1.2
"""Looks on at the PBX: which prompt it begins to play to which telephone.

So somebody in a story can answer a question when it is asked, and neither at a fixed time after
something else nor only once it has been recognised in what was heard, seconds later. The manager's
user for it exists in the laboratory alone: what people are asked is nobody else's business.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.telephony.asterisk.ami import AmiLink
from bridge.telephony.asterisk.frames import Frame
from bridge.vocabulary import BadNumber, PhoneNumber

USER = "lab-onlooker"
_SECTION = """
[{user}]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system,call,agi
write =
"""
_IDLE_SECONDS = 120.0
"""A PBX that stands still in a story is waited for: over a new link nobody would tell what it has
to say about the time before.
"""
_STREAM = re.compile(r'STREAM FILE "[^"]*?([a-zA-Z-]+/[a-z0-9-]+)" ')


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """A prompt that the PBX began to play to a telephone."""

    channel: str
    """The PBX's own id of the telephone's channel."""
    prompt: str
    """Language and key: ``pt/ask-language``."""
    at: float
    """Seconds since the epoch."""


def allow_onlooker(manager_conf: Path, secret: str) -> None:
    """Let the PBX whose manager is configured here be looked on at."""
    with manager_conf.open("a", encoding="utf-8") as file:
        file.write(_SECTION.format(user=USER, secret=secret))


class Onlooker:
    """Everything that was begun to be played, in order, since `start`."""

    def __init__(self, port: int, secret: str) -> None:
        self.begun: list[Begun] = []
        self._numbers: dict[str, str] = {}
        """Whose telephone, in E.164, is at the far end of a channel."""
        self._ami = AmiLink(
            "127.0.0.1",
            port,
            USER,
            secret,
            on_event=self.note,
            events=True,
            idle_seconds=_IDLE_SECONDS,
        )

    async def start(self) -> None:
        """Begin to look on. Raises `AmiUnavailable` when the PBX does not let us."""
        await self._ami.start()

    async def stop(self) -> None:
        """Look on no more. May be called without `start`."""
        await self._ami.stop()

    def begun_since(self, number: str, moment: float) -> list[str]:
        """The prompts begun on this telephone after a moment (seconds since the epoch)."""
        return [
            one.prompt
            for one in self.begun
            if one.at > moment and self._numbers.get(one.channel) == number
        ]

    def belongs(self, channel: str, number: str) -> None:
        """Say whose telephone a channel is, where the PBX cannot know: it may be shown anything."""
        self._numbers[channel] = number

    def note(self, event: Frame) -> None:
        """Take note of one event of the manager."""
        match event.event:
            case "DialBegin":
                dialled, _, _ = event.get("DialString").partition("@")
                self._numbers[event.get("DestUniqueid")] = _e164(dialled)
            case "AGIExecStart":
                found = _STREAM.match(event.get("Command"))
                if found is None:
                    return
                channel = event.get("Uniqueid")
                self._numbers.setdefault(channel, _e164(event.get("CallerIDNum")))
                with suppress(ValueError):
                    self.begun.append(Begun(channel, found[1], float(event.get("Timestamp"))))


def _e164(number: str) -> str:
    try:
        return PhoneNumber.parse(number).e164
    except BadNumber:
        return number
