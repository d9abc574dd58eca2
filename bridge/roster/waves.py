# SPDX-License-Identifier: EUPL-1.2
"""How many phones ring at once: the fewest that probably bring an acceptance. Pure.

The chance that at least one of several phones accepts in time is 1 - (1-p1)(1-p2)…, each on its
own. Down the ranking, phones are added until that reaches the target: this head of the ranking is
the *shortlist*. Within it, the wave is the smallest set that still reaches the target, and of the
sets of that size the one that stands highest in the ranking. So no phone of a wave could be left
out, and nobody ranked below the shortlist is rung before those on it.

When even all phones together miss the target, all of them are the wave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.vocabulary import InterpreterId

TARGET = 0.9
"""The chance that a wave is meant to reach."""
WIDEST = 8
"""No wave rings more phones than this, whatever their chances."""
OVERLAP_AFTER = 7.0
"""Seconds after which the next wave joins one that still rings: whoever is at their phone has
pressed 1 by then, as a rule."""
_SLACK = 1e-12


@dataclass(frozen=True, slots=True)
class Prospect:
    """Somebody who could be rung, as a wave sees them."""

    interpreter: InterpreterId
    chance: float
    """That they accept within `answering.PROMPTLY` seconds."""
    tier: int = 0
    """Waves never mix tiers: those who meet the level asked for are rung alone first."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Phones to ring at once."""

    phones: tuple[InterpreterId, ...]
    chance: float
    """That at least one of them accepts in time."""


def chance_of_any(chances: Sequence[float]) -> float:
    """The chance that at least one of several accepts, each on their own."""
    return 1.0 - math.prod(1.0 - chance for chance in chances)


def fewest(ranked: Sequence[Prospect], target: float = TARGET, widest: int = WIDEST) -> Wave:
    """The next wave of a ranking, of its first tier only. Empty for nobody."""
    first_tier = [one for one in ranked if one.tier == ranked[0].tier]
    shortlist: list[Prospect] = []
    missed = 1.0
    for one in first_tier:
        shortlist.append(one)
        missed *= 1.0 - one.chance
        if missed <= 1.0 - target + _SLACK or len(shortlist) == widest:
            break
    if missed > 1.0 - target + _SLACK:
        return _wave(shortlist)
    return _wave(_smallest(shortlist, 1.0 - target + _SLACK))


def _smallest(shortlist: Sequence[Prospect], most_missed: float) -> list[Prospect]:
    """The highest-ranked of the smallest sets whose phones all miss no more than allowed."""
    by_chance = sorted(shortlist, key=lambda one: -one.chance)
    size = next(
        count for count in range(1, len(by_chance) + 1) if _missed(by_chance[:count]) <= most_missed
    )
    chosen: list[Prospect] = []
    for place, one in enumerate(shortlist):
        rest = sorted(shortlist[place + 1 :], key=lambda other: -other.chance)
        left = size - len(chosen) - 1
        if len(rest) >= left and _missed([*chosen, one, *rest[:left]]) <= most_missed:
            chosen.append(one)
            if len(chosen) == size:
                break
    return chosen


def _missed(some: Sequence[Prospect]) -> float:
    return math.prod(1.0 - one.chance for one in some)


def _wave(some: Sequence[Prospect]) -> Wave:
    return Wave(tuple(one.interpreter for one in some), chance_of_any([one.chance for one in some]))
