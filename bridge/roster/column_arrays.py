# SPDX-License-Identifier: EUPL-1.2
"""The arrays behind columns.py: one slot for each person, one block for each language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bridge.roster.answering import UNKNOWN
from bridge.roster.eligibility import Skip
from bridge.roster.fairness import share
from bridge.roster.people import Interpreter, Opening
from bridge.roster.policies import BELOW, LEVEL, LOWEST_LEVEL, SAME_AGAIN, UNMET
from bridge.roster.ranking import idle_since, seconds
from bridge.roster.scarcity import prices_up_to
from bridge.roster.skills import Gender, Level, Subject
from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId, LanguageTag

Array = np.ndarray[Any, np.dtype[Any]]

FREE = 127
"""In the column of reasons: none."""
GENDERS = {gender: code for code, gender in enumerate(Gender, start=1)}
SUBJECTS = {subject: 1 << bit for bit, subject in enumerate(Subject)}


class Lacking(NamedTuple):
    """Which speakers of a language do not have something that may be asked for."""

    counts: Array
    """1 for those who lack it, 0 for the others."""
    groups: Array
    """By how much that raises their group."""
    reasons: Array
    """Why they are passed over where it is required; `FREE` for the others."""


@dataclass(frozen=True, slots=True)
class Block:
    """The speakers of one language, in the order of their ids."""

    slots: Array = field(default_factory=lambda: np.empty(0, np.int64))
    ids: Array = field(default_factory=lambda: np.empty(0, np.int64))
    levels: Array = field(default_factory=lambda: np.empty(0, np.int64))
    groups: Array = field(default_factory=lambda: np.empty(0, np.int16))
    """Of requests that ask for nothing but the language (`policies.group`)."""
    row_of: Mapping[int, int] = field(default_factory=dict)
    """Where somebody stands in these, by id."""
    lacking: dict[Level | Gender | Subject, Lacking] = field(default_factory=dict)
    """What was asked for once, until a speaker changes (`ColumnStore.lacking`)."""

    @classmethod
    def of(cls, slots: Array, ids: Array, levels: Array) -> Block:
        """These speakers, in order."""
        groups = (levels * LEVEL + (SAME_AGAIN + 1)).astype(np.int16)
        return cls(slots, ids, levels, groups, {who: row for row, who in enumerate(ids.tolist())})

    def joined(self, slots: Iterable[int], ids: Sequence[int], levels: Iterable[int]) -> Block:
        """With these speakers besides."""
        all_ids = np.concatenate([self.ids, np.fromiter(ids, np.int64)])
        order = np.argsort(all_ids, kind="stable")
        return Block.of(
            np.concatenate([self.slots, np.fromiter(slots, np.int64)])[order],
            all_ids[order],
            np.concatenate([self.levels, np.fromiter(levels, np.int64)])[order],
        )

    def left(self, slot: int) -> Block:
        """Without the speaker of this slot."""
        stay = self.slots != slot
        return Block.of(self.slots[stay], self.ids[stay], self.levels[stay])

    def rows(self, some: Set[InterpreterId]) -> list[int]:
        """Where these people stand in the block, those of them who are in it."""
        row_of = self.row_of
        return [row_of[who] for who in some if who in row_of]


class ColumnStore:
    """Numbers of everybody. Slots of people who left are not used again before a new load."""

    def __init__(self, pool_rate: float) -> None:
        self.size = 0
        self.places: dict[LanguageTag, int] = {}
        """Languages by the number they have in the columns below; 0 stands for none."""
        self.blocks: dict[LanguageTag, Block] = {}
        self.own = np.full(16, FREE, np.int8)
        """The first own reason that holds, or `FREE`."""
        self.gender = np.zeros(16, np.int8)
        self.subjects = np.zeros(16, np.int32)
        self.ended = np.zeros(16)
        self.idle = np.zeros(16)
        self.shares = np.ones(16)
        """`fairness.share` of everybody, at `pool_rate`."""
        self.pool_rate = pool_rate
        self.spoken = np.zeros((0, 16), np.int64)
        """A row for the first, second, third… language of everybody, in the order of tags."""
        self._places_of: dict[int, list[int]] = {}
        """The same for each slot."""
        self.chances = [np.full(16, number) for number in UNKNOWN]
        """`Answering.line` of everybody, in the present hour."""
        self.free_speakers: list[int] = [0]
        self._tables: list[list[float] | None] = [None]
        self._load: list[float] = [0.0]
        self._prices = np.zeros(1)
        self._stale: set[int] = set()

    # --- people --------------------------------------------------------------------------------

    def add(self, interpreter: Interpreter) -> int:
        """A slot for somebody new; `join` is still to be called."""
        slot = self.size
        self.size += 1
        if slot == len(self.own):
            self._grow()
        self.own[slot] = 0
        self.describe(slot, interpreter)
        return slot

    def describe(self, slot: int, interpreter: Interpreter) -> None:
        """Write what lasts about a person, except the blocks of their languages."""
        gender = interpreter.gender
        self.gender[slot] = 0 if gender is None else GENDERS[gender]
        self.subjects[slot] = sum(SUBJECTS[one] for one in interpreter.subjects)
        spoken = sorted(interpreter.skills)
        more = len(spoken) - len(self.spoken)
        if more > 0:
            rows = np.zeros((more, len(self.own)), np.int64)
            self.spoken = np.concatenate([self.spoken, rows])
        places = [self._place(tag) for tag in spoken]
        self.spoken[:, slot] = 0
        self.spoken[: len(spoken), slot] = places
        self._places_of[slot] = places
        for tag in spoken:
            if tag in self.blocks:
                self.blocks[tag].lacking.clear()

    def stand(self, slot: int, standing: Standing, opened: Opening) -> None:
        """Write the numbers of a standing, except the reason."""
        self.ended[slot] = seconds(standing.last_call_ended)
        self.idle[slot] = idle_since(standing, opened)
        self.shares[slot] = share(
            standing.minutes_offered, standing.minutes_promised, self.pool_rate
        )

    def join(self, people: Mapping[LanguageTag, list[tuple[int, int, int]]]) -> None:
        """Speakers of languages, as (slot, id, level)."""
        for tag, rows in people.items():
            slots, ids, levels = zip(*rows, strict=True)
            self.blocks[tag] = self.blocks.get(tag, Block()).joined(
                slots, ids, (min(level, LOWEST_LEVEL) for level in levels)
            )
            # No caller is to wait for what can be known before.
            for wanted in (*map(Level, set(levels)), *Gender, *Subject):
                self.lacking(self.blocks[tag], wanted)

    def leave(self, slot: int, interpreter: Interpreter) -> None:
        """Take somebody out of their languages."""
        for tag in interpreter.skills:
            self.blocks[tag] = self.blocks[tag].left(slot)

    def set_own(self, slot: int, reason: int) -> None:
        """Write an own reason, and count who is free for whom."""
        was, now = self.own.item(slot) == FREE, reason == FREE
        self.own[slot] = reason
        if was != now:
            places = self._places_of[slot]
            for place in places:
                self.free_speakers[place] += 1 if now else -1
            self._stale.update(places)

    def lacking(self, block: Block, wanted: Level | Gender | Subject) -> Lacking:
        """Which speakers of a block lack a level, a gender or a subject."""
        found = block.lacking.get(wanted)
        if found is None:
            if isinstance(wanted, Gender):
                lack = self.gender[block.slots] != GENDERS[wanted]
                weight, reason = UNMET, Skip.GENDER
            elif isinstance(wanted, Subject):
                lack = self.subjects[block.slots] & SUBJECTS[wanted] == 0
                weight, reason = UNMET, Skip.SUBJECT
            else:
                lack = block.levels > wanted
                weight, reason = BELOW, Skip.LEVEL
            found = block.lacking[wanted] = Lacking(
                lack.astype(np.int16),
                lack * np.int16(weight),
                np.where(lack, np.int8(reason), np.int8(FREE)),
            )
        return found

    # --- what is known -------------------------------------------------------------------------

    def set_load(self, offered: Mapping[LanguageTag, float]) -> None:
        """The load of each language became known anew."""
        for tag, place in self.places.items():
            self._load[place] = offered.get(tag, 0.0)
            self._tables[place] = None
            self._stale.add(place)

    def prices(self, without: LanguageTag) -> Array:
        """The price of each language, nothing for one of them; not to be written to."""
        for place in self._stale:
            self._prices[place] = self._price(place)
        self._stale.clear()
        place = self.places.get(without, 0)
        if self._prices[place] == 0.0:
            return self._prices
        prices = self._prices.copy()
        prices[place] = 0.0
        return prices

    def read_chance(self, slot: int, line: tuple[float, float]) -> None:
        """Write how somebody answers (`Answering.line`)."""
        for column, number in zip(self.chances, line, strict=True):
            column[slot] = number

    def forget_chances(self) -> None:
        """Of nobody is anything known."""
        for column, number in zip(self.chances, UNKNOWN, strict=True):
            column.fill(number)

    # --- inside --------------------------------------------------------------------------------

    def _place(self, tag: LanguageTag) -> int:
        place = self.places.get(tag)
        if place is None:
            place = self.places[tag] = len(self.free_speakers)
            self.free_speakers.append(0)
            self._tables.append(None)
            self._load.append(0.0)
            self._prices = np.append(self._prices, 0.0)
        return place

    def _price(self, place: int) -> float:
        free, table = self.free_speakers[place], self._tables[place]
        if table is None or len(table) <= free:
            table = self._tables[place] = prices_up_to(2 * free + 8, self._load[place])
        return table[free]

    def _grow(self) -> None:
        more = len(self.own)
        self.own = np.concatenate([self.own, np.full(more, FREE, np.int8)])
        for name in ("gender", "subjects", "ended", "idle", "shares"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros(more, column.dtype)]))
        rows = np.zeros((len(self.spoken), more), np.int64)
        self.spoken = np.concatenate([self.spoken, rows], axis=1)
        self.chances = [
            np.concatenate([column, np.full(more, number)])
            for column, number in zip(self.chances, UNKNOWN, strict=True)
        ]
