# SPDX-License-Identifier: EUPL-1.2
"""The script for a technician who rang a line: who, which language, where the migrant is, waiting.

"0" at any question reaches a person. Three misses at one question do too, and so does a budget of
misses for the whole conversation; only wrong codes end it, since whoever guesses PINs shall not
reach anybody. Nobody is put through or let go without being told. When nobody is free,
`NobodyFree` goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.ivr.languages import Languages
from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.prompts import language_name, spell
from bridge.ivr.request import (
    BesideMe,
    CheckNumber,
    Identified,
    Identify,
    NobodyAvailable,
    NotIdentified,
    NotIdentifiedAtAll,
    NumberFault,
    NumberFine,
    NumberRefused,
    PersonReason,
    Requested,
    RequestInterpreter,
    Ring,
)
from bridge.ivr.script import (
    Answer,
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Keys,
    Notice,
    Say,
    Silence,
    Step,
    Wait,
)
from bridge.ivr.technician_ends import Ends, over
from bridge.ivr.technician_queue import NobodyFree
from bridge.ivr.technician_states import (
    CheckingIdentity,
    CheckingNumber,
    ChoosingLanguage,
    ConfirmingLanguage,
    ConfirmingNumber,
    Identifying,
    KeyingNumber,
    KeyingThirdDigit,
    Leaving,
    Lookup,
    NobodyFreeState,
    PlacingMigrant,
    Question,
    Requesting,
    TechnicianState,
    Telling,
    Waiting,
)
from bridge.vocabulary import JobNumber

AGENCY_DIGITS = 4
PIN_DIGITS = 6
_IDENTITY_DIGITS = AGENCY_DIGITS + PIN_DIGITS
MOST_NUMBER_DIGITS = 15
"""E.164 numbers are no longer."""
LEAST_NUMBER_DIGITS = 3

Move = tuple[TechnicianState, Step]


@dataclass(frozen=True, slots=True)
class TechnicianScript:
    """The whole conversation with a technician, up to the room.

    The room is entered from outside (the leg is taken away while it waits). Outcomes:
    `ToOperator`, `GivenUp`, `NotIdentifiedAtAll`, `Unserved`, `CallBackPromised`, `BookedFor`,
    `Gone`.
    """

    languages: Languages
    language: str = "pt"
    """The prompt language: `pt` or `en`."""
    operator_on_duty: bool = True
    """Whether "0" can reach somebody; if not, the technician is told so."""
    resuming: JobNumber | None = None
    """The call is already hunting (the bridge was restarted): say so, and wait."""
    most_wrong: int = 3
    """Wrong codes before the end."""
    slice_seconds: float = 20.0
    """Music between two words."""
    most_slices: int = 45
    """Stretches of music while interpreters ring."""
    most_queue_slices: int = 90
    """Stretches of music in the queue."""
    most_strays: int = 20
    """Keys without meaning while interpreters ring; and all wrong turns once nobody is free."""

    @classmethod
    def resume(
        cls,
        job: JobNumber,
        languages: Languages,
        *,
        language: str = "pt",
        operator_on_duty: bool = True,
    ) -> TechnicianScript:
        """The script for a leg whose call is already hunting."""
        return cls(languages, language, operator_on_duty, resuming=job)

    def start(self) -> Move:
        """Greet and ask who it is; or, when resuming, say that the hunt goes on."""
        if self.resuming is not None:
            return self._tell(Telling(self.resuming), "resumed", "still-ringing")
        return self._ask(Identifying(Patience()), "line-greeting")

    def hear(self, state: TechnicianState, heard: Heard) -> Move:
        """Go on from what was heard; anything unexpected counts as a miss."""
        match state:
            case Over(outcome):
                return state, Finish(outcome)
            case _ if isinstance(heard, HungUp):
                return over(Gone())
            case Leaving(outcome):
                return over(outcome)
            case Telling() | Waiting():
                return self._while_ringing(state, heard)
            case CheckingIdentity() | CheckingNumber() | Requesting():
                return self._answered(state, heard.value if isinstance(heard, Answer) else None)
            case _ if isinstance(state, NobodyFreeState):
                return self._nobody_free.hear(state, heard)
            case _ if not isinstance(heard, Keys):
                return self._unkeyed(state)
            case _ if heard.digits == "0" and not isinstance(state, KeyingThirdDigit):
                return self._zero(state)
            case _:
                return self._keyed(state, heard)

    # --- questions ---

    def _ask(self, state: Question, *lead: str) -> Move:
        """Put the question of a state, after the words that lead to it."""
        match state:
            case Identifying():
                prompts = (*lead, "ask-identity", *self._person_key)
                return state, Ask(prompts, self.language, _IDENTITY_DIGITS, "#", 10.0, 5.0)
            case ChoosingLanguage():
                return state, Ask((*lead, "ask-language"), self.language, 2, "#", 8.0, 3.0)
            case KeyingThirdDigit():
                return state, Ask(lead, self.language, 1, first_key_seconds=3.0)
            case ConfirmingLanguage(_, wanted):
                prompts = (*lead, language_name(wanted), "confirm-language")
            case PlacingMigrant():
                prompts = (*lead, "ask-migrant-place")
            case KeyingNumber():
                most = MOST_NUMBER_DIGITS + 1
                return state, Ask((*lead, "ask-number"), self.language, most, "#", 12.0, 5.0)
            case ConfirmingNumber(_, _, digits):
                prompts = (*lead, "number-is", *spell(digits), "confirm-number")
        return state, Ask(prompts, self.language, 1)

    def _keyed(self, state: Question, keys: Keys) -> Move:
        """Take the keys as the answer to the question of a state."""
        match state, keys.digits:
            case Identifying(patience, wrong), digits if _are_digits(
                digits, _IDENTITY_DIGITS, _IDENTITY_DIGITS
            ):
                identify = Identify(digits[:AGENCY_DIGITS], digits[AGENCY_DIGITS:])
                return CheckingIdentity(patience, wrong), Consult(identify)
            case Identifying(), _:
                return self._missed(state, "identity-incomplete")
            case ChoosingLanguage(patience), digits if _are_digits(digits, 2, 2) and digits >= "90":
                return self._ask(KeyingThirdDigit(patience, digits))
            case ChoosingLanguage(patience), digits:
                return self._chosen(patience, digits)
            case KeyingThirdDigit(patience, first_two), digit:
                return self._chosen(patience, first_two + digit)
            case ConfirmingLanguage(patience, wanted), "1":
                return self._ask(PlacingMigrant(patience.renewed(), wanted))
            case ConfirmingLanguage(patience), "2":
                return self._corrected(ChoosingLanguage(patience))
            case PlacingMigrant(_, wanted), "1":
                return Requesting(), Consult(RequestInterpreter(wanted, BesideMe(), keys.at))
            case PlacingMigrant(patience, wanted), "2":
                return self._ask(KeyingNumber(patience.renewed(), wanted))
            case KeyingNumber(patience, wanted), digits if _are_digits(
                digits, LEAST_NUMBER_DIGITS, MOST_NUMBER_DIGITS
            ):
                return CheckingNumber(patience, wanted, digits), Consult(CheckNumber(digits))
            case KeyingNumber(), _:
                return self._missed(state, "number-incomplete", PersonReason.NUMBER_REFUSED)
            case ConfirmingNumber(_, wanted, digits), "1":
                request = RequestInterpreter(wanted, Ring(digits), keys.at)
                return Requesting(), Consult(request)
            case ConfirmingNumber(patience, wanted), "2":
                return self._corrected(KeyingNumber(patience, wanted))
            case _:
                return self._missed(state, "no-such-option")

    def _chosen(self, patience: Patience, code: str) -> Move:
        language = self.languages.by_code(code)
        if language is None:
            choosing = ChoosingLanguage(patience)
            return self._missed(choosing, "language-unknown", PersonReason.LANGUAGE_UNKNOWN)
        return self._ask(ConfirmingLanguage(patience.renewed(), language.tag))

    def _unkeyed(self, state: Question) -> Move:
        if isinstance(state, KeyingThirdDigit):
            return self._chosen(state.patience, state.first_two)
        return self._missed(state, "nothing-keyed")

    def _zero(self, state: Question) -> Move:
        if self.operator_on_duty:
            return self._to_person(PersonReason.ASKED)
        return self._missed(state, "nobody-on-duty", PersonReason.ASKED)

    def _missed(
        self, state: Question, lead: str, reason: PersonReason = PersonReason.NOT_UNDERSTOOD
    ) -> Move:
        """Ask again after saying what was wrong; or get a person, when patience is over."""
        patience = state.patience.missed()
        if patience.over:
            return self._to_person(reason, lead)
        return self._ask(replace(state, patience=patience), lead)

    def _corrected(self, state: ChoosingLanguage | KeyingNumber) -> Move:
        """Ask again because the technician wants to; not without end."""
        patience = state.patience.corrected()
        if patience.over:
            return self._to_person(PersonReason.NOT_UNDERSTOOD)
        return self._ask(replace(state, patience=patience))

    # --- answers of the application ---

    def _answered(self, state: Lookup, answer: object) -> Move:
        match state, answer:
            case CheckingIdentity(patience, _), Identified():
                return self._ask(ChoosingLanguage(patience.renewed()))
            case CheckingIdentity(patience, wrong), NotIdentified():
                if wrong + 1 >= self.most_wrong:
                    end = NotIdentifiedAtAll(wrong + 1)
                    return self._leave(end, "not-identified", "goodbye")
                return self._ask(Identifying(patience.renewed(), wrong + 1), "identity-wrong")
            case CheckingNumber(patience, wanted, digits), NumberFine():
                return self._ask(ConfirmingNumber(patience.renewed(), wanted, digits))
            case CheckingNumber(patience, wanted), NumberRefused(reason):
                keying = KeyingNumber(patience, wanted)
                return self._missed(keying, _NUMBER_FAULTS[reason], PersonReason.NUMBER_REFUSED)
            case Requesting(), Requested(job):
                lead = ("job-number-is", *spell(job.digits), "ringing-interpreters")
                return self._tell(Telling(job), *lead)
            case _:
                return self._to_person(PersonReason.FAILED, "our-fault")

    # --- while interpreters ring ---

    def _while_ringing(self, state: Telling | Waiting, heard: Heard) -> Move:
        match heard:
            case Notice(NobodyAvailable() as offer):
                return self._nobody_free.tell(state.job, offer)
            case Keys("0") if self.operator_on_duty:
                return self._to_person(PersonReason.ASKED)
            case _ if isinstance(state, Telling) and not isinstance(heard, Keys):
                return self._wait(state)
        job, slices, strays = state.job, state.slices, state.strays
        if isinstance(heard, Silence):
            if slices + 1 >= self.most_slices:
                return self._to_person(PersonReason.WAITED_TOO_LONG, "waited-too-long")
            return self._tell(Telling(job, slices + 1, strays), "still-ringing")
        if strays + 1 >= self.most_strays:
            return self._to_person(PersonReason.NOT_UNDERSTOOD)
        telling = Telling(job, slices, strays + 1)
        if isinstance(heard, Keys) and heard.digits == "0":
            return self._tell(telling, "nobody-on-duty", "still-ringing")
        if isinstance(state, Telling):
            return self._wait(telling)
        return self._tell(telling, "still-ringing", "job-number-is", *spell(job.digits))

    def _tell(self, state: Telling, *prompts: str) -> Move:
        return state, Say((*prompts, *self._person_key), self.language)

    def _wait(self, state: Telling) -> Move:
        return Waiting(state.job, state.slices, state.strays), Wait(self.slice_seconds)

    # --- the end ---

    def _to_person(self, reason: PersonReason, *lead: str) -> Move:
        return self._ends.to_person(reason, *lead)

    def _leave(self, outcome: object, *prompts: str) -> Move:
        return self._ends.leave(outcome, *prompts)

    @property
    def _person_key(self) -> tuple[str, ...]:
        return self._ends.person_key

    @property
    def _ends(self) -> Ends:
        return Ends(self.language, self.operator_on_duty)

    @property
    def _nobody_free(self) -> NobodyFree:
        return NobodyFree(self._ends, self.slice_seconds, self.most_queue_slices, self.most_strays)


_NUMBER_FAULTS = {
    NumberFault.NOT_A_NUMBER: "number-incomplete",
    NumberFault.NOT_PERMITTED: "number-not-permitted",
    NumberFault.EMERGENCY: "number-emergency",
}


def _are_digits(keys: str, least: int, most: int) -> bool:
    return least <= len(keys) <= most and keys.isascii() and keys.isdigit()
