# SPDX-License-Identifier: EUPL-1.2
"""Whoever is in a room: the keys, and the goodbye when it is over."""

from __future__ import annotations

from bridge.conference.call import Call
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.speaking import Speaking
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.room_keys import (
    CommandDone,
    NotPossible,
    RoomCommand,
    RoomCommandKind,
    RoomKeysScript,
    SwapReason,
    WhyNot,
)
from bridge.ivr.runner import run
from bridge.telephony.switch import (
    Conversation,
    HangUp,
    Next,
    Stay,
)
from bridge.vocabulary import Role


class InTheRoom:
    """Talks with one leg of a room while the others go on, or when it is over."""

    def __init__(self, speaking: Speaking) -> None:
        self._calls = speaking.calls
        self._catalogue = speaking.catalogue

    async def keys(self, conversation: Conversation, pressed: str) -> Next:
        """A key was pressed in a room."""
        call = self._calls.of_leg(conversation.leg)
        found = None if call is None else call.record.legs.get(conversation.leg)
        if call is None or found is None or found.role is Role.MIGRANT:
            return Stay()

        async def consult(question: object) -> object:
            if not isinstance(question, RoomCommand):
                raise TypeError(f"nobody answers {type(question).__name__} here")
            try:
                return await _obey(call, question)
            except MailboxClosed:
                return NotPossible(WhyNot.NOT_NOW)

        script = RoomKeysScript(f"*{pressed}", offered=_offered(call))
        await run(script, conversation, consult)
        return Stay()

    async def goodbye(self, conversation: Conversation) -> Next:
        """The room is over for this leg."""
        call = self._calls.of_leg(conversation.leg)
        languages: tuple[str, ...] = ("pt",)
        if call is not None and call.record.request is not None:
            found = call.record.legs.get(conversation.leg)
            if found is not None and found.role is Role.MIGRANT:
                languages = self._catalogue.spoken_to_migrant(call.record.request.language)
        await run(GoodbyeScript(languages), conversation)
        return HangUp()


def _offered(call: Call) -> frozenset[RoomCommandKind]:
    """What can be done by key in this call's room now."""
    request = call.record.request
    offered = {RoomCommandKind.SWAP_INTERPRETER, RoomCommandKind.END_FOR_ALL}
    if request is not None and request.migrant is not None:
        inside = call.record.legs.role_in_room(Role.MIGRANT)
        offered.add(RoomCommandKind.DROP_MIGRANT if inside else RoomCommandKind.RING_MIGRANT)
    return frozenset(offered)


async def _obey(call: Call, command: RoomCommand) -> object:
    match command.kind:
        case RoomCommandKind.SWAP_INTERPRETER:
            reason = command.reason or SwapReason.OTHER
            done = await call.by_key.swap(reason.value, exclude=reason.excludes)
            return CommandDone() if done else NotPossible(WhyNot.NOT_NOW)
        case RoomCommandKind.RING_MIGRANT:
            if call.record.legs.role_in_room(Role.MIGRANT):
                return NotPossible(WhyNot.MIGRANT_THERE)
            done = await call.by_key.ring_migrant()
            return CommandDone() if done else NotPossible(WhyNot.NO_NUMBER)
        case RoomCommandKind.DROP_MIGRANT:
            done = await call.by_key.drop_migrant()
            return CommandDone() if done else NotPossible(WhyNot.MIGRANT_NOT_THERE)
        case RoomCommandKind.END_FOR_ALL:
            call.by_key.end()
            return CommandDone()
    return NotPossible(WhyNot.NOT_NOW)
