# SPDX-License-Identifier: EUPL-1.2
"""One answer of columns.py: the first candidates at once, the rest and the reasons when asked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from bridge.roster.eligibility import Skip, Skipped, explain
from bridge.roster.people import Interpreter, Opening
from bridge.roster.policies import Facts, tier
from bridge.roster.ranking import Ranked, Ranking
from bridge.roster.requirements import Requirements
from bridge.roster.standing import Standing
from bridge.roster.waves import Prospect
from bridge.vocabulary import InterpreterId

Array = np.ndarray[Any, np.dtype[Any]]
_FREE = 127
_FEW = 500
"""So few candidates are sorted outright."""


@dataclass(slots=True)
class ColumnRanking:
    """Everybody who speaks a language: candidates with their numbers, the others with a reason."""

    requirements: Requirements
    at: datetime
    facts: Facts
    """Columns, one entry for each who speaks the language, in the order of ids; or one number for
    all. What was put into the roster since may show in them."""
    reasons: Array
    """Beside them: the number of the reason, or 127."""
    rows: Array
    """Where the candidates stand in these."""
    groups: Array
    """Beside `rows`."""
    scores: Array
    """Beside `rows`."""
    about: Callable[[InterpreterId], tuple[Interpreter, Standing, Opening]]

    def __len__(self) -> int:
        """How many candidates there are."""
        return len(self.rows)

    @property
    def speakers(self) -> Array:
        """The ids of all who speak the language, in order."""
        ids: Array = self.facts.interpreter
        return ids

    def may_ring(self, who: InterpreterId, despite: Set[Skip] = frozenset()) -> bool:
        """Whether somebody speaks the language, is promised to nobody, and has no reason against
        being rung but these.

        As of the moment of the ranking, if nothing was put into the roster since.
        """
        for row in np.flatnonzero(self.speakers == who):
            _, standing, _ = self.about(who)
            reason = int(self.reasons[row])
            return not standing.reserved and (reason == _FREE or Skip(reason) in despite)
        return False

    def head(self, most: int) -> tuple[Ranked, ...]:
        """The first `most` candidates, first to be rung first."""
        order = self._order(most)
        rows = self.rows[order]
        columns = [_values(column, rows) for column in self.facts]
        groups, scores = self.groups[order].tolist(), self.scores[order].tolist()
        return tuple(
            Ranked(Facts(*numbers), place, score)
            for place, score, *numbers in zip(groups, scores, *columns, strict=True)
        )

    def prospects(self, most: int) -> list[Prospect]:
        """The first `most` candidates as a policy's waves see them.

        The same as `ranking.prospects` of `head`, without the numbers that no wave looks at.
        """
        order, facts = self._order(most), self.facts
        rows = self.rows[order]
        return list(
            map(
                Prospect,
                facts.interpreter[rows].tolist(),
                facts.chance[rows].tolist(),
                map(tier, self.groups[order].tolist()),
                self.scores[order].tolist(),
            )
        )

    def counts(self) -> dict[Skip, int]:
        """How many are passed over for each reason."""
        counted = np.bincount(self.reasons[self.reasons != _FREE], minlength=1)
        return {Skip(reason): int(count) for reason, count in enumerate(counted) if count}

    def skipped(self) -> tuple[Skipped, ...]:
        """Everybody passed over, by id, with the reason and its numbers.

        As of the moment of the ranking, if nothing was put into the roster since.
        """
        found = []
        for row in np.flatnonzero(self.reasons != _FREE):
            person, standing, opened = self.about(InterpreterId(int(self.speakers[row])))
            reason = Skip(int(self.reasons[row]))
            found.append(explain(reason, person, standing, opened, self.requirements, self.at))
        return tuple(found)

    def whole(self) -> Ranking:
        """All of it, as the plain ranking gives it."""
        return Ranking(self.requirements, self.at, self.head(len(self)), self.skipped())

    def trace(self) -> dict[str, int | str]:
        """The decision as an event's data: everybody who speaks the language, and why or why not.

        `trace` is JSON: under `ranked`, in order, [interpreter, group, score] of each candidate
        (no score for somebody idle for ever); under `skipped`, by interpreter, the reason and its
        numbers.
        """
        order = self._order(len(self))
        columns = (self.speakers[self.rows], self.groups, self.scores)
        ranked = [
            [who, place, round(score, 4) if math.isfinite(score) else None]
            for who, place, score in zip(*(one[order].tolist() for one in columns), strict=True)
        ]
        skipped = {
            str(int(one.interpreter)): [one.reason.label, *map(list, one.numbers)]
            for one in self.skipped()
        }
        return {
            "candidates": len(ranked),
            "skipped": len(skipped),
            "trace": json.dumps({"ranked": ranked, "skipped": skipped}, separators=(",", ":")),
        }

    def _order(self, most: int) -> Array:
        """The first candidates, in order, as entries of `rows`."""
        groups, scores, count = self.groups, self.scores, len(self)
        # The sort is stable and rows are in the order of ids, so equals fall to the lower id.
        if most < count and count > _FEW:
            # Two partitions instead of a sort: find the last group that is needed, then within it
            # the last score. Rows that tie with the last stay in and fall out after the sort.
            last = np.partition(groups, most - 1)[most - 1] if most else groups[0]
            inside = np.flatnonzero(groups == last)
            before = np.flatnonzero(groups < last)
            needed = most - len(before)
            if 0 < needed < len(inside):
                some = scores[inside]
                inside = inside[some <= np.partition(some, needed - 1)[needed - 1]]
            rows = np.sort(np.concatenate([before, inside]))
            return rows[np.lexsort((scores[rows], groups[rows]))[:most]]
        return np.lexsort((scores, groups))[:most]


def _values(column: Any, rows: Array) -> list[Any]:
    """Some entries of a column as plain numbers; one number for all is repeated."""
    if isinstance(column, np.ndarray):
        found: list[Any] = column[rows].tolist()
        return found
    return [column] * len(rows)
