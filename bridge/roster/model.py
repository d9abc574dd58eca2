# SPDX-License-Identifier: EUPL-1.2
"""The words in which interpreters say whether they are there; the rest of them is in people.py."""

from __future__ import annotations

from enum import StrEnum


class Presence(StrEnum):
    """What interpreters say of themselves; busy and wrap-up follow the phone by themselves."""

    AVAILABLE = "available"
    ON_BREAK = "on_break"
    OFF = "off"
