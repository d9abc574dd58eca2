# SPDX-License-Identifier: EUPL-1.2
"""What the phone and the log say of an interpreter now, and how calls and offers change it. Pure.

The figures are read from the call log at start and then follow events one by one through the
methods below, each of which gives the next standing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.roster.people import Limits

HOUR = timedelta(hours=1)
UNREACHED_PAUSE = timedelta(seconds=5)
"""After a ring that no telephone could be reached with; twice as long after each further one."""
LONGEST_UNREACHED_PAUSE = timedelta(minutes=2)
_TOGETHER = timedelta(seconds=5)
"""Pauses end on multiples of this: whom one failure made unreachable, one look finds again."""
_DOUBLINGS = 16
"""More of them than any pause has."""


def next_midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """When the day of a moment ends where the service is; in UTC."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def reachable_again(at: datetime, in_a_row: int) -> datetime:
    """When somebody may be rung again who could not be reached at a moment, so often in a row."""
    pause = UNREACHED_PAUSE * (1 << min(in_a_row - 1, _DOUBLINGS))
    over = at + min(pause, LONGEST_UNREACHED_PAUSE)
    past = timedelta(seconds=over.second, microseconds=over.microsecond) % _TOGETHER
    return over + (_TOGETHER - past if past else timedelta())


@dataclass(frozen=True, slots=True)
class Booked:
    """A call was agreed for these hours, and has not begun."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One interpreter at one moment."""

    reserved: bool = False
    """Promised to a call: their phone rings for it, or they are in it."""
    wrap_up_until: datetime | None = None
    last_call_ended: datetime | None = None
    available_since: datetime | None = None
    """When they were last seen to become available, or their window to open."""
    consecutive_minutes: float = 0.0
    """Minutes in calls since the last pause as long as a rest."""
    minutes_today: float = 0.0
    day_ends: datetime | None = None
    """When `minutes_today` starts from nothing again: the next midnight of the service."""
    recent_offers: tuple[datetime, ...] = ()
    """When their phone was rung within the last hour, in order; older ones may linger."""
    unanswered_streak: int = 0
    """Offers left unanswered in a row; being refused or cut short by us does not count."""
    unreached_streak: int = 0
    """Rings in a row that reached no telephone; by whose fault, nobody can tell."""
    unreached_until: datetime | None = None
    """When the pause after the last of these is over."""
    minutes_offered: float = 0.0
    """Minutes of work offered over the last 30 days (see fairness.py)."""
    minutes_promised: float = 0.0
    """Minutes of windows promised over the last 30 days."""
    booked: tuple[Booked, ...] = ()
    """The calls that are booked with them and not dialled yet, in order, none touching another."""

    def counts_as(self, other: Standing) -> bool:
        """Whether somebody is weighed by the same numbers in both; reasons may differ."""
        return (
            self.last_call_ended == other.last_call_ended
            and self.available_since == other.available_since
            and self.minutes_offered == other.minutes_offered
            and self.minutes_promised == other.minutes_promised
        )

    def offers_within_hour(self, at: datetime) -> int:
        """How often their phone was rung in the sixty minutes before `at`."""
        return sum(1 for rung in self.recent_offers if rung + HOUR > at)

    def offers_full_until(self, limit: int) -> datetime | None:
        """When the rings within an hour fall below `limit`; `None` if they are below it always,
        or never.
        """
        if limit <= 0 or len(self.recent_offers) < limit:
            return None
        return self.recent_offers[-limit] + HOUR

    # --- what changes it -----------------------------------------------------------------------

    def rung(self, at: datetime) -> Standing:
        """An offer begins: promised to that call, and one ring more."""
        offers = tuple(one for one in self.recent_offers if one + HOUR > at)
        return replace(self, reserved=True, recent_offers=(*offers, at))

    def released(self) -> Standing:
        """An offer ended because we stopped it; nothing is held against anybody."""
        return replace(self, reserved=False)

    def refused(self, minutes: float) -> Standing:
        """They pressed 2. `minutes` is the work that was offered (the mean of a call)."""
        return replace(
            self._reached(),
            reserved=False,
            unanswered_streak=0,
            minutes_offered=self.minutes_offered + minutes,
        )

    def unanswered(self, minutes: float) -> Standing:
        """Their phone rang out. `minutes` is the work that was offered (the mean of a call)."""
        return replace(
            self._reached(),
            reserved=False,
            unanswered_streak=self.unanswered_streak + 1,
            minutes_offered=self.minutes_offered + minutes,
        )

    def unreached(self, at: datetime, promised_at: datetime) -> Standing:
        """No telephone could be reached with the ring that was promised at a moment.

        Nothing is held against anybody, and it was no ring; but the next one waits a little.
        """
        in_a_row = self.unreached_streak + 1
        return replace(
            self,
            reserved=False,
            recent_offers=tuple(one for one in self.recent_offers if one != promised_at),
            unreached_streak=in_a_row,
            unreached_until=reachable_again(at, in_a_row),
        )

    def accepted(self) -> Standing:
        """They pressed 1."""
        return replace(self._reached(), unanswered_streak=0)

    def back(self, at: datetime) -> Standing:
        """They said by phone, web or coordinator that they are there."""
        return replace(self._reached(), unanswered_streak=0, available_since=at)

    def _reached(self) -> Standing:
        return replace(self, unreached_streak=0, unreached_until=None)

    def call_ended(
        self,
        began: datetime,
        ended: datetime,
        limits: Limits,
        *,
        day_ends: datetime,
        hard: bool = False,
    ) -> Standing:
        """They left a call; the pause begins, and its minutes count for the day it ended in.

        `day_ends` is the end of that day: `next_midnight(ended, zone)`.
        """
        minutes = (ended - began).total_seconds() / 60.0
        rested = self.last_call_ended is None or began - self.last_call_ended >= limits.rest
        same_day = self.day_ends == day_ends
        return replace(
            self,
            reserved=False,
            wrap_up_until=ended + (limits.wrap_up_hard if hard else limits.wrap_up),
            last_call_ended=ended,
            consecutive_minutes=minutes + (0.0 if rested else self.consecutive_minutes),
            minutes_today=minutes + (self.minutes_today if same_day else 0.0),
            day_ends=day_ends,
            minutes_offered=self.minutes_offered + minutes,
        )
