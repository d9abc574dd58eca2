# SPDX-License-Identifier: EUPL-1.2
"""What machine a measurement was taken on, so that figures can be compared."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """The processor, how many of it may be used, the system and the Python, on one line."""
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores usable, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
