# SPDX-License-Identifier: EUPL-1.2
"""How a conversation with a technician ends: never without a word."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.outcomes import Over
from bridge.ivr.request import GivenUp, PersonReason, ToOperator
from bridge.ivr.script import Finish, Say, Step
from bridge.ivr.technician_states import Leaving


@dataclass(frozen=True, slots=True)
class Ends:
    """The last words in one prompt language, with or without an operator on duty."""

    language: str
    operator_on_duty: bool

    def to_person(self, reason: PersonReason, *lead: str) -> tuple[Leaving, Step]:
        """Put through; or, when nobody is on duty, say so and end."""
        if self.operator_on_duty:
            return self.leave(ToOperator(reason), *lead, "putting-through")
        told = () if lead == ("nobody-on-duty",) else ("nobody-on-duty",)
        return self.leave(GivenUp(reason), *lead, *told, "ring-later", "goodbye")

    def leave(self, outcome: object, *prompts: str) -> tuple[Leaving, Step]:
        """Say these last words; then it is over with this outcome."""
        return Leaving(outcome), Say(prompts, self.language)

    @property
    def person_key(self) -> tuple[str, ...]:
        """The words that offer a person, when one is on duty."""
        return ("person-key",) if self.operator_on_duty else ()


def over(outcome: object) -> tuple[Over, Step]:
    """It is over now."""
    return Over(outcome), Finish(outcome)
