# SPDX-License-Identifier: EUPL-1.2
"""Whoever is in a room: the keys, and the goodbye when it is over."""

from __future__ import annotations

from bridge.conference.call import Call
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.model import CallState
from bridge.conference.people.guests import Invitation
from bridge.conference.people.prompt_languages import WORKING_LANGUAGE
from bridge.conversations.speaking import Speaking
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.rating import Noted, Rate, RatingScript
from bridge.ivr.room_keys import (
    CommandDone,
    MayRing,
    NotPossible,
    RoomCommand,
    RoomCommandKind,
    RoomKeysScript,
    SwapReason,
    WhyNot,
)
from bridge.ivr.runner import run
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.gate import NotPermitted, Refusal
from bridge.telephony.switch import (
    Conversation,
    HangUp,
    Next,
    Stay,
)
from bridge.vocabulary import LegId, Role

HAVE_KEYS = frozenset({Role.TECHNICIAN, Role.INTERPRETER, Role.OPERATOR})
"""Who can command by key in a room; migrants and a fourth person cannot."""


class InTheRoom:
    """Talks with one leg of a room while the others go on, or when it is over."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._calls = speaking.calls

    async def keys(self, conversation: Conversation, pressed: str) -> Next:
        """A key was pressed in a room."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        found = None if call is None else call.record.legs.get(leg)
        if call is None or found is None or found.role not in HAVE_KEYS:
            return Stay()

        async def consult(question: object) -> object:
            try:
                match question:
                    case RoomCommand():
                        return await _obey(call, leg, question)
                    case MayRing(digits):
                        return _may_ring(call, digits)
            except MailboxClosed:
                return NotPossible(WhyNot.NOT_NOW)
            except DatabaseUnavailable:
                return None
            raise TypeError(f"nobody answers {type(question).__name__} here")

        try:
            offered = await _offered(call)
        except (MailboxClosed, DatabaseUnavailable):
            offered = frozenset({RoomCommandKind.END_FOR_ALL})
        script = RoomKeysScript(
            f"*{pressed}",
            self._speaking.language_of(call, leg),
            offered=offered,
            in_private=call.record.private,
        )
        await run(script, conversation, consult)
        return Stay()

    async def goodbye(self, conversation: Conversation) -> Next:
        """The room is over for this leg."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        if call is None:
            await run(GoodbyeScript((WORKING_LANGUAGE,)), conversation)
        elif call.by_key.may_rate(leg):
            await self._rated(conversation, call)
        else:
            await run(GoodbyeScript(self._speaking.languages_of(call, leg)), conversation)
        return HangUp()

    async def _rated(self, conversation: Conversation, call: Call) -> None:
        async def consult(question: object) -> object:
            if not isinstance(question, Rate):
                raise TypeError(f"nobody answers {type(question).__name__} here")
            try:
                done = await call.by_key.rate(conversation.leg, question.rating, question.flag)
            except (MailboxClosed, DatabaseUnavailable):
                return None
            return Noted() if done else None

        language = self._speaking.language_of(call, conversation.leg)
        await run(RatingScript(language), conversation, consult)


async def _offered(call: Call) -> frozenset[RoomCommandKind]:
    """What can be done by key in this call's room now."""
    record, kinds = call.record, RoomCommandKind
    offered = {kinds.END_FOR_ALL}
    if record.state is not CallState.TALKING:
        return frozenset(offered)
    if record.interpreter is not None:
        offered.add(kinds.SWAP_INTERPRETER)
    if record.legs.of(Role.MIGRANT):
        offered.add(kinds.DROP_MIGRANT)
    elif record.migrant_to is not None:
        offered.add(kinds.RING_MIGRANT)
    if record.private:
        offered.add(kinds.END_PRIVATE_WORD)
    elif record.legs.role_in_room(Role.MIGRANT):
        offered.add(kinds.PRIVATE_WORD)
    if not record.legs.of(Role.GUEST):
        offered.add(kinds.ADD_PERSON)
    if await call.by_key.has_operator():
        offered.add(kinds.CALL_PERSON)
    return frozenset(offered)


async def _obey(call: Call, leg: LegId, command: RoomCommand) -> object:
    match command.kind:
        case RoomCommandKind.SWAP_INTERPRETER:
            reason = command.reason or SwapReason.OTHER
            done = await call.by_key.swap(reason.value, exclude=reason.excludes)
            return CommandDone() if done else NotPossible(WhyNot.NOT_NOW)
        case RoomCommandKind.RING_MIGRANT:
            if call.record.legs.of(Role.MIGRANT):
                return NotPossible(WhyNot.MIGRANT_THERE)
            try:
                done = await call.by_key.ring_migrant()
            except NotPermitted as error:
                return NotPossible(_refused(error.reason))
            return CommandDone() if done else NotPossible(WhyNot.NO_NUMBER)
        case RoomCommandKind.DROP_MIGRANT:
            done = await call.by_key.drop_migrant()
            return CommandDone() if done else NotPossible(WhyNot.MIGRANT_NOT_THERE)
        case RoomCommandKind.PRIVATE_WORD:
            if call.record.private:
                return NotPossible(WhyNot.ALREADY_PRIVATE)
            done = await call.by_key.private_word(leg)
            return CommandDone() if done else NotPossible(WhyNot.MIGRANT_NOT_THERE)
        case RoomCommandKind.END_PRIVATE_WORD:
            done = await call.by_key.end_private_word()
            return CommandDone() if done else NotPossible(WhyNot.NO_PRIVATE_WORD)
        case RoomCommandKind.CALL_PERSON:
            return _INVITED[await call.by_key.call_operator()]
        case RoomCommandKind.ADD_PERSON:
            try:
                return _INVITED[await call.by_key.add_guest(command.digits)]
            except NotPermitted as error:
                return NotPossible(_refused(error.reason))
        case RoomCommandKind.END_FOR_ALL:
            call.by_key.end()
            return CommandDone()


_INVITED = {
    Invitation.RINGING: CommandDone(),
    Invitation.THERE: NotPossible(WhyNot.PERSON_THERE),
    Invitation.NOBODY: NotPossible(WhyNot.NOBODY_ON_DUTY),
    Invitation.NOT_NOW: NotPossible(WhyNot.NOT_NOW),
}


def _may_ring(call: Call, digits: str) -> CommandDone | NotPossible:
    reason = call.by_key.refusal(digits)
    return CommandDone() if reason is None else NotPossible(_refused(reason))


def _refused(reason: Refusal) -> WhyNot:
    match reason:
        case Refusal.EMERGENCY:
            return WhyNot.NUMBER_EMERGENCY
        case Refusal.TECHNICIAN_CAP | Refusal.AGENCY_CAP:
            return WhyNot.NUMBERS_ENOUGH
        case _:
            return WhyNot.NUMBER_REFUSED
