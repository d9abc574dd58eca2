# SPDX-License-Identifier: EUPL-1.2
"""How many phones ring at once: the fewest that probably bring an acceptance. Pure.

The chance that at least one of several phones accepts in time is 1 - (1-p1)(1-p2)…, each on its
own. Down the ranking, phones are added until that reaches the target: this head of the ranking is
the *shortlist*. Within it, the wave is the smallest set that still reaches the target, and of the
sets of that size the one that stands highest in the ranking. So no phone of a wave could be left
out, and nobody ranked below the shortlist is rung before those on it.

When even all phones together miss the target, all of them are the wave.

The target is high, for what counts is how long the slowest of twenty callers wait. Of phones that
reach 90 %, one call in ten has nobody accept in time and waits for the next wave; so ringing like
that is slower than ringing everybody. The target here is about as fast, with half of the phones.
Where the service is so busy that more than one caller of twenty waits for somebody to become free,
haste does not help these, and each phone more that rings in vain is one fewer for the next caller:
from there on the target falls with the load, until one phone or two ring.

Whoever presses 1 first has the call, so a wave leaves to chance which of its phones that is. Two
kinds of phones are therefore no part of it, and ring in a later one: those of somebody who has less
of what was asked for than somebody before them (a *tier*: who wishes for a woman is not given the
man who was faster while a woman's phone rang), and those that cost more than the first one by more
than a *margin*. Where few are busy nobody costs that much; where most are, many do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from bridge.vocabulary import InterpreterId

TARGET = 0.993
"""The chance that a wave is meant to reach in a service that is not busy."""
BUSY_TARGET = 0.6
"""The same in a busy one."""
NOT_BUSY, BUSY = 0.26, 0.38
"""The load (`rates.Rates.load`) up to which a service is not busy, and from which on it is."""
WIDEST = 8
"""No wave rings more phones than this, whatever their chances."""
MARGIN = 0.5
"""By how many lost calls a phone may cost more than the first one and ring in the same wave."""
OVERLAP_AFTER = 7.0
"""Seconds after which the next wave joins one that still rings: whoever is at their phone has
pressed 1 by then, as a rule."""
_SLACK = 1e-12


class Prospect(NamedTuple):
    """Somebody who could be rung, as a wave sees them."""

    interpreter: InterpreterId
    chance: float
    """That they accept within `answering.PROMPTLY` seconds."""
    tier: int = 0
    """What they have of what was asked for; the lowest has most (`policies.tier`)."""
    score: float = 0.0
    """What ringing them costs, as their policy counts it."""


class Wave(NamedTuple):
    """Phones to ring at once."""

    phones: tuple[InterpreterId, ...]
    chance: float
    """That at least one of them accepts in time."""


def chance_of_any(chances: Sequence[float]) -> float:
    """The chance that at least one of several accepts, each on their own."""
    return 1.0 - math.prod([1.0 - chance for chance in chances])


@lru_cache(maxsize=256)
def target_at(load: float, target: float = TARGET, busy_target: float = BUSY_TARGET) -> float:
    """The chance that a wave is meant to reach at a load of the service.

    Between `NOT_BUSY` and `BUSY` the chance to miss it rises by the same factor with each step.
    """
    busy = min(max((load - NOT_BUSY) / (BUSY - NOT_BUSY), 0.0), 1.0)
    return 1.0 - math.pow(1.0 - target, 1.0 - busy) * math.pow(1.0 - busy_target, busy)


def one(ranked: Sequence[Prospect]) -> Wave:
    """The first of a ranking alone. Empty for nobody."""
    return _wave(ranked[:1])


def together(ranked: Sequence[Prospect]) -> list[Prospect]:
    """The head of a ranking that may ring at once: nobody beside a lower tier that comes before."""
    lowest = math.inf
    for place, one in enumerate(ranked):
        if one.tier > lowest:
            return list(ranked[:place])
        lowest = one.tier
    return list(ranked)


def fewest(
    ranked: Sequence[Prospect],
    target: float = TARGET,
    widest: int = WIDEST,
    margin: float = math.inf,
) -> Wave:
    """The next wave of a ranking, of those who may ring together. Empty for nobody.

    Whoever costs more than the first one by more than `margin` is left out.
    """
    if not ranked:
        return _wave(())
    most_missed, dearest = 1.0 - target + _SLACK, ranked[0].score + margin
    shortlist: list[Prospect] = []
    missed: list[float] = []
    all_miss = 1.0
    lowest = math.inf
    for one in ranked:
        _, chance, tier, score = one
        if tier > lowest:
            break  # as `together` has it
        lowest = tier
        if score > dearest:
            continue
        its_own = 1.0 - chance
        shortlist.append(one)
        missed.append(its_own)
        all_miss *= its_own
        if all_miss <= most_missed:
            return _wave(_smallest(shortlist, missed, most_missed))
        if len(shortlist) == widest:
            break
    return _wave(shortlist)


def _smallest(
    shortlist: list[Prospect], missed: Sequence[float], most_missed: float
) -> list[Prospect]:
    """The highest-ranked of the smallest sets whose phones all miss no more than allowed.

    `missed` are the chances that each of them does, which allow it all together.
    """
    later = sorted(missed)
    size = len(later)
    while size > 1 and math.prod(later[: size - 1]) <= most_missed:
        size -= 1
    # The same factors in another order may differ in their last bit.
    most_missed += _SLACK
    chosen: list[Prospect] = []
    so_far, too_many = 1.0, len(later) - size
    for place, (one, its_own) in enumerate(zip(shortlist, missed, strict=True)):
        if not too_many:
            return chosen + shortlist[place:]
        # With the surest of those that come after, can this one be of such a set?
        later.remove(its_own)
        with_it, left = so_far * its_own, size - len(chosen) - 1
        if with_it * math.prod(later[:left]) <= most_missed:
            chosen.append(one)
            so_far = with_it
            if not left:
                break
        else:
            too_many -= 1
    return chosen


def _wave(some: Sequence[Prospect]) -> Wave:
    phones = tuple([one.interpreter for one in some])
    return Wave(phones, chance_of_any([one.chance for one in some]))
