# SPDX-License-Identifier: EUPL-1.2
"""What is keyed in the room, and what is said of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, insert, select

from bridge.calllog.model import EventKind
from bridge.operators import store as operators
from bridge.ratings import store as ratings
from bridge.ratings.model import Flag, Rating
from bridge.telephony.dials_store import dial
from bridge.telephony.switch import Ending
from bridge.vocabulary import AgencyId, LanguageTag, PhoneNumber, Role, TechnicianId
from lab.phones import Answers, NeverAnswers, Voicemail
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    OPERATOR,
    PRESSES,
    key_in_room,
    members,
    on_duty,
    three_in_a_room,
)
from tests.unit.conference.world import TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

GUEST = "+351912000077"
KEYED_GUEST = ("*5", "912000077#", "1")


def technician_heard(w: World, prompt: str) -> bool:
    """Whether the technician was told this."""
    leg = w.calls.open[0].record.technician
    return f"pt/{prompt}" in w.switch.spoken[leg]


def rung(w: World, role: Role) -> int:
    """How many telephones were rung for this role."""
    return sum(one.leg.startswith(role.value) for one in w.switch.originated)


# --- the migrant ----------------------------------------------------------------------------------


async def test_the_migrant_is_put_down_and_rung_again() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await key_in_room(w, call, "*2")
        await w.until(lambda: members(w) == 2)
        await key_in_room(w, call, "*1")
        await w.until(lambda: members(w) == 3)
        assert w.kinds().count(EventKind.MIGRANT_RUNG) == 2
        assert EventKind.REDIALLED not in w.kinds()


async def test_who_is_there_is_not_rung_twice() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await key_in_room(w, call, "*1")
        assert technician_heard(w, "room-migrant-there")
        assert w.kinds().count(EventKind.MIGRANT_RUNG) == 1


async def test_a_voicemail_is_told_of_and_left_nothing_unless_agreed() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(MIGRANT, Voicemail(stays_seconds=200))
        w.request(migrant=MIGRANT.removeprefix("+351"))
        await w.event(EventKind.MIGRANT_UNREACHED)
        await w.until(lambda: technician_heard(w, "no-key-from-migrant"))
        assert EventKind.VOICEMAIL_LEFT not in w.kinds()
        heard = w.switch.spoken[w.switch.originated[-1].leg]
        assert heard[:2] == ["uk/migrant-greeting", "uk/migrant-from-health"]
        assert "uk/voicemail-message" not in heard
        assert members(w) == 2


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("uk", ["uk/voicemail-message", "uk/goodbye"]),
        # Nobody can say it in Bangla: whoever listens may know either.
        ("bn", ["en/voicemail-message", "pt/voicemail-message", "pt/goodbye"]),
    ],
)
async def test_the_agreed_message_is_left_when_nobody_presses_a_key(
    language: str, message: list[str]
) -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, LanguageTag(language))
        w.telephone(MIGRANT, Voicemail(stays_seconds=200))
        w.request(language, migrant=MIGRANT.removeprefix("+351"))
        await w.event(EventKind.OFFER_ACCEPTED)
        record = w.calls.open[0].record
        assert record.request is not None
        record.request = replace(record.request, voicemail_allowed=True)
        await w.event(EventKind.VOICEMAIL_LEFT)
        await w.event(EventKind.MIGRANT_UNREACHED)
        await w.until(lambda: technician_heard(w, "voicemail-left"))
        heard = w.switch.spoken[w.switch.originated[-1].leg]
        assert heard[-len(message) :] == message
        assert [one for one in heard if one.endswith("voicemail-message")] == message[:-1]


async def test_a_voicemail_that_hangs_up_early_was_left_no_message() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(MIGRANT, Voicemail(stays_seconds=15.0))
        w.request(migrant=MIGRANT.removeprefix("+351"))
        await w.event(EventKind.OFFER_ACCEPTED)
        record = w.calls.open[0].record
        assert record.request is not None
        record.request = replace(record.request, voicemail_allowed=True)
        await w.event(EventKind.MIGRANT_UNREACHED)
        heard = w.switch.spoken[w.switch.originated[-1].leg]
        assert heard[-2:] == ["uk/voicemail-message", "uk/goodbye"]
        assert EventKind.VOICEMAIL_LEFT not in w.kinds()
        await w.until(lambda: technician_heard(w, "cannot-reach-migrant"))


# --- further people -------------------------------------------------------------------------------


async def test_a_fourth_person_is_rung_and_greeted_and_enters_with_a_key() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.telephone(GUEST, PRESSES)
        await key_in_room(w, call, *KEYED_GUEST)
        await w.until(lambda: members(w) == 4)
        guest = call.record.legs.of(Role.GUEST)[0].id
        assert w.switch.spoken[guest][0] == "pt/guest-greeting"
        rung = await w.event(EventKind.REDIALLED)
        assert rung.data == {"role": "guest", "why": "added", "try": 1}
        assert "912000077" not in "".join(str(event.data) for event in w.events())
        # A fourth person has no keys.
        await w.switch.line(guest).key("*9")
        await w.switch.line(guest).key("9")
        await w.switch.line(guest).wait(10)
        assert members(w) == 4


async def test_a_voicemail_never_joins_as_a_fourth_person() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.telephone(GUEST, Voicemail(stays_seconds=200))
        await key_in_room(w, call, *KEYED_GUEST)
        await w.until(lambda: technician_heard(w, "cannot-reach-guest"))
        assert members(w) == 3


@pytest.mark.parametrize(
    ("keyed", "said"),
    [
        ("760100100#", "room-number-refused"),
        ("0034600000001#", "room-number-refused"),
        ("112#", "room-number-emergency"),
    ],
)
async def test_a_number_that_may_not_be_rung_is_not(keyed: str, said: str) -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        rung = len(w.switch.originated)
        await key_in_room(w, call, "*5", keyed, "*")
        assert technician_heard(w, said)
        assert len(w.switch.originated) == rung


async def test_no_more_numbers_are_rung_than_the_caps_allow() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        at = w.clock.now() - timedelta(minutes=1)
        rows = [{"agency_id": AgencyId(1), "technician_id": None, "at": at}] * 1000
        w.database.run_now(lambda conn: conn.execute(insert(dial), rows))
        rung = len(w.switch.originated)
        await key_in_room(w, call, *KEYED_GUEST)
        await w.until(lambda: technician_heard(w, "room-number-enough"))
        assert len(w.switch.originated) == rung


def dialled(w: World) -> int:
    """How many numbers were counted."""
    counted = select(func.count()).select_from(dial)
    return int(w.database.run_now(lambda conn: conn.execute(counted).scalar_one()))


def reach_the_cap(w: World) -> None:
    """The technician has had as many numbers rung within the hour as they may."""
    at = w.clock.now() - timedelta(minutes=1)
    rows = [{"agency_id": AgencyId(1), "technician_id": TechnicianId(1), "at": at}] * 24
    w.database.run_now(lambda conn: conn.execute(insert(dial), rows))


async def test_ringing_the_migrant_by_key_counts_as_a_number_dialled() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        before = dialled(w)
        await key_in_room(w, call, "*2")
        await w.until(lambda: members(w) == 2)
        await key_in_room(w, call, "*1")
        await w.until(lambda: members(w) == 3)
        assert dialled(w) == before + 1
        await key_in_room(w, call, "*2")
        await w.until(lambda: members(w) == 2)
        reach_the_cap(w)
        rung = len(w.switch.originated)
        await key_in_room(w, call, "*1")
        await w.until(lambda: technician_heard(w, "room-number-enough"))
        assert len(w.switch.originated) == rung


async def test_the_first_ring_counts_with_the_request_and_being_there_not_at_all() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        assert dialled(w) == w.kinds().count(EventKind.MIGRANT_RUNG) == 1
        await key_in_room(w, call, "*1")
        assert technician_heard(w, "room-migrant-there")
        assert dialled(w) == 1


@pytest.mark.parametrize("too_many", [False, True])
async def test_ringing_a_migrant_again_for_another_interpreter_counts(too_many: bool) -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        another = w.interpreter(ACCEPTS)
        await key_in_room(w, call, "*2")
        await w.until(lambda: members(w) == 2)
        if too_many:
            reach_the_cap(w)
        before = dialled(w)
        await key_in_room(w, call, "*4", "1")
        if too_many:
            await w.until(lambda: technician_heard(w, "cannot-reach-migrant"))
            unreached = [one for one in w.events() if one.kind is EventKind.MIGRANT_UNREACHED]
            assert [one.data for one in unreached] == [{"reason": "technician_cap"}]
        else:
            await w.until(lambda: members(w) == 3)
        assert another in w.reserved()
        assert dialled(w) == before + (not too_many)
        assert w.kinds().count(EventKind.MIGRANT_RUNG) == 1 + (not too_many)


async def test_a_migrant_who_was_lost_is_rung_back_without_being_counted() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        reach_the_cap(w)
        before = dialled(w)
        (migrant,) = call.record.legs.of(Role.MIGRANT)
        w.switch.line(migrant.id).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        await w.until(lambda: members(w) == 3)
        assert dialled(w) == before


async def test_whoever_is_on_duty_joins() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        on_duty(w, "+351210000008", NeverAnswers())
        on_duty(w, OPERATOR)
        await key_in_room(w, call, "*0", "0")
        await w.until(lambda: members(w) == 4)
        operator = call.record.legs.of(Role.OPERATOR)[0].id
        assert "pt/operator-called" in w.switch.spoken[operator]
        assert call.record.technician != operator
        # An operator has keys: ending it for all ends it for all.
        await w.switch.line(operator).key("*9")
        await w.switch.line(operator).wait(2)
        await w.switch.line(operator).key("9")
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"


@pytest.mark.parametrize("gone", ["off duty", "removed"])
async def test_who_goes_while_another_rings_is_not_rung(gone: str) -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        on_duty(w, "+351210000008", NeverAnswers())
        on_duty(w, OPERATOR)
        await key_in_room(w, call, "*0", "0")
        await w.until(lambda: rung(w, Role.OPERATOR) == 1)

        def leave(conn: Connection) -> None:
            second = operators.find_operator(conn, PhoneNumber(OPERATOR))
            assert second is not None
            if gone == "removed":
                operators.remove(conn, second.id)
            else:
                operators.set_duty(conn, second.id, False)

        w.database.run_now(leave)
        await w.until(lambda: technician_heard(w, "cannot-reach-operator"))
        assert rung(w, Role.OPERATOR) == 1
        assert members(w) == 3


async def test_nobody_on_duty_is_said_and_not_offered() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        await key_in_room(w, call, "*0", "0")
        await w.until(lambda: technician_heard(w, "nobody-on-duty"))
        assert not technician_heard(w, "room-key-person")
        assert technician_heard(w, "room-key-add-person")
        assert members(w) == 3


async def test_an_operator_who_leaves_leaves_the_others_talking() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        on_duty(w)
        await key_in_room(w, call, "*0", "0")
        await w.until(lambda: members(w) == 4)
        await w.switch.line(call.record.legs.of(Role.OPERATOR)[0].id).hang_up()
        await w.switch.line(call.record.technician).wait(10)
        assert members(w) == 3


# --- afterwards -----------------------------------------------------------------------------------


async def test_the_interpreter_rates_when_the_technician_hangs_up() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        who = w.interpreter_ids()[0]
        interpreter = call.record.interpreter
        assert interpreter is not None
        line = w.switch.line(interpreter)
        await w.switch.line(call.record.technician).hang_up()
        await w.until(lambda: "pt/rating-ask" in w.switch.spoken[interpreter])
        await line.key("4")
        await w.event(EventKind.RATED)
        await line.wait(1)
        await line.key("1")
        await w.event(EventKind.CALL_ENDED)
        rated, flagged = await w.event(EventKind.RATED), await w.event(EventKind.FLAGGED)
        assert rated.data == {"role": "interpreter", "rating": 4}
        assert flagged.data == {"role": "interpreter", "flag": "hard_call"}
        kept = w.database.run_now(lambda conn: ratings.ratings_of(conn, call.id))
        assert [(one.role, one.interpreter, one.rating, one.flag) for one in kept] == [
            (Role.INTERPRETER, who, Rating.GOOD, Flag.HARD_CALL)
        ]


async def test_a_hard_call_lengthens_the_pause() -> None:
    pauses: list[timedelta] = []
    for keys in ("4", "41"):
        async with world() as w:
            call = await three_in_a_room(w)
            interpreter = call.record.interpreter
            assert interpreter is not None
            line = w.switch.line(interpreter)
            await w.switch.line(call.record.technician).hang_up()
            for key in keys:
                await line.wait(3)
                await line.key(key)
            ended = await w.event(EventKind.CALL_ENDED)
            w.request()
            offered = await w.event(EventKind.OFFERED, call=1, seconds=900)
            pauses.append(offered.at - ended.at)
    assert pauses[1] >= pauses[0] + timedelta(minutes=3)


async def test_the_technician_rates_when_the_interpreter_hangs_up() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        technician, interpreter = call.record.technician, call.record.interpreter
        assert interpreter is not None
        line = w.switch.line(technician)
        await w.switch.line(interpreter).hang_up()
        await w.until(lambda: "pt/rating-ask" in w.switch.spoken[technician])
        await line.key("5")
        await w.event(EventKind.CALL_ENDED)
        rated = await w.event(EventKind.RATED)
        assert rated.data == {"role": "technician", "rating": 5}
        kept = w.database.run_now(lambda conn: ratings.ratings_of(conn, call.id))
        assert [one.interpreter for one in kept] == w.interpreter_ids()


# --- somebody was lost ----------------------------------------------------------------------------


async def test_an_announcement_of_a_loss_ends_when_all_are_back() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.switch.line(call.record.legs.of(Role.MIGRANT)[0].id).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        assert w.switch.hushed == []
        await w.until(lambda: members(w) == 3)
        await w.until(lambda: w.switch.hushed == [call.record.room])


async def test_a_technician_who_rings_in_while_redialled_comes_back_to_the_room() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.telephone(TECHNICIAN, NeverAnswers())
        number = call.record.technician_number
        assert w.calls.lost_technician(number, TechnicianId(1)) is None
        w.switch.line(call.record.technician).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        assert w.calls.lost_technician(number, TechnicianId(1)) is call
        back = w.technician()
        await w.until(lambda: w.calls.of_leg(back.leg) is not None)
        room = await w.calls.technician_returns(back.leg, call)
        assert room == call.record.room
        await w.switch.enter_room(back.leg, room)
        await w.until(lambda: members(w) == 3)
        assert w.calls.lost_technician(number, TechnicianId(1)) is None
        await back.wait(60)
        # Nobody rings them any more, and the call goes on as it was.
        assert w.kinds().count(EventKind.REDIALLED) == 1
        assert EventKind.NOT_REJOINED not in w.kinds()
        await back.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.outcome(w.call_ids()[1]) == "joined"


async def test_who_comes_back_too_late_is_not_missed_any_more() -> None:
    async with world() as w:
        call = await three_in_a_room(w)
        w.telephone(TECHNICIAN, Answers(after_seconds=1, hears_seconds=1, keys="1"))
        w.switch.line(call.record.technician).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        back = w.technician()
        await w.until(lambda: w.calls.of_leg(back.leg) is not None)
        assert await w.calls.technician_returns(back.leg, call) is None
        await back.hang_up()
        await w.until(lambda: w.outcome(w.call_ids()[1]) == "not_requested")
