# SPDX-License-Identifier: EUPL-1.2
"""The one place that knows every feature's tables: import it before using `metadata` whole."""

from __future__ import annotations

from bridge.agencies import store as _agencies
from bridge.bookings import store as _bookings
from bridge.calllog import store as _calllog
from bridge.conference import store as _conference
from bridge.roster import lists_store as _lists
from bridge.roster import people_store as _people
from bridge.roster import store as _roster
from bridge.roster import windows_store as _windows
from bridge.storage import processes as _processes
from bridge.storage.schema import metadata

__all__ = ["metadata"]

STORES = (
    _agencies,
    _bookings,
    _calllog,
    _conference,
    _lists,
    _people,
    _processes,
    _roster,
    _windows,
)
"""The modules whose tables `metadata` holds."""
