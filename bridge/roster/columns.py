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
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bridge.roster.column_arrays import FREE, Array, Block, ColumnStore, Lacking
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.eligibility import Skip, own_reason, own_reason_holds_until
from bridge.roster.people import Interpreter, Opening, opening
from bridge.roster.policies import SAME_AGAIN, Facts, Policy
from bridge.roster.ranking import Knowledge
from bridge.roster.requirements import NO_LISTS, Lists, Requirements
from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId, LanguageTag

_FREE = np.array(FREE, np.int8)
"""Numpy compares with its own numbers faster than with Python's."""
_DO_NOT_SEND, _EXCLUDED = int(Skip.DO_NOT_SEND), int(Skip.EXCLUDED)
_ALREADY_TRIED = int(Skip.ALREADY_TRIED)
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
        self._hour, self._hour_ends = _local_hour(at, knowledge.zone)
        self._store = ColumnStore(knowledge.pool_rate)
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
        former, person.standing = person.standing, standing
        self._look(slot, person, numbers=not standing.counts_as(former))

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
        self._hour, self._hour_ends = _local_hour(self._at, knowledge.zone)
        self._store.pool_rate = knowledge.pool_rate
        self._store.set_load(knowledge.offered)
        self._read_answering()
        for slot, person in self._people.items():
            self._store.stand(slot, person.standing, person.opening)
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
        if self._hour_ends <= at:
            self._hour, self._hour_ends = _local_hour(at, self._knowledge.zone)
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
        required, level, wishes = _asked(store, block, requirements)
        reasons = store.own[block.slots]
        _mark_asked(reasons, block, required, requirements, lists, tried)
        rows = (reasons == _FREE).nonzero()[0]
        chosen = block.slots[rows]
        again = requirements.same_again
        same_again = _among(block, rows, frozenset() if again is None else {again})
        preferred = _among(block, rows, lists.preferred)
        base, slope = store.chances
        facts = Facts(
            interpreter=block.ids[rows],
            level=block.levels[rows],
            below=_lacked(level, rows),
            unmet=_lacked(wishes, rows),
            same_again=0 if same_again is None else same_again,
            preferred=0 if preferred is None else preferred,
            scarcity=_scarcity(store, chosen, requirements.language),
            share=store.shares[chosen],
            chance=base[chosen] + slope[chosen] * self._knowledge.answering.service_chance(),
            last_call_ended=store.ended[chosen],
            idle_since=store.idle[chosen],
            last_rung=last_rung or 0,
        )
        # What `policies.group` says, from what is kept of it.
        groups = block.groups[rows]
        for lacking in (*level, *wishes):
            groups += lacking.groups[rows]
        if preferred is not None:
            groups -= preferred
        if same_again is not None:
            groups -= same_again * SAME_AGAIN
        return ColumnRanking(
            requirements=requirements,
            at=self._at,
            facts=facts,
            groups=groups,
            scores=policy.score(facts),
            speakers=block.ids,
            reasons=reasons,
            about=self._about,
        )

    # --- inside --------------------------------------------------------------------------------

    def _about(self, who: InterpreterId) -> tuple[Interpreter, Standing, Opening]:
        person = self._people[self._slot_of[who]]
        return person.interpreter, person.standing, person.opening

    def _look(self, slot: int, person: _Person, *, numbers: bool = True) -> None:
        """See what speaks against ringing a person now, and until when that surely stays so.

        Without `numbers`, those by which they are weighed are what they were.
        """
        interpreter, standing, opened = person.interpreter, person.standing, person.opening
        minutes = self._knowledge.call_minutes
        reason = own_reason(interpreter, standing, opened, self._at, minutes)
        if numbers:
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


def _local_hour(at: datetime, zone: ZoneInfo) -> tuple[int, datetime]:
    """The hour of the day in a zone, and when it ends. Clocks change on the hour."""
    local = at.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return local.hour, at - into + timedelta(hours=1)


def _asked(
    store: ColumnStore, block: Block, requirements: Requirements
) -> tuple[list[Lacking], list[Lacking], list[Lacking]]:
    """Who lacks what is required; the level that is wished; a gender or a subject that is."""
    required: list[Lacking] = []
    level: list[Lacking] = []
    wishes: list[Lacking] = []
    if requirements.level is not None:
        lacking = store.lacking(block, requirements.level.value)
        (required if requirements.level_is_binding else level).append(lacking)
    if requirements.gender is not None:
        lacking = store.lacking(block, requirements.gender.value)
        (required if requirements.gender.required else wishes).append(lacking)
    if requirements.subject is not None:
        lacking = store.lacking(block, requirements.subject.value)
        (required if requirements.subject.required else wishes).append(lacking)
    return required, level, wishes


def _mark_asked(
    reasons: Array,
    block: Block,
    required: Iterable[Lacking],
    requirements: Requirements,
    lists: Lists,
    tried: Set[InterpreterId],
) -> None:
    """Write what is asked into the reasons, wherever it comes before what is there."""
    if lists.only is not None:
        cover = np.full(len(reasons), Skip.NOT_ON_ONLY_LIST, np.int8)
        cover[block.rows(lists.only)] = FREE
        np.minimum(reasons, cover, out=reasons)
    for lacking in required:
        np.minimum(reasons, lacking.reasons, out=reasons)
    if lists.do_not_send:
        _mark(reasons, block.rows(lists.do_not_send), _DO_NOT_SEND)
    if requirements.excluded:
        _mark(reasons, block.rows(requirements.excluded), _EXCLUDED)
    if tried:
        _mark(reasons, block.rows(tried), _ALREADY_TRIED)


def _mark(reasons: Array, rows: Iterable[int], reason: int) -> None:
    # They are few: mostly these lists name people of other languages.
    for row in rows:
        if reasons.item(row) > reason:
            reasons[row] = reason


def _among(block: Block, rows: Array, some: Set[InterpreterId]) -> Array | None:
    """1 for the rows of these people, 0 for others; `None` when there are none of them."""
    marked = block.rows(some) if some else ()
    if not marked:
        return None
    flags = np.zeros(len(block.ids), np.int16)
    for row in marked:
        flags[row] = 1
    found: Array = flags[rows]
    return found


def _lacked(some: Sequence[Lacking], rows: Array) -> Any:
    """How many of these each candidate lacks; a plain 0 when nothing is wished."""
    return reduce(add, [one.counts[rows] for one in some]) if some else 0


def _scarcity(store: ColumnStore, chosen: Array, asked: LanguageTag) -> Array:
    """The prices of everybody's other languages, added in the order of their tags."""
    # Along the first axis numpy adds row after row, as the plain ranking does.
    prices = store.prices(without=asked).take(store.spoken.take(chosen, axis=1))
    total: Array = prices.sum(axis=0)
    return total
