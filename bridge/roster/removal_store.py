# SPDX-License-Identifier: EUPL-1.2
"""Forgetting an interpreter who left, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete

from bridge.roster.lists_store import list_entry
from bridge.roster.model import Presence
from bridge.roster.people_store import interpreter_subject
from bridge.roster.requirements import ListEntry, ListKind
from bridge.roster.store import (
    NAMELESS,
    change,
    interpreter_language,
    interpreter_phone,
)
from bridge.roster.windows_store import (
    interpreter_absence,
    interpreter_extra,
    interpreter_window,
)
from bridge.vocabulary import AgencyId, InterpreterId

_THEIR_OWN = (
    *(interpreter_phone, interpreter_language, interpreter_subject, list_entry),
    *(interpreter_window, interpreter_absence, interpreter_extra),
)


def remove_interpreter(conn: Connection, who: InterpreterId) -> None:
    """Forget an interpreter's name, telephones, PIN, notes, languages, limits, hours and lists.

    Nobody rings or lists them any more.

    The row stays: calls, ratings and bookings that are over refer to it, and its id must never
    become somebody else's. Whoever calls this has seen to it that no call needs them. Raises
    `LookupError` for nobody, and for who was removed.
    """
    change(
        conn,
        who,
        {
            "name": NAMELESS,
            "presence": Presence.OFF.value,
            "presence_until": None,
            "vetted": False,
            "keeps_windows": False,
            **dict.fromkeys(("presence_by", "back_at", "gender", "notes", "limits", "pin_hash")),
        },
    )
    for table in _THEIR_OWN:
        conn.execute(delete(table).where(table.c.interpreter_id == who))


def alone_sent(entries: Iterable[ListEntry], who: InterpreterId) -> list[AgencyId | None]:
    """The agencies, `None` for all, to which nobody else is sent, by the entries that hold.

    Without them such a list would be none, and everybody would be sent.
    """
    only: dict[AgencyId | None, set[InterpreterId]] = {}
    for entry in entries:
        if entry.kind is ListKind.ONLY:
            only.setdefault(entry.agency, set()).add(entry.interpreter)
    return [agency for agency, some in only.items() if some == {who}]
