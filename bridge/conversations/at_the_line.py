# SPDX-License-Identifier: EUPL-1.2
"""Whoever rings a line: some are known by their number, all others are asked at the front door."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import Connection

from bridge.agencies.model import Agency
from bridge.agencies.store import agency_of_number
from bridge.callers import store as callers
from bridge.conference.call import Call
from bridge.conference.model import CallState
from bridge.conversations.front_door import FrontDoor, Identity
from bridge.conversations.identification import InterpreterIdentification
from bridge.conversations.interpreter_answers import InterpreterAnswers
from bridge.conversations.line_answers import LineAnswers, Visit
from bridge.conversations.speaking import Speaking, line_of, number_of
from bridge.conversations.technician_answers import TechnicianAnswers
from bridge.hours.directory import Directory
from bridge.hours.store import directory_with
from bridge.ivr.line_words import BOTH, both
from bridge.ivr.migrant import Confirmed
from bridge.ivr.opening import opening_script
from bridge.ivr.outcomes import Gone
from bridge.ivr.person import FindPerson, RingWhenOnDuty
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import InterpreterToOperator
from bridge.ivr.runner import ScriptRun, run
from bridge.ivr.script import HungUp, Say, Taken, Wait
from bridge.ivr.technician.finder import with_sentences
from bridge.ivr.technician.request import Failed, Identified, ToOperator
from bridge.ivr.technician.script import BEGINS, RESUMED, TechnicianScript
from bridge.openings.model import OpeningCallBack
from bridge.roster.store import find_by_number
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.switch import Conversation, EnterRoom, HangUp, Next, ToLine, ToPerson
from bridge.vocabulary import LanguageTag, LegId, PhoneNumber, Role, RoomId

_RESUMABLE = frozenset({CallState.HUNTING, CallState.QUEUED, CallState.JOINING})
_AN_INSTANT = 0.05
"""Seconds that nobody is kept waiting for."""
BACK = "back"
"""What a leg's conversation is told that comes back because nobody answered."""
RUNG = "rung"
"""What it is told of somebody whom we rang, and who comes to the line."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables say of a number, and of the lines now."""

    directory: Directory
    interpreter: bool = False
    agency: Agency | None = None
    language: LanguageTag | None = None


class _Returns(Exception):
    """The technician is missed in the room of a call, and goes there."""

    def __init__(self, room: RoomId) -> None:
        super().__init__()
        self.room = room


class AtTheLine:
    """Talks with whoever rang a line."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._calls = speaking.calls
        self._tools = speaking.tools
        self._languages = speaking.languages
        self._door = FrontDoor(speaking, self._keyed)
        self._speakable = with_sentences(speaking.catalogue)
        self._rung: dict[LegId, OpeningCallBack] = {}
        """Those who were rung at the opening and come to the line now."""

    async def line(self, conversation: Conversation, detail: str = "") -> Next:
        """Somebody rang a line, or a leg comes back: to its call that hunts, or unanswered."""
        call = self._calls.of_leg(conversation.leg)
        if call is not None and detail == BACK:
            return await self._door.back(conversation)
        if call is not None and call.record.state is CallState.PUT_THROUGH:
            # The bridge was away when it should have said so, or when nobody had answered.
            return await self._person()
        caller = number_of(conversation.caller)
        if call is not None:
            caller = call.record.technician_number or call.record.migrant_number or caller
        if call is not None and call.record.state is not CallState.ASKING:
            # Nothing is looked up for who only goes on waiting, also while the database is away.
            known = _Known(self._speaking.directory)
            visit = await self._visits(conversation, known, caller, call)
            return await self._technician(conversation, visit, comes=detail == RUNG)
        promise = self._rung.pop(conversation.leg, None)
        if call is not None and promise is not None:
            return await self._rung_at_opening(conversation, call, promise)
        # Where there is a call, the bridge was away; who rang is asked anew.
        known = await self._look_up(caller)
        if call is None:
            if not await self._may_come_in(conversation, caller, known):
                return HangUp()
            if known.interpreter and caller is not None:
                return await self._presence(conversation, caller, known)
        visit = await self._visits(conversation, known, caller, call)
        if known.interpreter and caller is not None:
            return await self._presence(conversation, caller, known, visit)
        return await self._receive(conversation, visit, known)

    async def opening(self, conversation: Conversation) -> Next:
        """Somebody answered who asked out of hours to be rung."""
        openings = self._speaking.openings
        promise = None if openings is None else openings.answered(conversation.leg)
        if openings is None or promise is None:
            # Rung by a process that died; the promise is taken up again.
            await conversation.perform(Say(both("apology-leg"), "pt"))
            return HangUp()
        language = promise.language
        spoken = BOTH if language is None else self._speaking.catalogue.spoken_to_migrant(language)
        outcome = await run(opening_script(spoken, promise.role), conversation)
        if not isinstance(outcome, Confirmed):
            await openings.missed(promise)
            return HangUp()
        await openings.reached(promise)
        line = self._speaking.directory.line(promise.line)
        number = line.numbers[0].e164 if line.numbers else line.key
        await self._calls.open_call(conversation.leg, number, promise.number)
        still = {leg: one for leg, one in self._rung.items() if self._calls.of_leg(leg) is not None}
        self._rung = still | {conversation.leg: promise}
        # They are whoever rings a line now: should the bridge go down, they are asked again.
        return ToLine()

    async def _rung_at_opening(
        self, conversation: Conversation, call: Call, promise: OpeningCallBack
    ) -> Next:
        known = await self._look_up(promise.number)
        visit = await self._visits(conversation, known, promise.number, call)
        if promise.role is not Role.MIGRANT:
            if promise.for_operator and await self._speaking.somebody_on_duty():
                return await self._door.operator(conversation, visit)
            if promise.role is Role.INTERPRETER:
                return await self._presence(conversation, promise.number, known, visit)
            return await self._technician(conversation, visit, known.agency)
        if promise.language is not None:
            seeks = promise.for_operator
            return await self._door.migrant(conversation, visit, promise.language, seeks=seeks)
        if promise.for_operator:
            return await self._door.operator(conversation, visit)
        return await self._door.ask(conversation, visit)

    # --- who rings -----------------------------------------------------------------------------

    async def _look_up(self, caller: PhoneNumber | None) -> _Known:
        key = self._tools.callers.caller(caller)

        def work(conn: Connection) -> _Known:
            directory = directory_with(conn, self._speaking.directory)
            if caller is None:
                return _Known(directory)
            return _Known(
                directory,
                interpreter=find_by_number(conn, caller) is not None,
                agency=agency_of_number(conn, caller),
                language=callers.language_of(conn, key),
            )

        return await self._tools.database.run(work)

    async def _may_come_in(
        self, conversation: Conversation, caller: PhoneNumber | None, known: _Known
    ) -> bool:
        """Hold whoever rings too often for a while, or refuse them with a word."""
        loop = asyncio.get_running_loop()
        arrival = self._speaking.flood.arrived(
            self._tools.callers.caller(caller),
            loop.time(),
            known=known.interpreter or known.agency is not None,
        )
        if arrival.refused:
            await conversation.perform(Say(both("line-too-many-calls", "goodbye"), "pt"))
            return False
        until = loop.time() + arrival.hold
        while (left := until - loop.time()) > _AN_INSTANT:
            if isinstance(await conversation.perform(Wait(left)), HungUp | Taken):
                return False
        return True

    async def _visits(
        self,
        conversation: Conversation,
        known: _Known,
        caller: PhoneNumber | None,
        call: Call | None = None,
    ) -> Visit:
        """The visit of whoever rang a line, for whom a call is opened unless they have one.

        Raises `DatabaseUnavailable` when that cannot be written.
        """
        if call is None:
            rung = line_of(conversation.dialled)
            call = await self._calls.open_call(conversation.leg, rung, caller)
        line, key = known.directory.line_rung(call.record.line), self._tools.callers.caller(caller)
        return Visit(conversation.leg, call, line, known.directory, caller, key)

    async def _receive(self, conversation: Conversation, visit: Visit, known: _Known) -> Next:
        """Lead a visitor to what is known of them, or ask."""
        if known.agency is not None or not visit.line.languages:
            if not self._door.serves_technicians(visit):
                spoken = (known.agency.prompt_language,) if known.agency else BOTH
                return await self._door.closed_to_technicians(conversation, visit, spoken)
            return await self._technician(conversation, visit, known.agency)
        if known.language in visit.line.languages and known.language is not None:
            return await self._door.migrant(conversation, visit, known.language)
        return await self._door.ask(conversation, visit)

    # --- technicians ---------------------------------------------------------------------------

    async def _keyed(self, conversation: Conversation, visit: Visit, identity: Identity) -> Next:
        """A visitor keyed agency code and PIN at the front door."""
        if not self._door.serves_technicians(visit):
            return await self._door.closed_to_technicians(conversation, visit)
        return await self._technician(conversation, visit, identity=identity)

    async def _technician(
        self,
        conversation: Conversation,
        visit: Visit,
        agency: Agency | None = None,
        *,
        identity: Identity | None = None,
        comes: bool = False,
    ) -> Next:
        """`agency`: whose telephone rings; then the PIN is enough. `comes`: we have rung them, and
        they begin to wait.
        """
        leg, call = conversation.leg, visit.call
        resumes = call.record.state in _RESUMABLE
        if not resumes and not await call.incoming.is_technicians():
            return await self._person()
        answers = TechnicianAnswers(self._tools, call, self._speaking.directory)
        at_line = self._door.answers(visit)
        at_line.role = Role.TECHNICIAN

        async def consult(question: object) -> object:
            if isinstance(question, FindPerson | RingWhenOnDuty):
                return await at_line.consult(question)
            answer = await answers.consult(question)
            if isinstance(answer, Identified):
                await self._back_to_the_room(call, answer)
            return answer

        on_duty = await self._speaking.somebody_on_duty()
        if resumes:
            queued = call.record.state is CallState.QUEUED
            script = TechnicianScript.resume(
                call.job,
                self._languages,
                language=self._speaking.language_of(call, leg),
                operator_on_duty=on_duty,
                # Who comes to the queue is told at once that nobody is free.
                lead=(() if queued else BEGINS) if comes else RESUMED,
            )
        else:
            script = TechnicianScript(
                self._languages,
                "pt" if agency is None else agency.prompt_language,
                operator_on_duty=on_duty,
                recognised=agency is not None,
                identity=identity,
                speakable=self._speakable,
            )
        talking = ScriptRun(script, conversation, consult)

        async def tell() -> None:
            talking.notify(await answers.nobody_available())

        self._calls.when_nobody_available(leg, lambda: self._speaking.spawn(tell()))
        if call.record.state is CallState.QUEUED:
            self._speaking.spawn(tell())
        try:
            outcome = await talking.run()
        except _Returns as returns:
            return EnterRoom(returns.room)
        finally:
            self._calls.no_longer_waits(leg)
        if isinstance(outcome, Gone):
            self._speaking.gone(call, leg)
        if isinstance(outcome, ToOperator):
            gone = await call.put_through(outcome.reason.value)
            if not gone and call.record.state is CallState.JOINING:
                # Somebody accepted at that very moment, and waits for them.
                return EnterRoom(call.record.room)
            return await self._person()
        return HangUp()

    async def _back_to_the_room(self, call: Call, who: Identified) -> None:
        """A technician who was cut off and rang us instead of waiting is missed: raise that."""
        lost = self._calls.lost_technician(call.record.technician_number, who.technician)
        if lost is None:
            return
        room = await self._calls.technician_returns(call.record.technician, lost)
        if room is not None:
            raise _Returns(room)

    async def _person(self) -> Next:
        return ToPerson(await self._speaking.person())

    # --- interpreters --------------------------------------------------------------------------

    async def _presence(
        self,
        conversation: Conversation,
        number: PhoneNumber,
        known: _Known,
        visit: Visit | None = None,
    ) -> Next:
        """Presence belongs to no call. Asking in vain for a person is written down, so it begins
        one; `visit`: that has happened before the bridge was away, or they were rung for it.
        """
        tools = self._tools
        answers = InterpreterAnswers(
            tools.database,
            tools.clock,
            InterpreterIdentification(
                tools.database, tools.clock, tools.hasher, tools.callers, number
            ),
            identified=self._calls.rings_us,
            share=self._calls.share_of,
        )

        at_line: LineAnswers | None = None

        async def consult(question: object) -> object:
            nonlocal visit, at_line
            if not isinstance(question, FindPerson | RingWhenOnDuty):
                return await answers.consult(question)
            try:
                visit = visit or await self._visits(conversation, known, number)
            except DatabaseUnavailable:
                return Failed()
            at_line = at_line or self._door.answers(visit)
            at_line.role = Role.INTERPRETER
            return await at_line.consult(question)

        script = PresenceScript(
            today=self._speaking.today(),
            operator_on_duty=await self._speaking.somebody_on_duty(),
        )

        try:
            outcome = await run(script, conversation, consult)
        finally:
            if answers.who is not None:
                self._speaking.hangs_up(answers.who)
        if visit is not None and isinstance(outcome, Gone):
            self._speaking.gone(visit.call, visit.leg)
        if not isinstance(outcome, InterpreterToOperator):
            return HangUp()
        if visit is not None:
            await visit.call.put_through("asked")
        return await self._person()
