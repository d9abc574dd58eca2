# SPDX-License-Identifier: EUPL-1.2
"""A promised call-back ends: by the key that says no, after four hours, or at closing time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bridge.calllog.model import EventKind
from bridge.conference.promise import HOLDS_FOR, holds_until
from bridge.conference.store import open_call
from bridge.hours.directory import parse_directory
from bridge.hours.store import add_closure
from bridge.roster.model import Presence
from bridge.vocabulary import InterpreterId, new_call_id
from lab.hours import LineHours, directory_text
from lab.phones import Answers, Behaviour, NeverAnswers, Voicemail
from tests.storage_samples import make_call
from tests.unit.conference.world import START, TECHNICIAN, World, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
LISTENS = Answers(after_seconds=2)
SAYS_NO = Answers(after_seconds=2, hears_seconds=1, keys="2")
IN_VAIN = "pt/callback-in-vain"


async def promised(w: World, telephone: Behaviour) -> InterpreterId:
    """A technician who is to be called back; the only interpreter, who is not there."""
    who = w.interpreter(ACCEPTS, presence=Presence.OFF)
    w.telephone(TECHNICIAN, telephone)
    line = w.request()
    await w.until(lambda: "pt/call-back-key" in w.switch.spoken.get(line.leg, []))
    await line.key("2")
    await w.event(EventKind.CALL_BACK_PROMISED)
    await line.wait_hang_up()
    return who


async def sleep_until(w: World, moment: datetime) -> None:
    await asyncio.sleep((moment - w.clock.now()).total_seconds())


async def test_who_says_no_by_key_is_not_rung_again() -> None:
    async with world() as w:
        who = await promised(w, SAYS_NO)
        w.set_presence(who, Presence.AVAILABLE)
        missing = await w.event(EventKind.NOT_REJOINED)
        assert missing.data == {"role": "technician", "reason": "refused"}
        await w.event(EventKind.CALL_ENDED)
        assert w.kinds().count(EventKind.REDIALLED) == 1
        assert w.outcome() == "unreached"
        assert w.reserved() == frozenset()


async def test_who_only_does_not_answer_is_rung_twice() -> None:
    async with world() as w:
        who = await promised(w, NeverAnswers())
        w.set_presence(who, Presence.AVAILABLE)
        await w.event(EventKind.CALL_ENDED)
        assert w.kinds().count(EventKind.REDIALLED) == 2


@pytest.mark.parametrize("telephone", [LISTENS, NeverAnswers(), Voicemail(stays_seconds=60)])
async def test_after_four_hours_the_technician_is_told_that_it_was_in_vain(
    telephone: Behaviour,
) -> None:
    async with world() as w:
        await promised(w, telephone)
        until = (await w.event(EventKind.CALL_BACK_PROMISED)).at + HOLDS_FOR
        await sleep_until(w, until - timedelta(seconds=1))
        assert EventKind.CALL_BACK_EXPIRED not in w.kinds()
        expired = await w.event(EventKind.CALL_BACK_EXPIRED)
        assert until <= expired.at < until + timedelta(seconds=1)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unfilled"
        (rung,) = [event for event in w.events() if event.kind is EventKind.REDIALLED]
        assert rung.data["why"] == "expired"
        told = w.switch.spoken.get(w.switch.originated[-1].leg, [])
        assert told.count(IN_VAIN) == (0 if isinstance(telephone, NeverAnswers) else 2)


async def test_a_promise_ends_when_the_service_closes() -> None:
    async with world() as w:
        await sleep_until(w, START.replace(hour=17, minute=30))
        await promised(w, LISTENS)
        closes_at = START.replace(hour=19, minute=0)
        await sleep_until(w, closes_at - timedelta(seconds=1))
        assert EventKind.CALL_BACK_EXPIRED not in w.kinds()
        assert (await w.event(EventKind.CALL_BACK_EXPIRED)).at >= closes_at
        await w.event(EventKind.CALL_ENDED)


async def test_a_promise_that_was_kept_does_not_run_out() -> None:
    async with world() as w:
        who = await promised(w, ACCEPTS)
        w.set_presence(who, Presence.AVAILABLE)
        complete = await w.event(EventKind.ROOM_COMPLETE)
        await sleep_until(w, complete.at + HOLDS_FOR + timedelta(minutes=1))
        assert EventKind.CALL_BACK_EXPIRED not in w.kinds()
        assert len(w.switch.others_in_room(w.switch.originated[-1].leg)) == 1


@pytest.mark.parametrize("away", [timedelta(minutes=5), HOLDS_FOR + timedelta(hours=1)])
async def test_the_next_process_keeps_the_promise_no_longer(away: timedelta) -> None:
    async with world() as w:
        await promised(w, LISTENS)
        until = (await w.event(EventKind.CALL_BACK_PROMISED)).at + HOLDS_FOR
        await w.calls.stop()
        await asyncio.sleep(away.total_seconds())
        back = w.clock.now()
        await w.start_bridge("second")
        await asyncio.sleep(max(0.0, (until - back).total_seconds() - 60))
        expired = await w.event(EventKind.CALL_BACK_EXPIRED)
        due = max(until, back)
        assert due <= expired.at < due + timedelta(seconds=5)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unfilled"
        assert IN_VAIN in w.switch.spoken[w.switch.originated[-1].leg]


@pytest.mark.parametrize("nth", range(1, 6))
async def test_a_bridge_that_dies_when_the_promise_runs_out_still_tells(nth: int) -> None:
    async with world() as w:
        await promised(w, LISTENS)
        until = (await w.event(EventKind.CALL_BACK_PROMISED)).at + HOLDS_FOR
        await sleep_until(w, until - timedelta(seconds=1))
        left = nth

        def after() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                w.die()

        w.database.after = after
        await w.until(lambda: w.database.dead or not w.calls.open)
        await asyncio.sleep(8)
        if w.database.dead:
            await w.come_back()
        await w.event(EventKind.CALL_ENDED)
        assert w.kinds().count(EventKind.CALL_BACK_EXPIRED) == 1
        assert w.outcome() == "unfilled"
        told = [w.switch.spoken.get(one.leg, []).count(IN_VAIN) for one in w.switch.originated]
        assert told[-1] == 2
        assert len([one for one in told if one]) <= 2


async def test_a_telephone_that_rings_on_while_the_bridge_dies_still_tells() -> None:
    async with world() as w:
        await promised(w, Answers(after_seconds=20))
        until = (await w.event(EventKind.CALL_BACK_PROMISED)).at + HOLDS_FOR
        await sleep_until(w, until + timedelta(seconds=5))
        w.die()
        await asyncio.sleep(5)
        await w.come_back()
        await w.event(EventKind.CALL_ENDED)
        (rung,) = w.switch.originated
        assert w.switch.spoken[rung.leg].count(IN_VAIN) == 2


@pytest.mark.parametrize("away", [5.0, 60.0])
async def test_who_cannot_be_rung_when_the_promise_runs_out_is_told_later(away: float) -> None:
    async with world() as w:
        await promised(w, LISTENS)
        until = (await w.event(EventKind.CALL_BACK_PROMISED)).at + HOLDS_FOR
        await sleep_until(w, until - timedelta(seconds=1))
        w.switch.lose_link()
        await asyncio.sleep(away)
        assert w.switch.originated == []
        w.switch.restore_link()
        await w.event(EventKind.CALL_ENDED)
        (rung,) = w.switch.originated
        assert w.switch.spoken[rung.leg].count(IN_VAIN) == 2


async def test_how_long_a_promise_holds() -> None:
    async with world() as w:
        call = w.database.run_now(lambda conn: make_call(conn))

        def until(at: datetime) -> datetime:
            return w.database.run_now(lambda conn: holds_until(conn, call, at))

        monday = datetime(2026, 11, 23, tzinfo=UTC)
        assert until(monday.replace(hour=10)) == monday.replace(hour=14)
        assert until(monday.replace(hour=16)) == monday.replace(hour=19)
        # Nobody is there, so closing says nothing; the other bound holds.
        assert until(monday.replace(hour=22)) == monday.replace(hour=22) + HOLDS_FOR
        always = parse_directory(directory_text(monday.date(), LineHours.OPEN, frozenset()))
        four = monday.replace(hour=16)
        own = w.database.run_now(lambda conn: holds_until(conn, call, four, always))
        assert own == four + HOLDS_FOR
        w.database.run_now(lambda conn: add_closure(conn, "stt", monday.date(), "Teste"))
        assert until(monday.replace(hour=16)) == monday.replace(hour=20)


AFTERNOONS = """
[[line]]
key = "lam"
pt = "Linha"
en = "Line"
numbers = ["+351218106191"]
technicians = "interpretes"
hours = [{ days = "Mon-Sun", open = ["00:00-24:00"], on_holidays = true }]

[[line]]
key = "noite"
pt = "Linha da noite"
en = "Night line"
numbers = ["+351210000088"]
hours = [{ days = "Mon-Sun", open = ["13:00-16:00"], on_holidays = true }]

[[service]]
key = "interpretes"
pt = "Serviço de intérpretes"
en = "Interpreters"
hours = [{ days = "Mon-Sun", open = ["10:00-17:00"], on_holidays = true }]
"""


async def test_a_promise_holds_by_the_hours_of_its_line_whatever_its_service_is_called() -> None:
    own = parse_directory(AFTERNOONS)
    async with world() as w:
        three = START.replace(hour=15)

        def until(line: str) -> int:
            def work(conn: Connection) -> datetime:
                call = new_call_id()
                open_call(conn, call, line, START, "first")
                return holds_until(conn, call, three, own)

            return w.database.run_now(work).hour

        assert [until(line) for line in ("+351218106191", "lam")] == [17, 17]
        assert [until(line) for line in ("+351210000088", "noite")] == [16, 16]
        assert [until(line) for line in ("booked", "unknown")] == [17, 17]


async def test_with_a_service_under_another_name_a_promise_is_made_and_ends() -> None:
    async with world() as w:
        w.promises_by = parse_directory(AFTERNOONS)
        await w.restart()
        await sleep_until(w, START.replace(hour=15))
        await promised(w, LISTENS)
        assert (await w.event(EventKind.CALL_BACK_EXPIRED, seconds=9000)).at.hour == 17
