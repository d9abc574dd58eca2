# SPDX-License-Identifier: EUPL-1.2
"""Reminding interpreters of booked calls: their telephone rings some time before.

A reminder's leg belongs to no call, so nothing that happens on it is written into a call's log;
what is remembered of it is the booking it is about, for as long as it may still be answered. A
reminder is given once: a process that dies has reminded nobody, and nobody is woken twice. One that
the switch did not take was not given, and is given later; one that nobody answered is given once
more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bridge.bookings import store as bookings
from bridge.bookings.model import Booking, BookingId, BookingState
from bridge.conference.hunting.offers import dialable
from bridge.conference.ports import Ports
from bridge.duties.rings_of_no_call import RingsOfNoCall
from bridge.hours.localtime import LISBON
from bridge.ivr.outcomes import Refused
from bridge.ivr.reminder import ReminderScript
from bridge.ivr.runner import run
from bridge.roster.eligibility import may_keep
from bridge.roster.lists_store import load_lists
from bridge.roster.people_store import load_person
from bridge.roster.requirements import Lists
from bridge.roster.store import reserved
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    HangUp,
    Next,
    SwitchError,
)
from bridge.vocabulary import InterpreterId, Role

log = structlog.get_logger(__name__)

LATER = timedelta(minutes=2)
"""Who is in a call, or cannot be rung, when they are to be reminded is reminded so much later."""
AGAIN_AFTER = timedelta(minutes=15)
"""Who did not answer is rung once more so long after that was noticed."""
_TALK = timedelta(minutes=1)
"""What answered so long after its ringing ended asks no more whom it was rung for."""


@dataclass(frozen=True, slots=True)
class _Reminder:
    """What one ring is about."""

    booking: Booking
    who: InterpreterId
    again: bool = False
    """Whether they were rung for it before, in vain."""


@dataclass(frozen=True, slots=True)
class _Missed:
    """Somebody who is to be rung once more."""

    at: datetime
    reminder: _Reminder


_Ring = tuple[_Reminder, PermittedNumber]


class Reminders:
    """The reminders of one process: those that ring now, and what is said when one is answered."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._rings = RingsOfNoCall[_Reminder](ports, ConversationName.REMINDER, ports.ring_seconds)
        self._missed: list[_Missed] = []

    async def ring_due(self) -> None:
        """Ring the interpreters whose reminder is due. Raises `DatabaseUnavailable`."""
        at = self._ports.clock.now()
        # After its hour no reminder is any use.
        self._rings.drop(lambda about: about.booking.starts_at <= at)
        for one in self._rings.over(at, _TALK):
            if not one.again:
                self._again(one, at + AGAIN_AFTER)
        if not self._ports.switch.reachable:
            return
        missed = [one for one in self._missed if one.at <= at]
        due, later = await self._ports.database.run(lambda conn: self._take(conn, missed, at))
        # Not before the rows were read: what could not be looked up is not forgotten.
        self._missed = [one for one in self._missed if one not in missed]
        for one in later:
            self._again(one, at + LATER)
        failed: list[_Reminder] = []
        given: set[BookingId] = set()
        for one, to in due:
            try:
                await self._rings.ring(one, Role.INTERPRETER, to)
            except SwitchError as reason:
                failed.append(one)
                log.warning("an interpreter is not reminded yet", why=str(reason))
            else:
                given.add(one.booking.id)
        put_off: dict[BookingId, Booking] = {}
        for one in failed:
            if one.again or one.booking.id in given:
                # The other of a relay, who was rung, would hear it twice.
                self._again(one, at + LATER)
            else:
                put_off[one.booking.id] = one.booking
        if put_off:
            await self._ports.database.run(lambda conn: _put_off(conn, put_off.values(), at))

    def _again(self, one: _Reminder, at: datetime) -> None:
        """Ring somebody once more at this moment, unless the hour of their call has come by then.

        Remembered in memory alone: a process that dies rings nobody a second time.
        """
        if at < one.booking.starts_at:
            self._missed.append(_Missed(at, replace(one, again=True)))

    async def converse(self, conversation: Conversation) -> Next:
        """An interpreter answered: remind them, and let them go if they will not be there."""
        about = self._rings.answered(conversation.leg)
        now = self._ports.clock.now()
        if about is None or about.booking.starts_at <= now:
            return HangUp()
        booking, who = about.booking, about.who
        script = ReminderScript(
            booked_for=booking.starts_at.astimezone(LISBON),
            wanted=booking.language_of(who),
            today=now.astimezone(LISBON).date(),
        )
        outcome = await run(script, conversation)
        if isinstance(outcome, Refused):
            await self._let_go(booking, who)
        return HangUp()

    async def _let_go(self, booking: Booking, who: InterpreterId) -> None:
        try:
            database, at = self._ports.database, self._ports.clock.now()
            freed = await database.run(lambda conn: bookings.let_go(conn, booking.id, who))
            # Whoever is not held any more may be what somebody waits for.
            await database.run(lambda conn: self._ports.roster.refresh(conn, at))
        except DatabaseUnavailable as reason:
            # The booking stands: at its hour the interpreter is rung, refuses, and is replaced.
            log.warning("a refused booking still holds its interpreter", why=str(reason))
            return
        log.info("a booking waits for another interpreter", booking=int(booking.id), freed=freed)

    def _take(
        self, conn: Connection, missed: Iterable[_Missed], at: datetime
    ) -> tuple[list[_Ring], list[_Reminder]]:
        """The reminders to be given now, and of those who missed theirs whoever is in a call.

        Of those who are reminded for the first time, these are left for later in the rows.
        """
        found: list[_Ring] = []
        later: list[_Reminder] = []
        due = bookings.take_reminders(conn, at, self._ports.owner)
        still_missed = [one for one in (_as_it_is(conn, one.reminder) for one in missed) if one]
        busy = reserved(conn) if due or still_missed else frozenset()
        for booking, _ in due:
            if not busy.isdisjoint(booking.coming):
                # Both of a relay are reminded at once, or one would hear it twice.
                _put_off(conn, [booking], at)
            else:
                found += self._rings_for(conn, [_Reminder(booking, who) for who in booking.coming])
        for one in still_missed:
            if one.who in busy:
                later.append(one)
            else:
                found += self._rings_for(conn, [one])
        return found, later

    def _rings_for(self, conn: Connection, some: Iterable[_Reminder]) -> Iterator[_Ring]:
        """Where to ring these; nobody who would not be rung for the call: its hunt says why."""
        for one in some:
            booking, starts_at = one.booking, one.booking.starts_at
            lists = Lists.of(load_lists(conn, starts_at), booking.agency, starts_at)
            person = load_person(conn, one.who, scale=self._ports.roster.levels)
            asked = booking.asked_of(one.who)
            if person is None or not may_keep(person, asked, lists, starts_at):
                continue
            telephone = dialable(person.phones, 0)
            if telephone is not None:
                yield one, telephone[1]


def _as_it_is(conn: Connection, missed: _Reminder) -> _Reminder | None:
    """A reminder with its booking as it is now; `None` when they need not come at that hour."""
    booking = bookings.find_booking(conn, missed.booking.id)
    if booking is None or booking.state is not BookingState.BOOKED:
        return None
    if booking.starts_at != missed.booking.starts_at or missed.who not in booking.coming:
        return None
    return replace(missed, booking=booking)


def _put_off(conn: Connection, some: Iterable[Booking], at: datetime) -> None:
    """Remind them a little later, unless their hour has come by then."""
    for booking in some:
        if at + LATER < booking.starts_at:
            bookings.remind_again(conn, booking.id, at + LATER)
