# SPDX-License-Identifier: EUPL-1.2
"""What the people of a scenario do by themselves, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.calllog.model import EventKind
from bridge.roster.model import Presence
from bridge.vocabulary import Role

LINE = "+351218106191"
"""The line that scenarios ring unless they say otherwise."""
DIAL_IN = "{dial_in}"
"""Stands in keys for the code of the call that a migrant is to join."""


@dataclass(frozen=True, slots=True)
class Call:
    """Ring a line and wait until it answers."""

    line: str = LINE


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """Press keys."""

    keys: str
    """`DIAL_IN` may stand in them."""
    by: Role | None = None
    """On whose telephone: the latest of that role, once it is picked up; `None` on the own."""
    asked: tuple[str, ...] = ()
    """Not before one of these prompts (``pt/ask-language``) begins there, and again whenever one
    does while the next steps wait; at once when empty."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Wait until this has happened so many times in this technician's call."""

    kind: EventKind
    count: int = 1


@dataclass(frozen=True, slots=True)
class Meet:
    """Wait until every technician has come to the same meeting, and go on at once."""

    name: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Put the telephone down."""


@dataclass(frozen=True, slots=True)
class WaitHangUp:
    """Stay until the bridge hangs up."""


@dataclass(frozen=True, slots=True)
class KillBridge:
    """Kill the bridge's process without warning, as a crash would (SIGKILL)."""


@dataclass(frozen=True, slots=True)
class StartBridge:
    """Start the bridge again after it was killed, on the same database."""


@dataclass(frozen=True, slots=True)
class BeRung:
    """Wait until the own telephone, which acts by itself, is rung by the bridge and picked up."""


@dataclass(frozen=True, slots=True)
class Vanish:
    """The network loses somebody's telephone: the far end learns it from a Q.850 cause."""

    role: Role
    cause: int = 38
    """38 is "network out of order", 41 "temporary failure"."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Somebody's telephone stops sending sound and says nothing: a flat battery, a tunnel."""

    role: Role


@dataclass(frozen=True, slots=True)
class BringForward:
    """Let the only booking begin in so many seconds: nobody can wait for the next quarter."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RemindIn:
    """Let the interpreter of the only booking be due to be reminded of it in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class OpenLine:
    """The line that a coordinator closed for today is open again, and promises made for its
    opening are due at once.
    """


@dataclass(frozen=True, slots=True)
class Hear:
    """Listen until this prompt (``uk/line-closed``) has been heard."""

    prompt: str
    by: Role | None = None
    """On whose telephone: the latest of that role, once it is picked up; `None` on the own."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Stay until these hear each other, and nobody hears himself."""

    who: tuple[str, ...] = ()
    """Roles, the names of people, or the keys of services; those of the expectations when empty."""


@dataclass(frozen=True, slots=True)
class WaitPresence:
    """Wait until this interpreter's presence is so; only for interpreters."""

    presence: Presence


Step = (
    Call
    | Key
    | Pause
    | WaitFor
    | Meet
    | HangUp
    | WaitHangUp
    | KillBridge
    | StartBridge
    | BeRung
    | Vanish
    | Mute
    | BringForward
    | RemindIn
    | OpenLine
    | Hear
    | Listen
    | WaitPresence
)
