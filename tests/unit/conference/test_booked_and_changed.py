# SPDX-License-Identifier: EUPL-1.2
"""A booked call that was changed before its hour begins as it was changed, and its log tells so."""

from __future__ import annotations

import pytest

from bridge.agencies.model import FieldName
from bridge.bookings.changes_store import change, changes_of
from bridge.bookings.model import BookingChange, BookingId, MigrantPlace
from bridge.calllog.model import EventKind
from bridge.calllog.timeline import sentence
from bridge.conference.fields_store import fields_of
from bridge.vocabulary import PhoneNumber
from tests.unit.conference.migrants import (
    ACCEPTS,
    CODE,
    MIGRANT,
    PRESSES,
    keys_code,
    members,
    migrant_rings,
)
from tests.unit.conference.world import TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

DIALS_IN = BookingChange(migrant=MigrantPlace.DIAL_IN, code=CODE)
RUNG = BookingChange(
    migrant=MigrantPlace.RING,
    number=PhoneNumber(MIGRANT),
    voicemail_allowed=True,
    fields={FieldName.DEPARTMENT: "12"},
)


def changed(w: World, which: BookingId, *wanted: BookingChange) -> None:
    for one in wanted:
        at = w.clock.now()
        assert w.database.run_now(lambda conn, one=one, at=at: change(conn, which, one, at))  # type: ignore[misc]


async def booked(w: World) -> BookingId:
    """A call whose migrant is to sit beside the technician."""
    which = await w.book(w.interpreter(ACCEPTS))
    w.telephone(TECHNICIAN, PRESSES)
    return which


async def test_the_migrant_is_rung_and_the_log_tells_what_was_changed() -> None:
    async with world() as w:
        w.telephone(MIGRANT, PRESSES)
        which = await booked(w)
        changed(w, which, DIALS_IN, RUNG)
        at = w.clock.now().isoformat()
        await w.dial_bookings_at(w.booked_for)
        await w.until(lambda: members(w) == 3)
        assert w.kinds()[:3] == [
            *(EventKind.BOOKING_DUE, EventKind.BOOKING_CHANGED, EventKind.BOOKING_CHANGED),
        ]
        first, second = w.events()[1:3]
        assert first.data == {"booking": which, "changed_at": at, "migrant": "dial_in"}
        assert second.data == {
            "booking": which,
            "changed_at": at,
            "migrant": "ring",
            "voicemail_allowed": True,
            "fields": "department",
        }
        assert sentence(second).endswith(
            "the migrant: ring; a message may be left; with department."
        )
        requested = await w.event(EventKind.REQUESTED)
        assert requested.data["migrant"] == "ring"
        assert requested.data["voicemail_allowed"] is True
        call = w.call_ids()[0]
        assert w.database.run_now(lambda conn: fields_of(conn, call)) == {
            FieldName.DEPARTMENT: "12"
        }


async def test_a_code_that_was_given_later_leads_to_the_call() -> None:
    async with world() as w:
        changed(w, await booked(w), DIALS_IN)
        await w.dial_bookings_at(w.booked_for)
        await w.until(lambda: members(w) == 2)
        migrant_rings(w, keys_code(w))
        await w.until(lambda: members(w) == 3)


async def test_once_it_is_dialled_nothing_is_changed_and_nothing_written() -> None:
    async with world() as w:
        which = await booked(w)
        await w.dial_bookings_at(w.booked_for)
        await w.until(lambda: members(w) == 2)
        at = w.clock.now()
        assert not w.database.run_now(lambda conn: change(conn, which, DIALS_IN, at))
        assert w.database.run_now(lambda conn: changes_of(conn, which)) == []
        assert EventKind.BOOKING_CHANGED not in w.kinds()


@pytest.mark.parametrize(
    "wrong",
    [
        {"migrant": MigrantPlace.RING},
        {"migrant": MigrantPlace.BESIDE, "number": PhoneNumber(MIGRANT)},
        {"number": PhoneNumber(MIGRANT)},
        {"migrant": MigrantPlace.DIAL_IN},
        {"code": CODE},
        {"migrant": MigrantPlace.BESIDE, "voicemail_allowed": True},
        {"fields": {FieldName.DEPARTMENT: "12"}, "without": frozenset({FieldName.DEPARTMENT})},
    ],
)
async def test_a_change_that_contradicts_itself_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"give|leave"):
        BookingChange(**wrong)  # type: ignore[arg-type]
