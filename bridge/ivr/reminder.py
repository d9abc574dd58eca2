# SPDX-License-Identifier: EUPL-1.2
"""The script that reminds an interpreter of a booked call, some time before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bridge.ivr.outcomes import Gone, NoKey, Over, Refused
from bridge.ivr.script import Ask, Finish, Heard, HungUp, Keys, Say, Step
from bridge.prompts import spoken
from bridge.prompts.catalogue import language_name
from bridge.vocabulary import LanguageTag


@dataclass(frozen=True, slots=True)
class WillAnswer:
    """The interpreter pressed 1."""

    at: datetime | None
    """When, where the carrier can tell."""


@dataclass(frozen=True, slots=True)
class Reminding:
    """The reminder is being said for the `play`-th time, from 1."""

    play: int


@dataclass(frozen=True, slots=True)
class Thanking:
    """The last words are being said."""

    outcome: object


ReminderState = Reminding | Thanking | Over


@dataclass(frozen=True, slots=True)
class ReminderScript:
    """Reminds of a booked call. Outcomes: `WillAnswer`, `Refused`, `NoKey`, `Gone`.

    `NoKey` is no refusal: the booking stands, but nobody is known to have heard the reminder.
    """

    booked_for: datetime
    """Aware."""
    wanted: LanguageTag
    """The language to be interpreted."""
    today: date | None = None
    """The date in Lisbon, for "today" and "tomorrow"."""
    language: str = "pt"
    """The prompt language: `pt` or `en`."""
    plays: int = 3
    """How often it is said."""

    def start(self) -> tuple[ReminderState, Step]:
        """Say when and in which language."""
        return self._remind(1)

    def hear(self, state: ReminderState, heard: Heard) -> tuple[ReminderState, Step]:
        """1 confirms, 2 refuses; anything else is said again, a few times."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case Thanking(outcome), _:
                # Whoever hangs up without hearing the thanks has still said what they said.
                return _over(outcome)
            case _, HungUp():
                return _over(Gone())
            case Reminding(), Keys("1", at):
                return self._thank(WillAnswer(at), "reminder-confirmed")
            case Reminding(), Keys("2", at):
                return self._thank(Refused(at), "reminder-refused")
            case Reminding(play), _ if play < self.plays:
                return self._remind(play + 1)
            case _:
                return self._thank(NoKey(), "nothing-keyed")

    def _remind(self, play: int) -> tuple[ReminderState, Step]:
        when = spoken.moment(self.booked_for, self.today, self.language)
        what = ("reminder", *when, "for-language", language_name(self.wanted), "reminder-keys")
        return Reminding(play), Ask(what, self.language, most_keys=1, first_key_seconds=5.0)

    def _thank(self, outcome: object, prompt: str) -> tuple[ReminderState, Step]:
        return Thanking(outcome), Say((prompt, "goodbye"), self.language)


def _over(outcome: object) -> tuple[ReminderState, Step]:
    return Over(outcome), Finish(outcome)
