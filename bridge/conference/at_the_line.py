# SPDX-License-Identifier: EUPL-1.2
"""Whoever rings a line: interpreters are known by their number, everybody else is asked."""

from __future__ import annotations

import asyncio

from bridge.conference.call import Call
from bridge.conference.interpreter_desk import InterpreterDesk
from bridge.conference.model import CallState
from bridge.conference.speaking import Speaking, line_of, number_of
from bridge.conference.technician_desk import TechnicianDesk
from bridge.ivr.outcomes import Gone
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import InterpreterToOperator
from bridge.ivr.request import ToOperator
from bridge.ivr.runner import ScriptRun, run
from bridge.ivr.technician import TechnicianScript
from bridge.roster.store import find_by_number
from bridge.telephony.switch import (
    Conversation,
    HangUp,
    Next,
    ToPerson,
)
from bridge.vocabulary import InterpreterId, PhoneNumber

_RESUMABLE = frozenset({CallState.HUNTING, CallState.QUEUED, CallState.JOINING})
_TELEPHONE_IS_FREE_AFTER = 1.0
"""Seconds from a hang-up until a telephone that is rung is not busy with the former call."""


class AtTheLine:
    """Talks with whoever rang a line."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._calls = speaking.calls
        self._tools = speaking.tools
        self._languages = speaking.languages
        self._operator_on_duty = speaking.operator_on_duty

    async def line(self, conversation: Conversation) -> Next:
        """Somebody rang a line, or a leg comes back to its call that hunts."""
        call = self._calls.of_leg(conversation.leg)
        if call is None:
            caller = number_of(conversation.caller)
            if caller is not None:
                who = await self._tools.database.run(lambda conn: find_by_number(conn, caller))
                if who is not None:
                    return await self._presence(conversation, caller)
            line = line_of(conversation.dialled)
            call = await self._calls.open_call(conversation.leg, line, caller)
        return await self._technician(conversation, call)

    async def _technician(self, conversation: Conversation, call: Call) -> Next:
        leg = conversation.leg
        desk = TechnicianDesk(self._tools, call)
        talking = ScriptRun(self._technician_script(call), conversation, desk.consult)

        async def tell() -> None:
            talking.notify(await desk.nobody_available())

        self._calls.when_nobody_available(leg, lambda: self._speaking.spawn(tell()))
        if call.record.state is CallState.QUEUED:
            self._speaking.spawn(tell())
        try:
            outcome = await talking.run()
        finally:
            self._calls.no_longer_waits(leg)
        if isinstance(outcome, Gone):
            self._speaking.gone(call, leg)
        if isinstance(outcome, ToOperator):
            await call.put_through(outcome.reason.value)
            return ToPerson()
        return HangUp()

    def _technician_script(self, call: Call) -> TechnicianScript:
        """From the greeting; or, for a leg that comes back to a call that hunts, from there."""
        if call.record.state in _RESUMABLE:
            return TechnicianScript.resume(
                call.job, self._languages, operator_on_duty=self._operator_on_duty
            )
        return TechnicianScript(self._languages, operator_on_duty=self._operator_on_duty)

    async def _presence(self, conversation: Conversation, number: PhoneNumber) -> Next:
        desk = InterpreterDesk(
            self._tools.database,
            self._tools.clock,
            self._tools.hasher,
            number,
            identified=self._calls.rings_us,
        )
        script = PresenceScript(
            today=self._speaking.today(), operator_on_duty=self._operator_on_duty
        )

        async def later(who: InterpreterId) -> None:
            await asyncio.sleep(_TELEPHONE_IS_FREE_AFTER)
            await self._calls.rang_us(who)

        try:
            outcome = await run(script, conversation, desk.consult)
        finally:
            if desk.who is not None:
                self._speaking.spawn(later(desk.who))
        return ToPerson() if isinstance(outcome, InterpreterToOperator) else HangUp()
