# SPDX-License-Identifier: EUPL-1.2
"""The script run when somebody in the room presses a key, while the others go on talking.

``*0`` reads the keys; every other one also works at once after a star, so that a person is ``*0``,
then ``0``. Whatever is keyed, the person is told what happens and comes back to the room (a command
may then move the leg elsewhere). What cannot be taken back asks a second time, and so does a number
that is keyed. Keyed numbers are left out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, HungUp, Keys, Say, Step
from bridge.prompts.catalogue import spell

# --- what it asks the application, and the answers ---------------------------------------------


class RoomCommandKind(StrEnum):
    """What can be done by key in the room."""

    RING_MIGRANT = "ring_migrant"
    """Ring the migrant, for the first time or again."""
    DROP_MIGRANT = "drop_migrant"
    PRIVATE_WORD = "private_word"
    """The migrant waits with music and cannot hear."""
    END_PRIVATE_WORD = "end_private_word"
    SWAP_INTERPRETER = "swap_interpreter"
    ADD_PERSON = "add_person"
    """Ring a fourth person, whose number is keyed."""
    CALL_PERSON = "call_person"
    """A coordinator, or the operator on duty, joins."""
    END_FOR_ALL = "end_for_all"


class SwapReason(StrEnum):
    """Why another interpreter is wanted."""

    NOT_UNDERSTOOD = "not_understood"
    AUDIO = "audio"
    SUBJECT = "subject"
    OTHER = "other"

    @property
    def excludes(self) -> bool:
        """Whether the interpreter who leaves is not to be rung again for this call."""
        return self in (SwapReason.NOT_UNDERSTOOD, SwapReason.SUBJECT)


@dataclass(frozen=True, slots=True)
class RoomCommand:
    """Do this. Answers: `CommandDone`, `NotPossible`, or anything else for a failure of ours."""

    kind: RoomCommandKind
    reason: SwapReason | None = None
    """Why, for `SWAP_INTERPRETER`; else `None`."""
    digits: str = field(default="", repr=False)
    """For `ADD_PERSON`: the number, which `MayRing` found fine; else empty."""


@dataclass(frozen=True, slots=True)
class MayRing:
    """May this number be rung? Answers: `CommandDone` (it may), `NotPossible`."""

    digits: str = field(repr=False)
    """Three to fifteen digits as keyed: national, or beginning with 00."""


@dataclass(frozen=True, slots=True)
class CommandDone:
    """It is done, or under way."""


class WhyNot(StrEnum):
    """Why a command cannot be obeyed now."""

    NO_NUMBER = "no_number"
    """The migrant's number is not known."""
    MIGRANT_THERE = "migrant_there"
    """The migrant is in the room, or being rung."""
    MIGRANT_NOT_THERE = "migrant_not_there"
    """No leg of the migrant is in the room: not there, or beside the technician."""
    ALREADY = "already"
    """It is being done, or is so already."""
    PERSON_THERE = "person_there"
    """Whoever is called is in the room, or being rung."""
    NO_PRIVATE_WORD = "no_private_word"
    ALREADY_PRIVATE = "already_private"
    NUMBER_REFUSED = "number_refused"
    NUMBER_EMERGENCY = "number_emergency"
    NUMBERS_ENOUGH = "numbers_enough"
    """Too many numbers were rung for this technician or agency within an hour."""
    NOBODY_ON_DUTY = "nobody_on_duty"
    NOT_NOW = "not_now"
    """For any other reason."""


@dataclass(frozen=True, slots=True)
class NotPossible:
    """It cannot be done now."""

    why: WhyNot


# --- how it ends (and `Gone`) ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackToRoom:
    """The leg is to go back to the room, unless what was commanded moves it."""

    done: RoomCommandKind | None = None
    """What was done; `None` when nothing was."""


# --- where it stands ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadingKeys:
    """The keys are being read out."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class AskingReason:
    """Why the interpreter is to be changed is asked."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class ConfirmingEnd:
    """Whether to end the conversation for everybody is asked a second time."""


@dataclass(frozen=True, slots=True)
class AskingNumber:
    """The number of a fourth person is being keyed."""

    patience: Patience


@dataclass(frozen=True, slots=True)
class CheckingNumber:
    """Whether that number may be rung is being asked."""

    digits: str = field(repr=False)
    patience: Patience


@dataclass(frozen=True, slots=True)
class ConfirmingNumber:
    """The number is said back: 1 rings it, 2 corrects it."""

    digits: str = field(repr=False)
    patience: Patience


@dataclass(frozen=True, slots=True)
class Commanding:
    """The application obeys."""

    kind: RoomCommandKind


@dataclass(frozen=True, slots=True)
class BeingEnded:
    """The conversation is being ended for everybody, and the leg taken from here to the goodbye."""


@dataclass(frozen=True, slots=True)
class Returning:
    """The last words before the room are being said."""

    outcome: BackToRoom


RoomKeysState = (
    ReadingKeys
    | AskingReason
    | ConfirmingEnd
    | AskingNumber
    | CheckingNumber
    | ConfirmingNumber
    | Commanding
    | BeingEnded
    | Returning
    | Over
)

_KIND = RoomCommandKind
_KEYS = {
    "1": _KIND.RING_MIGRANT,
    "2": _KIND.DROP_MIGRANT,
    "3": _KIND.PRIVATE_WORD,
    "4": _KIND.SWAP_INTERPRETER,
    "5": _KIND.ADD_PERSON,
    "9": _KIND.END_FOR_ALL,
    "0": _KIND.CALL_PERSON,
}
_READ = {
    _KIND.RING_MIGRANT: "room-key-ring-migrant",
    _KIND.DROP_MIGRANT: "room-key-drop-migrant",
    _KIND.PRIVATE_WORD: "room-key-private-word",
    _KIND.END_PRIVATE_WORD: "room-key-end-private-word",
    _KIND.SWAP_INTERPRETER: "room-key-swap-interpreter",
    _KIND.ADD_PERSON: "room-key-add-person",
    _KIND.END_FOR_ALL: "room-key-end-for-all",
    _KIND.CALL_PERSON: "room-key-person",
}
_DONE = {
    _KIND.RING_MIGRANT: "room-ringing-migrant",
    _KIND.DROP_MIGRANT: "room-migrant-dropped",
    _KIND.PRIVATE_WORD: "room-private-word",
    _KIND.END_PRIVATE_WORD: "room-private-word-over",
    _KIND.SWAP_INTERPRETER: "replacing-interpreter",
    _KIND.ADD_PERSON: "room-ringing-person",
    _KIND.CALL_PERSON: "room-person-called",
}
_WHY_NOT = {
    WhyNot.NO_NUMBER: "room-not-known-number",
    WhyNot.MIGRANT_THERE: "room-migrant-there",
    WhyNot.MIGRANT_NOT_THERE: "room-migrant-not-there",
    WhyNot.ALREADY: "room-already",
    WhyNot.PERSON_THERE: "room-person-there",
    WhyNot.NO_PRIVATE_WORD: "room-no-private-word",
    WhyNot.ALREADY_PRIVATE: "room-already-private",
    WhyNot.NUMBER_REFUSED: "room-number-refused",
    WhyNot.NUMBER_EMERGENCY: "room-number-emergency",
    WhyNot.NUMBERS_ENOUGH: "room-number-enough",
    WhyNot.NOBODY_ON_DUTY: "nobody-on-duty",
    WhyNot.NOT_NOW: "room-not-possible",
}
_REASONS = {
    "1": SwapReason.NOT_UNDERSTOOD,
    "2": SwapReason.AUDIO,
    "3": SwapReason.SUBJECT,
    "4": SwapReason.OTHER,
}

_ENDED_WITHIN = 3.0
"""Seconds in which a leg is taken to the goodbye, unless the switch is away."""
SHORTEST_NUMBER = 3
LONGEST_NUMBER = 15
"""As many digits as E.164 allows."""

Move = tuple[RoomKeysState, Step]


@dataclass(frozen=True, slots=True)
class RoomKeysScript:
    """What a key in the room does, for a technician, an interpreter or an operator.

    Migrants have no keys. Outcomes: `BackToRoom`, `Gone`.
    """

    pressed: str
    """What was keyed in the room, with or without its star: ``*0`` or ``0`` reads the keys."""
    language: str
    """The prompt language: `pt` or `en`."""
    offered: frozenset[RoomCommandKind] = frozenset(_KIND)
    """What can be done now. The rest is not read out; who keys it anyway is told why not."""
    in_private: bool = False
    """Whether the migrant cannot hear now: then 3 ends the private word."""

    def start(self) -> Move:
        """Do what was keyed, or read the keys."""
        key = self.pressed.removeprefix("*")
        if key in ("", "0"):
            return self._read(ReadingKeys(Patience()))
        if key in _KEYS:
            return self._commanded(key)
        return self._read(ReadingKeys(Patience()), "no-such-option")

    def hear(self, state: RoomKeysState, heard: Heard) -> Move:
        """Go on from what was heard; silence and a star lead back to the room."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Returning(outcome), _:
                return _over(outcome)
            case Commanding(kind), Answer(value):
                return self._answered(kind, value)
            case Commanding(), _:
                return self._return(None, "our-fault")
            case BeingEnded(), _:
                # The switch is away: the others are still there, and it is tried again.
                return self._return(_KIND.END_FOR_ALL)
            case ConfirmingEnd(), Keys("9"):
                return self._command(_KIND.END_FOR_ALL)
            case CheckingNumber(digits, patience), Answer(CommandDone()):
                return self._confirm_number(ConfirmingNumber(digits, patience))
            case CheckingNumber(_, patience), Answer(NotPossible(why)):
                return self._asked_again(AskingNumber(patience), _WHY_NOT[why])
            case CheckingNumber(), _:
                return self._return(None, "our-fault")
            case ConfirmingNumber(digits), Keys("1"):
                return self._command(_KIND.ADD_PERSON, digits=digits)
            case ConfirmingNumber(_, patience), Keys("2"):
                return self._asked_again(AskingNumber(patience))
            case _, Keys("*" | "#"):
                return self._return(None)
            case AskingNumber(patience), Keys(digits):
                return self._keyed(patience, digits)
            case ConfirmingNumber(), Keys():
                return self._missed(state)
            case AskingReason(), Keys(key) if key in _REASONS:
                return self._command(_KIND.SWAP_INTERPRETER, _REASONS[key])
            case ReadingKeys(), Keys(key) if key in _KEYS:
                return self._commanded(key)
            case ((ReadingKeys() | AskingReason()), Keys()):
                return self._missed(state)
            case _:
                return self._return(None)

    # --- questions ---

    def _read(self, state: ReadingKeys, *lead: str) -> Move:
        kinds = [self._meant(key) for key in _KEYS]
        keys = tuple(_READ[kind] for kind in kinds if kind in self.offered)
        prompts = (*lead, "room-keys", *keys, "room-key-back")
        return state, Ask(prompts, self.language, 1, first_key_seconds=4.0)

    def _ask_reason(self, state: AskingReason, *lead: str) -> Move:
        return state, Ask((*lead, "room-swap-reasons"), self.language, 1)

    def _missed(self, state: ReadingKeys | AskingReason | ConfirmingNumber) -> Move:
        patience = state.patience.missed()
        if patience.over:
            return self._return(None, "no-such-option")
        match replace(state, patience=patience):
            case AskingReason() as asking:
                return self._ask_reason(asking, "no-such-option")
            case ConfirmingNumber() as confirming:
                return self._confirm_number(confirming, "no-such-option")
            case ReadingKeys() as reading:
                return self._read(reading, "no-such-option")

    # --- the number of a fourth person ---

    def _ask_number(self, state: AskingNumber, *lead: str) -> Move:
        ask = Ask((*lead, "room-ask-number"), self.language, LONGEST_NUMBER, finish_key="#")
        return state, ask

    def _asked_again(self, state: AskingNumber, *lead: str) -> Move:
        """The number is to be keyed once more, unless that happened too often."""
        patience = state.patience.missed()
        if patience.over:
            return self._return(None, *lead)
        return self._ask_number(AskingNumber(patience), *lead)

    def _keyed(self, patience: Patience, digits: str) -> Move:
        fits = digits.isascii() and digits.isdigit()
        if not fits or not SHORTEST_NUMBER <= len(digits) <= LONGEST_NUMBER:
            return self._asked_again(AskingNumber(patience), "room-number-incomplete")
        return CheckingNumber(digits, patience), Consult(MayRing(digits))

    def _confirm_number(self, state: ConfirmingNumber, *lead: str) -> Move:
        said = (*lead, "room-number-is", *spell(state.digits), "room-confirm-number")
        return state, Ask(said, self.language, 1)

    # --- commands ---

    def _commanded(self, key: str) -> Move:
        kind = self._meant(key)
        match kind:
            case _KIND.SWAP_INTERPRETER:
                return self._ask_reason(AskingReason(Patience()))
            case _KIND.ADD_PERSON if kind in self.offered:
                return self._ask_number(AskingNumber(Patience()))
            case _KIND.END_FOR_ALL:
                return ConfirmingEnd(), Ask(("room-confirm-end",), self.language, 1)
            case _:
                return self._command(kind)

    def _command(
        self, kind: RoomCommandKind, reason: SwapReason | None = None, *, digits: str = ""
    ) -> Move:
        return Commanding(kind), Consult(RoomCommand(kind, reason, digits))

    def _answered(self, kind: RoomCommandKind, answer: object) -> Move:
        match answer:
            case CommandDone() if kind is _KIND.END_FOR_ALL:
                # Not a word: the goodbye's own follow at once, and with them how it was is asked.
                # Nor back to the room meanwhile, where the others are being sent away.
                return BeingEnded(), Ask((), self.language, 1, first_key_seconds=_ENDED_WITHIN)
            case CommandDone():
                return Returning(BackToRoom(kind)), Say((_DONE[kind],), self.language)
            case NotPossible(why):
                return self._return(None, _WHY_NOT[why])
            case _:
                return self._return(None, "our-fault")

    def _return(self, done: RoomCommandKind | None, *lead: str) -> Move:
        return Returning(BackToRoom(done)), Say((*lead, "room-back"), self.language)

    def _meant(self, key: str) -> RoomCommandKind:
        if key == "3" and self.in_private:
            return _KIND.END_PRIVATE_WORD
        return _KEYS[key]


def _over(outcome: object) -> Move:
    return Over(outcome), Finish(outcome)
