# SPDX-License-Identifier: EUPL-1.2
"""What one call asks of the switch, with what happens when the switch can't be asked.

A leg that turns out to be gone is reported like any other end, unless the switch does it first. A
switch that can't be reached is asked again while the request still makes sense; ringing is never
repeated, because a second telephone call is worse than a missed one. Nor is a ring given up because
the switch is slow to say that it rings: somebody may answer it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from bridge.conference.mailbox import Mailbox
from bridge.conference.ports import Ports
from bridge.telephony.switch import (
    ConversationName,
    Ending,
    LegEnded,
    LegEvent,
    NoSuchLeg,
    OutboundLeg,
    SwitchError,
    SwitchUnavailable,
)
from bridge.vocabulary import LegId, RoomId

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
"""How long to wait before a request is put again to a switch that could not be reached."""
SWITCH_KNOWS_WITHIN = 2.0
"""Seconds in which the switch reports the end of a leg that was gone when something was asked for
it: the report knows how it ended, and that somebody was lost."""


class SwitchCommands:
    """The switch as one call uses it."""

    def __init__(
        self,
        ports: Ports,
        mailbox: Mailbox,
        happened: Callable[[LegEvent], None],
        still_open: Callable[[LegId], bool],
    ) -> None:
        self._ports = ports
        self._mailbox = mailbox
        self._happened = happened
        self._still_open = still_open

    async def ring(self, outbound: OutboundLeg) -> None:
        """Ring a number; when the switch does not take it, the leg ends as failed.

        That it may have taken it is no failure: see `Switch.originate`.
        """
        try:
            await self._ports.switch.originate(outbound)
        except SwitchError:
            self._gone(outbound.leg, Ending.FAILED)

    async def bring(self, leg: LegId, room: RoomId, wanted: Callable[[], bool]) -> None:
        """Move a leg into a room, for as long as `wanted()` holds."""
        if wanted():
            await self._try(
                leg,
                partial(self._ports.switch.enter_room, leg, room),
                again=partial(self.bring, leg, room, wanted),
            )

    async def send(
        self,
        leg: LegId,
        conversation: ConversationName,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Move a leg into a conversation, for as long as `wanted()` holds."""
        if self._still_open(leg) and wanted():
            await self._try(
                leg,
                partial(self._ports.switch.converse, leg, conversation),
                again=partial(self.send, leg, conversation, wanted),
            )

    async def announce(self, room: RoomId, prompts: tuple[str, ...], language: str) -> None:
        """Have a room hear prompts; news that can't be told now is not told later."""
        try:
            await self._ports.switch.announce(room, prompts, language)
        except SwitchError as error:
            log.warning("an announcement was not made", why=str(error))

    async def hush(self, room: RoomId) -> None:
        """Stop announcements to a room; what cannot be stopped is heard to its end."""
        try:
            await self._ports.switch.hush(room)
        except SwitchError as error:
            log.warning("an announcement was not stopped", why=str(error))

    async def hang_up(self, leg: LegId) -> None:
        """End a leg."""
        if self._still_open(leg):
            await self._try(
                leg,
                partial(self._ports.switch.hang_up, leg),
                again=partial(self.hang_up, leg),
            )

    async def _try(
        self,
        leg: LegId,
        request: Callable[[], Awaitable[None]],
        again: Callable[[], Awaitable[None]],
    ) -> None:
        try:
            await request()
        except NoSuchLeg:
            self._mailbox.tell_later(SWITCH_KNOWS_WITHIN, partial(self._hung_up, leg))
        except SwitchUnavailable:
            self._mailbox.tell_later(RETRY_SECONDS, again)

    async def _hung_up(self, leg: LegId) -> None:
        if self._still_open(leg):
            self._gone(leg, Ending.HUNG_UP)

    def _gone(self, leg: LegId, ending: Ending) -> None:
        self._happened(LegEnded(leg, self._ports.clock.now(), ending))
