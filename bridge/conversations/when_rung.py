# SPDX-License-Identifier: EUPL-1.2
"""Whoever is rung by the bridge: interpreters, migrants, and technicians who are called back."""

from __future__ import annotations

from contextlib import suppress

from bridge.conference.call import Call
from bridge.conference.legs import Part
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.people.rings import Why
from bridge.conversations.speaking import Speaking
from bridge.ivr.callback import CallbackKind, CallbackScript, Joining
from bridge.ivr.callback_over import CallbackOverScript
from bridge.ivr.migrant import Confirmed, MessageLeft, guest_script, migrant_script
from bridge.ivr.not_answering import NotAnsweringScript
from bridge.ivr.offer import Accepted, AcceptOffer, Granted, OfferScript, Refused, TooLate
from bridge.ivr.outcomes import Gone, NoKey
from bridge.ivr.presence_model import PresenceSet, SetPresence
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.runner import run
from bridge.ivr.script import Say
from bridge.telephony.switch import (
    Conversation,
    EnterRoom,
    HangUp,
    Next,
)
from bridge.vocabulary import LegId

_KINDS = {
    Why.CALL_BACK: CallbackKind.CALL_BACK,
    Why.BOOKED: CallbackKind.BOOKED,
    Why.DROPPED: CallbackKind.DROPPED,
    Why.MIGRANT_RANG: CallbackKind.MIGRANT_RANG,
    Why.CALLED: CallbackKind.CALLED,
}


class WhenRung:
    """Talks with whoever answered a ring of the bridge."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._calls = speaking.calls
        self._tools = speaking.tools

    async def offer(self, conversation: Conversation) -> Next:
        """An interpreter answered an offer: the whisper, and the key that accepts."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        request = None if call is None else call.record.request
        if call is None or request is None:
            await conversation.perform(Say(("offer-too-late", "goodbye"), "pt"))
            return HangUp()

        async def consult(question: object) -> object:
            if not isinstance(question, AcceptOffer):
                raise TypeError(f"nobody answers {type(question).__name__} here")
            try:
                room = await call.accepted(leg, question.at or self._tools.clock.now())
            except MailboxClosed:
                return TooLate()
            return TooLate() if room is None else Granted(room)

        part = call.record.legs.get(leg)
        relay = None if part is None else part.relay
        far = part is not None and part.part is Part.FAR
        script = OfferScript(
            request.language if relay is None or far else relay,
            request.agency_kind,
            relay=relay,
            migrant_is_rung=request.by_telephone,
            replacement=call.record.complete,
            today=self._speaking.today(),
        )
        outcome = await run(script, conversation, consult)
        try:
            match outcome:
                case Accepted(room):
                    return EnterRoom(room)
                case Refused():
                    await call.refused(leg)
                case NoKey():
                    await call.offer_silent(leg)
                case Gone():
                    self._speaking.gone(call, leg)
                case _:
                    pass
        except MailboxClosed:
            pass
        return HangUp()

    async def not_answering(self, conversation: Conversation) -> Next:
        """An interpreter answered who is told that they are rung no more, and may come back."""
        silent = self._calls.not_answering
        who = silent.answered(conversation.leg)
        if who is None:
            return HangUp()

        async def consult(question: object) -> object:
            if not isinstance(question, SetPresence):
                raise TypeError(f"nobody answers {type(question).__name__} here")
            return PresenceSet(question.state) if await silent.back(who) else None

        self._calls.rings_us(who)
        try:
            await run(NotAnsweringScript(), conversation, consult)
        finally:
            self._speaking.hangs_up(who)
        return HangUp()

    async def migrant(self, conversation: Conversation) -> Next:
        """A migrant answered: the greeting in their language, and any key."""
        call = self._calls.of_leg(conversation.leg)
        if call is None or call.record.request is None:
            return HangUp()
        request = call.record.request
        languages = self._speaking.languages_of(call, conversation.leg)
        script = migrant_script(languages, request.agency_kind, voicemail=request.voicemail_allowed)
        outcome = await run(script, conversation)
        if isinstance(outcome, NoKey | MessageLeft):
            with suppress(MailboxClosed):
                await call.nobody_keyed(conversation.leg, left=isinstance(outcome, MessageLeft))
        return await self._into_room(call, conversation.leg, isinstance(outcome, Confirmed))

    async def call_back(self, conversation: Conversation) -> Next:
        """A technician answered whom the bridge has rung."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        request = None if call is None else call.record.request
        why = None if call is None else call.why_rung(leg)
        if call is None or request is None:
            return HangUp()
        language = self._speaking.language_of(call, leg)
        if why is Why.EXPIRED:
            await run(CallbackOverScript(request.language, language), conversation)
            return HangUp()
        if why not in _KINDS:
            return HangUp()
        script = CallbackScript(_KINDS[why], request.language, call.job, language)
        return await self._joining(call, leg, await run(script, conversation))

    async def invited(self, conversation: Conversation) -> Next:
        """An operator or a fourth person answered, who is wanted in the room."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        request = None if call is None else call.record.request
        why = None if call is None else call.why_rung(leg)
        if call is None or request is None:
            return HangUp()
        if why is Why.ADDED:
            languages = self._speaking.languages_of(call, leg)
            outcome = await run(guest_script(languages), conversation)
            return await self._into_room(call, leg, isinstance(outcome, Confirmed))
        if why not in _KINDS:
            return HangUp()
        script = CallbackScript(
            _KINDS[why],
            request.language,
            call.job,
            self._speaking.language_of(call, leg),
            with_interpreter=why is Why.MIGRANT_RANG and not call.record.progress.direct,
        )
        return await self._joining(call, leg, await run(script, conversation))

    async def rejoin(self, conversation: Conversation) -> Next:
        """Somebody answered who had been dropped from the room: any key brings them back."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        if call is None or call.record.request is None:
            return HangUp()
        outcome = await run(rejoin_script(self._speaking.languages_of(call, leg)), conversation)
        return await self._into_room(call, leg, isinstance(outcome, Confirmed))

    async def _joining(self, call: Call, leg: LegId, outcome: object) -> Next:
        """Whoever was asked to join does, or does not; who said no is not rung again."""
        if isinstance(outcome, Refused):
            with suppress(MailboxClosed):
                await call.declined(leg)
        return await self._into_room(call, leg, isinstance(outcome, Joining))

    async def _into_room(self, call: Call, leg: LegId, confirmed: bool) -> Next:
        if not confirmed:
            return HangUp()
        try:
            return await call.confirmed(leg)
        except MailboxClosed:
            return HangUp()
