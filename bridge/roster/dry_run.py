# SPDX-License-Identifier: EUPL-1.2
"""Who would be rung for a request that nobody has made, wave by wave, and why not the others.

The same rules that ring interpreters answer; nothing is promised and nothing is written. At
another moment than now, what is known now is taken as it stands, except what passes with calls:
nobody is taken to be in a call, in the pause after one, or to have been rung within the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any

from sqlalchemy import Connection

from bridge.hours.localtime import LISBON
from bridge.roster.learning_store import load_knowledge
from bridge.roster.lists_store import load_lists
from bridge.roster.people import Interpreter
from bridge.roster.people_store import load_people
from bridge.roster.policies import Policy
from bridge.roster.ranking import Knowledge, Ranked, Ranking, prospects, rank
from bridge.roster.requirements import ListEntry, Lists, Requirements
from bridge.roster.requirements_data import to_data
from bridge.roster.skills import REGISTER, LevelScale
from bridge.roster.standing import Standing
from bridge.roster.standing_store import load_standings
from bridge.roster.waves import chance_of_any


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """Telephones that would ring at once."""

    number: int
    """From 1."""
    after: float | None
    """Seconds after the first wave at which it joins, if nobody has pressed 1; `None`: when all
    of the one before has ended."""
    phones: tuple[Ranked, ...]
    chance: float
    """That at least one of them accepts promptly."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """The answer: everybody who speaks the language is in one wave or skipped."""

    policy: str
    load: float
    """Time in calls asked for, for each hour of windows promised (rates.py)."""
    ranking: Ranking
    waves: tuple[PlannedWave, ...]

    @property
    def chance(self) -> float:
        """That anybody at all would accept promptly."""
        return chance_of_any([wave.chance for wave in self.waves])


def plan(ranking: Ranking, policy: Policy) -> tuple[PlannedWave, ...]:
    """The waves in which a policy would ring the candidates, until nobody is left. Pure."""
    left = list(ranking.candidates)
    planned: list[PlannedWave] = []
    after: float | None = 0.0
    while left:
        wave = policy.wave(prospects(left))
        planned.append(
            PlannedWave(
                number=len(planned) + 1,
                after=after,
                phones=tuple(one for one in left if one.interpreter in wave.phones),
                chance=wave.chance,
            )
        )
        left = [one for one in left if one.interpreter not in wave.phones]
        pause = policy.overlap_after
        after = None if after is None or pause is None else after + pause
    return tuple(planned)


def foresee(standing: Standing, at: datetime, now: datetime) -> Standing:
    """A standing of now as it is to be taken at another moment. Pure."""
    if at == now:
        return standing
    same_day = standing.day_ends is not None and now < at < standing.day_ends
    return replace(
        standing,
        reserved=False,
        wrap_up_until=None,
        unreached_until=None,
        recent_offers=(),
        consecutive_minutes=0.0,
        minutes_today=standing.minutes_today if same_day else 0.0,
    )


def dry_run(
    roster: Iterable[tuple[Interpreter, Standing]],
    requirements: Requirements,
    policy: Policy,
    at: datetime,
    *,
    now: datetime,
    knowledge: Knowledge,
    lists: Sequence[ListEntry] = (),
) -> DryRun:
    """Rank the roster at a moment and plan the waves. Pure."""
    policy = policy.at_load(knowledge.load)
    ranking = rank(
        [(person, foresee(standing, at, now)) for person, standing in roster],
        requirements,
        policy,
        at,
        knowledge=knowledge,
        lists=Lists.of(lists, requirements.agency, at),
    )
    return DryRun(policy.name, knowledge.load, ranking, plan(ranking, policy))


def read_dry_run(
    conn: Connection,
    requirements: Requirements,
    policy: Policy,
    at: datetime,
    now: datetime,
    *,
    levels: LevelScale = REGISTER,
) -> DryRun:
    """The dry run on what the database holds; a unit of work that only reads."""
    people = load_people(conn, scale=levels)
    standings = load_standings(conn, now, people)
    return dry_run(
        [(person, standings.get(person.id, Standing())) for person in people],
        requirements,
        policy,
        at,
        now=now,
        knowledge=load_knowledge(conn, now, people, standings),
        lists=load_lists(conn),
    )


def as_data(found: DryRun, scale: LevelScale = REGISTER) -> dict[str, Any]:
    """The answer as JSON-serialisable data; moments are ISO 8601, infinities are null."""
    return {
        "at": found.ranking.at.astimezone(LISBON).isoformat(),
        "asked": _asked(found.ranking.requirements, scale),
        "policy": found.policy,
        "load": round(found.load, 4),
        "chance": round(found.chance, 4),
        "waves": [
            {
                "wave": wave.number,
                "after_s": wave.after,
                "chance": round(wave.chance, 4),
                "phones": [_phone(one, scale) for one in wave.phones],
            }
            for wave in found.waves
        ],
        "skipped": [
            {
                "interpreter": int(one.interpreter),
                "reason": one.reason.label,
                "numbers": {name: _number(value) for name, value in one.numbers},
            }
            for one in found.ranking.skipped
        ],
    }


def _asked(requirements: Requirements, scale: LevelScale) -> Mapping[str, Any]:
    data = to_data(requirements)
    if requirements.level is not None:
        data["level"] = {**data["level"], "value": scale.name_of(requirements.level.value)}
    return data


def _phone(one: Ranked, scale: LevelScale) -> dict[str, Any]:
    facts = one.facts
    return {
        "interpreter": int(one.interpreter),
        "level": scale.shown(facts.level),
        "chance": round(facts.chance, 4),
        "group": one.group,
        "score": _number(one.score),
        "scarcity": round(facts.scarcity, 6),
        "share": round(facts.share, 4),
        "below_level": bool(facts.below),
        "wishes_missed": facts.unmet,
        "preferred": bool(facts.preferred),
        "same_again": bool(facts.same_again),
    }


def _number(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if isfinite(value) else None
    return value
