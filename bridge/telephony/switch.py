# SPDX-License-Identifier: EUPL-1.2
"""What a carrier must be able to do: the port between our rules and any telephone system.

A `Switch` rings numbers, moves legs between conversations and rooms, hangs up, and reports what
happened. A carrier also brings people into *conversations*: whenever a leg needs to be talked to
it opens a `Conversation` and calls the handler given to it, whose return value says where the leg
goes next.

The switch is the truth about who is connected. Calls on this port are requests: success means the
switch took the request, and the matching event tells when it came true. Events may come late,
doubled or out of order; whoever consumes them assumes nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bridge.ivr.script import Heard, Taken, Turn
from bridge.telephony.gate import PermittedNumber
from bridge.vocabulary import LegId, PhoneNumber, RoomId


class SwitchError(Exception):
    """The switch refused or failed a request; the message names the remedy."""


class SwitchUnavailable(SwitchError):
    """The switch cannot be reached now; calls in rooms go on without us."""


class NoSuchLeg(SwitchError):
    """The leg is gone: it hung up before the request arrived."""


class Ending(StrEnum):
    """How a leg ended, in words both carriers share."""

    HUNG_UP = "hung_up"
    """Was connected and was hung up, by either side."""
    DROPPED = "dropped"
    """Was connected and vanished: a network, not a person, ended it."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    """The network could not deliver it: unknown, switched off, congestion."""
    CANCELLED = "cancelled"
    """We gave up ringing."""
    FAILED = "failed"
    """The switch could not even try."""
    UNSEEN = "unseen"
    """Was connected and is gone, and nobody watched who ended it. No switch reports this; it is
    found when a bridge comes back."""


class ConversationName(StrEnum):
    """The conversations a leg can be brought into; carriers name their entry points after them."""

    LINE = "line"
    """Somebody rang a line; ``line/back`` when nobody answered a `Transfer`, ``line/rung`` when we
    rang them (`ToLine`)."""
    OFFER = "offer"
    """An interpreter answered an offer."""
    MIGRANT = "migrant"
    """A migrant answered the bridge's ring."""
    GOODBYE = "goodbye"
    """The room is over for this leg."""
    CALL_BACK = "call-back"
    """A technician answered whom the bridge has rung: called back, booked, or redialled."""
    REJOIN = "rejoin"
    """An interpreter or a migrant answered who had been dropped from the room."""
    INVITED = "invited"
    """An operator or a fourth person answered, whom somebody wants in the room."""
    HOLD = "hold"
    """Somebody who belongs in a room waits outside, with music, until it is time."""
    REMINDER = "reminder"
    """An interpreter answered who is reminded of a booked call; the leg belongs to no call."""
    NOT_ANSWERING = "not-answering"
    """An interpreter answered who is rung no more and told so; the leg belongs to no call."""
    OPENING = "opening"
    """Somebody answered who asked out of hours to be rung; the leg belongs to no call yet."""
    ROOM_KEYS = "room-keys"
    """Somebody in a room pressed a key; the others go on talking meanwhile."""


@dataclass(frozen=True, slots=True)
class OutboundLeg:
    """A leg to be rung. `leg` is ours and new: the switch adopts it as its own id."""

    leg: LegId
    to: PermittedNumber
    caller_id: PhoneNumber
    conversation: ConversationName
    """Where the leg goes when it is answered."""
    ring_seconds: float


# --- events ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The far end's telephone rings."""

    leg: LegId
    at: datetime


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """Somebody or something answered."""

    leg: LegId
    at: datetime


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The leg exists no more."""

    leg: LegId
    at: datetime
    ending: Ending


@dataclass(frozen=True, slots=True)
class RoomEntered:
    """The leg is in the room and hears the others."""

    leg: LegId
    room: RoomId
    at: datetime


@dataclass(frozen=True, slots=True)
class RoomLeft:
    """The leg is no longer in the room (it may still be connected)."""

    leg: LegId
    room: RoomId
    at: datetime


@dataclass(frozen=True, slots=True)
class LinkLost:
    """We are blind: events from now until `LinkRestored` will never arrive."""

    at: datetime


@dataclass(frozen=True, slots=True)
class LinkRestored:
    """We see again. `snapshot` is what the switch says is true now; reconcile before acting."""

    at: datetime
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who is connected, as the switch itself says."""

    legs: frozenset[LegId]
    rooms: dict[RoomId, frozenset[LegId]]


SwitchEvent = LegRinging | LegAnswered | LegEnded | RoomEntered | RoomLeft | LinkLost | LinkRestored
LegEvent = LegRinging | LegAnswered | LegEnded | RoomEntered | RoomLeft


# --- conversations -----------------------------------------------------------------------------


class Conversation(Protocol):
    """A leg that is being talked to."""

    @property
    def leg(self) -> LegId:
        """The leg at the other end."""
        ...

    @property
    def name(self) -> str:
        """Which conversation the leg was brought into: a `ConversationName`, as text."""
        ...

    @property
    def caller(self) -> str:
        """The number that rang, as the network gave it: hostile text, often empty."""
        ...

    @property
    def dialled(self) -> str:
        """The number that was rung, as the network gave it: hostile text."""
        ...

    async def perform(self, turn: Turn) -> Heard | Taken:
        """Perform one turn and say what was heard.

        Never raises for anything the far end does: a lost leg is `HungUp`, a leg moved by
        `Switch.enter_room` or `Switch.converse` is `Taken`. While a `Wait` lasts, `interrupt`
        makes it return `Silence` at once.
        """
        ...

    def interrupt(self) -> None:
        """End the `Wait` that runs now, or the next one, at once."""
        ...


@dataclass(frozen=True, slots=True)
class HangUp:
    """The leg is hung up when the conversation ends."""


@dataclass(frozen=True, slots=True)
class EnterRoom:
    """The leg enters this room when the conversation ends."""

    room: RoomId


@dataclass(frozen=True, slots=True)
class ToPerson:
    """The leg is put through to a person when the conversation ends.

    Without a number that is whom the installation names. With one, it comes back as after
    `Transfer` when nobody answers.
    """

    to: PermittedNumber | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """The leg is put through to this number when the conversation ends, for a limited time.

    When nobody answers it comes back to conversation ``line/back``.
    """

    to: PermittedNumber


@dataclass(frozen=True, slots=True)
class Stay:
    """The leg goes back to where it was: the room in which a key was pressed."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The leg waits in conversation `HOLD` when this one ends."""


@dataclass(frozen=True, slots=True)
class ToLine:
    """The leg goes on in conversation ``line/rung``, as if it had rung a line."""


Next = HangUp | EnterRoom | ToPerson | Transfer | Stay | Hold | ToLine
"""Where a leg goes after a conversation."""

ConversationHandler = Callable[[Conversation], Awaitable[Next]]


class Switch(Protocol):
    """A telephone system that can do what the bridge needs."""

    @property
    def reachable(self) -> bool:
        """Whether the switch can be asked now, and tells what happens.

        Where it could not, a `LinkRestored` follows once it can.
        """
        ...

    async def originate(self, outbound: OutboundLeg) -> None:
        """Start ringing a number; returns as soon as the switch took the request, or may have.

        Raises `SwitchError` only when nothing rings, nor will: `SwitchUnavailable` when it cannot
        be asked. Where the switch did not say in time whether it rings, the carrier finds out.
        Every outcome, failure included, comes as events that end with exactly one meaningful
        `LegEnded`.
        """
        ...

    async def enter_room(self, leg: LegId, room: RoomId) -> None:
        """Move a connected leg into a room, out of whatever conversation it is in.

        Raises `NoSuchLeg` when it is gone, `SwitchUnavailable` when the switch cannot be asked.
        """
        ...

    async def converse(self, leg: LegId, conversation: ConversationName) -> None:
        """Move a connected leg into a conversation, out of its room. Raises as `enter_room`."""
        ...

    async def announce(self, room: RoomId, prompts: tuple[str, ...], language: str) -> None:
        """Have everybody in a room hear these prompts, as soon as the switch can.

        Raises `SwitchUnavailable`. A room that is empty by then hears nothing, which is no error.
        """
        ...

    async def hush(self, room: RoomId) -> None:
        """Stop what a room is hearing, and say nothing of what was to follow.

        Raises `SwitchUnavailable`. A room that hears nothing is no error.
        """
        ...

    async def hang_up(self, leg: LegId) -> None:
        """End a leg, ringing or connected. A leg that is already gone is no error."""
        ...

    async def snapshot(self) -> Snapshot:
        """Who is connected now. Raises `SwitchUnavailable`."""
        ...

    def events(self) -> AsyncIterator[SwitchEvent]:
        """Everything that happens, in the order in which the switch told it. One consumer."""
        ...
