# SPDX-License-Identifier: EUPL-1.2
"""Whoever waits outside a room: the music and the words, until the call brings them in."""

from __future__ import annotations

from bridge.conversations.speaking import Speaking
from bridge.ivr.announcements import Announcement
from bridge.ivr.hold import HoldScript
from bridge.ivr.outcomes import Gone
from bridge.ivr.runner import ScriptRun
from bridge.telephony.switch import Conversation, HangUp, Next
from bridge.vocabulary import LegId


class Outside:
    """Talks with one leg that waits."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._calls = speaking.calls

    def is_waiting(self, leg: LegId) -> bool:
        """Whether this leg belongs outside its room now, whichever conversation it comes from."""
        call = self._calls.of_leg(leg)
        found = None if call is None else call.record.legs.get(leg)
        return found is not None and found.waits

    async def hold(self, conversation: Conversation) -> Next:
        """Somebody waits until they are brought into the room."""
        leg = conversation.leg
        call = self._calls.of_leg(leg)
        if call is None:
            return HangUp()
        why = call.waiting.why
        # Who keyed a code before the request is made waits in the languages that most understand.
        languages = self._speaking.languages_of(call, leg)
        still = why if why is Announcement.HOLD_PRIVATE else Announcement.STILL_LOOKING
        talking = ScriptRun(HoldScript(why, languages, still), conversation, _nobody)
        call.waiting.listen(leg, talking.notify)
        try:
            outcome = await talking.run()
        finally:
            call.waiting.no_longer_listens(leg)
        if isinstance(outcome, Gone):
            self._speaking.gone(call, leg)
        return HangUp()


async def _nobody(question: object) -> object:
    raise TypeError(f"nobody answers {type(question).__name__} here")
