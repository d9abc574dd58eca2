# SPDX-License-Identifier: EUPL-1.2
"""Who talks with the people on each leg: the scripts, and what they ask of the calls.

An error here is not caught: the carrier has a floor under every conversation (the apology path),
which is better than anything we could still say.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.agencies.model import Technician
from bridge.agencies.secrets import PinHasher
from bridge.agencies.store import identify
from bridge.clock import Clock
from bridge.conference.call import Call
from bridge.conference.calls import Calls
from bridge.conference.model import CallState, Request
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.languages import Languages
from bridge.ivr.migrant import Confirmed, MigrantScript
from bridge.ivr.offer import Accepted, AcceptOffer, Granted, OfferScript, Refused, TooLate
from bridge.ivr.outcomes import Gone, NoKey
from bridge.ivr.prompts import Catalogue
from bridge.ivr.request import (
    CheckNumber,
    Failed,
    Identified,
    Identify,
    NobodyAvailable,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    Requested,
    RequestInterpreter,
    Ring,
    ToOperator,
)
from bridge.ivr.runner import ScriptRun, run
from bridge.ivr.script import Say
from bridge.ivr.technician import TechnicianScript
from bridge.storage.database import Database, DatabaseUnavailable
from bridge.telephony.gate import NotPermitted, is_emergency, permit
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    Ending,
    EnterRoom,
    HangUp,
    LegEnded,
    Next,
    ToPerson,
)
from bridge.vocabulary import BadNumber, LegId, PhoneNumber, Role

_RESUMABLE = frozenset({CallState.HUNTING, CallState.JOINING})


@dataclass(frozen=True, slots=True)
class Conversations:
    """Answers every conversation a carrier opens."""

    calls: Calls
    database: Database
    clock: Clock
    hasher: PinHasher
    languages: Languages
    catalogue: Catalogue
    operator_on_duty: bool

    async def handle(self, conversation: Conversation) -> Next:
        """Talk with the person on this leg, and say where the leg goes next."""
        match conversation.name:
            case ConversationName.LINE:
                return await self._line(conversation)
            case ConversationName.OFFER:
                return await self._offer(conversation)
            case ConversationName.MIGRANT:
                return await self._migrant(conversation)
            case ConversationName.GOODBYE:
                return await self._goodbye(conversation)
        raise LookupError("the carrier opened a conversation that the bridge does not have")

    # --- the technician ------------------------------------------------------------------------

    async def _line(self, conversation: Conversation) -> Next:
        leg = conversation.leg
        call = self.calls.of_leg(leg)
        if call is None:
            call = await self.calls.open_call(leg, line_of(conversation.dialled))
        desk = _TechnicianDesk(self, call)
        talking = ScriptRun(self._technician_script(call), conversation, desk.consult)
        self.calls.when_nobody_available(leg, lambda: talking.notify(NobodyAvailable()))
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

    # --- the interpreter -----------------------------------------------------------------------

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
            room = await call.accepted(leg, question.at or self.clock.now())
            return TooLate() if room is None else Granted(room)

        script = OfferScript(
            request.language, request.agency_kind, migrant_is_rung=request.migrant is not None
        )
        match await run(script, conversation, consult):
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
        return HangUp()

    # --- the migrant, and everybody at the end -------------------------------------------------

    async def _migrant(self, conversation: Conversation) -> Next:
        leg = conversation.leg
        call = self.calls.of_leg(leg)
        if call is None or call.record.request is None:
            return HangUp()
        languages = self.catalogue.spoken_to_migrant(call.record.request.language)
        outcome = await run(MigrantScript(languages), conversation)
        if isinstance(outcome, Confirmed):
            room = await call.migrant_confirmed(leg)
            return HangUp() if room is None else EnterRoom(room)
        return HangUp()

    async def _goodbye(self, conversation: Conversation) -> Next:
        call = self.calls.of_leg(conversation.leg)
        languages: tuple[str, ...] = ("pt",)
        if call is not None and call.record.request is not None:
            found = call.record.legs.get(conversation.leg)
            if found is not None and found.role is Role.MIGRANT:
                languages = self.catalogue.spoken_to_migrant(call.record.request.language)
        await run(GoodbyeScript(languages), conversation)
        return HangUp()

    def _gone(self, call: Call, leg: LegId) -> None:
        """The conversation noticed the hang-up; the switch's own event may come before or after."""
        call.happened(LegEnded(leg, self.clock.now(), Ending.HUNG_UP))


class _TechnicianDesk:
    """Answers what one technician's script asks."""

    def __init__(self, conversations: Conversations, call: Call) -> None:
        self._of = conversations
        self._call = call
        self._technician: Technician | None = None
        self._wrong = 0

    async def consult(self, question: object) -> object:
        """The answer to one question; `Failed` when the database cannot be used."""
        try:
            match question:
                case Identify(agency_code, pin):
                    return await self._identify(agency_code, pin)
                case CheckNumber(digits):
                    return check_number(digits)
                case RequestInterpreter():
                    return await self._request(question)
        except DatabaseUnavailable:
            return Failed()
        raise TypeError(f"nobody answers {type(question).__name__} here")

    async def _identify(self, agency_code: str, pin: str) -> object:
        found = await identify(self._of.database, self._of.hasher, agency_code, pin)
        if found is None:
            self._wrong += 1
            await self._call.identification_failed(self._wrong)
            return NotIdentified()
        self._technician = found
        await self._call.identified(found)
        return Identified(found.id, found.agency.id, found.agency.kind)

    async def _request(self, question: RequestInterpreter) -> object:
        technician = self._technician
        if technician is None:
            return Failed()
        migrant = None
        if isinstance(question.migrant, Ring):
            migrant = permit(question.migrant.digits).number
        request = Request(
            language=question.language,
            technician=technician.id,
            agency=technician.agency.id,
            agency_kind=technician.agency.kind,
            migrant=migrant,
        )
        at = question.asked_at or self._of.clock.now()
        return Requested(await self._call.requested(request, at))


def check_number(digits: str) -> NumberFine | NumberRefused:
    """Whether the gate would let this keyed number through, and why not."""
    if is_emergency(digits):
        return NumberRefused(NumberFault.EMERGENCY)
    try:
        PhoneNumber.parse(digits)
    except BadNumber:
        return NumberRefused(NumberFault.NOT_A_NUMBER)
    try:
        permit(digits)
    except NotPermitted:
        return NumberRefused(NumberFault.NOT_PERMITTED)
    return NumberFine()


def line_of(dialled: str) -> str:
    """Which line was rung, as E.164; ``unknown`` for anything that is no telephone number."""
    try:
        return PhoneNumber.parse(dialled).e164
    except BadNumber:
        return "unknown"
