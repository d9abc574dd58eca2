# SPDX-License-Identifier: EUPL-1.2
"""Times and words that people hear at the line in any of its languages.

Portuguese and English compose times in full (`spoken`). The other languages have words of their
own for the days of the week, the full hours and the quarters, which is how places open and close; a
time that cannot be said so is said in English, completely, rather than wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from bridge.hours.periods import Period
from bridge.ivr.script import in_language
from bridge.prompts import spoken

BOTH = ("pt", "en")
"""Whoever has chosen no language yet is spoken to in these two."""

_QUARTERS = (15, 30, 45)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def both(*keys: str) -> tuple[str, ...]:
    """The same words in Portuguese and then in English."""
    return tuple(in_language(language, key) for language in BOTH for key in keys)


def time_of(at: datetime, today: date, language: str) -> tuple[str, ...]:
    """At what time, and on which day unless that is today. Raises `ValueError` without a zone."""
    if language in BOTH:
        return spoken.soon(at, today, language)
    local = spoken.lisbon(at)
    clock, day = _clock(local.time()), () if local.date() == today else _day(local.date(), today)
    if clock is None or day is None:
        return _in_english(spoken.soon(at, today, "en"))
    return (*day, *clock)


def hours_of(day: Sequence[Period], today: date, language: str) -> tuple[str, ...]:
    """From when to when it is open on a day, which is named unless it is today.

    `day` is what `Schedule.day_at` tells, and not empty.
    """
    on = spoken.lisbon(day[0].start).date()
    words = ["line-hours-today"]
    if on != today:
        words = ["line-hours-next", *_day_words(on, today, language)]
    for period in day:
        for what, at in (("line-hours-open", period.start), ("line-hours-close", period.end)):
            words += (what, *_clock_words(spoken.lisbon(at).time(), language))
    return tuple(words)


def _day_words(on: date, today: date, language: str) -> tuple[str, ...]:
    if language in BOTH:
        return spoken.day(on, today)
    return _day(on, today) or _in_english(spoken.day(on, today))


def _clock_words(at: time, language: str) -> tuple[str, ...]:
    if language in BOTH:
        return spoken.clock_time(at, language)
    return _clock(at) or _in_english(spoken.clock_time(at, "en"))


def _day(on: date, today: date) -> tuple[str, ...] | None:
    """Another day in a language of the line; `None` when it has no words for it."""
    ahead = on - today
    if not timedelta() < ahead < _WEEK:
        return None
    return ("line-tomorrow" if ahead == _DAY else f"line-day-{on.isoweekday()}",)


def _clock(at: time) -> tuple[str, ...] | None:
    """A time in a language of the line; `None` when it has no words for it."""
    if at.minute == 0:
        return (f"line-hour-{at.hour}",)
    if at.minute not in _QUARTERS:
        return None
    return (f"line-hour-{at.hour}", f"line-minutes-{at.minute}")


def _in_english(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(in_language("en", key) for key in keys)
