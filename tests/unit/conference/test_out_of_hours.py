# SPDX-License-Identifier: EUPL-1.2
"""Whoever rings while nobody is there hears so and is rung at the opening, once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bridge.agencies import store as agencies
from bridge.calllog.model import EventKind
from bridge.duties.opening_call_backs import AGAIN_AFTER
from bridge.openings import store as openings
from bridge.openings.model import ABANDONED_AFTER
from bridge.vocabulary import AgencyId, PhoneNumber
from lab.phones import Answers, Busy, Unreachable, Voicemail
from tests.unit.conference.at_a_line import (
    MIGRANT,
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
from tests.unit.conference.world import (
    AGENCY_CODE,
    PIN,
    TECHNICIAN,
    UKRAINIAN,
)

pytestmark = pytest.mark.looptime


async def test_out_of_hours_a_migrant_is_told_in_their_language_and_rung_at_the_opening() -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, UKRAINIAN_KEY, "1")
        told = await w.event(EventKind.CLOSED_TOLD)
        assert told.data == {"place": "lam", "opens_at": "2026-11-23T09:00:00+00:00"}
        await w.event(EventKind.OPENING_CALL_BACK_PROMISED)
        await w.until(lambda: line.ended)
        assert "uk/line-tomorrow" in said(w, line)
        assert "uk/line-call-back-promised" in said(w, line)

        w.telephone(MIGRANT, Answers(after_seconds=2.0, hears_seconds=3.0, keys="5"))
        await w.openings.ring_due()
        assert w.switch.originated == [], "never out of hours"
        await asyncio.sleep(10.1 * 3600)
        await w.openings.ring_due()
        await w.openings.ring_due()
        rung = [one.to.number.e164 for one in w.switch.originated]
        assert rung == [MIGRANT], "once only"
        leg = w.switch.originated[0].leg
        await w.until(lambda: "uk/menu-hours" in w.switch.spoken.get(leg, []))
        assert found(w, EventKind.MIGRANT_RANG, call=1).data == {"language": "uk"}
        assert w.database.run_now(lambda conn: openings.due(conn, w.clock.now())) == []


async def test_a_technician_is_told_by_the_hours_of_interpreting_and_rung_at_the_opening() -> None:
    saturday = datetime(2026, 11, 21, 11, tzinfo=UTC)
    async with at(saturday) as w:
        w.database.run_now(
            lambda conn: agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))
        )
        line = rings(w, "1", number=TECHNICIAN, pause=5.0)
        told = await w.event(EventKind.CLOSED_TOLD)
        assert told.data == {"place": "stt", "opens_at": "2026-11-23T09:00:00+00:00"}
        await w.until(lambda: line.ended)
        assert said(w, line)[0] == "pt/interpreting-closed"
        w.telephone(TECHNICIAN, Answers(after_seconds=2.0, hears_seconds=3.0, keys="5"))
        await asyncio.sleep(47 * 3600)
        await w.openings.ring_due()
        await w.until(lambda: len(w.switch.originated) == 1)
        leg = w.switch.originated[0].leg
        await w.until(lambda: "pt/ask-personal-code" in w.switch.spoken.get(leg, []))


async def test_nobody_is_rung_more_than_twice_and_a_voicemail_gets_no_further() -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, UKRAINIAN_KEY, "1")
        await w.until(lambda: line.ended, 600)
        w.telephone(MIGRANT, Voicemail())
        await asyncio.sleep(10.1 * 3600)
        for _ in range(10):
            await w.openings.ring_due()
            await asyncio.sleep(AGAIN_AFTER.total_seconds())
        assert len(w.switch.originated) == 2
        assert len(w.call_ids()) == 1
        assert w.database.run_now(lambda conn: openings.due(conn, w.clock.now())) == []


async def test_two_processes_ring_one_person_once_and_a_dead_one_s_try_is_taken_up_again() -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, UKRAINIAN_KEY, "1")
        await w.until(lambda: line.ended, 600)
        w.telephone(MIGRANT, Answers(after_seconds=2.0, hears_seconds=3.0, keys="5"))
        await asyncio.sleep(10.1 * 3600)
        dying, first = w.openings, w.calls
        await w.start_bridge("second")
        await asyncio.gather(dying.ring_due(), w.openings.ring_due())
        assert len(w.switch.originated) == 1, "the row says who rings"
        # The second process took over the conversations, and knows nothing of this ring.
        await first.stop()
        leg = w.switch.originated[0].leg
        await asyncio.sleep(ABANDONED_AFTER.total_seconds() + 1)
        assert w.switch.spoken[leg] == ["pt/apology-leg", "en/apology-leg"]
        await w.openings.ring_due()
        await w.until(
            lambda: "uk/menu-hours" in w.switch.spoken.get(w.switch.originated[-1].leg, [])
        )
        assert len(w.switch.originated) == 2


async def test_a_bridge_that_dies_after_their_key_asks_them_again_like_whoever_rings() -> None:
    """Who was rung at the opening and pressed a key is not let go with a word of regret."""
    async with at(SUNDAY_NIGHT) as w:
        on_duty(w, UKRAINIAN)
        line = rings(w, UKRAINIAN_KEY, "1")
        await w.until(lambda: line.ended, 600)
        w.telephone(MIGRANT, Answers(after_seconds=2.0, hears_seconds=3.0, keys="5"))
        await asyncio.sleep(10.1 * 3600)
        await w.openings.ring_due()
        await w.until(lambda: len(w.call_ids()) == 2)
        leg = w.switch.originated[0].leg
        await w.until(lambda: "uk/menu-hours" in w.switch.spoken[leg])
        w.die()
        await w.come_back()
        heard = len(w.switch.spoken[leg])
        await w.until(lambda: "uk/menu-operator" in w.switch.spoken[leg][heard:])
        call = w.calls.of_leg(leg)
        assert call is not None
        assert call.id == w.call_ids()[1], "it is the same call"
        await w.openings.ring_due()
        assert len(w.switch.originated) == 1


async def test_withheld_number_is_offered_no_call_back() -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, UKRAINIAN_KEY, number="")
        await w.until(lambda: line.ended, 600)
        assert "uk/line-closed" in said(w, line)
        assert "uk/line-call-back-offer" not in said(w, line)


async def test_no_more_call_backs_are_offered_than_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Numbers can be forged: nobody may have us ring as many people as they like."""
    monkeypatch.setattr(openings, "MOST_OPEN", 2)
    async with at(SUNDAY_NIGHT) as w:
        numbers = [f"+35196000000{place}" for place in range(1, 5)]
        for number in numbers[:2]:
            line = rings(w, UKRAINIAN_KEY, "1", number=number)
            await w.until(lambda line=line: line.ended, 600)  # type: ignore[misc]
            assert "uk/line-call-back-promised" in said(w, line)
        line = rings(w, UKRAINIAN_KEY, "1", number=numbers[2])
        await w.until(lambda: line.ended, 600)
        assert {"uk/line-closed", "uk/line-tomorrow", "uk/goodbye"} <= set(said(w, line))
        assert not {"uk/line-call-back-offer", "uk/line-call-back-promised"} & set(said(w, line))
        again = rings(w, UKRAINIAN_KEY, "1", number=numbers[0])
        await w.until(lambda: again.ended, 600)
        assert "uk/line-call-back-promised" in said(w, again), "theirs stands"
        await asyncio.sleep(10.1 * 3600)
        await w.openings.ring_due()
        assert sorted(one.to.number.e164 for one in w.switch.originated) == numbers[:2]


async def test_the_last_place_goes_to_whoever_keys_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "MOST_OPEN", 1)
    async with at(SUNDAY_NIGHT) as w:
        first = rings(w, UKRAINIAN_KEY, "1", number="+351960000001", pause=5.0)
        second = rings(w, UKRAINIAN_KEY, "1", number="+351960000002", pause=7.0)
        await w.until(lambda: first.ended and second.ended, 600)
        assert "uk/line-call-back-promised" in said(w, first)
        assert "uk/line-our-fault" in said(w, second)
        assert "uk/line-call-back-promised" not in said(w, second)


async def test_a_call_under_way_is_not_cut_when_the_window_closes() -> None:
    before_closing = datetime(2026, 11, 23, 18, 59, tzinfo=UTC)
    async with at(before_closing) as w:
        w.interpreter(STAYS)
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await asyncio.sleep(3600)
        assert not line.ended
        assert len(w.switch.others_in_room(line.leg)) == 1
        late = rings(w, AGENCY_CODE + PIN, number="+351210000002", pause=1.0)
        await w.until(lambda: "pt/interpreting-closed" in said(w, late))


async def test_zero_out_of_hours_reaches_whoever_is_on_duty_all_the_same() -> None:
    async with at(SUNDAY_NIGHT) as w:
        on_duty(w)
        w.telephone(OPERATOR, STAYS)
        line = rings(w, UKRAINIAN_KEY, "0")
        await w.until(lambda: w.switch.transferred == [OPERATOR])
        assert not line.ended


@pytest.mark.parametrize("behaviour", [Busy(), Unreachable()])
async def test_who_cannot_be_reached_at_the_opening_is_tried_once_more(
    behaviour: Busy | Unreachable,
) -> None:
    async with at(SUNDAY_NIGHT) as w:
        line = rings(w, UKRAINIAN_KEY, "1")
        await w.until(lambda: line.ended, 600)
        w.telephone(MIGRANT, behaviour)
        await asyncio.sleep(10.1 * 3600)
        for _ in range(20):
            await w.openings.ring_due()
            await asyncio.sleep(120)
        assert len(w.switch.originated) == 2
