# SPDX-License-Identifier: EUPL-1.2
"""Answers what the scripts of the line ask: services, hours, operators, call-backs and codes.

Whoever asks for a person at another script than the line's own is answered here as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bridge.bookings import store as bookings
from bridge.callers import store as callers
from bridge.callers.keys import CallerKey
from bridge.callers.store import Attempt
from bridge.calllog.model import EventKind
from bridge.conference.call import Call
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.on_duty import HOME
from bridge.conference.people.rings import permitted
from bridge.conference.record import Data
from bridge.conversations.speaking import Speaking
from bridge.duties.opening_call_backs import hours_for
from bridge.hours.directory import Directory, Line
from bridge.hours.model import Period, Schedule
from bridge.ivr.arrival import CodeEarly, CodeUnknown, DialIn, DialledIn
from bridge.ivr.closed import CallBackNoted, PromiseCallBack
from bridge.ivr.person import FindPerson, NobodyOnDuty, RingWhenOnDuty, SomebodyOnDuty, WillRing
from bridge.ivr.support_line import (
    AboutService,
    ClosedMeanwhile,
    FindOperator,
    OperatorFound,
    ServiceNow,
    Wanted,
)
from bridge.ivr.technician.request import Failed
from bridge.openings import store as openings
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.gate import PermittedNumber
from bridge.vocabulary import LanguageTag, LegId, PhoneNumber, Role

log = structlog.get_logger(__name__)

_HOME = "+351"
MOST_IN_VAIN = 5
"""So often it is written down of one visitor that nobody was on duty, however often they ask."""


@dataclass(slots=True)
class InVain:
    """How often it was written down of a visit that nobody was on duty."""

    times: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who rang a line, or was rung at its opening."""

    leg: LegId
    call: Call
    line: Line
    directory: Directory
    """With the closures that hold now."""
    number: PhoneNumber | None = field(repr=False)
    """Where they could be rung; `None` when they withhold it."""
    caller: CallerKey
    in_vain: InVain = field(default_factory=InVain)


class LineAnswers:
    """For one visit."""

    def __init__(self, speaking: Speaking, visit: Visit) -> None:
        self._speaking = speaking
        self._database = speaking.tools.database
        self._clock = speaking.tools.clock
        self._visit = visit
        self.language: LanguageTag | None = None
        """What the visitor speaks, once that is known."""
        self.role = Role.MIGRANT
        """What the visitor is: a migrant, a technician or an interpreter."""
        self.operator: PermittedNumber | None = None
        """Who was found last."""
        self.service: PermittedNumber | None = None
        """The number of the service that was asked about last."""

    async def consult(self, question: object) -> object:
        """The answer to one question; `Failed` when it cannot be had now."""
        try:
            match question:
                case DialIn(code):
                    return await self._dials_in(code)
                case AboutService(key, wanted):
                    return await self._about(key, wanted)
                case FindOperator():
                    return await self._find_operator()
                case FindPerson():
                    if await self._speaking.somebody_on_duty():
                        return SomebodyOnDuty()
                    return await self._nobody_on_duty()
                case PromiseCallBack():
                    return await self._promise()
                case RingWhenOnDuty():
                    return await self._promise_operator()
        except (DatabaseUnavailable, MailboxClosed) as reason:
            log.warning("a caller of the line could not be answered", why=str(reason))
            return Failed()
        raise TypeError(f"nobody answers {type(question).__name__} here")

    # --- codes ---------------------------------------------------------------------------------

    async def _dials_in(self, code: str) -> DialledIn | CodeEarly | CodeUnknown:
        """Whether the visitor belongs to the call of this code now, or will. Guesses are counted,
        and from some number on not even looked at; it sounds the same.
        """
        speaking, loop = self._speaking, asyncio.get_running_loop()
        guess = Attempt(speaking.tools.callers.dialler(self._visit.number))
        at = self._clock.now()
        counts = await self._database.run(lambda conn: callers.claim(conn, guess, at))
        if not counts or not speaking.missed_codes.may_try(loop.time()):
            return CodeUnknown()
        starts_at = None
        if not await speaking.calls.dial_in(self._visit.leg, code):
            starts_at = await self._database.run(lambda conn: bookings.hour_of_code(conn, code))
            if starts_at is None:
                speaking.missed_codes.missed(loop.time())
                return CodeUnknown()
        try:
            await self._database.run(lambda conn: callers.right(conn, guess, at))
        except DatabaseUnavailable as reason:
            # They were right all the same; only their former guesses still count.
            log.warning("guesses of a code were not forgiven", why=str(reason))
        return DialledIn() if starts_at is None else CodeEarly(starts_at, speaking.today())

    # --- hours ---------------------------------------------------------------------------------

    @property
    def hours(self) -> Schedule:
        """When the line is there for this visitor."""
        return hours_for(self._visit.directory, self._visit.line, self.role)

    @property
    def is_open(self) -> bool:
        """Whether it is now."""
        return self.hours.is_open(self._clock.now())

    @property
    def day(self) -> tuple[Period, ...]:
        """Its hours of today, or of the next open day."""
        return self.hours.day_at(self._clock.now())

    @property
    def place(self) -> str:
        """The key of what has these hours."""
        line = self._visit.line
        technicians = line.technicians if self.role is Role.TECHNICIAN else ""
        return technicians or line.key

    def next_opening(self) -> datetime | None:
        """When it opens next."""
        return self.hours.next_opening(self._clock.now())

    async def told_closed(self) -> None:
        """Write down that the visitor is told so."""
        opens_at = self.next_opening()
        data: Data = {"place": self.place}
        if opens_at is not None:
            data["opens_at"] = opens_at.isoformat()
        await self._note(EventKind.CLOSED_TOLD, data)

    # --- languages -----------------------------------------------------------------------------

    async def speaks(self, language: LanguageTag) -> None:
        """The visitor is a migrant who speaks this; remembered by the hash of the number."""
        self.language, self.role = language, Role.MIGRANT
        at, caller = self._clock.now(), self._visit.caller
        try:
            await self._database.run(
                lambda conn: callers.remember_language(conn, caller, language, at)
            )
        except DatabaseUnavailable as reason:
            log.warning("a language was not remembered", why=str(reason))

    # --- operators -----------------------------------------------------------------------------

    async def _find_operator(self) -> object:
        found = await self._speaking.operator_for(self.language or HOME)
        if found is None:
            nobody = await self._nobody_on_duty()
            return nobody if self.is_open else ClosedMeanwhile()
        self.operator = found.to
        return OperatorFound(with_interpreter=not found.speaks)

    async def _nobody_on_duty(self) -> NobodyOnDuty:
        """Nobody is; that it was asked for is written down, with the hours in which it was."""
        if self._visit.in_vain.times < MOST_IN_VAIN:
            self._visit.in_vain.times += 1
            data: Data = {}
            if self.role is Role.MIGRANT and self.language is not None:
                data["language"] = self.language
            if not self.is_open:
                data["closed"] = True
            await self._note(EventKind.NOBODY_ON_DUTY, data)
        return NobodyOnDuty(not self._has_request and await self.can_call_back())

    @property
    def _has_request(self) -> bool:
        """Whether an interpreter is being looked for on behalf of this visitor.

        Then nobody promises them an operator as well: they would have to hang up for it, which ends
        the request, and would be rung while they talk with an interpreter. What they can be
        promised meanwhile, the queue offers.
        """
        return self._visit.call.record.request is not None

    # --- services ------------------------------------------------------------------------------

    async def _about(self, key: str, wanted: Wanted) -> ServiceNow:
        service = self._visit.directory.service(key)
        now = self._clock.now()
        verdict = service.schedule.open_at(now)
        number = next(iter(service.numbers), None)
        self.service = permitted(number)
        if wanted is Wanted.PUT_THROUGH:
            await self._note(EventKind.DIRECTED, {"service": key, "open": verdict.open})
        return ServiceNow(
            key=key,
            open=verdict.open,
            changes_at=verdict.closes_at if verdict.open else verdict.opens_at,
            number="" if number is None else number.e164.removeprefix(_HOME).removeprefix("+"),
            has_address=bool(service.address),
            can_be_reached=self.service is not None,
            day=service.schedule.day_at(now),
        )

    # --- call-backs ----------------------------------------------------------------------------

    async def can_call_back(self) -> bool:
        """Whether the visitor's number may be rung, and there is room for one more call-back."""
        number, line = self._visit.number, self._visit.line.key
        if number is None or permitted(number) is None:
            return False
        try:
            return await self._database.run(lambda conn: openings.has_room(conn, line, number))
        except DatabaseUnavailable as reason:
            log.warning("a call-back could not be offered", why=str(reason))
            return False

    async def _promise(self) -> object:
        due_at = self.next_opening()
        if due_at is None or not await self._write_promise(due_at):
            return Failed()
        data: Data = {"due_at": due_at.isoformat()}
        await self._note(EventKind.OPENING_CALL_BACK_PROMISED, data)
        return CallBackNoted()

    async def _promise_operator(self) -> object:
        """Out of hours, nobody comes on duty before the opening."""
        due_at = self._clock.now() if self.is_open else self.next_opening()
        if (
            due_at is None
            or self._has_request
            or not await self._write_promise(due_at, for_operator=True)
        ):
            return Failed()
        await self._note(EventKind.OPERATOR_CALL_BACK_PROMISED, {})
        return WillRing()

    async def _write_promise(self, due_at: datetime, *, for_operator: bool = False) -> bool:
        """Whether it could be promised: the number may be rung, and there is room."""
        number, line, at = self._visit.number, self._visit.line.key, self._clock.now()
        if number is None or permitted(number) is None:
            return False
        who = (line, number, self.language, self.role)
        return await self._database.run(
            lambda conn: openings.promise(conn, *who, due_at, at, for_operator=for_operator)
        )

    async def _note(self, kind: EventKind, data: Data) -> None:
        await self._visit.call.record.note(kind, self._visit.leg, data)
