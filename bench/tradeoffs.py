# SPDX-License-Identifier: EUPL-1.2
"""What the default policy buys with what: its weight of fairness, its haste, its knowledge.

``python -m bench.tradeoffs --json`` prints, as its last line,
``{variant: {load: {…}}}`` with the figures of `bench.policies`, for variants of the default policy
and for those against which it is held. Weights, target and margin were chosen by these figures, so
they come from seeds of their own.
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
from bridge.roster.waves import TARGET, Prospect, Wave, fewest

FIRST_SEED = 101
LOADS = (0.15, 0.25)
WEIGHTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
TARGETS = (0.9, 0.95, 0.98, 0.99, 0.993, 0.996)
BUSY_TARGETS = (0.5, 0.6, 0.75, 0.9, TARGET)
"""What a wave reaches in a busy service: it shows with `--loads 0.35 0.45`."""
MARGINS = (0.1, 0.3, math.inf)
PHONES = (1, 2, 4, 5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class AtOnce(Default):
    """Ranks like the default policy, and rings this many at once whatever their chances."""

    phones: int = 1

    def wave(self, ranked: Sequence[Prospect]) -> Wave:
        """See `Policy.wave`."""
        return fewest(ranked, target=1.0, widest=self.phones)

    def awaits(self, ringing: Sequence[Prospect], newcomer: Prospect) -> bool:
        """See `Policy.awaits`."""
        return newcomer.tier > min(other.tier for other in ringing) or len(ringing) >= self.phones


def contenders() -> Mapping[str, Contender]:
    """Every variant by what it is called in the table."""
    found = {name: CONTENDERS[name] for name in (APP_QUEUE, OURS, "ring_all")}
    for weight in WEIGHTS:
        found[f"fairness {weight}"] = Contender(Default(fairness=weight))
    for weight in WEIGHTS:
        found[f"demand known, fairness {weight}"] = Contender(
            Default(fairness=weight), foreknowing=True
        )
    for target in TARGETS:
        found[f"the fewest for {target:.1%}"] = Contender(Default(target=target))
    for target in BUSY_TARGETS:
        found[f"when busy, {target:.1%}"] = Contender(Default(busy_target=target))
    for margin in MARGINS:
        found[f"within {margin:g} calls"] = Contender(Default(margin=margin))
    for phones in PHONES:
        found[f"{phones} at once"] = Contender(AtOnce(phones=phones))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.tradeoffs", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--seeds", type=int, default=30, help="how many traces of each load")
    parser.add_argument("--hours", type=int, default=40, help="hours of service in each trace")
    parser.add_argument("--loads", type=float, nargs="+", default=list(LOADS))
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1 or chosen.hours < 1 or chosen.processes < 1:
        parser.error("--seeds, --hours and --processes are at least 1")
    print(f"machine: {machine()}")
    print(f"seeds from {FIRST_SEED}, {chosen.seeds} of them, {chosen.hours} hours of service each")
    seeds = range(FIRST_SEED, FIRST_SEED + chosen.seeds)
    figures = summary(
        simulate(contenders(), seeds, chosen.loads, chosen.hours, SKEW, chosen.processes)
    )
    print_table(figures)
    if chosen.json:
        print(as_json(figures))


if __name__ == "__main__":
    main()
