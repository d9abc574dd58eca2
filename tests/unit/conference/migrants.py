# SPDX-License-Identifier: EUPL-1.2
"""Migrants who ring the line, and rooms with a migrant in them, for tests of one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from bridge.conference import store
from bridge.conference.call import Call
from bridge.operators import store as operators
from bridge.telephony.gate import permit
from bridge.telephony.simulated_line import SimulatedLine
from bridge.telephony.switch import Conversation, ConversationName, HangUp, Hold, Next
from bridge.vocabulary import LanguageTag, PhoneNumber
from lab.phones import Answers, Behaviour
from tests.unit.conference.world import LINE, TECHNICIAN, World

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
PRESSES = Answers(after_seconds=2, hears_seconds=1, keys="1")
MIGRANT = "+351912000099"
OPERATOR = "+351210000009"
CODE = "204816"
UKRAINIAN = LanguageTag("uk")

Door = Callable[[Conversation], Awaitable[Next]]
"""What is done with a migrant's leg in conversation `line`."""


def migrant_rings(w: World, door: Door, number: str = MIGRANT) -> SimulatedLine:
    """A migrant rings the line; `door` stands in for what is asked of them there."""
    usual = w.switch.handler
    assert usual is not None

    async def handler(conversation: Conversation) -> Next:
        mine = conversation.name == ConversationName.LINE and conversation.caller == number
        if not mine:
            return await usual(conversation)
        if w.calls.of_leg(conversation.leg) is None:
            await w.calls.open_call(conversation.leg, LINE, PhoneNumber(number))
        return await door(conversation)

    w.switch.handler = handler

    async def waits(line: SimulatedLine) -> None:
        await line.wait_hang_up()

    return w.switch.call(number, LINE, waits)


def keys_code(w: World, code: str = CODE) -> Door:
    """The migrant keys the code of a call."""

    async def door(conversation: Conversation) -> Next:
        taken = await w.calls.dial_in(conversation.leg, code)
        return Hold() if taken else HangUp()

    return door


def asks_for_operator(w: World, *, interpreter: bool) -> Door:
    """The migrant is to talk with an operator."""

    async def door(conversation: Conversation) -> Next:
        call = w.calls.of_leg(conversation.leg)
        assert call is not None
        await call.incoming.is_migrants(UKRAINIAN)
        done = await call.incoming.with_operator(
            permit(OPERATOR), UKRAINIAN, interpreter=interpreter
        )
        return Hold() if done else HangUp()

    return door


def give_code(w: World, call: Call, code: str = CODE) -> None:
    """The technician of a call was given a code for the migrant."""
    w.database.run_now(lambda conn: store.set_dial_in_code(conn, call.id, code))
    request = call.record.request
    assert request is not None
    call.record.request = replace(request, dial_in_code=code)


def on_duty(
    w: World,
    number: str = OPERATOR,
    behaviour: Behaviour = PRESSES,
    speaks: Sequence[LanguageTag] = (UKRAINIAN,),
) -> None:
    """An operator is on duty, with a telephone that behaves so."""
    w.telephone(number, behaviour)

    def work(conn: Connection) -> None:
        who = operators.add(conn, "Operadora de Teste", PhoneNumber(number), speaks)
        operators.set_duty(conn, who, True)

    w.database.run_now(work)


async def three_in_a_room(w: World, migrant: Behaviour = PRESSES) -> Call:
    """Technician, interpreter and migrant talk; all answer again when rung again."""
    w.interpreter(ACCEPTS)
    w.telephone(TECHNICIAN, PRESSES)
    w.telephone(MIGRANT, migrant)
    w.request(migrant=MIGRANT.removeprefix("+351"))
    await w.until(lambda: members(w) == 3)
    return w.calls.open[0]


async def key_in_room(w: World, call: Call, *entries: str) -> None:
    """The technician presses these in the room, two seconds apart."""
    line = w.switch.line(call.record.technician)
    for entry in entries:
        await line.key(entry)
        await line.wait(2)


def members(w: World) -> int:
    """How many hear each other."""
    return max((len(inside) for inside in w.switch.rooms.values()), default=0)
