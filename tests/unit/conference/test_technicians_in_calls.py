# SPDX-License-Identifier: EUPL-1.2
"""It is seen from the rows whether a technician is in a call, so that nobody removes them in it."""

from __future__ import annotations

import pytest

from bridge.calllog.model import EventKind
from bridge.calllog.store import is_identified_in_open_call
from bridge.conference.store import is_asked_for_by
from bridge.vocabulary import TechnicianId
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import AGENCY_CODE, PIN, TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

MINE, OTHERS = TechnicianId(1), TechnicianId(2)
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")


def seen(w: World, who: TechnicianId = MINE) -> tuple[bool, bool]:
    """Whether they are known in an open call, and whether they have asked for one."""
    return w.database.run_now(
        lambda conn: (is_identified_in_open_call(conn, who), is_asked_for_by(conn, who))
    )


async def test_from_the_pin_to_the_last_hang_up() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        assert seen(w) == (False, False)
        line = w.technician(AGENCY_CODE + PIN)
        await w.event(EventKind.IDENTIFIED)
        assert seen(w) == (True, False)
        assert seen(w, OTHERS) == (False, False)
        for entry in ("33", "1", "1"):
            await line.wait(2.0)
            await line.key(entry)
        await w.event(EventKind.ROOM_COMPLETE)
        assert seen(w) == (True, True)
        assert seen(w, OTHERS) == (False, False)
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert seen(w) == (False, False)


async def test_whose_codes_do_not_fit_is_nobody() -> None:
    async with world() as w:
        w.technician(f"{AGENCY_CODE}000000")
        await w.event(EventKind.IDENTIFICATION_FAILED)
        assert seen(w) == (False, False)


async def test_a_booked_call_s_technician_is_rung_and_never_keys_a_pin() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.telephone(TECHNICIAN, NeverAnswers())
        await w.book(who)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.REDIALLED)
        assert seen(w) == (False, True)
