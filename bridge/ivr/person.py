# SPDX-License-Identifier: EUPL-1.2
"""The part of a conversation in which the caller has asked for a person, and none seemed on duty.

That is looked up again, for somebody may have come since the call began. When nobody has, it is
said, and whoever can be rung is asked whether they want to be when somebody is on duty. Whoever
embeds this goes on where the caller was unless that was promised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.outcomes import GoesOn, Gone, Over
from bridge.ivr.script import (
    Answer,
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Keys,
    Say,
    Step,
    in_language,
)

# --- questions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindPerson:
    """Question: whom does "0" reach now, though nobody was on duty when the call began?

    Answer: `SomebodyOnDuty` or `NobodyOnDuty`; another says that it failed.
    """


@dataclass(frozen=True, slots=True)
class RingWhenOnDuty:
    """Question: may this caller be rung when an operator comes on duty?

    Answer: `WillRing`, or another.
    """


# --- answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SomebodyOnDuty(GoesOn):
    """A person has come on duty meanwhile. Also an outcome: the caller is still to be told."""


@dataclass(frozen=True, slots=True)
class NobodyOnDuty:
    """There is no operator."""

    call_back: bool = False
    """Whether the caller can be offered to be rung when one comes on duty."""


@dataclass(frozen=True, slots=True)
class WillRing:
    """They are going to be rung."""


# --- outcomes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WantsPerson:
    """Put through to a person; they have been told."""

    asked: bool
    """Whether they asked for one, or were not understood."""


@dataclass(frozen=True, slots=True)
class OperatorPromised:
    """The caller is to be rung when an operator comes on duty; goodbye has been said."""


@dataclass(frozen=True, slots=True)
class NotPromised(GoesOn):
    """Nobody is on duty, and the caller is not to be rung: they go on where they were."""

    why: tuple[str, ...] = ()
    """The prompts that are still to be said of it; none when they have declined."""


# --- states ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seeking:
    """The application looks for a person."""


@dataclass(frozen=True, slots=True)
class Offering:
    """Nobody is on duty, and the caller is asked whether to be rung when somebody is."""


@dataclass(frozen=True, slots=True)
class Promising:
    """The application writes down that they are to be rung."""


@dataclass(frozen=True, slots=True)
class Promised:
    """They are being told that they will be, and goodbye."""


PersonState = Seeking | Offering | Promising | Promised | Over
Move = tuple[PersonState, Step]


@dataclass(frozen=True, slots=True)
class PersonScript:
    """From "0" with nobody on duty to a promise, or back to where the caller was.

    Outcomes: `SomebodyOnDuty`, `OperatorPromised`, `NotPromised`, `Gone`.
    """

    languages: tuple[str, ...]
    """The prompt languages in which everything is said, one after the other."""
    nobody: str = "line-nobody-on-duty"
    """The prompt that says that nobody is on duty."""
    failed: str = "line-our-fault"
    """The prompt that says that it could not be promised."""

    def start(self) -> Move:
        """Look whether somebody has come on duty."""
        return Seeking(), Consult(FindPerson())

    def told(self, answer: NobodyOnDuty) -> Move:
        """Begin with the answer, for whoever has looked with a question of its own."""
        if not answer.call_back:
            return _over(NotPromised((self.nobody,)))
        prompts = self._said(self.nobody, "operator-call-back-offer")
        return Offering(), Ask(prompts, self.languages[0], 1, first_key_seconds=5.0)

    def hear(self, state: PersonState, heard: Heard) -> Move:
        """Only 1 asks to be rung, and only what was written down is promised."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Seeking(), Answer(SomebodyOnDuty() as there):
                return _over(there)
            case Seeking(), Answer(NobodyOnDuty() as answer):
                return self.told(answer)
            case Seeking(), _:
                return _over(NotPromised((self.nobody,)))
            case Offering(), Keys("1"):
                return Promising(), Consult(RingWhenOnDuty())
            case Offering(), _:
                return _over(NotPromised())
            case Promising(), Answer(WillRing()):
                prompts = self._said("operator-call-back-promised", "goodbye")
                return Promised(), Say(prompts, self.languages[0])
            case Promising(), _:
                return _over(NotPromised((self.failed,)))
            case Promised(), _:
                return _over(OperatorPromised())

    def _said(self, *keys: str) -> tuple[str, ...]:
        if len(self.languages) == 1:
            return keys
        return tuple(in_language(language, key) for language in self.languages for key in keys)


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
