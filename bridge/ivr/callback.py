# SPDX-License-Identifier: EUPL-1.2
"""The script for whom the bridge rings into a room: a technician for a call-back, a booked call or
after a drop; an operator for a migrant who rang, or because somebody in a room asked for one.

It says who is calling and why, and lets nobody into the room who has not pressed 1: so a voicemail
never joins. The words name no agency and no person, since a voicemail may record them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.ivr.outcomes import Gone, NoKey, Over, Refused
from bridge.ivr.script import Ask, Finish, Heard, HungUp, Keys, Say, Step
from bridge.prompts.catalogue import language_name, spell
from bridge.vocabulary import JobNumber, LanguageTag


class CallbackKind(StrEnum):
    """Why the technician, or the operator, is rung."""

    CALL_BACK = "call_back"
    """They asked for it, and an interpreter has accepted."""
    BOOKED = "booked"
    """The hour of their booked call has come."""
    DROPPED = "dropped"
    """Their connection was lost."""
    MIGRANT_RANG = "migrant_rang"
    """An operator: a migrant is on the line."""
    CALLED = "called"
    """An operator: somebody in a room asked for one."""


@dataclass(frozen=True, slots=True)
class Joining:
    """The technician pressed 1 and is to enter the room."""

    at: datetime | None
    """When, where the carrier can tell."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Why they are rung is being said for the `play`-th time, from 1."""

    play: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last words are being said."""

    outcome: object


CallbackState = Telling | Leaving | Over

_WHY = {
    CallbackKind.CALL_BACK: "callback-wanted",
    CallbackKind.BOOKED: "callback-booked",
    CallbackKind.DROPPED: "callback-dropped",
    CallbackKind.MIGRANT_RANG: "operator-for-migrant",
    CallbackKind.CALLED: "operator-called",
}
_OPERATORS = frozenset({CallbackKind.MIGRANT_RANG, CallbackKind.CALLED})


@dataclass(frozen=True, slots=True)
class CallbackScript:
    """Asks somebody to join. Outcomes: `Joining`, `Refused`, `NoKey`, `Gone`."""

    kind: CallbackKind
    wanted: LanguageTag
    """The language to be interpreted."""
    job: JobNumber
    language: str
    """The prompt language: `pt` or `en`."""
    plays: int = 3
    """How often the question is put."""
    with_interpreter: bool = False
    """Whether an interpreter is being called too; an operator is told."""

    def start(self) -> tuple[CallbackState, Step]:
        """Say who calls, why, and for which job number."""
        return self._ask(1)

    def hear(self, state: CallbackState, heard: Heard) -> tuple[CallbackState, Step]:
        """1 joins, 2 refuses; anything else is asked again, a few times."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Leaving(outcome), _:
                return _over(outcome)
            case Telling(), Keys("1", at):
                return _over(Joining(at))
            case Telling(), Keys("2", at):
                refused = () if self.kind in _OPERATORS else ("callback-refused",)
                return self._leave(Refused(at), *refused, "goodbye")
            case Telling(play), _ if play < self.plays:
                return self._ask(play + 1)
            case _:
                return self._leave(NoKey(), "nothing-keyed", "goodbye")

    def _ask(self, play: int) -> tuple[CallbackState, Step]:
        why = (_WHY[self.kind], language_name(self.wanted))
        job = ("job-number-is", *spell(self.job.digits)) if play == 1 else ()
        too = ("operator-with-interpreter",) if self.with_interpreter else ()
        keys = "operator-keys" if self.kind in _OPERATORS else "callback-keys"
        prompts = ("service", *why, *too, *job, keys)
        return Telling(play), Ask(prompts, self.language, most_keys=1, first_key_seconds=5.0)

    def _leave(self, outcome: object, *prompts: str) -> tuple[CallbackState, Step]:
        return Leaving(outcome), Say(prompts, self.language)


def _over(outcome: object) -> tuple[CallbackState, Step]:
    return Over(outcome), Finish(outcome)
