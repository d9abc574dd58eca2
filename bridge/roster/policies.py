# SPDX-License-Identifier: EUPL-1.2
"""Whom to ring first, and how many at once: interchangeable policies. Pure.

Every policy ranks in groups first, because these are promises to people and not matters of taste:
what the caller asked for comes first (the same interpreter again, then the level asked for, then
the gender and the subject), then the higher level, then the agency's preferred. Within a group the
policies differ by one number, the score; the lowest is rung first, and equal scores fall to the
lower id.

A policy computes with nothing but plain arithmetic, so the same code ranks one person's numbers
and whole columns of them: what is tested on the one holds for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

from bridge.roster.waves import (
    BUSY_TARGET,
    MARGIN,
    OVERLAP_AFTER,
    TARGET,
    WIDEST,
    Prospect,
    Wave,
    chance_of_any,
    fewest,
    one,
    target_at,
    together,
)

Column = Any
"""A number, or an array with one number for each candidate."""
LOWEST_LEVEL = 63
"""Levels beyond this are not told apart."""
LEVEL = 2
"""What each level further down adds to a group; being on no preferred list adds 1."""
UNMET = LEVEL * (LOWEST_LEVEL + 1)
"""What each wish adds that is not met."""
BELOW = 4 * UNMET
"""What a level below the one asked for adds."""
SAME_AGAIN = 2 * BELOW
"""What being somebody else adds than the interpreter asked for again."""
_A_MOMENT = 0.001
"""Seconds too few to wait for: no clock need tell them apart."""


class Facts(NamedTuple):
    """What a policy sees of a candidate; each field may be a column."""

    interpreter: Column
    level: Column
    """0 is the highest."""
    below: Column
    """1 when their level is below the one asked for, else 0."""
    unmet: Column
    """How many wishes (gender, subject) they do not meet: 0 to 2."""
    same_again: Column
    """1 for the interpreter asked for again, else 0."""
    preferred: Column
    """1 on a preferred list, else 0."""
    scarcity: Column
    """Calls expected to be lost in their other languages while they take this one."""
    share: Column
    """Of the work, for what they promised; 1 is even."""
    chance: Column
    """That they accept promptly, between 0 and 1."""
    last_call_ended: Column
    """Seconds since the epoch; minus infinity for never."""
    idle_since: Column
    """Since when they could have been rung; minus infinity for ever."""
    last_rung: Column = 0
    """The id of the one rung last for this language; 0 for nobody."""


def group(facts: Facts) -> Column:
    """Which group a candidate is ranked in; the lowest is rung first. A whole number.

    It is a sum, so that what does not change from one request to the next may be kept
    (column_arrays.py).
    """
    return (
        (1 - facts.same_again) * SAME_AGAIN
        + facts.below * BELOW
        + facts.unmet * UNMET
        + facts.level * LEVEL
        + (1 - facts.preferred)
    )


def tier(number: int) -> int:
    """What a group has of what was asked for, by the caller and by the agency; the lowest has most.

    It is the group without the level that nobody asked for: that one ranks, and holds nobody up.
    """
    return number // UNMET * 2 + number % LEVEL


class Policy(Protocol):
    """How one installation rings."""

    @property
    def name(self) -> str:
        """As it is called in settings and reports."""

    def score(self, facts: Facts) -> Column:
        """The number that ranks within a group; the lowest is rung first."""

    def wave(self, ranked: Sequence[Prospect]) -> Wave:
        """Which of these, the first ranked first, ring at once now. Empty only for nobody."""

    def awaits(self, ringing: Sequence[Prospect], newcomer: Prospect) -> bool:
        """Whether these, who have just begun to ring, ring for a while before somebody joins them
        who has become free since. There is one of them at least.
        """

    def at_load(self, load: float) -> Policy:
        """The same policy as it rings at a load of the service (`rates.Rates.load`)."""

    @property
    def overlap_after(self) -> float | None:
        """Seconds after which the next wave joins one still ringing; `None`: it awaits its end."""


@dataclass(frozen=True, slots=True)
class Default:
    """Scarcity, fairness and the chance of an answer, weighed against each other.

    The score is in calls. Scarcity is one already: calls expected to be lost elsewhere. The other
    weights say how many lost calls something is worth: `fairness`, to ring somebody whose share
    of the work is even rather than somebody whose share is twice that; `answer`, to ring somebody
    who surely accepts promptly rather than somebody who surely does not. The chance of an answer
    counts for little here, because the size of a wave answers for it already.

    A wave reaches `target`, and less in a service that is busy (`waves.target_at`); `load` says how
    busy it is.
    """

    fairness: float = 0.1
    answer: float = 0.01
    target: float = TARGET
    busy_target: float = BUSY_TARGET
    load: float = 0.0
    margin: float = MARGIN
    overlap_after: float | None = OVERLAP_AFTER
    name: str = "default"

    def score(self, facts: Facts) -> Column:
        """See `Policy.score`."""
        return facts.scarcity + self.fairness * facts.share + self.answer * (1.0 - facts.chance)

    def wave(self, ranked: Sequence[Prospect]) -> Wave:
        """The fewest phones that reach the target, of those that cost about the same."""
        return fewest(ranked, self._target_now, margin=self.margin)

    def awaits(self, ringing: Sequence[Prospect], newcomer: Prospect) -> bool:
        """Unless the newcomer would have been one of their wave, had they been free before."""
        lowest = min(other.tier for other in ringing)
        if newcomer.tier != lowest:
            return newcomer.tier > lowest
        return (
            newcomer.score > min(other.score for other in ringing) + self.margin
            or chance_of_any([other.chance for other in ringing]) >= self._target_now
            or len(ringing) >= WIDEST
        )

    def at_load(self, load: float) -> Self:
        """See `Policy.at_load`."""
        return replace(self, load=load)

    @property
    def _target_now(self) -> float:
        return target_at(self.load, self.target, self.busy_target)


@dataclass(frozen=True, slots=True)
class OneAtATime:
    """How the policies ring that ring one telephone after the other."""

    overlap_after: float | None = None

    def wave(self, ranked: Sequence[Prospect]) -> Wave:
        """The first alone."""
        return one(ranked)

    def awaits(self, ringing: Sequence[Prospect], newcomer: Prospect) -> bool:
        """One at a time, also in this."""
        return True

    def at_load(self, load: float) -> Self:
        """Itself: one telephone is no more at any load."""
        return self


@dataclass(frozen=True, slots=True)
class LongestIdle(OneAtATime):
    """One at a time, who has been idle longest; being away is not being idle."""

    name: str = "longest_idle"

    def score(self, facts: Facts) -> Column:
        """Since when they are idle."""
        return facts.idle_since


@dataclass(frozen=True, slots=True)
class LeastRecent(OneAtATime):
    """One at a time, whose last call ended longest ago, whatever its language.

    The order of app_queue's `leastrecent` with `shared_lastcall`, in the product's way of ringing.
    """

    name: str = "leastrecent"

    def score(self, facts: Facts) -> Column:
        """When their last call ended."""
        return facts.last_call_ended


@dataclass(frozen=True, slots=True)
class RoundRobin(OneAtATime):
    """One at a time, in the order of ids, going on after the one rung last for the language."""

    name: str = "round_robin"

    def score(self, facts: Facts) -> Column:
        """How far behind the one rung last."""
        return (facts.interpreter - facts.last_rung - 1) % (1 << 40) + 0.0


@dataclass(frozen=True, slots=True)
class RingAll:
    """Everybody at once; the first to accept has it."""

    overlap_after: float | None = None
    name: str = "ring_all"

    def score(self, facts: Facts) -> Column:
        """Since when they are idle; it only matters where phones are few."""
        return facts.idle_since

    def wave(self, ranked: Sequence[Prospect]) -> Wave:
        """All who may ring together."""
        some = together(ranked)
        chance = chance_of_any([other.chance for other in some])
        return Wave(tuple(other.interpreter for other in some), chance)

    def awaits(self, ringing: Sequence[Prospect], newcomer: Prospect) -> bool:
        """Only those of a tier before theirs."""
        return newcomer.tier > min(other.tier for other in ringing)

    def at_load(self, load: float) -> Self:
        """Itself: everybody is everybody at any load."""
        return self


POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (Default(), LeastRecent(), LongestIdle(), RoundRobin(), RingAll())
}
"""Every policy by its name."""


def head_start(
    policy: Policy, ringing: Iterable[tuple[Prospect, float]], newcomer: Prospect
) -> float:
    """Seconds that somebody who has just become free lets those have who ring already for a call.

    `ringing` are they, each with the seconds since their phone began to ring. Whoever has rung for
    so long that they are hardly at their phone (`Policy.overlap_after`) is not waited for.
    """
    lasts = policy.overlap_after or OVERLAP_AFTER
    recent = sorted(
        ((other, seconds) for other, seconds in ringing if lasts - seconds >= _A_MOMENT),
        key=lambda one: -one[1],
    )
    wait = 0.0
    while recent and policy.awaits([other for other, _ in recent], newcomer):
        wait = lasts - recent.pop(0)[1]
    return wait


def policy_named(name: str, fairness: float | None = None) -> Policy:
    """The policy of this name. Raises `KeyError` for no such policy.

    `fairness` is that weight of `default`, where an installation sets its own (see `Default`).
    """
    policy = POLICIES[name]
    if fairness is None or not isinstance(policy, Default):
        return policy
    return replace(policy, fairness=fairness)
