# SPDX-License-Identifier: EUPL-1.2
"""Operators: the people of the support line, and when they are on duty."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from bridge.vocabulary import LanguageTag, PhoneNumber

OperatorId = NewType("OperatorId", int)


@dataclass(frozen=True, slots=True)
class Operator:
    """A person of the line."""

    id: OperatorId
    name: str = field(repr=False)
    number: PhoneNumber
    languages: tuple[LanguageTag, ...]
    """What they speak with migrants, their best first."""
    duty_until: datetime | None
    """When their duty ends by itself; `None`: only by a word."""
    on_duty: bool
    """What was last said; whether it still holds, `on_duty_at` tells."""

    def on_duty_at(self, at: datetime) -> bool:
        """Whether they can be rung at this moment."""
        return self.on_duty and (self.duty_until is None or at < self.duty_until)

    def speaks(self, language: LanguageTag) -> bool:
        """Whether a migrant of this language needs no interpreter with them."""
        return language in self.languages
