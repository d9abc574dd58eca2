# SPDX-License-Identifier: EUPL-1.2
"""Whoever is rung into a room is rung on one telephone at a time, also between two tries."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.conference.legs import Part
from bridge.roster.model import Presence
from bridge.telephony.simulated_line import SimulatedLine
from bridge.telephony.switch import Ending
from bridge.vocabulary import Role
from lab.phones import Answers, Behaviour, Busy, NeverAnswers, Rejects, behave
from tests.unit.conference.test_guard import MIGRANT, in_room, three_in_a_room
from tests.unit.conference.test_relay import four_in_a_room
from tests.unit.conference.world import TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=1, hears_seconds=1, keys="1")
PICKS_UP_LATE = Answers(after_seconds=10, hears_seconds=1, keys="1")


def first_then(w: World, number: str, *behaviours: Behaviour) -> None:
    """A telephone behaves so the first time it is rung, and so the next; the last one stays."""
    left = list(behaviours)

    async def ring(line: SimulatedLine) -> None:
        await behave(left.pop(0) if len(left) > 1 else left[0], line)

    w.switch.telephones[number] = ring


def rung(w: World, role: Role) -> list[str]:
    """The legs on which somebody of this role was rung."""
    return [one.leg for one in w.switch.originated if one.leg.startswith(role.value)]


def open_legs(w: World, role: Role) -> int:
    """How many telephones of a role ring or are connected."""
    return len(w.calls.open[0].record.legs.of(role))


async def never_two(w: World, role: Role, seconds: float) -> None:
    """Let time pass, in which there are never two telephones of this role."""
    for _ in range(int(seconds * 4)):
        await asyncio.sleep(0.25)
        assert open_legs(w, role) <= 1


async def test_an_acceptance_between_two_tries_brings_a_booked_technician_once() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        first_then(w, TECHNICIAN, Rejects(after_seconds=1), PICKS_UP_LATE)
        await w.book(who)
        await w.dial_bookings_at(w.booked_for)
        await never_two(w, Role.TECHNICIAN, 20.0)
        assert in_room(w) == 2
        assert len(rung(w, Role.TECHNICIAN)) == 2
        tries = [one.data["try"] for one in w.events() if one.kind is EventKind.REDIALLED]
        assert tries == [1, 2]


async def test_a_further_try_between_two_counts_as_one_of_them() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        first_then(w, TECHNICIAN, Rejects(after_seconds=1))
        await w.book(who)
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unreached"
        assert len(rung(w, Role.TECHNICIAN)) == 2


async def test_a_technician_who_was_being_called_back_when_a_process_died_is_rung_once() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, NeverAnswers())
        technician = w.request()
        await w.until(lambda: "pt/call-back-key" in w.switch.spoken.get(technician.leg, []))
        await technician.key("2")
        await w.event(EventKind.LEG_ENDED)
        w.set_presence(who, Presence.AVAILABLE)
        calling = await w.event(EventKind.REDIALLED)
        assert calling.leg is not None
        await w.until(lambda: in_room(w) == 1)
        w.telephone(TECHNICIAN, PICKS_UP_LATE)
        await w.calls.stop()
        w.switch.line(calling.leg).end(Ending.NO_ANSWER)
        await w.start_bridge("second")
        await never_two(w, Role.TECHNICIAN, 20.0)
        assert in_room(w) == 2
        assert len(rung(w, Role.TECHNICIAN)) == 2


async def test_a_lost_migrant_whom_a_key_rings_between_two_tries_is_rung_once() -> None:
    async with world() as w:
        await three_in_a_room(w)
        record = w.calls.open[0].record
        (migrant,) = record.legs.of(Role.MIGRANT)
        first_then(w, f"+351{MIGRANT}", Busy(), PICKS_UP_LATE)
        w.switch.line(migrant.id).end(Ending.DROPPED)
        lost = await w.event(EventKind.REDIALLED)
        await w.until(lambda: not record.legs.of(Role.MIGRANT))
        await w.switch.line(record.technician).key("*1")
        await never_two(w, Role.MIGRANT, 20.0)
        assert in_room(w) == 3
        assert lost.data["role"] == "migrant"
        assert len(rung(w, Role.MIGRANT)) == 3  # invited, redialled, and by the key


async def test_both_halves_of_a_relay_are_tried_again_side_by_side() -> None:
    async with world() as w:
        await four_in_a_room(w)
        record = w.calls.open[0].record
        numbers = [one.to.number.e164 for one in w.switch.originated if "interpreter" in one.leg]
        for number in numbers:
            first_then(w, number, Busy(), ACCEPTS)
        for part in Part:
            w.switch.line(record.interpreters[part]).end(Ending.DROPPED)
        await w.until(lambda: w.kinds().count(EventKind.REJOINED) == 2)
        await w.until(lambda: in_room(w) == 4)
        tries = [one.data["try"] for one in w.events() if one.kind is EventKind.REDIALLED]
        assert sorted(map(str, tries)) == ["1", "1", "2", "2"]
