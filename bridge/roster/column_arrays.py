# SPDX-License-Identifier: EUPL-1.2
"""The arrays behind columns.py: for each language a table of its speakers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, fields
from typing import NamedTuple, Self

import numpy as np

from bridge.roster.answering import UNKNOWN
from bridge.roster.column_prices import NO_PLACE, Array
from bridge.roster.eligibility import Skip
from bridge.roster.people import Interpreter
from bridge.roster.policies import BELOW, LEVEL, LOWEST_LEVEL, SAME_AGAIN, UNMET
from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import InterpreterId

FREE = 127
"""In a column of reasons: none."""
_GENDERS = {gender: code for code, gender in enumerate(Gender, start=1)}
_SUBJECTS = {subject: 1 << bit for bit, subject in enumerate(Subject)}


class Lacking(NamedTuple):
    """Which speakers of a language do not have something that may be asked for."""

    counts: Array
    """1 for those who lack it, 0 for the others."""
    groups: Array
    """By how much that raises their group."""
    reasons: Array
    """Why they are passed over where it is required; `FREE` for the others."""


class Joining(NamedTuple):
    """Somebody who is to be entered among the speakers of a language."""

    id: InterpreterId
    level: Level
    others: Sequence[int]
    """The places of their other languages, in the order of tags (column_prices.py)."""


@dataclass(slots=True)
class Speakers:
    """The speakers of one language, in the order of their ids: one entry each in every column.

    Somebody of several languages stands in the table of each, so that a request reads its own
    table from end to end and gathers nothing.
    """

    ids: Array
    levels: Array
    others: Array
    """A row for the first, second, third… of everybody's other languages: its place."""
    own: Array
    """The first reason of their own that holds, or `FREE`."""
    genders: Array
    subjects: Array
    shares: Array
    """`fairness.share`."""
    bases: Array
    slopes: Array
    """`Answering.line`, in the present hour."""
    ended: Array
    """When their last call did; seconds."""
    idle: Array
    """`ranking.idle_since`."""
    groups: Array = field(init=False)
    """Of requests that ask for nothing but the language (`policies.group`)."""
    rows_of_others: list[Array] = field(init=False)
    """`others`, row by row."""
    row_of: dict[int, int] = field(init=False)
    """Where somebody stands, by id."""
    _lacking: dict[Level | Gender | Subject, Lacking] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = (self.levels * LEVEL + (SAME_AGAIN + 1)).astype(np.int16)
        self.rows_of_others = list(self.others)
        self.row_of = {who: row for row, who in enumerate(self.ids.tolist())}
        self._lacking = {}

    @classmethod
    def of(cls, people: Sequence[Joining]) -> Self:
        """These, of whom nothing else is written yet; nobody of them is free."""
        people, count = sorted(people), len(people)
        most = max((len(one.others) for one in people), default=0)
        others = [[*one.others, *[NO_PLACE] * (most - len(one.others))] for one in people]
        return cls(
            ids=np.fromiter((one.id for one in people), np.int64, count),
            levels=np.fromiter((min(one.level, LOWEST_LEVEL) for one in people), np.int64, count),
            others=np.ascontiguousarray(np.array(others, np.intp).reshape(count, most).T),
            own=np.zeros(count, np.int8),
            genders=np.zeros(count, np.int8),
            subjects=np.zeros(count, np.int32),
            shares=np.ones(count),
            bases=np.full(count, UNKNOWN[0]),
            slopes=np.full(count, UNKNOWN[1]),
            ended=np.zeros(count),
            idle=np.zeros(count),
        )

    def joined(self, people: Sequence[Joining]) -> Speakers:
        """With these besides, who were not among them."""
        more = Speakers.of(people)
        rows = max(len(self.others), len(more.others))
        mine, theirs = _columns(self, rows), _columns(more, rows)
        order = np.argsort(np.concatenate([self.ids, more.ids]))
        return Speakers(
            *(
                np.ascontiguousarray(np.concatenate(both, axis=-1)[..., order])
                for both in zip(mine, theirs, strict=True)
            )
        )

    def left(self, who: InterpreterId) -> Speakers:
        """Without somebody."""
        stay = self.ids != who
        return Speakers(
            *(np.ascontiguousarray(one[..., stay]) for one in _columns(self, len(self.others)))
        )

    # --- what is written of somebody -----------------------------------------------------------

    def describe(self, interpreter: Interpreter) -> None:
        """What lasts about a speaker, except their languages."""
        row, gender = self.row_of[interpreter.id], interpreter.gender
        self.genders[row] = 0 if gender is None else _GENDERS[gender]
        self.subjects[row] = sum(_SUBJECTS[one] for one in interpreter.subjects)
        self._lacking.clear()

    def weigh(self, who: InterpreterId, share: float, ended: float, idle: float) -> None:
        """The numbers of a speaker's standing."""
        row = self.row_of[who]
        self.shares[row], self.ended[row], self.idle[row] = share, ended, idle

    def expect(self, who: InterpreterId, line: tuple[float, float]) -> None:
        """How a speaker answers (`Answering.line`)."""
        row = self.row_of[who]
        self.bases[row], self.slopes[row] = line

    # --- what is asked of them -----------------------------------------------------------------

    def rows(self, some: Iterable[InterpreterId]) -> list[int]:
        """Where these people stand, those of them who are speakers."""
        row_of = self.row_of
        return [row_of[who] for who in some if who in row_of]

    def among(self, some: Set[InterpreterId]) -> Array | None:
        """1 for these people, 0 for the others; `None` when none of them is a speaker."""
        marked = self.rows(some) if some else ()
        if not marked:
            return None
        flags = np.zeros(len(self.ids), np.int16)
        for row in marked:
            flags[row] = 1
        return flags

    def lacking(self, wanted: Level | Gender | Subject) -> Lacking:
        """Which of them lack a level, a gender or a subject; kept until one of them changes."""
        found = self._lacking.get(wanted)
        if found is None:
            if isinstance(wanted, Gender):
                lack = self.genders != _GENDERS[wanted]
                weight, reason = UNMET, Skip.GENDER
            elif isinstance(wanted, Subject):
                lack = self.subjects & _SUBJECTS[wanted] == 0
                weight, reason = UNMET, Skip.SUBJECT
            else:
                lack = self.levels > wanted
                weight, reason = BELOW, Skip.LEVEL
            found = self._lacking[wanted] = Lacking(
                lack.astype(np.int16),
                lack * np.int16(weight),
                np.where(lack, np.int8(reason), np.int8(FREE)),
            )
        return found

    def foresee(self) -> None:
        """Find out what may be asked, so that no caller waits for what can be known before."""
        for wanted in (*map(Level, set(self.levels.tolist())), *Gender, *Subject):
            self.lacking(wanted)


NOBODY = Speakers.of(())
"""Of a language that nobody on the roster speaks."""


def _columns(some: Speakers, rows: int) -> list[Array]:
    """The columns that a table is made of, with so many rows of other languages."""
    found: list[Array] = [getattr(some, one.name) for one in fields(some) if one.init]
    missing = rows - len(some.others)
    if missing:
        blank = np.full((missing, len(some.ids)), NO_PLACE, np.intp)
        place = next(at for at, one in enumerate(found) if one is some.others)
        found[place] = np.concatenate([some.others, blank])
    return found
