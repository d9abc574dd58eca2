# SPDX-License-Identifier: EUPL-1.2
"""Where the ways through a call cross: nobody is left in silence, and no promise stays behind."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import insert

from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.promise import HOLDS_FOR
from bridge.conference.recovery import remember
from bridge.roster.model import Presence
from bridge.telephony.dials_store import dial
from bridge.telephony.gate import DialBudget, NotPermitted, Refusal
from bridge.telephony.switch import Conversation, Ending, HangUp, Next
from bridge.vocabulary import PhoneNumber, Role, TechnicianId
from lab.phones import Busy, NeverAnswers
from tests.unit.conference.crossings import GUEST, UKRAINIAN_KEY, hunts_again, migrant_of, said
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    OPERATOR,
    PRESSES,
    Door,
    asks_for_operator,
    give_code,
    keys_code,
    members,
    migrant_rings,
    on_duty,
    three_in_a_room,
)
from tests.unit.conference.world import AGENCY_CODE, LINE, PIN, TECHNICIAN, World, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

SECOND_OPERATOR = "+351210000010"


# --- who turns out to be somebody else ------------------------------------------------------------


async def test_who_chose_a_language_and_then_keys_their_codes_is_a_technician() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.interpreter(ACCEPTS)
        codes = (AGENCY_CODE + PIN, "33", "1", "1")
        first = w.calls

        async def rings() -> None:
            for keys in (UKRAINIAN_KEY, "*", *codes):
                await line.wait(5.0)
                await line.key(keys)

        line = w.switch.call(MIGRANT, LINE, lambda line: line.wait_hang_up())
        w.switch.spawn(rings())
        await w.event(EventKind.OFFERED)
        record = first.open[0].record
        told = remember(record.state, w.events())
        assert record.technician == told.technician == line.leg
        assert not record.legs.of(Role.MIGRANT)
        assert [leg.role for leg in told.legs if leg.id == line.leg] == [Role.TECHNICIAN]
        assert not told.migrant_rang
        assert record.technician_number == PhoneNumber(MIGRANT)
        await w.event(EventKind.ROOM_COMPLETE)


async def test_two_technicians_of_one_telephone_are_told_apart_by_pin() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.telephone(TECHNICIAN, NeverAnswers())
        w.switch.line(call.record.technician).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        number = PhoneNumber(TECHNICIAN)
        assert w.calls.lost_technician(number, TechnicianId(1)) is call
        assert w.calls.lost_technician(number, TechnicianId(2)) is None
        assert w.calls.lost_technician(None, TechnicianId(1)) is None


async def test_two_calls_that_key_each_other_s_code_do_not_wait_for_each_other() -> None:
    async with world() as w:
        both = asyncio.Event()
        taken: list[bool] = []

        def keys(code: str, of_other: str) -> Door:
            async def door(conversation: Conversation) -> Next:
                call = w.calls.of_leg(conversation.leg)
                assert call is not None
                w.database.run_now(lambda conn: store.set_dial_in_code(conn, call.id, code))
                if len(w.calls.open) == 2:
                    both.set()
                await both.wait()
                taken.append(await w.calls.dial_in(conversation.leg, of_other))
                return HangUp()

            return door

        migrant_rings(w, keys("111111", "222222"))
        migrant_rings(w, keys("222222", "111111"), "+351912000098")
        await w.until(lambda: len(w.call_ids()) == 2 and not w.calls.open)
        assert len(taken) == 2
        assert not all(taken)


# --- operators in turn ----------------------------------------------------------------------------


def operators_rung(w: World) -> list[str]:
    return [one.to.number.e164 for one in w.switch.originated if one.leg.startswith("operator")]


@pytest.mark.parametrize("interpreter", [False, True])
async def test_every_operator_on_duty_is_rung_in_turn(interpreter: bool) -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        on_duty(w, OPERATOR, Busy())
        on_duty(w, SECOND_OPERATOR)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=interpreter))
        await w.until(lambda: members(w) == (3 if interpreter else 2))
        assert operators_rung(w) == [OPERATOR, SECOND_OPERATOR]
        assert w.calls.open[0].record.technician_number == PhoneNumber(SECOND_OPERATOR)
        await migrant.hang_up()


@pytest.mark.parametrize("interpreter", [False, True])
async def test_it_is_seen_which_operator_leads_a_call(interpreter: bool) -> None:
    """So nobody removes them, who would be rung again if the network dropped them."""
    seen: list[tuple[bool, bool]] = []

    async with world() as w:

        def look() -> None:
            first, second = (
                w.database.run_now(partial(store.is_led_from, telephone=PhoneNumber(one)))
                for one in (OPERATOR, SECOND_OPERATOR)
            )
            seen.append((first, second))

        w.interpreter(ACCEPTS)
        on_duty(w, OPERATOR, NeverAnswers())
        on_duty(w, SECOND_OPERATOR)
        look()
        migrant_rings(w, asks_for_operator(w, interpreter=interpreter))
        await w.until(lambda: operators_rung(w) == [OPERATOR])
        look()
        await w.until(lambda: members(w) == (3 if interpreter else 2))
        look()
        await w.switch.line(w.calls.open[0].record.technician).hang_up()
        await w.event(EventKind.CALL_ENDED)
        look()
    assert seen == [(False, False), (True, False), (False, True), (False, False)]


async def test_a_technician_leads_no_call_as_an_operator() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        number = call.record.technician_number
        assert number == PhoneNumber(TECHNICIAN)
        assert not w.database.run_now(lambda conn: store.is_led_from(conn, number))


async def test_who_does_not_speak_it_comes_last_and_hears_when_there_is_no_interpreter() -> None:
    async with world() as w:
        on_duty(w, SECOND_OPERATOR, speaks=())
        on_duty(w, OPERATOR, Busy())
        migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.until(lambda: members(w) == 1)
        rung = [one.to.number.e164 for one in w.switch.originated]
        assert rung == [OPERATOR, SECOND_OPERATOR]
        operator = w.calls.open[0].record.technician
        await w.until(lambda: "pt/no-interpreter-yet" in said(w, operator))


async def test_offers_of_a_call_whose_operator_cannot_be_reached_are_held_against_nobody() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.telephone(OPERATOR, Busy())
        migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.event(EventKind.CALL_ENDED)
        assert EventKind.OFFER_CANCELLED in w.kinds()
        assert EventKind.OFFER_UNANSWERED not in w.kinds()
        assert w.reserved() == frozenset()


async def test_a_booked_technician_who_does_not_come_costs_the_interpreter_nothing() -> None:
    async with world() as w:
        await w.book(w.interpreter(NeverAnswers()))
        w.telephone(TECHNICIAN, Busy())
        await w.dial_bookings_at(w.booked_for)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unreached"
        assert EventKind.OFFER_CANCELLED in w.kinds()
        assert EventKind.OFFER_UNANSWERED not in w.kinds()


async def test_numbers_keyed_in_an_operator_s_call_are_counted_too() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(OPERATOR, PRESSES)
        migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.until(lambda: members(w) == 3)
        call = w.calls.open[0]
        at = w.clock.now()
        rows = [{"agency_id": None, "at": at}] * DialBudget().agency
        w.database.run_now(lambda conn: conn.execute(insert(dial), rows))
        with pytest.raises(NotPermitted) as refused:
            await call.by_key.add_guest(GUEST.removeprefix("+351"))
        assert refused.value.reason is Refusal.AGENCY_CAP
        assert not call.record.legs.of(Role.GUEST)


async def test_an_operator_who_hangs_up_while_nobody_is_free_ends_it_for_the_migrant() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(OPERATOR, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.until(lambda: members(w) == 1)
        await w.switch.line(w.calls.open[0].record.technician).hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert said(w, migrant.leg)[-2:] == ["uk/cannot-reach-operator", "uk/goodbye"]
        assert w.kinds().count(EventKind.REDIALLED) == 1


# --- the technician goes elsewhere while the others wait ------------------------------------------


async def test_the_migrant_hears_goodbye_when_the_technician_goes_to_a_person() -> None:
    async with world() as w:
        call = await hunts_again(w)
        migrant = migrant_of(call)
        await w.switch.line(call.record.technician).key("0")
        await w.event(EventKind.PUT_THROUGH)
        await w.until(lambda: not call.record.legs.of(Role.MIGRANT))
        assert said(w, migrant)[-2:] == ["uk/conversation-over", "uk/goodbye"]


async def test_a_migrant_who_waits_outside_is_told_when_the_technician_goes_to_a_person() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        give_code(w, w.calls.open[0])
        migrant = migrant_rings(w, keys_code(w))
        await w.until(lambda: "uk/hold-gathering" in said(w, migrant.leg))
        await technician.key("0")
        await w.event(EventKind.PUT_THROUGH)
        await w.until(lambda: migrant.ended)
        assert said(w, migrant.leg)[-1] == "uk/goodbye"


async def test_the_migrant_hears_goodbye_when_the_technician_is_to_be_called_back() -> None:
    async with world() as w:
        call = await hunts_again(w)
        migrant, technician = migrant_of(call), call.record.technician
        await w.until(lambda: "pt/call-back-key" in said(w, technician))
        await w.switch.line(technician).key("2")
        await w.event(EventKind.CALL_BACK_PROMISED)
        await w.until(lambda: not call.record.legs.open())
        assert said(w, migrant)[-1] == "uk/goodbye"
        # All three come together again when somebody is free.
        w.set_presence(w.interpreter_ids()[0], Presence.AVAILABLE)
        await w.until(lambda: members(w) == 3)


async def test_a_promise_runs_out_although_a_migrant_waits() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, NeverAnswers())
        technician = w.request()
        await w.until(lambda: "pt/call-back-key" in said(w, technician.leg))
        await technician.key("2")
        promised = await w.event(EventKind.CALL_BACK_PROMISED)
        give_code(w, w.calls.open[0])
        ends = promised.at + HOLDS_FOR
        await asyncio.sleep((ends - w.clock.now()).total_seconds() - 600)
        migrant = migrant_rings(w, keys_code(w))
        await w.event(EventKind.CALL_BACK_EXPIRED, seconds=1200)
        await w.event(EventKind.CALL_ENDED)
        assert migrant.ended
        assert said(w, migrant.leg)[-1] == "uk/goodbye"
