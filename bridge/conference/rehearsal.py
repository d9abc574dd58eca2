# SPDX-License-Identifier: EUPL-1.2
"""A call that nobody made, written and rolled back before the line opens.

The first caller of a process would otherwise wait while each statement is compiled for the first
time: some milliseconds between the last key and the first telephone that rings.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import agency
from bridge.conference import store
from bridge.conference.call import Call
from bridge.conference.hunting.same_again import same_again
from bridge.conference.model import Request
from bridge.conference.ports import Ports
from bridge.conference.served_store import served
from bridge.roster.requirements import Requirements
from bridge.telephony.dials_store import spend
from bridge.telephony.gate import DialBudget
from bridge.vocabulary import (
    AgencyId,
    CallId,
    JobNumber,
    LanguageTag,
    LegId,
    PhoneNumber,
    Role,
    TechnicianId,
    new_call_id,
)

_NOBODY = TechnicianId(0)
_NOBODYS_NUMBER = PhoneNumber("+000")
_ALL = DialBudget(technician=10**9, agency=10**9)
"""Nothing is dialled here, so there is nothing to refuse."""


def rehearse(
    conn: Connection, ports: Ports, make: Callable[[CallId, JobNumber, LegId], Call]
) -> None:
    """Read the roster, and write and roll back what the first request and meeting will write.

    `make` makes a call that is in no register. Nothing is left behind.
    """
    at = ports.clock.now()
    ports.roster.refresh(conn, at)
    with conn.begin_nested() as trial:
        for language in ports.roster.languages[:1]:
            _request(conn, ports, make, language, at)
        trial.rollback()


def _request(
    conn: Connection,
    ports: Ports,
    make: Callable[[CallId, JobNumber, LegId], Call],
    language: LanguageTag,
    at: datetime,
) -> None:
    leg, call = LegId("rehearsal"), new_call_id()
    job = store.open_call(conn, call, "rehearsal", at, ports.owner)
    store.add_leg(conn, leg, call, Role.TECHNICIAN, at)
    some: AgencyId | None = conn.execute(select(agency.c.id).limit(1)).scalar_one_or_none()
    if some is not None:
        spend(conn, some, None, at, _ALL)
        same_again(conn, _NOBODY, some, language, at, None)
    served(conn, call, leg, _NOBODYS_NUMBER, at)
    request = Request(Requirements(language), None, some, AgencyKind.OTHER, None)
    make(call, job, leg).rehearse(conn, request, at)
