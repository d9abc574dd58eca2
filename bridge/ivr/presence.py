# SPDX-License-Identifier: EUPL-1.2
"""The script for an interpreter who rings the line: PIN, then hours and presence by key.

The number says who it may be, the PIN that it is. Every change is confirmed by voice, and the
interpreter may hang up at any moment; what was confirmed stays. Nobody is let go without a word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.person import NotPromised, PersonScript, PersonState, SomebodyOnDuty
from bridge.ivr.presence_model import (
    AskingForPerson,
    AtMenu,
    BookingAt,
    Changing,
    CheckingPin,
    ConfirmingBreak,
    IdentifyInterpreter,
    InterpreterKnown,
    InterpreterNotIdentified,
    InterpreterToOperator,
    InterpreterUnknown,
    KeyingBreak,
    KeyingPin,
    LookingUp,
    NextBooking,
    NoBooking,
    NoShare,
    OwnShare,
    PresenceEnded,
    PresenceLookup,
    PresenceQuestion,
    PresenceSet,
    PresenceState,
    SetPresence,
    ShareOf,
    TakingLeave,
    WhyEnded,
)
from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, HungUp, Keys, Say, Step
from bridge.prompts import spoken
from bridge.prompts.catalogue import language_name
from bridge.roster.model import Presence

PIN_DIGITS = 6
MOST_BREAK_MINUTES = 8 * 60
"""The longest break that can be keyed; the prompt `break-bounds` says it."""
_BREAK_DIGITS = 3
MOST_WINDOWS = 4
"""Hours of today that are read out; nobody remembers more."""
_SAID = {
    Presence.AVAILABLE: "presence-available",
    Presence.ON_BREAK: "presence-on-break",
    Presence.OFF: "presence-off",
}

Move = tuple[PresenceState, Step]


@dataclass(frozen=True, slots=True)
class PresenceScript:
    """The whole conversation with an interpreter who rings the line.

    Outcomes: `PresenceEnded`, `InterpreterToOperator`, `OperatorPromised`,
    `InterpreterNotIdentified`, `Gone`.
    """

    today: date | None = None
    """The date in Lisbon: a time on it is said without its date."""
    language: str = "pt"
    """The prompt language: `pt` or `en`."""
    operator_on_duty: bool = True
    """Whether "0" can reach somebody; if not, that is asked again when it is keyed."""
    most_wrong: int = 3
    """Wrong PINs before the end."""
    most_turns: int = 24
    """Choices and wrong turns at the menu, in all."""

    def start(self) -> Move:
        """Greet and ask for the PIN."""
        return self._ask(KeyingPin(Patience()), "presence-greeting")

    def hear(self, state: PresenceState, heard: Heard) -> Move:
        """Go on from what was heard; anything unexpected counts as a miss."""
        match state:
            case Over(outcome):
                return state, Finish(outcome)
            case _ if isinstance(heard, HungUp):
                return _over(Gone())
            case TakingLeave(outcome):
                return _over(outcome)
            case AskingForPerson(back, at):
                return self._asking(back, self._person.hear(at, heard))
            case CheckingPin() | Changing() | LookingUp():
                return self._answered(state, heard.value if isinstance(heard, Answer) else None)
            case _ if not isinstance(heard, Keys):
                return self._missed(state, "nothing-keyed")
            case _ if heard.digits == "0" and self.operator_on_duty:
                return self._leave(InterpreterToOperator(), "putting-through")
            case _ if heard.digits == "0":
                return self._asking(state, self._person.start())
            case _:
                return self._keyed(state, heard.digits)

    def _asking(self, back: PresenceQuestion, moved: tuple[PersonState, Step]) -> Move:
        """Put them through after all, promise to ring them, or go on where they were."""
        match moved:
            case _, Finish(SomebodyOnDuty()):
                return self._leave(InterpreterToOperator(), "putting-through")
            case _, Finish(NotPromised(why)):
                return self._missed(back, *why, ends=WhyEnded.ASKED_FOR_PERSON)
            case _, Finish(outcome):
                return _over(outcome)
            case at, step:
                return AskingForPerson(back, at), step

    @property
    def _person(self) -> PersonScript:
        return PersonScript((self.language,), nobody="nobody-on-duty", failed="our-fault")

    # --- questions ---

    def _ask(self, state: PresenceQuestion, *lead: str) -> Move:
        """Put the question of a state, after the words that lead to it."""
        if state.patience.over:
            return self._end(WhyEnded.NOTHING_MORE, *lead)
        person = ("person-key",) if self.operator_on_duty else ()
        match state:
            case KeyingPin():
                prompts = (*lead, "ask-pin", *person)
                return state, Ask(prompts, self.language, PIN_DIGITS, "#", 10.0, 5.0)
            case KeyingBreak():
                prompts = (*lead, "ask-break")
                return state, Ask(prompts, self.language, _BREAK_DIGITS, "#", 8.0, 4.0)
            case ConfirmingBreak(_, _, minutes):
                prompts = (*lead, "break-is", *spoken.duration(minutes), "confirm-break")
            case AtMenu():
                prompts = (*lead, "presence-keys", "presence-more-keys", *person)
        return state, Ask(prompts, self.language, 1, first_key_seconds=8.0)

    def _keyed(self, state: PresenceQuestion, digits: str) -> Move:
        """Take the keys as the answer to the question of a state."""
        match state, digits:
            case KeyingPin(patience, wrong), _:
                if len(digits) == PIN_DIGITS and digits.isascii() and digits.isdigit():
                    return CheckingPin(patience, wrong), Consult(IdentifyInterpreter(digits))
                return self._missed(state, "pin-incomplete")
            case AtMenu(patience, known), "1":
                return self._set(patience, known, Presence.AVAILABLE)
            case AtMenu(patience, known), "2":
                return self._ask(KeyingBreak(patience.corrected(), known))
            case AtMenu(patience, known), "3":
                return self._set(patience, known, Presence.OFF)
            case AtMenu(patience, known), "4":
                return LookingUp(patience.corrected(), known), Consult(NextBooking())
            case AtMenu(patience, known), "5":
                return LookingUp(patience.corrected(), known), Consult(OwnShare())
            case AtMenu(patience, known), "9":
                return self._ask(AtMenu(patience.corrected(), known), *self._standing(known))
            case KeyingBreak(patience, known), _:
                minutes = _minutes(digits)
                if minutes is None:
                    return self._missed(state, "break-bounds")
                return self._ask(ConfirmingBreak(patience.renewed(), known, minutes))
            case ConfirmingBreak(patience, known, minutes), "1":
                return self._set(patience, known, Presence.ON_BREAK, minutes)
            case ConfirmingBreak(patience, known), "2":
                return self._ask(KeyingBreak(patience.corrected(), known))
            case _:
                return self._missed(state, "no-such-option")

    def _set(
        self,
        patience: Patience,
        known: InterpreterKnown,
        presence: Presence,
        minutes: int | None = None,
    ) -> Move:
        return Changing(patience.corrected(), known), Consult(SetPresence(presence, minutes))

    def _missed(
        self, state: PresenceQuestion, *lead: str, ends: WhyEnded = WhyEnded.NOTHING_MORE
    ) -> Move:
        """Ask again after saying what was wrong; or end politely, when patience is over."""
        patience = state.patience.missed()
        if patience.over:
            return self._end(ends, *lead)
        return self._ask(replace(state, patience=patience), *lead)

    # --- answers of the application ---

    def _answered(self, state: PresenceLookup, answer: object) -> Move:
        match state, answer:
            case CheckingPin(), InterpreterKnown():
                menu = AtMenu(Patience(left=self.most_turns), answer)
                return self._ask(menu, *self._standing(answer))
            case CheckingPin(patience, wrong), InterpreterUnknown():
                if wrong + 1 >= self.most_wrong:
                    end = InterpreterNotIdentified(wrong + 1)
                    return self._leave(end, "pin-not-identified", "goodbye")
                return self._ask(KeyingPin(patience.renewed(), wrong + 1), "pin-wrong")
            case CheckingPin(), _:
                if self.operator_on_duty:
                    return self._leave(InterpreterToOperator(), "our-fault", "putting-through")
                return self._end(WhyEnded.FAILED, "our-fault", "ring-later")
            case Changing(patience, known), PresenceSet(presence, until):
                now = replace(known, presence=presence, until=until, not_answering=False)
                return self._ask(AtMenu(patience, now), "presence-changed", *self._presence(now))
            case LookingUp(patience, known), BookingAt(at, language):
                when = spoken.moment(at, self.today, self.language)
                words = ("next-booking-is", *when, "for-language", language_name(language))
                return self._ask(AtMenu(patience, known), *words)
            case LookingUp(patience, known), NoBooking():
                return self._ask(AtMenu(patience, known), "no-booking")
            case LookingUp(patience, known), ShareOf(share):
                words = ("share-is", *spoken.percent(share), "share-even")
                return self._ask(AtMenu(patience, known), *words)
            case LookingUp(patience, known), NoShare():
                return self._ask(AtMenu(patience, known), "no-share")
            case ((Changing(patience, known) | LookingUp(patience, known)), _):
                return self._ask(AtMenu(patience, known), "our-fault")

    # --- what is said ---

    def _standing(self, known: InterpreterKnown) -> tuple[str, ...]:
        """Presence, then today's hours."""
        hours = [
            prompt
            for start, end in known.windows[:MOST_WINDOWS]
            for prompt in (
                "window-from",
                *spoken.clock_time(spoken.lisbon(start).time(), self.language),
                "window-to",
                *spoken.clock_time(spoken.lisbon(end).time(), self.language),
            )
        ]
        today = ("windows-today", *hours) if hours else ("no-windows-today",)
        return (*self._presence(known), *today)

    def _presence(self, known: InterpreterKnown) -> tuple[str, ...]:
        if known.not_answering:
            return ("presence-not-answering",)
        said = (_SAID[known.presence],)
        if known.until is None or known.presence is Presence.AVAILABLE:
            return said
        ends = spoken.soon(known.until, self.today, self.language)
        return (*said, "presence-ends", *ends)

    # --- the end ---

    def _end(self, why: WhyEnded, *lead: str) -> Move:
        return self._leave(PresenceEnded(why), *lead, "goodbye")

    def _leave(self, outcome: object, *prompts: str) -> Move:
        return TakingLeave(outcome), Say(prompts, self.language)


def _minutes(digits: str) -> int | None:
    """The length of a break as keyed, or `None` when it is none that can be had."""
    if not (0 < len(digits) <= _BREAK_DIGITS and digits.isascii() and digits.isdigit()):
        return None
    minutes = int(digits)
    return minutes if 1 <= minutes <= MOST_BREAK_MINUTES else None


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
