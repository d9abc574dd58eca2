# SPDX-License-Identifier: EUPL-1.2
"""Plays a scenario on a whole installation: real SIP, real audio, a real bridge process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, update

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.store import booking
from bridge.calllog.model import Event, EventKind
from bridge.roster import store as roster
from bridge.roster.people import Limits
from bridge.roster.people_store import load_person, pin_code, set_limits, set_pin
from bridge.roster.seed_plan import ALWAYS
from bridge.roster.windows_store import set_windows
from bridge.storage.engine import SqlDatabase
from bridge.vocabulary import CallId, InterpreterId, PhoneNumber, Role
from lab import verdict
from lab.audio import ROLE_TONES
from lab.installation import Installation
from lab.leg import LegTooLate, PhoneLeg, Tone
from lab.network import INTERPRETER_TONE, MIGRANT_TONE, TECHNICIAN_TONE
from lab.scenario import (
    AGENCY_CODE,
    GUEST_NUMBER,
    INTERPRETER_PIN,
    MIGRANT_NUMBER,
    OPERATOR_NUMBER,
    PIN,
    BeRung,
    BringForward,
    Call,
    During,
    HangUp,
    Interpreter,
    Key,
    KillBridge,
    Meet,
    Mute,
    Pause,
    RemindIn,
    Scenario,
    StartBridge,
    Step,
    Technician,
    Vanish,
    WaitFor,
    WaitHangUp,
    WaitPresence,
    unmet,
)
from lab.verdict import Played

LATER_SECONDS = 5.0
STEP_SECONDS = 60.0
"""No single step of a scenario may take longer."""


class ScenarioFailed(Exception):
    """A step could not be carried out; the message says which and why."""


class Run:
    """One playing of one scenario."""

    def __init__(self, scenario: Scenario, installation: Installation) -> None:
        self._scenario = scenario
        self._at = installation
        self._interpreters: Mapping[str, InterpreterId] = {}
        self._legs: dict[str, PhoneLeg] = {}
        self._calls: dict[str, CallId] = {}
        self._first_leg = len(installation.network.legs)
        self._first_arrival = len(installation.network.arrivals)
        self._ringing = asyncio.Lock()
        self._meetings: dict[str, asyncio.Barrier] = {}
        self._killed_at: float | None = None
        self._alive = False

    async def play(self) -> Played:
        """Play it and compare. Raises `ScenarioFailed`."""
        await self._prepare()
        try:
            async with asyncio.TaskGroup() as together:
                for person in self._scenario.people:
                    together.create_task(self._act(person))
            if self._alive:
                await self._until_all_ended()
            problems = await self._compare()
        except* (LegTooLate, TimeoutError) as failures:
            told = "; ".join(str(one) or type(one).__name__ for one in failures.exceptions)
            raise ScenarioFailed(f"{told}\n{self._story()}") from None
        finally:
            await self._clean_up()
        arrivals = self._at.network.arrivals[self._first_arrival :]
        figures = self._at.read(lambda conn: verdict.how_long(conn, self._events(), arrivals))
        took = [f"{what}: {milliseconds} ms" for what, milliseconds in figures.items()]
        return Played(tuple(problems), figures, "\n".join([*took, self._story()]))

    # --- before and after ----------------------------------------------------------------------

    async def _prepare(self) -> None:
        scenario, network = self._scenario, self._at.network
        self._at.settings["STT_POLICY"] = scenario.policy
        self._at.settings["STT_RING_SECONDS"] = str(scenario.ring_seconds)
        self._at.settings["STT_OPERATOR_NUMBER"] = OPERATOR_NUMBER if scenario.operator else ""
        self._interpreters = await self._at.new_database(self._fill)
        for interpreter in scenario.interpreters:
            tone = Tone(ROLE_TONES[interpreter.tone])
            network.phone(interpreter.number, interpreter.phone, tone)
        for technician in scenario.technicians:
            if technician.phone is not None:
                network.phone(technician.number, technician.phone, TECHNICIAN_TONE)
        if scenario.migrant is not None:
            network.phone(MIGRANT_NUMBER, scenario.migrant, MIGRANT_TONE)
        if scenario.operator is not None:
            network.phone(OPERATOR_NUMBER, scenario.operator, Tone(ROLE_TONES[Role.OPERATOR]))
        if scenario.guest is not None:
            network.phone(GUEST_NUMBER, scenario.guest, Tone(ROLE_TONES[Role.GUEST]))
        await self._at.start_bridge()
        self._alive = True

    def _fill(self, conn: Connection) -> dict[str, InterpreterId]:
        hasher = self._at.hasher
        agency = agencies.add_agency(conn, AGENCY_CODE, "Hospital do Ensaio", AgencyKind.HEALTH)
        agencies.set_relay_allowed(conn, agency.id, self._scenario.relay)
        agencies.add_technician(
            conn,
            agency,
            "Técnica do Ensaio",
            pin_lookup=hasher.lookup(AGENCY_CODE, PIN),
            pin_hash=hasher.hash(AGENCY_CODE, PIN),
        )
        return {
            one.name: self._add(conn, place, one)
            for place, one in enumerate(self._scenario.interpreters)
        }

    def _add(self, conn: Connection, place: int, one: Interpreter) -> InterpreterId:
        now = datetime.now(UTC)
        who = roster.add_interpreter(
            conn,
            f"Intérprete {place + 1}",
            PhoneNumber.parse(one.number),
            one.languages,
            presence=one.presence,
            vetted=True,
        )
        # The first named is the longest idle.
        roster.mark_call_ended(conn, who, now - timedelta(hours=24 - place))
        if one.presence_minutes is not None:
            until = now + timedelta(minutes=one.presence_minutes)
            roster.set_presence(conn, who, one.presence, until=until, at=now)
        if one.always_open:
            set_windows(conn, who, ALWAYS)
        if one.wrap_up_seconds is not None:
            set_limits(conn, who, Limits(wrap_up=timedelta(seconds=one.wrap_up_seconds)))
        if one.steps:
            set_pin(conn, who, self._at.hasher.hash(pin_code(who), INTERPRETER_PIN))
        return who

    async def _until_all_ended(self) -> None:
        async with asyncio.timeout(STEP_SECONDS):
            await until(
                lambda: all(
                    any(event.kind is EventKind.CALL_ENDED for event in events)
                    for events in self._events()
                )
            )

    async def _clean_up(self) -> None:
        for leg in self._at.network.legs:
            if not leg.ended:
                await leg.hang_up()
        await self._at.stop_bridge()

    # --- what people do ------------------------------------------------------------------------

    async def _act(self, person: Technician | Interpreter) -> None:
        for step in person.steps:
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    await self._step(person, step)
            except (LegTooLate, TimeoutError) as reason:
                what = f"{person.name} could not {type(step).__name__} ({step}): {reason}"
                raise LegTooLate(what) from None

    async def _step(self, person: Technician | Interpreter, step: Step) -> None:
        match step:
            case Call(line):
                await self._ring(person, line)
            case Key(keys, None):
                await self._legs[person.name].key(keys)
            case Key(keys, Role() as role):
                await self._leg_of(role, person).key(keys)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case WaitFor(kind, count):
                await until(lambda: self._happened(person, kind) >= count)
            case Meet(name):
                await self._meet(name)
            case HangUp():
                await self._legs[person.name].hang_up()
            case WaitHangUp():
                await self._legs[person.name].wait_hang_up(STEP_SECONDS)
            case BeRung():
                await self._be_rung(person)
            case Vanish(role, cause):
                await self._leg_of(role, person).vanish(cause)
            case Mute(role):
                await self._leg_of(role, person).mute()
            case WaitPresence(presence):
                who = self._interpreters[person.name]
                await until(
                    lambda: (
                        (found := self._at.read(lambda conn: load_person(conn, who))) is not None
                        and found.presence.state is presence
                    )
                )
            case BringForward(seconds):
                await self._bring_forward(seconds)
            case RemindIn(seconds):
                await self._remind_in(seconds)
            case KillBridge():
                await self._at.kill_bridge()
                self._alive = False
                self._killed_at = datetime.now(UTC).timestamp()
            case StartBridge():
                await self._at.start_bridge()
                self._alive = True

    async def _ring(self, person: Technician | Interpreter, line: str) -> None:
        if isinstance(person, Interpreter):
            leg = await self._at.network.call(person.number, line, sound=INTERPRETER_TONE)
            self._legs[person.name] = leg
            return
        # One after the other until the bridge has opened the call: so we know whose it is.
        async with self._ringing:
            known = {call for call, _ in self._at.calls()}
            leg = await self._at.network.call(person.number, line, person.shown_name)
            self._legs[person.name] = leg
            await until(lambda: len(self._at.calls()) > len(known))
            self._calls[person.name] = self._at.calls()[-1][0]
        await leg.speak()

    async def _be_rung(self, person: Technician | Interpreter) -> None:
        """The own telephone is rung; from then on the new leg is theirs, in the call it is of."""
        former = self._legs.get(person.name)
        rung = self._legs_of(person.number)
        await until(lambda: bool(rung := self._legs_of(person.number)) and rung[-1] is not former)
        rung = self._legs_of(person.number)
        self._legs[person.name] = rung[-1]
        await rung[-1].wait_answered()
        redialled = [
            event
            for events in self._events()
            for event in events
            if event.kind is EventKind.REDIALLED
        ]
        if redialled:
            self._calls[person.name] = max(redialled, key=lambda event: event.at).call

    async def _bring_forward(self, seconds: float) -> None:
        """Move the start of whatever is booked; the bridge itself books full quarters only."""
        start = datetime.now(UTC) + timedelta(seconds=seconds)
        moved = update(booking).values(starts_at=start, ends_at=start + timedelta(minutes=30))

        def move(conn: Connection) -> None:
            conn.execute(moved)
            bookings.changed(conn)

        await self._write(move)

    async def _remind_in(self, seconds: float) -> None:
        """Add a reminder of whatever is booked: what begins within the hour has none."""
        due = datetime.now(UTC) + timedelta(seconds=seconds)

        def remind(conn: Connection) -> None:
            for one in bookings.bookings_between(conn, due, due + timedelta(days=1)):
                bookings.remind_again(conn, one.id, due)

        await self._write(remind)

    async def _write(self, work: Callable[[Connection], None]) -> None:
        database = SqlDatabase(self._at.database_url)
        try:
            await database.run(work)
        finally:
            await database.dispose()

    async def _meet(self, name: str) -> None:
        everybody = sum(Meet(name) in one.steps for one in self._scenario.people)
        barrier = self._meetings.setdefault(name, asyncio.Barrier(everybody))
        await barrier.wait()

    # --- looking at it -------------------------------------------------------------------------

    def _events_of(self, call: CallId) -> list[Event]:
        return [stored.event for stored in self._at.events(call)]

    def _events(self) -> list[list[Event]]:
        return [self._events_of(call) for call, _ in self._at.calls()]

    def _happened(self, person: Technician | Interpreter, kind: EventKind) -> int:
        """How often, in the person's own call; in any, for who has none."""
        mine = self._calls.get(person.name)
        calls = self._events() if mine is None else [self._events_of(mine)]
        return sum(event.kind is kind for events in calls for event in events)

    async def _compare(self) -> list[str]:
        expect = self._scenario.expect
        problems = unmet(expect, self._events(), self._interpreters)
        first = self._scenario.technicians[0]
        if expect.hear_each_other is not None:
            legs = {name: self._voice(name, first) for name in expect.hear_each_other.who}
            began = self._moment(expect.hear_each_other.during)
            problems += await verdict.who_hears_whom(expect.hear_each_other, legs, began)
        for role, prompts in expect.hear_prompts.items():
            legs_of_role = self._legs_of(*self._numbers(role))
            problems += await verdict.prompts_missed(role, prompts, legs_of_role)
        wanted = {self._interpreters[name]: (name, one) for name, one in expect.presence.items()}
        problems += self._at.read(lambda conn: verdict.presences_missed(conn, wanted))
        problems += self._at.read(verdict.dialled_at_the_wrong_time)
        await asyncio.gather(*(leg.hang_up() for leg in self._at.network.legs if not leg.ended))
        return problems + await verdict.left_behind(self._at.pbx.rx)

    def _moment(self, during: During) -> float:
        if during is During.AFTER_KILL:
            if self._killed_at is None:
                raise ScenarioFailed("the scenario listens after a kill that it does not have")
            return self._killed_at
        wanted = EventKind.ROOM_COMPLETE if during is During.ROOM else EventKind.ROOM_ENTERED
        moments = [
            event.at.timestamp()
            for events in self._events()
            for event in events
            if event.kind is wanted
        ]
        if not moments:
            raise ScenarioFailed(f"{wanted} never happened\n{self._story()}")
        later = LATER_SECONDS if during is During.LATER else 0.0
        return moments[0] if during is During.ROOM else max(moments) + later

    def _numbers(self, role: Role) -> Iterable[str]:
        match role:
            case Role.TECHNICIAN:
                return [one.number for one in self._scenario.technicians]
            case Role.INTERPRETER:
                return [one.number for one in self._scenario.interpreters]
            case Role.MIGRANT:
                return [MIGRANT_NUMBER]
            case Role.OPERATOR:
                return [OPERATOR_NUMBER]
            case Role.GUEST:
                return [GUEST_NUMBER]

    def _legs_of(self, *numbers: str) -> list[PhoneLeg]:
        """The legs of these numbers in this playing, the oldest first."""
        return [leg for leg in self._at.network.legs[self._first_leg :] if leg.number in numbers]

    def _leg_of(self, role: Role, seen_by: Technician | Interpreter) -> PhoneLeg:
        """The leg of this role in the room: its latest."""
        if role is Role.TECHNICIAN:
            return self._legs[seen_by.name]
        if role is not Role.INTERPRETER:
            return self._legs_of(*self._numbers(role))[-1]
        accepted = [
            event
            for events in self._events()
            for event in events
            if event.kind is EventKind.OFFER_ACCEPTED
        ]
        who = max(accepted, key=lambda event: event.at).data.get("interpreter")
        number = next(
            one.number for one in self._scenario.interpreters if self._interpreters[one.name] == who
        )
        return self._legs_of(number)[-1]

    def _voice(self, name: str, seen_by: Technician) -> tuple[PhoneLeg, Role]:
        """The leg of a role, or of an interpreter by name, and whose tone they speak with."""
        for one in self._scenario.interpreters:
            if one.name == name:
                return self._legs_of(one.number)[-1], one.tone
        return self._leg_of(Role(name), seen_by), Role(name)

    def _story(self) -> str:
        """What happened, for whoever has to find out why."""
        lines: list[str] = []
        with suppress(RuntimeError):
            for number, events in enumerate(self._events(), 1):
                lines.append(f"call {number}:")
                start = events[0].at if events else datetime.now(UTC)
                lines += [
                    f"  {(event.at - start).total_seconds():7.3f} {event.kind} {dict(event.data)}"
                    for event in events
                    if event.kind is not EventKind.RANKED
                ]
        return "\n".join([*lines, self._at.log_tail()])


async def until(holds: Callable[[], bool]) -> None:
    """Return once `holds()`; it is about another process's database, so it is looked at often."""
    while not holds():  # noqa: ASYNC110 -- nothing in this process could set an event
        await asyncio.sleep(0.03)


async def play(scenario: Scenario, installation: Installation) -> Played:
    """Play a scenario: what was expected and is not true, and how long things took.

    The installation's two Asterisks must be running. Raises `ScenarioFailed` when a step could not
    be carried out, and `lab.installation.BridgeFailed`.
    """
    return await Run(scenario, installation).play()
