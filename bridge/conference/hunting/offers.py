# SPDX-License-Identifier: EUPL-1.2
"""What a hunt promises and rings: one interpreter on one telephone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.conference.legs import CallLeg, Part
from bridge.conference.ports import Ports
from bridge.roster.waves import Prospect
from bridge.telephony.gate import NotPermitted, PermittedNumber, permit
from bridge.telephony.switch import ConversationName, OutboundLeg
from bridge.vocabulary import InterpreterId, LanguageTag, LegId, PhoneNumber, Role


@dataclass(frozen=True, slots=True)
class Offer:
    """One ring of one interpreter, reserved for this call."""

    leg: LegId
    interpreter: InterpreterId
    to: PermittedNumber
    since: datetime
    """When it was promised."""
    phone: int = 0
    """Which of the interpreter's telephones, in their order."""

    def as_leg(self, part: Part, relay: LanguageTag | None) -> CallLeg:
        """The call's new leg, on which it is made."""
        return CallLeg(
            self.leg,
            Role.INTERPRETER,
            self.since,
            interpreter=self.interpreter,
            part=part,
            relay=relay,
            phone=self.phone,
        )

    def to_ring(self, ports: Ports) -> OutboundLeg:
        """What the switch is asked to ring."""
        return OutboundLeg(
            leg=self.leg,
            to=self.to,
            caller_id=ports.caller_id,
            conversation=ConversationName.OFFER,
            ring_seconds=ports.ring_seconds,
        )


class Alone(StrEnum):
    """Why one interpreter is rung alone, before the hunt rings anybody by its ranking."""

    BOOKED = "booked"
    """The call was booked with them."""
    SAME_AGAIN = "same_again"
    """They were just cut off from each other, the technician and they."""


@dataclass(frozen=True, slots=True)
class LiveOffer:
    """An offer that rings or is being answered."""

    interpreter: InterpreterId
    since: datetime
    """When it was promised."""
    phone: int = 0
    rang_at: datetime | None = None
    """When the telephone began to ring, once it does."""
    taken_over: bool = False
    """Whether a process made it that died, and nobody has answered since."""
    unwritten: bool = False
    """Whether its acceptance could not be written."""

    def rang_for(self, at: datetime) -> float:
        """For how many seconds the telephone has rung at a moment, or was asked to."""
        return (at - (self.rang_at or self.since)).total_seconds()

    @property
    def apologised(self) -> bool:
        """Whether whoever answered hears the apology of the switch, and is hung up by it."""
        return self.taken_over or self.unwritten


@dataclass(frozen=True, slots=True)
class Promised:
    """Offers written down, to be rung at once; empty for nobody."""

    offers: Sequence[Offer] = ()
    prospects: Mapping[InterpreterId, Prospect] = field(default_factory=dict)
    """What the policy saw in those who are rung."""


Telephone = tuple[int, PermittedNumber]
"""One of somebody's telephones: its place in their order, and its number."""


def dialable(phones: Sequence[PhoneNumber], first: int) -> Telephone | None:
    """The first of somebody's telephones, from that place on, that the gate lets through."""
    return next(iter(_dialable(phones, first)), None)


def dialable_again(phones: Sequence[PhoneNumber], latest: int) -> list[Telephone]:
    """Somebody's telephones that the gate lets through, the one that they were on before others."""
    return sorted(_dialable(phones, 0), key=lambda one: one[0] != latest)


def _dialable(phones: Sequence[PhoneNumber], first: int) -> Iterator[Telephone]:
    for place, number in enumerate(phones[first:], first):
        try:
            yield place, permit(number)
        except NotPermitted:
            # A roster number that the gate refuses is the roster's fault, not the call's.
            continue
