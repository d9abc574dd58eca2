# SPDX-License-Identifier: EUPL-1.2
"""Who got how much of the work, for what they promised. Pure.

An interpreter who keeps windows open promises minutes; the service owes them work in return. The
**minutes offered** of the last 30 days are the minutes of the calls they took, and the mean
length of a call for each offer that they refused or left unanswered; an offer that we stopped
because somebody else was faster counts nothing. The **share** is minutes offered for each minute
promised, relative to the whole roster: 1 is an even share, 0.5 half of it, 2 twice as much.

Somebody new has neither, so both sides of the fraction begin with a day's promise at the
roster's own rate: the share starts at 1 and moves as promises and offers come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId

SPAN = timedelta(days=30)
"""The time over which shares are counted."""
PRIOR_MINUTES = 8 * 60.0
"""Minutes of promise with which everybody begins."""


def pool_rate(standings: Iterable[Standing]) -> float:
    """Minutes offered for each minute promised, over the whole roster; 0 before any promise."""
    offered = promised = 0.0
    for one in standings:
        offered += one.minutes_offered
        promised += one.minutes_promised
    return offered / promised if promised > 0 else 0.0


def share(offered: Any, promised: Any, rate: float) -> Any:
    """An interpreter's share at the roster's `rate`: 1 is even, more is more than others get.

    Works on columns as well; before anything was offered, 1 for all.
    """
    if rate <= 0:
        return 1.0
    return (offered / rate + PRIOR_MINUTES) / (promised + PRIOR_MINUTES)


def published_shares(
    standings: Mapping[InterpreterId, Standing],
) -> dict[InterpreterId, float]:
    """Everybody's share, as each interpreter is shown their own."""
    rate = pool_rate(standings.values())
    return {
        who: share(one.minutes_offered, one.minutes_promised, rate)
        for who, one in standings.items()
    }


def gini(values: Iterable[float]) -> float:
    """How unevenly a total is spread: 0 evenly, towards 1 when one has it all.

    Half the mean difference of all pairs, relative to the mean (C. Gini, 1912), computed from
    the sorted values. 0 for nothing and for nobody. Raises `ValueError` for a negative value.
    """
    ordered = sorted(values)
    if ordered and ordered[0] < 0:
        raise ValueError("a Gini coefficient needs values of at least 0")
    total = sum(ordered)
    if total == 0:
        return 0.0
    count = len(ordered)
    weighted = sum(place * value for place, value in enumerate(ordered, start=1))
    return 2.0 * weighted / (count * total) - (count + 1) / count
