# SPDX-License-Identifier: EUPL-1.2
"""Interpreters as the matcher sees them: what lasts about a person. Frozen, without I/O.

What the phone and the log say of the same person now is their `Standing` (standing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bridge.roster.model import Presence
from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import InterpreterId, LanguageTag, PhoneNumber


class Period(Protocol):
    """A stretch of time, from `start` until just before `end`."""

    @property
    def start(self) -> datetime:
        """The first moment of it."""

    @property
    def end(self) -> datetime:
        """The first moment after it."""


class Schedule(Protocol):
    """When a person promised to be there; weekly windows, absences and extra hours included."""

    def periods(self, start: datetime, end: datetime) -> Iterable[Period]:
        """The open stretches between two moments, in order, cut to them, none touching."""


@dataclass(frozen=True, slots=True)
class PresenceNow:
    """What an interpreter last said of themselves, and until when it holds."""

    state: Presence
    until: datetime | None = None

    def at(self, moment: datetime) -> Presence:
        """The presence at a moment: an end reached turns available into off, the rest into
        available.
        """
        if self.until is None or moment < self.until:
            return self.state
        return Presence.OFF if self.state is Presence.AVAILABLE else Presence.AVAILABLE


@dataclass(frozen=True, slots=True)
class Limits:
    """What protects an interpreter from too much; a coordinator may set them per person."""

    wrap_up: timedelta = timedelta(seconds=60)
    """The pause after each call."""
    wrap_up_hard: timedelta = timedelta(minutes=5)
    """The pause after a call flagged hard."""
    consecutive_minutes: float = 90.0
    """So many minutes in calls without a `rest` between, and a `rest` must follow."""
    rest: timedelta = timedelta(minutes=15)
    daily_minutes: float = 360.0
    """So many minutes in calls a day."""
    offers_an_hour: int = 30
    """So many rings within any sixty minutes."""
    unanswered_in_a_row: int = 3
    """So many offers left unanswered in a row mean: not answering."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One interpreter of the roster."""

    id: InterpreterId
    skills: Mapping[LanguageTag, Level]
    """Languages interpreted to and from Portuguese, with the level in each."""
    phones: tuple[PhoneNumber, ...] = ()
    """In the order in which they are tried."""
    gender: Gender | None = None
    subjects: frozenset[Subject] = frozenset()
    schedule: Schedule | None = field(default=None, repr=False)
    """`None`: no windows are kept for this person, presence alone decides."""
    presence: PresenceNow = PresenceNow(Presence.AVAILABLE)
    limits: Limits = Limits()
    vetted: bool = True
    """New interpreters are not rung until a coordinator has vetted them."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a person's window is open at a moment, and how long that stays so."""

    open: bool
    since: datetime | None
    """When the window that is open opened, where that is less than a day ago."""
    until: datetime
    """The answer holds until just before this moment (and may hold longer)."""


_LOOK_BACK, _LOOK_AHEAD = timedelta(days=1), timedelta(days=2)


def opening(schedule: Schedule | None, at: datetime) -> Opening:
    """Look a moment up in a schedule. Without a schedule, always open."""
    horizon = at + _LOOK_AHEAD
    if schedule is None:
        return Opening(True, None, horizon)
    for period in schedule.periods(at - _LOOK_BACK, horizon):
        if period.end <= at:
            continue
        if period.start <= at - _LOOK_BACK:
            return Opening(True, None, period.end)  # cut to what is looked at: it opened before
        if period.start <= at:
            # Looked at again after a day, when that it opened then tells nothing any more.
            return Opening(True, period.start, min(period.end, period.start + _LOOK_BACK))
        return Opening(False, None, period.start)
    return Opening(False, None, horizon)
