# SPDX-License-Identifier: EUPL-1.2
"""The one place that knows every feature's tables: import it before using `metadata` whole."""

from __future__ import annotations

from bridge.agencies import store as _agencies
from bridge.bookings import changes_store as _changes
from bridge.bookings import store as _bookings
from bridge.callers import store as _callers
from bridge.calllog import store as _calllog
from bridge.conference import fields_store as _fields
from bridge.conference import store as _conference
from bridge.hours import store as _hours
from bridge.openings import store as _openings
from bridge.operators import store as _operators
from bridge.ratings import store as _ratings
from bridge.roster import lists_store as _lists
from bridge.roster import people_store as _people
from bridge.roster import store as _roster
from bridge.roster import windows_store as _windows
from bridge.storage import processes as _processes
from bridge.storage.schema import metadata
from bridge.telephony import dials_store as _dials

__all__ = ["metadata"]

STORES = (
    _agencies,
    _bookings,
    _callers,
    _calllog,
    _changes,
    _conference,
    _dials,
    _fields,
    _hours,
    _lists,
    _openings,
    _operators,
    _people,
    _processes,
    _ratings,
    _roster,
    _windows,
)
"""The modules whose tables `metadata` holds."""
