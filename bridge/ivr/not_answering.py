# SPDX-License-Identifier: EUPL-1.2
"""The script that tells an interpreter that nobody rings them any more, and takes them back."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.outcomes import Gone, NoKey, Over
from bridge.ivr.presence_model import PresenceSet, SetPresence
from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, HungUp, Keys, Say, Step
from bridge.roster.model import Presence


@dataclass(frozen=True, slots=True)
class BackAgain:
    """The interpreter pressed 1, and is available."""


@dataclass(frozen=True, slots=True)
class NotWritten:
    """The interpreter pressed 1, and we could not write it down."""


@dataclass(frozen=True, slots=True)
class Explaining:
    """It is being said for the `play`-th time, from 1."""

    play: int


@dataclass(frozen=True, slots=True)
class ComingBack:
    """The application makes them available."""


@dataclass(frozen=True, slots=True)
class TakingLeave:
    """The last words are being said."""

    outcome: object


NotAnsweringState = Explaining | ComingBack | TakingLeave | Over


@dataclass(frozen=True, slots=True)
class NotAnsweringScript:
    """Tells why no more offers come. Outcomes: `BackAgain`, `NotWritten`, `NoKey`, `Gone`.

    1 makes them available; whatever else is heard leaves things as they are.
    """

    language: str = "pt"
    """The prompt language: `pt` or `en`."""
    plays: int = 3
    """How often it is said."""

    def start(self) -> tuple[NotAnsweringState, Step]:
        """Say who rings, what happened, and the key."""
        return self._explain(1)

    def hear(self, state: NotAnsweringState, heard: Heard) -> tuple[NotAnsweringState, Step]:
        """1 comes back; anything else is said again, a few times."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return Over(Gone()), Finish(Gone())
            case TakingLeave(outcome), _:
                return Over(outcome), Finish(outcome)
            case ComingBack(), Answer(PresenceSet()):
                return self._leave(BackAgain(), "presence-changed", "presence-available")
            case ComingBack(), _:
                return self._leave(NotWritten(), "our-fault", "not-answering-later")
            case Explaining(), Keys("1"):
                return ComingBack(), Consult(SetPresence(Presence.AVAILABLE))
            case Explaining(play), _ if play < self.plays:
                return self._explain(play + 1)
            case _:
                return self._leave(NoKey(), "not-answering-later")

    def _explain(self, play: int) -> tuple[NotAnsweringState, Step]:
        what = ("presence-greeting", "presence-not-answering")
        return Explaining(play), Ask(what, self.language, most_keys=1, first_key_seconds=5.0)

    def _leave(self, outcome: object, *prompts: str) -> tuple[NotAnsweringState, Step]:
        return TakingLeave(outcome), Say((*prompts, "goodbye"), self.language)
