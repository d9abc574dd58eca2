# SPDX-License-Identifier: EUPL-1.2
"""Answers "is it open?" for the command and the pages, in words and in local time."""

from __future__ import annotations

from datetime import datetime

from bridge.hours.directory import Directory, Place
from bridge.hours.localtime import LISBON, is_skipped
from bridge.hours.model import Verdict, Why
from bridge.hours.periods import utc


def hours_report(
    directory: Directory,
    at: str | datetime,
    *,
    line: str | None = None,
    service: str | None = None,
) -> dict[str, object]:
    """Whether a line (by key or any form of any number) or a service (by name) is open.

    `at` is a time-zone aware moment, or ISO 8601 text, Lisbon time unless it has an offset.

    Returns, ready for JSON: ``open``; ``why`` (the window, the holiday's name, the closure);
    ``kind`` (a value of `Why`); ``closes_at`` when open, else ``opens_at`` (ISO 8601 in local time
    with offset, or `None` when it never does); and, to show what was understood, ``line`` or
    ``service`` (its key), ``name`` and ``at``.

    Raises `ValueError` with a sentence for people: an unknown line or service, both or neither
    given, a moment that cannot be read or that the clock change skips.
    """
    if (line is None) == (service is None):
        raise ValueError("name either a line or a service")
    place: Place
    if line is not None:
        kind, place = "line", directory.line(line)
    else:
        kind, place = "service", directory.service(service or "")
    moment = read_moment(at) if isinstance(at, str) else utc(at)
    verdict = place.schedule.open_at(moment)
    change = verdict.closes_at if verdict.open else verdict.opens_at
    return {
        kind: place.key,
        "name": place.pt,
        "at": _local(place, moment),
        "open": verdict.open,
        "kind": verdict.why.value,
        "why": _why(verdict),
        "closes_at" if verdict.open else "opens_at": change and _local(place, change),
    }


def read_moment(text: str) -> datetime:
    """A moment, in UTC, from ISO 8601 text; Lisbon time unless the text has an offset.

    A local time that comes twice when clocks go back is its first coming, unless the offset tells.
    Raises `ValueError` for a text that is no moment and for a local time that is skipped.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date and time; write it as in 2026-12-08T10:00") from None
    if moment.utcoffset() is not None:
        return utc(moment)
    if is_skipped(LISBON, moment):
        raise ValueError(
            f"{text!r} does not exist: clocks go forward over it; choose an hour later"
        )
    return utc(moment.replace(tzinfo=LISBON))


def _why(verdict: Verdict) -> str:
    match verdict.why:
        case Why.WINDOW:
            return f"window {verdict.window}"
        case Why.EXTRA:
            return "extra hours"
        case Why.HOLIDAY:
            return verdict.name
        case Why.CLOSURE:
            return f"closure: {verdict.name}"
        case Why.ABSENCE:
            return f"absence: {verdict.name}" if verdict.name else "absence"
        case Why.OUTSIDE:
            return "outside the windows"


def _local(place: Place, moment: datetime) -> str:
    return moment.astimezone(place.schedule.zone).isoformat()
