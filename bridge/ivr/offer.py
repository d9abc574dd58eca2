# SPDX-License-Identifier: EUPL-1.2
"""The script for an interpreter who answered an offer: the whisper, and 1 or 2.

The whisper also tells what is special: a booked call whose hour has come, a conversation that is
already under way, a second interpreter with a language between the two.

A refusal or silence ends the call without further words, because a technician is waiting for the
next interpreter to be rung.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bridge.agencies.model import AgencyKind
from bridge.ivr.outcomes import Gone, NoKey, Over
from bridge.ivr.outcomes import Refused as Refused
from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, HungUp, Keys, Say, Step
from bridge.prompts import spoken
from bridge.prompts.catalogue import language_name
from bridge.vocabulary import LanguageTag, RoomId

# --- what it asks the application, and the answers ---------------------------------------------


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """The interpreter pressed 1. Answers: `Granted` or `TooLate`."""

    at: datetime | None
    """When, where the carrier can tell."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The call is theirs."""

    room: RoomId


@dataclass(frozen=True, slots=True)
class TooLate:
    """Somebody else was faster, or the caller has gone."""


# --- how it ends -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The leg is to enter this room."""

    room: RoomId


@dataclass(frozen=True, slots=True)
class WasTooLate:
    """The interpreter pressed 1, and was told that it was too late."""


# --- where it stands ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whispering:
    """The offer is being said for the `play`-th time, from 1."""

    play: int


@dataclass(frozen=True, slots=True)
class Accepting:
    """The application is asked whether the call is still to be had."""


@dataclass(frozen=True, slots=True)
class Disappointing:
    """It is not; that is being said."""


OfferState = Whispering | Accepting | Disappointing | Over


@dataclass(frozen=True, slots=True)
class OfferScript:
    """Offers a call to an interpreter.

    Outcomes: `Accepted`, `Refused`, `WasTooLate`, `NoKey`, `Gone`.
    """

    wanted: LanguageTag
    """The language to be interpreted."""
    agency_kind: AgencyKind
    migrant_is_rung: bool
    """Whether the migrant joins by telephone, rather than sits beside the technician."""
    language: str = "pt"
    """The prompt language: `pt` or `en`."""
    plays: int = 3
    """How often the question is put; only the first time in full."""
    booked_for: datetime | None = None
    """The time for which this interpreter's call was booked; aware; `None` for a new request."""
    today: date | None = None
    """The date in Lisbon, for "today"; without it the full date of a booked call is said."""
    replacement: bool = False
    """Whether the others are already in the room, and take over from another interpreter."""
    relay: LanguageTag | None = None
    """The language between the two interpreters, when there is a second one; both are told.

    `wanted` is then what this interpreter is to interpret to and from: the migrant's language for
    one, the language between (and Portuguese) for the other.
    """

    def start(self) -> tuple[OfferState, Step]:
        """Whisper the offer in full."""
        prompts = (
            *self._lead,
            agency_prompt(self.agency_kind),
            *(("offer-replacement",) if self.replacement else ()),
            *(() if self.relay is None else ("offer-relay", language_name(self.relay))),
            "offer-migrant-rung" if self.migrant_is_rung else "offer-migrant-beside",
            "offer-keys",
        )
        return Whispering(1), self._ask(prompts)

    def hear(self, state: OfferState, heard: Heard) -> tuple[OfferState, Step]:
        """1 accepts, 2 refuses; anything else is asked again, a few times."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case Whispering(), Keys("1", at):
                return Accepting(), Consult(AcceptOffer(at))
            case Whispering(), Keys("2", at):
                return _over(Refused(at))
            case Whispering(play), _ if play < self.plays:
                return Whispering(play + 1), self._ask((*self._lead, "offer-keys"))
            case Whispering(), _:
                return _over(NoKey())
            case Accepting(), Answer(Granted(room)):
                return _over(Accepted(room))
            case Accepting(), _:
                return Disappointing(), Say(("offer-too-late", "goodbye"), self.language)
            case _:
                return _over(WasTooLate())

    @property
    def _lead(self) -> tuple[str, ...]:
        """What is asked of them: the request, or their booked call, and the language."""
        if self.booked_for is None:
            return ("offer", language_name(self.wanted))
        when = spoken.moment(self.booked_for, self.today, self.language)
        return ("offer-booked", *when, "for-language", language_name(self.wanted))

    def _ask(self, prompts: tuple[str, ...]) -> Ask:
        return Ask(prompts, self.language, most_keys=1, first_key_seconds=4.0)


def agency_prompt(kind: AgencyKind) -> str:
    """The key that says what kind of agency asks."""
    return f"agency-{kind.value.replace('_', '-')}"


def _over(outcome: object) -> tuple[OfferState, Step]:
    return Over(outcome), Finish(outcome)
