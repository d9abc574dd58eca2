# SPDX-License-Identifier: EUPL-1.2
"""What it means for promised call-backs that somebody was served who rang by themselves: that at an
opening, and that when an operator comes on duty, would ring them for nothing.

A number is one person here, as in the promise. Not one of an agency: a whole hospital may show one
number, and whoever was promised a ring there need not be who was served.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bridge.agencies.store import agency_of_number
from bridge.calllog import store as calllog
from bridge.calllog.model import Event, EventKind
from bridge.openings import store as openings
from bridge.vocabulary import CallId, LegId, PhoneNumber

TALKED_AFTER = timedelta(seconds=90)
"""So long after they were put through, whoever is still there talks with somebody: a telephone
rings for forty seconds, and where nobody answered that is said, and goodbye. The switch does not
tell more."""
_TO_A_SERVICE = "service"


def served(
    conn: Connection, call: CallId, leg: LegId, number: PhoneNumber | None, at: datetime
) -> None:
    """Whoever rang with this leg is served: they are rung for no promise any more.

    `number` is where they can be rung; `None` when they withhold it. Each promise is an event.
    """
    if number is None or agency_of_number(conn, number) is not None:
        return
    for for_operator in openings.not_needed(conn, number, at):
        data = {"for_operator": for_operator}
        calllog.append(conn, Event(call, EventKind.CALL_BACK_NOT_NEEDED, at, leg, data))


def talked_with_person(conn: Connection, call: CallId, ended_at: datetime) -> bool:
    """Whether a call that ended so was put through to an operator, who answered."""
    events = reversed(calllog.events_of(conn, call))
    put = next((one.event for one in events if one.event.kind is EventKind.PUT_THROUGH), None)
    if put is None or put.data.get("reason") == _TO_A_SERVICE:
        return False
    return ended_at - put.at >= TALKED_AFTER
