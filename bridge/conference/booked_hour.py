# SPDX-License-Identifier: EUPL-1.2
"""The hour of a booked call: those who are coming are rung, and the technician at the same time.

It takes several transactions, each of which may fail. So it is asked for until nothing is left to
be done, and each time does only what is left. An open call whose technician was never rung has not
begun; there is no other memory of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.changes_store import changes_of
from bridge.bookings.model import Booking
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.conference import store
from bridge.conference.fields_store import write_fields
from bridge.conference.hunting.relay import Hunts
from bridge.conference.model import CallState, Request
from bridge.conference.people.leader import Leader
from bridge.conference.people.rings import Why
from bridge.conference.ports import Ports
from bridge.conference.record import CallRecord
from bridge.conference.store import NotOpen
from bridge.vocabulary import CallId


def request_of_booking(booking: Booking, kind: AgencyKind) -> Request:
    """What is asked for at the hour: what was when it was booked."""
    return Request(
        requirements=replace(booking.requirements, agency=booking.agency),
        technician=booking.technician,
        agency=booking.agency,
        agency_kind=kind,
        migrant=booking.migrant_number,
        voicemail_allowed=booking.voicemail_allowed,
        dial_in_code=booking.dial_in_code,
    )


def write_due(conn: Connection, which: CallId, booking: Booking, at: datetime) -> None:
    """Write that the hour has come for a booking, whose call is open: what was keyed with it, and
    what was changed of it before.
    """
    number = int(booking.id)
    _write_what_was_keyed(conn, which, booking)
    calllog.append(
        conn,
        Event(which, EventKind.BOOKING_DUE, at, None, {"booking": number}),
        *(
            Event(
                which,
                EventKind.BOOKING_CHANGED,
                at,
                None,
                {"booking": number, "changed_at": one.at.isoformat(), **one.data},
            )
            for one in changes_of(conn, booking.id)
        ),
    )


def _write_what_was_keyed(conn: Connection, which: CallId, booking: Booking) -> None:
    """Let the code that was told lead to the call that a booking has become, which is open; and
    write what was keyed for the agency with it.
    """
    if booking.dial_in_code is not None:
        # Another open call has it only where the technician took two times for one request: then
        # it leads to the one that began first.
        store.set_dial_in_code(conn, which, booking.dial_in_code)
    write_fields(conn, which, booking.fields)


class BookedHour:
    """Begins one booked call."""

    def __init__(
        self,
        ports: Ports,
        record: CallRecord,
        hunts: Hunts,
        leader: Leader,
        *,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        """`end` is what follows for everybody else when it is too late to begin."""
        self._ports = ports
        self._record = record
        self._hunts = hunts
        self._leader = leader
        self._end = end

    async def begin(self, request: Request, booking: Booking) -> None:
        """Ring its interpreter and its technician, or whom of them nobody has rung yet.

        When its interpreter said that they will not be there, it hunts like any call. When its time
        is over before anybody was promised to it, it ends. Raises `DatabaseUnavailable` when
        something is left to be done.
        """
        record, at = self._record, self._ports.clock.now()
        if record.technician:
            return  # as when an interpreter accepted meanwhile, and the technician was rung for it
        try:
            if record.request is None and at >= booking.ends_at:
                await self._miss()
                return
            await self._hunts.begin_booked(request, at, booking)
            await self._leader.ring(Why.BOOKED)
        except NotOpen:
            pass  # another process has taken it over, and rings

    async def _miss(self) -> None:
        """Nobody was rung in the whole time of the booking."""
        record = self._record
        if record.state is CallState.ASKING:
            # Nobody dials it again, for its time is over: it counts as missed, not as done.
            await record.transact(lambda conn: bookings.dial_again(conn, record.id))
        await self._end()
        if not record.legs.open():
            await record.close()
