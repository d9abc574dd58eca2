# SPDX-License-Identifier: EUPL-1.2
"""Moments, counters and units of work on a database in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError, StatementError

from bridge.conference.store import call
from bridge.storage.database import Database
from bridge.storage.inline import InlineDatabase
from bridge.storage.schema import bump, count, storable
from tests.storage_samples import START, make_call


def test_moments_come_back_aware_and_in_utc(conn: Connection) -> None:
    lisbon_summer = timezone(timedelta(hours=1))
    make_call(conn, datetime(2024, 7, 1, 9, 30, 0, 7, tzinfo=lisbon_summer))
    stored = conn.execute(select(call.c.created_at)).scalar_one()
    assert stored == datetime(2024, 7, 1, 8, 30, 0, 7, tzinfo=UTC)
    assert stored.tzinfo is UTC


def test_naive_moments_are_refused(conn: Connection) -> None:
    with pytest.raises(StatementError, match="aware datetime"):
        make_call(conn, START.replace(tzinfo=None))


def test_moments_compare_in_the_database_whatever_zone_they_were_given_in(
    conn: Connection,
) -> None:
    early = make_call(conn, START)
    make_call(conn, START + timedelta(seconds=1))
    far_east = (START + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=14)))
    before = conn.execute(select(call.c.id).where(call.c.created_at < far_east)).scalars().all()
    assert before == [early]


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_storable_text_can_be_encoded_and_changes_nothing_else(text: str) -> None:
    clean = storable(text)
    clean.encode()
    assert "\0" not in clean
    assert len(clean) == len(text)
    assert all(a == b or b == "\ufffd" for a, b in zip(text, clean, strict=True))


def test_counters_count_apart(conn: Connection) -> None:
    assert count(conn, "a") == 0
    assert [bump(conn, "a"), bump(conn, "a"), bump(conn, "b")] == [1, 2, 1]
    assert (count(conn, "a"), count(conn, "b")) == (2, 1)


async def test_a_failed_unit_of_work_leaves_nothing(database: InlineDatabase) -> None:
    def fails(conn: Connection) -> None:
        bump(conn, "a")
        make_call(conn)
        raise KeyError("for a test")

    port: Database = database
    with pytest.raises(KeyError):
        await port.run(fails)
    assert await port.run(lambda conn: count(conn, "a")) == 0
    assert await port.run(lambda conn: conn.execute(select(call)).all()) == []


async def test_errors_never_show_the_values_of_a_row(database: InlineDatabase) -> None:
    def twice(conn: Connection) -> None:
        make_call(conn)
        conn.execute(call.insert().values(id="x", serial=1, line="secret-value", state="s"))

    with pytest.raises(IntegrityError) as error:
        await database.run(twice)
    assert "secret-value" not in str(error.value)


def test_databases_in_memory_share_no_rows(database: InlineDatabase) -> None:
    database.run_now(lambda conn: bump(conn, "a"))
    assert database.changes == 1
    other = InlineDatabase()
    assert other.changes == 0
    assert other.run_now(lambda conn: count(conn, "a")) == 0
    other.close()
    assert database.run_now(lambda conn: count(conn, "a")) == 1
