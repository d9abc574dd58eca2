# SPDX-License-Identifier: EUPL-1.2
"""Three offers in a row that go unanswered are said once, and nobody is rung on after that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from structlog.testing import capture_logs

from bridge.roster import store
from bridge.roster.column_ranking import ColumnRanking
from bridge.roster.eligibility import Skip
from bridge.roster.live import LiveRoster
from bridge.roster.model import Presence
from bridge.roster.policies import POLICIES
from bridge.roster.requirements import Requirements
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import LanguageTag, PhoneNumber

UK = LanguageTag("uk")
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_not_answering_is_logged_once_and_keeps_them_from_being_rung() -> None:
    database, live = InlineDatabase(), LiveRoster(POLICIES["default"])
    who = database.run_now(
        lambda conn: store.add_interpreter(
            conn,
            "Intérprete",
            PhoneNumber("+351910000001"),
            [UK],
            presence=Presence.AVAILABLE,
            vetted=True,
        )
    )

    def ask(conn: Connection, at: datetime) -> ColumnRanking:
        return live.rank(conn, Requirements(UK), at)

    said = []
    for offer in range(4):
        at = START + timedelta(minutes=offer)
        ranking = database.run_now(partial(ask, at=at))
        assert ranking.counts() == ({} if offer < 3 else {Skip.NOT_ANSWERING: 1})
        live.rung(who, UK, at)
        with capture_logs() as logs:
            live.unanswered(who, 15.0)
        said.append(logs)
    assert said == [
        [],
        [],
        [
            {
                "event": "an interpreter is not answering",
                "interpreter": int(who),
                "in_a_row": 3,
                "log_level": "warning",
            }
        ],
        [],
    ]
    database.close()
