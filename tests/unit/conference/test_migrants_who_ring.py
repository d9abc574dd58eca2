# SPDX-License-Identifier: EUPL-1.2
"""Migrants who ring the line: with a call's code, or for an operator."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.conference.model import CallState
from bridge.roster.model import Presence
from bridge.telephony.switch import Conversation, Ending, HangUp, Hold, Next
from bridge.vocabulary import Role
from lab.phones import Answers, Behaviour, Busy, NeverAnswers
from tests.unit.conference.migrants import (
    ACCEPTS,
    CODE,
    MIGRANT,
    OPERATOR,
    PRESSES,
    UKRAINIAN,
    asks_for_operator,
    give_code,
    keys_code,
    members,
    migrant_rings,
    on_duty,
    three_in_a_room,
)
from tests.unit.conference.world import AGENCY_CODE, PIN, World, world

pytestmark = pytest.mark.looptime

OTHER_MIGRANT = "+351912000098"
OTHER_OPERATOR = "+351210000008"
THIRD_OPERATOR = "+351210000007"
OPERATOR_WANTED = EventKind.OPERATOR_WANTED
SLOW = Answers(after_seconds=10, hears_seconds=1, keys="1")


def outcomes(w: World) -> list[str | None]:
    """How the calls ended, the oldest first."""
    return [w.outcome(call) for call in w.call_ids()]


# --- with a code ----------------------------------------------------------------------------------


async def test_who_keys_the_code_before_the_room_is_ready_waits_and_then_enters() -> None:
    async with world() as w:
        w.interpreter(SLOW)
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        give_code(w, w.calls.open[0])
        migrant = migrant_rings(w, keys_code(w))
        await w.until(lambda: "uk/hold-gathering" in w.switch.spoken.get(migrant.leg, []))
        assert migrant.room is None
        await w.until(lambda: members(w) == 3)
        assert migrant.leg in w.switch.others_in_room(technician.leg)
        first, second = w.call_ids()
        assert w.kinds(second)[-1] is EventKind.CALL_ENDED
        assert w.outcome(second) == "joined"
        assert EventKind.MIGRANT_DIALLED_IN in w.kinds(first)
        await w.event(EventKind.ROOM_COMPLETE)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert outcomes(w) == ["interpreted", "joined"]
        assert w.switch.spoken[migrant.leg][-2:] == ["uk/conversation-over", "uk/goodbye"]


async def test_who_keys_the_code_while_the_others_talk_enters_at_once() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        await w.until(lambda: members(w) == 2)
        give_code(w, w.calls.open[0])
        migrant = migrant_rings(w, keys_code(w))
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None


def dial_in_code(w: World) -> str | None:
    """The code of the first call, once it has one."""
    return w.database.run_now(
        lambda conn: conn.execute(
            select(conference.call.c.dial_in_code).order_by(conference.call.c.serial).limit(1)
        ).scalar_one_or_none()
    )


async def test_who_keys_the_code_while_it_is_still_being_told_waits() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.technician(AGENCY_CODE + PIN, "33", "1", "3")
        await w.until(lambda: dial_in_code(w) is not None)
        code = dial_in_code(w)
        assert code is not None
        migrant = migrant_rings(w, keys_code(w, code))
        await w.event(EventKind.MIGRANT_DIALLED_IN)
        assert EventKind.REQUESTED not in w.kinds()
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None
        assert w.switch.spoken[migrant.leg][0] == "en/hold-gathering"


async def test_a_technician_who_leaves_while_the_code_is_told_leaves_nobody_waiting() -> None:
    async with world() as w:
        technician = w.technician(AGENCY_CODE + PIN, "33", "1", "3")
        await w.until(lambda: dial_in_code(w) is not None)
        code = dial_in_code(w)
        assert code is not None
        migrant = migrant_rings(w, keys_code(w, code))
        await w.event(EventKind.MIGRANT_DIALLED_IN)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert migrant.ended
        assert w.switch.spoken[migrant.leg][-1].endswith("/goodbye")


async def test_the_second_with_the_same_code_is_refused() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        await w.until(lambda: members(w) == 2)
        give_code(w, w.calls.open[0])
        one = migrant_rings(w, keys_code(w))
        other = migrant_rings(w, keys_code(w), OTHER_MIGRANT)
        await w.until(lambda: members(w) == 3)
        await w.until(lambda: one.ended or other.ended)
        assert one.ended is not other.ended
        await w.until(lambda: "not_requested" in outcomes(w))
        assert w.kinds(w.call_ids()[0]).count(EventKind.MIGRANT_DIALLED_IN) == 1


async def test_the_code_keyed_twice_by_the_same_migrant_counts_once() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        await w.until(lambda: members(w) == 2)
        give_code(w, w.calls.open[0])
        taken: list[bool] = []

        async def twice(conversation: Conversation) -> Next:
            both = (w.calls.dial_in(conversation.leg, CODE) for _ in range(2))
            taken.extend(await asyncio.gather(*both))
            return Hold()

        migrant_rings(w, twice)
        await w.until(lambda: members(w) == 3)
        assert sorted(taken) == [False, True]


async def test_a_code_that_no_call_has_leads_nowhere() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        await w.until(lambda: members(w) == 2)
        migrant = migrant_rings(w, keys_code(w, "999999"))
        await w.until(lambda: migrant.ended)
        assert members(w) == 2


async def test_the_code_of_a_call_that_just_ended_leads_nowhere() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.until(lambda: members(w) == 2)
        give_code(w, w.calls.open[0])
        technician.end(Ending.HUNG_UP)
        migrant = migrant_rings(w, keys_code(w))
        await w.until(lambda: migrant.ended)
        await w.until(lambda: not w.calls.open)
        assert sorted(str(one) for one in outcomes(w)) == ["interpreted", "not_requested"]


async def test_who_hangs_up_while_waiting_may_ring_again() -> None:
    async with world() as w:
        w.interpreter(SLOW)
        w.request()
        await w.event(EventKind.OFFER_RINGING)
        give_code(w, w.calls.open[0])
        first = migrant_rings(w, keys_code(w))
        await w.until(lambda: "uk/hold-gathering" in w.switch.spoken.get(first.leg, []))
        await first.hang_up()
        second = migrant_rings(w, keys_code(w))
        await w.until(lambda: members(w) == 3)
        assert second.room is not None


async def test_a_migrant_who_dialled_in_and_is_cut_off_is_rung_back() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        await w.until(lambda: members(w) == 2)
        give_code(w, w.calls.open[0])
        migrant = migrant_rings(w, keys_code(w))
        await w.until(lambda: members(w) == 3)
        w.telephone(MIGRANT, PRESSES)
        migrant.end(Ending.DROPPED)
        rejoined = await w.event(EventKind.REJOINED)
        assert rejoined.data == {"role": "migrant"}
        await w.until(lambda: members(w) == 3)


async def test_a_restart_finds_the_migrant_who_waits() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        give_code(w, w.calls.open[0])
        migrant = migrant_rings(w, keys_code(w))
        await w.until(lambda: "uk/hold-gathering" in w.switch.spoken.get(migrant.leg, []))
        await w.restart()
        # Asterisk brings the waiting legs back to us by itself.
        w.switch.spawn(technician.talk("line"))
        w.switch.spawn(migrant.talk("hold"))
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None


# --- for an operator ------------------------------------------------------------------------------


async def test_an_operator_who_speaks_it_talks_with_the_migrant() -> None:
    async with world() as w:
        w.telephone(OPERATOR, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.until(lambda: members(w) == 2)
        assert "uk/hold-operator" in w.switch.spoken[migrant.leg]
        operator = w.switch.originated[0].leg
        assert "pt/operator-for-migrant" in w.switch.spoken[operator]
        assert "pt/operator-with-interpreter" not in w.switch.spoken[operator]
        await w.event(EventKind.ROOM_COMPLETE)
        await migrant.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "by_operator"
        assert EventKind.OFFERED not in w.kinds()
        assert w.switch.spoken[operator][-2:] == ["pt/conversation-over", "pt/goodbye"]


async def test_an_operator_with_an_interpreter_and_the_migrant_are_three() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        w.telephone(OPERATOR, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.until(lambda: members(w) == 3)
        assert w.reserved() == {who}
        record = w.calls.open[0].record
        assert record.legs.of(Role.OPERATOR)[0].id == record.technician
        await w.switch.line(record.technician).hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert migrant.ended
        assert w.reserved() == frozenset()


@pytest.mark.parametrize("interpreter", [False, True])
async def test_no_operator_comes_and_the_migrant_is_told(interpreter: bool) -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(OPERATOR, Busy())
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=interpreter))
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unreached"
        assert w.kinds().count(EventKind.REDIALLED) == 2
        assert w.switch.spoken[migrant.leg][-2:] == ["uk/cannot-reach-operator", "uk/goodbye"]
        assert w.reserved() == frozenset()


def speaker_and_another(w: World, another: Behaviour) -> None:
    """On duty are an operator of Ukrainian, who does not answer, and one who does not speak it."""
    on_duty(w, OPERATOR, NeverAnswers())
    on_duty(w, OTHER_OPERATOR, another, speaks=())


async def test_when_no_operator_who_speaks_it_comes_another_does_with_an_interpreter() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        speaker_and_another(w, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.until(lambda: members(w) == 3)
        assert w.reserved() == {who}
        assert migrant.room is not None
        heard = w.switch.spoken[migrant.leg]
        assert heard[0] == "uk/hold-operator"
        assert heard.count("uk/operator-interpreter") == 1
        wanted = [one.data["interpreter"] for one in w.events() if one.kind is OPERATOR_WANTED]
        assert wanted == [False, True]
        record = w.calls.open[0].record
        assert "pt/operator-with-interpreter" in w.switch.spoken[record.technician]
        await w.switch.line(record.technician).hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"


async def test_all_who_speak_it_are_rung_before_an_interpreter_is_needed() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        on_duty(w, OTHER_OPERATOR, PRESSES, speaks=())
        on_duty(w, OPERATOR, NeverAnswers())
        on_duty(w, THIRD_OPERATOR, NeverAnswers())
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.until(lambda: members(w) == 3)
        operators = [OPERATOR, THIRD_OPERATOR, OTHER_OPERATOR]
        rung = [one.to.number.e164 for one in w.switch.originated]
        assert [one for one in rung if one in operators] == operators
        kinds = w.kinds()
        assert (
            kinds.index(EventKind.OFFERED)
            > [place for place, kind in enumerate(kinds) if kind is EventKind.REDIALLED][1]
        )
        assert w.switch.spoken[migrant.leg].count("uk/operator-interpreter") == 1


async def test_when_nobody_comes_at_all_the_migrant_is_told_and_no_interpreter_is_kept() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        speaker_and_another(w, Busy())
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unreached"
        assert w.switch.spoken[migrant.leg][-2:] == ["uk/cannot-reach-operator", "uk/goodbye"]
        assert w.reserved() == frozenset()


async def test_the_next_process_knows_that_an_interpreter_is_needed_after_all() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.interpreter(ACCEPTS)
        speaker_and_another(w, SLOW)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.event(EventKind.OFFERED)
        await w.restart()
        w.switch.spawn(migrant.talk("hold"))
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None


@pytest.mark.parametrize("interpreter", [False, True])
async def test_a_migrant_who_hangs_up_leaves_nobody_ringing(interpreter: bool) -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.telephone(OPERATOR, NeverAnswers())
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=interpreter))
        await w.event(EventKind.REDIALLED)
        await migrant.wait(3)
        await migrant.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "abandoned"
        assert w.reserved() == frozenset()


async def test_an_operator_waits_when_no_interpreter_is_free_and_is_told() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(OPERATOR, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.until(lambda: members(w) == 1)
        operator = w.calls.open[0].record.technician
        await w.until(lambda: "pt/no-interpreter-yet" in w.switch.spoken[operator])
        w.set_presence(who, Presence.AVAILABLE)
        await w.until(lambda: members(w) == 3)
        assert migrant.room is not None


async def test_an_operator_whose_interpreter_is_lost_gets_another() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        two = w.interpreter(ACCEPTS)
        w.telephone(OPERATOR, PRESSES)
        migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.until(lambda: members(w) == 3)
        record = w.calls.open[0].record
        assert record.interpreter is not None
        w.telephone(w.switch.originated[0].to.number.e164, NeverAnswers())
        w.switch.line(record.interpreter).end(Ending.DROPPED)
        await w.event(EventKind.NOT_REJOINED)
        await w.until(lambda: w.reserved() == {two} and members(w) == 3)


async def test_a_restart_brings_the_waiting_migrant_to_the_operator() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.interpreter(ACCEPTS)
        w.telephone(OPERATOR, PRESSES)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=True))
        await w.event(EventKind.REJOINED)
        await w.restart()
        w.switch.spawn(migrant.talk("hold"))
        await w.until(lambda: members(w) == 3)
        record = w.calls.open[0].record
        assert record.led_by_operator
        assert record.state is CallState.TALKING
        assert migrant.room is not None


async def test_an_operator_who_rings_during_a_restart_may_still_join() -> None:
    async with world() as w:
        w.telephone(OPERATOR, SLOW)
        migrant = migrant_rings(w, asks_for_operator(w, interpreter=False))
        await w.event(EventKind.REDIALLED)
        await migrant.wait(3)
        await w.restart()
        w.switch.spawn(migrant.talk("hold"))
        await w.until(lambda: members(w) == 2)
        assert w.kinds().count(EventKind.REDIALLED) == 1


async def test_what_is_asked_too_late_changes_nothing() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await call.incoming.is_migrants(UKRAINIAN)
        assert [leg.role for leg in call.record.legs.of(Role.TECHNICIAN)] == [Role.TECHNICIAN]
        assert EventKind.LATE in w.kinds()

        async def gone(conversation: Conversation) -> Next:
            assert not await w.calls.dial_in(conversation.leg, CODE)
            return HangUp()

        migrant = migrant_rings(w, gone, OTHER_MIGRANT)
        await w.until(lambda: migrant.ended)
        assert members(w) == 3
