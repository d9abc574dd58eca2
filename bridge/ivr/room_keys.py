# SPDX-License-Identifier: EUPL-1.2
"""The script run when somebody in the room presses a key, while the others go on talking.

``*0`` reads the keys; every other one also works at once after a star, so that a person is ``*0``,
then ``0``. Whatever is keyed, the person
is told what happens and comes back to the room (a command may then move the leg elsewhere). What
cannot be taken back asks a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, HungUp, Keys, Say, Step

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
class Commanding:
    """The application obeys."""

    kind: RoomCommandKind


@dataclass(frozen=True, slots=True)
class Returning:
    """The last words before the room are being said."""

    outcome: BackToRoom


RoomKeysState = ReadingKeys | AskingReason | ConfirmingEnd | Commanding | Returning | Over

_KIND = RoomCommandKind
_KEYS = {
    "1": _KIND.RING_MIGRANT,
    "2": _KIND.DROP_MIGRANT,
    "3": _KIND.PRIVATE_WORD,
    "4": _KIND.SWAP_INTERPRETER,
    "9": _KIND.END_FOR_ALL,
    "0": _KIND.CALL_PERSON,
}
_READ = {
    _KIND.RING_MIGRANT: "room-key-ring-migrant",
    _KIND.DROP_MIGRANT: "room-key-drop-migrant",
    _KIND.PRIVATE_WORD: "room-key-private-word",
    _KIND.END_PRIVATE_WORD: "room-key-end-private-word",
    _KIND.SWAP_INTERPRETER: "room-key-swap-interpreter",
    _KIND.END_FOR_ALL: "room-key-end-for-all",
    _KIND.CALL_PERSON: "room-key-person",
}
_DONE = {
    _KIND.RING_MIGRANT: "room-ringing-migrant",
    _KIND.DROP_MIGRANT: "room-migrant-dropped",
    _KIND.PRIVATE_WORD: "room-private-word",
    _KIND.END_PRIVATE_WORD: "room-private-word-over",
    _KIND.SWAP_INTERPRETER: "replacing-interpreter",
    _KIND.END_FOR_ALL: "conversation-over",
    _KIND.CALL_PERSON: "room-person-called",
}
_WHY_NOT = {
    WhyNot.NO_NUMBER: "room-not-known-number",
    WhyNot.MIGRANT_THERE: "room-migrant-there",
    WhyNot.MIGRANT_NOT_THERE: "room-migrant-not-there",
    WhyNot.ALREADY: "room-already",
    WhyNot.NOBODY_ON_DUTY: "nobody-on-duty",
    WhyNot.NOT_NOW: "room-not-possible",
}
_REASONS = {
    "1": SwapReason.NOT_UNDERSTOOD,
    "2": SwapReason.AUDIO,
    "3": SwapReason.SUBJECT,
    "4": SwapReason.OTHER,
}

Move = tuple[RoomKeysState, Step]


@dataclass(frozen=True, slots=True)
class RoomKeysScript:
    """What a key in the room does, for a technician, an interpreter or an operator.

    Migrants have no keys. Outcomes: `BackToRoom`, `Gone`.
    """

    pressed: str
    """What was keyed in the room, with or without its star: ``*0`` or ``0`` reads the keys."""
    language: str = "pt"
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
            case ConfirmingEnd(), Keys("9"):
                return self._command(_KIND.END_FOR_ALL)
            case _, Keys("*" | "#"):
                return self._return(None)
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

    def _missed(self, state: ReadingKeys | AskingReason) -> Move:
        patience = state.patience.missed()
        if patience.over:
            return self._return(None, "no-such-option")
        if isinstance(state, AskingReason):
            return self._ask_reason(replace(state, patience=patience), "no-such-option")
        return self._read(replace(state, patience=patience), "no-such-option")

    # --- commands ---

    def _commanded(self, key: str) -> Move:
        kind = self._meant(key)
        match kind:
            case _KIND.SWAP_INTERPRETER:
                return self._ask_reason(AskingReason(Patience()))
            case _KIND.END_FOR_ALL:
                return ConfirmingEnd(), Ask(("room-confirm-end",), self.language, 1)
            case _:
                return self._command(kind)

    def _command(self, kind: RoomCommandKind, reason: SwapReason | None = None) -> Move:
        return Commanding(kind), Consult(RoomCommand(kind, reason))

    def _answered(self, kind: RoomCommandKind, answer: object) -> Move:
        match answer:
            case CommandDone() if kind is _KIND.END_FOR_ALL:
                return Returning(BackToRoom(kind)), Say((_DONE[kind], "goodbye"), self.language)
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
