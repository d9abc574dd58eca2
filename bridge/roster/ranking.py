# SPDX-License-Identifier: EUPL-1.2
"""Whom to ring for a request, in which order, and why not the others. Pure.

This is the ranking in its plainest form: everybody is looked at anew for each request. The index
by language (columns.py) gives the same answer fast; this one says what the answer is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.roster.answering import Answering
from bridge.roster.eligibility import (
    Skipped,
    asked_reason,
    explain,
    first,
    own_reason,
)
from bridge.roster.fairness import share
from bridge.roster.people import Interpreter, Opening, opening
from bridge.roster.policies import LOWEST_LEVEL, Facts, Policy, group, tier
from bridge.roster.rates import RatePrior
from bridge.roster.requirements import NO_LISTS, Lists, Requirements
from bridge.roster.scarcity import price, scarcity
from bridge.roster.skills import Level
from bridge.roster.standing import Standing
from bridge.roster.waves import Prospect
from bridge.vocabulary import InterpreterId, LanguageTag

LISBON = ZoneInfo("Europe/Lisbon")
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was learned of the service as a whole, by which candidates are weighed."""

    offered: Mapping[LanguageTag, float] = field(default_factory=dict)
    """The load of each language in erlangs (rates.py)."""
    pool_rate: float = 0.0
    """Minutes offered for each minute promised (fairness.py)."""
    answering: Answering = field(default_factory=Answering)
    call_minutes: float = RatePrior().call_minutes
    """The mean length of a call, without the pause after it (rates.py)."""
    load: float = RatePrior().occupancy
    """Time in calls asked for, for each hour of windows promised (rates.py)."""
    zone: ZoneInfo = LISBON
    """The service's own time, whose hours of the day `answering` counts in."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Somebody who may be rung, with the numbers that ranked them."""

    facts: Facts
    group: int
    score: float

    @property
    def interpreter(self) -> InterpreterId:
        """Who it is."""
        return InterpreterId(self.facts.interpreter)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The decision trace of one look at the roster: everybody who speaks the language is in it."""

    requirements: Requirements
    at: datetime
    candidates: tuple[Ranked, ...]
    """First to be rung first."""
    skipped: tuple[Skipped, ...]
    """By id; each with exactly one reason."""

    def prospects(self) -> list[Prospect]:
        """The candidates as a policy's waves see them."""
        return prospects(self.candidates)


def prospects(candidates: Iterable[Ranked]) -> list[Prospect]:
    """Candidates as waves see them."""
    return [
        Prospect(one.interpreter, one.facts.chance, tier(one.group), one.score)
        for one in candidates
    ]


def rank(
    roster: Sequence[tuple[Interpreter, Standing]],
    requirements: Requirements,
    policy: Policy,
    at: datetime,
    *,
    knowledge: Knowledge,
    lists: Lists = NO_LISTS,
    tried: Set[InterpreterId] = frozenset(),
    last_rung: InterpreterId | None = None,
) -> Ranking:
    """Rank everybody who speaks the language asked for, at this moment.

    `tried` are those whom this hunt has rung already; `last_rung` is the one rung last for this
    language, for policies that go round.
    """
    openings = {person.id: opening(person.schedule, at) for person, _ in roster}
    own = {
        person.id: own_reason(person, standing, openings[person.id], at, knowledge.call_minutes)
        for person, standing in roster
    }
    prices = _prices([person for person, _ in roster if own[person.id] is None], knowledge.offered)
    hour = at.astimezone(knowledge.zone).hour
    candidates: list[Ranked] = []
    skipped: list[Skipped] = []
    for person, standing in roster:
        if requirements.language not in person.skills:
            continue
        opened = openings[person.id]
        reason = first(own[person.id], asked_reason(person, requirements, lists, tried))
        if reason is not None:
            skipped.append(explain(reason, person, standing, opened, requirements, at))
            continue
        level = person.skills[requirements.language]
        facts = Facts(
            interpreter=person.id,
            level=min(level, LOWEST_LEVEL),
            below=below(level, requirements),
            unmet=unmet(person, requirements),
            same_again=int(person.id == requirements.same_again),
            preferred=int(person.id in lists.preferred),
            scarcity=scarcity(person.skills, requirements.language, prices),
            share=share(standing.minutes_offered, standing.minutes_promised, knowledge.pool_rate),
            chance=knowledge.answering.chance(person.id, hour),
            last_call_ended=seconds(standing.last_call_ended),
            idle_since=idle_since(standing, opened),
            last_rung=last_rung or 0,
        )
        candidates.append(Ranked(facts, group(facts), policy.score(facts)))
    candidates.sort(key=lambda one: (one.group, one.score, one.interpreter))
    skipped.sort(key=lambda one: one.interpreter)
    return Ranking(requirements, at, tuple(candidates), tuple(skipped))


def seconds(moment: datetime | None) -> float:
    """A moment as seconds since the epoch; minus infinity for never."""
    return NEVER if moment is None else moment.timestamp()


def idle_since(standing: Standing, opened: Opening) -> float:
    """Since when somebody could have been rung; minus infinity for ever."""
    return max(
        seconds(standing.last_call_ended),
        seconds(standing.available_since),
        seconds(opened.since),
    )


def below(level: Level, requirements: Requirements) -> int:
    """1 when somebody of this level misses the one asked for, else 0."""
    wished = requirements.level
    return int(wished is not None and level > wished.value)


def unmet(person: Interpreter, requirements: Requirements) -> int:
    """How many wishes (gender, subject) somebody does not meet: 0 to 2."""
    gender, subject = requirements.gender, requirements.subject
    return int(gender is not None and person.gender is not gender.value) + int(
        subject is not None and subject.value not in person.subjects
    )


def _prices(
    free: Iterable[Interpreter], offered: Mapping[LanguageTag, float]
) -> dict[LanguageTag, float]:
    counts: dict[LanguageTag, int] = {}
    for person in free:
        for language in person.skills:
            counts[language] = counts.get(language, 0) + 1
    return {tag: price(count, offered.get(tag, 0.0)) for tag, count in counts.items()}
