# SPDX-License-Identifier: EUPL-1.2
"""What is done with the rows of booked calls, of the quarters they hold, and of their reminders.

That an interpreter is held once only is a primary key: one row for each quarter of an hour. That
a booking is dialled once only is a compare-and-set: whoever changes its state from booked to
dialling dials.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bridge.bookings.model import (
    LIVE,
    Booking,
    BookingId,
    BookingState,
    Busy,
    NewBooking,
    quarters,
)
from bridge.bookings.rows import (
    LIVE_ROWS,
    booking,
    booking_far_half,
    booking_quarter,
    booking_reminder,
    load,
)
from bridge.roster.requirements_data import from_data, to_data
from bridge.storage.processes import is_silent, last_seen
from bridge.storage.schema import bump, count, insert_into, storable
from bridge.vocabulary import CallId, InterpreterId

_REVISION = "bookings_revision"


def book(conn: Connection, new: NewBooking, at: datetime) -> BookingId | None:
    """Write a booking and hold its interpreter, or both of a relay.

    `None` when one is held for some of that time already: nothing is changed, and the
    transaction goes on. Where another transaction is about to hold them, this waits for its end.
    """
    made: BookingId = conn.execute(
        insert(booking)
        .values(
            language=new.requirements.language,
            requirements=to_data(new.requirements),
            agency_id=new.agency,
            technician_id=new.technician,
            technician_number=new.technician_number.e164,
            migrant_number=None if new.migrant_number is None else new.migrant_number.e164,
            migrant_beside=new.migrant_number is None and new.dial_in_code is None,
            voicemail_allowed=new.voicemail_allowed,
            dial_in_code=new.dial_in_code,
            fields={name.value: storable(keyed) for name, keyed in new.fields.items()} or None,
            interpreter_id=new.interpreter,
            starts_at=new.starts_at,
            ends_at=new.starts_at + timedelta(minutes=new.minutes),
            minutes=new.minutes,
            state=BookingState.BOOKED.value,
            made_by=new.made_by.value,
            made_at=at,
        )
        .returning(booking.c.id)
    ).scalar_one()
    if new.far is not None:
        conn.execute(
            insert(booking_far_half).values(
                booking_id=made, interpreter_id=new.far.interpreter, pivot=new.far.pivot
            )
        )
    if not _hold(conn, made, new):
        conn.execute(delete(booking_quarter).where(booking_quarter.c.booking_id == made))
        conn.execute(delete(booking_far_half).where(booking_far_half.c.booking_id == made))
        conn.execute(delete(booking).where(booking.c.id == made))
        return None
    reminders = [{"booking_id": made, "remind_at": one} for one in sorted(set(new.reminders))]
    if reminders:
        conn.execute(insert(booking_reminder), reminders)
    bump(conn, _REVISION)
    return made


def _hold(conn: Connection, made: BookingId, new: NewBooking) -> bool:
    """Hold the quarters one after the other, always in the same order: two can't deadlock."""
    wanted = [
        {"interpreter_id": who, "quarter": quarter, "booking_id": made}
        for who in sorted(new.interpreters)
        for quarter in quarters(new.starts_at, new.minutes)
    ]
    for one in wanted:
        held: Any = insert_into(conn, booking_quarter).values(one)
        held = held.on_conflict_do_nothing(
            index_elements=[booking_quarter.c.interpreter_id, booking_quarter.c.quarter]
        ).returning(booking_quarter.c.quarter)
        if conn.execute(held).scalar_one_or_none() is None:
            return False
    return True


# --- dialling ----------------------------------------------------------------------------------


def claim_due(
    conn: Connection, at: datetime, owner: str, dialling: Collection[BookingId] = ()
) -> list[Booking]:
    """The bookings whose time has come, each for one process only, the earliest first.

    A booking is claimed when it has started, is not over, and nobody else is about to dial it. What
    a process claimed that then fell silent (see `storage.processes`) before it dialled is claimed
    again. So is what this process has claimed already, save for what it is `dialling` now: it may
    never have heard that it had claimed it.
    """
    due = conn.execute(
        select(booking.c.id, booking.c.claimed_by, booking.c.claimed_at)
        .where(
            booking.c.state == BookingState.BOOKED.value,
            booking.c.starts_at <= at,
            booking.c.ends_at > at,
            booking.c.id.not_in(dialling),
        )
        .order_by(booking.c.starts_at, booking.c.id)
    ).all()
    seen = last_seen(conn, {row.claimed_by for row in due if row.claimed_by is not None})
    mine: list[BookingId] = []
    for row in due:
        former = row.claimed_by
        others = former is not None and former != owner
        if others and not is_silent(seen.get(former), row.claimed_at, at):
            continue
        claimed = conn.execute(
            update(booking)
            .where(
                booking.c.id == row.id,
                booking.c.state == BookingState.BOOKED.value,
                booking.c.claimed_by.is_(None)
                if former is None
                else booking.c.claimed_by == former,
            )
            .values(claimed_by=owner, claimed_at=at)
        )
        if claimed.rowcount == 1:
            mine.append(row.id)
    return load(conn, booking.c.id.in_(mine)) if mine else []


def next_start(conn: Connection, after: datetime) -> datetime | None:
    """When the first of the bookings that begin after a moment does so; `None` when none does."""
    found = conn.execute(
        select(booking.c.starts_at)
        .where(booking.c.state == BookingState.BOOKED.value, booking.c.starts_at > after)
        .order_by(booking.c.starts_at)
        .limit(1)
    )
    return found.scalar_one_or_none()


def begin_dialling(
    conn: Connection, which: BookingId, call: CallId, at: datetime, owner: str
) -> bool:
    """Say that the booking is dialled now, as this call; whoever is told `True` may dial.

    Belongs into the transaction that opens the call, before anybody is rung. Said again of the same
    call, by who was not told that it was written, it is still `True`. `False` when the booking was
    dialled, cancelled or claimed by somebody else meanwhile, or its time is over.
    """
    is_mine = and_(
        booking.c.state == BookingState.BOOKED.value,
        booking.c.claimed_by == owner,
        booking.c.ends_at > at,
    )
    is_begun = and_(booking.c.state == BookingState.DIALLING.value, booking.c.call_id == call)
    changed = conn.execute(
        update(booking)
        .where(booking.c.id == which, or_(is_mine, is_begun))
        .values(state=BookingState.DIALLING.value, call_id=call, dialled_at=at)
    )
    return changed.rowcount == 1


def dial_again(conn: Connection, call: CallId) -> bool:
    """The call that a booking became has rung nobody: whoever asks may dial, while its time lasts.

    For one whose process died, or whose time passed before it could ring.
    """
    changed = conn.execute(
        update(booking)
        .where(booking.c.call_id == call, booking.c.state == BookingState.DIALLING.value)
        .values(state=BookingState.BOOKED.value, call_id=None, dialled_at=None, claimed_by=None)
    )
    if changed.rowcount != 1:
        return False
    # Whoever read the roster meanwhile takes its interpreter for nobody's.
    bump(conn, _REVISION)
    return True


def finish(conn: Connection, which: BookingId, at: datetime) -> bool:
    """The call that a booking became is over. `False` when it is not being dialled."""
    return _end(conn, which, at, BookingState.DONE, {BookingState.DIALLING})


def cancel(conn: Connection, which: BookingId, at: datetime) -> bool:
    """Free the interpreter: the call is not wanted any more. `False` when it is too late."""
    return _end(conn, which, at, BookingState.CANCELLED, {BookingState.BOOKED})


def mark_missed(conn: Connection, at: datetime) -> list[BookingId]:
    """End the bookings whose whole time passed without their being dialled, and say which."""
    late = conn.execute(
        select(booking.c.id)
        .where(booking.c.state == BookingState.BOOKED.value, booking.c.ends_at <= at)
        .order_by(booking.c.starts_at, booking.c.id)
    ).scalars()
    return [
        which
        for which in late.all()
        if _end(conn, which, at, BookingState.MISSED, {BookingState.BOOKED})
    ]


def _end(
    conn: Connection,
    which: BookingId,
    at: datetime,
    state: BookingState,
    sources: Iterable[BookingState],
) -> bool:
    """End a booking, forget the numbers and what was keyed with it, and free its interpreter."""
    changed = conn.execute(
        update(booking)
        .where(booking.c.id == which, booking.c.state.in_([one.value for one in sources]))
        .values(
            state=state.value,
            ended_at=at,
            technician_number=None,
            migrant_number=None,
            dial_in_code=None,
            fields=None,
        )
    )
    if changed.rowcount != 1:
        return False
    conn.execute(delete(booking_quarter).where(booking_quarter.c.booking_id == which))
    bump(conn, _REVISION)
    return True


def let_go(conn: Connection, which: BookingId, who: InterpreterId) -> bool:
    """An interpreter of a booking will not be there: they are free, the booking stays.

    At its hour somebody else is looked for, as for any call: they are excluded from its
    requirements. `False` when it is being dialled already, or does not hold them.
    """
    found = conn.execute(
        select(booking.c.requirements)
        .where(booking.c.id == which, booking.c.state == BookingState.BOOKED.value, _holds(who))
        .with_for_update()
    ).one_or_none()
    if found is None:
        return False
    asked = from_data(found.requirements)
    without = replace(asked, excluded=asked.excluded | {who})
    conn.execute(update(booking).where(booking.c.id == which).values(requirements=to_data(without)))
    conn.execute(
        delete(booking_quarter).where(
            booking_quarter.c.booking_id == which, booking_quarter.c.interpreter_id == who
        )
    )
    bump(conn, _REVISION)
    return True


def _holds(who: InterpreterId) -> ColumnElement[bool]:
    """Whether a live booking holds this interpreter: as long as it has quarters of theirs."""
    return exists().where(
        booking_quarter.c.booking_id == booking.c.id, booking_quarter.c.interpreter_id == who
    )


def remind_again(conn: Connection, which: BookingId, at: datetime) -> None:
    """Add a reminder: the one that was due could not be given."""
    again: Any = insert_into(conn, booking_reminder).values(booking_id=which, remind_at=at)
    conn.execute(
        again.on_conflict_do_nothing(
            index_elements=[booking_reminder.c.booking_id, booking_reminder.c.remind_at]
        )
    )


def take_reminders(conn: Connection, at: datetime, owner: str) -> list[tuple[Booking, datetime]]:
    """The reminders whose time has come, each for one process only; late ones are skipped.

    A process that dies after this has reminded nobody: a reminder twice would be worse than none.
    """
    due = conn.execute(
        update(booking_reminder)
        .where(booking_reminder.c.remind_at <= at, booking_reminder.c.taken_by.is_(None))
        .values(taken_by=owner)
        .returning(booking_reminder.c.booking_id, booking_reminder.c.remind_at)
    ).all()
    wanted = {row.booking_id for row in due}
    still = booking.c.state == BookingState.BOOKED.value
    of = {
        one.id: one
        for one in (load(conn, booking.c.id.in_(wanted) & still) if wanted else ())
        if one.starts_at > at and not one.refused
    }
    latest: dict[BookingId, datetime] = {}
    for row in due:
        if row.booking_id in of:
            former = latest.get(row.booking_id, row.remind_at)
            latest[row.booking_id] = max(former, row.remind_at)
    return [(of[which], moment) for which, moment in sorted(latest.items(), key=lambda o: o[1])]


# --- reading -----------------------------------------------------------------------------------


def find_booking(conn: Connection, which: BookingId) -> Booking | None:
    """The booking of this id."""
    found = load(conn, booking.c.id == which)
    return found[0] if found else None


def booking_of_call(conn: Connection, call: CallId) -> Booking | None:
    """The booking that became this call."""
    found = load(conn, booking.c.call_id == call)
    return found[0] if found else None


def keeps_code(conn: Connection, code: str) -> bool:
    """Whether the migrant of a live booking comes in with this code."""
    kept = exists().where(booking.c.dial_in_code == code, LIVE_ROWS)
    return bool(conn.execute(select(kept)).scalar_one())


def hour_of_code(conn: Connection, code: str) -> datetime | None:
    """From when on this code brings a migrant in; `None` when no booking is to come that has it."""
    found: datetime | None = conn.execute(
        select(func.min(booking.c.starts_at)).where(
            booking.c.dial_in_code == code, booking.c.state == BookingState.BOOKED.value
        )
    ).scalar_one()
    return found


def next_booking_of(
    conn: Connection, interpreter: InterpreterId, after: datetime
) -> Booking | None:
    """The next booking of an interpreter that is not over at this moment, and holds them."""
    found = load(
        conn,
        (booking.c.state == BookingState.BOOKED.value)
        & (booking.c.ends_at > after)
        & _holds(interpreter),
        most=1,
    )
    return found[0] if found else None


def bookings_between(
    conn: Connection,
    start: datetime,
    end: datetime,
    states: Collection[BookingState] = LIVE,
) -> list[Booking]:
    """The bookings that touch a span of time, the earliest first."""
    return load(
        conn,
        (booking.c.starts_at < end)
        & (booking.c.ends_at > start)
        & booking.c.state.in_(sorted(one.value for one in states)),
    )


def busy_between(conn: Connection, start: datetime, end: datetime) -> list[Busy]:
    """Who is held when, as `model.free_slots` asks for it."""
    return _busy(conn, (booking.c.starts_at < end) & (booking.c.ends_at > start))


def _busy(conn: Connection, wanted: ColumnElement[bool]) -> list[Busy]:
    """Who is held when by the live bookings wanted: as long as they have quarters (`let_go`)."""
    rows = conn.execute(
        select(booking_quarter.c.interpreter_id, booking.c.starts_at, booking.c.ends_at)
        .join(booking, booking.c.id == booking_quarter.c.booking_id)
        .where(wanted, LIVE_ROWS)
        .group_by(booking.c.id, booking_quarter.c.interpreter_id)
        .order_by(booking.c.starts_at, booking.c.id, booking_quarter.c.interpreter_id)
    )
    return [Busy(row.interpreter_id, row.starts_at, row.ends_at) for row in rows]


def waiting_after(conn: Connection, at: datetime) -> list[Busy]:
    """Who is held by bookings that are not over at this moment and not dialled yet, in order."""
    return _busy(conn, (booking.c.state == BookingState.BOOKED.value) & (booking.c.ends_at > at))


def revision(conn: Connection) -> int:
    """A number that grows whenever `waiting_after` may give another answer than time alone does."""
    return count(conn, _REVISION)


def changed(conn: Connection) -> None:
    """Raise the revision: a booking's call has begun, and its interpreter was rung for it.

    Not a part of `begin_dialling`, or the interpreter would be nobody's for a moment.
    """
    bump(conn, _REVISION)
