# SPDX-License-Identifier: EUPL-1.2
"""Whether what was keyed has the form that was asked for. Pure."""

from __future__ import annotations


def are_digits(keys: str, least: int, most: int | None = None) -> bool:
    """Whether these are digits of the keypad, so many of them; exactly `least` without `most`."""
    fits = least <= len(keys) <= (least if most is None else most)
    return fits and keys.isascii() and keys.isdigit()
