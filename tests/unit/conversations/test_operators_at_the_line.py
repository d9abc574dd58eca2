# SPDX-License-Identifier: EUPL-1.2
"""Migrants who ask for an operator: who comes for which language, and what is said if nobody is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bridge.callers.keys import CallerKeys
from bridge.callers.store import remember_language
from bridge.calllog.model import EventKind
from bridge.duties.opening_call_backs import STALE_AFTER
from bridge.openings import store as openings
from bridge.openings.model import OpeningCallBack
from bridge.operators import store as operators
from bridge.operators.model import OperatorId
from bridge.vocabulary import LanguageTag, PhoneNumber
from lab.phones import Answers, NeverAnswers
from tests.storage_samples import PEPPER
from tests.unit.conference.at_a_line import (
    MIGRANT,
    OPERATOR,
    STAYS,
    SUNDAY_NIGHT,
    at,
    found,
    on_duty,
    rings,
    said,
)
from tests.unit.conference.world import UKRAINIAN, World

pytestmark = pytest.mark.looptime

OTHER_MIGRANT = "+351960000002"
ANSWERS_BY_KEY = Answers(after_seconds=2.0, hears_seconds=3.0, keys="5")
NO_ANSWER = NeverAnswers()
ROMANIAN, MOLDOVAN = LanguageTag("ro"), LanguageTag("ro-MD")


def remembered(w: World, language: LanguageTag) -> None:
    """The migrant has rung before, and is greeted in this language."""
    key, at = CallerKeys(PEPPER).caller(PhoneNumber(MIGRANT)), w.clock.now()
    w.database.run_now(lambda conn: remember_language(conn, key, language, at))


@pytest.mark.parametrize("speaks", [ROMANIAN, MOLDOVAN])
@pytest.mark.parametrize("chosen", [ROMANIAN, MOLDOVAN])
async def test_romanian_and_moldovan_are_one_language_between_caller_and_operator(
    speaks: LanguageTag, chosen: LanguageTag
) -> None:
    async with at() as w:
        on_duty(w, speaks)
        w.telephone(OPERATOR, STAYS)
        remembered(w, chosen)
        line = rings(w, "2")
        wanted = await w.event(EventKind.OPERATOR_WANTED)
        assert wanted.data == {"language": chosen, "interpreter": False}
        await w.until(lambda: len(w.switch.others_in_room(line.leg)) == 1)
        assert "ro/operator-soon" in said(w, line)


async def test_an_open_line_without_an_operator_says_so_and_never_when_it_opens() -> None:
    async with at() as w:
        remembered(w, UKRAINIAN)
        line = rings(w, "2")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert asked.data == {"language": "uk"}
        await w.until(lambda: said(w, line).count("uk/menu-hours") == 2)
        told = said(w, line).index("uk/line-nobody-on-duty")
        assert said(w, line)[told + 1 : told + 4] == [
            *("uk/operator-call-back-offer", "uk/line-ring-later", "uk/menu-hours"),
        ]
        await w.until(lambda: line.ended, 600)
        assert said(w, line)[-1] == "uk/goodbye"
        assert not {"uk/line-opens", "uk/line-call-back-offer"} & set(said(w, line))
        assert EventKind.CLOSED_TOLD not in w.kinds()


async def test_a_line_that_closes_before_an_operator_is_asked_for_says_when_it_opens() -> None:
    just_open = datetime(2026, 11, 23, 19, 59, 55, tzinfo=UTC)
    async with at(just_open) as w:
        remembered(w, UKRAINIAN)
        line = rings(w, "2", "1", pause=8.0)
        told = await w.event(EventKind.CLOSED_TOLD)
        assert told.data == {"place": "lam", "opens_at": "2026-11-24T09:00:00+00:00"}
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert asked.data == {"language": "uk", "closed": True}
        await w.event(EventKind.OPENING_CALL_BACK_PROMISED)
        await w.until(lambda: line.ended)
        assert "uk/line-closed" in said(w, line)


# --- rung when an operator is on duty ----------------------------------------------------------


async def test_who_asked_for_an_operator_in_vain_is_rung_when_one_is_on_duty() -> None:
    async with at() as w:
        remembered(w, UKRAINIAN)
        line = rings(w, "2", "1", pause=8.0)
        await w.event(EventKind.OPERATOR_CALL_BACK_PROMISED)
        await w.until(lambda: line.ended)
        assert said(w, line)[-2:] == ["uk/operator-call-back-promised", "uk/goodbye"]
        w.telephone(MIGRANT, ANSWERS_BY_KEY)
        await asyncio.sleep(3600)
        await w.openings.ring_due()
        assert w.switch.originated == [], "nobody is there to talk with"

        on_duty(w, UKRAINIAN)
        w.telephone(OPERATOR, STAYS)
        await w.openings.ring_due()
        await w.openings.ring_due()
        assert rung(w) == [MIGRANT], "once only"
        migrant = w.switch.originated[0].leg
        await w.until(lambda: len(w.switch.others_in_room(migrant)) == 1)
        assert rung(w) == [MIGRANT, OPERATOR]
        spoken = w.switch.spoken[migrant]
        assert "uk/operator-soon" in spoken
        assert "uk/menu-hours" not in spoken
        assert found(w, EventKind.OPERATOR_WANTED, call=1).data["language"] == "uk"
        assert waiting(w) == []


async def test_zero_at_the_door_in_vain_is_written_down_and_a_call_back_promised() -> None:
    async with at() as w:
        line = rings(w, "0", "1")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert (asked.leg, asked.data) == (line.leg, {})
        await w.event(EventKind.OPERATOR_CALL_BACK_PROMISED)
        await w.until(lambda: line.ended)
        assert "en/operator-call-back-promised" in said(w, line)

        on_duty(w)
        w.telephone(MIGRANT, ANSWERS_BY_KEY)
        w.telephone(OPERATOR, STAYS)
        await w.openings.ring_due()
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert "en/line-putting-through" in w.switch.spoken[w.switch.originated[0].leg]
        assert found(w, EventKind.PUT_THROUGH, call=1).data == {"reason": "asked"}


async def test_each_zero_in_vain_is_written_down_and_a_withheld_number_is_offered_nothing() -> None:
    async with at() as w:
        line = rings(w, "0", "0", number="", pause=8.0)
        await w.until(lambda: line.ended, 600)
        (call,) = w.call_ids()
        kinds = [one.kind for one in w.events(call)]
        assert kinds.count(EventKind.NOBODY_ON_DUTY) == 2
        assert "pt/operator-call-back-offer" not in said(w, line)


async def test_zero_at_the_door_reaches_an_operator_who_came_on_duty_meanwhile() -> None:
    async with at() as w:
        w.telephone(OPERATOR, STAYS)
        line = rings(w, "0", pause=8.0)
        await asyncio.sleep(4.0)
        on_duty(w)
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert not line.ended
        assert EventKind.NOBODY_ON_DUTY not in w.kinds()


async def test_no_more_are_rung_at_a_time_than_operators_are_on_duty() -> None:
    async with at() as w:
        for number in (MIGRANT, OTHER_MIGRANT):
            line = rings(w, "0", "1", number=number)
            await w.until(lambda line=line: line.ended)  # type: ignore[misc]
            w.telephone(number, NO_ANSWER)
        on_duty(w)
        await w.openings.ring_due()
        await w.openings.ring_due()
        assert rung(w) == [MIGRANT]


async def test_a_wish_of_the_night_waits_for_the_line_to_open_and_then_for_an_operator() -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, "0", "1")
        await w.until(lambda: line.ended)
        w.telephone(MIGRANT, NO_ANSWER)
        on_duty(w)
        await w.openings.ring_due()
        assert w.switch.originated == [], "never out of hours"
        await asyncio.sleep(10.1 * 3600)
        await w.openings.ring_due()
        assert rung(w) == [MIGRANT]


async def test_an_operator_who_has_gone_again_is_wished_for_anew() -> None:
    async with at() as w:
        remembered(w, UKRAINIAN)
        line = rings(w, "2", "1", pause=8.0)
        await w.until(lambda: line.ended)
        w.telephone(MIGRANT, Answers(after_seconds=2.0, hears_seconds=3.0, keys="5"))
        on_duty(w)
        await w.openings.ring_due()
        w.database.run_now(lambda conn: operators.set_duty(conn, OperatorId(1), on_duty=False))
        leg = w.switch.originated[0].leg
        await w.until(lambda: "uk/operator-call-back-offer" in w.switch.spoken.get(leg, []))
        assert found(w, EventKind.NOBODY_ON_DUTY, call=1).data == {"language": "uk"}


async def test_a_wish_that_no_operator_fulfils_is_given_up_after_two_days() -> None:
    async with at() as w:
        line = rings(w, "0", "1")
        await w.until(lambda: line.ended)
        await asyncio.sleep(STALE_AFTER.total_seconds())
        on_duty(w)
        await w.openings.ring_due()
        assert w.switch.originated == []
        assert waiting(w) == []


def rung(w: World) -> list[str]:
    return [one.to.number.e164 for one in w.switch.originated]


def waiting(w: World) -> list[OpeningCallBack]:
    return w.database.run_now(lambda conn: openings.due(conn, w.clock.now()))
