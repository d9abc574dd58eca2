# SPDX-License-Identifier: EUPL-1.2
"""A technician for whom nobody is free takes a later time: what was said of the migrant holds."""

from __future__ import annotations

import asyncio

import pytest

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyField, FieldName
from bridge.bookings import store as bookings
from bridge.bookings.model import Booking
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.conference.fields_store import fields_of
from bridge.prompts import spoken
from bridge.roster.model import Presence
from bridge.roster.windows_store import set_windows
from bridge.vocabulary import AgencyId
from lab.phones import NeverAnswers
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    PRESSES,
    keys_code,
    members,
    migrant_rings,
)
from tests.unit.conference.world import AGENCY_CODE, LINE, PIN, TECHNICIAN, World, all_week, world

pytestmark = pytest.mark.looptime

WILL_DIAL_IN = ("3", "1")
IS_RUNG = ("2", f"{MIGRANT.removeprefix('+351')}#")
MAY_LEAVE_A_MESSAGE = (*IS_RUNG, "1", "1")
NO_MESSAGE = (*IS_RUNG, "1", "2")


async def books(w: World, *place: str) -> Booking:
    """The technician keys where the migrant is, and takes the first time that is offered."""
    who = w.interpreter(ACCEPTS, presence=Presence.OFF)
    w.telephone(TECHNICIAN, PRESSES)
    w.database.run_now(lambda conn: set_windows(conn, who, (all_week(),)))
    w.set_presence(who, Presence.ON_BREAK, minutes=5)
    line = w.technician(AGENCY_CODE + PIN, "33", "1", *place)
    heard = w.switch.spoken.setdefault(line.leg, [])
    await w.until(lambda: "pt/slots-key" in heard)
    await line.key("3")
    await w.until(lambda: "pt/slots-again-key" in heard)
    await line.key("1")
    await w.event(EventKind.CALL_ENDED)
    assert w.outcome() == "booked"
    assert line.ended
    found = w.database.run_now(lambda conn: bookings.next_booking_of(conn, who, w.clock.now()))
    assert found is not None
    w.booked_for = found.starts_at
    return found


def code_of(w: World) -> str:
    """The code that the technician of the first call was told."""
    which = w.call_ids()[0]
    found = w.database.run_now(lambda conn: conference.find_call(conn, which))
    assert found is not None
    assert found.dial_in_code is not None
    return found.dial_in_code


async def books_with_code(w: World) -> tuple[Booking, str]:
    """The migrant will dial in; the code that was told while the first call was asked for."""
    code: list[str] = []

    async def look() -> None:
        await w.event(EventKind.REQUESTED)
        code.append(code_of(w))

    looking = asyncio.ensure_future(look())
    booked = await books(w, *WILL_DIAL_IN)
    await looking
    return booked, code[0]


# --- with a code ---------------------------------------------------------------------------------


async def test_the_code_that_was_told_brings_the_migrant_in_at_the_booked_hour() -> None:
    async with world() as w:
        _, code = await books_with_code(w)
        await w.dial_bookings_at(w.booked_for)
        await w.until(lambda: members(w) == 2)
        requested = await w.event(EventKind.REQUESTED, call=1)
        assert requested.data["migrant"] == "dial_in"
        assert EventKind.ROOM_COMPLETE not in w.kinds(w.call_ids()[1])
        migrant = migrant_rings(w, keys_code(w, code))
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None
        await w.event(EventKind.ROOM_COMPLETE, call=1)


async def test_a_migrant_who_is_first_at_the_booked_hour_waits_for_the_others() -> None:
    async with world() as w:
        _, code = await books_with_code(w)
        await w.dial_bookings_at(w.booked_for)
        migrant = migrant_rings(w, keys_code(w, code))
        await w.event(EventKind.MIGRANT_DIALLED_IN, call=1)
        assert members(w) == 0
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None


async def rings_early(w: World, code: str) -> list[str]:
    """The migrant rings the line and keys the code; what they hear before they hang up."""
    line = w.switch.call(MIGRANT, LINE, lambda line: line.wait_hang_up())
    heard = w.switch.spoken.setdefault(line.leg, [])
    await line.wait(5)
    await line.key(f"*{code}")
    await w.until(lambda: "en/door-code-then" in heard)
    await line.hang_up()
    return heard


async def test_a_migrant_who_rings_before_the_booked_hour_is_told_when_to_ring() -> None:
    async with world() as w:
        booked, code = await books_with_code(w)
        # However often: a right code is no guess, and locks nobody out at the hour.
        when = spoken.moment(booked.starts_at, w.clock.now().date(), "pt")
        for _ in range(4):
            heard = await rings_early(w, code)
            told = heard[heard.index("pt/door-code-booked") + 1 : heard.index("pt/door-code-then")]
            assert told == [f"pt/{word}" for word in when]
        await w.dial_bookings_at(w.booked_for)
        migrant = w.switch.call(MIGRANT, LINE, lambda line: line.wait_hang_up())
        await migrant.wait(5)
        await migrant.key(f"*{code}")
        await w.until(lambda: members(w) == 3)


async def test_the_code_is_kept_from_other_calls_until_the_booked_one_is_over() -> None:
    async with world() as w:
        booked, code = await books_with_code(w)

        def is_kept() -> bool:
            return w.database.run_now(lambda conn: bookings.keeps_code(conn, code))

        assert is_kept()
        await w.dial_bookings_at(w.booked_for)
        await w.until(lambda: members(w) == 2)
        assert is_kept()
        for leg in w.calls.open[0].record.legs.open():
            await w.switch.line(leg.id).hang_up()
        await w.event(EventKind.CALL_ENDED, call=1)
        assert not is_kept()
        found = w.database.run_now(lambda conn: bookings.find_booking(conn, booked.id))
        assert found is not None
        assert found.dial_in_code is None


async def test_a_process_that_died_before_it_rang_anybody_leaves_the_code_to_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        _, code = await books_with_code(w)
        await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds())
        with monkeypatch.context() as patched:
            patched.setattr("bridge.conference.call.Call.begin_booked", _never)
            await w.duties.dial_bookings()
            await w.event(EventKind.BOOKING_DUE, call=1)
            w.die()
            await asyncio.sleep(1)
        await w.come_back()
        await w.duties.dial_bookings()
        await w.until(lambda: members(w) == 2)
        migrant_rings(w, keys_code(w, code))
        await w.until(lambda: members(w) == 3)


async def _never(*_: object) -> None:
    await asyncio.Event().wait()


# --- by telephone --------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "allowed"), [(MAY_LEAVE_A_MESSAGE, True), (NO_MESSAGE, False)])
async def test_whether_a_message_may_be_left_holds_at_the_booked_hour(
    place: tuple[str, ...], allowed: bool
) -> None:
    async with world() as w:
        w.telephone(MIGRANT, NeverAnswers())
        await books(w, *place)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.MIGRANT_RUNG, call=1)
        request = w.calls.open[0].record.request
        assert request is not None
        assert request.voicemail_allowed is allowed
        assert (request.migrant_mode, request.dial_in_code) == ("ring", None)


# --- what the agency wants keyed -----------------------------------------------------------------


async def test_what_was_keyed_for_the_agency_s_records_is_with_the_booked_call_too() -> None:
    async with world() as w:
        field = AgencyField(FieldName.PROCESS_NUMBER, 4, 9)
        w.database.run_now(lambda conn: agencies.set_fields(conn, AgencyId(1), [field]))
        booked = await books(w, "1", "55667#")
        assert "55667" not in repr(booked)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        first, second = w.call_ids()
        kept = w.database.run_now(lambda conn: [fields_of(conn, one) for one in (first, second)])
        assert kept == [{FieldName.PROCESS_NUMBER: "55667"}] * 2
        for leg in w.calls.open[0].record.legs.open():
            await w.switch.line(leg.id).hang_up()
        await w.event(EventKind.CALL_ENDED, call=1)
        found = w.database.run_now(lambda conn: bookings.find_booking(conn, booked.id))
        assert found is not None
        assert found.fields == {}  # forgotten with the end, as the numbers are
