# SPDX-License-Identifier: EUPL-1.2
"""Calls as the people in them live them, each told so that it can be broken anywhere.

The people know nothing of bridges: they press their keys when they are where those mean something,
and again when nothing came of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.conference.model import LACKING
from bridge.duties.schedule import Duties
from bridge.roster.model import Presence
from bridge.telephony.simulated_line import SimulatedLine
from bridge.telephony.switch import Ending
from bridge.vocabulary import LegId, Role
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.crossings import UKRAINIAN_KEY
from tests.unit.conference.migrants import (
    ACCEPTS,
    CODE,
    MIGRANT,
    OPERATOR,
    PRESSES,
    members,
    on_duty,
)
from tests.unit.conference.test_relay import allow, two
from tests.unit.conference.world import LINE, TECHNICIAN, World

PATIENCE = 900.0
"""Seconds within which a call comes out right however it was broken."""
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")


@dataclass(frozen=True)
class Story:
    """One call: what the people do, and how it has to stand in the end."""

    name: str
    live: Callable[[World], Awaitable[None]]
    """Returns when the people have done everything they will do by themselves."""
    members: int
    """How many hear each other in the end; 0: the call is over."""
    or_over: bool = False
    """Whether the call may as well be over, or put through to a person."""
    or_lacks: bool = False
    """Whether another interpreter may as well be looked for: where nobody saw it, nobody knows that
    the one who was there wanted to go."""

    def __str__(self) -> str:
        return self.name

    def is_right(self, w: World) -> bool:
        """Whether the call stands as it has to."""
        if w.database.dead or not w.call_ids():
            return False
        over = not w.calls.open and not w.switch.legs
        if self.or_lacks and w.calls.open and _was_unseen(w):
            return all(call.record.state in LACKING for call in w.calls.open)
        if self.members == 0 or (self.or_over and (over or w.switch.put_through)):
            return over or bool(w.switch.put_through)
        return members(w) == self.members


def _was_unseen(w: World) -> bool:
    ended = (event for event in w.events() if event.kind is EventKind.LEG_ENDED)
    return any(event.data["ending"] == Ending.UNSEEN.value for event in ended)


def ours(w: World, role: Role) -> list[SimulatedLine]:
    """The telephones of this role that are connected."""
    legs = [leg.id for call in w.calls.open for leg in call.record.legs.of(role)]
    return [w.switch.line(leg) for leg in legs if leg in w.switch.legs]


async def together(w: World, many: int) -> None:
    """Wait until so many hear each other."""
    await w.until(lambda: members(w) == many, PATIENCE)


async def meets(w: World) -> None:
    """The first interpreter refuses, the second one comes; the migrant is rung."""
    w.interpreter(REFUSES)
    w.interpreter(ACCEPTS)
    await asks(w)


async def asks(w: World, language: str = "uk") -> None:
    """A technician asks for an interpreter with a migrant to be rung; all answer when rung."""
    w.telephone(TECHNICIAN, PRESSES)
    w.telephone(MIGRANT, PRESSES)
    w.request(language, migrant=MIGRANT.removeprefix("+351"))
    await w.event(EventKind.REQUESTED)


def drops(role: Role) -> Callable[[World], Awaitable[None]]:
    """Somebody in the room is lost."""

    async def live(w: World) -> None:
        w.interpreter(ACCEPTS)
        await asks(w)
        await together(w, 3)
        await loses(w, role)

    return live


def lost_for_good(role: Role) -> Callable[[World], Awaitable[None]]:
    """Somebody in the room is lost and does not answer any more."""

    async def live(w: World) -> None:
        await drops_prepared(w)
        w.telephone(ours(w, role)[0].number, NeverAnswers())
        await loses(w, role)

    return live


async def loses(w: World, role: Role) -> None:
    """Somebody is lost."""
    await w.until(lambda: not w.database.dead and bool(ours(w, role)))
    ours(w, role)[0].end(Ending.DROPPED)


async def drops_prepared(w: World) -> None:
    """Three in a room, and another interpreter who could come."""
    w.interpreter(ACCEPTS)
    await asks(w)
    await together(w, 3)
    w.interpreter(ACCEPTS)
    w.refresh()


def hangs_up(role: Role) -> Callable[[World], Awaitable[None]]:
    """Somebody in the room hangs up, and wants no more of it."""

    async def live(w: World) -> None:
        w.interpreter(ACCEPTS)
        await asks(w)
        await together(w, 3)
        (line,) = ours(w, role)
        w.telephone(line.number, NeverAnswers())
        await line.hang_up()

    return live


async def gives_up(w: World) -> None:
    """The technician hangs up while an interpreter's telephone rings."""
    w.interpreter(NeverAnswers())
    await asks(w)
    await asyncio.sleep(5)
    for line in ours(w, Role.TECHNICIAN):
        await line.hang_up()


async def leaves_before_they_meet(w: World) -> None:
    """The interpreter accepts and hangs up at once; another one comes."""
    who = w.interpreter(Answers(after_seconds=2, hears_seconds=1, keys="1", stays_seconds=0))
    w.interpreter(ACCEPTS)
    w.set_presence(who, Presence.AVAILABLE)
    await asks(w)


async def swaps(w: World) -> None:
    """The technician asks for another interpreter, until that was heard."""
    await drops_prepared(w)
    while EventKind.SWAP_ASKED not in w.kinds():
        for line in ours(w, Role.TECHNICIAN):
            await line.key("*4")
            await line.wait(2)
            await line.key("1")
        await asyncio.sleep(15)


async def ends_for_all(w: World) -> None:
    """The interpreter ends it for all by key, until that was heard."""
    w.interpreter(ACCEPTS)
    await asks(w)
    await together(w, 3)
    while members(w) == 3:
        for line in ours(w, Role.INTERPRETER):
            await line.key("*9")
            await line.wait(2)
            await line.key("9")
        await asyncio.sleep(15)


async def has_a_private_word(w: World) -> None:
    """Technician and interpreter have a private word, and let the migrant in again."""
    w.interpreter(ACCEPTS)
    await asks(w)
    await together(w, 3)
    for wanted in (EventKind.PRIVATE_WORD, EventKind.PRIVATE_WORD_OVER):
        while wanted not in w.kinds():
            for line in ours(w, Role.TECHNICIAN):
                await line.key("*3")
            await asyncio.sleep(15)


async def dials_in(w: World) -> None:
    """The migrant is told a code, rings the line and keys it, until they wait or are in."""
    w.interpreter(ACCEPTS)
    w.telephone(TECHNICIAN, PRESSES)
    w.request()
    await w.event(EventKind.REQUESTED)
    call = w.call_ids()[0]
    w.database.run_now(lambda conn: conference.set_dial_in_code(conn, call, CODE))
    await keys_code_until_heard(w)


async def keys_code_until_heard(w: World) -> None:
    """The migrant rings the line and keys the code, until they wait or are in."""

    async def telephone(line: SimulatedLine) -> None:
        while EventKind.MIGRANT_DIALLED_IN not in told(w) and not line.ended:
            await line.wait(5)
            await line.key(f"*{CODE}")
            await line.wait(5)

    while EventKind.MIGRANT_DIALLED_IN not in told(w):
        await w.switch.call(MIGRANT, LINE, telephone).wait(60)


def told(w: World) -> set[EventKind]:
    """The kinds of the events of all calls."""
    return {kind for call in w.call_ids() for kind in w.kinds(call)}


async def relays(w: World) -> None:
    """Two interpreters with a language between them."""
    allow(w)
    two(w)
    await asks(w, "ti")


async def half_is_lost(w: World) -> None:
    """One of two interpreters is lost for good, and another one comes."""
    await relays(w)
    await together(w, 4)
    await w.until(lambda: not w.database.dead and bool(of_far(w)))
    far = w.switch.line(of_far(w)[0])
    two(w)
    w.refresh()
    w.telephone(far.number, NeverAnswers())
    far.end(Ending.DROPPED)


def of_far(w: World) -> list[LegId]:
    """The leg of the interpreter who does not speak Portuguese."""
    return [
        leg.id
        for call in w.calls.open
        for leg in call.record.legs.of(Role.INTERPRETER)
        if leg.part.value == "far"
    ]


async def is_called_back(w: World) -> None:
    """Nobody is there; the technician wants to be rung, and somebody comes."""
    who = w.interpreter(ACCEPTS, presence=Presence.OFF)
    w.telephone(TECHNICIAN, PRESSES)
    w.request()
    await w.event(EventKind.NOBODY_AVAILABLE)
    while EventKind.CALL_BACK_PROMISED not in w.kinds() and not w.switch.put_through:
        for line in ours(w, Role.TECHNICIAN):
            await line.key("2")
        await asyncio.sleep(10)
    for line in ours(w, Role.TECHNICIAN):
        await line.hang_up()
    await asyncio.sleep(60)
    w.set_presence(who, Presence.AVAILABLE)


async def is_booked(w: World) -> None:
    """A coordinator has booked a call, and its hour comes."""
    await w.book(w.interpreter(ACCEPTS), minutes_ahead=5)
    w.telephone(TECHNICIAN, PRESSES)
    w.switch.spawn(_keeps_hours(w))
    await w.until(lambda: bool(w.call_ids()), 2 * PATIENCE)


async def is_booked_with_code(w: World) -> None:
    """A call is booked whose migrant dials in at its hour; they ring a little early."""
    await w.book(w.interpreter(ACCEPTS), minutes_ahead=5, dial_in_code=CODE)
    w.telephone(TECHNICIAN, PRESSES)
    w.switch.spawn(_keeps_hours(w))
    await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds() - 5)
    await keys_code_until_heard(w)


async def _keeps_hours(w: World) -> None:
    """The bridge that lives looks now and then whether a booked call is due."""
    await asyncio.sleep((w.booked_for - w.clock.now()).total_seconds())
    while True:
        if not w.database.dead:
            w.switch.spawn(_looks(w.duties))
        await asyncio.sleep(5)


async def _looks(duties: Duties) -> None:
    await duties.dial_bookings()


async def waits_in_the_queue(w: World) -> None:
    """Nobody is there; the technician waits until somebody is."""
    who = w.interpreter(ACCEPTS, presence=Presence.OFF)
    w.telephone(TECHNICIAN, PRESSES)
    w.request()
    await w.event(EventKind.NOBODY_AVAILABLE)
    await asyncio.sleep(60)
    w.set_presence(who, Presence.AVAILABLE)


def rings_an_operator(*, speaks: bool) -> Callable[[World], Awaitable[None]]:
    """A migrant rings and asks for an operator, who may need an interpreter."""

    async def live(w: World) -> None:
        w.interpreter(ACCEPTS)
        w.telephone(MIGRANT, PRESSES)
        on_duty(w, OPERATOR, PRESSES) if speaks else on_duty(w, OPERATOR, PRESSES, speaks=())
        line = w.switch.call(MIGRANT, LINE, lambda line: line.wait_hang_up())
        await line.wait(5)
        await line.key(UKRAINIAN_KEY)
        await line.wait(10)
        await line.key("2")
        await w.event(EventKind.OPERATOR_WANTED)

    return live


STORIES = (
    Story("they meet", meets, 3),
    Story("technician is dropped", drops(Role.TECHNICIAN), 3),
    Story("migrant is dropped", drops(Role.MIGRANT), 3),
    Story("interpreter is dropped", drops(Role.INTERPRETER), 3),
    Story("interpreter is lost for good", lost_for_good(Role.INTERPRETER), 3),
    Story("technician is lost for good", lost_for_good(Role.TECHNICIAN), 0),
    Story("migrant is lost for good", lost_for_good(Role.MIGRANT), 2),
    Story("interpreter hangs up", hangs_up(Role.INTERPRETER), 0, or_lacks=True),
    Story("technician hangs up", hangs_up(Role.TECHNICIAN), 0),
    Story("technician gives up", gives_up, 0),
    # When nobody was there in time they have met, and then it is over.
    Story("interpreter leaves before they meet", leaves_before_they_meet, 3, or_over=True),
    Story("another interpreter by key", swaps, 3),
    Story("the end by key", ends_for_all, 0),
    Story("private word", has_a_private_word, 3),
    Story("migrant dials in", dials_in, 3),
    Story("relay", relays, 4),
    Story("half of a relay is lost for good", half_is_lost, 4),
    Story("called back", is_called_back, 2, or_over=True),
    Story("queue", waits_in_the_queue, 2),
    Story("booked", is_booked, 2),
    Story("booked with a code", is_booked_with_code, 3),
    Story("operator", rings_an_operator(speaks=True), 2),
    Story("operator with interpreter", rings_an_operator(speaks=False), 3),
)
