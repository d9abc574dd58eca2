# SPDX-License-Identifier: EUPL-1.2
"""The one place that knows every feature's tables: import it before using `metadata` whole."""

from __future__ import annotations

from bridge.agencies import store as _agencies
from bridge.calllog import store as _calllog
from bridge.conference import store as _conference
from bridge.roster import store as _roster
from bridge.storage.schema import metadata

__all__ = ["metadata"]

STORES = (_agencies, _calllog, _conference, _roster)
"""The modules whose tables `metadata` holds."""
