# SPDX-License-Identifier: EUPL-1.2
"""Reminding interpreters of booked calls: their telephone rings some time before.

A reminder's leg belongs to no call, so nothing that happens on it is written into a call's log;
what is remembered of it is the booking it is about, for as long as it may still be answered. A
reminder is given once: a process that dies has reminded nobody, and nobody is woken twice. One that
the switch did not take was not given, and is given later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bridge.bookings import store as bookings
from bridge.bookings.model import Booking, BookingId
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


class Reminders:
    """The reminders of one process: those that ring now, and what is said when one is answered."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._rings = RingsOfNoCall[tuple[Booking, InterpreterId]](
            ports, ConversationName.REMINDER, ports.ring_seconds
        )

    async def ring_due(self) -> None:
        """Ring the interpreters whose reminder is due. Raises `DatabaseUnavailable`."""
        at = self._ports.clock.now()
        # After its hour no reminder is any use.
        self._rings.drop(lambda about: about[0].starts_at <= at)
        if not self._ports.switch.reachable:
            return
        due = await self._ports.database.run(lambda conn: self._take(conn, at))
        failed: dict[BookingId, Booking] = {}
        given: set[BookingId] = set()
        for booking, who, to in due:
            try:
                await self._rings.ring((booking, who), Role.INTERPRETER, to)
            except SwitchError as reason:
                failed[booking.id] = booking
                log.warning("an interpreter is not reminded yet", why=str(reason))
            else:
                given.add(booking.id)
        # Where one of a relay was rung, both hear no more of it: that one would hear it twice.
        later = [booking for which, booking in failed.items() if which not in given]
        if later:
            await self._ports.database.run(lambda conn: _put_off(conn, later, at))

    async def converse(self, conversation: Conversation) -> Next:
        """An interpreter answered: remind them, and let them go if they will not be there."""
        about = self._rings.answered(conversation.leg)
        now = self._ports.clock.now()
        if about is None or about[0].starts_at <= now:
            return HangUp()
        booking, who = about
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
        self, conn: Connection, at: datetime
    ) -> list[tuple[Booking, InterpreterId, PermittedNumber]]:
        """The reminders to be given now; those who are in a call are left for later."""
        found: list[tuple[Booking, InterpreterId, PermittedNumber]] = []
        due = bookings.take_reminders(conn, at, self._ports.owner)
        busy = reserved(conn) if due else frozenset()
        for booking, _ in due:
            if not busy.isdisjoint(booking.coming):
                # Both of a relay are reminded at once, or one would hear it twice.
                _put_off(conn, [booking], at)
                continue
            starts_at = booking.starts_at
            lists = Lists.of(load_lists(conn, starts_at), booking.agency, starts_at)
            for who in booking.coming:
                person = load_person(conn, who, scale=self._ports.roster.levels)
                if person is None or not may_keep(person, booking.asked_of(who), lists, starts_at):
                    continue  # nor are they rung for the call: its hunt says why
                telephone = dialable(person.phones, 0)
                if telephone is not None:
                    found.append((booking, who, telephone[1]))
        return found


def _put_off(conn: Connection, some: Iterable[Booking], at: datetime) -> None:
    """Remind them a little later, unless their hour has come by then."""
    for booking in some:
        if at + LATER < booking.starts_at:
            bookings.remind_again(conn, booking.id, at + LATER)
