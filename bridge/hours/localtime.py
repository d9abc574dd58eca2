# SPDX-License-Identifier: EUPL-1.2
"""What a time on the wall means as an instant, also on the two days a year when clocks change.

In spring an hour of the wall clock is skipped (in Lisbon on 2026-03-29, 01:00 to 02:00); in autumn
an hour comes twice (on 2026-10-25, 01:00 to 02:00). A window is promised in wall-clock time, so:

* a boundary at a **skipped** time, whether opening or closing, is the instant of the change;
* an **opening** at a time that comes **twice** is its first coming;
* a **closing** at a time that comes **twice** is its second coming.

Thus a clock on the wall that shows a time inside the hours never finds the door shut, and two
windows that meet (until 01:30, from 01:30) leave no gap. The price is that a window which closes
inside the repeated hour lasts an hour longer that night, and one that lies wholly inside the
skipped hour is not held at all.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LISBON = ZoneInfo("Europe/Lisbon")
"""The time zone in which the service's hours are printed."""

_DAY = timedelta(days=1)
_MIDNIGHT = time()


def opening_instant(zone: ZoneInfo, day: date, at: time) -> datetime:
    """The instant, in UTC, at which what opens at this local time is open."""
    offset = _steady_offset(zone, day)
    if offset is not None:
        return datetime.combine(day, at, UTC) - offset
    return _resolve(zone, datetime.combine(day, at), later=False)


def closing_instant(zone: ZoneInfo, day: date, at: time) -> datetime:
    """The instant, in UTC, from which what closes at this local time is closed."""
    offset = _steady_offset(zone, day)
    if offset is not None:
        return datetime.combine(day, at, UTC) - offset
    return _resolve(zone, datetime.combine(day, at), later=True)


def is_skipped(zone: ZoneInfo, local: datetime) -> bool:
    """Whether no clock in this zone ever shows this (naive) local time."""
    before, after = _offsets(zone, local)
    return before < after


@lru_cache(maxsize=16384)
def _steady_offset(zone: ZoneInfo, day: date) -> timedelta | None:
    """The offset from UTC if it is the same all day; `None` on a day of a clock change.

    The first moment of the day is taken before a change at midnight and the last one after it.
    """
    first = _offset(datetime.combine(day, _MIDNIGHT, zone))
    last = _offset(datetime.combine(day + _DAY, _MIDNIGHT, zone).replace(fold=1))
    return first if first == last else None


def _offsets(zone: ZoneInfo, local: datetime) -> tuple[timedelta, timedelta]:
    """The offsets before and after the clock change around a local time; equal without one."""
    return (
        _offset(local.replace(tzinfo=zone, fold=0)),
        _offset(local.replace(tzinfo=zone, fold=1)),
    )


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)


def _resolve(zone: ZoneInfo, local: datetime, *, later: bool) -> datetime:
    before, after = _offsets(zone, local)
    if before >= after:
        return (local - (after if later else before)).replace(tzinfo=UTC)
    # Skipped: the change is the first second with another offset than at `low`.
    low = (local - after).replace(tzinfo=UTC)
    seconds = int((after - before).total_seconds())
    first, last = 0, seconds
    while last - first > 1:
        middle = (first + last) // 2
        if _offset((low + timedelta(seconds=middle)).astimezone(zone)) == before:
            first = middle
        else:
            last = middle
    return low + timedelta(seconds=last)
