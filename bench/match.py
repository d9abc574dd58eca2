# SPDX-License-Identifier: EUPL-1.2
"""How fast one request is ranked among 1,000 and among 100,000 interpreters.

``python -m bench.match --json`` prints, as its last line, ``{"1000": {"p50_ms", "p99_ms",
"undisturbed_p50_ms", "undisturbed_p99_ms"}, …}``.

One measurement is all that happens between a request and the first wave: time has passed, everybody
who speaks the language is ranked, with requirements and lists on half of the requests, and the wave
is chosen. Before each, one interpreter's standing changes, as it does when word comes of an offer
or a call; what that leaves to be done is in the measured time, the change itself is told beside it.
The languages asked for are as uneven as the roster itself. Only as many candidates are put in order
as a wave can ring; the others, and the reasons in words, when somebody asks for them.

The same requests are ranked in several passes, each on a roster made anew. p50 and p99 are of all
of them, as the clock had them. Undisturbed are those of the shortest time that each request took in
any pass: so the requests that are hard are told from those in which the machine did something else.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from itertools import chain

from bench.machine import machine
from bridge.hours.model import WORKING_WEEK, Schedule, Window
from bridge.languages.model import load_languages
from bridge.roster.answering import Answering, Tally
from bridge.roster.columns import RosterColumns
from bridge.roster.people import Interpreter, Limits
from bridge.roster.policies import Default
from bridge.roster.ranking import Knowledge
from bridge.roster.requirements import Lists, Requirements, Wish
from bridge.roster.seed_plan import plan
from bridge.roster.skills import Gender, Level, Subject
from bridge.roster.standing import Standing
from bridge.roster.waves import WIDEST
from bridge.vocabulary import InterpreterId, LanguageTag

SIZES = (1_000, 100_000)
_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print. Options: `--json`, `--requests`, `--passes`, `--sizes`."""
    parser = argparse.ArgumentParser(prog="python -m bench.match", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--requests", type=int, default=5_000, help="measured for each size")
    parser.add_argument("--passes", type=int, default=5, help="how often each is measured")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    chosen = parser.parse_args(arguments)
    print(f"machine: {machine()}")
    figures = {}
    for size in chosen.sizes:
        print(f"a roster of {size:,} is made", file=sys.stderr)
        requests, changes = measure(size, chosen.requests, chosen.passes)
        figures[str(size)] = requests
        for what, found in (("a request", requests), ("a change", changes)):
            print(
                f"{size:>9,} interpreters, {what:<9}: p50 {found['p50_ms']} ms, p99 "
                f"{found['p99_ms']} ms; undisturbed {found['undisturbed_p50_ms']} and "
                f"{found['undisturbed_p99_ms']} ms"
            )
    if chosen.json:
        print(json.dumps(figures))


def measure(size: int, requests: int, passes: int) -> tuple[dict[str, float], dict[str, float]]:
    """Rank `requests` requests on a roster of this size, `passes` times: how long they took, and
    how long the changes of a standing before them; milliseconds.
    """
    measured = [_measure_once(size, requests) for _ in range(passes)]
    took, changing = zip(*measured, strict=True)
    return _summary(took), _summary(changing)


def _measure_once(size: int, requests: int, seed: int = 1) -> tuple[list[float], list[float]]:
    dice = random.Random(seed)  # noqa: S311 - for a trace, not for a secret
    people = roster(size, dice)
    knowledge = _knowledge(people, dice)
    columns = RosterColumns(_AT, knowledge)
    columns.load(people)
    spoken = [tag for one, _ in people for tag in one.skills]
    policy = Default()
    took: list[float] = []
    changing: list[float] = []
    for number in range(requests + requests // 10):
        asked = _request(dice.choice(spoken), dice)
        lists = _lists(size, dice)
        who = InterpreterId(dice.randint(1, size))
        changed = replace(columns.standing(who), reserved=dice.random() < 0.3)
        at = _AT + timedelta(milliseconds=250 * number)
        begins = time.perf_counter()
        columns.stand(who, changed)
        start = time.perf_counter()
        columns.advance(at)
        ranking = columns.rank(asked, policy, lists=lists)
        policy.wave(ranking.prospects(WIDEST))
        took.append((time.perf_counter() - start) * 1000.0)
        changing.append((start - begins) * 1000.0)
        if number == requests // 10:
            # What was read and what was compiled stays; the first requests are not counted.
            took.clear()
            changing.clear()
            gc.collect()
            gc.freeze()
    gc.unfreeze()
    return took, changing


def _summary(passes: Sequence[Sequence[float]]) -> dict[str, float]:
    every = sorted(chain.from_iterable(passes))
    shortest = sorted(min(same) for same in zip(*passes, strict=True))
    return {
        "p50_ms": _share(every, 0.5),
        "p99_ms": _share(every, 0.99),
        "undisturbed_p50_ms": _share(shortest, 0.5),
        "undisturbed_p99_ms": _share(shortest, 0.99),
    }


def _share(took: Sequence[float], share: float) -> float:
    """Within how long this share of them were done; they are sorted."""
    return round(took[int(len(took) * share)], 4)


def roster(size: int, dice: random.Random) -> list[tuple[Interpreter, Standing]]:
    """A roster of this size in which languages are spread as in the demo's."""
    models = plan([language.tag for language in load_languages()])
    schedules = [
        Schedule((Window(WORKING_WEEK, clock_time(opens), clock_time(closes)),))
        for opens, closes in ((9, 19), (9, 14), (8, 12), (14, 19), (18, 23))
    ]
    people = []
    for number in range(1, size + 1):
        interpreter = Interpreter(
            id=InterpreterId(number),
            skills={
                tag: Level(dice.randint(0, 4)) for tag in models[number % len(models)].languages
            },
            gender=dice.choice(list(Gender)),
            subjects=frozenset(dice.sample(list(Subject), dice.randint(0, 3))),
            schedule=dice.choice(schedules),
            limits=Limits(),
        )
        standing = Standing(
            reserved=dice.random() < 0.25,
            wrap_up_until=_AT + timedelta(seconds=dice.randint(-600, 60)),
            last_call_ended=_AT - timedelta(minutes=dice.randint(1, 3000)),
            minutes_offered=dice.uniform(0, 900),
            minutes_promised=dice.uniform(600, 9000),
        )
        people.append((interpreter, standing))
    return people


def _knowledge(people: Sequence[tuple[Interpreter, Standing]], dice: random.Random) -> Knowledge:
    offered: dict[LanguageTag, float] = {}
    for one, _ in people:
        for tag in one.skills:
            offered[tag] = offered.get(tag, 0.0) + 0.1
    tallies = (
        (one.id, hour, Tally(5, dice.randint(0, 5)))
        for one, _ in people
        for hour in dice.sample(range(9, 19), 2)
    )
    return Knowledge(offered=offered, pool_rate=0.15, answering=Answering.of(tallies))


def _request(language: LanguageTag, dice: random.Random) -> Requirements:
    if dice.random() < 0.5:
        return Requirements(language)
    return Requirements(
        language,
        level=Wish(Level(dice.randint(1, 4)), required=dice.random() < 0.5),
        gender=Wish(dice.choice(list(Gender)), required=dice.random() < 0.5),
        subject=Wish(dice.choice(list(Subject)), required=dice.random() < 0.2),
    )


def _lists(size: int, dice: random.Random) -> Lists:
    def some() -> frozenset[InterpreterId]:
        return frozenset(InterpreterId(dice.randint(1, size)) for _ in range(20))

    return Lists() if dice.random() < 0.5 else Lists(preferred=some(), do_not_send=some())


if __name__ == "__main__":
    main()
