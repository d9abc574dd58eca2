# SPDX-License-Identifier: EUPL-1.2
"""Stretches of time between two instants, and the sums and differences of them.

A list of periods is *merged* when it is in order and no two of its periods overlap or touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST_YEAR = 1900
LAST_YEAR = 2099
"""The years in which hours are kept; those whose public holidays can be computed."""


def utc(moment: datetime) -> datetime:
    """The same instant in UTC.

    Raises `ValueError` for a moment without a time zone, or one outside the years 1900 to 2099,
    where a slip of the keyboard is likelier than an appointment.
    """
    if moment.utcoffset() is None:
        raise ValueError("the moment has no time zone; say which one it is in")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(
            f"the moment is not in the years {FIRST_YEAR} to {LAST_YEAR}; check its date"
        )
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The instants from `start` (included) to `end` (excluded), both in UTC. Never empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError("a period is given in UTC")
        if self.start >= self.end:
            raise ValueError("a period ends after it starts")

    @property
    def duration(self) -> timedelta:
        """How long it lasts, in elapsed time: 25 hours from midnight to midnight in October."""
        return self.end - self.start


def merge(periods: Iterable[Period]) -> list[Period]:
    """The instants of any of the periods, merged."""
    merged: list[Period] = []
    for period in sorted(periods):
        if merged and period.start <= merged[-1].end:
            if period.end > merged[-1].end:
                merged[-1] = Period(merged[-1].start, period.end)
        else:
            merged.append(period)
    return merged


def subtract(periods: Sequence[Period], holes: Sequence[Period]) -> list[Period]:
    """The instants of `periods` that are in none of the `holes`. Both must be merged."""
    if not holes:
        return list(periods)
    left: list[Period] = []
    first = 0
    for period in periods:
        start = period.start
        while first < len(holes) and holes[first].end <= start:
            first += 1
        index = first
        while index < len(holes) and holes[index].start < period.end:
            if start < holes[index].start:
                left.append(Period(start, holes[index].start))
            start = max(start, holes[index].end)
            index += 1
        if start < period.end:
            left.append(Period(start, period.end))
    return left


def clip(periods: Iterable[Period], start: datetime, end: datetime) -> list[Period]:
    """What of each period lies from `start` (included) to `end` (excluded); nothing if alike."""
    if end <= start:
        return []
    return [
        period
        if start <= period.start and period.end <= end
        else Period(max(start, period.start), min(end, period.end))
        for period in periods
        if period.start < end and start < period.end
    ]
