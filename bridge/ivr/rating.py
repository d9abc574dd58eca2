# SPDX-License-Identifier: EUPL-1.2
"""The script for a technician or interpreter whose room is over: the goodbye, and how it was.

One key rates, a second one says more, and neither is asked for twice: with no key at all it is over
in about twelve seconds, and whoever hangs up misses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.outcomes import Done, Gone, Over
from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, HungUp, Keys, Say, Step
from bridge.ratings.model import Flag, Rating

# --- what it asks the application, and the answers ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """Write this down. Answers: `Noted`; anything else is a failure of ours."""

    rating: Rating
    flag: Flag | None = None
    """`None` with the first key."""


@dataclass(frozen=True, slots=True)
class Noted:
    """It is written."""


# --- where it stands ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskingRating:
    """How it was is asked."""


@dataclass(frozen=True, slots=True)
class Writing:
    """The application writes it down."""

    rating: Rating
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class AskingFlag:
    """Whether there is more to say is asked."""

    rating: Rating


@dataclass(frozen=True, slots=True)
class TakingLeave:
    """Goodbye is being said."""


RatingState = AskingRating | Writing | AskingFlag | TakingLeave | Over
RatingMove = tuple[RatingState, Step]

_RATINGS = {str(int(one)): one for one in Rating}
_FLAGS = {"1": Flag.HARD_CALL, "2": Flag.TECHNICAL_PROBLEM}


@dataclass(frozen=True, slots=True)
class RatingScript:
    """Says that the conversation is over and asks how it was. Outcomes: `Done`, `Gone`."""

    language: str
    """The prompt language: `pt` or `en`."""

    def start(self) -> RatingMove:
        """Say it, and ask."""
        prompts = ("conversation-over", "rating-ask")
        return AskingRating(), Ask(prompts, self.language, most_keys=1, first_key_seconds=4.0)

    def hear(self, state: RatingState, heard: Heard) -> RatingMove:
        """A key that means something is written down; anything else is goodbye."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return Over(Gone()), Finish(Gone())
            case AskingRating(), Keys(key) if key in _RATINGS:
                return self._write(_RATINGS[key])
            case Writing(rating, None), Answer(Noted()):
                ask = Ask(("rating-flag",), self.language, most_keys=1, first_key_seconds=3.0)
                return AskingFlag(rating), ask
            case AskingFlag(rating), Keys(key) if key in _FLAGS:
                return self._write(rating, _FLAGS[key])
            case Writing(), Answer(Noted()):
                return self._leave("rating-noted")
            case TakingLeave(), _:
                return Over(Done()), Finish(Done())
            case _:
                return self._leave()

    def _write(self, rating: Rating, flag: Flag | None = None) -> RatingMove:
        return Writing(rating, flag), Consult(Rate(rating, flag))

    def _leave(self, *lead: str) -> RatingMove:
        return TakingLeave(), Say((*lead, "goodbye"), self.language)
