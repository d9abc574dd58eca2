# SPDX-License-Identifier: EUPL-1.2
"""A call-back at opening: a promise to ring somebody when a line opens or an operator is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from bridge.vocabulary import LanguageTag, PhoneNumber, Role

OpeningId = NewType("OpeningId", int)

MOST_TRIES = 2
"""So often somebody is rung before we give up."""
MOST_OPEN = 100
"""Of one line at a time. Three at a time, with forty seconds of ringing, these take half an hour of
an opening; and numbers can be forged, so whoever rings under a thousand of them must not have us
ring a thousand people."""
ABANDONED_AFTER = timedelta(minutes=10)
"""A try that nobody ended for so long was left behind by a process that died."""


class OpeningState(StrEnum):
    """Where a call-back stands."""

    WAITING = "waiting"
    RINGING = "ringing"
    DONE = "done"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class OpeningCallBack:
    """A promise to ring somebody when the line opens, or when an operator is on duty in it."""

    id: OpeningId
    line: str
    number: PhoneNumber
    language: LanguageTag | None
    """In which they were spoken to; `None` when they chose none."""
    role: Role
    """Technician, migrant or interpreter."""
    due_at: datetime
    tries: int
    """How often they have been rung."""
    for_operator: bool = False
    """Whether it is an operator they wish to talk with; then they are rung when one is on duty."""
