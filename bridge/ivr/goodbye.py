# SPDX-License-Identifier: EUPL-1.2
"""What is said to a leg when its room is over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bridge.ivr.outcomes import Done, Gone, Over
from bridge.ivr.script import Finish, Heard, HungUp, Say, Step


class _Speaking(Enum):
    SPEAKING = "speaking"


GoodbyeState = _Speaking | Over


@dataclass(frozen=True, slots=True)
class GoodbyeScript:
    """Says that the conversation is over, and goodbye. Outcomes: `Done`, `Gone`."""

    languages: tuple[str, ...]
    """The prompt languages; the first is spoken (see `Catalogue.spoken_to_migrant`)."""

    def start(self) -> tuple[GoodbyeState, Step]:
        """Say it."""
        return _Speaking.SPEAKING, Say(("conversation-over", "goodbye"), self.languages[0])

    def hear(self, state: GoodbyeState, heard: Heard) -> tuple[GoodbyeState, Step]:
        """Whatever was heard, it is over."""
        if isinstance(state, Over):
            return state, Finish(state.outcome)
        outcome = Gone() if isinstance(heard, HungUp) else Done()
        return Over(outcome), Finish(outcome)
