# SPDX-License-Identifier: EUPL-1.2
"""What every conversation of the bridge works with, and a few small tools."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from bridge.callers.flood import FloodGuard, MissedCodes
from bridge.conference.call import Call
from bridge.conference.calls import Calls
from bridge.conference.on_duty import HOME, OnDuty, on_duty
from bridge.conference.people.prompt_languages import languages_of_leg
from bridge.conversations.technician_answers import AnswerTools
from bridge.duties.opening_call_backs import OpeningCallBacks
from bridge.hours.directory import Directory, load_directory
from bridge.hours.localtime import LISBON
from bridge.languages.model import Languages
from bridge.prompts.catalogue import Catalogue
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import Ending, LegEnded
from bridge.vocabulary import BadNumber, InterpreterId, LanguageTag, LegId, PhoneNumber

_SWITCH_KNOWS_WITHIN = 2.0
"""Seconds in which the switch reports the end of a leg, with how it ended."""

_TELEPHONE_IS_FREE_AFTER = 1.0
"""Seconds from a hang-up until a telephone that is rung is not busy with the former call."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """The calls, what answers need, the languages and the words."""

    calls: Calls
    tools: AnswerTools
    languages: Languages
    catalogue: Catalogue
    operator_on_duty: bool
    """Whether the installation names a person who is always reached."""
    operator: PhoneNumber | None = None
    """Who that is."""
    directory: Directory = field(default_factory=load_directory)
    """The lines and services, without the closures of coordinators."""
    openings: OpeningCallBacks | None = None
    """Those who are rung when a line opens."""
    flood: FloodGuard = field(default_factory=FloodGuard)
    """Who rings too often."""
    missed_codes: MissedCodes = field(default_factory=MissedCodes)
    """How many codes of conversations were guessed wrong."""
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def languages_of(self, call: Call, leg: LegId) -> tuple[str, ...]:
        """The prompt languages for whoever is on a leg of a call, to be taken in turn."""
        return languages_of_leg(call.record, leg, self.catalogue.spoken_to_migrant)

    def language_of(self, call: Call, leg: LegId) -> str:
        """The one prompt language for somebody to whom a script says everything once."""
        return self.languages_of(call, leg)[0]

    def gone(self, call: Call, leg: LegId) -> None:
        """The conversation noticed the hang-up; the switch's own event, which knows more, comes
        at about the same time, so it is given a moment to come first.
        """

        async def later() -> None:
            await asyncio.sleep(_SWITCH_KNOWS_WITHIN)
            call.happened(LegEnded(leg, self.tools.clock.now(), Ending.HUNG_UP))

        self.spawn(later())

    async def somebody_on_duty(self) -> bool:
        """Whether "0" reaches a person now."""
        at = self.tools.clock.now()
        try:
            found = await self.tools.database.run(lambda conn: on_duty(conn, at, self.operator))
        except DatabaseUnavailable:
            found = []
        return bool(found) or self.operator_on_duty

    async def operator_for(self, language: LanguageTag) -> OnDuty | None:
        """Whoever is rung for a speaker of this language now; see `on_duty`.

        They are taken, so the next caller gets another one. Raises `DatabaseUnavailable`.
        """
        at = self.tools.clock.now()

        def choose(conn: Connection) -> OnDuty | None:
            first = next(iter(on_duty(conn, at, self.operator, language)), None)
            if first is not None:
                first.taken(conn, at)
            return first

        return await self.tools.database.run(choose)

    async def person(self, language: LanguageTag | None = None) -> PermittedNumber | None:
        """Whom a caller who wants a person is put through to; see `operator_for`.

        `None` leaves that to the switch, which knows whom the installation names.
        """
        try:
            found = await self.operator_for(language or HOME)
        except DatabaseUnavailable:
            return None
        return None if found is None else found.to

    def hangs_up(self, who: InterpreterId) -> None:
        """An interpreter's conversation with us is over: in a moment they can be rung again."""

        async def later() -> None:
            await asyncio.sleep(_TELEPHONE_IS_FREE_AFTER)
            await self.calls.rang_us(who)

        self.spawn(later())

    def today(self) -> date:
        """The date in Lisbon."""
        return self.tools.clock.now().astimezone(LISBON).date()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something that no conversation waits for."""
        task = asyncio.create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


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
