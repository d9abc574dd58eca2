# SPDX-License-Identifier: EUPL-1.2
"""A call as it was written down, with all that is needed to go on with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from bridge.agencies.model import Agency
from bridge.agencies.store import load_agency
from bridge.calllog import store as calllog
from bridge.conference import store
from bridge.conference.model import Request
from bridge.conference.recovery import Remembered, remember, request_of
from bridge.vocabulary import CallId


@dataclass(frozen=True, slots=True)
class Stored:
    """A call's row and what its events say."""

    row: store.CallRow
    remembered: Remembered
    request: Request | None
    """What was asked for; `None` when it never came to a request."""
    agency: Agency | None
    """For whom, as it stands now."""


def read(conn: Connection, which: CallId) -> Stored | None:
    """The call of this id, ended or not; `None` when it was never written."""
    row = store.find_call(conn, which)
    if row is None:
        return None
    events = [one.event for one in calllog.events_of(conn, which)]
    agency = None if row.agency is None else load_agency(conn, row.agency)
    return Stored(row, remember(row.state, events), request_of(row, events), agency)
