# SPDX-License-Identifier: EUPL-1.2
"""The script for a migrant who waits outside the room: until it is ready, or while technician and
interpreter have a word.

A kind word, music, and every so often an honest word. The room is entered from outside (the leg is
taken while it waits); news is told as notices.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.ivr.announcements import Announcement
from bridge.ivr.outcomes import Gone, Over
from bridge.ivr.script import Finish, Heard, HungUp, Keys, Notice, Say, Step, Wait


@dataclass(frozen=True, slots=True)
class HeldTooLong:
    """Nobody came back in time; the person was told, and goodbye was said."""


@dataclass(frozen=True, slots=True)
class CannotGoOn:
    """The application said that it is over; the person was told, and goodbye was said."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Something is being said."""

    slices: int
    """Stretches of music so far."""
    strays: int = 0
    """Keys so far; none has a meaning here."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Music."""

    slices: int
    strays: int


@dataclass(frozen=True, slots=True)
class TakingLeave:
    """The last words are being said."""

    outcome: object


HoldState = Telling | Holding | TakingLeave | Over

_FINAL = frozenset(
    {
        Announcement.CANNOT_REACH_TECHNICIAN,
        Announcement.CANNOT_REACH_INTERPRETER,
        Announcement.CANNOT_REACH_MIGRANT,
        Announcement.CANNOT_REACH_OPERATOR,
    }
)


@dataclass(frozen=True, slots=True)
class HoldScript:
    """Keeps somebody company until the room goes on. Outcomes: `HeldTooLong`, `CannotGoOn`, `Gone`.

    Notices: an `Announcement`; those that say that somebody cannot be reached end it.
    """

    why: Announcement
    """What is said first."""
    languages: tuple[str, ...]
    """The prompt languages, taken in turn: `Catalogue.spoken_to_migrant` for a migrant."""
    still: Announcement = Announcement.STILL_LOOKING
    """What is said between two stretches of music, when there is no news."""
    in_vain: Announcement = Announcement.HELD_TOO_LONG
    """What is said when it takes too long."""
    slice_seconds: float = 20.0
    """Music between two words."""
    most_slices: int = 90
    """About half an hour: nobody waits for longer in the queue either."""
    most_strays: int = 40
    """Keys before it is given up."""

    def start(self) -> tuple[HoldState, Step]:
        """Say why."""
        return self._tell(self.why, 0, 0)

    def hear(self, state: HoldState, heard: Heard) -> tuple[HoldState, Step]:
        """Music, news, and now and then a word; a key is answered with a word too."""
        match state, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _over(Gone())
            case TakingLeave(outcome), _:
                return _over(outcome)
            case ((Telling(slices, strays) | Holding(slices, strays)), Keys()):
                if strays + 1 >= self.most_strays:
                    return self._leave(HeldTooLong(), self.in_vain, slices)
                return self._tell(self.still, slices, strays + 1)
            case Telling(slices, strays), _:
                return Holding(slices, strays), Wait(self.slice_seconds)
            case Holding(slices), Notice(Announcement() as news) if news in _FINAL:
                return self._leave(CannotGoOn(), news, slices)
            case Holding(slices, strays), _:
                if slices + 1 >= self.most_slices:
                    return self._leave(HeldTooLong(), self.in_vain, slices)
                return self._tell(self._news(heard), slices + 1, strays)

    def _tell(self, word: Announcement, slices: int, strays: int) -> tuple[HoldState, Step]:
        said = Say((word.value,), self._language(slices + strays))
        return Telling(slices, strays), said

    def _leave(self, outcome: object, word: Announcement, slices: int) -> tuple[HoldState, Step]:
        return TakingLeave(outcome), Say((word.value, "goodbye"), self._language(slices + 1))

    def _news(self, heard: Heard) -> Announcement:
        """What the application has to tell; that it goes on, when it has nothing."""
        match heard:
            case Notice(Announcement() as news):
                return news
            case _:
                return self.still

    def _language(self, slices: int) -> str:
        return self.languages[slices % len(self.languages)]


def _over(outcome: object) -> tuple[HoldState, Step]:
    return Over(outcome), Finish(outcome)
