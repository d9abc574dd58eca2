# SPDX-License-Identifier: EUPL-1.2
"""How a conversation with a technician leads to a person, or ends: never without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from bridge.ivr.outcomes import Over
from bridge.ivr.person import NotPromised, PersonScript, SomebodyOnDuty
from bridge.ivr.script import Finish, Heard, Say, Step
from bridge.ivr.technician.request import GivenUp, PersonReason, ToOperator
from bridge.ivr.technician.states import AskingForPerson, InPart, Leaving

Elsewhere = tuple[AskingForPerson | Leaving | Over, Step]
"""Where somebody is who has asked for a person."""
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Ends:
    """The last words in one prompt language, with or without an operator on duty."""

    language: str
    operator_on_duty: bool

    def asked(self, back: InPart, reason: PersonReason = PersonReason.ASKED) -> Elsewhere:
        """Somebody who was at `back` asked for a person: put them through.

        When nobody was on duty as the call began, that is looked up again, and `sought` goes on.
        """
        if self.operator_on_duty:
            return self._put_through(reason)
        at, step = self._person.start()
        return AskingForPerson(back, reason, at), step

    def sought(
        self,
        state: AskingForPerson,
        heard: Heard,
        goes_on: Callable[[InPart, tuple[str, ...]], M],
    ) -> M | Elsewhere:
        """Go on from what was heard, which is no hang-up.

        Without a person, `goes_on` leads back to where they were, after the prompts it is given.
        """
        match self._person.hear(state.at, heard):
            case _, Finish(SomebodyOnDuty()):
                return self._put_through(state.reason)
            case _, Finish(NotPromised(why)):
                return goes_on(state.back, why)
            case _, Finish(outcome):
                return over(outcome)
            case at, step:
                return replace(state, at=at), step

    def to_person(self, reason: PersonReason, *lead: str) -> tuple[Leaving, Step]:
        """Put through; or, when nobody is on duty, say so and end."""
        if self.operator_on_duty:
            return self._put_through(reason, *lead)
        told = () if lead == ("nobody-on-duty",) else ("nobody-on-duty",)
        return self.leave(GivenUp(reason), *lead, *told, "ring-later", "goodbye")

    def leave(self, outcome: object, *prompts: str) -> tuple[Leaving, Step]:
        """Say these last words; then it is over with this outcome."""
        return Leaving(outcome), Say(prompts, self.language)

    def _put_through(self, reason: PersonReason, *lead: str) -> tuple[Leaving, Step]:
        return self.leave(ToOperator(reason), *lead, "putting-through")

    @property
    def _person(self) -> PersonScript:
        return PersonScript((self.language,), nobody="nobody-on-duty", failed="our-fault")

    @property
    def person_key(self) -> tuple[str, ...]:
        """The words that offer a person, when one is on duty."""
        return ("person-key",) if self.operator_on_duty else ()


def over(outcome: object) -> tuple[Over, Step]:
    """It is over now."""
    return Over(outcome), Finish(outcome)
