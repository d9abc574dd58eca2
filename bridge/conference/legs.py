# SPDX-License-Identifier: EUPL-1.2
"""The legs of one call: who they are and where they stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.vocabulary import InterpreterId, LegId, Role


@dataclass(frozen=True, slots=True)
class CallLeg:
    """One leg, as far as the switch has told us."""

    id: LegId
    role: Role
    since: datetime
    """When the call got it; a snapshot taken earlier says nothing about it."""
    interpreter: InterpreterId | None = None
    connected: bool = False
    """Somebody or something answered."""
    confirmed: bool = False
    """A person pressed a key."""
    in_room: bool = False
    ended: bool = False


class Legs:
    """The legs of one call by id; a leg is replaced, never changed."""

    def __init__(self) -> None:
        self._by_id: dict[LegId, CallLeg] = {}

    def add(self, leg: CallLeg) -> None:
        """A leg joins the call."""
        self._by_id[leg.id] = leg

    def get(self, leg: LegId) -> CallLeg | None:
        """The leg as it stands, or `None` when it is not of this call."""
        return self._by_id.get(leg)

    def update(self, leg: LegId, **changes: Any) -> None:
        """Write down what changed about a leg of this call."""
        self._by_id[leg] = replace(self._by_id[leg], **changes)

    def in_room(self, leg: LegId) -> bool:
        """Whether this leg is in the room."""
        found = self._by_id.get(leg)
        return found is not None and found.in_room

    def role_in_room(self, role: Role) -> bool:
        """Whether somebody of this role is in the room."""
        return any(leg.in_room for leg in self._by_id.values() if leg.role is role)

    def open(self) -> list[CallLeg]:
        """The legs that have not ended."""
        return [leg for leg in self._by_id.values() if not leg.ended]

    def all_ended(self) -> bool:
        """Whether nobody is connected or ringing any more."""
        return not self.open()
