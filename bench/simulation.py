# SPDX-License-Identifier: EUPL-1.2
"""One policy serves one trace of calls, on virtual time: a discrete-event simulation.

Who may be rung, in which order and how many at once is asked of the product's own index and
policy objects; the simulation only plays telephones, people and the passing of time. What it has
in common for all policies of the product: a phone rings for `RING` seconds; a call asks those again
who were rung in vain, by the product's own rule (`bridge/roster/tries.py`); whoever becomes free is
offered the longest-waiting call that they can serve, at once, or after the head start of those who
have just begun to ring for it (`policies.head_start`); and every hour the rates and shares are
counted anew from what happened so far, beginning with nothing.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from bench.service import START, Call, Service
from bridge.roster.answering import Answering
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.columns import RosterColumns
from bridge.roster.fairness import gini, pool_rate
from bridge.roster.policies import Policy, head_start
from bridge.roster.ranking import LISBON, Knowledge
from bridge.roster.rates import estimate
from bridge.roster.requirements import Requirements
from bridge.roster.standing import Standing, next_midnight
from bridge.roster.tries import Tries
from bridge.roster.waves import Prospect
from bridge.vocabulary import InterpreterId, LanguageTag

RING = 15.0
"""Seconds; what app_queue gives a member by default."""
COME_BACK = 60.0
"""Who is "not answering" says that they are there so long after they are back at their phone."""


@dataclass(slots=True)
class Hunt:
    """A call in the simulation."""

    call: Call
    tried: set[InterpreterId] = field(default_factory=set)
    tries: dict[InterpreterId, Tries] = field(default_factory=dict)
    live: dict[InterpreterId, float] = field(default_factory=dict)
    """Phones that ring, and since when."""
    prospects: dict[InterpreterId, Prospect] = field(default_factory=dict)
    """What those who ring were when they were chosen."""
    waves: int = 0
    over: bool = False
    served_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy made of one trace."""

    calls: int
    waits: tuple[float, ...]
    """Seconds from the request to the acceptance, of every call that was served."""
    in_vain: tuple[float, ...]
    """Seconds from the request until they gave up, of every call that was not."""
    phones: int
    gini: float
    """Of minutes in calls for each hour promised."""
    gini_offered: float
    """Of minutes offered for each hour promised, as `roster.fairness` counts them."""


class Simulation:
    """Runs once; `run` gives the outcome.

    With `foreknowing` the service is told from the first call on how often each language is asked
    for: what no service knows, to see what better knowledge could bring.
    """

    def __init__(self, service: Service, policy: Policy, *, foreknowing: bool = False) -> None:
        self._service = service
        self._foreknowing = foreknowing
        self._policy = policy
        self._now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self._answering = Answering()
        self._asked: Counter[LanguageTag] = Counter()
        self._served = 0
        self._talk_minutes = 0.0
        self._open_hours = 0.0
        self._talked: Counter[InterpreterId] = Counter()
        self._attempts: Counter[tuple[int, InterpreterId]] = Counter()
        self._waiting: dict[LanguageTag, dict[int, Hunt]] = {}
        self._last_rung: dict[LanguageTag, InterpreterId] = {}
        self._phones = 0
        self._woken: datetime | None = None
        self._hunts: list[Hunt] = []
        self._columns = RosterColumns(START, self._knowledge())
        self._columns.load((one, Standing()) for one in service.interpreters)

    def run(self) -> Outcome:
        """Serve the whole trace."""
        for call in self._service.calls:
            self._later(call.arrives, self._arrival(call))
        for over in self._service.hours_over:
            self._later(over, self._learn)
        self._expect_change()
        while self._queue:
            self._now, _, happen = heapq.heappop(self._queue)
            for who in self._columns.advance(self._service.at(self._now)):
                self._is_there(who)
            self._woken = None if self._woken and self._woken <= self._at else self._woken
            happen()
            self._expect_change()
        promised = self._service.promised_hours
        return Outcome(
            calls=len(self._hunts),
            waits=tuple(one.served_after for one in self._hunts if one.served_after is not None),
            in_vain=tuple(one.call.patience for one in self._hunts if one.served_after is None),
            phones=self._phones,
            gini=gini(self._talked[who] / hours for who, hours in promised.items()),
            gini_offered=gini(
                self._columns.standing(who).minutes_offered / hours
                for who, hours in promised.items()
            ),
        )

    # --- time ----------------------------------------------------------------------------------

    @property
    def _at(self) -> datetime:
        return self._service.at(self._now)

    def _later(self, when: float, happen: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (when, self._serial, happen))

    def _expect_change(self) -> None:
        """Be there when the index has something to do, as long as there are calls to serve."""
        due = self._columns.next_change
        if due is None or (self._woken is not None and self._woken <= due) or not self._queue:
            return
        self._woken = due
        self._later((due - START).total_seconds(), lambda: None)

    def _learn(self) -> None:
        """Count rates and shares anew, as a running service does every hour."""
        self._open_hours += 1.0
        for one in self._service.interpreters:
            if one.schedule is not None:
                promised = sum(
                    (period.end - period.start).total_seconds() / 60.0
                    for period in one.schedule.periods(START, self._at)
                )
                standing = self._columns.standing(one.id)
                self._columns.stand(one.id, replace(standing, minutes_promised=promised))
        knowledge = self._knowledge()
        self._columns.learn(knowledge)
        self._policy = self._policy.at_load(knowledge.load)

    def _knowledge(self) -> Knowledge:
        rates = estimate(
            self._service.speakers,
            self._service.on_duty,
            self._asked,
            self._open_hours,
            self._served,
            self._talk_minutes,
        )
        if self._foreknowing:
            rates = replace(rates, calls_an_hour=self._service.demand)
        people = self._service.interpreters if self._open_hours else ()
        return Knowledge(
            offered=rates.offered(),
            load=rates.load,
            pool_rate=pool_rate(self._columns.standing(one.id) for one in people),
            answering=self._answering,
        )

    # --- calls ---------------------------------------------------------------------------------

    def _arrival(self, call: Call) -> Callable[[], None]:
        def happen() -> None:
            hunt = Hunt(call)
            self._hunts.append(hunt)
            self._asked[call.language] += 1
            self._waiting.setdefault(call.language, {})[call.number] = hunt
            self._later(self._now + call.patience, lambda: self._give_up(hunt))
            self._ring_next(hunt)

        return happen

    def _give_up(self, hunt: Hunt) -> None:
        if not hunt.over:
            self._close(hunt)

    def _close(self, hunt: Hunt) -> None:
        """The hunt is over: stop what rings; those people may serve others."""
        hunt.over = True
        del self._waiting[hunt.call.language][hunt.call.number]
        stopped = list(hunt.live.items())
        hunt.live.clear()
        for who, since in stopped:
            self._columns.stopped(who, self._now - since)
            self._columns.stand(who, self._columns.standing(who).released())
        for who, _ in stopped:
            self._offer_to_waiting(who)

    def _ring_next(self, hunt: Hunt) -> None:
        """Ring the next wave, if there is anybody to ring."""
        ranking = self._ranking(hunt)
        prospects = ranking.prospects(len(ranking))
        wave = self._policy.wave(prospects)
        hunt.prospects.update(
            (one.interpreter, one) for one in prospects if one.interpreter in wave.phones
        )
        for who in wave.phones:
            self._ring(hunt, who)
        if wave.phones:
            hunt.waves += 1
            overlap = self._policy.overlap_after
            if overlap is not None:
                self._later(self._now + overlap, lambda: self._overlap(hunt, number))
            number = hunt.waves

    def _overlap(self, hunt: Hunt, wave: int) -> None:
        if not hunt.over and hunt.waves == wave:
            self._ring_next(hunt)

    def _ring(self, hunt: Hunt, who: InterpreterId, seconds: float = RING) -> None:
        """Ring a phone for so long at most."""
        self._phones += 1
        self._last_rung[hunt.call.language] = who
        since = hunt.live[who] = self._now
        self._columns.stand(who, self._columns.standing(who).rung(self._at))
        attempt = self._attempts[hunt.call.number, who]
        self._attempts[hunt.call.number, who] += 1
        ring = self._service.ring(hunt.call, who, attempt, self._now, seconds)

        def end() -> None:
            if hunt.live.get(who) == since:
                del hunt.live[who]
                if ring.accepts:
                    self._accept(hunt, who, since)
                else:
                    refused = ring.after < seconds
                    self._remember(who, self._now - since, refused=refused)
                    self._fail(hunt, who, refused=refused)

        self._later(self._now + min(ring.after, seconds), end)

    def _accept(self, hunt: Hunt, who: InterpreterId, since: float) -> None:
        self._columns.accepted(who, self._now - since)
        self._columns.stand(who, self._columns.standing(who).accepted())
        hunt.served_after = self._now - hunt.call.arrives
        began = self._at

        def end() -> None:
            limits = self._columns.interpreter(who).limits
            standing = self._columns.standing(who)
            self._columns.stand(
                who,
                standing.call_ended(
                    began, self._at, limits, day_ends=next_midnight(self._at, LISBON)
                ),
            )
            minutes = hunt.call.talk / 60.0
            self._talked[who] += minutes  # type: ignore[assignment]
            self._served += 1
            self._talk_minutes += minutes

        self._later(self._now + hunt.call.talk, end)
        self._close(hunt)

    def _remember(self, who: InterpreterId, rang: float, *, refused: bool) -> None:
        """Somebody was rung in vain: their share, their chance, and whether they answer at all."""
        self._columns.not_accepted(who, rang)
        standing = self._columns.standing(who)
        mean = self._talk_minutes / self._served if self._served else 12.0
        after = standing.refused(mean) if refused else standing.unanswered(mean)
        self._columns.stand(who, after)
        if after.unanswered_streak == self._columns.interpreter(who).limits.unanswered_in_a_row:
            back = self._service.away_until(who, self._now) or self._now
            self._later(back + COME_BACK, lambda: self._come_back(who))

    def _fail(self, hunt: Hunt, who: InterpreterId, *, refused: bool) -> None:
        """Somebody was rung in vain for this call: ring on, and them again later."""
        hunt.tried.add(who)
        tries = hunt.tries.get(who, Tries()).one_more(refused=refused)
        hunt.tries[who] = tries
        pause = tries.again_after(refused=refused)
        if pause is not None:
            self._later(self._now + pause, lambda: self._try_again(hunt, who, tries))
        if not hunt.live:
            self._ring_next(hunt)
        self._offer_to_waiting(who)

    def _try_again(self, hunt: Hunt, who: InterpreterId, tries: Tries) -> None:
        if hunt.tries[who] != tries or who in hunt.live:
            return
        hunt.tried.discard(who)
        if not hunt.over and not hunt.live:
            self._ring_next(hunt)

    def _come_back(self, who: InterpreterId) -> None:
        self._columns.stand(who, self._columns.standing(who).back(self._at))
        self._is_there(who)

    def _is_there(self, who: InterpreterId) -> None:
        """Somebody is free by something else than a ring that ended: whoever rang them in vain may
        ring them again.
        """
        for language in self._columns.interpreter(who).skills:
            for hunt in self._waiting.get(language, {}).values():
                if not hunt.tries.get(who, Tries()).refused:
                    hunt.tried.discard(who)
        self._offer_to_waiting(who)

    def _offer_to_waiting(self, who: InterpreterId) -> None:
        """Somebody became free: the calls that they can serve are asked in the order in which they
        came, until one has rung them. As the product's own queue does it.
        """
        waiting = [
            hunt
            for language in self._columns.interpreter(who).skills
            for hunt in self._waiting.get(language, {}).values()
        ]
        for hunt in sorted(waiting, key=lambda hunt: hunt.call.arrives):
            if not self._columns.is_free(who):
                return
            self._offer(hunt, who)

    def _offer(self, hunt: Hunt, who: InterpreterId) -> None:
        """Ring on for a call that may have nobody ringing, or let somebody join those who ring."""
        if hunt.over or who in hunt.tried:
            return
        if hunt.live:
            first = self._ranking(hunt).prospects(1)
            if not first or first[0].interpreter != who:
                return
            ringing = [(hunt.prospects[one], self._now - t) for one, t in hunt.live.items()]
            wait = head_start(self._policy, ringing, first[0])
            if wait:
                self._later(self._now + wait, lambda: self._offer(hunt, who))
                return
        self._ring_next(hunt)

    def _ranking(self, hunt: Hunt) -> ColumnRanking:
        language = hunt.call.language
        return self._columns.rank(
            Requirements(language),
            self._policy,
            tried=hunt.tried,
            last_rung=self._last_rung.get(language),
        )
