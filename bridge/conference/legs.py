# SPDX-License-Identifier: EUPL-1.2
"""The legs of one call: who they are and where they stand."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.telephony.switch import Ending, LegEnded
from bridge.vocabulary import InterpreterId, LanguageTag, LegId, Role


class Part(StrEnum):
    """What an interpreter does in a call; a relay needs both, any other call only the first."""

    PORTUGUESE = "portuguese"
    """To and from Portuguese: the migrant's language or, in a relay, the language between."""
    FAR = "far"
    """Between the migrant's language and the language between; only in a relay."""


VANISHED = frozenset({Ending.DROPPED, Ending.UNSEEN})
"""Endings after which a person may be missed who did not want to go."""


def part_data(part: Part, relay: LanguageTag | None) -> dict[str, str]:
    """What the events about an interpreter say of a relay; nothing where there is none."""
    return {} if relay is None else {"relay": relay, "part": part.value}


def phone_data(phone: int) -> dict[str, int]:
    """What the event before a ring says of the interpreter's telephone; nothing of the first."""
    return {"phone": phone} if phone else {}


@dataclass(frozen=True, slots=True)
class CallLeg:
    """One leg, as far as the switch has told us."""

    id: LegId
    role: Role
    since: datetime
    """When the call got it; a snapshot taken earlier says nothing about it."""
    interpreter: InterpreterId | None = None
    part: Part = Part.PORTUGUESE
    """For an interpreter: what they do in the call."""
    relay: LanguageTag | None = None
    """For an interpreter of a relay: the language between the two."""
    phone: int = 0
    """For an interpreter: which of their telephones it is, in their order."""
    accepted_at: datetime | None = None
    """When this interpreter took the call; their minutes count from here."""
    rang: bool = False
    """Rang the line, rather than was rung."""
    connected: bool = False
    """Somebody or something answered."""
    confirmed: bool = False
    """A person pressed a key."""
    came_at: datetime | None = None
    """When the key was pressed by which they come into the room, as the events of a call say that
    was taken over; `None` for who rang to ask."""
    in_room: bool = False
    has_entered: bool = False
    """Is in the room, or was."""
    waits: bool = False
    """Is outside the room on purpose, with music, until it is time."""
    hard: bool = False
    """Whoever is on it said afterwards that the call was a hard one."""
    ending: Ending | None = None
    """How it ended; `None` as long as it has not."""

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self.ending is not None

    @property
    def took_part(self) -> bool:
        """Whether it was more than a ring: a person came to this call with it."""
        return self.rang or self.confirmed or self.accepted_at is not None

    @property
    def was_lost(self) -> bool:
        """Whether a person on it vanished: by a network's doing or, for all that anybody knows,
        perhaps by their own.
        """
        return self.ending in VANISHED and self.took_part

    @property
    def about(self) -> dict[str, str | int]:
        """What an event about this interpreter says besides its own."""
        who = {} if self.interpreter is None else {"interpreter": int(self.interpreter)}
        return {**who, **part_data(self.part, self.relay)}


class Legs:
    """The legs of one call by id; a leg is replaced, never changed."""

    def __init__(self) -> None:
        self._by_id: dict[LegId, CallLeg] = {}

    def add(self, leg: CallLeg) -> None:
        """A leg joins the call."""
        self._by_id[leg.id] = leg

    def clear(self) -> None:
        """Forget every leg, before they are read back."""
        self._by_id.clear()

    def get(self, leg: LegId) -> CallLeg | None:
        """The leg as it stands, or `None` when it is not of this call."""
        return self._by_id.get(leg)

    def is_open(self, leg: LegId) -> bool:
        """Whether this leg is of this call, and has not ended."""
        found = self._by_id.get(leg)
        return found is not None and not found.ended

    def update(self, leg: LegId, **changes: Any) -> None:
        """Write down what changed about a leg of this call."""
        self._by_id[leg] = replace(self._by_id[leg], **changes)

    def remove(self, leg: LegId) -> None:
        """The leg is another call's from now on."""
        self._by_id.pop(leg, None)

    def in_room(self, leg: LegId) -> bool:
        """Whether this leg is in the room."""
        found = self._by_id.get(leg)
        return found is not None and found.in_room

    def role_in_room(self, role: Role) -> bool:
        """Whether somebody of this role is in the room."""
        return any(leg.in_room for leg in self._by_id.values() if leg.role is role)

    def all(self) -> list[CallLeg]:
        """Every leg that the call has or had."""
        return list(self._by_id.values())

    def of(self, role: Role) -> list[CallLeg]:
        """The legs of this role that have not ended."""
        return [leg for leg in self.open() if leg.role is role]

    def latest(self, role: Role, part: Part | None = None) -> CallLeg | None:
        """The newest leg of this role that was more than a ring, gone or not.

        For interpreters, the newest one who accepted for this part.
        """
        found = (leg for leg in reversed(self._by_id.values()) if leg.role is role)
        return next((leg for leg in found if leg.took_part and part in (None, leg.part)), None)

    def had(self, role: Role) -> bool:
        """Whether anybody of this role was ever rung, or rang."""
        return any(leg.role is role for leg in self._by_id.values())

    def waiting(self) -> list[CallLeg]:
        """Those who wait outside the room until it is time."""
        return [leg for leg in self.open() if leg.waits]

    def open(self) -> list[CallLeg]:
        """The legs that have not ended."""
        return [leg for leg in self._by_id.values() if not leg.ended]


MOST_ENDS = 1024
"""Of the latest legs it is remembered how they ended; the oldest are forgotten first."""


class LatestEnds:
    """How the latest legs ended: one may be gone before the call that gets it knows of it.

    That takes a transaction, and the end of a leg is told once, to whose it is by then.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[LegId, LegEnded] = OrderedDict()

    def add(self, end: LegEnded) -> None:
        """A leg has ended."""
        self._of[end.leg] = end
        if len(self._of) > MOST_ENDS:
            self._of.popitem(last=False)

    def of(self, leg: LegId) -> LegEnded | None:
        """How this leg ended, if it has."""
        return self._of.get(leg)
