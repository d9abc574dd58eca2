# SPDX-License-Identifier: EUPL-1.2
"""The part of a technician's conversation that finds out who rings.

A telephone that the agency has named is recognised, and the PIN is enough; anybody else keys the
agency's code and the PIN in one breath. Whatever did not fit, the words are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.ivr.entries import are_digits
from bridge.ivr.outcomes import Patience
from bridge.ivr.script import Answer, Ask, Consult, Heard, Keys, Step
from bridge.ivr.technician.ends import Elsewhere, Ends
from bridge.ivr.technician.request import (
    CodeFirst,
    Identify,
    IdentifyRest,
    NotIdentified,
    NotIdentifiedAtAll,
    PersonReason,
)
from bridge.ivr.technician.states import (
    CheckingIdentity,
    Identifying,
    IdentityState,
    KeyingRest,
)

AGENCY_DIGITS = 4
PIN_DIGITS = 6
_BOTH = AGENCY_DIGITS + PIN_DIGITS

Move = tuple[IdentityState, Step] | Elsewhere


@dataclass(frozen=True, slots=True)
class Identification:
    """From the greeting to somebody known. Whoever asked goes on at the answer `Identified`.

    Outcomes: `NotIdentifiedAtAll`, `ToOperator`, `GivenUp`, `OperatorPromised`.
    """

    ends: Ends
    most_wrong: int
    """Wrong codes before the end."""

    def start(
        self, patience: Patience, *, recognised: bool, identity: tuple[str, str] | None
    ) -> Move:
        """Greet and ask; or look up at once what was keyed already (no code: by the number)."""
        if identity is not None:
            code, pin = identity
            checking = CheckingIdentity(patience, 0, pin_only=not code)
            return checking, Consult(Identify(code or None, pin))
        return self._ask(Identifying(patience, pin_only=recognised), "line-greeting")

    def hear(self, state: IdentityState, heard: Heard) -> Move:
        """Go on from what was heard, which is neither a hang-up nor `Identified`."""
        match state, heard:
            case CheckingIdentity(), Answer(value):
                return self._answered(state, value)
            case CheckingIdentity(), _:
                return self._answered(state, None)
            case _, Keys("0"):
                return self.ends.asked(state)
            case KeyingRest(patience, wrong), Keys(digits) if are_digits(digits, AGENCY_DIGITS):
                return CheckingIdentity(patience, wrong), Consult(IdentifyRest(digits))
            case Identifying(patience, wrong, pin_only), Keys(digits) if are_digits(
                digits, PIN_DIGITS if pin_only else _BOTH
            ):
                return CheckingIdentity(patience, wrong, pin_only), Consult(_identify(digits))
            case Identifying(pin_only=True), Keys():
                return self._missed(state, "personal-code-incomplete")
            case _, Keys():
                return self._missed(state, "identity-incomplete")
            case _:
                return self._missed(state, "nothing-keyed")

    def without_person(self, state: IdentityState, lead: tuple[str, ...]) -> Move:
        """Ask again after these words, for whoever asked for a person in vain."""
        return self._missed(state, *lead, reason=PersonReason.ASKED)

    def _ask(self, state: Identifying, *lead: str) -> Move:
        question = "ask-personal-code" if state.pin_only else "ask-identity"
        prompts = (*lead, question, *self.ends.person_key)
        most = PIN_DIGITS if state.pin_only else _BOTH
        return state, Ask(prompts, self.ends.language, most, "#", 10.0, 5.0)

    def _answered(self, state: CheckingIdentity, answer: object) -> Move:
        patience, wrong = state.patience, state.wrong
        match answer:
            case CodeFirst() if state.pin_only:
                # The rest is on its way, so nothing is said.
                rest = Ask((), self.ends.language, AGENCY_DIGITS, "#", 3.0, 5.0)
                return KeyingRest(patience, wrong), rest
            case NotIdentified() if wrong + 1 >= self.most_wrong:
                end = NotIdentifiedAtAll(wrong + 1)
                return self.ends.leave(end, "not-identified", "goodbye")
            case NotIdentified():
                return self._ask(Identifying(patience.renewed(), wrong + 1), "identity-wrong")
            case _:
                return self.ends.to_person(PersonReason.FAILED, "our-fault")

    def _missed(
        self,
        state: IdentityState,
        *lead: str,
        reason: PersonReason = PersonReason.NOT_UNDERSTOOD,
    ) -> Move:
        """Ask again after saying what was wrong; or get a person, when patience is over."""
        patience = state.patience.missed()
        if patience.over:
            return self.ends.to_person(reason, *lead)
        if isinstance(state, Identifying):
            return self._ask(replace(state, patience=patience), *lead)
        return self._ask(Identifying(patience, state.wrong), *lead)


def _identify(digits: str) -> Identify:
    """What to look up for six digits, or for ten."""
    code, pin = digits[:-PIN_DIGITS], digits[-PIN_DIGITS:]
    return Identify(code or None, pin)
