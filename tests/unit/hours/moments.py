# SPDX-License-Identifier: EUPL-1.2
"""Short ways of writing moments and windows, so that a test reads like a timetable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bridge.hours.directory import parse_days, parse_stretch
from bridge.hours.localtime import LISBON
from bridge.hours.model import Period, Window


def lisbon(text: str, *, fold: int = 0) -> datetime:
    """The moment when clocks in Lisbon show this; `fold=1` is the second time they do."""
    return datetime.fromisoformat(text).replace(tzinfo=LISBON, fold=fold)


def z(text: str) -> datetime:
    """The moment when clocks show this in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def whole_day(text: str) -> tuple[datetime, datetime]:
    """From one midnight in Lisbon to the next."""
    start = lisbon(text)
    return start, start + timedelta(days=1)


def window(
    days: str,
    stretch: str,
    *,
    since: str | None = None,
    until: str | None = None,
    on_holidays: bool = False,
) -> Window:
    opens, closes = parse_stretch(stretch)
    return Window(
        parse_days(days),
        opens,
        closes,
        date.fromisoformat(since) if since else None,
        date.fromisoformat(until) if until else None,
        on_holidays,
    )


def shown(periods: tuple[Period, ...]) -> list[str]:
    """Periods as clocks in Lisbon show them: ``Sun 29 01:30–05:00``."""
    return [
        f"{start:%a %d %H:%M}–{end:%H:%M}"
        for start, end in (
            (one.start.astimezone(LISBON), one.end.astimezone(LISBON)) for one in periods
        )
    ]
