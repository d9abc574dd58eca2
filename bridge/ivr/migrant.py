# SPDX-License-Identifier: EUPL-1.2
"""The script for a migrant whom the bridge has rung, and for whoever is rung again after a drop.

It greets in the migrant's own language, where the catalogue has it, and lets nobody into the room
before a key was pressed: so a voicemail never joins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge.agencies.model import AgencyKind
from bridge.ivr.outcomes import Gone, NoKey, Over
from bridge.ivr.script import Ask, Finish, Heard, HungUp, Keys, Said, Say, Step, in_language


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A person pressed a key and is to enter the room."""

    at: datetime | None
    """When, where the carrier can tell."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """The greeting is being said for the `play`-th time, from 1."""

    play: int


@dataclass(frozen=True, slots=True)
class MessageLeft:
    """Nobody pressed a key, and the message was said to its end: a voicemail has it, probably."""


@dataclass(frozen=True, slots=True)
class TakingLeave:
    """Nobody pressed a key; goodbye, or the message that is left, is being said."""


MigrantState = Greeting | TakingLeave | Over


@dataclass(frozen=True, slots=True)
class MigrantScript:
    """Greets a migrant and asks for any key.

    Outcomes: `Confirmed`, `NoKey`, `MessageLeft` (when there is one), `Gone`.
    """

    languages: tuple[str, ...]
    """The prompt languages, taken in turn: `Catalogue.spoken_to_migrant` of the language."""
    plays: int = 3
    """How often the greeting is said."""
    greeting: tuple[str, ...] = ("migrant-greeting",)
    """The prompts that say who calls, why, and that a key is wanted."""
    message: str = ""
    """The prompt of the message that is left when nobody pressed a key; empty: none is left.

    It is left in all of the languages: whoever listens to it later may know one of them only."""

    def start(self) -> tuple[MigrantState, Step]:
        """Greet."""
        return self._greet(1)

    def hear(self, state: MigrantState, heard: Heard) -> tuple[MigrantState, Step]:
        """Any key is a person; silence is greeted again, a few times."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Greeting(), Keys(at=at):
                return _over(Confirmed(at))
            case Greeting(play), _ if play < self.plays:
                return self._greet(play + 1)
            case Greeting(), _ if self.message:
                said = (in_language(language, self.message) for language in self.languages)
                return TakingLeave(), Say((*said, "goodbye"), self.languages[-1])
            case Greeting(play), _:
                return TakingLeave(), Say(("goodbye",), self._language(play))
            case TakingLeave(), Keys(at=at) if self.message:
                # A person after all, who picked up late.
                return _over(Confirmed(at))
            case TakingLeave(), Said() if self.message:
                return _over(MessageLeft())
            case _:
                return _over(NoKey())

    def _greet(self, play: int) -> tuple[MigrantState, Step]:
        ask = Ask(self.greeting, self._language(play), most_keys=1, first_key_seconds=5.0)
        return Greeting(play), ask

    def _language(self, play: int) -> str:
        return self.languages[(play - 1) % len(self.languages)]


def _over(outcome: object) -> tuple[MigrantState, Step]:
    return Over(outcome), Finish(outcome)


def migrant_script(
    languages: tuple[str, ...], kind: AgencyKind, *, voicemail: bool = False
) -> MigrantScript:
    """Greets a migrant and says what kind of institution asks; never its name.

    `voicemail`: whether the agreed message is left when nobody presses a key. Then the greeting
    is said once less, for many machines record no longer than a minute: so it fits in even where
    it is left in two languages, and the likelier one comes first.
    """
    other = kind is AgencyKind.OTHER
    who = () if other else (f"migrant-from-{kind.value.replace('_', '-')}",)
    message = "voicemail-message" if voicemail else ""
    greeting = ("migrant-greeting", *who)
    return MigrantScript(languages, 2 if voicemail else 3, greeting, message)


def guest_script(languages: tuple[str, ...]) -> MigrantScript:
    """Greets a fourth person whose number was keyed in the room, and asks for any key."""
    return MigrantScript(languages, greeting=("guest-greeting",))
