# SPDX-License-Identifier: EUPL-1.2
"""Answers what one technician's script asks, from the first key to the room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bridge.agencies.model import Technician
from bridge.agencies.secrets import PinHasher
from bridge.agencies.store import identify
from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId, NewBooking, Slot, reminders_of
from bridge.bookings.times import next_times
from bridge.clock import Clock
from bridge.conference.call import Call
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.model import Request
from bridge.conference.queue import Queue
from bridge.conference.rings import permitted
from bridge.conference.same_again import interpreter_before_the_cut
from bridge.hours.localtime import LISBON
from bridge.ivr.request import (
    Book,
    Booked,
    CallMeBack,
    CheckNumber,
    Failed,
    Identified,
    Identify,
    NobodyAvailable,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    QueuePlace,
    QueueStanding,
    Requested,
    RequestInterpreter,
    Ring,
    SlotGone,
    WillCallBack,
)
from bridge.roster.requirements import Requirements
from bridge.storage.database import Database, DatabaseUnavailable
from bridge.telephony.gate import NotPermitted, is_emergency, permit
from bridge.vocabulary import BadNumber, PhoneNumber


@dataclass(frozen=True, slots=True)
class DeskTools:
    """What every technician's desk works with."""

    database: Database
    clock: Clock
    hasher: PinHasher
    queue: Queue


class TechnicianDesk:
    """The desk for one technician's conversation."""

    def __init__(self, tools: DeskTools, call: Call) -> None:
        self._tools = tools
        self._call = call
        self._technician: Technician | None = None
        self._wrong = 0
        self._slots: dict[datetime, Slot] = {}

    async def consult(self, question: object) -> object:
        """The answer to one question; `Failed` when it cannot be had now."""
        try:
            match question:
                case Identify(agency_code, pin):
                    return await self._identify(agency_code, pin)
                case CheckNumber(digits):
                    return check_number(digits)
                case RequestInterpreter():
                    return await self._request(question)
                case CallMeBack():
                    return await self._call_back()
                case Book(slot):
                    return await self._book(slot)
                case QueuePlace():
                    return QueueStanding(*self._tools.queue.place(self._call))
        except (DatabaseUnavailable, MailboxClosed):
            return Failed()
        raise TypeError(f"nobody answers {type(question).__name__} here")

    async def nobody_available(self) -> NobodyAvailable:
        """The truth for a technician for whom nobody is free, and what can be done about it."""
        at = self._tools.clock.now()
        place, minutes = self._tools.queue.place(self._call)
        slots: tuple[datetime, ...] = ()
        if self._number() is not None:
            try:
                slots = await self._next_times(at)
            except DatabaseUnavailable:
                slots = ()
        return NobodyAvailable(
            place=place,
            estimate_minutes=minutes,
            call_back=self._number() is not None,
            slots=slots,
            today=at.astimezone(LISBON).date(),
        )

    # --- answers -------------------------------------------------------------------------------

    async def _identify(self, agency_code: str, pin: str) -> object:
        found = await identify(self._tools.database, self._tools.hasher, agency_code, pin)
        if found is None:
            self._wrong += 1
            await self._call.identification_failed(self._wrong)
            return NotIdentified()
        self._technician = found
        await self._call.identified(found)
        return Identified(found.id, found.agency.id, found.agency.kind)

    async def _request(self, question: RequestInterpreter) -> object:
        technician = self._technician
        if technician is None:
            return Failed()
        migrant = None
        if isinstance(question.migrant, Ring):
            migrant = permit(question.migrant.digits).number
        at, language = question.asked_at or self._tools.clock.now(), question.language
        again = await self._tools.database.run(
            lambda conn: interpreter_before_the_cut(conn, technician.id, language, at)
        )
        request = Request(
            requirements=Requirements(language, same_again=again, agency=technician.agency.id),
            technician=technician.id,
            agency=technician.agency.id,
            agency_kind=technician.agency.kind,
            migrant=migrant,
        )
        return Requested(await self._call.requested(request, at))

    async def _call_back(self) -> object:
        if self._number() is None:
            return Failed()
        await self._call.call_back()
        return WillCallBack()

    async def _book(self, starts_at: datetime) -> object:
        request, number = self._call.record.request, self._number()
        slot = self._slots.get(starts_at)
        if request is None or number is None or slot is None:
            return Failed()
        if request.agency is None or request.technician is None:
            return Failed()
        new = NewBooking(
            requirements=request.requirements,
            interpreter=slot.interpreter,
            starts_at=slot.starts_at,
            agency=request.agency,
            technician=request.technician,
            technician_number=number,
            migrant_number=request.migrant,
            minutes=slot.minutes,
            reminders=reminders_of(slot.starts_at, self._tools.clock.now()),
        )
        at = self._tools.clock.now()

        def work(conn: Connection) -> BookingId | None:
            return bookings.book(conn, new, at)

        made = await self._tools.database.run(work)
        if made is None:
            return SlotGone(await self._next_times(at))
        await self._call.booked(int(made), slot.starts_at)
        return Booked(slot.starts_at)

    async def _next_times(self, at: datetime) -> tuple[datetime, ...]:
        request = self._call.record.request
        if request is None:
            return ()
        found = await self._tools.database.run(
            lambda conn: next_times(conn, request.requirements, at)
        )
        self._slots = {slot.starts_at: slot for slot in found}
        return tuple(self._slots)

    def _number(self) -> PhoneNumber | None:
        to = permitted(self._call.record.technician_number)
        return None if to is None else to.number


def check_number(digits: str) -> NumberFine | NumberRefused:
    """Whether the gate would let this keyed number through, and why not."""
    if is_emergency(digits):
        return NumberRefused(NumberFault.EMERGENCY)
    try:
        PhoneNumber.parse(digits)
    except BadNumber:
        return NumberRefused(NumberFault.NOT_A_NUMBER)
    try:
        permit(digits)
    except NotPermitted:
        return NumberRefused(NumberFault.NOT_PERMITTED)
    return NumberFine()
