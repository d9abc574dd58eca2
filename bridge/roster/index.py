# SPDX-License-Identifier: EUPL-1.2
"""The roster in memory, read again only when the database says that it changed."""

from __future__ import annotations

from sqlalchemy import Connection

from bridge.roster import store
from bridge.roster.model import Roster


class RosterIndex:
    """Keeps the last roster read, with the revision it had."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._roster = Roster.of(())

    def current(self, conn: Connection) -> Roster:
        """The roster as it is in this transaction; one cheap query when nothing changed."""
        revision = store.revision(conn)
        if revision != self._revision:
            self._roster = store.load_roster(conn)
            self._revision = revision
        return self._roster
