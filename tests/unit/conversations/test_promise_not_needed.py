# SPDX-License-Identifier: EUPL-1.2
"""Whoever is served before they were rung, as they were promised, is not rung for nothing."""

from __future__ import annotations

import asyncio

import pytest

from bridge.agencies import store as agencies
from bridge.calllog.model import EventKind
from bridge.calllog.timeline import sentence
from bridge.conference.served_store import TALKED_AFTER
from bridge.duties.opening_call_backs import AGAIN_AFTER
from bridge.openings import store as openings
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import AgencyId, PhoneNumber
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.at_a_line import (
    BEJA,
    MIGRANT,
    OPERATOR,
    STAYS,
    SUNDAY_NIGHT,
    UKRAINIAN_KEY,
    at,
    found,
    on_duty,
    rings,
)
from tests.unit.conference.world import AGENCY_CODE, PIN, TECHNICIAN, UKRAINIAN, World

pytestmark = pytest.mark.looptime

LONG = TALKED_AFTER.total_seconds() + 60
SHORT = TALKED_AFTER.total_seconds() - 30
NOT_NEEDED = EventKind.CALL_BACK_NOT_NEEDED


def rung(w: World, number: str = MIGRANT) -> int:
    return [one.to.number.e164 for one in w.switch.originated].count(number)


def promised(w: World) -> int:
    """How many promises are open."""
    later = w.clock.now() + AGAIN_AFTER
    return len(w.database.run_now(lambda conn: openings.due(conn, later)))


async def asked_in_vain(w: World, *keys: str, number: str = MIGRANT) -> None:
    """Somebody asked for an operator in vain, and wants to be rung; their telephone is silent."""
    line = rings(w, *(keys or ("0", "1")), number=number)
    await w.event(EventKind.OPERATOR_CALL_BACK_PROMISED, call=len(w.call_ids()))
    await w.until(lambda: line.ended)
    w.telephone(number, NeverAnswers())
    assert promised(w) == 1


async def talks(w: World, line: SimulatedLine, seconds: float) -> None:
    """The operator is there, and they talk for so long."""
    await w.until(lambda: OPERATOR in w.switch.transferred)
    await line.wait(seconds)
    await line.hang_up()
    await w.event(EventKind.CALL_ENDED, call=1)


async def looked_for_a_day(w: World) -> None:
    """Whoever is due is rung, again and again."""
    for _ in range(20):
        await w.openings.ring_due()
        await asyncio.sleep(AGAIN_AFTER.total_seconds())


# --- an operator ---------------------------------------------------------------------------------


async def test_who_missed_the_ring_and_rang_back_is_not_rung_again() -> None:
    async with at() as w:
        await asked_in_vain(w)
        on_duty(w)
        w.telephone(OPERATOR, STAYS)
        await w.openings.ring_due()
        await w.until(lambda: rung(w) == 1 and not w.switch.line(w.switch.originated[0].leg).ended)
        await asyncio.sleep(60)
        line = rings(w, "0")
        await talks(w, line, LONG)
        event = found(w, NOT_NEEDED, call=1)
        assert (event.leg, event.data) == (line.leg, {"for_operator": True})
        assert "not rung any more when an operator comes on duty" in sentence(event)
        assert promised(w) == 0
        await looked_for_a_day(w)
        assert rung(w) == 1


async def test_a_migrant_who_meets_an_operator_in_a_room_is_not_rung() -> None:
    async with at() as w:
        await asked_in_vain(w)
        on_duty(w, UKRAINIAN)
        w.telephone(OPERATOR, STAYS)
        line = rings(w, UKRAINIAN_KEY, "2", pause=8.0)
        await w.until(lambda: len(w.switch.others_in_room(line.leg)) == 1)
        assert found(w, NOT_NEEDED, call=1).data == {"for_operator": True}
        await line.hang_up()
        await looked_for_a_day(w)
        assert rung(w) == 0


async def test_while_they_are_on_the_line_they_are_not_rung_and_afterwards_they_are() -> None:
    async with at() as w:
        await asked_in_vain(w)
        line = rings(w)
        await line.wait(5.0)
        on_duty(w)
        await w.openings.ring_due()
        assert rung(w) == 0
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED, call=1)
        await w.openings.ring_due()
        assert rung(w) == 1


@pytest.mark.parametrize("answers", [True, False])
async def test_who_did_not_talk_with_the_operator_is_still_rung(answers: bool) -> None:
    async with at() as w:
        await asked_in_vain(w)
        on_duty(w)
        w.telephone(OPERATOR, STAYS if answers else NeverAnswers())
        line = rings(w, "0")
        if answers:
            await talks(w, line, SHORT)
        await w.event(EventKind.CALL_ENDED, call=1)
        assert NOT_NEEDED not in w.kinds(w.call_ids()[1])
        await w.openings.ring_due()
        assert rung(w) == 1


async def test_who_talks_with_a_service_still_wishes_for_an_operator() -> None:
    async with at() as w:
        await asked_in_vain(w)
        w.telephone(BEJA, STAYS)
        services = w.directory.lines[0].services
        line = rings(w, UKRAINIAN_KEY, "3", str(services.index("cnaim-beja") + 1), pause=8.0)
        await w.until(lambda: w.switch.transferred == [BEJA])
        await line.wait(LONG)
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED, call=1)
        assert promised(w) == 1


# --- an interpreter ------------------------------------------------------------------------------


async def test_a_technician_who_rang_again_and_got_an_interpreter_is_not_rung() -> None:
    async with at() as w:
        w.interpreter(STAYS)
        await asked_in_vain(w, AGENCY_CODE + PIN, "0", "1", number=TECHNICIAN)
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        event = found(w, NOT_NEEDED, call=1)
        assert (event.leg, event.data) == (line.leg, {"for_operator": True})
        await line.hang_up()
        on_duty(w)
        await looked_for_a_day(w)
        assert rung(w, TECHNICIAN) == 0


async def test_at_an_agency_s_telephone_it_may_be_a_colleague_who_was_served() -> None:
    async with at() as w:
        w.interpreter(STAYS)
        await asked_in_vain(w, AGENCY_CODE + PIN, "0", "1", number=TECHNICIAN)
        w.database.run_now(
            lambda conn: agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))
        )
        rings(w, PIN, "33", "1", "1", number=TECHNICIAN)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert NOT_NEEDED not in w.kinds(w.call_ids()[1])
        on_duty(w)
        await w.openings.ring_due()
        assert rung(w, TECHNICIAN) == 1


async def test_a_booked_call_is_about_something_else() -> None:
    async with at() as w:
        who = w.interpreter(STAYS)
        await w.book(who)
        await asked_in_vain(w, AGENCY_CODE + PIN, "0", "1", number=TECHNICIAN)
        w.telephone(TECHNICIAN, STAYS)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert promised(w) == 1


# --- the opening ---------------------------------------------------------------------------------


async def test_who_was_to_be_rung_at_the_opening_and_rang_first_is_not_rung() -> None:
    async with at(SUNDAY_NIGHT) as w:
        night = rings(w, UKRAINIAN_KEY, "1")
        await w.until(lambda: night.ended)
        await asyncio.sleep(10.1 * 3600)
        w.telephone(MIGRANT, Answers(after_seconds=2.0, hears_seconds=3.0, keys="5"))
        on_duty(w, UKRAINIAN)
        w.telephone(OPERATOR, STAYS)
        line = rings(w, "2", pause=8.0)
        await w.until(lambda: len(w.switch.others_in_room(line.leg)) == 1)
        event = found(w, NOT_NEEDED, call=1)
        assert event.data == {"for_operator": False}
        assert "not rung any more at the opening" in sentence(event)
        await looked_for_a_day(w)
        assert rung(w) == 0
