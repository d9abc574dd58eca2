# SPDX-License-Identifier: EUPL-1.2
"""Codes that whoever rings a line may key at any menu, whatever they are taken for.

At the line's menus what is keyed without a pause is one *entry*. Ten digits are the codes of a
technician, and a star and six digits the code of a conversation; neither can mean anything else.
So they are understood at every menu of the line, in its hours and outside of them: a telephone that
is remembered for a migrant's language may be in a technician's hand today, and a technician who
paused after the first digit has chosen a language without knowing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bridge.ivr.entries import are_digits
from bridge.ivr.line_words import BOTH, both
from bridge.ivr.outcomes import GoesOn, Over
from bridge.ivr.script import (
    Answer,
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Keys,
    Script,
    Step,
    in_language,
)
from bridge.prompts import spoken

AGENCY_DIGITS = 4
IDENTITY_DIGITS = 10
CODE_DIGITS = 6
"""Of a conversation, keyed after a star."""
ONE_KEY_SECONDS = 2.0
"""A pause this long after what has a meaning of its own says that it was meant alone."""
DOUBTFUL_SECONDS = 3.5
"""The same, where it may go on with a technician's codes that a pause cut in two."""
NEXT_KEY_SECONDS = 5.0
"""The pause that ends an entry which means nothing yet."""


@dataclass(frozen=True, slots=True)
class KeyedIdentity(GoesOn):
    """A technician, who keyed both codes."""

    agency_code: str = field(repr=False)
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class JoinsByCode(GoesOn):
    """The migrant of a call that waits for them."""


@dataclass(frozen=True, slots=True)
class DialIn:
    """Question: does a call wait for whoever keys this? Answers: `DialledIn`, `CodeEarly`,
    `CodeUnknown`.
    """

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DialledIn:
    """There is one, and the caller belongs to it now."""


@dataclass(frozen=True, slots=True)
class CodeEarly:
    """It is the code of a booked call that has not begun."""

    starts_at: datetime
    """When to ring again; aware."""
    today: date
    """The date in Lisbon."""


@dataclass(frozen=True, slots=True)
class CodeUnknown:
    """No call has this code."""


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu has the word."""

    inner: Any
    step: Step
    codes: int
    """How many more codes are looked up."""
    before: str = field(default="", repr=False)
    """The entry before this one, which may have been the beginning of a technician's codes."""


@dataclass(frozen=True, slots=True)
class Entering:
    """An entry has begun; whether more keys follow tells what it means."""

    menu: Menu
    keyed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckingCode:
    """The application looks for the call of a code."""

    menu: Menu


ArrivalState = Menu | Entering | CheckingCode | Over
Move = tuple[ArrivalState, Step]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Any menu of a line, which hears whole entries and none of the codes.

    Outcomes: `KeyedIdentity`, `JoinsByCode`, and those of the menu.
    """

    menu: Script[Any]
    """What it asks for with `Ask` and one key is heard as `Keys` with one entry."""
    numbers: int = 9
    """The highest number that the menu offers; those of two digits are keyed without a pause."""
    before: str = field(default="", repr=False)
    """An entry just before the menu, which may have been the beginning of a technician's codes."""
    most_codes: int = 3
    """How many codes are looked up; further ones are heard by the menu, which knows none."""

    def start(self) -> Move:
        """As the menu starts."""
        state, step = self._goes_on(self.menu.start(), self.most_codes)
        return replace(state, before=self.before) if isinstance(state, Menu) else state, step

    def hear(self, state: ArrivalState, heard: Heard) -> Move:
        """Collect an entry, and let the menu hear it unless it is a code."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case ((Entering(menu) | CheckingCode(menu)), HungUp()):
                return self._goes_on(self.menu.hear(menu.inner, heard), menu.codes)
            case Menu(step=Ask(most_keys=1)) as menu, Keys(key) if key not in ("", "#"):
                return self._entering(menu, key) if len(key) == 1 else self._entered(menu, key)
            case Menu() as menu, _:
                return self._goes_on(self.menu.hear(menu.inner, heard), menu.codes)
            case Entering(menu, keyed), Keys(more) if len(keyed) == len(more) == 1:
                return self._entering(menu, keyed + more)
            case Entering(menu, keyed), Keys(more):
                return self._entered(menu, keyed + more)
            case Entering(menu, keyed), _:
                return self._entered(menu, keyed)
            case CheckingCode(), Answer(DialledIn()):
                return _over(JoinsByCode())
            case CheckingCode(menu), Answer(CodeEarly() as early):
                return self._again(menu, *_when(early))
            case CheckingCode(menu), _:
                return self._again(menu, *both("door-code-unknown"))

    def _entering(self, menu: Menu, keyed: str) -> Move:
        """Wait for more keys: briefly, where the entry may be complete."""
        most = 1 + CODE_DIGITS if keyed.startswith("*") else IDENTITY_DIGITS
        alone = DOUBTFUL_SECONDS if menu.before else ONE_KEY_SECONDS
        pause = alone if self._may_be_complete(keyed) else NEXT_KEY_SECONDS
        more = 1 if len(keyed) == 1 else max(most - len(keyed), 1)
        language = menu.step.language if isinstance(menu.step, Ask) else "pt"
        return Entering(menu, keyed), Ask((), language, more, "#", pause, NEXT_KEY_SECONDS)

    def _may_be_complete(self, keyed: str) -> bool:
        if len(keyed) == 1 or self._are_two_choices(keyed):
            return True
        return are_digits(keyed, 2) and 10 <= int(keyed) <= self.numbers

    def _are_two_choices(self, keyed: str) -> bool:
        """Whether somebody who knows the menus keyed what they choose from this and the next."""
        return len(keyed) == 2 and self.numbers <= 9

    def _entered(self, menu: Menu, keyed: str) -> Move:
        """Everything that was keyed without a pause."""
        for codes in (keyed, menu.before + keyed):
            if are_digits(codes, IDENTITY_DIGITS):
                return _over(KeyedIdentity(codes[:AGENCY_DIGITS], codes[AGENCY_DIGITS:]))
        if keyed.startswith("*") and are_digits(keyed[1:], CODE_DIGITS) and menu.codes:
            return CheckingCode(replace(menu, codes=menu.codes - 1)), Consult(DialIn(keyed[1:]))
        if self._are_two_choices(keyed):
            inner, step = self.menu.hear(menu.inner, Keys(keyed[0]))
            if not isinstance(step, Ask):
                return self._goes_on((inner, step), menu.codes)
            menu, keyed = replace(menu, inner=inner), keyed[1]
        return self._goes_on(self.menu.hear(menu.inner, Keys(keyed)), menu.codes)

    def _again(self, menu: Menu, *lead: str) -> Move:
        """The menu once more, after why nobody waits for whoever keyed this code."""
        if not isinstance(menu.step, Ask):
            return menu, menu.step
        return menu, replace(menu.step, prompts=(*lead, *menu.step.prompts))

    def _goes_on(self, moved: tuple[Any, Step], codes: int) -> Move:
        inner, step = moved
        if isinstance(step, Finish):
            return _over(step.outcome)
        return Menu(inner, step, codes), step


def _when(early: CodeEarly) -> tuple[str, ...]:
    return tuple(
        in_language(language, word)
        for language in BOTH
        for word in (
            "door-code-booked",
            *spoken.moment(early.starts_at, early.today, language),
            "door-code-then",
        )
    )


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
