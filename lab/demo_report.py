# SPDX-License-Identifier: EUPL-1.2
"""What the demo's call showed, and whether it is as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.calllog.model import EventKind
from bridge.vocabulary import LanguageTag, Role

LANGUAGE = LanguageTag("uk")
"""What the demo's technician asks for."""


@dataclass(slots=True)
class Report:
    """What the demo's call showed."""

    asterisk_version: str
    job_number: str = ""
    language: str = LANGUAGE
    interpreters: int = 0
    languages: int = 0
    hears: dict[str, dict[str, bool]] = field(default_factory=dict)
    last_key_to_offer_ms: float = 0.0
    """From the bridge's knowing the technician's last key to the network's receiving the INVITE."""
    accept_to_room_ms: float = 0.0
    """From the interpreter's key 1 to both being in the room, by Asterisk's own times."""
    events: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        """What does not hold, as sentences."""
        wrong = []
        for listener in (Role.TECHNICIAN, Role.INTERPRETER, Role.MIGRANT):
            for speaker in (Role.TECHNICIAN, Role.INTERPRETER, Role.MIGRANT):
                hears = self.hears.get(listener, {}).get(speaker)
                if hears is not (listener is not speaker):
                    wrong.append(f"the {listener} hears the {speaker}: {hears}")
        for kind in (
            *(EventKind.OFFER_REFUSED, EventKind.OFFER_ACCEPTED, EventKind.OFFER_CANCELLED),
            *(EventKind.ROOM_COMPLETE, EventKind.CALL_ENDED),
        ):
            if kind not in self.events:
                wrong.append(f"{kind} never happened")
        return wrong
