# SPDX-License-Identifier: EUPL-1.2
"""A call's life as a transition table. Pure.

Every trigger names the states it may fire from. A trigger that comes in any other state is late:
it is recorded, not obeyed. `LOST` is where a call goes when nobody saw its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bridge.agencies.model import AgencyKind
from bridge.roster.requirements import Requirements
from bridge.vocabulary import AgencyId, LanguageTag, PhoneNumber, TechnicianId


class CallState(StrEnum):
    """Where a call stands."""

    ASKING = "asking"
    """Whoever rang is being asked who they are and what they need."""
    HUNTING = "hunting"
    """Interpreters are being rung; the technician waits."""
    QUEUED = "queued"
    """Nobody is free; the request waits for the next who is, and the technician has been told."""
    JOINING = "joining"
    """An interpreter accepted, and technician and interpreter are on their way into the room; or
    an operator is rung for a migrant who needs no interpreter with them."""
    TALKING = "talking"
    """Technician and interpreter hear each other, or an operator is in the room."""
    PUT_THROUGH = "put_through"
    """The technician was sent to a person."""
    CLOSING = "closing"
    """The technician is gone or the interpreter is; the others hear goodbye."""
    CLOSED = "closed"
    LOST = "lost"


TERMINAL = frozenset({CallState.CLOSED, CallState.LOST})
LACKING = frozenset({CallState.HUNTING, CallState.QUEUED})
"""States of a call that lacks an interpreter."""
UNDER_WAY = LACKING | {CallState.JOINING, CallState.TALKING}
"""States of a call in which people meet in its room, or will."""


class Trigger(StrEnum):
    """What moves a call from one state to the next."""

    REQUEST = "request"
    ACCEPT = "accept"
    INTERPRETER_LOST = "interpreter_lost"
    """The accepted interpreter is gone while the others still need one."""
    JOIN = "join"
    EXHAUST = "exhaust"
    """The hunt found nobody."""
    FREE = "free"
    """Somebody became free for a request that waits."""
    PUT_THROUGH = "put_through"
    COME_BACK = "come_back"
    """Nobody answered whom the caller was put through to."""
    OPERATOR = "operator"
    """A migrant who rang is to talk with an operator, without an interpreter."""
    THREE_WAY = "three_way"
    """No operator who speaks the migrant's language came: another one needs an interpreter."""
    MOVE_OVER = "move_over"
    """The leg that rang belongs to another call, and goes there."""
    PART = "part"
    """Technician or interpreter left the room."""
    CLOSE = "close"
    """The last leg is gone."""
    LOSE = "lose"
    """The call's legs vanished while nobody was watching."""


_OPEN = frozenset(CallState) - TERMINAL

TRANSITIONS: Mapping[Trigger, tuple[frozenset[CallState], CallState]] = {
    Trigger.REQUEST: (frozenset({CallState.ASKING}), CallState.HUNTING),
    Trigger.ACCEPT: (frozenset({CallState.HUNTING}), CallState.JOINING),
    Trigger.INTERPRETER_LOST: (
        frozenset({CallState.JOINING, CallState.TALKING}),
        CallState.HUNTING,
    ),
    Trigger.JOIN: (frozenset({CallState.JOINING}), CallState.TALKING),
    Trigger.EXHAUST: (frozenset({CallState.HUNTING}), CallState.QUEUED),
    Trigger.FREE: (frozenset({CallState.QUEUED}), CallState.HUNTING),
    Trigger.OPERATOR: (frozenset({CallState.ASKING}), CallState.JOINING),
    Trigger.THREE_WAY: (frozenset({CallState.JOINING}), CallState.HUNTING),
    Trigger.MOVE_OVER: (frozenset({CallState.ASKING}), CallState.CLOSED),
    Trigger.COME_BACK: (frozenset({CallState.PUT_THROUGH}), CallState.ASKING),
    Trigger.PUT_THROUGH: (
        frozenset({CallState.ASKING, CallState.HUNTING, CallState.QUEUED}),
        CallState.PUT_THROUGH,
    ),
    Trigger.PART: (
        # From `asking` only where a migrant who keyed the code waits already.
        frozenset(
            {
                CallState.ASKING,
                CallState.HUNTING,
                CallState.QUEUED,
                CallState.JOINING,
                CallState.TALKING,
            }
        ),
        CallState.CLOSING,
    ),
    Trigger.CLOSE: (_OPEN, CallState.CLOSED),
    Trigger.LOSE: (_OPEN, CallState.LOST),
}


def transition(state: CallState, trigger: Trigger) -> CallState | None:
    """The state after `trigger`, or `None` when it comes too late to be obeyed."""
    sources, target = TRANSITIONS[trigger]
    return target if state in sources else None


class Outcome(StrEnum):
    """What became of a call; the last word about it."""

    INTERPRETED = "interpreted"
    """Technician and interpreter talked, or an operator and an interpreter."""
    BY_OPERATOR = "by_operator"
    """A migrant who rang and an operator talked, without an interpreter."""
    JOINED = "joined"
    """Whoever rang went over to another call: a migrant with that call's code."""
    ABANDONED = "abandoned"
    """The technician left while interpreters were being rung."""
    UNFILLED = "unfilled"
    """Nobody was free, and the technician did not want to wait for somebody who is."""
    BOOKED = "booked"
    """Nobody was free; the technician took a later time."""
    UNREACHED = "unreached"
    """Somebody accepted, but the technician who was to be rung did not answer."""
    NOT_IDENTIFIED = "not_identified"
    NOT_REQUESTED = "not_requested"
    """The technician left, or was bid goodbye, before a request was complete."""
    PUT_THROUGH = "put_through"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call came; enough to say its outcome."""

    state: CallState = CallState.ASKING
    talked: bool = False
    unfilled: bool = False
    booked: bool = False
    unreached: bool = False
    put_through: bool = False
    direct: bool = False
    """An operator was rung, and no interpreter."""
    moved_over: bool = False
    requested: bool = False
    identification_failed: bool = False


def advance(progress: Progress, trigger: Trigger) -> Progress | None:
    """The progress after `trigger`; `None` when the trigger is late."""
    state = transition(progress.state, trigger)
    if state is None:
        return None
    if trigger is Trigger.INTERPRETER_LOST and progress.direct:
        return None  # no interpreter had been asked for
    direct = progress.direct or trigger is Trigger.OPERATOR
    return replace(
        progress,
        state=state,
        talked=progress.talked or trigger is Trigger.JOIN,
        unfilled=progress.unfilled or trigger is Trigger.EXHAUST,
        put_through=progress.put_through or trigger is Trigger.PUT_THROUGH,
        direct=direct and trigger is not Trigger.THREE_WAY,
        moved_over=progress.moved_over or trigger is Trigger.MOVE_OVER,
        requested=progress.requested or trigger in (Trigger.REQUEST, Trigger.THREE_WAY),
    )


def outcome_of(progress: Progress) -> Outcome:
    """The outcome of a call that came this far; of several, the furthest one."""
    if progress.state is CallState.LOST:
        return Outcome.LOST
    if progress.talked:
        return Outcome.BY_OPERATOR if progress.direct else Outcome.INTERPRETED
    if progress.moved_over:
        return Outcome.JOINED
    if progress.booked:
        return Outcome.BOOKED
    if progress.put_through:
        return Outcome.PUT_THROUGH
    if progress.unreached:
        return Outcome.UNREACHED
    if progress.unfilled:
        return Outcome.UNFILLED
    if progress.requested or progress.direct:
        return Outcome.ABANDONED
    if progress.identification_failed:
        return Outcome.NOT_IDENTIFIED
    return Outcome.NOT_REQUESTED


@dataclass(frozen=True, slots=True)
class Request:
    """What a technician asks for, or an operator with a migrant who rang."""

    requirements: Requirements
    technician: TechnicianId | None
    """`None`: an operator of the line stands in the technician's place."""
    agency: AgencyId | None
    """`None` for an operator."""
    agency_kind: AgencyKind
    migrant: PhoneNumber | None
    """The number to ring, already permitted; `None`: nobody is rung."""
    voicemail_allowed: bool = False
    """Whether the agreed message may be left when a voicemail answers."""
    dial_in_code: str | None = field(default=None, repr=False)
    """The six digits with which the migrant will ring us, if the technician chose that."""
    named: str | None = None
    """How the language was named: ``code``, ``favourite``, ``spelt`` or ``finder``."""

    @property
    def language(self) -> LanguageTag:
        """The language to be interpreted to and from Portuguese."""
        return self.requirements.language

    @property
    def told(self) -> dict[str, str | bool]:
        """What the event `requested` tells of it: nobody's number, nobody's name."""
        data: dict[str, str | bool] = {
            "language": self.language,
            "migrant": self.migrant_mode,
            "agency_kind": self.agency_kind.value,
        }
        if self.voicemail_allowed:
            data["voicemail_allowed"] = True
        if self.named is not None:
            data["named"] = self.named
        return data

    @property
    def migrant_mode(self) -> str:
        """Where the migrant is, as in rows and events: ``beside``, ``ring``, ``dial_in`` (will
        ring the line with a code) or ``rang`` (is on the line already).
        """
        if self.technician is None:
            return "rang"
        if self.dial_in_code is not None:
            return "dial_in"
        return "beside" if self.migrant is None else "ring"

    @property
    def by_telephone(self) -> bool:
        """Whether the migrant joins by telephone, rather than sits beside the technician."""
        return self.migrant_mode != "beside"
