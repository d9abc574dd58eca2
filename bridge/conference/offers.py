# SPDX-License-Identifier: EUPL-1.2
"""What a hunt promises and rings: one interpreter on one telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.conference.legs import CallLeg, Part
from bridge.conference.ports import Ports
from bridge.telephony.gate import NotPermitted, PermittedNumber, permit
from bridge.telephony.switch import ConversationName, OutboundLeg
from bridge.vocabulary import InterpreterId, LanguageTag, LegId, PhoneNumber, Role


@dataclass(frozen=True, slots=True)
class Offer:
    """One ring of one interpreter, reserved for this call."""

    leg: LegId
    interpreter: InterpreterId
    to: PermittedNumber
    phone: int = 0
    """Which of the interpreter's telephones, in their order."""

    def as_leg(self, since: datetime, part: Part, relay: LanguageTag | None) -> CallLeg:
        """The call's new leg, on which it is made."""
        return CallLeg(
            self.leg,
            Role.INTERPRETER,
            since,
            interpreter=self.interpreter,
            part=part,
            relay=relay,
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


@dataclass(frozen=True, slots=True)
class LiveOffer:
    """An offer that rings or is being answered."""

    interpreter: InterpreterId
    since: datetime
    phone: int = 0


@dataclass(frozen=True, slots=True)
class Promised:
    """Offers written down, to be rung at once; empty for nobody."""

    offers: Sequence[Offer] = ()
    next_after: float | None = None
    """Seconds after which the next phone joins; `None`: when the policy lets a next wave join."""


def dialable(phones: tuple[PhoneNumber, ...], first: int) -> tuple[int, PermittedNumber] | None:
    """The first of somebody's telephones, from that place on, that the gate lets through."""
    for place, number in enumerate(phones[first:], first):
        try:
            return place, permit(number)
        except NotPermitted:
            # A roster number that the gate refuses is the roster's fault, not the call's.
            continue
    return None
