# SPDX-License-Identifier: EUPL-1.2
"""The roster in columns, by language: the answer of ranking.py, fast enough for 100,000 people.

Each language has a table of its speakers (column_arrays.py). What depends on the person and the
moment alone (their own reason, see eligibility.py) is kept in it, and looked at again only when the
person changes or when the moment comes until which it surely holds: a queue of such moments says
when. What depends on the request is computed from the table of its language only, column by column.

`load` and `put` bring in people, `advance` brings in time, `rank` asks. Not for several threads.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import count
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bridge.roster.column_arrays import FREE, NOBODY, Joining, Lacking, Speakers
from bridge.roster.column_prices import Array, Prices
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.eligibility import Skip, own_reason, own_reason_holds_until
from bridge.roster.fairness import share
from bridge.roster.people import Interpreter, Opening, opening
from bridge.roster.policies import SAME_AGAIN, Facts, Policy
from bridge.roster.ranking import Knowledge, idle_since, seconds
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
    """What is kept of a person beside the tables."""

    interpreter: Interpreter
    standing: Standing
    opening: Opening
    places: Sequence[int]
    """Of their languages (column_prices.py)."""
    own: int = 0
    """The first reason of their own that holds, or `FREE`."""
    version: int = 0
    """Of the one queued moment that counts; any other of theirs is outdated."""
    holds_until: datetime | None = None


class RosterColumns:
    """Everybody on the roster, ready to be ranked."""

    def __init__(self, at: datetime, knowledge: Knowledge) -> None:
        """An empty roster at this moment."""
        self._at = at
        self._knowledge = knowledge
        self._hour, self._hour_ends = _local_hour(at, knowledge.zone)
        self._speakers: dict[LanguageTag, Speakers] = {}
        self._prices = Prices()
        self._people: dict[InterpreterId, _Person] = {}
        self._versions = count(1)
        self._due: list[tuple[datetime, InterpreterId, int]] = []

    # --- people --------------------------------------------------------------------------------

    def load(self, people: Iterable[tuple[Interpreter, Standing]]) -> None:
        """Bring in many people at once; much faster than one by one for a whole roster."""
        fresh = {one.id: (one, standing) for one, standing in people}
        joining: dict[LanguageTag, list[Joining]] = {}
        for who, (interpreter, standing) in fresh.items():
            if who in self._people:
                self.remove(who)
            spoken = sorted(interpreter.skills)
            places = [self._prices.place(tag) for tag in spoken]
            for tag, place in zip(spoken, places, strict=True):
                others = [one for one in places if one != place]
                joining.setdefault(tag, []).append(Joining(who, interpreter.skills[tag], others))
            opened = opening(interpreter.schedule, self._at)
            self._people[who] = _Person(interpreter, standing, opened, places)
        for tag, some in joining.items():
            self._speakers[tag] = self._speakers.get(tag, NOBODY).joined(some)
        for who in fresh:
            person = self._people[who]
            self._describe(person)
            self._look(person)
            self._read_chance(person)
        for tag in joining:
            self._speakers[tag].foresee()
        self._prices.set_load(self._knowledge.offered)

    def put(self, interpreter: Interpreter, standing: Standing) -> None:
        """Somebody is new, or changed in whatever way."""
        person = self._people.get(interpreter.id)
        if person is None or person.interpreter.skills != interpreter.skills:
            self.load([(interpreter, standing)])
            return
        if person.interpreter.schedule is not interpreter.schedule:
            person.opening = opening(interpreter.schedule, self._at)
        person.interpreter, person.standing = interpreter, standing
        self._describe(person)
        self._look(person)

    def stand(self, who: InterpreterId, standing: Standing) -> None:
        """The standing of somebody known changed, nothing else. Raises `KeyError` for nobody."""
        person = self._people[who]
        former, person.standing = person.standing, standing
        self._look(person, numbers=not standing.counts_as(former))

    def remove(self, who: InterpreterId) -> None:
        """Somebody left the roster. Raises `KeyError` for nobody."""
        person = self._people.pop(who)
        if person.own == FREE:
            self._prices.count(person.places, -1)
        for tag in person.interpreter.skills:
            self._speakers[tag] = self._speakers[tag].left(who)

    def standing(self, who: InterpreterId) -> Standing:
        """What was last said of somebody. Raises `KeyError` for nobody."""
        return self._people[who].standing

    def interpreter(self, who: InterpreterId) -> Interpreter:
        """The profile of somebody. Raises `KeyError` for nobody."""
        return self._people[who].interpreter

    def is_free(self, who: InterpreterId) -> bool:
        """Whether nothing of their own speaks against ringing somebody. `KeyError` for nobody."""
        return self._people[who].own == FREE

    def kept_by(self, reason: Skip) -> tuple[InterpreterId, ...]:
        """Everybody whom this reason of their own keeps from being rung, and none before it."""
        return tuple(who for who, person in self._people.items() if person.own == reason)

    @property
    def people(self) -> tuple[InterpreterId, ...]:
        """Everybody on the roster."""
        return tuple(self._people)

    @property
    def languages(self) -> tuple[LanguageTag, ...]:
        """The languages and pairs that anybody ever had, in the order of their tags."""
        return tuple(sorted(self._speakers))

    def __len__(self) -> int:
        return len(self._people)

    # --- what is known -------------------------------------------------------------------------

    def learn(self, knowledge: Knowledge) -> None:
        """Rates, shares or answering became known anew: take all of it over."""
        self._knowledge = knowledge
        self._hour, self._hour_ends = _local_hour(self._at, knowledge.zone)
        self._prices.set_load(knowledge.offered)
        for person in self._people.values():
            self._read_chance(person)
            self._weigh(person)
            if person.standing.booked:
                # How long a call lasts says how long before a booked one nobody rings.
                self._look(person, numbers=False)

    def accepted(self, who: InterpreterId, seconds: float) -> None:
        """They pressed 1 after so many seconds; counted in `knowledge.answering`."""
        self._knowledge.answering.accepted(who, self._hour, seconds)
        self._read_chance(self._people[who])

    def not_accepted(self, who: InterpreterId, seconds: float) -> None:
        """They refused after so many seconds, or nobody did; counted in `knowledge.answering`."""
        self._knowledge.answering.declined(who, self._hour, seconds)
        self._read_chance(self._people[who])

    def stopped(self, who: InterpreterId, seconds: float) -> None:
        """We stopped their phone after so many seconds; counted in `knowledge.answering`."""
        self._knowledge.answering.stopped(who, self._hour, seconds)
        self._read_chance(self._people[who])

    # --- time ----------------------------------------------------------------------------------

    def advance(self, at: datetime) -> list[InterpreterId]:
        """Time has passed; says who became free by it. A moment already past changes nothing."""
        if at <= self._at:
            return []
        self._at = at
        if self._hour_ends <= at:
            self._hour, self._hour_ends = _local_hour(at, self._knowledge.zone)
            for person in self._people.values():
                self._read_chance(person)
        freed = []
        while self._due and self._due[0][0] <= at:
            _, who, version = heapq.heappop(self._due)
            known = self._people.get(who)
            if known is None or known.version != version:
                continue
            known.holds_until = None
            if known.opening.until <= at:
                known.opening = opening(known.interpreter.schedule, at)
            was = known.own
            self._look(known)
            if known.own == FREE != was:
                freed.append(who)
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
        speakers = self._speakers.get(requirements.language, NOBODY)
        required, level, wishes = _asked(speakers, requirements)
        reasons = speakers.own.copy()
        _mark_asked(reasons, speakers, required, requirements, lists, tried)
        again = requirements.same_again
        same_again = None if again is None else speakers.among({again})
        preferred = speakers.among(lists.preferred)
        service = self._knowledge.answering.service_chance()
        facts = Facts(
            interpreter=speakers.ids,
            level=speakers.levels,
            below=_lacked(level),
            unmet=_lacked(wishes),
            same_again=0 if same_again is None else same_again,
            preferred=0 if preferred is None else preferred,
            scarcity=self._prices.sums(speakers.rows_of_others, len(speakers.ids)),
            share=speakers.shares,
            chance=speakers.bases + speakers.slopes * service,
            last_call_ended=speakers.ended,
            idle_since=speakers.idle,
            last_rung=last_rung or 0,
        )
        # What `policies.group` says, from what is kept of it.
        groups = speakers.groups
        for lacking in (*level, *wishes):
            groups = groups + lacking.groups
        if preferred is not None:
            groups = groups - preferred
        if same_again is not None:
            groups = groups - same_again * SAME_AGAIN
        rows = (reasons == _FREE).nonzero()[0]
        return ColumnRanking(
            requirements=requirements,
            at=self._at,
            facts=facts,
            reasons=reasons,
            rows=rows,
            groups=groups[rows],
            scores=policy.score(facts)[rows],
            about=self._about,
        )

    # --- inside --------------------------------------------------------------------------------

    def _about(self, who: InterpreterId) -> tuple[Interpreter, Standing, Opening]:
        person = self._people[who]
        return person.interpreter, person.standing, person.opening

    def _tables(self, person: _Person) -> Iterator[Speakers]:
        """Those in which a person stands."""
        return map(self._speakers.__getitem__, person.interpreter.skills)

    def _describe(self, person: _Person) -> None:
        for speakers in self._tables(person):
            speakers.describe(person.interpreter)

    def _weigh(self, person: _Person) -> None:
        """Write the numbers of a standing by which a person is weighed."""
        standing = person.standing
        offered, promised = standing.minutes_offered, standing.minutes_promised
        of_all = share(offered, promised, self._knowledge.pool_rate)
        ended, idle = seconds(standing.last_call_ended), idle_since(standing, person.opening)
        for speakers in self._tables(person):
            speakers.weigh(person.interpreter.id, of_all, ended, idle)

    def _read_chance(self, person: _Person) -> None:
        who = person.interpreter.id
        line = self._knowledge.answering.line(who, self._hour)
        for speakers in self._tables(person):
            speakers.expect(who, line)

    def _look(self, person: _Person, *, numbers: bool = True) -> None:
        """See what speaks against ringing a person now, and until when that surely stays so.

        Without `numbers`, those by which they are weighed are what they were.
        """
        interpreter, standing, opened = person.interpreter, person.standing, person.opening
        minutes = self._knowledge.call_minutes
        if numbers:
            self._weigh(person)
        reason = own_reason(interpreter, standing, opened, self._at, minutes)
        self._set_own(person, FREE if reason is None else int(reason))
        until = own_reason_holds_until(interpreter, standing, opened, self._at, minutes)
        if until != person.holds_until:
            person.version = next(self._versions)
            person.holds_until = until
            heapq.heappush(self._due, (until, interpreter.id, person.version))
            if len(self._due) > _QUEUE_SLACK * (len(self._people) + 8):
                self._drop_outdated()

    def _set_own(self, person: _Person, own: int) -> None:
        """Write an own reason, and count who is free for whom."""
        was, person.own = person.own, own
        if was == own:
            return
        if FREE in (was, own):
            self._prices.count(person.places, 1 if own == FREE else -1)
        who = person.interpreter.id
        for speakers in self._tables(person):
            speakers.own[speakers.row_of[who]] = own

    def _drop_outdated(self) -> None:
        self._due = [
            (due, who, version)
            for due, who, version in self._due
            if who in self._people and self._people[who].version == version
        ]
        heapq.heapify(self._due)


def _local_hour(at: datetime, zone: ZoneInfo) -> tuple[int, datetime]:
    """The hour of the day in a zone, and when it ends. Clocks change on the hour."""
    local = at.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return local.hour, at - into + timedelta(hours=1)


def _asked(
    speakers: Speakers, requirements: Requirements
) -> tuple[list[Lacking], list[Lacking], list[Lacking]]:
    """Who lacks what is required; the level that is wished; a gender or a subject that is."""
    required: list[Lacking] = []
    level: list[Lacking] = []
    wishes: list[Lacking] = []
    if requirements.level is not None:
        lacking = speakers.lacking(requirements.level.value)
        (required if requirements.level_is_binding else level).append(lacking)
    if requirements.gender is not None:
        lacking = speakers.lacking(requirements.gender.value)
        (required if requirements.gender.required else wishes).append(lacking)
    if requirements.subject is not None:
        lacking = speakers.lacking(requirements.subject.value)
        (required if requirements.subject.required else wishes).append(lacking)
    return required, level, wishes


def _mark_asked(
    reasons: Array,
    speakers: Speakers,
    required: Iterable[Lacking],
    requirements: Requirements,
    lists: Lists,
    tried: Set[InterpreterId],
) -> None:
    """Write what is asked into the reasons, wherever it comes before what is there."""
    if lists.only is not None:
        cover = np.full(len(reasons), Skip.NOT_ON_ONLY_LIST, np.int8)
        cover[speakers.rows(lists.only)] = FREE
        np.minimum(reasons, cover, out=reasons)
    for lacking in required:
        np.minimum(reasons, lacking.reasons, out=reasons)
    if lists.do_not_send:
        _mark(reasons, speakers.rows(lists.do_not_send), _DO_NOT_SEND)
    if requirements.excluded:
        _mark(reasons, speakers.rows(requirements.excluded), _EXCLUDED)
    if tried:
        _mark(reasons, speakers.rows(tried), _ALREADY_TRIED)


def _mark(reasons: Array, rows: Iterable[int], reason: int) -> None:
    # They are few: mostly these lists name people of other languages.
    for row in rows:
        if reasons.item(row) > reason:
            reasons[row] = reason


def _lacked(some: Sequence[Lacking]) -> Any:
    """How many of these each speaker lacks; a plain 0 when nothing is wished."""
    return reduce(add, [one.counts for one in some]) if some else 0
