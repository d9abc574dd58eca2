# SPDX-License-Identifier: EUPL-1.2
"""Plays a scenario on a whole installation: real SIP, real audio, a real bridge process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy import Connection

from bridge.calllog.model import Event, EventKind
from bridge.roster.people_store import load_person
from bridge.storage.engine import SqlDatabase
from bridge.vocabulary import CallId, InterpreterId, Role
from lab import moments, verdict
from lab.asking import Asking
from lab.audio import read_wav
from lab.casting import fill, register, service_number
from lab.installation import PROMPTS, Installation
from lab.leg import LegTooLate, PhoneLeg
from lab.likeness import ALIKE, likeness
from lab.network import INTERPRETER_TONE, MIGRANT_TONE
from lab.scenario import (
    GUEST_NUMBER,
    MIGRANT_NUMBER,
    OPERATOR_NUMBER,
    HearEachOther,
    Interpreter,
    Migrant,
    Person,
    Scenario,
    Technician,
    unmet,
)
from lab.steps import (
    DIAL_IN,
    BeRung,
    BringForward,
    Call,
    HangUp,
    Hear,
    Key,
    KillBridge,
    Listen,
    Meet,
    Mute,
    OpenLine,
    Pause,
    RemindIn,
    StartBridge,
    Step,
    Vanish,
    WaitFor,
    WaitHangUp,
    WaitPresence,
)
from lab.verdict import Played

STEP_SECONDS = 60.0
"""No single step of a scenario may take longer."""
LISTEN_SECONDS = 30.0
"""How long it may take until all hear each other, whatever is said to one of them meanwhile."""
LISTEN_EVERY = 0.5
"""Seconds between two looks for a prompt in what was heard so far."""


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
        self._unheard: list[str] = []
        self._asking = Asking(installation.onlooker)
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
        scenario = self._scenario
        self._at.hours, self._at.closed_services = scenario.hours, scenario.closed_services
        self._at.settings["STT_POLICY"] = scenario.policy
        self._at.settings["STT_RING_SECONDS"] = str(scenario.ring_seconds)
        self._at.settings["STT_OPERATOR_NUMBER"] = OPERATOR_NUMBER if scenario.operator else ""
        self._interpreters = await self._at.new_database(
            lambda conn: fill(conn, scenario, self._at.hasher)
        )
        register(scenario, self._at.network)
        await self._at.start_bridge()
        self._alive = True

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

    async def _act(self, person: Person) -> None:
        for step in person.steps:
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    await self._step(person, step)
            except (LegTooLate, TimeoutError) as reason:
                what = f"{person.name} could not {type(step).__name__} ({step}): {reason}"
                raise LegTooLate(what) from None

    async def _step(self, person: Person, step: Step) -> None:
        match step:
            case Call(line):
                await self._ring(person, line)
            case Key(keys, role, asked):
                leg = self._legs[person.name] if role is None else await self._picked_up(role)
                filled = await self._filled(keys)
                await (self._asking.answer(leg, asked, filled) if asked else leg.key(filled))
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case WaitFor(kind, count):
                leg_now = self._legs.get(person.name)
                await self._asking.until(lambda: self._happened(person, kind) >= count, leg_now)
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
            case Hear(prompt, None):
                await self._hear(self._legs[person.name], prompt)
            case Hear(prompt, Role() as role):
                await self._hear(await self._picked_up(role), prompt)
            case Listen(who):
                await self._listen(person, who)
            case BringForward(seconds):
                await self._write(lambda conn: moments.bring_forward(conn, seconds))
            case RemindIn(seconds):
                await self._write(lambda conn: moments.remind_in(conn, seconds))
            case OpenLine():
                await self._write(moments.open_line)
            case KillBridge():
                await self._at.kill_bridge()
                self._alive = False
            case StartBridge():
                await self._at.start_bridge()
                self._alive = True

    async def _ring(self, person: Person, line: str) -> None:
        if isinstance(person, Interpreter):
            leg = await self._at.network.call(person.number, line, sound=INTERPRETER_TONE)
            self._legs[person.name] = leg
            return
        # One after the other until the bridge has opened the call: so we know whose it is.
        async with self._ringing:
            known = {call for call, _ in self._at.calls()}
            leg = await self._place(person, line)
            self._legs[person.name] = leg
            await until(lambda: len(self._at.calls()) > len(known))
            call = self._calls[person.name] = self._at.calls()[-1][0]
            await until(lambda: bool(self._events_of(call)))
            self._at.onlooker.belongs(self._events_of(call)[0].leg or "", leg.number)
        await leg.speak()

    async def _place(self, person: Technician | Migrant, line: str) -> PhoneLeg:
        if isinstance(person, Migrant):
            return await self._at.network.call(person.number, line, sound=MIGRANT_TONE)
        return await self._at.network.call(person.number, line, person.shown_name)

    async def _filled(self, keys: str) -> str:
        """The keys, with the code of the call that a migrant is to join as soon as there is one."""
        if DIAL_IN not in keys:
            return keys
        code: str | None = None

        def known() -> bool:
            nonlocal code
            code = self._at.read(moments.dial_in_code)
            return code is not None

        await until(known)
        return keys.replace(DIAL_IN, code or "")

    async def _hear(self, leg: PhoneLeg, prompt: str) -> None:
        known = read_wav(PROMPTS / f"{prompt}.wav")
        while await asyncio.to_thread(likeness, leg.heard_so_far(), known) < ALIKE:
            if leg.ended:
                raise LegTooLate(f"{prompt} was not heard until the call ended")
            await leg.wait(LISTEN_EVERY)

    async def _listen(self, person: Person, who: tuple[str, ...]) -> None:
        """Until all who should hear each other do; what is not so in the end is kept."""
        expected = self._scenario.expect.hear_each_other
        if who or expected is None:
            expected = HearEachOther(who)
        legs: dict[str, tuple[PhoneLeg, Role]] = {}

        def there() -> bool:
            with suppress(LookupError, ValueError):
                legs.update((name, self._voice(name, person)) for name in expected.who)
                return all(leg.answered_at is not None for leg, _ in legs.values())
            return False

        await until(there)
        loop = asyncio.get_running_loop()
        patience = loop.time() + LISTEN_SECONDS
        while unheard := await verdict.who_hears_whom(expected, legs):
            if any(leg.ended for leg, _ in legs.values()) or loop.time() > patience:
                self._unheard += unheard
                return

    async def _be_rung(self, person: Person) -> None:
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
        else:
            # Who is rung at the opening has a call only once a key was pressed.
            self._calls.pop(person.name, None)

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

    def _happened(self, person: Person, kind: EventKind) -> int:
        """How often, in the person's own call; in any, for who has none."""
        mine = self._calls.get(person.name)
        calls = self._events() if mine is None else [self._events_of(mine)]
        return sum(event.kind is kind for events in calls for event in events)

    async def _compare(self) -> list[str]:
        expect = self._scenario.expect
        problems = unmet(expect, self._events(), self._interpreters)
        problems += self._unheard
        for role, prompts in expect.hear_prompts.items():
            legs_of_role = self._legs_of(*self._numbers(role))
            problems += await verdict.prompts_missed(role, prompts, legs_of_role)
        wanted = {self._interpreters[name]: (name, one) for name, one in expect.presence.items()}
        problems += self._at.read(lambda conn: verdict.presences_missed(conn, wanted))
        problems += self._at.read(lambda conn: verdict.fields_missed(conn, expect.fields))
        problems += self._at.read(verdict.dialled_at_the_wrong_time)
        await asyncio.gather(*(leg.hang_up() for leg in self._at.network.legs if not leg.ended))
        return problems + await verdict.left_behind(self._at.pbx.rx)

    def _numbers(self, role: Role) -> Iterable[str]:
        match role:
            case Role.TECHNICIAN:
                return [one.number for one in self._scenario.technicians]
            case Role.INTERPRETER:
                return [one.number for one in self._scenario.interpreters]
            case Role.MIGRANT:
                return [MIGRANT_NUMBER, *(one.number for one in self._scenario.migrants)]
            case Role.OPERATOR:
                return [OPERATOR_NUMBER, *(one.number for one in self._scenario.operators)]
            case Role.GUEST:
                return [GUEST_NUMBER]

    def _legs_of(self, *numbers: str) -> list[PhoneLeg]:
        """The legs of these numbers in this playing, the oldest first."""
        return [leg for leg in self._at.network.legs[self._first_leg :] if leg.number in numbers]

    def _leg_of(self, role: Role, seen_by: Person) -> PhoneLeg:
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

    async def _picked_up(self, role: Role) -> PhoneLeg:
        """The latest leg of this role, as soon as one is picked up and not put down again."""

        def talking() -> list[PhoneLeg]:
            legs = self._legs_of(*self._numbers(role))
            return [leg for leg in legs if leg.answered_at is not None and not leg.ended]

        await until(lambda: bool(talking()))
        return talking()[-1]

    def _voice(self, name: str, seen_by: Person) -> tuple[PhoneLeg, Role]:
        """The leg of a role, a person by name or a service, and whose tone they speak with."""
        scenario = self._scenario
        numbers = {
            **{one.name: (one.number, one.tone) for one in scenario.interpreters},
            **{one.name: (one.number, Role.MIGRANT) for one in scenario.migrants},
            **{one.name: (one.number, Role.OPERATOR) for one in scenario.operators},
            **{key: (service_number(key), Role.GUEST) for key in scenario.services},
        }
        if name in numbers:
            number, tone = numbers[name]
            return self._legs_of(number)[-1], tone
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
