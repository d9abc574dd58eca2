# SPDX-License-Identifier: EUPL-1.2
"""Answers what an interpreter's presence script asks, when an interpreter rings the line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bridge.bookings.store import next_booking_of
from bridge.clock import Clock
from bridge.conversations.identification import InterpreterIdentification
from bridge.hours.model import Schedule
from bridge.ivr.presence_model import (
    BookingAt,
    IdentifyInterpreter,
    InterpreterKnown,
    InterpreterUnknown,
    NextBooking,
    NoBooking,
    NoShare,
    OwnShare,
    PresenceSet,
    SetPresence,
    ShareOf,
)
from bridge.ivr.technician.request import Failed
from bridge.roster.model import Presence
from bridge.roster.people_store import load_person
from bridge.roster.standing_store import load_standing
from bridge.roster.store import PresenceBy, set_presence
from bridge.storage.database import Database, DatabaseUnavailable
from bridge.vocabulary import InterpreterId


class InterpreterAnswers:
    """For one interpreter's conversation. Nothing is told before the PIN is proved."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        identification: InterpreterIdentification,
        *,
        identified: Callable[[InterpreterId], None],
        share: Callable[[InterpreterId], float | None],
    ) -> None:
        """`identified` is told who it is as soon as that is proved; `share` says how much of the
        work somebody gets (see `LiveRoster.share`).
        """
        self._database = database
        self._clock = clock
        self._identification = identification
        self._identified = identified
        self._share = share
        self._who: InterpreterId | None = None

    @property
    def who(self) -> InterpreterId | None:
        """Who rings, once that is proved."""
        return self._who

    async def consult(self, question: object) -> object:
        """The answer to one question; `Failed` when it cannot be had now."""
        try:
            if isinstance(question, IdentifyInterpreter):
                return await self._identify(question.pin)
            if self._who is None:
                return Failed()
            match question:
                case SetPresence(state, minutes):
                    return await self._set(self._who, state, minutes)
                case NextBooking():
                    return await self._next_booking(self._who)
                case OwnShare():
                    share = self._share(self._who)
                    return NoShare() if share is None else ShareOf(share)
        except DatabaseUnavailable:
            return Failed()
        raise TypeError(f"nobody answers {type(question).__name__} here")

    async def _identify(self, pin: str) -> object:
        who = await self._identification.identify(pin)
        if who is None:
            return InterpreterUnknown()
        self._who = who
        self._identified(who)
        at = self._clock.now()

        def look(conn: Connection) -> object:
            person = load_person(conn, who)
            if person is None:
                return InterpreterUnknown()
            standing = load_standing(conn, who, at)
            presence = person.presence
            return InterpreterKnown(
                presence=presence.at(at),
                until=presence.until if presence.at(at) is presence.state else None,
                windows=_today(person.schedule, at),
                not_answering=standing.unanswered_streak >= person.limits.unanswered_in_a_row,
            )

        return await self._database.run(look)

    async def _set(self, who: InterpreterId, state: Presence, minutes: int | None) -> object:
        at = self._clock.now()
        until = None if minutes is None else at + timedelta(minutes=minutes)
        try:
            await self._database.run(
                lambda conn: set_presence(conn, who, state, until=until, by=PresenceBy.PHONE, at=at)
            )
        except LookupError:
            return Failed()  # removed since they rang
        return PresenceSet(state, until)

    async def _next_booking(self, who: InterpreterId) -> object:
        at = self._clock.now()
        booking = await self._database.run(lambda conn: next_booking_of(conn, who, at))
        return (
            NoBooking()
            if booking is None
            else BookingAt(booking.starts_at, booking.language_of(who))
        )


def _today(schedule: object, at: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """The open stretches of the local day of a moment; none when no windows are kept."""
    if not isinstance(schedule, Schedule):
        return ()
    return tuple((period.start, period.end) for period in schedule.periods_on_day_of(at))
