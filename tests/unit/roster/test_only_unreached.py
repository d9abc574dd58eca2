# SPDX-License-Identifier: EUPL-1.2
"""That only a telephone cannot be reached is said of those alone who would be rung."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import add_agency
from bridge.roster import lists_store
from bridge.roster.live import LiveRoster
from bridge.roster.policies import POLICIES
from bridge.roster.requirements import ListEntry, ListKind, Requirements
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag
from tests.storage_samples import START, make_interpreter

UK = LanguageTag("uk")
NOW = START + timedelta(seconds=1)


class Place:
    """A roster in memory: the first of two cannot be reached, the second is in a call."""

    def __init__(self, kind: ListKind | None, place: int) -> None:
        self.database = InlineDatabase()
        self.live = LiveRoster(POLICIES["default"])

        def written(conn: Connection) -> tuple[AgencyId, InterpreterId, InterpreterId]:
            of = add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH).id
            both = make_interpreter(conn, 1), make_interpreter(conn, 2)
            if kind is not None:
                entry = ListEntry(kind, both[place], of, ends=NOW)
                lists_store.add_to_list(conn, entry, START)
            return of, *both

        self.agency, self.first, self.second = self.database.run_now(written)
        self.database.run_now(lambda conn: self.live.refresh(conn, START))


@pytest.mark.parametrize(
    ("kind", "place", "said"),
    [
        # Somebody else is in a call, and may be rung in a while.
        (None, 0, False),
        (ListKind.PREFERRED, 0, False),
        (ListKind.DO_NOT_SEND, 0, False),
        (ListKind.ONLY, 1, False),
        (ListKind.DO_NOT_SEND, 1, True),
        (ListKind.ONLY, 0, True),
    ],
)
def test_who_may_not_be_sent_is_neither_unreached_nor_soon_there(
    kind: ListKind | None, place: int, said: bool
) -> None:
    at = Place(kind, place)
    at.live.rung(at.first, UK, START)
    at.live.unreached(at.first, START, START)
    at.live.promised(at.second)
    asked = Requirements(UK, agency=at.agency)
    assert at.live.only_unreached(asked, START, frozenset()) is said
    at.database.close()


@pytest.mark.parametrize("kind", [None, ListKind.DO_NOT_SEND])
def test_nobody_waits_for_a_telephone_that_would_not_be_rung(kind: ListKind | None) -> None:
    at = Place(kind, 0)
    at.live.rung(at.first, UK, START)
    at.live.unreached(at.first, START, START)
    asked = Requirements(UK, agency=at.agency, excluded=frozenset({at.second}))
    assert at.live.only_unreached(asked, START, frozenset()) is (kind is None)
    # The entry has ended.
    assert at.live.only_unreached(asked, NOW, frozenset())
    at.database.close()
