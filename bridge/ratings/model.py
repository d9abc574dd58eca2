# SPDX-License-Identifier: EUPL-1.2
"""The rating that is keyed after a call, and the flag of a second key."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Rating(IntEnum):
    """How the call was, by the key: 1 is bad, 5 is very good."""

    BAD = 1
    POOR = 2
    FAIR = 3
    GOOD = 4
    VERY_GOOD = 5


class Flag(StrEnum):
    """What besides should be known of a call."""

    HARD_CALL = "hard_call"
    """It weighed on whoever says so; an interpreter's pause is longer then."""
    TECHNICAL_PROBLEM = "technical_problem"
