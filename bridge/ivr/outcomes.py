# SPDX-License-Identifier: EUPL-1.2
"""Outcomes that several scripts share, and the patience all of them have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class GoesOn:
    """An outcome after which another script speaks at once: nobody needs to be told anything."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """The person hung up before the script was through."""


@dataclass(frozen=True, slots=True)
class NoKey:
    """Nobody pressed a key that means anything: a voicemail, a pocket, or nobody who understood."""


@dataclass(frozen=True, slots=True)
class Done:
    """Everything was said."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The person pressed 2: they do not want the call."""

    at: datetime | None
    """When, where the carrier can tell."""


@dataclass(frozen=True, slots=True)
class Over:
    """The state after `Finish`, whatever is still heard."""

    outcome: object


@dataclass(frozen=True, slots=True)
class Patience:
    """How many wrong turns a script still bears.

    `misses` counts those at the present question and is renewed when it is answered; `left` is
    for the whole conversation and never renewed, so that no way through the questions is endless.
    """

    misses: int = 0
    left: int = 12
    most_misses: int = 3

    def missed(self) -> Patience:
        """After one more silence, unknown code or wrong key."""
        return Patience(self.misses + 1, self.left - 1, self.most_misses)

    def corrected(self) -> Patience:
        """After somebody chose to answer again: no fault, but not endless either."""
        return Patience(0, self.left - 1, self.most_misses)

    def renewed(self) -> Patience:
        """After the question was answered."""
        return Patience(0, self.left, self.most_misses)

    @property
    def over(self) -> bool:
        """Whether the next thing to do is to get a person, or to end."""
        return self.misses >= self.most_misses or self.left <= 0
