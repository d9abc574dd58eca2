# SPDX-License-Identifier: EUPL-1.2
"""The script engine: a conversation on the telephone as a pure function.

A script is a state machine without I/O. It is started, and then told what was heard; each time it
answers with its next state and the next step: say something, ask for keys, wait with music,
consult the application, or finish. Nothing here plays a sound: a carrier adapter performs the
turns (Asterisk over FastAGI, Twilio over webhooks, the simulated switch), and a runner carries
what was heard back. So every conversation is tested in microseconds and behaves alike on every
carrier.

Rules every script keeps (tests/unit prove them for all scripts):

* from every state, every key, silence, a hang-up and over-long input lead somewhere;
* no loop without a bound;
* after `HungUp` the next step is `Finish`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

ALL_KEYS = "0123456789*#"


# --- what a script asks for --------------------------------------------------------------------


def in_language(language: str, key: str) -> str:
    """A prompt that is said in this language, whatever the rest of its turn is said in."""
    return f"{language}/{key}"


def prompt_of(prompt: str, language: str) -> tuple[str, str]:
    """Key and language of a prompt in a turn that is said in `language`."""
    own, slash, key = prompt.rpartition("/")
    return (key, own) if slash else (prompt, language)


@dataclass(frozen=True, slots=True)
class Say:
    """Say `prompts` (catalogue keys) in `language`; any key cuts it short.

    A prompt made by `in_language` is said in its own: so one breath speaks many languages.

    Heard: `Said` when it ended by itself; `Keys` with the one key that cut it short.
    """

    prompts: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Say `prompts` and collect keys, ready from the first syllable.

    Collects up to `most_keys` keys. `finish_key`, when given, ends the entry early and is not part
    of the keys. Heard: `Keys` with what was keyed (``""`` when only `finish_key` was), or
    `Silence` when nothing was keyed within `first_key_seconds` of the prompts' end. After the
    first key, a pause of `next_key_seconds` ends the entry.
    """

    prompts: tuple[str, ...]
    language: str
    most_keys: int
    finish_key: str = ""
    first_key_seconds: float = 6.0
    next_key_seconds: float = 4.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Play music for up to `seconds`.

    Heard: `Keys` with one key, `Silence` when the time is over, `Notice` when the application has
    something to tell.
    """

    seconds: float
    at_once: bool = True
    """Whether a `Notice` ends the music; else it is heard instead of `Silence`, in its time."""


@dataclass(frozen=True, slots=True)
class Consult:
    """Put `question` to the application. Heard: `Answer`."""

    question: object


@dataclass(frozen=True, slots=True)
class Finish:
    """The conversation is over, with this outcome."""

    outcome: object


Turn = Say | Ask | Wait
"""What a carrier performs on a leg."""
Step = Turn | Consult | Finish
"""What a script may ask for next."""


# --- what a script is told ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """The prompts of a `Say` ended without a key."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Keys were pressed. Their digits never appear in `repr`: they may be a PIN."""

    digits: str
    at: datetime | None = None
    """When the last of them was recognised, where the carrier can tell."""
    finished: bool = False
    """Whether the finish key of an `Ask` ended the entry, and not its length or a pause."""

    def __repr__(self) -> str:
        return f"Keys(<{len(self.digits)}>)"


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody pressed a key in time."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The person is gone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The application's answer to a `Consult`."""

    value: object


@dataclass(frozen=True, slots=True)
class Notice:
    """The application has something to tell a person who waits."""

    value: object


@dataclass(frozen=True, slots=True)
class Taken:
    """The leg was moved (into a room) while the script had it; never given to a script."""


Heard = Said | Keys | Silence | HungUp | Answer | Notice
"""What a script can be told."""

S = TypeVar("S")


class Script(Protocol[S]):
    """A conversation as a pure state machine over states of type `S`."""

    def start(self) -> tuple[S, Step]:
        """The first state and the first step."""
        ...

    def hear(self, state: S, heard: Heard) -> tuple[S, Step]:
        """The next state and step after `heard`; the same arguments always give the same result."""
        ...
