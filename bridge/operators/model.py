# SPDX-License-Identifier: EUPL-1.2
"""Operators: the people of the support line, and when they are on duty."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from bridge.vocabulary import LanguageTag, PhoneNumber

OperatorId = NewType("OperatorId", int)

_REGION = re.compile(r"-[A-Z]{2}\Z")


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
        """Whether a migrant of this language needs no interpreter with them.

        A region tells no two languages apart here: who speaks Romanian (``ro``) speaks Moldovan
        (``ro-MD``). Interpreters are another matter, see docs/matching.md.
        """
        return _spoken(language) in map(_spoken, self.languages)


def _spoken(tag: LanguageTag) -> str:
    """The tag without its region."""
    return _REGION.sub("", tag)
