# SPDX-License-Identifier: EUPL-1.2
"""Migrations lead to exactly the tables the stores expect, there and back, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bridge.agencies.model import Agency, AgencyKind
from bridge.agencies.store import load_agency
from bridge.bookings import store as bookings
from bridge.bookings.model import BookingId
from bridge.calllog import store as calllog
from bridge.conference import store as conference
from bridge.roster.people_store import load_people
from bridge.roster.removal_store import remove_interpreter
from bridge.roster.store import add_interpreter
from bridge.storage.database import DatabaseUnavailable
from bridge.storage.engine import SqlDatabase, sync_engine
from bridge.storage.migrate import WrongSchema, current, downgrade, head, require_head, upgrade
from bridge.storage.tables import metadata
from bridge.vocabulary import AgencyId, InterpreterId, PhoneNumber
from tests.postgres import PostgresCluster, PostgresMissing, find_binaries
from tests.storage_samples import make_call, make_event, make_interpreter


@pytest.fixture(params=("sqlite", "postgresql"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables; the SQLite file and its folder do not exist yet."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'var' / 'bridge.sqlite3'}"
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    return cluster.new(tables=False)


def _differences(url: str) -> list[object]:
    engine = sync_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))


def _tables(url: str) -> set[str]:
    engine = sync_engine(url)
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_the_migrations_make_the_tables_of_the_stores(url: str) -> None:
    upgrade(url)
    assert _differences(url) == []
    assert _tables(url) == {*metadata.tables, "alembic_version"}


def test_the_comparison_would_notice(url: str) -> None:
    upgrade(url)
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_reservation_live_interpreter"))
        connection.execute(text("ALTER TABLE leg DROP COLUMN ending"))
    assert len(_differences(url)) == 2


def test_there_and_back_and_there_again(url: str) -> None:
    upgrade(url)
    downgrade(url, "base")
    assert _tables(url) == {"alembic_version"}
    upgrade(url)
    assert _differences(url) == []
    engine = sync_engine(url)
    with engine.connect() as connection:
        assert current(connection) == head()


_ROWS_OF_0001 = (
    "INSERT INTO interpreter (id, name, number, presence, vetted) "
    "VALUES (5, 'Person', '+351910000005', 'off', true),"
    "(6, 'Other', '+351910000006', 'off', true)",
    "INSERT INTO interpreter_language VALUES (5, 'uk')",
    "INSERT INTO call (id, serial, line, state, migrant_number, created_at, owner) "
    "VALUES ('call-1', 1, '218106191', 'talking', '+351920000001', '2024-03-04 09:00:00', 'p')",
    "INSERT INTO event (call_id, seq, at, kind, data) "
    "VALUES ('call-1', 1, '2024-03-04 09:00:00', 'late', '{}')",
    "INSERT INTO reservation "
    "(id, interpreter_id, call_id, leg_id, made_at, accepted_at, released_at, owner) VALUES "
    "(1, 5, 'call-1', 'a', '2024-03-04 09:00:00', '2024-03-04 09:00:05',"
    "'2024-03-04 09:30:00', 'p'),"
    "(2, 6, 'call-1', 'b', '2024-03-04 09:00:00', NULL, '2024-03-04 09:00:06', 'p')",
)


def test_what_the_first_call_wrote_is_kept_there_and_back(url: str) -> None:
    """Numbers move to the telephones and back; ended offers tell what is known of them."""
    upgrade(url, "0001")
    engine = sync_engine(url)
    with engine.begin() as connection:
        for statement in _ROWS_OF_0001:
            connection.execute(text(statement))
    upgrade(url)
    with engine.begin() as connection:
        people = {one.id: one for one in load_people(connection)}
        assert [phone.e164 for phone in people[InterpreterId(5)].phones] == ["+351910000005"]
        assert people[InterpreterId(5)].schedule is None
        rows = connection.execute(
            text("SELECT outcome, ended_at = released_at, hard FROM reservation ORDER BY id")
        )
        assert [tuple(row) for row in rows] == [("accepted", True, False), (None, True, False)]
    with pytest.raises(IntegrityError), engine.begin() as connection:
        add_interpreter(connection, "Third", PhoneNumber("+351910000005"), ())
    with pytest.raises(IntegrityError, match="number_forgotten"), engine.begin() as connection:
        connection.execute(text("UPDATE call SET ended_at = created_at"))
    downgrade(url, "0001")
    with engine.begin() as connection:
        numbers = connection.execute(text("SELECT id, number FROM interpreter ORDER BY id"))
        assert [tuple(row) for row in numbers] == [(5, "+351910000005"), (6, "+351910000006")]
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE interpreter SET number = '+351910000005'"))
    with pytest.raises(IntegrityError, match="number_forgotten"), engine.begin() as connection:
        connection.execute(text("UPDATE call SET ended_at = created_at"))
    with pytest.raises(DBAPIError, match="events are never changed"), engine.begin() as connection:
        connection.execute(text("UPDATE event SET kind = 'x'"))


def test_who_was_removed_is_no_reason_not_to_go_back(url: str) -> None:
    upgrade(url)
    engine = sync_engine(url)
    with engine.begin() as connection:
        gone, there = (make_interpreter(connection, place) for place in (1, 2))
        remove_interpreter(connection, gone)
    downgrade(url, "0001")
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT id, number, vetted FROM interpreter ORDER BY id"))
        assert [tuple(row) for row in rows] == [
            (gone, f"removed:{gone}", False),
            (there, "+351910000002", True),
        ]


@pytest.mark.parametrize("number", ["technician_number", "migrant_number"])
def test_an_ended_call_keeps_no_number(url: str, number: str) -> None:
    upgrade(url)
    engine = sync_engine(url)
    with engine.begin() as connection:
        make_call(connection)
        connection.execute(text(f"UPDATE call SET {number} = '+351910000001'"))
    with pytest.raises(IntegrityError, match="number_forgotten"), engine.begin() as connection:
        connection.execute(text("UPDATE call SET ended_at = created_at"))


def test_upgrading_what_is_up_to_date_changes_nothing(url: str) -> None:
    upgrade(url)
    engine = sync_engine(url)
    with engine.begin() as connection:
        call = make_call(connection)
    upgrade(url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT id FROM call")).scalars().all() == [call]


def test_two_programs_may_upgrade_at_once(url: str) -> None:
    if url.startswith("sqlite"):
        Path(url.partition("///")[2]).parent.mkdir()
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(upgrade, url) for _ in range(4)]:
            done.result()
    assert _differences(url) == []


def test_a_migration_that_fails_leaves_the_tables_as_they_were(url: str) -> None:
    """A table in the way stops the first migration half-way; nothing of it remains."""
    if url.startswith("sqlite"):
        Path(url.partition("///")[2]).parent.mkdir()
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE reservation (id INTEGER)"))
    with pytest.raises(Exception, match="reservation"):
        upgrade(url)
    assert _tables(url) == {"reservation"}


async def test_the_program_refuses_every_schema_but_its_own(url: str) -> None:
    if url.startswith("sqlite"):
        Path(url.partition("///")[2]).parent.mkdir()
    database = SqlDatabase(url)
    try:
        with pytest.raises(WrongSchema, match="no tables yet: run `stt-bridge database upgrade`"):
            await database.run(require_head)
        upgrade(url)
        await database.run(require_head)
        await database.run(lambda c: c.execute(text("UPDATE alembic_version SET version_num='x'")))
        with pytest.raises(WrongSchema, match=r"`stt-bridge database upgrade` of a newer program"):
            await database.run(require_head)
        with pytest.raises(WrongSchema, match="install that version"):
            upgrade(url)
        with pytest.raises(WrongSchema, match="install that version"):
            downgrade(url, "base")
    finally:
        await database.dispose()


def test_older_tables_are_refused_too(url: str) -> None:
    upgrade(url, "0001")
    engine = sync_engine(url)
    with (
        engine.connect() as connection,
        pytest.raises(WrongSchema, match="older than this program: run `stt-bridge database"),
    ):
        require_head(connection)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(DatabaseUnavailable, match=r"The folder of the database file .* make it"):
        upgrade(f"sqlite:///{tmp_path / 'var' / 'bridge.sqlite3'}")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(DatabaseUnavailable, match="can't be reached: start it"):
        upgrade("postgresql://nobody:secret@127.0.0.1:1/nowhere")


def test_rows_that_point_nowhere_undo_a_migration(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.sqlite3'}"
    upgrade(url)
    engine = sync_engine(url)
    with engine.begin() as connection:
        call = make_call(connection)
        calllog.append(connection, make_event(call))
        connection.execute(text("DELETE FROM call"))
    with pytest.raises(RuntimeError, match="rows of event that point nowhere"):
        upgrade(url)


def test_missing_postgresql_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PostgresMissing, match="run `make setup`"):
        find_binaries(tmp_path)


def test_the_lines_and_the_voice_come_and_go_without_touching_what_is_there(url: str) -> None:
    upgrade(url, "0002")
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO agency (id, code, name, kind, relay_allowed) "
                "VALUES (7, '1024', 'Hospital', 'health', true)"
            )
        )
    upgrade(url)
    with engine.begin() as connection:
        agency = load_agency(connection, AgencyId(7))
        assert agency == Agency(AgencyId(7), "1024", "Hospital", AgencyKind.HEALTH, True)
        calls = [make_call(connection), make_call(connection)]
        assert conference.set_dial_in_code(connection, calls[0], "000123")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE call SET dial_in_code = '000123'"))
    with pytest.raises(IntegrityError, match="number_forgotten"), engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO opening_call_back "
                "(line, number, role, due_at, state, tries, made_at) VALUES ('lam', "
                "'+351910000001', 'migrant', '2024-03-04', 'done', 1, '2024-03-04')"
            )
        )
    downgrade(url, "0002")
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT id, code, relay_allowed FROM agency")).all()
        assert [tuple(row) for row in rows] == [(7, "1024", True)]
        assert set(connection.execute(text("SELECT id FROM call")).scalars()) == set(calls)
    assert {"operator", "rating", "dial"}.isdisjoint(_tables(url))
    upgrade(url)
    assert _differences(url) == []


_ROWS_OF_0004 = (
    "INSERT INTO agency (id, code, name, kind, relay_allowed) "
    "VALUES (7, '1024', 'Hospital', 'health', true)",
    "INSERT INTO technician (id, agency_id, name, pin_lookup, pin_hash) "
    "VALUES (8, 7, 'Person', 'k', 'h')",
    "INSERT INTO interpreter (id, name, presence, vetted) VALUES (5, 'Person', 'off', true)",
    "INSERT INTO booking (id, language, requirements, agency_id, technician_id, technician_number, "
    "migrant_number, migrant_beside, interpreter_id, starts_at, ends_at, minutes, state, made_by, "
    "made_at) VALUES (9, 'uk', '{\"language\": \"uk\"}', 7, 8, '+351210000001', '+351910000009', "
    "false, 5, '2024-03-04 09:00:00', '2024-03-04 09:30:00', 30, 'booked', 'phone', "
    "'2024-03-04 08:00:00')",
)


def test_a_booking_made_before_keeps_its_migrant_and_new_ones_forget_what_was_keyed(
    url: str,
) -> None:
    upgrade(url, "0004")
    engine = sync_engine(url)
    with engine.begin() as connection:
        for statement in _ROWS_OF_0004:
            connection.execute(text(statement))
    upgrade(url)
    with engine.begin() as connection:
        found = bookings.find_booking(connection, BookingId(9))
        assert found is not None
        assert found.migrant_number == PhoneNumber("+351910000009")
        assert not found.voicemail_allowed
        assert (found.dial_in_code, found.fields) == (None, {})
    ends = "UPDATE booking SET state = 'done', technician_number = NULL, migrant_number = NULL"
    keyed = {"dial_in_code": "'204815'", "fields": "'{}'"}
    for column, value in keyed.items():
        with (
            pytest.raises(IntegrityError, match=f"{column}_forgotten"),
            engine.begin() as connection,
        ):
            connection.execute(text(f"{ends}, {column} = {value}"))
    downgrade(url, "0004")
    with engine.begin() as connection:
        connection.execute(text(ends))
    upgrade(url)
    assert _differences(url) == []
