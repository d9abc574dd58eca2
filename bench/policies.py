# SPDX-License-Identifier: EUPL-1.2
"""Every policy serves the same calls: who goes without, how long it takes, who gets the work.

``python -m bench.policies --json`` prints, as its last line,
``{policy: {load: {"unfilled", "p50_s", "p95_s", "served_p95_s", "phones_per_call", "gini"}}}``.

`unfilled` is the share of calls that ended without an interpreter; the seconds are from request
to acceptance or, of a call that nobody served, until who waited gave up; `phones_per_call` counts
every phone that rang; the Gini coefficient is of minutes in calls for each hour of windows
promised, the mean of the seeds. `served_p95_s` leaves out the calls that nobody served. It flatters
who loses calls after a long wait: they are not among the slow ones then, but nowhere.
The table has the Gini coefficient of the minutes *offered*, too (`bridge/roster/fairness.py`), from
which shares are made.
`leastrecent` is Asterisk's own app_queue with that strategy (`bench/app_queue.py`). Its order in
the product's own way of ringing is in the table as `our_leastrecent`, so that what the ringing does
and what the order does are told apart. What is simulated and assumed is told in bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from bench.app_queue import AppQueue
from bench.machine import machine
from bench.service import SKEW, Service
from bench.simulation import Outcome, Simulation
from bridge.roster.policies import POLICIES, Policy

LOADS = (0.15, 0.25, 0.35, 0.45)
FIRST_SEED = 1
"""Seeds 1 to `--seeds` are reported. The weights were chosen on seeds from 101, never on these."""
Figures = dict[str, dict[str, dict[str, float]]]
IN_JSON = ("unfilled", "p50_s", "p95_s", "served_p95_s", "phones_per_call", "gini")
APP_QUEUE, OURS = "leastrecent", "our_leastrecent"
"""One order of ringing: in Asterisk's queues, and in the product's way."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.policies", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--seeds", type=int, default=10, help="how many traces of each load")
    parser.add_argument("--hours", type=int, default=40, help="hours of service in each trace")
    parser.add_argument("--loads", type=float, nargs="+", default=list(LOADS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--skew", type=float, default=SKEW, help="exponent of Zipf's law for the languages"
    )
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1 or chosen.hours < 1 or chosen.processes < 1:
        parser.error("--seeds, --hours and --processes are at least 1")
    print(f"machine: {machine()}")
    print(
        f"{chosen.seeds} seeds, {chosen.hours} hours of service each, "
        f"languages by Zipf's law with exponent {chosen.skew}"
    )
    outcomes = simulate(
        CONTENDERS,
        range(FIRST_SEED, FIRST_SEED + chosen.seeds),
        chosen.loads,
        chosen.hours,
        chosen.skew,
        chosen.processes,
    )
    figures = summary(outcomes)
    print_table(figures)
    if chosen.json:
        print(as_json({name: figures[name] for name in POLICIES}))


@dataclass(frozen=True, slots=True)
class Contender:
    """Who serves the calls, and whether they know the demand beforehand."""

    policy: Policy
    foreknowing: bool = False
    plays: type[Simulation] = Simulation


CONTENDERS: Mapping[str, Contender] = {
    **{name: Contender(policy) for name, policy in POLICIES.items()},
    APP_QUEUE: Contender(POLICIES["leastrecent"], plays=AppQueue),
    OURS: Contender(POLICIES["leastrecent"]),
}
Outcomes = dict[str, dict[float, list[Outcome]]]


def simulate(
    contenders: Mapping[str, Contender],
    seeds: Sequence[int],
    loads: Sequence[float],
    hours: int,
    skew: float,
    processes: int,
) -> Outcomes:
    """Every contender on every trace, several traces at a time."""
    outcomes: Outcomes = {name: {load: [] for load in loads} for name in contenders}
    traces = [(seed, load, hours, skew) for load in loads for seed in seeds]
    began = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        running = {pool.submit(one_trace, contenders, *trace): trace[1] for trace in traces}
        for done, future in enumerate(as_completed(running), start=1):
            for name, outcome in future.result().items():
                outcomes[name][running[future]].append(outcome)
            print(
                f"{done} of {len(traces)} traces, {time.monotonic() - began:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    return outcomes


def one_trace(
    contenders: Mapping[str, Contender], seed: int, load: float, hours: int, skew: float
) -> dict[str, Outcome]:
    """Every contender on one trace."""
    service = Service(seed, load, hours, skew)
    return {
        name: one.plays(service, one.policy, foreknowing=one.foreknowing).run()
        for name, one in contenders.items()
    }


def summary(outcomes: Outcomes) -> Figures:
    """The figures of all traces together."""
    return {
        name: {str(load): _figures(some) for load, some in by_load.items()}
        for name, by_load in outcomes.items()
    }


def as_json(figures: Figures) -> str:
    """The last line."""
    return json.dumps(
        {
            name: {load: {what: one[what] for what in IN_JSON} for load, one in by_load.items()}
            for name, by_load in figures.items()
        }
    )


def _figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    calls = sum(one.calls for one in outcomes)
    served = sorted(wait for one in outcomes for wait in one.waits)
    in_vain = [wait for one in outcomes for wait in one.in_vain]
    waits = sorted([*served, *in_vain])
    return {
        "unfilled": round(len(in_vain) / max(calls, 1), 5),
        "p50_s": round(_quantile(waits, 0.5), 2),
        "p95_s": round(_quantile(waits, 0.95), 2),
        "served_p95_s": round(_quantile(served, 0.95), 2),
        "phones_per_call": round(sum(one.phones for one in outcomes) / max(calls, 1), 3),
        "gini": round(statistics.fmean(one.gini for one in outcomes), 4),
        "gini_offered": round(statistics.fmean(one.gini_offered for one in outcomes), 4),
    }


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def print_table(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Print a line for each policy and load, and how many calls fewer fail than with the order of
    `leastrecent`: in Asterisk's queues, and rung as the product rings.
    """
    width = max(map(len, figures)) + 1
    print(
        f"{'policy':<{width}}{'load':>6}{'unfilled':>10}{'than queues':>13}{'than ours':>11}"
        f"{'p50 s':>8}{'p95 s':>8}{'served':>8}{'phones':>8}{'Gini':>8}{'offered':>9}"
    )
    for name, by_load in figures.items():
        for load, one in by_load.items():
            fewer = [_change(one, figures[base][load]) for base in (APP_QUEUE, OURS)]
            print(
                f"{name:<{width}}{load:>6}{one['unfilled']:>10.2%}"
                f"{fewer[0]:>12.1f}%{fewer[1]:>10.1f}%"
                f"{one['p50_s']:>8.1f}{one['p95_s']:>8.1f}{one['served_p95_s']:>8.1f}"
                f"{one['phones_per_call']:>8.2f}{one['gini']:>8.3f}{one['gini_offered']:>9.3f}"
            )


def _change(one: Mapping[str, float], base: Mapping[str, float]) -> float:
    """By how many per cent more calls are unfilled."""
    return 100.0 * (one["unfilled"] / base["unfilled"] - 1.0) if base["unfilled"] else 0.0


if __name__ == "__main__":
    main()
