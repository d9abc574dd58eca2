# SPDX-License-Identifier: EUPL-1.2
"""A made-up service for the simulation: its interpreters, how they answer, and a trace of calls.

Nothing here knows a policy. The same seed and load give the same people and the same calls, and
the same phone rung for the same call for the same time behaves alike, whoever rings it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from bridge.hours.model import WORKING_WEEK, Schedule, Window
from bridge.languages.model import load_languages
from bridge.roster.people import Interpreter, Limits
from bridge.roster.seed_plan import plan
from bridge.roster.skills import Level
from bridge.vocabulary import InterpreterId, LanguageTag

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday in winter, when Lisbon's clocks show UTC: the service opens."""
DAY_HOURS = 10
LAST_ARRIVAL = DAY_HOURS * 3600 - 300
"""Seconds after opening; who rings later is told the service is about to close."""
TALK_MINUTES = 12.0
PATIENT_SECONDS = 30.0
"""Nobody gives up before: a technician has just keyed a whole request."""
PATIENCE_SECONDS = 270.0
"""The mean of what patience there is beyond; exponential, as in Erlang A."""
AWAY_SECONDS = 180.0
"""For how long somebody who left their phone is away, on average."""
ANSWER_SECONDS = 5.5
"""The median from the first ring to the key, of somebody who is at their phone."""
REFUSES = 0.04
"""The share of the time at their phone in which somebody would refuse an offer."""
REFUSES_SECONDS = 180.0
"""How long somebody who would refuse goes on to, on average: asked at once again, they refuse."""
SKEW = 1.45
"""Exponent of Zipf's law, by which languages are asked for, the one with most speakers first.

With it the 20 languages asked for most make up nine tenths of 68 languages' calls, as the 20
largest did in Norway's public sector (its directorate IMDi, reported by norwaytoday.info, 2018)."""
_PROFILE = (0.9, 1.15, 1.2, 1.05, 0.8, 0.85, 1.1, 1.15, 1.0, 0.8)
"""Arrivals by hour of the day, relative to the mean: a peak before lunch and one after."""
_PATTERNS = (((9, 19),), ((9, 14),), ((14, 19),), ((9, 13), (15, 19)))
_PATTERN_ODDS = (0.5, 0.2, 0.2, 0.1)
_DICE = 1 << 20
Spells = tuple[list[float], list[float]]
"""Moments at which something begins and ends, in turn."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the trace; times in seconds since `START`."""

    number: int
    language: LanguageTag
    arrives: float
    patience: float
    """Seconds until the technician gives up."""
    talk: float
    """Seconds that the call lasts once an interpreter is there."""


@dataclass(frozen=True, slots=True)
class Ring:
    """How one phone behaves when rung for one call."""

    accepts: bool
    after: float
    """Seconds until a key is pressed; infinity for never."""


class Service:
    """The people of one seed and the calls of one load."""

    def __init__(self, seed: int, load: float, hours: int, skew: float = SKEW) -> None:
        """`load` is minutes of calls asked for, for each minute of windows promised."""
        self._load = load
        self._skew = skew
        self._hours = hours
        self.days = max(1, -(-hours // DAY_HOURS))
        self._rng = np.random.default_rng([seed, int(load * 1000), 1])
        people_rng = np.random.default_rng([seed, 2])
        self._plan = plan([language.tag for language in load_languages()])
        self.interpreters = self._people(people_rng)
        count = len(self.interpreters)
        there = people_rng.beta(17.0, 3.0, count)
        worse = np.where(people_rng.random((count, 24)) < 0.25, 0.85, 1.0)
        away_rng = np.random.default_rng([seed, 4])
        self._returns = [
            self._returns_of(there[who] * worse[who], AWAY_SECONDS, away_rng)
            for who in range(count)
        ]
        willing = np.full(24, 1.0 - REFUSES)
        refuses_rng = np.random.default_rng([seed, 5])
        self._refusals = [
            self._returns_of(willing, REFUSES_SECONDS, refuses_rng) for _ in range(count)
        ]
        self._dice = np.random.default_rng([seed, 3]).random(_DICE)
        self.calls = self._trace(hours)

    @cached_property
    def speakers(self) -> Counter[LanguageTag]:
        """How many interpreters speak each language."""
        return Counter(tag for one in self.interpreters for tag in one.skills)

    @cached_property
    def promised_hours(self) -> dict[InterpreterId, float]:
        """Hours of windows in the simulated time."""
        end = self.at(0) + timedelta(days=9 * self.days)
        days = {self.at(day * 86400.0).date() for day in self._workdays()}
        return {
            one.id: sum(
                (period.end - period.start).total_seconds() / 3600.0
                for period in one.schedule.periods(START, end)
                if period.start.date() in days
            )
            for one in self.interpreters
            if one.schedule is not None
        }

    @property
    def on_duty(self) -> float:
        """How many interpreters the windows promise, on average over the open hours."""
        return sum(self.promised_hours.values()) / (self.days * DAY_HOURS)

    @cached_property
    def demand(self) -> dict[LanguageTag, float]:
        """Calls an hour in each language, as they are drawn; on average over a day."""
        tags = sorted(self.speakers, key=lambda tag: (-self.speakers[tag], tag))
        weights = np.arange(1, len(tags) + 1, dtype=float) ** -self._skew
        an_hour = self._load * self.on_duty * 60.0 / TALK_MINUTES
        return dict(zip(tags, map(float, an_hour * weights / weights.sum()), strict=True))

    @property
    def hours_over(self) -> tuple[float, ...]:
        """When each hour of service is over, in seconds after the first opening."""
        days = self._workdays()
        return tuple(
            days[hour // DAY_HOURS] * 86400.0 + (hour % DAY_HOURS + 1) * 3600.0
            for hour in range(self._hours)
        )

    @staticmethod
    def at(seconds: float) -> datetime:
        """A simulated moment."""
        return START + timedelta(seconds=seconds)

    def away_until(self, who: InterpreterId, at: float) -> float | None:
        """When somebody who is away from their phone comes back; `None` if they are there."""
        return _until(self._returns[int(who) - 1], at)

    def ring(self, call: Call, who: InterpreterId, attempt: int, at: float, rings: float) -> Ring:
        """What happens when this phone rings for this call for so many seconds at most."""
        if self.away_until(who, at) is not None:
            return Ring(False, math.inf)
        place = (call.number * 7_919 + int(who) * 104_729 + attempt * 15_485_863) % _DICE
        delay = ANSWER_SECONDS * math.exp(0.4 * _normal(float(self._dice[place])))
        if delay >= rings:
            return Ring(False, math.inf)
        return Ring(_until(self._refusals[int(who) - 1], at + delay) is None, delay)

    # --- inside --------------------------------------------------------------------------------

    def _workdays(self) -> list[int]:
        """The simulated days as days since the first, weekends left out."""
        return [week * 7 + day for week in range(self.days // 5 + 1) for day in range(5)][
            : self.days
        ]

    def _returns_of(
        self, there: np.ndarray[Any, Any], away: float, rng: np.random.Generator
    ) -> Spells:
        """When somebody leaves and comes back, in turn; `away` seconds later on average.

        `there` is the share of each hour of the day in which they are there.
        """
        leaves: list[float] = []
        returns: list[float] = []
        for day in self._workdays():
            now = day * 86400.0
            end = now + (DAY_HOURS + 1) * 3600.0
            while now < end:
                share = min(float(there[self.at(now).hour]), 0.98)
                now += rng.exponential(away * share / (1.0 - share))
                leaves.append(now)
                now += rng.exponential(away)
                returns.append(now)
        return leaves, returns

    def _people(self, rng: np.random.Generator) -> tuple[Interpreter, ...]:
        spoken = Counter(tag for one in self._plan for tag in one.languages)
        people = []
        for number, one in enumerate(self._plan, start=1):
            pattern = _PATTERNS[int(rng.choice(len(_PATTERNS), p=_PATTERN_ODDS))]
            if any(spoken[tag] == 1 for tag in one.languages):
                # A language is on offer all day long, so its only speaker must be there.
                pattern = _PATTERNS[0]
            windows = tuple(
                Window(WORKING_WEEK, time(opens), time(closes)) for opens, closes in pattern
            )
            people.append(
                Interpreter(
                    id=InterpreterId(number),
                    # One level for all: the level goes before every score, so it would hide what
                    # is compared here.
                    skills={tag: Level(1) for tag in one.languages},
                    phones=(one.number,),
                    schedule=Schedule(windows),
                    # Without the limit on rings an hour, which `ring_all` would run into.
                    limits=Limits(offers_an_hour=1_000_000),
                )
            )
        return tuple(people)

    def _trace(self, hours: int) -> tuple[Call, ...]:
        rng = self._rng
        tags, weights = list(self.demand), np.array(list(self.demand.values()))
        an_hour = float(weights.sum())
        arrivals: list[float] = []
        for hour in range(hours):
            day, of_day = divmod(hour, DAY_HOURS)
            count = int(rng.poisson(an_hour * _PROFILE[of_day]))
            base = self._workdays()[day] * 86400.0
            inside = of_day * 3600.0 + rng.random(count) * 3600.0
            arrivals += [base + float(one) for one in inside if one <= LAST_ARRIVAL]
        arrivals.sort()
        count = len(arrivals)
        languages = rng.choice(len(tags), size=count, p=weights / weights.sum())
        patience = PATIENT_SECONDS + rng.exponential(PATIENCE_SECONDS, count)
        # Lognormal with the mean asked for; the longest are cut at an hour and a half.
        spread = 0.7
        talk = rng.lognormal(np.log(TALK_MINUTES * 60.0) - spread**2 / 2, spread, count)
        return tuple(
            Call(number, tags[int(languages[number])], arrivals[number], *map(float, rest))
            for number, rest in enumerate(zip(patience, np.minimum(talk, 5400.0), strict=True))
        )


def _until(spells: Spells, at: float) -> float | None:
    """When the spell ends that lasts at this moment; `None` outside of one."""
    begins, ends = spells
    place = bisect_right(begins, at) - 1
    return ends[place] if place >= 0 and ends[place] > at else None


def _normal(uniform: float) -> float:
    """Nearly a standard normal number, from a uniform one (a logistic one 1/1.702 wide)."""
    inside = min(max(uniform, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside)) / 1.702
