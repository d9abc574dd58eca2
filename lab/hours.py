# SPDX-License-Identifier: EUPL-1.2
"""The lines and services of the laboratory: those of the product, but open day and night.

Scenarios are played at any hour. One that is about hours is given a directory of its own.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

_HOURS = re.compile(r"^hours = \[.*?\]$", re.MULTILINE | re.DOTALL)
_ALWAYS = 'hours = [{ days = "Mon-Sun", open = ["00:00-24:00"], on_holidays = true }]'


def write_always_open(path: Path) -> Path:
    """Write the product's directory with every hour open, and say where it is."""
    source = resources.files("bridge.hours").joinpath("directory.toml")
    path.write_text(_HOURS.sub(_ALWAYS, source.read_text(encoding="utf-8")), encoding="utf-8")
    return path
