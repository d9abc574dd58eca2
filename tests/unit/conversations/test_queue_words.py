# SPDX-License-Identifier: EUPL-1.2
"""What is heard in the queue, and when, while the hunt finds nobody time and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import add_agency, add_technician
from bridge.bookings.model import MadeBy, NewBooking
from bridge.bookings.store import book, bookings_between
from bridge.callers.keys import CallerKeys
from bridge.calllog.model import EventKind
from bridge.conversations.technician_answers import AnswerTools, TechnicianAnswers
from bridge.hours.model import Absence
from bridge.ivr.technician.request import Book, Booked, SlotGone
from bridge.roster.lists_store import add_to_list
from bridge.roster.model import Presence
from bridge.roster.people_store import set_vetted
from bridge.roster.requirements import ListEntry, ListKind, Requirements
from bridge.roster.windows_store import add_absence, set_windows
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import InterpreterId, LanguageTag
from lab.phones import Answers
from tests.storage_samples import PEPPER, number, quick_hasher
from tests.unit.conference.world import World, all_week, world

pytestmark = pytest.mark.looptime

REFUSES = Answers(after_seconds=1, hears_seconds=0.5, keys="2")
SLICE = 20.0
UK = LanguageTag("uk")
HALF = timedelta(minutes=30)


def said(w: World, line: SimulatedLine) -> list[str]:
    return w.switch.spoken.get(line.leg, [])


async def hears(w: World, line: SimulatedLine, prompt: str) -> None:
    await w.until(lambda: f"pt/{prompt}" in said(w, line), look_every=0.1)


async def moments(w: World, line: SimulatedLine, prompt: str, seconds: float) -> list[float]:
    """When something is said to somebody in the seconds to come, to the tenth of a second."""
    loop, before, found = asyncio.get_running_loop(), said(w, line).count(prompt), []
    end = loop.time() + seconds
    while loop.time() < end:
        await asyncio.sleep(0.1)
        now = said(w, line).count(prompt)
        found += [loop.time()] * (now - before)
        before = now
    return found


async def come_and_refuse(w: World, *, every: float, how_many: int) -> None:
    """Interpreters come on duty one after the other, are offered the call, and refuse it."""
    who = [w.interpreter(REFUSES, presence=Presence.OFF) for _ in range(how_many)]
    for one in who:
        w.set_presence(one, Presence.AVAILABLE)
        await asyncio.sleep(every)


@pytest.mark.parametrize("key", ["1", None])
async def test_however_many_refuse_the_place_is_said_every_twenty_seconds(key: str | None) -> None:
    """Also what came up while the choices were read out is told once, as it stands then."""
    async with world() as w:
        technician = w.request()
        await hears(w, technician, "nobody-available")
        if key is not None:
            await technician.key(key)
        coming = asyncio.ensure_future(come_and_refuse(w, every=5.0, how_many=12))
        told = await moments(w, technician, "pt/queue-first", 110.0)
        await coming
        assert w.kinds().count(EventKind.NOBODY_AVAILABLE) > 12
        assert len(told) >= 3, "it is said all the same"
        assert min(after - before for before, after in pairwise(told)) >= SLICE


async def test_news_do_not_shorten_the_half_hour() -> None:
    async with world() as w:
        technician = w.request()
        await hears(w, technician, "nobody-available")
        since = w.clock.now()
        await technician.key("1")
        await come_and_refuse(w, every=15.0, how_many=40)
        assert w.kinds().count(EventKind.NOBODY_AVAILABLE) > 40
        assert "pt/waited-too-long" not in said(w, technician)
        await w.event(EventKind.PUT_THROUGH, seconds=2400)
        assert w.clock.now() - since >= timedelta(minutes=30)


async def test_a_time_that_was_read_out_can_be_booked_when_the_next_ones_are_others() -> None:
    """The hunt that ended in vain meanwhile looked them up again."""
    async with world() as w:
        who = w.interpreter(REFUSES, presence=Presence.OFF)
        w.database.run_now(lambda conn: set_windows(conn, who, (all_week(),)))
        w.set_presence(who, Presence.ON_BREAK, minutes=5)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        tools = AnswerTools(w.database, w.clock, quick_hasher(), w.calls.queue, CallerKeys(PEPPER))
        answers = TechnicianAnswers(tools, w.calls.open[0], w.directory)
        read_out = (await answers.nobody_available()).slots
        await asyncio.sleep(16 * 60)
        assert read_out[0] not in (await answers.nobody_available()).slots
        assert await answers.consult(Book(read_out[0])) == Booked(read_out[0])


def right_after(conn: Connection, who: InterpreterId, first: datetime) -> None:
    """Somebody else took the half hour after it, and no pause would be left between the two."""
    agency = add_agency(conn, "7777", "Escola de Teste", AgencyKind.SCHOOL)
    technician = add_technician(conn, agency, "Outra", pin_lookup="other", pin_hash="other")
    new = NewBooking(
        requirements=Requirements(UK),
        interpreter=who,
        starts_at=first + HALF,
        agency=agency.id,
        technician=technician.id,
        technician_number=number(900),
        made_by=MadeBy.COORDINATOR,
    )
    assert book(conn, new, first) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda conn, who, _at: set_vetted(conn, who, False),
        lambda conn, who, at: add_absence(conn, who, Absence(at, at + HALF)),
        lambda conn, who, at: add_to_list(conn, ListEntry(ListKind.DO_NOT_SEND, who), at),
        right_after,
    ],
)
async def test_who_may_not_be_booked_any_more_is_not(
    change: Callable[[Connection, InterpreterId, datetime], object],
) -> None:
    """Much may change between the reading of the times and the key."""
    async with world() as w:
        who = w.interpreter(REFUSES, presence=Presence.OFF)
        w.database.run_now(lambda conn: set_windows(conn, who, (all_week(),)))
        w.set_presence(who, Presence.ON_BREAK, minutes=5)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        tools = AnswerTools(w.database, w.clock, quick_hasher(), w.calls.queue, CallerKeys(PEPPER))
        answers = TechnicianAnswers(tools, w.calls.open[0], w.directory)
        first = (await answers.nobody_available()).slots[0]
        w.database.run_now(lambda conn: change(conn, who, first))
        assert isinstance(await answers.consult(Book(first)), SlotGone)
        made = w.database.run_now(lambda conn: bookings_between(conn, first, first + HALF))
        assert made == []
