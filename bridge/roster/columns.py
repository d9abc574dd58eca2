# SPDX-License-Identifier: EUPL-1.2
"""The roster in columns, by language: the answer of ranking.py, fast enough for 100,000 people.

Each person has a slot in arrays of numbers; each language lists the slots of its speakers. What
depends on the person and the moment alone (their own reason, see eligibility.py) is kept, and
looked at again only when the person changes or when the moment comes until which it surely holds:
a queue of such moments says when. What depends on the request is computed for the speakers of its
language only, column by column.

`load` and `put` bring in people, `advance` brings in time, `rank` asks. Not for several threads.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from bridge.roster.column_arrays import FREE, GENDERS, SUBJECTS, Array, Block, ColumnStore
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.eligibility import Skip, own_reason, own_reason_holds_until
from bridge.roster.fairness import share
from bridge.roster.people import Interpreter, Opening, opening
from bridge.roster.policies import Facts, Policy, group
from bridge.roster.ranking import Knowledge
from bridge.roster.requirements import NO_LISTS, Lists, Requirements
from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId, LanguageTag

_QUEUE_SLACK = 8
"""How many queued moments a person may have on average before the outdated ones are dropped."""


@dataclass(slots=True)
class _Person:
    """What is kept of a person beside the columns."""

    interpreter: Interpreter
    standing: Standing
    opening: Opening
    version: int = 0
    """Grows with each look; queued moments of an older one mean nothing."""
    holds_until: datetime | None = None


class RosterColumns:
    """Everybody on the roster, ready to be ranked."""

    def __init__(self, at: datetime, knowledge: Knowledge) -> None:
        """An empty roster at this moment."""
        self._at = at
        self._knowledge = knowledge
        self._hour = at.astimezone(knowledge.zone).hour
        self._store = ColumnStore()
        self._slot_of: dict[InterpreterId, int] = {}
        self._people: dict[int, _Person] = {}
        self._due: list[tuple[datetime, int, int]] = []

    # --- people --------------------------------------------------------------------------------

    def load(self, people: Iterable[tuple[Interpreter, Standing]]) -> None:
        """Bring in many people at once; much faster than one by one for a whole roster."""
        joining: dict[LanguageTag, list[tuple[int, int, int]]] = {}
        fresh: dict[InterpreterId, tuple[Interpreter, Standing]] = {}
        for interpreter, standing in people:
            fresh[interpreter.id] = (interpreter, standing)
        for interpreter, standing in fresh.values():
            if interpreter.id in self._slot_of:
                self.remove(interpreter.id)
            slot = self._store.add(interpreter)
            self._slot_of[interpreter.id] = slot
            for tag, level in interpreter.skills.items():
                joining.setdefault(tag, []).append((slot, interpreter.id, level))
            opened = opening(interpreter.schedule, self._at)
            self._people[slot] = _Person(interpreter, standing, opened)
            self._look(slot, self._people[slot])
            self._read_chance(interpreter.id)
        self._store.join(joining)
        self._store.set_load(self._knowledge.offered)

    def put(self, interpreter: Interpreter, standing: Standing) -> None:
        """Somebody is new, or changed in whatever way."""
        slot = self._slot_of.get(interpreter.id)
        person = None if slot is None else self._people[slot]
        if slot is None or person is None or person.interpreter.skills != interpreter.skills:
            self.load([(interpreter, standing)])
            return
        if person.interpreter.schedule is not interpreter.schedule:
            person.opening = opening(interpreter.schedule, self._at)
        person.interpreter, person.standing = interpreter, standing
        self._store.describe(slot, interpreter)
        self._look(slot, person)

    def stand(self, who: InterpreterId, standing: Standing) -> None:
        """The standing of somebody known changed, nothing else. Raises `KeyError` for nobody."""
        slot = self._slot_of[who]
        person = self._people[slot]
        person.standing = standing
        self._look(slot, person)

    def remove(self, who: InterpreterId) -> None:
        """Somebody left the roster. Raises `KeyError` for nobody."""
        slot = self._slot_of.pop(who)
        self._store.set_own(slot, 0)
        self._store.leave(slot, self._people.pop(slot).interpreter)

    def standing(self, who: InterpreterId) -> Standing:
        """What was last said of somebody. Raises `KeyError` for nobody."""
        return self._people[self._slot_of[who]].standing

    def interpreter(self, who: InterpreterId) -> Interpreter:
        """The profile of somebody. Raises `KeyError` for nobody."""
        return self._people[self._slot_of[who]].interpreter

    def is_free(self, who: InterpreterId) -> bool:
        """Whether nothing of their own speaks against ringing somebody. `KeyError` for nobody."""
        return bool(self._store.own[self._slot_of[who]] == FREE)

    def kept_by(self, reason: Skip) -> tuple[InterpreterId, ...]:
        """Everybody whom this reason of their own keeps from being rung, and none before it."""
        slots = np.flatnonzero(self._store.own[: self._store.size] == int(reason))
        found = (self._people.get(int(slot)) for slot in slots)
        return tuple(one.interpreter.id for one in found if one is not None)

    @property
    def people(self) -> tuple[InterpreterId, ...]:
        """Everybody on the roster."""
        return tuple(self._slot_of)

    @property
    def languages(self) -> tuple[LanguageTag, ...]:
        """The languages and pairs that anybody ever had, in the order of their tags."""
        return tuple(sorted(self._store.blocks))

    def __len__(self) -> int:
        return len(self._slot_of)

    # --- what is known -------------------------------------------------------------------------

    def learn(self, knowledge: Knowledge) -> None:
        """Rates, shares or answering became known anew: take all of it over."""
        self._knowledge = knowledge
        self._hour = self._at.astimezone(knowledge.zone).hour
        self._store.set_load(knowledge.offered)
        self._read_answering()
        for slot, person in self._people.items():
            if person.standing.booked:
                # How long a call lasts says how long before a booked one nobody rings.
                self._look(slot, person)

    def accepted(self, who: InterpreterId, seconds: float) -> None:
        """They pressed 1 after so many seconds; counted in `knowledge.answering`."""
        self._knowledge.answering.accepted(who, self._hour, seconds)
        self._read_chance(who)

    def not_accepted(self, who: InterpreterId, seconds: float) -> None:
        """They refused after so many seconds, or nobody did; counted in `knowledge.answering`."""
        self._knowledge.answering.declined(who, self._hour, seconds)
        self._read_chance(who)

    def stopped(self, who: InterpreterId, seconds: float) -> None:
        """We stopped their phone after so many seconds; counted in `knowledge.answering`."""
        self._knowledge.answering.stopped(who, self._hour, seconds)
        self._read_chance(who)

    # --- time ----------------------------------------------------------------------------------

    def advance(self, at: datetime) -> list[InterpreterId]:
        """Time has passed; says who became free by it. A moment already past changes nothing."""
        if at <= self._at:
            return []
        self._at = at
        hour = at.astimezone(self._knowledge.zone).hour
        if hour != self._hour:
            self._hour = hour
            self._read_answering()
        freed = []
        while self._due and self._due[0][0] <= at:
            _, slot, version = heapq.heappop(self._due)
            person = self._people.get(slot)
            if person is None or person.version != version:
                continue
            person.holds_until = None
            if person.opening.until <= at:
                person.opening = opening(person.interpreter.schedule, at)
            was_free = self._store.own[slot] == FREE
            self._look(slot, person)
            if self._store.own[slot] == FREE and not was_free:
                freed.append(person.interpreter.id)
        return freed

    @property
    def next_change(self) -> datetime | None:
        """The earliest moment at which `advance` may have something to do."""
        return self._due[0][0] if self._due else None

    # --- the question --------------------------------------------------------------------------

    def rank(
        self,
        requirements: Requirements,
        policy: Policy,
        *,
        lists: Lists = NO_LISTS,
        tried: Set[InterpreterId] = frozenset(),
        last_rung: InterpreterId | None = None,
    ) -> ColumnRanking:
        """Rank everybody who speaks the language, at the moment last given."""
        store = self._store
        block = store.blocks.get(requirements.language) or Block()
        reasons = store.own[block.slots]
        _mark_asked(store, reasons, block, requirements, lists, tried)
        rows = (reasons == FREE).nonzero()[0]
        chosen = block.slots[rows]
        again = requirements.same_again
        base, slope = store.chances
        facts = Facts(
            interpreter=block.ids[rows],
            level=block.levels[rows],
            below=_below(block.levels[rows], requirements),
            unmet=_unmet(store, chosen, requirements),
            same_again=_among(block, rows, () if again is None else (again,)),
            preferred=_among(block, rows, lists.preferred),
            scarcity=_scarcity(store, chosen, requirements.language),
            share=share(store.offered[chosen], store.promised[chosen], self._knowledge.pool_rate),
            chance=base[chosen] + slope[chosen] * self._knowledge.answering.service_chance(),
            last_call_ended=store.ended[chosen],
            idle_since=store.idle[chosen],
            last_rung=last_rung or 0,
        )
        return ColumnRanking(
            requirements=requirements,
            at=self._at,
            facts=facts,
            groups=np.asarray(group(facts)),
            scores=np.asarray(policy.score(facts)),
            speakers=block.ids,
            reasons=reasons,
            about=self._about,
        )

    # --- inside --------------------------------------------------------------------------------

    def _about(self, who: InterpreterId) -> tuple[Interpreter, Standing, Opening]:
        person = self._people[self._slot_of[who]]
        return person.interpreter, person.standing, person.opening

    def _look(self, slot: int, person: _Person) -> None:
        """See what speaks against ringing a person now, and until when that surely stays so."""
        interpreter, standing, opened = person.interpreter, person.standing, person.opening
        minutes = self._knowledge.call_minutes
        reason = own_reason(interpreter, standing, opened, self._at, minutes)
        self._store.stand(slot, standing, opened)
        self._store.set_own(slot, FREE if reason is None else int(reason))
        until = own_reason_holds_until(interpreter, standing, opened, self._at, minutes)
        if until != person.holds_until:
            person.version += 1
            person.holds_until = until
            heapq.heappush(self._due, (until, slot, person.version))
            if len(self._due) > _QUEUE_SLACK * (len(self._people) + 8):
                self._drop_outdated()

    def _drop_outdated(self) -> None:
        self._due = [
            (due, slot, version)
            for due, slot, version in self._due
            if slot in self._people and self._people[slot].version == version
        ]
        heapq.heapify(self._due)

    def _read_answering(self) -> None:
        self._store.forget_chances()
        for who in self._slot_of:
            if self._knowledge.answering.knows(who):
                self._read_chance(who)

    def _read_chance(self, who: InterpreterId) -> None:
        line = self._knowledge.answering.line(who, self._hour)
        self._store.read_chance(self._slot_of[who], line)


def _mark_asked(
    store: ColumnStore,
    reasons: Array,
    block: Block,
    requirements: Requirements,
    lists: Lists,
    tried: Set[InterpreterId],
) -> None:
    """Write what is asked into the reasons, wherever it comes before what is there."""
    level, gender, subject = requirements.level, requirements.gender, requirements.subject
    if lists.only is not None:
        absent = np.ones(len(reasons), bool)
        absent[block.rows(lists.only)] = False
        _cover(reasons, absent, Skip.NOT_ON_ONLY_LIST)
    if level is not None and requirements.level_is_binding:
        _cover(reasons, block.levels > level.value, Skip.LEVEL)
    if gender is not None and gender.required:
        _cover(reasons, store.gender[block.slots] != GENDERS[gender.value], Skip.GENDER)
    if subject is not None and subject.required:
        missing = store.subjects[block.slots] & SUBJECTS[subject.value] == 0
        _cover(reasons, missing, Skip.SUBJECT)
    for some, reason in (
        (lists.do_not_send, Skip.DO_NOT_SEND),
        (requirements.excluded, Skip.EXCLUDED),
        (tried, Skip.ALREADY_TRIED),
    ):
        if some:
            rows = block.rows(some)
            reasons[rows] = np.minimum(reasons[rows], int(reason))


def _cover(reasons: Array, where: Array, reason: Skip) -> None:
    np.minimum(reasons, np.int8(reason), out=reasons, where=where)


def _among(block: Block, rows: Array, some: Iterable[InterpreterId]) -> Any:
    """1 for the rows of these people, 0 for others; a plain 0 when there are none of them."""
    marked = block.rows(some)
    if not len(marked):
        return 0
    flags = np.zeros(len(block.ids), np.int64)
    flags[marked] = 1
    return flags[rows]


def _below(levels: Array, requirements: Requirements) -> Any:
    level = requirements.level
    return 0 if level is None else (levels > level.value).astype(np.int64)


def _unmet(store: ColumnStore, chosen: Array, requirements: Requirements) -> Any:
    gender, subject = requirements.gender, requirements.subject
    if gender is None and subject is None:
        return 0
    other: Any = 0 if gender is None else store.gender[chosen] != GENDERS[gender.value]
    lacks: Any = 0 if subject is None else store.subjects[chosen] & SUBJECTS[subject.value] == 0
    return np.add(other, lacks, dtype=np.int64)


def _scarcity(store: ColumnStore, chosen: Array, asked: LanguageTag) -> Array:
    """The prices of everybody's other languages, added in the order of their tags."""
    # Along the first axis numpy adds row after row, as the plain ranking does.
    prices = store.prices(without=asked).take(store.spoken.take(chosen, axis=1))
    total: Array = prices.sum(axis=0)
    return total
