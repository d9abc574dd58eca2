# SPDX-License-Identifier: EUPL-1.2
"""What a call works with, in one object that bootstrap builds once."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.clock import Clock
from bridge.hours.directory import Directory, load_directory
from bridge.roster.live import LiveRoster
from bridge.storage.database import Database
from bridge.telephony.switch import Switch
from bridge.vocabulary import PhoneNumber


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of a call, and the few settings it obeys."""

    database: Database
    switch: Switch
    clock: Clock
    roster: LiveRoster
    caller_id: PhoneNumber
    """The number that interpreters and migrants see."""
    ring_seconds: float
    """How long an offer rings."""
    migrant_ring_seconds: float
    owner: str
    """The token of this process, written into what it promises."""
    operator: PhoneNumber | None = None
    """Whom the installation names as the person that is always reached, if any."""
    directory: Directory = field(default_factory=load_directory)
    """The lines and services, without the closures of coordinators."""
