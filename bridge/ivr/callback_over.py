# SPDX-License-Identifier: EUPL-1.2
"""The script for a technician who waited for a call-back in vain: an honest word, and goodbye.

It says no more than the other words for a technician who is rung: a voicemail may record it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.outcomes import Done, Gone, Over
from bridge.ivr.script import Finish, Heard, HungUp, Say, Step
from bridge.prompts.catalogue import language_name
from bridge.vocabulary import LanguageTag


@dataclass(frozen=True, slots=True)
class Telling:
    """It is being said for the `play`-th time, from 1."""

    play: int


CallbackOverState = Telling | Over


@dataclass(frozen=True, slots=True)
class CallbackOverScript:
    """Says that nobody could be found. Outcomes: `Done`, `Gone`."""

    wanted: LanguageTag
    """The language that was to be interpreted."""
    language: str
    """The prompt language: `pt` or `en`."""
    plays: int = 2
    """Whoever is only just putting the telephone to their ear misses the first."""

    def start(self) -> tuple[CallbackOverState, Step]:
        """Say who calls, and that it was in vain."""
        return self._tell(1)

    def hear(self, state: CallbackOverState, heard: Heard) -> tuple[CallbackOverState, Step]:
        """Once more, and goodbye; a key makes no difference."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return Over(Gone()), Finish(Gone())
            case Telling(play), _ if play < self.plays:
                return self._tell(play + 1)
            case _:
                return Over(Done()), Finish(Done())

    def _tell(self, play: int) -> tuple[CallbackOverState, Step]:
        end = ("ring-later", "goodbye") if play == self.plays else ()
        prompts = ("service", "callback-in-vain", language_name(self.wanted), *end)
        return Telling(play), Say(prompts, self.language)
