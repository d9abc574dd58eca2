# SPDX-License-Identifier: EUPL-1.2
"""Plays a scenario on a whole installation: real SIP, real audio, a real bridge process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.calllog.model import Event, EventKind
from bridge.roster import store as roster
from bridge.vocabulary import CallId, InterpreterId, PhoneNumber, Role
from lab.audio import ROLE_TONES
from lab.installation import Installation
from lab.leg import LegTooLate, PhoneLeg, Tone
from lab.network import INTERPRETER_TONE, MIGRANT_TONE
from lab.scenario import (
    AGENCY_CODE,
    MIGRANT_NUMBER,
    OPERATOR_NUMBER,
    PIN,
    Call,
    During,
    HangUp,
    HearEachOther,
    Key,
    KillBridge,
    Meet,
    Pause,
    Scenario,
    StartBridge,
    Step,
    Technician,
    WaitFor,
    WaitHangUp,
    unmet,
)

STEP_SECONDS = 60.0
"""No single step of a scenario may take longer."""
LISTENED = (0.7, 2.2)
"""Voices are listened to in this stretch of seconds after a moment; the first half second is left
to the tones' beginning and to the room's mixing."""


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
        self._ringing = asyncio.Lock()
        self._meetings: dict[str, asyncio.Barrier] = {}
        self._killed_at: float | None = None
        self._alive = False

    async def play(self) -> list[str]:
        """Play it; what was expected and is not true, as sentences. Raises `ScenarioFailed`."""
        await self._prepare()
        try:
            async with asyncio.TaskGroup() as together:
                for technician in self._scenario.technicians:
                    together.create_task(self._act(technician))
            if self._alive:
                await self._until_all_ended()
            problems = unmet(self._scenario.expect, self._events(), self._interpreters)
            if self._scenario.expect.hear_each_other is not None:
                problems += await self._listen(self._scenario.expect.hear_each_other)
        except* (LegTooLate, TimeoutError) as failures:
            told = "; ".join(str(one) or type(one).__name__ for one in failures.exceptions)
            raise ScenarioFailed(f"{told}\n{self._story()}") from None
        finally:
            await self._clean_up()
        return [*problems, self._story()] if problems else []

    # --- before and after ----------------------------------------------------------------------

    async def _prepare(self) -> None:
        scenario, network = self._scenario, self._at.network
        self._at.settings["STT_RING_SECONDS"] = str(scenario.ring_seconds)
        self._at.settings["STT_OPERATOR_NUMBER"] = OPERATOR_NUMBER if scenario.operator else ""
        self._interpreters = await self._at.new_database(self._fill)
        for interpreter in scenario.interpreters:
            network.phone(interpreter.number, interpreter.phone, INTERPRETER_TONE)
        if scenario.migrant is not None:
            network.phone(MIGRANT_NUMBER, scenario.migrant, MIGRANT_TONE)
        if scenario.operator is not None:
            network.phone(OPERATOR_NUMBER, scenario.operator, Tone(ROLE_TONES[Role.OPERATOR]))
        await self._at.start_bridge()
        self._alive = True

    def _fill(self, conn: Connection) -> dict[str, InterpreterId]:
        hasher = self._at.hasher
        agency = agencies.add_agency(conn, AGENCY_CODE, "Hospital do Ensaio", AgencyKind.HEALTH)
        agencies.add_technician(
            conn,
            agency,
            "Técnica do Ensaio",
            pin_lookup=hasher.lookup(AGENCY_CODE, PIN),
            pin_hash=hasher.hash(AGENCY_CODE, PIN),
        )
        added: dict[str, InterpreterId] = {}
        now = datetime.now(UTC)
        for place, one in enumerate(self._scenario.interpreters):
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
            added[one.name] = who
        return added

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

    # --- the technicians -----------------------------------------------------------------------

    async def _act(self, technician: Technician) -> None:
        for step in technician.steps:
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    await self._step(technician, step)
            except (LegTooLate, TimeoutError) as reason:
                what = f"{technician.name} could not {type(step).__name__} ({step}): {reason}"
                raise LegTooLate(what) from None

    async def _step(self, technician: Technician, step: Step) -> None:
        match step:
            case Call(line):
                await self._ring(technician, line)
            case Key(keys):
                await self._legs[technician.name].key(keys)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case WaitFor(kind, count):
                await self._wait_for(technician, kind, count)
            case Meet(name):
                await self._meet(name)
            case HangUp():
                await self._legs[technician.name].hang_up()
            case WaitHangUp():
                await self._legs[technician.name].wait_hang_up(STEP_SECONDS)
            case KillBridge():
                await self._at.kill_bridge()
                self._alive = False
                self._killed_at = datetime.now(UTC).timestamp()
            case StartBridge():
                await self._at.start_bridge()
                self._alive = True

    async def _ring(self, technician: Technician, line: str) -> None:
        # One after the other until the bridge has opened the call: so we know whose it is.
        async with self._ringing:
            known = {call for call, _ in self._at.calls()}
            leg = await self._at.network.call(technician.number, line, technician.shown_name)
            self._legs[technician.name] = leg
            await until(lambda: len(self._at.calls()) > len(known))
            self._calls[technician.name] = self._at.calls()[-1][0]
        await leg.speak()

    async def _wait_for(self, technician: Technician, kind: EventKind, count: int) -> None:
        call = self._calls[technician.name]
        await until(lambda: sum(event.kind is kind for event in self._events_of(call)) >= count)

    async def _meet(self, name: str) -> None:
        everybody = sum(Meet(name) in one.steps for one in self._scenario.technicians)
        barrier = self._meetings.setdefault(name, asyncio.Barrier(everybody))
        await barrier.wait()

    # --- looking at it -------------------------------------------------------------------------

    def _events_of(self, call: CallId) -> list[Event]:
        return [stored.event for stored in self._at.events(call)]

    def _events(self) -> list[list[Event]]:
        return [self._events_of(call) for call, _ in self._at.calls()]

    async def _listen(self, expected: HearEachOther) -> list[str]:
        """Who should hear whom, and does not; or should not, and does."""
        began = self._moment(expected.during)
        window = (began + LISTENED[0], began + LISTENED[1])
        recordings = {}
        for role in expected.roles:
            leg = self._leg_of(role)
            await leg.hang_up()
            recordings[role] = await leg.heard()
        problems = []
        for listener, speaker, wanted in expected.pairs():
            hears = recordings[listener].hears(ROLE_TONES[speaker], *window)
            if hears is not wanted:
                does = "hears" if hears else "does not hear"
                problems.append(f"the {listener} {does} the {speaker}")
        return problems

    def _moment(self, during: During) -> float:
        if during is During.AFTER_KILL:
            if self._killed_at is None:
                raise ScenarioFailed("the scenario listens after a kill that it does not have")
            return self._killed_at
        for events in self._events():
            for event in events:
                if event.kind is EventKind.ROOM_COMPLETE:
                    return event.at.timestamp()
        raise ScenarioFailed(f"the room was never complete\n{self._story()}")

    def _leg_of(self, role: Role) -> PhoneLeg:
        """The leg of this role that was in the room: its latest call."""
        network = self._at.network
        if role is Role.TECHNICIAN:
            return self._legs[self._scenario.technicians[0].name]
        if role is Role.MIGRANT:
            return network.legs_of(MIGRANT_NUMBER)[-1]
        accepted = {
            event.data.get("interpreter")
            for events in self._events()
            for event in events
            if event.kind is EventKind.OFFER_ACCEPTED
        }
        number = next(
            one.number
            for one in self._scenario.interpreters
            if self._interpreters[one.name] in accepted
        )
        return network.legs_of(number)[-1]

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


async def play(scenario: Scenario, installation: Installation) -> list[str]:
    """Play a scenario; what was expected and is not true, as sentences.

    The installation's two Asterisks must be running. Raises `ScenarioFailed` when a step could not
    be carried out, and `lab.installation.BridgeFailed`.
    """
    return await Run(scenario, installation).play()
