# SPDX-License-Identifier: EUPL-1.2
"""A whole bridge in memory on virtual time: simulated switch, real SQL, real scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import Connection, select

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId, NewBooking, ceil
from bridge.callers.keys import CallerKeys
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.clock import LoopClock
from bridge.conference import store as conference
from bridge.conference.calls import Calls
from bridge.conference.ports import Ports
from bridge.conversations.by_name import Conversations
from bridge.conversations.speaking import Speaking
from bridge.conversations.technician_answers import AnswerTools
from bridge.duties.opening_call_backs import OpeningCallBacks
from bridge.duties.schedule import Duties
from bridge.hours.directory import Directory, load_directory
from bridge.hours.model import Schedule, Weekday, Window
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import load_catalogue
from bridge.roster import store as roster
from bridge.roster.live import LiveRoster
from bridge.roster.model import Presence
from bridge.roster.people_store import load_people, load_person, pin_code, set_level, set_pin
from bridge.roster.policies import POLICIES
from bridge.roster.requirements import Requirements
from bridge.roster.skills import REGISTER, LevelScale
from bridge.storage.inline import InlineDatabase
from bridge.telephony.simulated import SimulatedSwitch
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import (
    AgencyId,
    CallId,
    InterpreterId,
    LanguageTag,
    PhoneNumber,
    TechnicianId,
)
from lab.phones import Behaviour, behave
from tests.storage_samples import PEPPER, quick_hasher

T = TypeVar("T")
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LINE = "+351218106191"
TECHNICIAN = "+351210000001"
AGENCY_CODE, PIN = "4021", "739104"
UKRAINIAN = LanguageTag("uk")
REQUIRES_A_LEVEL = ("*4", "4", "#")
"""The keys by which a high level, B, is wished, then required."""
_HASHER = quick_hasher()
_PIN_LOOKUP, _PIN_HASH = _HASHER.lookup(AGENCY_CODE, PIN), _HASHER.hash(AGENCY_CODE, PIN)


class WatchedDatabase(InlineDatabase):
    """Tells when something was written, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()
        self.before: Callable[[], None] = _nothing
        """Called before each transaction; raises `DatabaseUnavailable` instead of it."""
        self.after: Callable[[], None] = _nothing
        """Called as soon as something was written."""
        self.dead = False
        """Whether whoever asks is dead, and does nothing more."""

    async def run(self, work: Callable[[Connection], T]) -> T:
        """See `Database.run`."""
        await self._alive()
        self.before()
        before = self.changes
        result = self.run_now(work)
        wrote = self.changes != before
        if wrote:
            self.after()
        await self._alive()
        if wrote:
            self.written.set()
        return result

    async def _alive(self) -> None:
        await asyncio.sleep(0)
        if self.dead:
            await asyncio.Event().wait()


class World:
    """One bridge, its database and the telephones around it."""

    def __init__(
        self,
        policy: str = "longest_idle",
        *,
        start: datetime = START,
        operator_on_duty: bool = True,
        directory: Directory | None = None,
        levels: LevelScale = REGISTER,
    ) -> None:
        self.policy = policy
        self.levels = levels
        self.operator_on_duty = operator_on_duty
        self.directory = always_open() if directory is None else directory
        self.promises_by = load_directory()
        """By whose hours promises are kept."""
        self.catalogue = load_catalogue()
        self.clock = LoopClock(start)
        self.switch = SimulatedSwitch(self.clock)
        self.database = WatchedDatabase()
        self.calls: Calls
        self.duties: Duties
        self.booked_for = START
        self._interpreters = 0
        self.database.run_now(self._agency)

    @staticmethod
    def _agency(conn: Connection) -> None:
        agency = agencies.add_agency(conn, AGENCY_CODE, "Hospital de Teste", AgencyKind.HEALTH)
        agencies.add_technician(
            conn, agency, "Técnica de Teste", pin_lookup=_PIN_LOOKUP, pin_hash=_PIN_HASH
        )

    async def start_bridge(self, owner: str = "first") -> None:
        """Start a bridge process on this database and switch."""
        ports = Ports(
            database=self.database,
            switch=self.switch,
            clock=self.clock,
            roster=LiveRoster(POLICIES[self.policy], self.levels),
            caller_id=PhoneNumber(LINE),
            ring_seconds=20.0,
            migrant_ring_seconds=30.0,
            owner=owner,
            directory=self.promises_by,
        )
        catalogue = self.catalogue
        self.calls = Calls(ports, migrant_languages=catalogue.spoken_to_migrant)
        self.openings = OpeningCallBacks(ports, self.directory)
        self.switch.handler = Conversations(
            Speaking(
                calls=self.calls,
                tools=AnswerTools(
                    self.database,
                    self.clock,
                    _HASHER,
                    self.calls.queue,
                    CallerKeys(PEPPER),
                    self.levels,
                ),
                languages=load_languages(),
                catalogue=catalogue,
                operator_on_duty=self.operator_on_duty,
                directory=self.directory,
                openings=self.openings,
            )
        ).handle
        self.duties = Duties(self.calls, self.database, self.switch, self.clock, owner)
        await self.calls.start()

    async def restart(self) -> None:
        """Kill the bridge where it stands and start another process on the same database.

        Who was in conversation is brought back by Asterisk; here a test has them `talk` again.
        """
        self.switch.lose_link()
        await self.calls.stop()
        self.switch.restore_link()
        await self.start_bridge("second")

    def die(self) -> None:
        """Kill the bridge at this very moment; to be followed by `come_back`."""
        self.database.dead = True
        self.duties.stop()
        self.switch.cut_off()

    async def come_back(self) -> None:
        """Start another process after `die`; who was in conversation is brought back to it."""
        await self.calls.stop()
        self.database.dead = False
        self.switch.answer_again()
        await self.start_bridge("second")

    # --- the roster and the telephones ---------------------------------------------------------

    def interpreter(
        self,
        behaviour: Behaviour,
        *languages: LanguageTag,
        presence: Presence = Presence.AVAILABLE,
        level: str | None = None,
    ) -> InterpreterId:
        """A new interpreter (of Ukrainian, unless told otherwise) whose telephone behaves so.

        The level, by its name, is that of all languages; without one nothing is proven.
        """
        self._interpreters += 1
        number = PhoneNumber(f"+3519100000{self._interpreters:02d}")
        self.telephone(number.e164, behaviour)
        spoken = languages or (UKRAINIAN,)

        def work(conn: Connection) -> InterpreterId:
            name = f"Intérprete {self._interpreters}"
            who = roster.add_interpreter(conn, name, number, spoken, presence=presence, vetted=True)
            if level is not None:
                for language in spoken:
                    set_level(conn, who, language, self.levels.parse(level))
            return who

        return self.database.run_now(work)

    def telephone(self, number: str, behaviour: Behaviour) -> None:
        """Say how the telephone of this number behaves."""

        async def ring(line: SimulatedLine) -> None:
            await behave(behaviour, line)

        self.switch.telephones[number] = ring

    def technician(self, *keys: str) -> SimulatedLine:
        """A technician rings the line and keys these entries, a second apart."""

        async def ring(line: SimulatedLine) -> None:
            for entry in keys:
                await line.wait(1.0)
                await line.key(entry)

        return self.switch.call(TECHNICIAN, LINE, ring)

    def request(
        self, language: str = "uk", migrant: str | None = None, *, wishes: tuple[str, ...] = ()
    ) -> SimulatedLine:
        """A technician who asks for an interpreter and then waits.

        `wishes` are keyed before the language, as `REQUIRES_A_LEVEL`.
        """
        found = load_languages().by_tag(LanguageTag(language))
        assert found is not None
        place = ("1",) if migrant is None else ("2", f"{migrant}#", "1")
        return self.technician(AGENCY_CODE + PIN, *wishes, found.code, "1", *place)

    def set_pin(self, who: InterpreterId, pin: str) -> None:
        """Give an interpreter the PIN with which to ring the line."""
        hashed = _HASHER.hash(pin_code(who), pin)
        self.database.run_now(lambda conn: set_pin(conn, who, hashed))

    def ring_as(self, who: InterpreterId, *keys: str) -> SimulatedLine:
        """An interpreter rings the line from the own number and keys these, two seconds apart."""

        async def ring(line: SimulatedLine) -> None:
            for entry in keys:
                await line.wait(2.0)
                await line.key(entry)

        person = self.database.run_now(lambda conn: load_person(conn, who))
        assert person is not None
        return self.switch.call(person.phones[0].e164, LINE, ring)

    def presence(self, who: InterpreterId) -> Presence | None:
        """What an interpreter last said."""
        person = self.database.run_now(lambda conn: load_person(conn, who))
        return None if person is None else person.presence.state

    def set_presence(
        self, who: InterpreterId, presence: Presence, *, minutes: int | None = None
    ) -> None:
        """Somebody says that an interpreter is available, or not, as the web pages would."""
        at = self.clock.now()
        until = None if minutes is None else at + timedelta(minutes=minutes)

        def work(conn: Connection) -> None:
            roster.set_presence(conn, who, presence, until=until, at=at)

        self.database.run_now(work)
        self.refresh()

    def refresh(self) -> None:
        """The bridge looks whether the roster was changed."""
        self.database.run_now(self.calls.refresh_roster)

    def mark_called(self, who: InterpreterId) -> None:
        """An interpreter took a call a little while ago, so others are rung before."""
        at = self.clock.now() - timedelta(minutes=30)
        self.database.run_now(lambda conn: roster.mark_call_ended(conn, who, at))

    def interpreter_ids(self) -> list[InterpreterId]:
        """The interpreters, in the order in which they were added."""
        return sorted(one.id for one in self.database.run_now(load_people))

    async def book(
        self, who: InterpreterId, *, minutes_ahead: int = 60, dial_in_code: str | None = None
    ) -> BookingId:
        """A call in Ukrainian is booked with this interpreter, at the next quarter."""
        self.booked_for = ceil(self.clock.now() + timedelta(minutes=minutes_ahead))
        new = NewBooking(
            requirements=Requirements(UKRAINIAN),
            interpreter=who,
            starts_at=self.booked_for,
            agency=AgencyId(1),
            technician=TechnicianId(1),
            technician_number=PhoneNumber(TECHNICIAN),
            dial_in_code=dial_in_code,
        )
        at = self.clock.now()
        made = await self.database.run(lambda conn: bookings.book(conn, new, at))
        assert made is not None
        return made

    async def dial_bookings_at(self, moment: datetime) -> None:
        """Let time pass until a moment, and have the bookings dialled as the scheduler would."""
        await asyncio.sleep(max(0.0, (moment - self.clock.now()).total_seconds()))
        duties = Duties(self.calls, self.database, self.switch, self.clock, "first")
        await duties.dial_bookings()

    # --- looking at it -------------------------------------------------------------------------

    def events(self, call: CallId | None = None) -> list[Event]:
        """The events of a call, or of the first one."""
        which = call or self.call_ids()[0]
        return self.database.run_now(
            lambda conn: [one.event for one in calllog.events_of(conn, which)]
        )

    def kinds(self, call: CallId | None = None) -> list[EventKind]:
        """The kinds of a call's events, in order."""
        return [event.kind for event in self.events(call)]

    def call_ids(self) -> list[CallId]:
        """The calls, the oldest first."""
        in_order = select(conference.call.c.id).order_by(conference.call.c.serial)
        return self.database.run_now(lambda conn: list(conn.execute(in_order).scalars()))

    def outcome(self, call: CallId | None = None) -> str | None:
        """The outcome written in the call's last event, if it has ended."""
        last = self.events(call)[-1]
        return str(last.data["outcome"]) if last.kind is EventKind.CALL_ENDED else None

    def reserved(self) -> frozenset[InterpreterId]:
        """Who is promised to a call now."""
        return self.database.run_now(roster.reserved)

    async def until(
        self, holds: Callable[[], bool], seconds: float = 300.0, *, look_every: float = 1.0
    ) -> None:
        """Let virtual time pass until something holds; fails after so many seconds.

        Looked at whenever something was written, and every so often: the switch writes nothing.
        """
        async with asyncio.timeout(seconds):
            while not holds():
                self.database.written.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(look_every):
                        await self.database.written.wait()

    async def event(self, kind: EventKind, call: int = 0, seconds: float = 300.0) -> Event:
        """Wait for the first event of this kind in the `call`-th call."""

        def found() -> Event | None:
            ids = self.call_ids()
            if len(ids) <= call:
                return None
            return next((one for one in self.events(ids[call]) if one.kind is kind), None)

        await self.until(lambda: found() is not None, seconds, look_every=seconds)
        event = found()
        assert event is not None
        return event


def _nothing() -> None:
    """Nothing happens."""


def always_open() -> Directory:
    """The lines and services as they are, but never closed: most tests are not about hours."""
    found = load_directory()
    hours = Schedule((Window(frozenset(Weekday), time(), time(), on_holidays=True),))
    return Directory(
        lines=tuple(replace(line, schedule=hours) for line in found.lines),
        services=tuple(replace(service, schedule=hours) for service in found.services),
    )


def all_week() -> Window:
    """A window that is open from early to late, every day."""
    return Window(frozenset(Weekday), time(0, 15), time(23, 45), on_holidays=True)


@asynccontextmanager
async def world(policy: str = "longest_idle") -> AsyncIterator[World]:
    """A world with a running bridge, by default one that rings one after the other."""
    made = World(policy)
    await made.start_bridge()
    try:
        yield made
    finally:
        await made.calls.stop()
        made.switch.close()
        await made.database.dispose()
