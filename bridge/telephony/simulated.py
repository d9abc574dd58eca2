# SPDX-License-Identifier: EUPL-1.2
"""A whole telephone system in memory, for tests and simulations on virtual time.

It keeps the promises of `bridge.telephony.switch`: the same conversations, rooms, events and
errors, and the same awkwardness (requests only *start* things, a dead link loses events). A
telephone is an async function that is given the `SimulatedLine` of each call it gets; nothing
sleeps except on the event loop's clock.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable

from bridge.clock import Clock
from bridge.telephony.simulated_line import SimulatedLine, Telephone, as_heard
from bridge.telephony.switch import (
    ConversationHandler,
    ConversationName,
    Ending,
    LegEvent,
    LinkLost,
    LinkRestored,
    NoSuchLeg,
    OutboundLeg,
    Snapshot,
    SwitchEvent,
    SwitchUnavailable,
)
from bridge.vocabulary import LegId, RoomId


class SimulatedSwitch:
    """A switch whose legs, rooms and telephones are objects in memory."""

    def __init__(self, clock: Clock) -> None:
        self.handler: ConversationHandler | None = None
        """Who talks with the people; `None` while the bridge is down."""
        self.caught: tuple[type[Exception], ...] = ()
        """Errors of the handler after which a leg goes on as if the bridge were down; others fail
        the test."""
        self.telephones: dict[str, Telephone] = {}
        """The telephones of the world by E.164 number; any other number is unreachable."""
        self.originated: list[OutboundLeg] = []
        """Every leg ever rung, in order."""
        self.put_through: list[LegId] = []
        """Legs that were sent to a person."""
        self.transferred: list[str] = []
        """The numbers to which legs were put through, in order."""
        self.spoken: dict[LegId, list[str]] = {}
        """The prompts each leg has heard, as ``language/key``."""
        self.hushed: list[RoomId] = []
        """Rooms in which announcements were stopped, in order."""
        self.clock = clock
        self.rooms: dict[RoomId, set[LegId]] = {}
        self._legs: dict[LegId, SimulatedLine] = {}
        self._events: asyncio.Queue[SwitchEvent] = asyncio.Queue()
        self._linked = True
        self._serial = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    # --- the Switch protocol -------------------------------------------------------------------

    @property
    def reachable(self) -> bool:
        """See `Switch.reachable`."""
        return self._linked

    async def originate(self, outbound: OutboundLeg) -> None:
        """See `Switch.originate`."""
        self._require_link()
        self.originated.append(outbound)
        line = SimulatedLine(self, outbound.leg, outbound.to.number.e164, outbound)
        self._legs[outbound.leg] = line
        telephone = self.telephones.get(outbound.to.number.e164, _unreachable)
        self._spawn(line.run_outbound(telephone))

    async def enter_room(self, leg: LegId, room: RoomId) -> None:
        """See `Switch.enter_room`."""
        line = self._connected(leg)
        await line.take_away()
        line.join(room)

    async def converse(self, leg: LegId, conversation: ConversationName) -> None:
        """See `Switch.converse`."""
        line = self._connected(leg)
        await line.take_away()
        line.leave_room()
        self._spawn(line.talk(conversation.value))

    async def announce(self, room: RoomId, prompts: tuple[str, ...], language: str) -> None:
        """See `Switch.announce`."""
        self._require_link()
        for leg in self.rooms.get(room, ()):
            heard = self.spoken.setdefault(leg, [])
            heard.extend(as_heard(prompt, language) for prompt in prompts)

    async def hush(self, room: RoomId) -> None:
        """See `Switch.hush`. What was announced was heard at once; so there is nothing to stop."""
        self._require_link()
        self.hushed.append(room)

    async def hang_up(self, leg: LegId) -> None:
        """See `Switch.hang_up`."""
        self._require_link()
        line = self._legs.get(leg)
        if line is not None:
            line.end(Ending.HUNG_UP if line.answered else Ending.CANCELLED)

    async def snapshot(self) -> Snapshot:
        """See `Switch.snapshot`."""
        self._require_link()
        return self._picture()

    async def events(self) -> AsyncIterator[SwitchEvent]:
        """See `Switch.events`."""
        while True:
            yield await self._events.get()

    # --- the world outside ---------------------------------------------------------------------

    def call(self, caller: str, dialled: str, telephone: Telephone) -> SimulatedLine:
        """Ring one of our lines from outside; `telephone` is what the caller then does."""
        line = SimulatedLine(self, LegId(f"inbound-{next(self._serial)}"), caller)
        line.dialled = dialled
        line.answered = True
        self._legs[line.leg] = line
        self._spawn(line.talk(ConversationName.LINE.value))
        self._spawn(telephone(line))
        return line

    def lose_link(self) -> None:
        """Make the switch unreachable: requests fail and events are lost; calls go on."""
        self._events.put_nowait(LinkLost(self.clock.now()))
        self._linked = False

    def restore_link(self) -> None:
        """Make the switch reachable again."""
        self._linked = True
        self._events.put_nowait(LinkRestored(self.clock.now(), self._picture()))

    def cut_off(self) -> None:
        """The bridge dies: it asks for nothing more, hears nothing more, and says nothing more."""
        self.handler = None
        self._linked = False
        self._events = asyncio.Queue()
        for line in list(self._legs.values()):
            line.cut_off()

    def answer_again(self) -> None:
        """Another bridge may begin to ask; set its `handler` too."""
        self._linked = True

    def close(self) -> None:
        """End the world: every telephone stops where it is."""
        for task in self._tasks:
            task.cancel()

    @property
    def legs(self) -> frozenset[LegId]:
        """The legs that exist."""
        return frozenset(self._legs)

    def line(self, leg: LegId) -> SimulatedLine:
        """The far end of a leg that exists. Raises `KeyError` when it does not."""
        return self._legs[leg]

    def others_in_room(self, leg: LegId) -> frozenset[LegId]:
        """Whom this leg hears: the others in its room."""
        for members in self.rooms.values():
            if leg in members:
                return frozenset(members - {leg})
        return frozenset()

    # --- for the lines -------------------------------------------------------------------------

    def report(self, event: LegEvent) -> None:
        """Tell the bridge, unless the link is down."""
        if self._linked:
            self._events.put_nowait(event)

    def forget(self, leg: LegId) -> None:
        """The leg exists no more."""
        self._legs.pop(leg, None)

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something of the world in the background."""
        self._spawn(work)

    def ring_outside(self, number: str) -> SimulatedLine:
        """See `Exchange.ring_outside`."""
        self.transferred.append(number)
        far = SimulatedLine(self, LegId(f"outside-{next(self._serial)}"), number)
        self._spawn(self.telephones.get(number, _unreachable)(far))
        return far

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a simulated telephone failed", "exception": error, "task": task}
            )

    def _require_link(self) -> None:
        if not self._linked:
            raise SwitchUnavailable("the switch cannot be reached; it will be tried again")

    def _connected(self, leg: LegId) -> SimulatedLine:
        self._require_link()
        line = self._legs.get(leg)
        if line is None or not line.answered:
            raise NoSuchLeg("the leg is gone")
        return line

    def _picture(self) -> Snapshot:
        return Snapshot(
            frozenset(self._legs),
            {room: frozenset(members) for room, members in self.rooms.items() if members},
        )


async def _unreachable(line: SimulatedLine) -> None:
    await line.reject(Ending.UNREACHABLE)
