# SPDX-License-Identifier: EUPL-1.2
"""Who talks with the people on each leg: the scripts, and what they ask of the calls.

An error here is not caught: the carrier has a floor under every conversation (the apology path),
which is better than anything we could still say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import date

from bridge.conference.call import Call
from bridge.conference.calls import Calls
from bridge.conference.interpreter_desk import InterpreterDesk
from bridge.conference.legs import Part
from bridge.conference.mailbox import MailboxClosed
from bridge.conference.model import CallState
from bridge.conference.rings import Why
from bridge.conference.technician_desk import DeskTools, TechnicianDesk
from bridge.hours.localtime import LISBON
from bridge.ivr.callback import CallbackKind, CallbackScript, Joining
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.languages import Languages
from bridge.ivr.migrant import Confirmed, MigrantScript
from bridge.ivr.offer import Accepted, AcceptOffer, Granted, OfferScript, Refused, TooLate
from bridge.ivr.outcomes import Gone, NoKey
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import InterpreterToOperator
from bridge.ivr.prompts import Catalogue
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.request import ToOperator
from bridge.ivr.room_keys import (
    CommandDone,
    NotPossible,
    RoomCommand,
    RoomCommandKind,
    RoomKeysScript,
    SwapReason,
    WhyNot,
)
from bridge.ivr.runner import ScriptRun, run
from bridge.ivr.script import Say
from bridge.ivr.technician import TechnicianScript
from bridge.roster.store import find_by_number
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    Ending,
    EnterRoom,
    HangUp,
    LegEnded,
    Next,
    Stay,
    ToPerson,
)
from bridge.vocabulary import BadNumber, InterpreterId, LegId, PhoneNumber, Role

_RESUMABLE = frozenset({CallState.HUNTING, CallState.QUEUED, CallState.JOINING})
_KINDS = {
    Why.CALL_BACK: CallbackKind.CALL_BACK,
    Why.BOOKED: CallbackKind.BOOKED,
    Why.DROPPED: CallbackKind.DROPPED,
}


@dataclass(frozen=True, slots=True)
class Conversations:
    """Answers every conversation a carrier opens."""

    calls: Calls
    tools: DeskTools
    languages: Languages
    catalogue: Catalogue
    operator_on_duty: bool
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    async def handle(self, conversation: Conversation) -> Next:
        """Talk with the person on this leg, and say where the leg goes next."""
        name, _, detail = conversation.name.partition("/")
        match name:
            case ConversationName.LINE:
                return await self._line(conversation)
            case ConversationName.OFFER:
                return await self._offer(conversation)
            case ConversationName.MIGRANT:
                return await self._migrant(conversation)
            case ConversationName.CALL_BACK:
                return await self._call_back(conversation)
            case ConversationName.REJOIN:
                return await self._rejoin(conversation)
            case ConversationName.REMINDER:
                return await self.calls.reminders.converse(conversation)
            case ConversationName.ROOM_KEYS:
                return await self._room_keys(conversation, detail)
            case ConversationName.GOODBYE:
                return await self._goodbye(conversation)
        raise LookupError("the carrier opened a conversation that the bridge does not have")

    # --- somebody rings the line ---------------------------------------------------------------

    async def _line(self, conversation: Conversation) -> Next:
        call = self.calls.of_leg(conversation.leg)
        if call is None:
            caller = number_of(conversation.caller)
            if caller is not None:
                who = await self.tools.database.run(lambda conn: find_by_number(conn, caller))
                if who is not None:
                    return await self._presence(conversation, caller)
            line = line_of(conversation.dialled)
            call = await self.calls.open_call(conversation.leg, line, caller)
        return await self._technician(conversation, call)

    async def _technician(self, conversation: Conversation, call: Call) -> Next:
        leg = conversation.leg
        desk = TechnicianDesk(self.tools, call)
        talking = ScriptRun(self._technician_script(call), conversation, desk.consult)

        async def tell() -> None:
            talking.notify(await desk.nobody_available())

        self.calls.when_nobody_available(leg, lambda: self._spawn(tell()))
        if call.record.state is CallState.QUEUED:
            self._spawn(tell())
        try:
            outcome = await talking.run()
        finally:
            self.calls.no_longer_waits(leg)
        if isinstance(outcome, Gone):
            self._gone(call, leg)
        if isinstance(outcome, ToOperator):
            await call.put_through(outcome.reason.value)
            return ToPerson()
        return HangUp()

    def _technician_script(self, call: Call) -> TechnicianScript:
        """From the greeting; or, for a leg that comes back to a call that hunts, from there."""
        if call.record.state in _RESUMABLE:
            return TechnicianScript.resume(
                call.job, self.languages, operator_on_duty=self.operator_on_duty
            )
        return TechnicianScript(self.languages, operator_on_duty=self.operator_on_duty)

    async def _presence(self, conversation: Conversation, number: PhoneNumber) -> Next:
        desk = InterpreterDesk(
            self.tools.database,
            self.tools.clock,
            self.tools.hasher,
            number,
            identified=self.calls.rings_us,
        )
        script = PresenceScript(today=self._today(), operator_on_duty=self.operator_on_duty)

        async def later(who: InterpreterId) -> None:
            await asyncio.sleep(_TELEPHONE_IS_FREE_AFTER)
            await self.calls.rang_us(who)

        try:
            outcome = await run(script, conversation, desk.consult)
        finally:
            if desk.who is not None:
                self._spawn(later(desk.who))
        return ToPerson() if isinstance(outcome, InterpreterToOperator) else HangUp()

    # --- somebody whom the bridge rang ---------------------------------------------------------

    async def _offer(self, conversation: Conversation) -> Next:
        leg = conversation.leg
        call = self.calls.of_leg(leg)
        request = None if call is None else call.record.request
        if call is None or request is None:
            await conversation.perform(Say(("offer-too-late", "goodbye"), "pt"))
            return HangUp()

        async def consult(question: object) -> object:
            if not isinstance(question, AcceptOffer):
                raise TypeError(f"nobody answers {type(question).__name__} here")
            try:
                room = await call.accepted(leg, question.at or self.tools.clock.now())
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
            migrant_is_rung=request.migrant is not None,
            replacement=call.record.complete,
            today=self._today(),
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
                    self._gone(call, leg)
                case _:
                    pass
        except MailboxClosed:
            pass
        return HangUp()

    async def _migrant(self, conversation: Conversation) -> Next:
        call = self.calls.of_leg(conversation.leg)
        if call is None or call.record.request is None:
            return HangUp()
        languages = self.catalogue.spoken_to_migrant(call.record.request.language)
        outcome = await run(MigrantScript(languages), conversation)
        return await self._into_room(call, conversation.leg, isinstance(outcome, Confirmed))

    async def _call_back(self, conversation: Conversation) -> Next:
        leg = conversation.leg
        call = self.calls.of_leg(leg)
        request = None if call is None else call.record.request
        why = None if call is None else call.why_rung(leg)
        if call is None or request is None or why not in _KINDS:
            return HangUp()
        script = CallbackScript(_KINDS[why], request.language, call.job)
        outcome = await run(script, conversation)
        return await self._into_room(call, leg, isinstance(outcome, Joining))

    async def _rejoin(self, conversation: Conversation) -> Next:
        leg = conversation.leg
        call = self.calls.of_leg(leg)
        if call is None or call.record.request is None:
            return HangUp()
        found = call.record.legs.get(leg)
        languages: tuple[str, ...] = ("pt",)
        if found is not None and found.role is Role.MIGRANT:
            languages = self.catalogue.spoken_to_migrant(call.record.request.language)
        outcome = await run(rejoin_script(languages), conversation)
        return await self._into_room(call, leg, isinstance(outcome, Confirmed))

    async def _into_room(self, call: Call, leg: LegId, confirmed: bool) -> Next:
        if not confirmed:
            return HangUp()
        try:
            room = await call.confirmed(leg)
        except MailboxClosed:
            return HangUp()
        return HangUp() if room is None else EnterRoom(room)

    # --- in the room, and at its end -----------------------------------------------------------

    async def _room_keys(self, conversation: Conversation, pressed: str) -> Next:
        call = self.calls.of_leg(conversation.leg)
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

    async def _goodbye(self, conversation: Conversation) -> Next:
        call = self.calls.of_leg(conversation.leg)
        languages: tuple[str, ...] = ("pt",)
        if call is not None and call.record.request is not None:
            found = call.record.legs.get(conversation.leg)
            if found is not None and found.role is Role.MIGRANT:
                languages = self.catalogue.spoken_to_migrant(call.record.request.language)
        await run(GoodbyeScript(languages), conversation)
        return HangUp()

    # --- small tools ---------------------------------------------------------------------------

    def _gone(self, call: Call, leg: LegId) -> None:
        """The conversation noticed the hang-up; the switch's own event, which knows more, comes
        at about the same time, so it is given a moment to come first.
        """

        async def later() -> None:
            await asyncio.sleep(_SWITCH_KNOWS_WITHIN)
            call.happened(LegEnded(leg, self.tools.clock.now(), Ending.HUNG_UP))

        self._spawn(later())

    def _today(self) -> date:
        return self.tools.clock.now().astimezone(LISBON).date()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


_TELEPHONE_IS_FREE_AFTER = 1.0
"""Seconds from a hang-up until a telephone that is rung is not busy with the former call."""
_SWITCH_KNOWS_WITHIN = 2.0
"""Seconds in which the switch reports the end of a leg, with how it ended."""


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
            done = await call.swap(reason.value, exclude=reason.excludes)
            return CommandDone() if done else NotPossible(WhyNot.NOT_NOW)
        case RoomCommandKind.RING_MIGRANT:
            if call.record.legs.role_in_room(Role.MIGRANT):
                return NotPossible(WhyNot.MIGRANT_THERE)
            done = await call.ring_migrant()
            return CommandDone() if done else NotPossible(WhyNot.NO_NUMBER)
        case RoomCommandKind.DROP_MIGRANT:
            done = await call.drop_migrant()
            return CommandDone() if done else NotPossible(WhyNot.MIGRANT_NOT_THERE)
        case RoomCommandKind.END_FOR_ALL:
            call.end()
            return CommandDone()
    return NotPossible(WhyNot.NOT_NOW)


def number_of(caller: str) -> PhoneNumber | None:
    """The number that rings, if it is one that could be rung back; hostile text is none."""
    try:
        return PhoneNumber.parse(caller)
    except BadNumber:
        return None


def line_of(dialled: str) -> str:
    """Which line was rung, as E.164; ``unknown`` for anything that is no telephone number."""
    number = number_of(dialled)
    return "unknown" if number is None else number.e164
