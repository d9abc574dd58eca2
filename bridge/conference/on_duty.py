# SPDX-License-Identifier: EUPL-1.2
"""Which operators can be rung now, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bridge.conference.people.rings import permitted
from bridge.operators import store as operators
from bridge.operators.model import OperatorId
from bridge.telephony.gate import PermittedNumber
from bridge.vocabulary import LanguageTag, PhoneNumber

HOME = LanguageTag("pt")
"""What every operator speaks."""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """An operator who can be rung."""

    to: PermittedNumber
    speaks: bool
    """Whether they need no interpreter for the language that was asked for."""
    who: OperatorId | None
    """`None`: whom the installation names."""

    def taken(self, conn: Connection, at: datetime) -> None:
        """They are rung now, so the next caller gets another one."""
        if self.who is not None:
            operators.mark_call(conn, self.who, at)


def on_duty(
    conn: Connection,
    at: datetime,
    named: PhoneNumber | None,
    language: LanguageTag = HOME,
) -> list[OnDuty]:
    """Whoever can be rung: who speaks this language first, and of those the longest idle.

    Whom the installation names, if anybody, stands last and speaks Portuguese.
    """
    found = [
        OnDuty(to, one.speaks(language) or language == HOME, one.id)
        for one in operators.on_duty(conn, at)
        if (to := permitted(one.number)) is not None
    ]
    last = permitted(named)
    if last is not None and all(one.to.number != last.number for one in found):
        found.append(OnDuty(last, language == HOME, None))
    return sorted(found, key=lambda one: not one.speaks)
