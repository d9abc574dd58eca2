# SPDX-License-Identifier: EUPL-1.2
"""What the default policy buys with what: its weight of fairness, its haste, its knowledge.

``python -m bench.tradeoffs --json`` prints, as its last line,
``{variant: {load: {"unfilled", "p50_s", "p95_s", "phones_per_call", "gini"}}}`` as `bench.policies`
does, for variants of the default policy and for those against which it is held. The
weights were chosen by these figures, so they come from seeds of their own.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.machine import machine
from bench.policies import (
    APP_QUEUE,
    CONTENDERS,
    OURS,
    Contender,
    as_json,
    print_table,
    simulate,
    summary,
)
from bench.service import SKEW
from bridge.roster.policies import Default
from bridge.roster.waves import Prospect, Wave, chance_of_any

FIRST_SEED = 101
LOADS = (0.15, 0.25)
WEIGHTS = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Broad(Default):
    """Ranks like the default policy, and rings this many at once whatever their chances: those who
    cost more than the first one by no more than `margin`, and `least` whatever they cost.
    """

    margin: float = math.inf
    least: int = 1
    first: int = 1
    then: int = 1
    """How many join them each time."""
    every: float | None = None
    """Seconds after which the next join; `None`: when those who ring have rung in vain."""

    def wave(self, ranked: Sequence[Prospect], *, joins: bool = False) -> Wave:
        """See `Policy.wave`."""
        some = ranked[: self.then] if joins else self._first(ranked)
        chance = chance_of_any([one.chance for one in some])
        more = self.every if len(some) < len(ranked) else None
        return Wave(tuple(one.interpreter for one in some), chance, more)

    def _first(self, ranked: Sequence[Prospect]) -> Sequence[Prospect]:
        return [
            one
            for place, one in enumerate(ranked[: self.first])
            if place < self.least or one.score <= ranked[0].score + self.margin
        ]

    def awaits(self, ringing: Sequence[Prospect], newcomer: Prospect) -> bool:
        """See `Policy.awaits`."""
        return len(ringing) >= self.first


def contenders() -> Mapping[str, Contender]:
    """Every variant by what it is called in the table."""
    found = {name: CONTENDERS[name] for name in (APP_QUEUE, OURS, "ring_all")}
    for weight in WEIGHTS:
        found[f"fairness {weight}"] = Contender(Default(fairness=weight))
    for weight in WEIGHTS:
        found[f"demand known, fairness {weight}"] = Contender(
            Default(fairness=weight), foreknowing=True
        )
    found["those within 0.02 at once"] = Contender(Default(margin=0.02))
    for first, then, every in ((1, 1, 2.0), (2, 2, 2.0), (4, 4, 4.0), (6, 1, 3.0), (7, 7, None)):
        joining = "and no more" if every is None else f"{then} more every {every:g} s"
        found[f"{first} at once, {joining}"] = Contender(
            Broad(first=first, then=then, every=every, overlap_after=every)
        )
    for first in (5, 6):
        found[f"{first} at once, 2 more every 7 s"] = Contender(
            Broad(first=first, then=2, every=7.0)
        )
    found["3 to 5 within 0.03 at once, 1 more every 4 s"] = Contender(
        Broad(first=5, least=3, margin=0.03, every=4.0)
    )
    found["6 within 0.02 at once, 1 more every 2 s"] = Contender(
        Broad(first=6, margin=0.02, every=2.0, overlap_after=2.0)
    )
    found["4 to 6 within 0.03 at once, 2 more every 3 s, fairness 0.01"] = Contender(
        Broad(fairness=0.01, first=6, least=4, margin=0.03, then=2, every=3.0, overlap_after=3.0)
    )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.tradeoffs", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--seeds", type=int, default=30, help="how many traces of each load")
    parser.add_argument("--hours", type=int, default=40, help="hours of service in each trace")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1 or chosen.hours < 1 or chosen.processes < 1:
        parser.error("--seeds, --hours and --processes are at least 1")
    print(f"machine: {machine()}")
    print(f"seeds from {FIRST_SEED}, {chosen.seeds} of them, {chosen.hours} hours of service each")
    seeds = range(FIRST_SEED, FIRST_SEED + chosen.seeds)
    figures = summary(simulate(contenders(), seeds, LOADS, chosen.hours, SKEW, chosen.processes))
    print_table(figures)
    if chosen.json:
        print(as_json(figures))


if __name__ == "__main__":
    main()
