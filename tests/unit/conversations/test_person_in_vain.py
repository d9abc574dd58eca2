# SPDX-License-Identifier: EUPL-1.2
"""Technicians and interpreters who ask for a person when none is on duty: that is written down, and
who wants is rung when one is.
"""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.openings import store as openings
from bridge.openings.model import OpeningCallBack
from bridge.operators import store as operators
from bridge.operators.model import OperatorId
from bridge.roster.model import Presence
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import InterpreterId, Role
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.at_a_line import (
    OPERATOR,
    STAYS,
    at,
    found,
    on_duty,
    said,
)
from tests.unit.conference.world import AGENCY_CODE, LINE, PIN, TECHNICIAN, World

pytestmark = pytest.mark.looptime

CODES = AGENCY_CODE + PIN
UKRAINIAN_BESIDE_ME = ("33", "1", "1")
ANSWERS_BY_KEY = Answers(after_seconds=2.0, hears_seconds=3.0, keys="5")
OFFER = "pt/operator-call-back-offer"


def rings(w: World, *keys: str, number: str = TECHNICIAN, pause: float = 2.0) -> SimulatedLine:
    """A technician rings and keys these, each after having listened for a while."""

    async def telephone(line: SimulatedLine) -> None:
        for entry in keys:
            await line.wait(pause)
            await line.key(entry)

    return w.switch.call(number, LINE, telephone)


async def test_zero_in_vain_is_written_down_and_who_wants_is_rung_when_somebody_is_there() -> None:
    async with at() as w:
        line = rings(w, CODES, "0", "1")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert (asked.leg, asked.data) == (line.leg, {})
        promised = await w.event(EventKind.OPERATOR_CALL_BACK_PROMISED)
        assert (promised.leg, promised.data) == (line.leg, {})
        await w.event(EventKind.CALL_ENDED)
        assert said(w, line)[-2:] == ["pt/operator-call-back-promised", "pt/goodbye"]
        assert w.outcome() == "not_requested"
        (wish,) = waiting(w)
        assert (wish.role, wish.for_operator) == (Role.TECHNICIAN, True)

        w.telephone(TECHNICIAN, ANSWERS_BY_KEY)
        await asyncio.sleep(60)
        await w.openings.ring_due()
        assert rung(w) == [], "nobody is there to talk with"
        on_duty(w)
        w.telephone(OPERATOR, STAYS)
        await w.openings.ring_due()
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert rung(w) == [TECHNICIAN]
        assert found(w, EventKind.PUT_THROUGH, call=1).data == {"reason": "asked"}
        assert waiting(w) == []


async def test_whoever_does_not_want_that_asks_for_an_interpreter_all_the_same() -> None:
    async with at() as w:
        rings(w, CODES, "33", "1", "0", "2", "1")
        requested = await w.event(EventKind.REQUESTED)
        assert requested.data["language"] == "uk"
        assert w.kinds().count(EventKind.NOBODY_ON_DUTY) == 1
        assert waiting(w) == []


async def test_it_is_offered_to_somebody_whose_codes_did_not_fit_too() -> None:
    async with at() as w:
        rings(w, f"{AGENCY_CODE}000000", "0", "1", pause=7.0)
        await w.event(EventKind.OPERATOR_CALL_BACK_PROMISED)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "not_identified"


async def test_while_a_request_is_served_it_is_written_down_and_nothing_is_offered() -> None:
    """The promise would end the request, or ring somebody who is talking by then."""
    async with at() as w:
        w.interpreter(NeverAnswers())
        line = rings(w, CODES, *UKRAINIAN_BESIDE_ME, "0")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert (asked.leg, asked.data) == (line.leg, {})
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.until(lambda: "pt/queue-first" in said(w, line))
        await line.key("0")
        await w.until(lambda: w.kinds().count(EventKind.NOBODY_ON_DUTY) == 2)
        await asyncio.sleep(10)
        assert OFFER not in said(w, line)
        assert not line.ended
        assert waiting(w) == []


async def test_zero_while_waiting_reaches_an_operator_who_came_on_duty_meanwhile() -> None:
    async with at() as w:
        w.interpreter(NeverAnswers())
        line = rings(w, CODES, *UKRAINIAN_BESIDE_ME)
        await w.event(EventKind.OFFERED)
        w.telephone(OPERATOR, STAYS)
        on_duty(w)
        await line.key("0")
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert found(w, EventKind.PUT_THROUGH).data == {"reason": "asked"}
        assert EventKind.NOBODY_ON_DUTY not in w.kinds()


async def test_a_withheld_number_is_offered_nothing() -> None:
    async with at() as w:
        line = rings(w, CODES, "0", "33", "1", "1", number="")
        await w.event(EventKind.REQUESTED)
        assert EventKind.NOBODY_ON_DUTY in w.kinds()
        assert OFFER not in said(w, line)


async def test_a_line_that_has_promised_enough_promises_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openings, "MOST_OPEN", 1)
    async with at() as w:
        first = rings(w, CODES, "0", "1")
        await w.until(lambda: first.ended)
        again = rings(w, CODES, "0", "1")
        await w.until(lambda: again.ended)
        assert len(waiting(w)) == 1, "one number is promised one ring"
        other = rings(w, CODES, "0", "33", "1", "1", number="+351210000002")
        await w.event(EventKind.REQUESTED, call=2)
        assert OFFER not in said(w, other)
        assert len(waiting(w)) == 1


async def test_when_the_operator_has_gone_again_the_technician_is_asked_who_they_are() -> None:
    async with at() as w:
        line = rings(w, CODES, "0", "1")
        await w.until(lambda: line.ended)
        w.telephone(TECHNICIAN, ANSWERS_BY_KEY)
        on_duty(w)
        await w.openings.ring_due()
        w.database.run_now(lambda conn: operators.set_duty(conn, OperatorId(1), on_duty=False))
        leg = w.switch.originated[0].leg
        await w.until(lambda: "pt/ask-identity" in w.switch.spoken.get(leg, []))


# --- interpreters --------------------------------------------------------------------------------


def interpreter(w: World) -> tuple[InterpreterId, str]:
    """An interpreter who may ring us, and the number they ring from."""
    who = w.interpreter(ANSWERS_BY_KEY)
    w.set_pin(who, PIN)
    return who, "+351910000001"


async def test_an_interpreter_s_zero_in_vain_is_written_down_and_a_call_back_promised() -> None:
    async with at() as w:
        who, number = interpreter(w)
        line = w.ring_as(who, PIN, "0", "1")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert (asked.leg, asked.data) == (line.leg, {})
        await w.event(EventKind.OPERATOR_CALL_BACK_PROMISED)
        await w.event(EventKind.CALL_ENDED)
        assert said(w, line)[-2:] == ["pt/operator-call-back-promised", "pt/goodbye"]
        assert w.outcome() == "not_requested"
        (wish,) = waiting(w)
        assert (wish.role, wish.for_operator) == (Role.INTERPRETER, True)

        on_duty(w)
        w.telephone(OPERATOR, STAYS)
        await w.openings.ring_due()
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert rung(w) == [number]
        assert found(w, EventKind.PUT_THROUGH, call=1).data == {"reason": "asked"}
        assert waiting(w) == []


async def test_an_interpreter_may_ask_before_the_pin_and_go_on() -> None:
    async with at() as w:
        who, _ = interpreter(w)
        w.ring_as(who, "0#", "2", PIN, "3")
        await w.until(lambda: w.presence(who) is Presence.OFF)
        assert w.kinds().count(EventKind.NOBODY_ON_DUTY) == 1
        assert waiting(w) == []


async def test_presence_alone_is_no_call() -> None:
    async with at() as w:
        who, _ = interpreter(w)
        w.ring_as(who, PIN, "3")
        await w.until(lambda: w.presence(who) is Presence.OFF)
        assert w.call_ids() == []


async def test_an_interpreter_who_hangs_up_at_the_offer_is_promised_nothing() -> None:
    async with at() as w:
        who, _ = interpreter(w)
        line = w.ring_as(who, PIN, "0")
        await w.until(lambda: OFFER in said(w, line))
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert waiting(w) == []


async def test_an_interpreter_reaches_an_operator_who_came_on_duty_meanwhile() -> None:
    async with at() as w:
        who, _ = interpreter(w)
        line = w.ring_as(who, PIN)
        await w.until(lambda: "pt/presence-keys" in said(w, line))
        w.telephone(OPERATOR, STAYS)
        on_duty(w)
        await line.key("0")
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert found(w, EventKind.PUT_THROUGH).data == {"reason": "asked"}
        assert EventKind.NOBODY_ON_DUTY not in w.kinds()


async def test_an_interpreter_whom_a_call_has_is_not_rung_for_an_operator() -> None:
    async with at() as w:
        who, number = interpreter(w)
        line = w.ring_as(who, PIN, "0", "1")
        await w.until(lambda: line.ended)
        w.telephone(number, STAYS)
        w.request()
        await w.event(EventKind.OFFER_ACCEPTED, call=1)
        w.telephone(OPERATOR, STAYS)
        on_duty(w)
        before = rung(w)
        await w.openings.ring_due()
        assert rung(w) == before
        assert len(waiting(w)) == 1


async def test_an_interpreter_who_comes_back_after_the_bridge_was_away_is_asked_as_before() -> None:
    async with at() as w:
        who, _ = interpreter(w)
        line = w.ring_as(who, PIN, "0")
        await w.until(lambda: OFFER in said(w, line))
        w.die()
        await w.come_back()
        await w.until(lambda: said(w, line).count("pt/presence-greeting") == 2)
        await line.key("0")
        await w.until(lambda: w.kinds().count(EventKind.NOBODY_ON_DUTY) == 2)
        assert len(w.call_ids()) == 1


async def test_what_cannot_be_written_is_not_promised_to_an_interpreter() -> None:
    async with at() as w:
        who, _ = interpreter(w)
        line = w.ring_as(who)

        def fail() -> None:
            raise DatabaseUnavailable("gone")

        await w.until(lambda: "pt/ask-pin" in said(w, line))
        w.database.before = fail
        await line.key("0")
        await w.until(lambda: said(w, line)[-2:] == ["pt/nobody-on-duty", "pt/ask-pin"])
        assert OFFER not in said(w, line)


def rung(w: World) -> list[str]:
    return [one.to.number.e164 for one in w.switch.originated]


def waiting(w: World) -> list[OpeningCallBack]:
    return w.database.run_now(lambda conn: openings.due(conn, w.clock.now()))
