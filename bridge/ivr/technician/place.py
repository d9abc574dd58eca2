# SPDX-License-Identifier: EUPL-1.2
"""The part of a technician's conversation that asks where the migrant is, and makes the request.

What the agency wants keyed for its own records comes last: so the ten keys before it are the same
at every agency, and whoever ends with a person has not keyed it in vain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.agencies.model import AgencyField
from bridge.ivr.entries import are_digits
from bridge.ivr.outcomes import Patience
from bridge.ivr.script import Answer, Ask, Consult, Heard, Keys, Step
from bridge.ivr.technician.ends import Elsewhere, Ends
from bridge.ivr.technician.language_choice_states import LanguageChosen
from bridge.ivr.technician.request import (
    BesideMe,
    CheckNumber,
    DialInCode,
    DialsIn,
    FieldValues,
    MigrantPlace,
    NumberFault,
    NumberFine,
    NumberRefused,
    PersonReason,
    RequestInterpreter,
    ReserveDialIn,
    Ring,
)
from bridge.ivr.technician.states import (
    AllowingVoicemail,
    CheckingNumber,
    ConfirmingNumber,
    KeyingField,
    KeyingNumber,
    PlaceLookup,
    PlaceQuestion,
    PlaceState,
    PlacingMigrant,
    Requesting,
    ReservingDialIn,
    TellingDialIn,
)
from bridge.prompts import spoken
from bridge.prompts.catalogue import spell

MOST_NUMBER_DIGITS = 15
"""E.164 numbers are no longer."""
LEAST_NUMBER_DIGITS = 3
_LONE_DIGIT_SECONDS = 1.5
"""A pause this long after the only digit of an entry ends it as the hash key would."""

Move = tuple[PlaceState, Step] | Elsewhere


@dataclass(frozen=True, slots=True)
class MigrantPlacing:
    """From a chosen language to a request. Whoever asked goes on at the answer `Requested`.

    Outcomes: `ToOperator`, `GivenUp`, `OperatorPromised`.
    """

    ends: Ends
    fields: tuple[AgencyField, ...]
    """What the agency wants keyed."""

    def start(self, patience: Patience, chosen: LanguageChosen) -> Move:
        """Ask where the migrant is."""
        return self._ask(PlacingMigrant(patience.renewed(), chosen))

    def hear(self, state: PlaceState, heard: Heard) -> Move:
        """Go on from what was heard, which is neither a hang-up nor `Requested`."""
        match state:
            case CheckingNumber() | ReservingDialIn() | Requesting():
                return self._answered(state, heard.value if isinstance(heard, Answer) else None)
            case _ if isinstance(heard, Keys):
                person = heard.digits == "0" and not self._is_entry(state, heard)
                return self.ends.asked(state) if person else self._keyed(state, heard)
            case AllowingVoicemail(patience, chosen, digits):
                return self._placed(patience, chosen, Ring(digits), None)
            case TellingDialIn(patience, chosen):
                return self._placed(patience, chosen, DialsIn(), None)
            case _:
                return self._missed(state, "nothing-keyed")

    def without_person(self, state: PlaceQuestion, lead: tuple[str, ...]) -> Move:
        """Ask again after these words, for whoever asked for a person in vain."""
        return self._missed(state, *lead, reason=PersonReason.ASKED)

    # --- questions ---

    def _ask(self, state: PlaceQuestion, *lead: str) -> Move:
        """Put the question of a state, after the words that lead to it."""
        language = self.ends.language
        match state:
            case PlacingMigrant():
                return state, Ask((*lead, "ask-migrant-place"), language, 1)
            case KeyingNumber():
                most = MOST_NUMBER_DIGITS + 1
                return state, Ask((*lead, "ask-number"), language, most, "#", 12.0, 5.0)
            case ConfirmingNumber(_, _, digits):
                prompts = (*lead, "number-is", *spell(digits), "confirm-number")
                return state, Ask(prompts, language, 1)
            case AllowingVoicemail():
                prompts = (*lead, "ask-voicemail")
                return state, Ask(prompts, language, 1, first_key_seconds=3.0)
            case TellingDialIn(_, _, dial_in):
                prompts = (*lead, *_dial_in_words(dial_in), "dial-in-keys")
                return state, Ask(prompts, language, 1, first_key_seconds=3.0)
            case KeyingField(_, _, _, values):
                asked = self.fields[len(values)]
                # One key more than fits shows an entry that is too long. A fixed length needs
                # neither that nor the hash key, but where it is one digit: a zero is an entry
                # with the hash key only.
                most = asked.most + (asked.least < asked.most or asked.most == 1)
                pause = _LONE_DIGIT_SECONDS if asked.most == 1 else 5.0
                prompts = (*lead, f"ask-{asked.name.value.replace('_', '-')}")
                return state, Ask(prompts, language, most, "#", 12.0, pause)

    def _keyed(self, state: PlaceQuestion, keys: Keys) -> Move:
        """Take the keys, which ask for no person, as the answer to the question of a state."""
        match state, keys.digits:
            case PlacingMigrant(patience, chosen), "1":
                return self._placed(patience, chosen, BesideMe(), keys.at)
            case PlacingMigrant(patience, chosen), "2":
                return self._ask(KeyingNumber(patience.renewed(), chosen))
            case PlacingMigrant(patience, chosen), "3":
                return ReservingDialIn(patience.renewed(), chosen), Consult(ReserveDialIn())
            case KeyingNumber(patience, chosen), digits if are_digits(
                digits, LEAST_NUMBER_DIGITS, MOST_NUMBER_DIGITS
            ):
                return CheckingNumber(patience, chosen, digits), Consult(CheckNumber(digits))
            case KeyingNumber(), _:
                return self._missed(state, "number-incomplete", reason=PersonReason.NUMBER_REFUSED)
            case ConfirmingNumber(patience, chosen, digits), "1":
                return self._ask(AllowingVoicemail(patience.renewed(), chosen, digits))
            case ConfirmingNumber(patience, chosen), "2":
                return self._corrected(KeyingNumber(patience, chosen))
            case AllowingVoicemail(patience, chosen, digits), "1" | "2" as key:
                ring = Ring(digits, voicemail=key == "1")
                return self._placed(patience, chosen, ring, keys.at)
            case TellingDialIn(), "2":
                return self._corrected(state)
            case TellingDialIn(patience, chosen), _:
                return self._placed(patience, chosen, DialsIn(), keys.at)
            case KeyingField(patience, chosen, place, values), digits:
                asked = self.fields[len(values)]
                if not are_digits(digits, asked.least, asked.most):
                    return self._missed(state, *_length_words(asked))
                values = (*values, (asked.name, digits))
                return self._placed(patience, chosen, place, keys.at, values)
            case _:
                return self._missed(state, "no-such-option")

    def _placed(
        self,
        patience: Patience,
        chosen: LanguageChosen,
        place: MigrantPlace,
        at: datetime | None,
        values: FieldValues = (),
    ) -> Move:
        """The place is known: ask for what the agency still wants keyed, or make the request."""
        if len(values) < len(self.fields):
            return self._ask(KeyingField(patience.renewed(), chosen, place, values))
        return Requesting(), Consult(RequestInterpreter(chosen, place, at, values))

    def _is_entry(self, state: PlaceQuestion, zero: Keys) -> bool:
        """Whether a zero is what is asked for: with the hash key, where one digit is enough."""
        field = self.fields[len(state.values)] if isinstance(state, KeyingField) else None
        return zero.finished and field is not None and field.least == 1

    def _missed(
        self,
        state: PlaceQuestion,
        *lead: str,
        reason: PersonReason = PersonReason.NOT_UNDERSTOOD,
    ) -> Move:
        """Ask again after saying what was wrong; or get a person, when patience is over."""
        patience = state.patience.missed()
        if patience.over:
            return self.ends.to_person(reason, *lead)
        return self._ask(replace(state, patience=patience), *lead)

    def _corrected(self, state: KeyingNumber | TellingDialIn) -> Move:
        """Ask again because the technician wants to; not without end."""
        patience = state.patience.corrected()
        if patience.over:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD)
        return self._ask(replace(state, patience=patience))

    # --- answers of the application ---

    def _answered(self, state: PlaceLookup, answer: object) -> Move:
        match state, answer:
            case CheckingNumber(patience, chosen, digits), NumberFine():
                return self._ask(ConfirmingNumber(patience.renewed(), chosen, digits))
            case CheckingNumber(patience, chosen), NumberRefused(reason):
                keying = KeyingNumber(patience, chosen)
                fault = _NUMBER_FAULTS[reason]
                return self._missed(keying, fault, reason=PersonReason.NUMBER_REFUSED)
            case ReservingDialIn(patience, chosen), DialInCode() as dial_in:
                return self._ask(TellingDialIn(patience.renewed(), chosen, dial_in))
            case Requesting(), NumberRefused(reason):
                fault = _NUMBER_FAULTS[reason]
                return self.ends.to_person(PersonReason.NUMBER_REFUSED, fault)
            case _:
                return self.ends.to_person(PersonReason.FAILED, "our-fault")


_NUMBER_FAULTS = {
    NumberFault.NOT_A_NUMBER: "number-incomplete",
    NumberFault.NOT_PERMITTED: "number-not-permitted",
    NumberFault.EMERGENCY: "number-emergency",
    NumberFault.TOO_MANY: "number-too-many",
}


def _dial_in_words(dial_in: DialInCode) -> tuple[str, ...]:
    """Which number and code, the code twice and in two halves: somebody is writing it down."""
    number = ("dial-in-number-is", *spell(dial_in.number)) if dial_in.number else ()
    first, second = dial_in.code[:3], dial_in.code[3:]
    code = ("dial-in-code-is", *spell(first), "dial-in-then", *spell(second))
    return (*(number or ("dial-in-our-number",)), *code, "dial-in-once-more", *code)


def _length_words(asked: AgencyField) -> tuple[str, ...]:
    """How many digits are wanted."""
    if asked.least == asked.most:
        return ("field-length-is", *spoken.number(asked.least))
    least = ("field-length-least", *spoken.number(asked.least))
    return (*least, "field-length-most", *spoken.number(asked.most))
