# SPDX-License-Identifier: EUPL-1.2
"""The front door: what happens to a visitor of the line from script to script.

The scripts are pure and each does one thing; here they follow one another. A technician who turns
out to be one is handed to `AtTheLine`, a migrant goes on to the support line, and whoever rings
while nobody is there hears when somebody will be.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bridge.conference.model import CallState
from bridge.conversations.line_answers import LineAnswers, Visit
from bridge.conversations.speaking import Speaking
from bridge.ivr.arrival import Arrival, JoinsByCode, KeyedIdentity
from bridge.ivr.closed import ClosedScript
from bridge.ivr.door import ChosenLanguage, DoorScript, door_languages
from bridge.ivr.line_words import BOTH, both
from bridge.ivr.outcomes import Gone
from bridge.ivr.person import WantsPerson
from bridge.ivr.runner import run
from bridge.ivr.script import Say, Script
from bridge.ivr.support_line import (
    NobodyThere,
    OtherLanguage,
    SupportLineScript,
    ToService,
    WantsOperator,
)
from bridge.telephony.gate import PermittedNumber
from bridge.telephony.switch import Conversation, HangUp, Hold, Next, ToPerson, Transfer
from bridge.vocabulary import LanguageTag, LegId, Role

_MOST_LANGUAGES = 4
"""How often a visitor may choose another language before a person is looked for."""
_MOST_AWAY = 4
"""How often a visitor who was put through comes back to the menu."""

Identity = tuple[str, str]
Technician = Callable[[Conversation, Visit, Identity], Awaitable[Next]]
"""Goes on with a visitor who keyed agency code and PIN."""


@dataclass(frozen=True, slots=True)
class _Away:
    """A migrant who is being put through, and comes back when nobody answers."""

    visit: Visit
    language: LanguageTag
    told: str
    """The prompt that says who did not answer."""
    times: int


class FrontDoor:
    """Talks with visitors until they are somebody else's."""

    def __init__(self, speaking: Speaking, technician: Technician) -> None:
        self._speaking = speaking
        self._catalogue = speaking.catalogue
        self._technician = technician
        self._away: dict[LegId, _Away] = {}

    def answers(self, visit: Visit) -> LineAnswers:
        """Who answers for this visit."""
        return LineAnswers(self._speaking, visit)

    # --- who is it -----------------------------------------------------------------------------

    async def ask(self, conversation: Conversation, visit: Visit, times: int = 1) -> Next:
        """Ask a visitor whom nothing tells apart; `times` counts how often this was asked."""
        answers = self.answers(visit)
        offered = visit.line.languages
        script = DoorScript(
            door_languages(self._catalogue, offered),
            greeting=visit.line.greeting,
            operator_on_duty=await self._speaking.somebody_on_duty(),
        )
        arrival = Arrival(script, numbers=len(offered))
        match await run(arrival, conversation, answers.consult):
            case ChosenLanguage(language):
                keyed = str(offered.index(language) + 1)
                return await self.migrant(conversation, visit, language, times, keyed=keyed)
            case WantsPerson(asked):
                return await self._person(visit, answers, "asked" if asked else "not_understood")
            case outcome:
                return await self._otherwise(conversation, visit, outcome)

    # --- migrants ------------------------------------------------------------------------------

    async def migrant(
        self,
        conversation: Conversation,
        visit: Visit,
        language: LanguageTag,
        times: int = 1,
        lead: tuple[str, ...] = (),
        away: int = 0,
        keyed: str = "",
        seeks: bool = False,
    ) -> Next:
        """The support line, in the migrant's language; out of hours, when it opens.

        `keyed` is what chose the language just now, if it was not a technician's first digit.
        `seeks` looks for an operator before anything is said.
        """
        answers = self.answers(visit)
        if visit.call.record.state is CallState.ASKING and not away:
            await visit.call.incoming.is_migrants(language)
        await answers.speaks(language)
        spoken = self._catalogue.spoken_to_migrant(language)
        if not answers.is_open:
            return await self.closed(conversation, visit, answers, spoken, keyed=keyed)
        script = SupportLineScript(
            spoken,
            visit.line.services,
            today=self._speaking.today(),
            closes_at=answers.hours.open_at(self._speaking.tools.clock.now()).closes_at,
            day=answers.day,
            lead=lead,
            seeks=seeks,
        )
        match await run(Arrival(script, before=keyed), conversation, answers.consult):
            case ToService() if answers.service is not None:
                gone = _Away(visit, language, "service-silent", away + 1)
                return await self._put_through(answers.service, gone, "service")
            case WantsOperator(with_interpreter) if answers.operator is not None:
                if await visit.call.incoming.with_operator(
                    answers.operator, language, interpreter=with_interpreter
                ):
                    return Hold()
                gone = _Away(visit, language, "line-person-silent", away + 1)
                return await self._put_through(answers.operator, gone, "asked")
            case NobodyThere():
                return await self.closed(conversation, visit, answers, spoken)
            case OtherLanguage() if times < _MOST_LANGUAGES:
                return await self.ask(conversation, visit, times + 1)
            case OtherLanguage():
                await conversation.perform(Say(both("line-putting-through"), "pt"))
                return await self._person(visit, answers, "not_understood")
            case outcome:
                return await self._otherwise(conversation, visit, outcome)

    async def operator(self, conversation: Conversation, visit: Visit) -> Next:
        """Whoever wished at the door for an operator is put through; what they speak, nobody knows.

        When no operator is on duty any more, the door: there it is said, and can be wished again.
        """
        if not await self._speaking.somebody_on_duty():
            return await self.ask(conversation, visit)
        await conversation.perform(Say(both("line-putting-through"), "pt"))
        return await self._person(visit, self.answers(visit), "asked")

    async def _put_through(self, to: PermittedNumber, away: _Away, reason: str) -> Next:
        call = away.visit.call
        self._away = {
            leg: one
            for leg, one in self._away.items()
            if self._speaking.calls.of_leg(leg) is not None
        }
        if away.times <= _MOST_AWAY:
            self._away[away.visit.leg] = away
        if call.record.state is CallState.ASKING:
            await call.put_through(reason)
        return Transfer(to)

    # --- back, because nobody answered ---------------------------------------------------------

    async def back(self, conversation: Conversation) -> Next:
        """Nobody answered whom the visitor was put through to: the menu again, or an honest end."""
        away = self._away.pop(conversation.leg, None)
        if away is not None:
            lead = (away.told,)
            await away.visit.call.came_back()
            return await self.migrant(
                conversation, away.visit, away.language, lead=lead, away=away.times
            )
        words = both("line-person-silent", "line-ring-later", "goodbye")
        await conversation.perform(Say(words, "pt"))
        return HangUp()

    # --- nobody is there -----------------------------------------------------------------------

    async def closed(
        self,
        conversation: Conversation,
        visit: Visit,
        answers: LineAnswers,
        spoken: tuple[str, ...],
        *,
        why: str = "line-closed",
        keyed: str = "",
    ) -> Next:
        """Say who is not there and when somebody will be, and offer to ring; `keyed` as above."""
        await answers.told_closed()
        script = ClosedScript(
            spoken,
            opens_at=answers.next_opening(),
            today=self._speaking.today(),
            call_back=await answers.can_call_back(),
            operator_on_duty=await self._speaking.somebody_on_duty(),
            why=why,
        )
        # A technician has keyed their codes already.
        migrant = answers.role is Role.MIGRANT
        menu: Script[Any] = Arrival(script, before=keyed) if migrant else script
        outcome = await run(menu, conversation, answers.consult)
        if isinstance(outcome, WantsPerson):
            return await self._person(visit, answers, "asked")
        return await self._otherwise(conversation, visit, outcome)

    async def closed_to_technicians(
        self, conversation: Conversation, visit: Visit, spoken: tuple[str, ...] = BOTH
    ) -> Next:
        """The same for a technician."""
        answers = self.answers(visit)
        answers.role = Role.TECHNICIAN
        return await self.closed(conversation, visit, answers, spoken, why="interpreting-closed")

    def serves_technicians(self, visit: Visit) -> bool:
        """Whether technicians are served at this hour."""
        answers = self.answers(visit)
        answers.role = Role.TECHNICIAN
        return answers.is_open

    # --- the end -------------------------------------------------------------------------------

    async def _person(self, visit: Visit, answers: LineAnswers, reason: str) -> Next:
        if visit.call.record.state is CallState.ASKING:
            await visit.call.put_through(reason)
        return ToPerson(await self._speaking.person(answers.language))

    async def _otherwise(self, conversation: Conversation, visit: Visit, outcome: object) -> Next:
        """What every menu of the line may end with: a code was keyed, or it is over."""
        match outcome:
            case KeyedIdentity(code, pin):
                return await self._technician(conversation, visit, (code, pin))
            case JoinsByCode():
                return Hold()
            case Gone():
                self._speaking.gone(visit.call, visit.leg)
        return HangUp()
