# SPDX-License-Identifier: EUPL-1.2
"""The script for whoever rings out of hours: says so, when it opens, and offers to ring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bridge.ivr.line_words import time_of
from bridge.ivr.outcomes import Gone, Over
from bridge.ivr.person import FindPerson, SomebodyOnDuty, WantsPerson
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
)


@dataclass(frozen=True, slots=True)
class PromiseCallBack:
    """Question: may this caller be rung at the opening? Answer: `CallBackNoted`, or another."""


@dataclass(frozen=True, slots=True)
class CallBackNoted:
    """The caller will be rung when the line opens."""


@dataclass(frozen=True, slots=True)
class ClosedTold:
    """The caller knows that nobody is there, and goodbye has been said."""

    promised: bool = False
    """Whether they are to be rung at the opening."""


@dataclass(frozen=True, slots=True)
class TellingClosed:
    """It is being told for the `play`-th time, from 1."""

    play: int


@dataclass(frozen=True, slots=True)
class Promising:
    """The application writes the promise down."""

    play: int


@dataclass(frozen=True, slots=True)
class Seeking:
    """The application looks for a person, though none was on duty when the call began."""

    play: int


@dataclass(frozen=True, slots=True)
class LeavingClosed:
    """The last words are being said."""

    outcome: object


ClosedState = TellingClosed | Promising | Seeking | LeavingClosed | Over
Move = tuple[ClosedState, Step]


@dataclass(frozen=True, slots=True)
class ClosedScript:
    """Tells that nobody is there. Outcomes: `ClosedTold`, `WantsPerson`, `Gone`."""

    languages: tuple[str, ...]
    """The prompt languages, taken in turn."""
    opens_at: datetime | None
    """The next opening, aware; `None` when there is none to be told."""
    today: date
    """The date in Lisbon."""
    call_back: bool = False
    """Whether the caller can be offered to be rung at the opening."""
    operator_on_duty: bool = False
    """Whether "0" is said to reach a person all the same; else it is looked up when it is keyed."""
    why: str = "line-closed"
    """The prompt that says who is not there."""
    plays: int = 3
    """How often it is said to somebody who keys nothing that means anything."""

    def start(self) -> Move:
        """Say that nobody is there, when somebody will be, and what can be keyed."""
        return self._tell(1)

    def hear(self, state: ClosedState, heard: Heard) -> Move:
        """1 asks to be rung; 0 reaches a person if one is there by then; all else is told again."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case LeavingClosed(outcome), _:
                return _over(outcome)
            case Promising(play), Answer(CallBackNoted()):
                return self._leave(play, ClosedTold(promised=True), "line-call-back-promised")
            case Promising(play), _:
                return self._leave(play, ClosedTold(), "line-our-fault", "line-ring-later")
            case TellingClosed(play), Keys("1") if self._offers_call_back:
                return Promising(play), Consult(PromiseCallBack())
            case TellingClosed(play), Keys("0") if self.operator_on_duty:
                return self._put_through(play)
            case TellingClosed(play), Keys("0"):
                return Seeking(play), Consult(FindPerson())
            case Seeking(play), Answer(SomebodyOnDuty()):
                return self._put_through(play)
            case Seeking(play), _:
                return self._again(play, "line-nobody-on-duty")
            case TellingClosed(play), _:
                return self._again(play)

    def _put_through(self, play: int) -> Move:
        words = Say(("line-putting-through",), self._language(play))
        return LeavingClosed(WantsPerson(asked=True)), words

    def _again(self, play: int, *lead: str) -> Move:
        """Tell it once more after `lead`, or leave with that."""
        if play < self.plays and self._asks:
            return self._tell(play + 1, *lead)
        return self._leave(play, ClosedTold(), *lead)

    def _tell(self, play: int, *lead: str) -> Move:
        language = self._language(play)
        prompts = [*lead, self.why]
        if self.opens_at is not None:
            prompts += ["line-opens", *time_of(self.opens_at, self.today, language)]
        if self._offers_call_back:
            prompts.append("line-call-back-offer")
        if self.operator_on_duty:
            prompts.append("line-person")
        return TellingClosed(play), Ask(tuple(prompts), language, 1, first_key_seconds=4.0)

    def _leave(self, play: int, outcome: ClosedTold, *prompts: str) -> Move:
        return LeavingClosed(outcome), Say((*prompts, "goodbye"), self._language(play))

    @property
    def _offers_call_back(self) -> bool:
        return self.call_back and self.opens_at is not None

    @property
    def _asks(self) -> bool:
        return self._offers_call_back or self.operator_on_duty or len(self.languages) > 1

    def _language(self, play: int) -> str:
        return self.languages[(play - 1) % len(self.languages)]


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
