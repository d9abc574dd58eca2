# SPDX-License-Identifier: EUPL-1.2
"""Who talks with the people on each leg: the scripts, and what they ask of the calls.

An error here is not caught: the carrier has a floor under every conversation (the apology path),
which is better than anything we could still say.
"""

from __future__ import annotations

from bridge.conversations.at_the_line import AtTheLine
from bridge.conversations.in_the_room import InTheRoom
from bridge.conversations.outside import Outside
from bridge.conversations.speaking import Speaking
from bridge.conversations.when_rung import WhenRung
from bridge.telephony.switch import Conversation, ConversationName, Next


class Conversations:
    """Answers every conversation a carrier opens."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._at_the_line = AtTheLine(speaking)
        self._when_rung = WhenRung(speaking)
        self._in_the_room = InTheRoom(speaking)
        self._outside = Outside(speaking)

    async def handle(self, conversation: Conversation) -> Next:
        """Talk with the person on this leg, and say where the leg goes next."""
        name, _, detail = conversation.name.partition("/")
        if name == ConversationName.LINE and self._outside.is_waiting(conversation.leg):
            # Back from a conversation that was cut short when the leg was about to wait.
            return await self._outside.hold(conversation)
        match name:
            case ConversationName.LINE:
                return await self._at_the_line.line(conversation, detail)
            case ConversationName.OPENING:
                return await self._at_the_line.opening(conversation)
            case ConversationName.OFFER:
                return await self._when_rung.offer(conversation)
            case ConversationName.MIGRANT:
                return await self._when_rung.migrant(conversation)
            case ConversationName.CALL_BACK:
                return await self._when_rung.call_back(conversation)
            case ConversationName.REJOIN:
                return await self._when_rung.rejoin(conversation)
            case ConversationName.INVITED:
                return await self._when_rung.invited(conversation)
            case ConversationName.HOLD:
                return await self._outside.hold(conversation)
            case ConversationName.REMINDER:
                return await self._speaking.calls.reminders.converse(conversation)
            case ConversationName.NOT_ANSWERING:
                return await self._when_rung.not_answering(conversation)
            case ConversationName.ROOM_KEYS:
                return await self._in_the_room.keys(conversation, detail)
            case ConversationName.GOODBYE:
                return await self._in_the_room.goodbye(conversation)
        raise LookupError("the carrier opened a conversation that the bridge does not have")
