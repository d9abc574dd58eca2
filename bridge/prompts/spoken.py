# SPDX-License-Identifier: EUPL-1.2
"""Numbers, times, days and durations as prompts that follow one another in right grammar.

Nothing here makes a sentence by itself: each function gives the keys of catalogue prompts, whose
texts carry gender, number and preposition (``à uma hora``, ``às nove e trinta``, ``dois minutos``).
Times are the wall clock's in Lisbon. Portuguese counts the hours to 23, English to twelve with the
part of the day; so what depends on that takes the prompt language (``pt`` or ``en``).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from bridge.hours.localtime import LISBON

MOST_NUMBER = 30
"""The largest number with a prompt of its own."""
MOST_MINUTES = 24 * 60 + 59
"""The longest duration that can be said, in minutes."""
MOST_TENS = 20
"""The largest share that can be said exactly, in tens of percent."""

_DAY = timedelta(days=1)
_EXACT_HOURS_WITHOUT_PART = (0, 12)
"""Midnight and noon are words of their own."""


def number(value: int) -> tuple[str, ...]:
    """A number as it is counted, from 1 to `MOST_NUMBER`. Raises `ValueError` beyond."""
    if not 1 <= value <= MOST_NUMBER:
        raise ValueError(f"only numbers from 1 to {MOST_NUMBER} can be said")
    return (f"number-{value}",)


def clock_time(at: time, language: str) -> tuple[str, ...]:
    """At a time of day, to the minute: ``às nove horas``, ``at nine thirty in the morning``."""
    exact = at.minute == 0
    words = (f"oclock-{at.hour}",) if exact else (f"at-{at.hour}", f"past-{at.minute}")
    if language != "en" or (exact and at.hour in _EXACT_HOURS_WITHOUT_PART):
        return words
    return (*words, _part_of_day(at.hour))


def day(on: date, today: date | None) -> tuple[str, ...]:
    """Which day: today or tomorrow with its weekday, else weekday, day and month.

    The year is never said. Without knowing `today`, the full date is always right.
    """
    weekday = f"weekday-{on.isoweekday()}"
    if on == today:
        return ("today", weekday)
    if today is not None and on - today == _DAY:
        return ("tomorrow", weekday)
    return (weekday, f"day-{on.day}", f"month-{on.month}")


def moment(at: datetime, today: date | None, language: str) -> tuple[str, ...]:
    """Which day and at what time: ``amanhã, segunda-feira, às dez e quinze``.

    Raises `ValueError` for a time without a zone.
    """
    local = lisbon(at)
    return (*day(local.date(), today), *clock_time(local.time(), language))


def soon(at: datetime, today: date | None, language: str) -> tuple[str, ...]:
    """At what time, and on which day unless that is today. Raises `ValueError` as `moment`."""
    local = lisbon(at)
    if local.date() == today:
        return clock_time(local.time(), language)
    return moment(at, today, language)


def duration(minutes: int) -> tuple[str, ...]:
    """How long: ``dois minutos``, ``uma hora``, ``uma hora e um minuto``.

    From 1 to `MOST_MINUTES`; raises `ValueError` beyond.
    """
    if not 1 <= minutes <= MOST_MINUTES:
        raise ValueError(f"only durations from 1 to {MOST_MINUTES} minutes can be said")
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return (f"minutes-{rest}",)
    if rest == 0:
        return (f"hours-{hours}",)
    return (f"hours-{hours}", "and", f"minutes-{rest}")


def percent(share: float) -> tuple[str, ...]:
    """A share to the nearest tenth: ``oitenta por cento``. Raises `ValueError` below 0."""
    if not share >= 0:
        raise ValueError("a share is at least 0")
    if share * 10 >= MOST_TENS + 0.5:
        return ("tens-of-percent-more",)
    return (f"tens-of-percent-{int(share * 10 + 0.5)}",)


def about(minutes: int) -> int:
    """An estimate without false precision, in minutes, never shorter than it was.

    To the minute up to ten, then to five, beyond an hour to fifteen.
    """
    step = 1 if minutes <= 10 else 5 if minutes <= 60 else 15
    return max(1, -(-minutes // step) * step)


def lisbon(at: datetime) -> datetime:
    """The same instant on the wall clock in Lisbon. Raises `ValueError` without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be said")
    return at.astimezone(LISBON)


def _part_of_day(hour: int) -> str:
    if 1 <= hour < 12:
        return "in-the-morning"
    if 12 <= hour < 18:
        return "in-the-afternoon"
    return "in-the-evening" if 18 <= hour < 21 else "at-night"
