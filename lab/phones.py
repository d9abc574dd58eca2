# SPDX-License-Identifier: EUPL-1.2
"""What a telephone does when it rings: behaviours as plain data, and `behave`, which acts them out.

A behaviour says nothing about where the telephone is. `behave` drives any `PhoneLine`: the lab's
telephone network implements it over SIP, the simulated switch in memory on virtual time. All
durations are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Protocol, assert_never

from bridge.telephony.switch import Ending

KEYS = frozenset("0123456789*#")
LONGEST_SECONDS = 3600.0
"""No behaviour may ask for a longer duration; a forgotten phone must not stay for ever."""


class BadBehaviour(ValueError):
    """The description of a behaviour cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Rings, is picked up, listens, presses keys and stays on the line."""

    after_seconds: float = 1.0
    """How long it rings before it is picked up."""
    hears_seconds: float = 1.0
    """How long the person listens, from the first word on, before pressing keys."""
    keys: str = ""
    """What the person presses: ``1`` accepts an offer, ``2`` refuses it, nothing is silence."""
    speaks: bool = True
    """Whether the person talks (plays the phone's own sound) from picking up onwards."""
    stays_seconds: float | None = None
    """How long after the keys the person hangs up; `None` stays until the far end does."""


@dataclass(frozen=True, slots=True)
class NeverAnswers:
    """Rings until the caller gives up."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Is in another call."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """Rings, and the person presses the red button."""

    after_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Is switched off or has no signal."""


@dataclass(frozen=True, slots=True)
class Voicemail:
    """A machine answers, talks, records for a while and hangs up. It never presses a key."""

    after_seconds: float = 2.0
    stays_seconds: float = 60.0


Behaviour = Answers | NeverAnswers | Busy | Rejects | Unreachable | Voicemail

_KINDS: Mapping[str, type[Behaviour]] = {
    "answers": Answers,
    "never_answers": NeverAnswers,
    "busy": Busy,
    "rejects": Rejects,
    "unreachable": Unreachable,
    "voicemail": Voicemail,
}


class PhoneLine(Protocol):
    """One call as the telephone at its far end sees it.

    Nothing raises because the other side went away: from then on `ended` is true, waits return at
    once and everything else does nothing.
    """

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        ...

    async def ring(self, seconds: float) -> None:
        """Ring for so long, or until the caller gives up."""
        ...

    async def answer(self) -> None:
        """Pick up."""
        ...

    async def reject(self, ending: Ending) -> None:
        """Let the network say `Ending.BUSY`, `REJECTED` or `UNREACHABLE`, without picking up."""
        ...

    async def key(self, digits: str) -> None:
        """Press keys; returns when the last one has been sent."""
        ...

    async def wait(self, seconds: float) -> None:
        """Listen for so long, or until the call is over."""
        ...

    async def wait_spoken_to(self) -> None:
        """Listen until the far end begins to say something."""
        ...

    async def speak(self) -> None:
        """Start the phone's own tone or voice; returns as soon as it sounds."""
        ...

    async def hang_up(self) -> None:
        """Put the telephone down."""
        ...

    async def wait_hang_up(self) -> None:
        """Stay until the call is over."""
        ...


async def behave(behaviour: Behaviour, line: PhoneLine) -> None:
    """Act `behaviour` out on one incoming call, from its first ring to its end.

    The only delays are those of the line itself.
    """
    match behaviour:
        case Answers():
            await _answer(behaviour, line)
        case NeverAnswers():
            await line.ring(LONGEST_SECONDS)
            if not line.ended:
                await line.reject(Ending.UNREACHABLE)
        case Busy():
            await line.reject(Ending.BUSY)
        case Rejects(after_seconds):
            await line.ring(after_seconds)
            if not line.ended:
                await line.reject(Ending.REJECTED)
        case Unreachable():
            await line.reject(Ending.UNREACHABLE)
        case Voicemail(after_seconds, stays_seconds):
            await _answer(Answers(after_seconds, stays_seconds, stays_seconds=0.0), line)
        case _:
            assert_never(behaviour)


async def _answer(behaviour: Answers, line: PhoneLine) -> None:
    await line.ring(behaviour.after_seconds)
    if line.ended:
        return
    await line.answer()
    if behaviour.speaks:
        await line.speak()
    if behaviour.keys:
        await line.wait_spoken_to()
    await line.wait(behaviour.hears_seconds)
    if behaviour.keys and not line.ended:
        await line.key(behaviour.keys)
    if behaviour.stays_seconds is None:
        await line.wait_hang_up()
        return
    await line.wait(behaviour.stays_seconds)
    if not line.ended:
        await line.hang_up()


def read_behaviour(table: Mapping[str, object]) -> Behaviour:
    """Read a behaviour from a TOML table such as ``{kind = "answers", keys = "1"}``.

    The other names of the table are the fields of the behaviour. Raises `BadBehaviour`.
    """
    kind = table.get("kind")
    wanted = _KINDS.get(kind) if isinstance(kind, str) else None
    if wanted is None:
        raise BadBehaviour(f"a behaviour's kind is one of {', '.join(_KINDS)}; this says {kind!r}")
    known = {field.name: field for field in fields(wanted)}
    values: dict[str, object] = {}
    for name, value in table.items():
        if name == "kind":
            continue
        if name not in known:
            allowed = ", ".join(known) or "no further fields"
            raise BadBehaviour(f"{kind} has no field {name!r}; it has {allowed}")
        values[name] = _checked(str(kind), name, value)
    missing = [
        name for name, field in known.items() if field.default is MISSING and name not in values
    ]
    if missing:
        raise BadBehaviour(f"{kind} needs {', '.join(missing)}")
    return wanted(**values)  # type: ignore[arg-type]  # checked field by field just above


def _checked(kind: str, name: str, value: object) -> object:
    """A field's value, checked by what its name promises."""
    if name.endswith("_seconds"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadBehaviour(f"{kind}: {name} is a number of seconds")
        if not (math.isfinite(value) and 0 <= value <= LONGEST_SECONDS):
            raise BadBehaviour(f"{kind}: {name} lies between 0 and {LONGEST_SECONDS:.0f}")
        return float(value)
    if name == "keys":
        if not isinstance(value, str) or not KEYS.issuperset(value):
            raise BadBehaviour(f"{kind}: keys is text of 0-9, * and #")
        return value
    if not isinstance(value, bool):
        raise BadBehaviour(f"{kind}: {name} is true or false")
    return value
