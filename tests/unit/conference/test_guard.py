# SPDX-License-Identifier: EUPL-1.2
"""A leg that vanishes is brought back, an interpreter is replaced, and keys in the room work."""

from __future__ import annotations

import asyncio

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.waves import WIDEST
from bridge.telephony.switch import Ending
from bridge.vocabulary import Role
from lab.phones import Answers, Behaviour, NeverAnswers
from tests.unit.conference.migrants import key_in_room
from tests.unit.conference.world import AGENCY_CODE, PIN, TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
PRESSES = Answers(after_seconds=2, hears_seconds=1, keys="1")
SAYS_NO = Answers(after_seconds=2, hears_seconds=1, keys="2")
MIGRANT = "912000099"


async def three_in_a_room(w: World, technician: Behaviour = PRESSES) -> None:
    """An interpreter, a technician and a migrant who talk; all answer again when rung again."""
    w.interpreter(ACCEPTS)
    w.telephone(TECHNICIAN, technician)
    w.telephone(f"+351{MIGRANT}", PRESSES)
    w.request(migrant=MIGRANT)
    await w.event(EventKind.ROOM_COMPLETE)


def in_room(w: World) -> int:
    """How many hear each other."""
    return max((len(members) for members in w.switch.rooms.values()), default=0)


@pytest.mark.parametrize("role", ["technician", "interpreter", "migrant"])
async def test_a_dropped_leg_comes_back(role: str) -> None:
    async with world() as w:
        await three_in_a_room(w)
        record = w.calls.open[0].record
        job = record.job
        leg = next(one for one in record.legs.open() if one.role.value == role)
        others = [one.id for one in record.legs.open() if one.role.value != role]
        w.switch.line(leg.id).end(Ending.DROPPED)
        rejoined = await w.event(EventKind.REJOINED)
        assert rejoined.data["role"] == role
        await w.until(lambda: in_room(w) == 3)
        assert w.calls.open[0].job == job
        for other in others:
            assert f"pt/lost-{role}" in w.switch.spoken[other]
        assert len(w.reserved()) == 1


async def test_who_is_asked_for_before_the_loss_is_reported_is_lost_all_the_same() -> None:
    async with world() as w:
        await three_in_a_room(w)
        call = w.calls.open[0]
        report, loop = w.switch.report, asyncio.get_running_loop()
        # The switch knows of the end at once, and tells of it a moment later.
        w.switch.report = lambda event: loop.call_later(0.3, report, event)  # type: ignore[method-assign,assignment]
        w.switch.line(call.record.legs.of(Role.MIGRANT)[0].id).end(Ending.DROPPED)
        assert await call.by_key.private_word(call.record.technician)
        rejoined = await w.event(EventKind.REJOINED)
        assert rejoined.data["role"] == "migrant"


async def test_who_hangs_up_is_not_rung_again() -> None:
    async with world() as w:
        await three_in_a_room(w)
        record = w.calls.open[0].record
        w.switch.line(record.technician).end(Ending.HUNG_UP)
        await w.event(EventKind.CALL_ENDED)
        assert EventKind.REDIALLED not in w.kinds()


async def test_a_technician_who_cannot_be_reached_again_ends_the_call() -> None:
    async with world() as w:
        await three_in_a_room(w, NeverAnswers())
        record = w.calls.open[0].record
        w.switch.line(record.technician).end(Ending.DROPPED)
        await w.event(EventKind.CALL_ENDED)
        assert w.kinds().count(EventKind.REDIALLED) == 2
        assert EventKind.NOT_REJOINED in w.kinds()
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()


async def test_an_interpreter_who_cannot_be_reached_again_is_replaced() -> None:
    async with world() as w:
        await three_in_a_room(w)
        two = w.interpreter(ACCEPTS)
        w.refresh()
        record = w.calls.open[0].record
        first = record.interpreter
        assert first is not None
        w.telephone(w.switch.originated[0].to.number.e164, NeverAnswers())
        w.switch.line(first).end(Ending.DROPPED)
        await w.event(EventKind.NOT_REJOINED)
        await w.until(lambda: w.kinds().count(EventKind.OFFER_ACCEPTED) == 2)
        await w.until(lambda: in_room(w) == 3)
        assert w.reserved() == {two}


async def test_a_migrant_who_cannot_be_reached_again_is_rung_twice_and_no_more() -> None:
    async with world() as w:
        await three_in_a_room(w)
        record = w.calls.open[0].record
        w.telephone(f"+351{MIGRANT}", NeverAnswers())
        migrant = record.legs.of(Role.MIGRANT)[0].id
        w.switch.line(migrant).end(Ending.DROPPED)
        await w.event(EventKind.NOT_REJOINED)
        # Whatever happens next in the call, they are not looked for again.
        await key_in_room(w, w.calls.open[0], "*1")
        await asyncio.sleep(300)
        assert w.kinds().count(EventKind.REDIALLED) == 2
        assert w.kinds().count(EventKind.MIGRANT_RUNG) == 2
        assert in_room(w) == 2


async def test_a_lost_migrant_whose_telephone_is_put_down_by_key_is_not_rung_again() -> None:
    async with world() as w:
        await three_in_a_room(w)
        call = w.calls.open[0]
        w.telephone(f"+351{MIGRANT}", NeverAnswers())
        w.switch.line(call.record.legs.of(Role.MIGRANT)[0].id).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        await key_in_room(w, call, "*2")
        given_up = await w.event(EventKind.NOT_REJOINED)
        assert given_up.data["reason"] == "cancelled"
        await asyncio.sleep(60)
        assert w.kinds().count(EventKind.REDIALLED) == 1


async def test_swap_by_key_excludes_who_was_not_understood() -> None:
    async with world() as w:
        await three_in_a_room(w)
        first = w.interpreter_ids()[0]
        two = w.interpreter(ACCEPTS)
        w.refresh()
        record = w.calls.open[0].record
        technician = w.switch.line(record.technician)
        await technician.key("*4")
        await technician.wait(2)
        await technician.key("1")
        asked = await w.event(EventKind.SWAP_ASKED)
        assert asked.data["reason"] == "not_understood"
        await w.until(lambda: w.kinds().count(EventKind.OFFER_ACCEPTED) == 2)
        await w.until(lambda: in_room(w) == 3)
        # Whoever leaves is still asked how it was.
        await w.until(lambda: w.reserved() == {two})
        request = record.request
        assert request is not None
        assert first in request.requirements.excluded


async def test_end_for_all_by_key() -> None:
    async with world() as w:
        await three_in_a_room(w)
        technician = w.switch.line(w.calls.open[0].record.technician)
        await technician.key("*9")
        await technician.wait(2)
        await technician.key("9")
        heard = w.switch.spoken[technician.leg]
        await w.until(lambda: "pt/rating-ask" in heard)
        await technician.key("4")
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        # One goodbye, and last: whoever hears it hangs up.
        assert heard[heard.index("pt/room-confirm-end") + 1 :] == [
            *("pt/conversation-over", "pt/rating-ask"),
            *("pt/rating-flag", "pt/goodbye"),
        ]


async def test_a_migrants_keys_do_nothing() -> None:
    async with world() as w:
        await three_in_a_room(w)
        migrant = w.switch.originated[-1].leg
        await w.switch.line(migrant).key("*9")
        await w.switch.line(migrant).key("9")
        await w.switch.line(migrant).wait(30)
        assert in_room(w) == 3


async def test_wave_rings_several_and_the_first_to_accept_has_it() -> None:
    async with world("default") as w:
        for _ in range(4):
            w.interpreter(Answers(after_seconds=3, hears_seconds=1, keys="1"))
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        kinds = w.kinds()
        assert 1 < kinds.count(EventKind.OFFERED) <= 4
        assert kinds.count(EventKind.OFFER_ACCEPTED) == 1
        assert kinds.count(EventKind.OFFER_CANCELLED) == kinds.count(EventKind.OFFERED) - 1
        await w.until(lambda: len(w.reserved()) == 1)


async def test_the_next_wave_joins_one_that_still_rings() -> None:
    async with world("default") as w:
        for _ in range(WIDEST):
            w.interpreter(NeverAnswers())
        late = w.interpreter(ACCEPTS)
        w.mark_called(late)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == late
        ranked = [event for event in w.events() if event.kind is EventKind.RANKED]
        assert [event.data["wave"] for event in ranked[:2]] == [1, 2]
        # The first wave was still ringing: nobody had given up on it yet.
        assert EventKind.OFFER_UNANSWERED not in w.kinds()


@pytest.mark.parametrize("role", ["technician", "interpreter", "migrant"])
async def test_who_vanished_while_no_bridge_watched_is_rung_back(role: str) -> None:
    async with world() as w:
        await three_in_a_room(w)
        legs = w.calls.open[0].record.legs.open()
        (gone,) = [leg.id for leg in legs if leg.role.value == role]
        w.die()
        w.switch.line(gone).end(Ending.DROPPED)
        await asyncio.sleep(8)
        await w.come_back()
        rejoined = await w.event(EventKind.REJOINED)
        assert rejoined.data["role"] == role
        await w.until(lambda: in_room(w) == 3)
        ended = await w.event(EventKind.LEG_ENDED)
        assert ended.data["ending"] == "unseen"
        for leg in legs:
            if leg.id != gone:
                assert f"pt/lost-{role}" in w.switch.spoken[leg.id]
        assert len(w.reserved()) == 1


@pytest.mark.parametrize("telephone", [NeverAnswers(), SAYS_NO])
async def test_a_technician_who_vanished_unseen_is_rung_once_only(telephone: Behaviour) -> None:
    async with world() as w:
        await three_in_a_room(w, telephone)
        technician = w.calls.open[0].record.technician
        w.die()
        w.switch.line(technician).end(Ending.HUNG_UP)
        await asyncio.sleep(8)
        await w.come_back()
        await w.event(EventKind.CALL_ENDED)
        assert w.kinds().count(EventKind.REDIALLED) == 1
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()


async def test_a_technician_who_vanished_unseen_may_ring_by_themselves() -> None:
    async with world() as w:
        await three_in_a_room(w, Answers(after_seconds=25))
        technician = w.calls.open[0].record.technician
        w.die()
        w.switch.line(technician).end(Ending.DROPPED)
        await w.come_back()
        await w.event(EventKind.REDIALLED)
        w.technician(AGENCY_CODE + PIN)
        rejoined = await w.event(EventKind.REJOINED)
        assert rejoined.data["why"] == "returned"
        await w.until(lambda: in_room(w) == 3)


async def test_where_everybody_is_gone_nobody_is_rung() -> None:
    async with world() as w:
        await three_in_a_room(w)
        w.die()
        for leg in w.switch.legs:
            w.switch.line(leg).end(Ending.DROPPED)
        await w.come_back()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "lost"
        assert EventKind.REDIALLED not in w.kinds()
