# SPDX-License-Identifier: EUPL-1.2
"""The script at the front door of a line: who are you, asked in one breath and many languages.

A caller whom nothing tells apart hears a short greeting, that institutions may key their codes at
once, and then each language of the line in itself, with its number. A number means the same
whenever it is keyed, for many listen to the end before they press anything. Codes are heard by
`Arrival`, so nobody has to hear anything to the end, and whoever knows the keys needs no prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.entries import are_digits
from bridge.ivr.line_words import BOTH, both
from bridge.ivr.outcomes import GoesOn, Gone, Over, Patience
from bridge.ivr.person import (
    NotPromised,
    PersonScript,
    PersonState,
    SomebodyOnDuty,
    WantsPerson,
)
from bridge.ivr.script import (
    Ask,
    Finish,
    Heard,
    HungUp,
    Keys,
    Say,
    Step,
    in_language,
)
from bridge.prompts.catalogue import Catalogue, language_name
from bridge.vocabulary import LanguageTag


@dataclass(frozen=True, slots=True)
class ChosenLanguage(GoesOn):
    """A migrant, who chose a language of the line."""

    language: LanguageTag


@dataclass(frozen=True, slots=True)
class NothingUnderstood:
    """Nobody could find out who it was, and nobody is on duty; goodbye has been said."""


@dataclass(frozen=True, slots=True)
class DoorLanguage:
    """A language of the line, and how it is offered."""

    tag: LanguageTag
    spoken: str
    """The prompt language of its number: its own, or the one its speakers likely share."""
    prompts: tuple[str, ...]
    """What leads to its number."""

    def digits(self, number: int) -> tuple[str, ...]:
        """Its number, digit by digit as it is keyed."""
        return tuple(in_language(self.spoken, f"digit-{digit}") for digit in str(number))


@dataclass(frozen=True, slots=True)
class Choosing:
    """The languages are being read out."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class AskingForPerson:
    """Nobody seemed on duty when they asked for a person."""

    patience: Patience
    at: PersonState


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last words are being said."""

    outcome: object


_PERSON = PersonScript(BOTH)

DoorState = Choosing | AskingForPerson | Leaving | Over
Move = tuple[DoorState, Step]


def door_languages(catalogue: Catalogue, tags: tuple[LanguageTag, ...]) -> tuple[DoorLanguage, ...]:
    """How each of these languages is offered at the door.

    In itself where it can be said; else its name, and the rest in what its speakers likely share.
    """
    return tuple(_door_language(catalogue, tag) for tag in tags)


def _door_language(catalogue: Catalogue, tag: LanguageTag) -> DoorLanguage:
    shared = tag if catalogue.can_say("digit-1", tag) else catalogue.spoken_to_migrant(tag)[0]
    if catalogue.can_say("door-language", tag):
        return DoorLanguage(tag, shared, (in_language(tag, "door-language"),))
    named = shared if (language_name(tag), shared) in catalogue else "pt"
    name = in_language(named, language_name(tag))
    return DoorLanguage(tag, shared, (name, in_language(shared, "line-key")))


@dataclass(frozen=True, slots=True)
class DoorScript:
    """Finds out who rang the line, together with `Arrival`, which hears the codes.

    Outcomes: `ChosenLanguage`, `WantsPerson`, `OperatorPromised`, `NothingUnderstood`, `Gone`.
    """

    languages: tuple[DoorLanguage, ...]
    """The languages of the line in its order, at most 99; the number of each is its place, from 1.
    None: for technicians only."""
    greeting: str = "door-greeting"
    """The prompt with which the line greets."""
    operator_on_duty: bool = True
    """Whether "0" can reach somebody; if not, that is asked again when it is keyed."""
    rounds: int = 2
    """How often all languages are read out to somebody who keys nothing."""

    def start(self) -> Move:
        """Greet, and read out the languages."""
        lead = (in_language("pt", self.greeting), *both("door-institutions"))
        return self._read(Patience(most_misses=self.rounds), *lead)

    def hear(self, state: DoorState, heard: Heard) -> Move:
        """Go on from what was heard."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Leaving(outcome), _:
                return _over(outcome)
            case Choosing(patience), Keys(keyed):
                return self._entered(patience, keyed)
            case Choosing(patience), _:
                return self._missed(patience)
            case AskingForPerson(patience, at), _:
                return self._asking(patience, _PERSON.hear(at, heard))

    # --- what is said --------------------------------------------------------------------------

    def _read(self, patience: Patience, *lead: str) -> Move:
        offered = [
            prompt
            for number, language in enumerate(self.languages, start=1)
            for prompt in (*language.prompts, *language.digits(number))
        ]
        offered += both("door-code", *(("line-person",) if self.operator_on_duty else ()))
        return Choosing(patience), Ask((*lead, *offered), "pt", 1, first_key_seconds=5.0)

    # --- what is keyed -------------------------------------------------------------------------

    def _entered(self, patience: Patience, keyed: str) -> Move:
        """One entry: everything that was keyed without a pause."""
        if keyed == "*":
            return self._repeated(patience)
        if keyed == "0":
            return self._zero(patience)
        if keyed.startswith("*"):
            return self._missed(patience, "door-code-unknown")
        if are_digits(keyed, 1, 2) and not keyed.startswith("0"):
            number = int(keyed)
            if number <= len(self.languages):
                return _over(ChosenLanguage(self.languages[number - 1].tag))
        few = len(keyed) <= len(str(len(self.languages)))
        return self._missed(patience, "line-no-such-option" if few else "door-incomplete")

    def _repeated(self, patience: Patience) -> Move:
        """The languages once more, as was asked for; not without end."""
        patience = patience.corrected()
        return self._end(asked=False) if patience.over else self._read(patience)

    def _zero(self, patience: Patience) -> Move:
        if self.operator_on_duty:
            return self._end(asked=True)
        return self._asking(patience, _PERSON.start())

    def _asking(self, patience: Patience, moved: tuple[PersonState, Step]) -> Move:
        """Put them through after all, promise to ring them, or begin again."""
        match moved:
            case _, Finish(SomebodyOnDuty()):
                return self._to_person(asked=True)
            case _, Finish(NotPromised(why)):
                return self._missed(patience, *why)
            case _, Finish(outcome):
                return _over(outcome)
            case at, step:
                return AskingForPerson(patience, at), step

    def _missed(self, patience: Patience, *lead: str) -> Move:
        """Begin again after saying what was wrong; or get a person, when patience is over."""
        patience = patience.missed()
        if patience.over:
            return self._end(asked=False, lead=lead)
        return self._read(patience, *both(*lead))

    def _end(self, *, asked: bool, lead: tuple[str, ...] = ()) -> Move:
        """A person, when one is on duty; else the honest end."""
        if self.operator_on_duty:
            return self._to_person(asked=asked, lead=lead)
        told = () if lead == ("line-nobody-on-duty",) else ("line-nobody-on-duty",)
        words = both(*lead, *told, "line-ring-later", "goodbye")
        return Leaving(NothingUnderstood()), Say(words, "pt")

    def _to_person(self, *, asked: bool, lead: tuple[str, ...] = ()) -> Move:
        return Leaving(WantsPerson(asked)), Say(both(*lead, "line-putting-through"), "pt")


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
