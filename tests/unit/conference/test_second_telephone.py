# SPDX-License-Identifier: EUPL-1.2
"""An interpreter with two telephones is redialled on the one that they were on."""

from __future__ import annotations

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.people_store import load_person, set_phones
from bridge.telephony.switch import Ending
from bridge.vocabulary import InterpreterId, LegId, PhoneNumber, Role
from lab.phones import Answers, Behaviour, Busy, NeverAnswers
from tests.unit.conference.test_guard import in_room
from tests.unit.conference.world import World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
SECOND = PhoneNumber("+351920000077")


def with_two(w: World, first: Behaviour, second: Behaviour) -> InterpreterId:
    """An interpreter whose two telephones behave so."""
    who = w.interpreter(first)
    w.telephone(SECOND.e164, second)
    person = w.database.run_now(lambda conn: load_person(conn, who))
    assert person is not None
    phones = [person.phones[0], SECOND]
    w.database.run_now(lambda conn: set_phones(conn, who, phones))
    w.refresh()
    return who


def rung(w: World) -> list[bool]:
    """For each ring of the interpreter, in order: whether it was the second telephone."""
    return [one.to.number == SECOND for one in w.switch.originated if "interpreter" in one.leg]


def places(w: World, kind: EventKind) -> list[object]:
    """Which telephone each event of a kind names."""
    return [event.data.get("phone", 0) for event in w.events() if event.kind is kind]


def interpreters_leg(w: World) -> LegId:
    """The leg of the interpreter in the first open call."""
    leg = w.calls.open[0].record.interpreter
    assert leg is not None
    return leg


async def test_who_answered_on_the_second_telephone_is_redialled_there() -> None:
    async with world() as w:
        with_two(w, NeverAnswers(), ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        w.switch.line(interpreters_leg(w)).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        await w.until(lambda: in_room(w) == 2)
        assert rung(w) == [False, True, True]
        assert places(w, EventKind.OFFERED) == [0, 1]
        assert places(w, EventKind.REDIALLED) == [1]


async def test_the_next_try_is_on_the_other_telephone() -> None:
    async with world() as w:
        with_two(w, NeverAnswers(), ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        first = w.switch.originated[0].to.number.e164
        w.telephone(SECOND.e164, Busy())
        w.telephone(first, ACCEPTS)
        w.switch.line(interpreters_leg(w)).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        assert rung(w) == [False, True, True, False]
        assert places(w, EventKind.REDIALLED) == [1, 0]
        # Lost again, they were on the first.
        w.switch.line(interpreters_leg(w)).end(Ending.DROPPED)
        await w.until(lambda: w.kinds().count(EventKind.REJOINED) == 2)
        assert rung(w)[4:] == [False]


async def test_a_restart_does_not_forget_which_telephone_it_was() -> None:
    async with world() as w:
        with_two(w, NeverAnswers(), ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await w.restart()
        w.switch.line(interpreters_leg(w)).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        assert rung(w) == [False, True, True]


async def test_a_redialled_telephone_that_rings_through_a_restart_is_tried_last() -> None:
    async with world() as w:
        with_two(w, NeverAnswers(), ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        w.telephone(SECOND.e164, NeverAnswers())
        w.telephone(w.switch.originated[0].to.number.e164, ACCEPTS)
        w.switch.line(interpreters_leg(w)).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        await w.calls.stop()
        await w.start_bridge("second")
        await w.event(EventKind.REJOINED)
        assert rung(w) == [False, True, True, False]


async def test_an_offer_that_rings_through_a_restart_goes_on_to_no_telephone_twice() -> None:
    async with world() as w:
        with_two(w, NeverAnswers(), NeverAnswers())
        w.request()
        await w.event(EventKind.OFFERED)
        await w.until(lambda: w.kinds().count(EventKind.OFFER_RINGING) == 2)
        await w.calls.stop()
        await w.start_bridge("second")
        await w.event(EventKind.NOBODY_AVAILABLE)
        assert rung(w) == [False, True]
        assert len(w.calls.open[0].record.legs.of(Role.INTERPRETER)) == 0
