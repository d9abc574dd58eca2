# SPDX-License-Identifier: EUPL-1.2
"""Whoever belongs in the room of one call and waits outside: until it is ready, or unheard.

They are in conversation `HOLD`, with music and a word now and then. A migrant waits there who rang
the line before the others were together, or while technician and interpreter have a private word.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bridge.calllog.model import EventKind
from bridge.conference.commands import SwitchCommands
from bridge.conference.legs import CallLeg
from bridge.conference.model import LACKING, UNDER_WAY, CallState
from bridge.conference.record import CallRecord
from bridge.ivr.announcements import Announcement
from bridge.telephony.switch import ConversationName
from bridge.vocabulary import LegId, Role


class Waiting:
    """Who waits outside the room of one call, why, and until when."""

    def __init__(self, record: CallRecord, commands: SwitchCommands) -> None:
        self._record = record
        self._commands = commands
        self._tell: dict[LegId, Callable[[Announcement], None]] = {}

    # --- the conversation with them ------------------------------------------------------------

    def listen(self, leg: LegId, tell: Callable[[Announcement], None]) -> None:
        """Somebody waits in conversation: `tell` brings them news."""
        self._tell[leg] = tell

    def no_longer_listens(self, leg: LegId) -> None:
        """Their conversation is over."""
        self._tell.pop(leg, None)

    def tell(self, news: Announcement) -> None:
        """Whoever waits hears this next, in their own language, and goes on waiting."""
        for leg in self._record.legs.waiting():
            tell = self._tell.get(leg.id)
            if tell is not None:
                tell(news)

    @property
    def why(self) -> Announcement:
        """What somebody who begins to wait now is told first."""
        if self._record.private:
            return Announcement.HOLD_PRIVATE
        if self._record.led_by_operator:
            return Announcement.HOLD_OPERATOR
        return Announcement.HOLD_GATHERING

    # --- in and out ----------------------------------------------------------------------------

    def keeps_out(self, leg: LegId) -> bool:
        """Whether somebody who is about to enter the room has to wait."""
        found = self._record.legs.get(leg)
        return found is not None and found.role is Role.MIGRANT and not self._is_open

    def is_in_line(self, leg: LegId) -> bool:
        """Whether whoever comes is the technician, for whom nobody has accepted yet: they wait in
        the conversation of the line, as one who has rung us and asked.
        """
        record = self._record
        return record.leads(leg) and not record.led_by_operator and record.state in LACKING

    def hold(self, leg: LegId) -> None:
        """Somebody waits from now on; their own conversation, or the switch, takes them there."""
        self._record.legs.update(leg, connected=True, confirmed=True, waits=True)

    async def bring_in(self) -> None:
        """Whoever waits enters the room, if it is time."""
        for leg in self._record.legs.waiting():
            await self._commands.bring(
                leg.id, self._record.room, wanted=partial(self._is_wanted, leg.id)
            )

    async def dismiss(self, leg: CallLeg, news: Announcement) -> None:
        """It came to nothing: they are told, and their conversation bids them goodbye."""
        tell = self._tell.get(leg.id)
        if tell is None:
            await self._commands.hang_up(leg.id)
        else:
            tell(news)

    # --- the private word ----------------------------------------------------------------------

    async def begin_private(self, by: CallLeg) -> bool:
        """Take the migrant out of the room. `False` when no migrant is in it by telephone."""
        record = self._record
        inside = [leg for leg in record.legs.of(Role.MIGRANT) if leg.in_room]
        if record.state is not CallState.TALKING or not inside:
            return False
        await record.note(EventKind.PRIVATE_WORD, by.id, {"role": by.role.value})
        record.private = True
        await self.keep_out()
        return True

    async def keep_out(self) -> None:
        """Nobody hears a private word whom a process that died did not take out of the room."""
        record = self._record
        if record.private:
            for leg in record.legs.of(Role.MIGRANT):
                if leg.in_room:
                    self.hold(leg.id)
                    await self._commands.send(
                        leg.id, ConversationName.HOLD, wanted=lambda: record.private
                    )

    async def end_private(self, reason: str) -> None:
        """The migrant hears the others again. Nothing happens when there is no private word."""
        record = self._record
        if not record.private:
            return
        await record.note(EventKind.PRIVATE_WORD_OVER, data={"reason": reason})
        record.private = False
        await self.bring_in()

    async def look_after(self) -> None:
        """A private word is over when one of those who have it has left."""
        record = self._record
        inside = [leg for leg in record.legs.open() if leg.in_room]
        served = not record.parts or any(record.serves(leg.id) for leg in inside)
        led = any(record.leads(leg.id) for leg in inside)
        if not (led and served):
            await self.end_private("left")

    @property
    def _is_open(self) -> bool:
        """Whether the room is there for a migrant: the others have met, and let them hear."""
        record = self._record
        return record.progress.talked and record.state in UNDER_WAY and not record.private

    def _is_wanted(self, leg: LegId) -> bool:
        found = self._record.legs.get(leg)
        return found is not None and found.waits and self._is_open
