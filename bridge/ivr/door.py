# SPDX-License-Identifier: EUPL-1.2
"""The script at the front door of a line: who are you, asked in one breath and many languages.

A caller whom nothing tells apart hears a short greeting, that institutions may key their codes at
once, and then each language of the line in itself, with its key. What is keyed decides who it is:
one key and a pause chooses a language; ten digits are the codes of a technician; a star and six
digits are the code of a conversation. So nobody has to hear anything to the end, and whoever knows
the keys needs no prompt at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bridge.ivr.line_words import both
from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.prompts import Catalogue, language_name
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
from bridge.vocabulary import LanguageTag

AGENCY_DIGITS = 4
IDENTITY_DIGITS = 10
CODE_DIGITS = 6
"""Of a conversation, keyed after a star."""
ON_FIRST_PAGE = 9
"""The keys 1 to 9; what is more is offered on a second page, on the same keys."""
ONE_KEY_SECONDS = 1.5
"""A pause this long after the first key says that it was meant alone."""
_PAGES = 2


class GoesOn:
    """An outcome after which another script speaks at once: nobody needs to be told anything."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ChosenLanguage(GoesOn):
    """A migrant, who chose a language of the line."""

    language: LanguageTag


@dataclass(frozen=True, slots=True)
class KeyedIdentity(GoesOn):
    """A technician, who keyed both codes."""

    agency_code: str = field(repr=False)
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class JoinsByCode(GoesOn):
    """The migrant of a call that waits for them."""


@dataclass(frozen=True, slots=True)
class WantsPerson:
    """Put through to a person; they have been told."""

    asked: bool
    """Whether they asked for one, or were not understood."""


@dataclass(frozen=True, slots=True)
class NothingUnderstood:
    """Nobody could find out who it was, and nobody is on duty; goodbye has been said."""


@dataclass(frozen=True, slots=True)
class DialIn:
    """Question: does a call wait for whoever keys this? Answer: `DialledIn` or `CodeUnknown`."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DialledIn:
    """There is one, and the caller belongs to it now."""


@dataclass(frozen=True, slots=True)
class CodeUnknown:
    """No open call has this code."""


@dataclass(frozen=True, slots=True)
class DoorLanguage:
    """A language of the line, and how it is offered."""

    tag: LanguageTag
    spoken: str
    """The prompt language of its digit: its own, or the one its speakers likely share."""
    prompts: tuple[str, ...]
    """What leads to the digit of its key."""


@dataclass(frozen=True, slots=True)
class Choosing:
    """A page of languages is being read out."""

    page: int
    patience: Patience


@dataclass(frozen=True, slots=True)
class Entering:
    """The first key was pressed; whether more follow tells what it meant."""

    page: int
    patience: Patience
    first: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckingCode:
    """The application looks for the call of a code."""

    page: int
    patience: Patience


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last words are being said."""

    outcome: object


DoorState = Choosing | Entering | CheckingCode | Leaving | Over
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
    """Finds out who rang the line.

    Outcomes: `ChosenLanguage`, `KeyedIdentity`, `JoinsByCode`, `WantsPerson`, `NothingUnderstood`,
    `Gone`.
    """

    languages: tuple[DoorLanguage, ...]
    """The languages of the line in its order, at most eighteen; none: for technicians only."""
    greeting: str = "door-greeting"
    """The prompt with which the line greets."""
    operator_on_duty: bool = True
    """Whether "0" can reach somebody; if not, the caller is told so."""
    rounds: int = 2
    """How often all pages are read out to somebody who keys nothing."""

    def start(self) -> Move:
        """Greet, and read out the first page."""
        state = Choosing(0, Patience(most_misses=self.rounds))
        lead = (in_language("pt", self.greeting), *both("door-institutions"))
        return self._read(state, *lead)

    def hear(self, state: DoorState, heard: Heard) -> Move:
        """Go on from what was heard."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Leaving(outcome), _:
                return _over(outcome)
            case CheckingCode(), Answer(DialledIn()):
                return _over(JoinsByCode())
            case CheckingCode(page, patience), _:
                return self._missed(Choosing(page, patience), "door-code-unknown")
            case Choosing(page, patience), Keys(digits):
                return self._first_key(state, digits)
            case Entering(page, patience, first), Keys(digits):
                return self._entered(Choosing(page, patience), first + digits)
            case Entering(page, patience, first), _:
                return self._entered(Choosing(page, patience), first)
            case Choosing(page), _ if page + 1 < self._pages:
                return self._read(replace(state, page=page + 1))
            case _:
                return self._missed(state)

    # --- what is said --------------------------------------------------------------------------

    def _read(self, state: Choosing, *lead: str) -> Move:
        """Read out a page; the next one follows by itself, so its pause is short."""
        offered = self._on(state.page)
        prompts = [
            prompt
            for key, language in enumerate(offered, start=1)
            for prompt in (*language.prompts, in_language(language.spoken, f"digit-{key}"))
        ]
        last = state.page + 1 >= self._pages
        if last:
            prompts += both("door-code", *(("line-person",) if self.operator_on_duty else ()))
        ask = Ask((*lead, *prompts), "pt", 1, first_key_seconds=5.0 if last else 1.0)
        return state, ask

    def _on(self, page: int) -> tuple[DoorLanguage, ...]:
        return self.languages[page * ON_FIRST_PAGE : (page + 1) * ON_FIRST_PAGE]

    @property
    def _pages(self) -> int:
        return _PAGES if len(self.languages) > ON_FIRST_PAGE else 1

    # --- what is keyed -------------------------------------------------------------------------

    def _first_key(self, state: Choosing, digits: str) -> Move:
        if len(digits) != 1:
            return self._entered(state, digits)
        if digits == "#":
            return self._missed(state, "line-no-such-option")
        most = CODE_DIGITS if digits == "*" else IDENTITY_DIGITS - 1
        entering = Entering(state.page, state.patience, digits)
        return entering, Ask((), "pt", most, "#", ONE_KEY_SECONDS, 5.0)

    def _entered(self, state: Choosing, keyed: str) -> Move:
        """Everything that was keyed without a pause."""
        if keyed == "*":
            return self._turned(state)
        if keyed == "0":
            return self._zero(state)
        if keyed.startswith("*"):
            code = keyed[1:]
            if _are_digits(code, CODE_DIGITS):
                return CheckingCode(state.page, state.patience), Consult(DialIn(code))
            return self._missed(state, "door-code-unknown")
        if len(keyed) == 1:
            return self._chosen(state, keyed)
        if _are_digits(keyed, IDENTITY_DIGITS):
            return _over(KeyedIdentity(keyed[:AGENCY_DIGITS], keyed[AGENCY_DIGITS:]))
        return self._missed(state, "door-incomplete")

    def _chosen(self, state: Choosing, key: str) -> Move:
        offered = self._on(state.page)
        if _are_digits(key, 1) and 1 <= int(key) <= len(offered):
            return _over(ChosenLanguage(offered[int(key) - 1].tag))
        return self._missed(state, "line-no-such-option")

    def _turned(self, state: Choosing) -> Move:
        """The other page was asked for; not without end."""
        if self._pages == 1:
            return self._missed(state, "line-no-such-option")
        patience = state.patience.corrected()
        if patience.over:
            return self._end(asked=False)
        return self._read(Choosing((state.page + 1) % self._pages, patience))

    def _zero(self, state: Choosing) -> Move:
        if self.operator_on_duty:
            return self._end(asked=True)
        return self._missed(state, "line-nobody-on-duty")

    def _missed(self, state: Choosing, *lead: str) -> Move:
        """Begin again after saying what was wrong; or get a person, when patience is over."""
        patience = state.patience.missed()
        if patience.over:
            return self._end(asked=False, lead=lead)
        return self._read(Choosing(0, patience), *both(*lead))

    def _end(self, *, asked: bool, lead: tuple[str, ...] = ()) -> Move:
        """A person, when one is on duty; else the honest end."""
        if self.operator_on_duty:
            return Leaving(WantsPerson(asked)), Say(both(*lead, "line-putting-through"), "pt")
        told = () if lead == ("line-nobody-on-duty",) else ("line-nobody-on-duty",)
        words = both(*lead, *told, "line-ring-later", "goodbye")
        return Leaving(NothingUnderstood()), Say(words, "pt")


def _are_digits(keys: str, many: int) -> bool:
    return len(keys) == many and keys.isascii() and keys.isdigit()


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
