# SPDX-License-Identifier: EUPL-1.2
"""Several promises in one statement are each made or refused on their own."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from bridge.conference.store import open_call
from bridge.roster.store import add_interpreter, release, reserve, reserve_all, reserved
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import LanguageTag, LegId, PhoneNumber, new_call_id

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_who_is_promised_already_is_left_out_and_the_others_are_not() -> None:
    def work(conn: Connection) -> None:
        call, other = new_call_id(), new_call_id()
        for one in (call, other):
            open_call(conn, one, "218106191", AT, "process")
        people = [
            add_interpreter(
                conn,
                f"Intérprete {place}",
                PhoneNumber(f"+35191000000{place}"),
                [LanguageTag("uk")],
                vetted=True,
            )
            for place in range(1, 4)
        ]
        assert reserve(conn, people[1], other, LegId("earlier"), AT, "process")
        legs = {who: LegId(f"leg-{who}") for who in reversed(people)}
        assert reserve_all(conn, legs, call, AT, "process") == {people[0], people[2]}
        assert reserved(conn) == set(people)
        assert release(conn, LegId("earlier"), AT) == people[1]
        assert reserve_all(conn, {people[1]: LegId("later")}, call, AT, "process") == {people[1]}
        assert reserve_all(conn, {}, call, AT, "process") == frozenset()

    database = InlineDatabase()
    try:
        database.run_now(work)
    finally:
        database.close()
