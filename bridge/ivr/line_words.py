# SPDX-License-Identifier: EUPL-1.2
"""Times and words that people hear at the line in any of its languages.

Portuguese and English compose times in full (`spoken`). The other languages have words of their
own for the days of the week, the full hours and the quarters, which is how places open and close; a
time that cannot be said so is said in English, completely, rather than wrongly.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bridge.ivr import spoken
from bridge.ivr.script import in_language

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
    ahead = local.date() - today
    if (local.minute and local.minute not in _QUARTERS) or not timedelta() <= ahead < _WEEK:
        return tuple(in_language("en", key) for key in spoken.soon(at, today, "en"))
    words = [f"line-hour-{local.hour}"]
    if local.minute:
        words.append(f"line-minutes-{local.minute}")
    if ahead:
        tomorrow = ahead == _DAY
        words.insert(0, "line-tomorrow" if tomorrow else f"line-day-{local.isoweekday()}")
    return tuple(words)
