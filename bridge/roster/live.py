# SPDX-License-Identifier: EUPL-1.2
"""The roster as one process keeps it in memory: ranked fast, kept true by what happens.

The rows are the truth about people and promises. This is a copy that follows: read again when the
roster's revision says that somebody changed it, and moved along by every offer and call of this
process. A promise that another process made meanwhile shows when the reservation is refused.

Reading takes many queries, and words of what happens come between them. Each word follows rows that
are written, so whoever one is about is read once more before the new copy takes the place of the
old one. Whatever slips through all the same is found by `compare`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bridge.bookings import store as bookings
from bridge.roster import learning_store, lists_store, people_store, standing_store, store
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.columns import RosterColumns
from bridge.roster.eligibility import Skip
from bridge.roster.fairness import pool_rate, share
from bridge.roster.people import Interpreter
from bridge.roster.policies import Policy
from bridge.roster.ranking import Knowledge
from bridge.roster.requirements import ListEntry, Lists, Requirements
from bridge.roster.skills import REGISTER, LevelScale, split_pair
from bridge.roster.standing import Standing, next_midnight
from bridge.vocabulary import InterpreterId, LanguageTag

log = structlog.get_logger(__name__)

IN_DOUBT_FOR = timedelta(seconds=2)
"""So long memory and rows may differ about a promise: what was written is told a moment later."""
LEARN_EVERY = timedelta(hours=1)
"""So often rates and shares are counted anew."""
LISTEN_EVERY = timedelta(days=1)
"""So often chances are: what happens is told to them, so that they only have to forget."""
_SOON = frozenset({Skip.ALREADY_TRIED, Skip.BUSY, Skip.WRAP_UP})
"""Why those are not rung whom somebody who waits may get all the same."""


@dataclass(frozen=True, slots=True)
class Freed:
    """Word of an interpreter who became free."""

    interpreter: InterpreterId
    anew: bool = True
    """Whether a call ended, a window opened, or they said something: then they are there. The end
    of a ring says nothing of where they are."""


class LiveRoster:
    """Ranks the roster by one policy, and tells who became free."""

    def __init__(self, policy: Policy, levels: LevelScale = REGISTER) -> None:
        """`levels` is the scale of the installation."""
        self.policy = policy
        self.levels = levels
        self.on_free: Callable[[Freed], None] = lambda _freed: None
        """Told of everybody who becomes free; set once, at wiring."""
        self.on_change: Callable[[], None] = lambda: None
        """Told whenever `next_change` may have moved; set once, at wiring."""
        self._columns: RosterColumns | None = None
        self._knowledge = Knowledge()
        self._entries: tuple[ListEntry, ...] = ()
        self._revision: int | None = None
        self._learned_at: datetime | None = None
        """When rates and shares were counted last."""
        self._listened_at: datetime | None = None
        """When chances were."""
        self._bookings: int | None = None
        """The revision of the bookings that the standings tell of."""
        self._last_rung: dict[LanguageTag, InterpreterId] = {}
        self._on_line: set[InterpreterId] = set()
        self._reserved: set[InterpreterId] = set()
        """Who is promised, as memory has it."""
        self._doubts: dict[InterpreterId, tuple[Standing, datetime]] = {}
        """Of whom the rows say otherwise, as which standing, and since when."""
        self._readings: list[set[InterpreterId]] = []
        """For each reading that is under way, of whom something was said since it began."""

    # --- reading -------------------------------------------------------------------------------

    def refresh(self, conn: Connection, at: datetime) -> None:
        """Read the roster again if somebody changed it, or to learn from an hour's calls; two cheap
        queries else.

        Call it in a transaction that changes nothing of the roster itself.
        """
        revision, booked = store.revision(conn), bookings.revision(conn)
        learned = self._learned_at is not None and at - self._learned_at < LEARN_EVERY
        listened = self._listened_at is not None and at - self._listened_at < LISTEN_EVERY
        if learned and revision == self._revision:
            if booked != self._bookings:
                self._read_bookings(conn, at)
                self._bookings = booked
            return
        with self._reading() as moved:
            people = people_store.load_people(conn, scale=self.levels)
            promised = self._promised(people) if learned else None
            standings = standing_store.load_standings(conn, at, people, promised=promised)
            anew = None
            if not learned:
                # A month of offers takes long to read.
                known = self._knowledge.answering if listened else None
                anew = learning_store.load_knowledge(conn, at, people, standings, known)
            entries = lists_store.load_lists(conn)
            while moved:
                who = moved.pop()
                with suppress(LookupError):  # off the roster meanwhile
                    standings[who] = standing_store.load_standing(conn, who, at)
        # From here on nobody else has a turn.
        former = self._columns
        if former is not None and self._revision is not None and self._revision > revision:
            return  # another reading, begun later, was faster
        if anew is not None:
            self._learned_at = at
            self._listened_at = self._listened_at if listened else at
        for who in self._on_line & standings.keys():
            standings[who] = replace(standings[who], reserved=True)
        knowledge = replace(anew or self._knowledge, pool_rate=pool_rate(standings.values()))
        columns = RosterColumns(at, knowledge)
        columns.load((one, standings.get(one.id, Standing())) for one in people)
        self._columns, self._revision, self._bookings = columns, revision, booked
        self._knowledge, self._entries = knowledge, entries
        self.policy = self.policy.at_load(knowledge.load)
        self._reserved = {who for who, standing in standings.items() if standing.reserved}
        if former is not None:
            for one in people:
                if columns.is_free(one.id) and not _was_free(former, one.id):
                    self.on_free(Freed(one.id))
        self.on_change()

    def _promised(self, people: Iterable[Interpreter]) -> dict[InterpreterId, float]:
        """The minutes promised by those whose windows are what they were when last counted."""
        columns, promised = self._columns, {}
        for one in people:
            with suppress(KeyError):  # new on the roster
                if columns is not None and columns.interpreter(one.id).schedule == one.schedule:
                    promised[one.id] = columns.standing(one.id).minutes_promised
        return promised

    def _read_bookings(self, conn: Connection, at: datetime) -> None:
        """Somebody was booked, or is not any more; nothing else of the roster is read again."""
        booked = standing_store.load_booked(conn, at)
        columns = self._present
        for who in columns.people:
            standing = columns.standing(who)
            calls = booked.get(who, ())
            if standing.booked != calls:
                self._stand(who, replace(standing, booked=calls))

    def compare(self, conn: Connection, at: datetime) -> None:
        """Compare who is promised with the rows, and read those again of whom these say otherwise.

        One query when they agree. What was written a moment ago may not have been told yet, so only
        a difference that has lasted (see `IN_DOUBT_FOR`) counts.
        """
        rows, doubts = store.reserved(conn), self._doubts
        self._doubts = {}
        for who in self._reserved ^ (rows | self._on_line):
            with suppress(LookupError):  # off the roster meanwhile
                standing = self._present.standing(who)
                former, since = doubts.get(who, (None, at))
                if former is not standing:
                    self._doubts[who] = (standing, at)
                elif at - since < IN_DOUBT_FOR:
                    self._doubts[who] = (standing, since)
                else:
                    self._read_again(conn, who, at)

    def _read_again(self, conn: Connection, who: InterpreterId, at: datetime) -> None:
        with self._reading() as moved:
            standing = standing_store.load_standing(conn, who, at)
        if who not in moved:
            log.warning("the roster in memory was wrong about a promise", interpreter=int(who))
            self._stand(who, standing)

    @contextmanager
    def _reading(self) -> Iterator[set[InterpreterId]]:
        """Gather of whom something is said while rows are read."""
        moved: set[InterpreterId] = set()
        self._readings.append(moved)
        try:
            yield moved
        finally:
            self._readings = [one for one in self._readings if one is not moved]

    def rank(
        self,
        conn: Connection,
        requirements: Requirements,
        at: datetime,
        tried: Set[InterpreterId] = frozenset(),
    ) -> ColumnRanking:
        """Rank everybody who speaks the language, as of this moment."""
        self.refresh(conn, at)
        return self.rank_as_known(requirements, at, tried)

    def rank_as_known(
        self, requirements: Requirements, at: datetime, tried: Set[InterpreterId] = frozenset()
    ) -> ColumnRanking:
        """Rank them by the copy in memory: to be told whether a look at the rows is worth it."""
        self.advance(at)
        return self._present.rank(
            requirements,
            self.policy,
            lists=Lists.of(self._entries, requirements.agency, at),
            tried=tried,
            last_rung=self._last_rung.get(requirements.language),
        )

    def interpreter(self, who: InterpreterId) -> Interpreter:
        """The profile of somebody on the roster. Raises `KeyError` for nobody."""
        return self._present.interpreter(who)

    def is_free(self, who: InterpreterId) -> bool:
        """Whether nothing of their own speaks against ringing somebody; nobody is not free."""
        return self._columns is not None and _was_free(self._columns, who)

    def speaks(self, who: InterpreterId, language: LanguageTag) -> bool:
        """Whether somebody on the roster interprets a language; nobody does not."""
        try:
            return language in self._present.interpreter(who).skills
        except KeyError:
            return False

    def share(self, who: InterpreterId) -> float | None:
        """Somebody's published share of the work, 1 for an even one; `None` when there is none to
        tell: no hours promised, nothing offered to anybody, or nobody of that id.
        """
        rate = self._knowledge.pool_rate
        try:
            standing = self._present.standing(who)
        except KeyError:
            return None
        if rate <= 0 or standing.minutes_promised <= 0:
            return None
        return float(share(standing.minutes_offered, standing.minutes_promised, rate))

    @property
    def languages(self) -> tuple[LanguageTag, ...]:
        """The languages and pairs of everybody on the roster."""
        return self._present.languages

    def pivots(self, language: LanguageTag) -> tuple[LanguageTag, ...]:
        """The languages to and from which somebody may interpret this one besides Portuguese."""
        pairs = (split_pair(one) for one in self._present.languages)
        return tuple(found[1] for found in pairs if found is not None and found[0] == language)

    def busy_speakers(self, language: LanguageTag) -> int:
        """How many who speak a language are promised to a call now."""
        speakers = self._speakers(language)
        return sum(self._present.standing(one).reserved for one in speakers)

    def free_speakers(self, language: LanguageTag) -> int:
        """How many who speak a language could be rung now, as far as they are concerned."""
        return sum(self._present.is_free(one) for one in self._speakers(language))

    def has_speakers(self, language: LanguageTag) -> bool:
        """Whether anybody on the roster interprets a language, now or at other hours."""
        return bool(self._speakers(language))

    def _speakers(self, language: LanguageTag) -> list[InterpreterId]:
        ranking = self._present.rank(Requirements(language), self.policy)
        return [InterpreterId(int(one)) for one in ranking.speakers]

    def only_unreached(
        self, requirements: Requirements, at: datetime, tried: Set[InterpreterId]
    ) -> bool:
        """Whether somebody would be rung for this now, were their telephone to be reached.

        `False` as well where others could serve it in a while: they are rung in vain just now, in
        a call, or in the pause after one.
        """
        lists = Lists.of(self._entries, requirements.agency, at)
        ranking = self._present.rank(requirements, self.policy, lists=lists, tried=tried)
        counts = ranking.counts()
        return Skip.UNREACHED in counts and not (len(ranking) or _SOON & counts.keys())

    def not_answering(self, at: datetime) -> tuple[InterpreterId, ...]:
        """Who would be there at this moment, and is not rung only because they do not answer."""
        self.advance(at)
        return () if self._columns is None else self._columns.kept_by(Skip.NOT_ANSWERING)

    @property
    def load(self) -> float:
        """How busy the service is, as far as is known (`rates.Rates.load`)."""
        return self._knowledge.load

    @property
    def call_minutes(self) -> float:
        """The mean length of a call, as far as is known."""
        return self._knowledge.call_minutes

    # --- time ----------------------------------------------------------------------------------

    @property
    def next_change(self) -> datetime | None:
        """The next moment at which somebody may become free by time alone."""
        return None if self._columns is None else self._columns.next_change

    def still_free(self, who: InterpreterId) -> None:
        """Have it told again that somebody is free, of whom it may have been told in vain."""
        if self.is_free(who):
            self.on_free(Freed(who, anew=False))

    def advance(self, at: datetime) -> None:
        """Time has passed; whoever became free by it is told of."""
        if self._columns is not None:
            for who in self._columns.advance(at):
                self.on_free(Freed(who))

    # --- what happens --------------------------------------------------------------------------

    def rung(self, who: InterpreterId, language: LanguageTag, at: datetime) -> None:
        """An offer begins."""
        self._last_rung[language] = who
        self._stand(who, self._present.standing(who).rung(at))

    def promised(self, who: InterpreterId) -> None:
        """They are promised without an offer: by another process, or to come back into a room."""
        self._stand(who, replace(self._present.standing(who), reserved=True))

    def rings_us(self, who: InterpreterId) -> None:
        """They are on the telephone with us: ringing them now would find them busy."""
        with suppress(KeyError):  # on the roster since it was read last
            if not self._present.standing(who).reserved:
                self.promised(who)
                self._on_line.add(who)

    def rang_us(self, who: InterpreterId) -> None:
        """They have hung up."""
        if who in self._on_line:
            self._on_line.discard(who)
            with suppress(KeyError):  # off the roster meanwhile
                self.released(who)

    def accepted(self, who: InterpreterId, seconds: float) -> None:
        """They pressed 1 after so many seconds."""
        self._present.accepted(who, seconds)
        self._stand(who, self._present.standing(who).accepted())

    def refused(self, who: InterpreterId, seconds: float) -> None:
        """They pressed 2 after so many seconds."""
        self._present.not_accepted(who, seconds)
        self._stand(who, self._present.standing(who).refused(self.call_minutes), anew=False)

    def unanswered(self, who: InterpreterId, seconds: float) -> None:
        """Their phone rang out after so many seconds, or nobody pressed a key."""
        self._present.not_accepted(who, seconds)
        standing = self._present.standing(who).unanswered(self.call_minutes)
        self._stand(who, standing, anew=False)
        in_a_row = self._present.interpreter(who).limits.unanswered_in_a_row
        if standing.unanswered_streak == in_a_row:
            log.warning("an interpreter is not answering", interpreter=int(who), in_a_row=in_a_row)

    def unreached(self, who: InterpreterId, at: datetime, promised_at: datetime) -> None:
        """No telephone of theirs could be reached with the ring promised at a moment."""
        self._stand(who, self._present.standing(who).unreached(at, promised_at), anew=False)

    def stopped(self, who: InterpreterId, seconds: float) -> None:
        """We stopped ringing them after so many seconds."""
        self._present.stopped(who, seconds)

    def released(self, who: InterpreterId, *, anew: bool = True) -> None:
        """The promise is over without a call; nothing is held against them.

        Not `anew`: because their phone does not ring any more (see `Freed`).
        """
        self._stand(who, self._present.standing(who).released(), anew=anew)

    def call_ended(
        self, who: InterpreterId, began: datetime, ended: datetime, *, hard: bool = False
    ) -> None:
        """They left a call; their pause begins, the longer one after a hard call."""
        limits = self._present.interpreter(who).limits
        midnight = next_midnight(ended, self._knowledge.zone)
        standing = self._present.standing(who)
        self._stand(who, standing.call_ended(began, ended, limits, day_ends=midnight, hard=hard))

    @property
    def _present(self) -> RosterColumns:
        if self._columns is None:
            raise RuntimeError("the roster has not been read")
        return self._columns

    def _stand(self, who: InterpreterId, standing: Standing, *, anew: bool = True) -> None:
        before = self._present.is_free(who)
        self._present.stand(who, standing)
        (self._reserved.add if standing.reserved else self._reserved.discard)(who)
        for moved in self._readings:
            moved.add(who)
        if self._present.is_free(who) and not before:
            self.on_free(Freed(who, anew))
        self.on_change()


def _was_free(columns: RosterColumns, who: InterpreterId) -> bool:
    try:
        return columns.is_free(who)
    except KeyError:
        return False
