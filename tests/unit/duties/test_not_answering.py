# SPDX-License-Identifier: EUPL-1.2
"""Who left three offers unanswered is rung once and told so, and comes back with a key."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import time, timedelta

import pytest

from bridge.calllog.model import EventKind
from bridge.duties.not_answering import AFTER
from bridge.duties.schedule import Duties
from bridge.hours.directory import Directory
from bridge.hours.model import Weekday, Window
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.roster.people_store import load_person
from bridge.roster.standing_store import load_standing
from bridge.roster.windows_store import set_windows
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import ConversationName, OutboundLeg, SwitchUnavailable
from bridge.vocabulary import InterpreterId, LegId
from lab.phones import Answers, Behaviour, NeverAnswers, Voicemail
from tests.storage_samples import make_call
from tests.unit.conference.world import START, World, always_open, world

pytestmark = pytest.mark.looptime

COMES_BACK = Answers(after_seconds=2, hears_seconds=3, keys="1")
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")


def silent(w: World, behaviour: Behaviour = COMES_BACK) -> InterpreterId:
    """An interpreter who has just left the third offer in a row unanswered."""
    who = w.interpreter(behaviour)
    w.database.run_now(lambda conn: make_call(conn))
    leave_unanswered(w, who)
    return who


def leave_unanswered(w: World, who: InterpreterId) -> None:
    """Three offers are left unanswered, the last one now."""
    at = w.clock.now()
    call = w.call_ids()[0]

    def work(conn):  # type: ignore[no-untyped-def]
        for minutes in (4, 2, 0):
            leg = LegId(f"interpreter-{who}-{at.timestamp()}-{minutes}")
            over = at - timedelta(minutes=minutes)
            assert roster.reserve(conn, who, call, leg, over - timedelta(seconds=20), "first")
            roster.end_offer(conn, leg, over, roster.OfferOutcome.UNANSWERED, 12.0)
            roster.release(conn, leg, over)
        roster.change(conn, who, {})

    w.database.run_now(work)
    w.refresh()


def told(w: World) -> list[OutboundLeg]:
    """The rings by which somebody was told, the oldest first."""
    rings = w.switch.originated
    return [one for one in rings if one.conversation is ConversationName.NOT_ANSWERING]


async def for_a_while(w: World, span: timedelta) -> None:
    """Let time pass, with the scheduler's rounds in it."""
    duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
    until = w.clock.now() + span
    while w.clock.now() < until:
        await duties.remind()
        await asyncio.sleep(15)


def streak(w: World, who: InterpreterId) -> int:
    return w.database.run_now(
        lambda conn: load_standing(conn, who, w.clock.now()).unanswered_streak
    )


async def test_a_key_makes_them_available_and_whoever_waits_has_them() -> None:
    async with world() as w:
        who = silent(w)
        w.request()
        await w.event(EventKind.NOBODY_AVAILABLE, call=1)
        await for_a_while(w, AFTER - timedelta(seconds=30))
        assert told(w) == []
        await for_a_while(w, timedelta(minutes=1))
        (ring,) = told(w)
        assert w.switch.spoken[ring.leg] == [
            *("pt/presence-greeting", "pt/presence-not-answering"),
            *("pt/presence-changed", "pt/presence-available", "pt/goodbye"),
        ]
        assert streak(w, who) == 0
        assert w.presence(who) is Presence.AVAILABLE
        accepted = await w.event(EventKind.OFFER_ACCEPTED, call=1)
        assert accepted.data["interpreter"] == who


@pytest.mark.parametrize(
    "behaviour",
    [
        NeverAnswers(),
        Voicemail(),
        Answers(after_seconds=2),
        Answers(after_seconds=2, hears_seconds=1, keys="2"),
        Answers(after_seconds=2, hears_seconds=1, stays_seconds=1),
    ],
    ids=["away", "voicemail", "no key", "another key", "hung up"],
)
async def test_without_the_key_nothing_changes_and_nobody_is_told_twice(
    behaviour: Behaviour,
) -> None:
    async with world() as w:
        who = silent(w, behaviour)
        await for_a_while(w, 4 * AFTER)
        await w.calls.stop()
        await w.start_bridge("second")
        await for_a_while(w, 4 * AFTER)
        (ring,) = told(w)
        assert streak(w, who) == 3
        if behaviour == Answers(after_seconds=2):
            assert w.switch.spoken[ring.leg][-2:] == ["pt/not-answering-later", "pt/goodbye"]
            assert w.switch.spoken[ring.leg].count("pt/presence-not-answering") == 3


async def test_who_stops_answering_again_is_told_again() -> None:
    async with world() as w:
        who = silent(w)
        await for_a_while(w, 2 * AFTER)
        assert len(told(w)) == 1
        leave_unanswered(w, who)
        await for_a_while(w, 2 * AFTER)
        assert len(told(w)) == 2


async def test_who_is_back_before_is_not_told() -> None:
    async with world() as w:
        who = silent(w)
        await for_a_while(w, timedelta(minutes=2))
        w.set_presence(who, Presence.AVAILABLE)
        await for_a_while(w, 4 * AFTER)
        assert told(w) == []


@pytest.mark.parametrize("away", [Presence.OFF, Presence.ON_BREAK])
async def test_who_says_that_they_are_away_is_left_alone(away: Presence) -> None:
    async with world() as w:
        who = silent(w)
        w.set_presence(who, away)
        await for_a_while(w, 4 * AFTER)
        assert told(w) == []


async def test_who_has_gone_home_is_told_when_the_next_window_opens() -> None:
    async with world() as w:
        who = silent(w)
        lunch = START + timedelta(minutes=2)
        windows = [
            Window(frozenset(Weekday), time(8), lunch.time(), on_holidays=True),
            Window(frozenset(Weekday), time(14), time(18), on_holidays=True),
        ]
        w.database.run_now(lambda conn: set_windows(conn, who, windows))
        w.refresh()
        await for_a_while(w, timedelta(hours=3, minutes=50))
        assert told(w) == []
        await for_a_while(w, timedelta(minutes=15))
        assert len(told(w)) == 1


async def test_nobody_is_told_while_interpreting_is_closed() -> None:
    async with world() as w:
        silent(w)
        await asyncio.sleep(12 * 3600)
        await for_a_while(w, timedelta(hours=1))
        assert told(w) == [], "it is ten in the evening"
        await asyncio.sleep(11 * 3600)
        await for_a_while(w, timedelta(minutes=1))
        assert len(told(w)) == 1


async def test_they_are_told_by_the_hours_of_a_service_under_another_name() -> None:
    own = always_open()
    line = replace(own.lines[0], technicians="interpretes", services=())
    service = replace(own.services[0], key="interpretes")
    async with world() as w:
        w.promises_by = Directory(lines=(line,), services=(service,))
        await w.restart()
        silent(w)
        await for_a_while(w, 2 * AFTER)
        assert len(told(w)) == 1


async def test_without_a_switch_nobody_is_told_until_it_is_back() -> None:
    async with world() as w:
        silent(w)
        w.switch.lose_link()
        await for_a_while(w, 2 * AFTER)
        w.switch.restore_link()
        await for_a_while(w, timedelta(minutes=1))
        assert len(told(w)) == 1


async def test_what_the_switch_refused_is_told_with_the_next_round() -> None:
    async with world() as w:
        silent(w)
        originate = w.switch.originate

        async def refuse(outbound: OutboundLeg) -> None:
            raise SwitchUnavailable("no answer came in time")

        w.switch.originate = refuse  # type: ignore[method-assign]
        await for_a_while(w, 2 * AFTER)
        w.switch.originate = originate  # type: ignore[method-assign]
        await for_a_while(w, timedelta(minutes=1))
        assert len(told(w)) == 1


async def test_a_key_that_cannot_be_written_down_is_not_confirmed() -> None:
    async with world() as w:
        who = silent(w, Answers(after_seconds=2, hears_seconds=8, keys="1"))
        await for_a_while(w, AFTER)
        duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
        await duties.remind()
        (ring,) = told(w)
        await w.until(lambda: w.switch.line(ring.leg).answered, look_every=0.5)
        run = w.database.run

        async def fail(work):  # type: ignore[no-untyped-def]
            raise DatabaseUnavailable("the database cannot be used")

        w.database.run = fail  # type: ignore[method-assign]
        await asyncio.sleep(20)
        w.database.run = run  # type: ignore[method-assign]
        spoken = w.switch.spoken[ring.leg]
        assert spoken[-3:] == ["pt/our-fault", "pt/not-answering-later", "pt/goodbye"]
        assert streak(w, who) == 3


async def test_an_end_of_being_available_that_was_said_before_stays() -> None:
    async with world() as w:
        who = silent(w)
        until = w.clock.now() + timedelta(hours=2)
        w.database.run_now(
            lambda conn: roster.set_presence(conn, who, Presence.AVAILABLE, until=until)
        )
        w.refresh()
        await for_a_while(w, 2 * AFTER)
        person = w.database.run_now(lambda conn: load_person(conn, who))
        assert person is not None
        assert person.presence.until == until
        assert streak(w, who) == 0


async def test_a_ring_whose_bridge_died_is_hung_up_without_a_word() -> None:
    async with world() as w:
        who = silent(w)
        await for_a_while(w, AFTER)
        duties = Duties(w.calls, w.database, w.switch, w.clock, "first")
        await duties.remind()
        (ring,) = told(w)
        await w.calls.stop()
        await w.start_bridge("second")
        await asyncio.sleep(30)
        assert ring.leg not in w.switch.spoken
        assert streak(w, who) == 3
