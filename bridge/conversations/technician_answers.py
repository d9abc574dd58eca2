# SPDX-License-Identifier: EUPL-1.2
"""Answers what one technician's script asks, from the first key to the room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bridge.agencies.model import Agency, Technician
from bridge.agencies.secrets import PinHasher
from bridge.bookings import store as bookings
from bridge.bookings.dial_in import drawn_codes
from bridge.bookings.model import BookingId, NewBooking, Slot, reminders_of
from bridge.bookings.times import next_times, slot_at
from bridge.callers import store as callers
from bridge.callers.keys import CallerKeys
from bridge.clock import Clock
from bridge.conference import store
from bridge.conference.call import Call
from bridge.conference.fields_store import fields_of, write_fields
from bridge.conference.hunting.same_again import same_again
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.model import Request
from bridge.conference.people.rings import permitted
from bridge.conference.queue import Queue
from bridge.conversations.identification import TechnicianIdentification, Unfinished
from bridge.conversations.likely import likely_languages
from bridge.hours.directory import Directory
from bridge.hours.localtime import LISBON
from bridge.ivr.technician.language_choice_states import LanguageChosen
from bridge.ivr.technician.request import (
    Book,
    Booked,
    CallMeBack,
    CheckNumber,
    CodeFirst,
    DialInCode,
    DialsIn,
    Failed,
    Identified,
    Identify,
    IdentifyRest,
    NobodyAvailable,
    NoLongerWaiting,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    QueuePlace,
    QueueStanding,
    Requested,
    RequestInterpreter,
    ReserveDialIn,
    Ring,
    SlotGone,
    StepDown,
    SteppedDown,
    Ways,
    WillCallBack,
)
from bridge.ivr.technician.wishes import subject_of
from bridge.roster.requirements import Requirements
from bridge.roster.skills import REGISTER, LevelScale
from bridge.storage.database import Database, DatabaseUnavailable
from bridge.telephony.dials_store import spend
from bridge.telephony.gate import NATIONAL, DialRules, NotPermitted, Refusal, permit
from bridge.vocabulary import BadNumber, InterpreterId, LanguageTag, PhoneNumber

_HOME = "+351"


@dataclass(frozen=True, slots=True)
class AnswerTools:
    """What the answers to every technician are made with."""

    database: Database
    clock: Clock
    hasher: PinHasher
    queue: Queue
    callers: CallerKeys
    levels: LevelScale = REGISTER


class TechnicianAnswers:
    """For one technician's conversation."""

    def __init__(self, tools: AnswerTools, call: Call, directory: Directory) -> None:
        """`directory` has the lines, one of which was rung."""
        self._tools = tools
        self._call = call
        self._directory = directory
        self._identification = TechnicianIdentification(
            tools.database, tools.clock, tools.hasher, tools.callers, call.record.technician_number
        )
        self._technician: Technician | None = None
        self._wrong = 0
        self._dial_in: str | None = None
        self._slots: dict[datetime, Slot] = {}
        """Every time that was offered: the technician may still hear the ones before the last."""

    async def consult(self, question: object) -> object:
        """The answer to one question; `Failed` when it cannot be had now."""
        try:
            match question:
                case Identify(agency_code, pin):
                    return await self._known(await self._identification.identify(agency_code, pin))
                case IdentifyRest(digits):
                    return await self._known(await self._identification.finish(digits))
                case CheckNumber(digits):
                    return check_number(digits, self._rules)
                case ReserveDialIn():
                    return await self._reserve_dial_in()
                case RequestInterpreter():
                    return await self._request(question)
                case CallMeBack():
                    return await self._call_back()
                case Book(slot):
                    return await self._book(slot)
                case StepDown():
                    return SteppedDown() if await self._call.consent.give() else NoLongerWaiting()
                case QueuePlace():
                    helps = await self._consent_would_help()
                    place, minutes = self._tools.queue.place(self._call)
                    return QueueStanding(
                        place, minutes, step_down=helps, unreached=self._call.only_unreached
                    )
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
            step_down=await self._consent_would_help(),
            unreached=self._call.only_unreached,
        )

    # --- answers -------------------------------------------------------------------------------

    async def _known(self, found: Technician | Unfinished | None) -> object:
        if found is Unfinished.CODE_FIRST:
            return CodeFirst()
        if not isinstance(found, Technician):
            self._wrong += 1
            await self._call.identification_failed(self._wrong)
            return NotIdentified()
        self._technician = found
        await self._call.identified(found)
        agency = found.agency
        caller = self._tools.callers.caller(self._call.record.technician_number)

        def work(conn: Connection) -> tuple[LanguageTag, ...]:
            # A telephone that technicians use too must not greet them in a migrant's language.
            callers.forget_language(conn, caller)
            return likely_languages(conn, agency.id)

        likely = await self._tools.database.run(work)
        ways = Ways(
            language=agency.prompt_language,
            subject=subject_of(agency.kind),
            favourites=agency.favourites,
            likely=likely,
            fields=agency.fields,
            level=self._tools.levels.high,
        )
        return Identified(found.id, agency.id, agency.kind, ways)

    async def _reserve_dial_in(self) -> object:
        """Draw the code with which the migrant will ring; asked again, it stays the same."""
        call, drawn = self._call.id, self._dial_in

        def work(conn: Connection) -> tuple[str | None, str]:
            row = store.find_call(conn, call)
            number = "" if row is None else _to_ring(self._directory, row.line)
            if drawn is not None:
                return drawn, number
            for code in drawn_codes():
                is_free = store.set_dial_in_code(conn, call, code)
                # Looked at after it was taken: a call that is booked meanwhile had it until now.
                if is_free and not bookings.keeps_code(conn, code):
                    return code, number
            return None, number

        self._dial_in, number = await self._tools.database.run(work)
        return Failed() if self._dial_in is None else DialInCode(self._dial_in, number)

    async def _request(self, question: RequestInterpreter) -> object:
        technician, place = self._technician, question.migrant
        if technician is None or (isinstance(place, DialsIn) and self._dial_in is None):
            return Failed()
        agency, at = technician.agency, question.asked_at or self._tools.clock.now()
        try:
            migrant = permit(place.digits, self._rules).number if isinstance(place, Ring) else None
            again = await self._tools.database.run(
                lambda conn: self._prepare(conn, technician, question, at)
            )
        except NotPermitted as refused:
            return NumberRefused(_fault(refused.reason))
        request = Request(
            requirements=_requirements(question.chosen, again, agency),
            technician=technician.id,
            agency=agency.id,
            agency_kind=agency.kind,
            migrant=migrant,
            voicemail_allowed=isinstance(place, Ring) and place.voicemail,
            dial_in_code=self._dial_in if isinstance(place, DialsIn) else None,
            named=question.chosen.how.value,
        )
        return Requested(await self._call.requested(request, at), request.dial_in_code)

    def _prepare(
        self, conn: Connection, who: Technician, question: RequestInterpreter, at: datetime
    ) -> InterpreterId | None:
        """Write what belongs to the request. Who shall be rung first. Raises `NotPermitted`."""
        if isinstance(question.migrant, Ring):
            spend(conn, who.agency.id, who.id, at)
        write_fields(conn, self._call.id, dict(question.fields))
        job = question.chosen.wishes.same_as
        return same_again(conn, who.id, who.agency.id, question.language, at, job)

    async def _consent_would_help(self) -> bool:
        """Whether a step-down can be offered now; not while that cannot be known."""
        try:
            return await self._call.consent.would_help()
        except (DatabaseUnavailable, MailboxClosed):
            return False

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
        asked, agency, technician = request.requirements, request.agency, request.technician
        if agency is None or technician is None:
            return Failed()
        at, call = self._tools.clock.now(), self._call.id

        def work(conn: Connection) -> BookingId | None:
            # Much may have changed while the times were read out. Nobody else is taken for somebody
            # who is held by now: that may be by this very booking, of which no answer came.
            only = slot.interpreter if slot.far is None else None
            levels = self._tools.levels
            now = slot_at(conn, asked, slot.starts_at, at, only=only, levels=levels)
            if now is None:
                return None
            new = NewBooking(
                requirements=asked,
                interpreter=now.interpreter,
                starts_at=now.starts_at,
                agency=agency,
                technician=technician,
                technician_number=number,
                migrant_number=request.migrant,
                voicemail_allowed=request.voicemail_allowed,
                dial_in_code=request.dial_in_code,
                fields=fields_of(conn, call),
                minutes=now.minutes,
                far=now.far,
                reminders=reminders_of(now.starts_at, at),
            )
            return bookings.book(conn, new, at)

        made = await self._tools.database.run(work)
        if made is None:
            return SlotGone(await self._next_times(at))
        await self._call.booked(int(made), slot.starts_at)
        return Booked(slot.starts_at, request.dial_in_code)

    async def _next_times(self, at: datetime) -> tuple[datetime, ...]:
        request = self._call.record.request
        if request is None:
            return ()
        found = await self._tools.database.run(
            lambda conn: next_times(conn, request.requirements, at, levels=self._tools.levels)
        )
        self._slots.update({slot.starts_at: slot for slot in found})
        return tuple(slot.starts_at for slot in found)

    def _number(self) -> PhoneNumber | None:
        to = permitted(self._call.record.technician_number)
        return None if to is None else to.number

    @property
    def _rules(self) -> DialRules:
        """What the technician's agency may have dialled."""
        if self._technician is None:
            return NATIONAL
        return DialRules(self._technician.agency.dial_allowed)


def check_number(digits: str, rules: DialRules = NATIONAL) -> NumberFine | NumberRefused:
    """Whether the gate would let this keyed number through, and why not."""
    try:
        permit(digits, rules)
    except NotPermitted as refused:
        return NumberRefused(_fault(refused.reason))
    return NumberFine()


def _fault(reason: Refusal) -> NumberFault:
    return _FAULTS.get(reason, NumberFault.NOT_PERMITTED)


_FAULTS = {
    Refusal.EMERGENCY: NumberFault.EMERGENCY,
    Refusal.NOT_A_NUMBER: NumberFault.NOT_A_NUMBER,
    Refusal.TECHNICIAN_CAP: NumberFault.TOO_MANY,
    Refusal.AGENCY_CAP: NumberFault.TOO_MANY,
}


def _requirements(
    chosen: LanguageChosen, again: InterpreterId | None, agency: Agency
) -> Requirements:
    """What was chosen and wished, as the matcher takes it."""
    wishes = chosen.wishes
    return Requirements(
        chosen.language,
        level=wishes.level,
        gender=wishes.gender,
        subject=wishes.subject,
        same_again=again,
        agency=agency.id,
    )


def _to_ring(directory: Directory, rung: str) -> str:
    """The digits with which a migrant reaches the line that was rung; empty when it is not known.

    The technician may have rung a number that mobiles cannot.
    """
    try:
        number = PhoneNumber.parse(rung)
    except BadNumber:
        return ""
    line = directory.line_of(number)
    told = number if line is None or line.from_anywhere is None else line.from_anywhere
    return told.e164.removeprefix(_HOME).replace("+", "00")
