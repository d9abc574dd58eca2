# SPDX-License-Identifier: EUPL-1.2
"""The script of the support line, for a migrant whose language is known.

Hours and addresses, an operator, or being put through to a service: by its own hours, and its
number is told, so that a caller can ring it without us. Names and addresses are Portuguese and said
so; all else is said in the migrant's language, or in turn in those that may be understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bridge.hours.periods import Period
from bridge.ivr.line_words import hours_of, time_of
from bridge.ivr.outcomes import GoesOn, Gone, Over, Patience
from bridge.ivr.person import NobodyOnDuty, NotPromised, PersonScript, PersonState
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
from bridge.prompts.catalogue import service_address, service_name, spell

MOST_SERVICES = 9
"""One key each."""


class Wanted(StrEnum):
    """What a service is chosen for."""

    ABOUT = "about"
    PUT_THROUGH = "put_through"


@dataclass(frozen=True, slots=True)
class AboutService:
    """Question: what can be said of a service now? Answer: `ServiceNow`."""

    key: str
    wanted: Wanted = Wanted.ABOUT
    """Why that is asked."""


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """A service at this moment."""

    key: str
    open: bool
    changes_at: datetime | None
    """When it closes or opens, aware; `None` when that is not known."""
    number: str = ""
    """The national digits to ring; empty: it is reached through the line."""
    has_address: bool = False
    can_be_reached: bool = True
    """Whether a call can be put through to it."""
    day: tuple[Period, ...] = ()
    """Its hours of today or the next open day, see `Schedule.day_at`; empty: not to be told."""


@dataclass(frozen=True, slots=True)
class FindOperator:
    """Question: which operator can talk with this caller?

    Answer: `OperatorFound`, `NobodyOnDuty` or `ClosedMeanwhile`; another says that it failed.
    """


@dataclass(frozen=True, slots=True)
class OperatorFound:
    """One is on duty."""

    with_interpreter: bool
    """Whether an interpreter is needed between the two."""


@dataclass(frozen=True, slots=True)
class ClosedMeanwhile:
    """There is none, and since the call began the line has closed."""


@dataclass(frozen=True, slots=True)
class ToService:
    """Put through to a service; the caller has been told."""

    key: str


@dataclass(frozen=True, slots=True)
class WantsOperator:
    """An operator is to talk with the caller, who has been told so."""

    with_interpreter: bool


@dataclass(frozen=True, slots=True)
class NobodyThere(GoesOn):
    """The line has closed and nobody is on duty, which the next script says."""


@dataclass(frozen=True, slots=True)
class NobodyToTalk:
    """Nobody is on duty in an open line; they were told to ring later, and goodbye."""


@dataclass(frozen=True, slots=True)
class OtherLanguage(GoesOn):
    """The caller wants to choose the language again."""


@dataclass(frozen=True, slots=True)
class AtMenu:
    """What can be had is being read out."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class ChoosingService:
    """The services are being read out."""

    patience: Patience
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class AskingAbout:
    """The application looks up a service."""

    patience: Patience
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class SeekingOperator:
    """The application looks for an operator."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class NobodyFound:
    """Nobody is on duty, and whoever can be rung is asked whether they want to be."""

    patience: Patience
    at: PersonState


@dataclass(frozen=True, slots=True)
class LeavingLine:
    """The last words are being said."""

    outcome: object


SupportLineState = (
    AtMenu | ChoosingService | AskingAbout | SeekingOperator | NobodyFound | LeavingLine | Over
)
Move = tuple[SupportLineState, Step]


@dataclass(frozen=True, slots=True)
class SupportLineScript:
    """The menu of the line.

    Outcomes: `ToService`, `WantsOperator`, `OperatorPromised`, `NobodyThere`, `NobodyToTalk`,
    `OtherLanguage`, `Gone`.
    """

    languages: tuple[str, ...]
    """The prompt languages, taken in turn when something has to be said again."""
    services: tuple[str, ...]
    """The keys of the services that the line tells of, at most nine."""
    today: date
    """The date in Lisbon."""
    closes_at: datetime | None = None
    """When the line closes, aware; `None` when that need not be told."""
    day: tuple[Period, ...] = ()
    """The line's hours of today, see `Schedule.day_at`; empty: only when it closes is told."""
    lead: tuple[str, ...] = ()
    """What is said first: why a caller comes back to the menu."""
    seeks: bool = False
    """Whether an operator is looked for before anything is said: the caller has asked for one."""
    most_turns: int = 12
    """Turns at the menu before an operator is looked for, whatever was keyed."""

    def start(self) -> Move:
        """Read out what can be had."""
        patience = Patience(left=self.most_turns)
        if self.seeks:
            return SeekingOperator(patience), Consult(FindOperator())
        return self._menu(patience, *self.lead)

    def hear(self, state: SupportLineState, heard: Heard) -> Move:
        """Go on from what was heard."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case LeavingLine(outcome), _:
                return _over(outcome)
            case SeekingOperator(patience), _:
                return self._operator(patience, heard)
            case NobodyFound(patience, at), _:
                return self._nobody_found(patience, self._person(patience).hear(at, heard))
            case AskingAbout(patience, Wanted.ABOUT), Answer(ServiceNow() as service):
                return self._menu(patience.corrected(), *self._described(patience, service))
            case AskingAbout(patience, Wanted.PUT_THROUGH), Answer(ServiceNow() as service):
                return self._put_through(patience, service)
            case AskingAbout(patience), _:
                return self._menu(patience.corrected(), "line-our-fault")
            case AtMenu(patience) | ChoosingService(patience), Keys("0"):
                return SeekingOperator(patience), Consult(FindOperator())
            case AtMenu(patience), Keys("1"):
                return self._services(patience, Wanted.ABOUT, *self._hours(patience))
            case AtMenu(patience), Keys("2"):
                return SeekingOperator(patience), Consult(FindOperator())
            case AtMenu(patience), Keys("3"):
                return self._services(patience, Wanted.PUT_THROUGH)
            case AtMenu(), Keys("*"):
                return _over(OtherLanguage())
            case ChoosingService(patience, wanted), Keys(key) if self._is_offered(key):
                about = AboutService(self.services[int(key) - 1], wanted)
                return AskingAbout(patience.renewed(), wanted), Consult(about)
            case ChoosingService(patience), Keys("*"):
                return self._menu(patience.corrected())
            case ChoosingService(patience, wanted), Keys():
                return self._services(patience.missed(), wanted, "line-no-such-option")
            case ChoosingService(patience, wanted), _:
                return self._services(patience.missed(), wanted)
            case AtMenu(patience), Keys():
                return self._menu(patience.missed(), "line-no-such-option")
            case AtMenu(patience), _:
                return self._menu(patience.missed())

    # --- questions -----------------------------------------------------------------------------

    def _menu(self, patience: Patience, *lead: str) -> Move:
        if patience.over:
            return SeekingOperator(patience), Consult(FindOperator())
        services = ("menu-hours", "menu-operator", "menu-service") if self.services else ()
        prompts = (*lead, *(services or ("menu-operator",)), "menu-language")
        return AtMenu(patience), Ask(prompts, self._language(patience), 1, first_key_seconds=5.0)

    def _services(self, patience: Patience, wanted: Wanted, *lead: str) -> Move:
        if patience.over:
            return SeekingOperator(patience), Consult(FindOperator())
        if not self.services:
            return self._menu(patience.missed(), "line-no-such-option")
        language = self._language(patience)
        offered = [
            prompt
            for key, service in enumerate(self.services[:MOST_SERVICES], start=1)
            for prompt in (in_language("pt", service_name(service)), "line-key", f"digit-{key}")
        ]
        prompts = (*lead, "choose-service", *offered, "line-back")
        ask = Ask(prompts, language, 1, first_key_seconds=5.0)
        return ChoosingService(patience, wanted), ask

    # --- answers of the application ------------------------------------------------------------

    def _put_through(self, patience: Patience, service: ServiceNow) -> Move:
        if service.open and service.number and service.can_be_reached:
            number = ("service-number", *spell(service.number))
            return self._leave(patience, ToService(service.key), *number, "putting-through-service")
        told = self._open_or_closed(patience, service)
        if service.open:
            told = ("service-through-line",)
        return self._menu(patience.corrected(), *told)

    def _operator(self, patience: Patience, heard: Heard) -> Move:
        match heard:
            case Answer(OperatorFound(with_interpreter)):
                words = "operator-interpreter" if with_interpreter else "operator-soon"
                return self._leave(patience, WantsOperator(with_interpreter), words)
            case Answer(ClosedMeanwhile()):
                return _over(NobodyThere())
            case Answer(NobodyOnDuty() as answer):
                return self._nobody_found(patience, self._person(patience).told(answer))
            case _:
                return self._nobody(patience, "line-our-fault")

    def _nobody_found(self, patience: Patience, moved: tuple[PersonState, Step]) -> Move:
        """Promise to ring them, or go on without an operator."""
        match moved:
            case _, Finish(NotPromised(why)):
                return self._nobody(patience, *why)
            case _, Finish(outcome):
                return _over(outcome)
            case at, step:
                return NobodyFound(patience, at), step

    def _person(self, patience: Patience) -> PersonScript:
        return PersonScript((self._language(patience),))

    def _nobody(self, patience: Patience, *why: str) -> Move:
        """Say so, and go back to what needs no operator; or end, when patience is over."""
        after = patience.corrected()
        if patience.over or after.over:
            return self._leave(patience, NobodyToTalk(), *why, "line-ring-later", "goodbye")
        return self._menu(after, *why, "line-ring-later")

    # --- what is said --------------------------------------------------------------------------

    def _hours(self, patience: Patience) -> tuple[str, ...]:
        """The hours of the line, which is open."""
        language = self._language(patience)
        if self.day:
            return ("line-open", *hours_of(self.day, self.today, language))
        if self.closes_at is None:
            return ()
        closes = time_of(self.closes_at, self.today, language)
        return ("line-open", "line-hours-close", *closes)

    def _described(self, patience: Patience, service: ServiceNow) -> tuple[str, ...]:
        said = [in_language("pt", service_name(service.key))]
        if service.has_address:
            said += ["service-address", in_language("pt", service_address(service.key))]
        if service.number:
            said += ["service-number", *spell(service.number)]
        else:
            said.append("service-through-line")
        if not service.day:
            return (*said, *self._open_or_closed(patience, service))
        said.append("service-open-always" if service.open else "service-closed")
        return (*said, *hours_of(service.day, self.today, self._language(patience)))

    def _open_or_closed(self, patience: Patience, service: ServiceNow) -> tuple[str, ...]:
        if service.changes_at is None:
            return ("service-open-always",) if service.open else ("service-closed",)
        changes = time_of(service.changes_at, self.today, self._language(patience))
        words = ("service-open",) if service.open else ("service-closed", "line-opens")
        return (*words, *changes)

    def _leave(self, patience: Patience, outcome: object, *prompts: str) -> Move:
        return LeavingLine(outcome), Say(prompts, self._language(patience))

    def _language(self, patience: Patience) -> str:
        """The first language at first, and the next one each time something is said again."""
        return self.languages[patience.misses % len(self.languages)]

    def _is_offered(self, key: str) -> bool:
        digit = len(key) == 1 and key.isascii() and key.isdigit()
        return digit and 1 <= int(key) <= len(self.services[:MOST_SERVICES])


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
