# SPDX-License-Identifier: EUPL-1.2
"""The hours of the lab's line: whoever tries the bridge at night shall find it open.

The lab's bridge reads the product's own list of lines and services with other hours: everything is
open around the clock, unless a scenario wants it closed.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from importlib import resources

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = re.compile(r"^hours = \[(?:[^\n]*\]$|\n.*?^\]$)", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r'^key = "([^"]+)"$', re.MULTILINE)


class LineHours(StrEnum):
    """How it stands with the line on the day of the scenario."""

    OPEN = "open"
    CLOSED = "closed"
    """No window today; it opens tomorrow at nine."""
    HOLIDAY = "holiday"
    """It would be open, but for a holiday; it opens tomorrow at midnight."""
    CLOSURE = "closure"
    """It would be open, but a coordinator has closed it for today, in the database."""


def directory_text(today: date, hours: LineHours, closed_services: frozenset[str]) -> str:
    """A list of lines and services, the product's own but for the hours.

    The line and its technicians' service keep `hours`; all other services are open around the
    clock, but `closed_services` (keys), which open tomorrow at nine.
    """
    source = resources.files("bridge.hours").joinpath("directory.toml").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=\[\[(?:line|service)\]\])", source)
    return "".join(_with_hours(entry, today, hours, closed_services) for entry in entries)


def _with_hours(entry: str, today: date, hours: LineHours, closed_services: frozenset[str]) -> str:
    found = _KEY.search(entry)
    if found is None:
        return entry
    key = found[1]
    if key not in ("lam", "stt"):
        hours = LineHours.CLOSED if key in closed_services else LineHours.OPEN
    tomorrow = _DAYS[(today.weekday() + 1) % 7]
    always = 'hours = [{ days = "Mon-Sun", open = ["00:00-24:00"], on_holidays = true }]'
    match hours:
        case LineHours.OPEN | LineHours.CLOSURE:
            wanted = always
        case LineHours.CLOSED:
            wanted = (
                f'hours = [{{ days = "{tomorrow}", open = ["09:00-20:00"], on_holidays = true }}]'
            )
        case LineHours.HOLIDAY:
            wanted = f'{always}\nclosed = [{{ on = {today}, why = "Feriado municipal" }}]'
    text, replaced = _HOURS.subn(wanted, entry, count=1)
    if not replaced:
        raise ValueError(f"{key} has no hours in the list of lines and services")
    return text
