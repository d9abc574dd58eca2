# SPDX-License-Identifier: EUPL-1.2
"""Whoever asks for a person where nobody is there is seen in the log, a few times at the most."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.agencies import store as agencies
from bridge.calllog.model import EventKind
from bridge.calllog.timeline import sentence
from bridge.conversations import line_answers
from bridge.vocabulary import AgencyId, PhoneNumber
from tests.unit.conference.at_a_line import (
    OPERATOR,
    STAYS,
    SUNDAY_NIGHT,
    UKRAINIAN_KEY,
    at,
    found,
    on_duty,
    rings,
    said,
)
from tests.unit.conference.world import TECHNICIAN

pytestmark = pytest.mark.looptime

SATURDAY = datetime(2026, 11, 21, 11, tzinfo=UTC)
"""The line is open, and interpreting is closed."""


async def test_a_migrant_s_zero_at_a_closed_line_is_written_down() -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, UKRAINIAN_KEY, "0", "1", pause=8.0)
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert asked.leg == line.leg
        assert asked.data == {"language": "uk", "closed": True}
        assert "asked for an operator out of hours" in sentence(asked)
        # They are offered the opening as before, and no operator besides.
        await w.event(EventKind.OPENING_CALL_BACK_PROMISED)
        await w.until(lambda: line.ended)
        assert "uk/line-nobody-on-duty" in said(w, line)
        assert "uk/operator-call-back-offer" not in said(w, line)
        assert w.kinds().count(EventKind.NOBODY_ON_DUTY) == 1


async def test_a_technician_s_too_by_the_hours_of_interpreting() -> None:
    async with at(SATURDAY) as w:
        w.database.run_now(
            lambda conn: agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))
        )
        rings(w, "0", number=TECHNICIAN)
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert asked.data == {"closed": True}


async def test_and_at_the_door_of_a_closed_line() -> None:
    async with at(SUNDAY_NIGHT) as w:
        rings(w, "0")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert asked.data == {"closed": True}


async def test_an_operator_who_came_on_duty_meanwhile_is_reached() -> None:
    async with at(SUNDAY_NIGHT) as w:
        w.telephone(OPERATOR, STAYS)
        line = rings(w, UKRAINIAN_KEY)
        await w.event(EventKind.CLOSED_TOLD)
        on_duty(w)
        await line.wait(3.0)
        await line.key("0")
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert "uk/line-putting-through" in said(w, line)
        assert found(w, EventKind.PUT_THROUGH).data == {"reason": "asked"}
        assert EventKind.NOBODY_ON_DUTY not in w.kinds()


async def test_of_one_visit_it_is_written_down_a_few_times_wherever_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the door, and then, in a language chosen there, where it is told that it is closed."""
    monkeypatch.setattr(line_answers, "MOST_IN_VAIN", 3)
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, "0", "2", UKRAINIAN_KEY, "0", "0", "0", pause=8.0)
        await w.until(lambda: line.ended, 600)
        assert said(w, line).count("pt/line-nobody-on-duty") == 1
        assert said(w, line).count("uk/line-nobody-on-duty") == 3
        assert w.kinds().count(EventKind.NOBODY_ON_DUTY) == 3
