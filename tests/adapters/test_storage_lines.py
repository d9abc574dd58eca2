# SPDX-License-Identifier: EUPL-1.2
"""The stores of the lines on a SQLite file and on a real PostgreSQL, also when two come at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import Agency, AgencyField, AgencyKind, FieldName
from bridge.bookings import changes_store
from bridge.bookings import store as bookings
from bridge.bookings.model import BookingChange, BookingId, MigrantPlace, NewBooking, ceil
from bridge.callers import store as callers
from bridge.callers.keys import CallerKeys
from bridge.callers.model import CODE_TRIES, TRIES_PER_CALL
from bridge.callers.store import Attempt
from bridge.conference import fields_store
from bridge.conference import store as conference
from bridge.hours import store as hours
from bridge.openings import store as openings
from bridge.operators import store as operators
from bridge.ratings.model import Flag, Rating
from bridge.ratings.store import rate, ratings_of
from bridge.roster import store as roster
from bridge.roster.requirements import Requirements
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.telephony import dials_store as dials
from bridge.telephony.gate import DialBudget, NotPermitted
from bridge.vocabulary import LanguageTag, LegId, Role
from tests.postgres import PostgresCluster
from tests.storage_samples import PEPPER, START, make_call, make_interpreter, number

KEYS = CallerKeys(PEPPER)
CODE = KEYS.code("1024")
AT_ONCE = 8
UK, AR = LanguageTag("uk"), LanguageTag("ar")


@pytest.fixture(params=("sqlite", "postgresql"))
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlDatabase]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
        upgrade(url)
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        url = cluster.new()
    opened = SqlDatabase(url)
    yield opened
    await opened.dispose()


def make_agency(conn: Connection) -> Agency:
    agency = agencies.add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH)
    agencies.add_number(conn, number(9), agency.id)
    agencies.set_fields(conn, agency.id, (AgencyField(FieldName.DEPARTMENT, 2, 4),))
    agencies.set_favourites(conn, agency.id, (UK, AR))
    agencies.set_dial_allowed(conn, agency.id, ("+34",), hourly_cap=3)
    return agency


async def test_what_an_agency_wants_comes_back(database: SqlDatabase) -> None:
    made = await database.run(make_agency)
    found = await database.run(lambda conn: agencies.agency_of_number(conn, number(9)))
    assert found is not None
    assert (found.id, found.favourites, found.dial_allowed) == (made.id, (UK, AR), ("+34",))
    assert (found.fields, found.prompt_language) == (
        (AgencyField(FieldName.DEPARTMENT, 2, 4),),
        "pt",
    )


async def test_the_story_of_an_evening(database: SqlDatabase) -> None:
    """A call with fields and a code, its rating, a closure, an operator, a call-back."""

    def work(conn: Connection) -> None:
        who, call = make_interpreter(conn, 1), make_call(conn)
        assert conference.set_dial_in_code(conn, call, "123456")
        other = make_call(conn)
        # A code that is taken does not undo the transaction.
        assert not conference.set_dial_in_code(conn, other, "123456")
        assert conference.find_by_dial_in(conn, "123456") == call
        fields_store.write_fields(conn, call, {FieldName.DEPARTMENT: "12\0"})
        assert roster.reserve(conn, who, call, LegId("leg-1"), START, "p")
        assert roster.accept_reservation(conn, LegId("leg-1"), START)
        rate(conn, call, Role.INTERPRETER, who, Rating.GOOD, Flag.HARD_CALL, START)
        rate(conn, call, Role.INTERPRETER, who, Rating.FAIR, Flag.HARD_CALL, START)
        assert [one.rating for one in ratings_of(conn, call)] == [Rating.FAIR]
        assert fields_store.fields_of(conn, call) == {FieldName.DEPARTMENT: "12\ufffd"}
        hours.add_closure(conn, "lam", date(2024, 3, 5), "strike")
        hours.add_closure(conn, "lam", date(2024, 3, 5), "strike")
        assert len(hours.closures_from(conn, date(2024, 3, 1))) == 1

    await database.run(work)

    def duty(conn: Connection) -> list[LanguageTag]:
        first = operators.add(conn, "One", number(7), (UK,))
        second = operators.add(conn, "Other", number(8), (AR,))
        operators.set_duty(conn, first, True, until=START + timedelta(hours=1))
        operators.set_duty(conn, second, True)
        operators.mark_call(conn, first, START)
        return [one.languages[0] for one in operators.on_duty(conn, START)]

    # Who never had a call comes first on both databases.
    assert await database.run(duty) == [AR, UK]

    def languages(conn: Connection) -> LanguageTag | None:
        caller = KEYS.caller(number(9))
        callers.remember_language(conn, caller, UK, START)
        callers.remember_language(conn, caller, AR, START)
        return callers.language_of(conn, caller)

    assert await database.run(languages) == AR


async def test_tries_at_once_from_many_numbers_are_no_more_than_one_by_one(
    database: SqlDatabase,
) -> None:
    async def guess(place: int) -> bool:
        who = Attempt(KEYS.caller(number(100 + place)), CODE)
        return await database.run(lambda conn: callers.claim(conn, who, START))

    allowed = await asyncio.gather(*(guess(place) for place in range(CODE_TRIES + 5)))
    assert sum(allowed) == CODE_TRIES


async def test_one_caller_in_many_calls_at_once_has_three_tries(database: SqlDatabase) -> None:
    who = Attempt(KEYS.caller(None), CODE)

    async def guess() -> bool:
        return await database.run(lambda conn: callers.claim(conn, who, START))

    assert sum(await asyncio.gather(*(guess() for _ in range(AT_ONCE)))) == TRIES_PER_CALL
    await database.run(lambda conn: callers.right(conn, who, START))
    assert await guess()


async def test_a_cap_holds_exactly_when_many_dial_at_once(database: SqlDatabase) -> None:
    agency = await database.run(make_agency)

    async def dial() -> bool:
        try:
            await database.run(
                lambda conn: dials.spend(conn, agency.id, None, START, DialBudget(agency=3))
            )
        except NotPermitted:
            return False
        return True

    assert sum(await asyncio.gather(*(dial() for _ in range(AT_ONCE)))) == 3


async def test_one_call_back_is_promised_once_and_rung_once(database: SqlDatabase) -> None:
    async def promise() -> bool:
        return await database.run(
            lambda conn: openings.promise(conn, "lam", number(1), UK, Role.MIGRANT, START, START)
        )

    assert all(await asyncio.gather(*(promise() for _ in range(AT_ONCE))))
    [due] = await database.run(lambda conn: openings.due(conn, START))

    async def take() -> bool:
        return await database.run(lambda conn: openings.take(conn, due.id, START))

    assert sum(await asyncio.gather(*(take() for _ in range(AT_ONCE)))) == 1


async def test_whoever_is_served_is_promised_nothing_any_more_on_any_line(
    database: SqlDatabase,
) -> None:
    def promise(conn: Connection) -> None:
        for line, whose, for_operator in (
            ("lam", 1, True),
            ("other", 1, False),
            ("lam", 2, True),
        ):
            assert openings.promise(
                *(conn, line, number(whose), UK, Role.MIGRANT, START, START),
                for_operator=for_operator,
            )

    await database.run(promise)
    assert await database.run(lambda conn: openings.not_needed(conn, number(1), START)) == [
        *(True, False),
    ]
    assert await database.run(lambda conn: openings.not_needed(conn, number(1), START)) == []
    left = await database.run(lambda conn: openings.due(conn, START))
    assert [one.number for one in left] == [number(2)]


async def test_changes_of_a_booking_are_written_one_after_the_other(database: SqlDatabase) -> None:
    def book(conn: Connection) -> BookingId:
        of = make_agency(conn)
        who = agencies.add_technician(conn, of, "Técnica", pin_lookup="a", pin_hash="b").id
        new = NewBooking(
            requirements=Requirements(UK),
            interpreter=make_interpreter(conn, 5),
            starts_at=ceil(START + timedelta(hours=1)),
            agency=of.id,
            technician=who,
            technician_number=number(9),
            fields={FieldName.COST_CENTRE: "7"},
        )
        made = bookings.book(conn, new, START)
        assert made is not None
        return made

    which = await database.run(book)
    wanted = [
        *[BookingChange(fields={FieldName.DEPARTMENT: f"{turn}"}) for turn in range(AT_ONCE)],
        BookingChange(migrant=MigrantPlace.RING, number=number(1), voicemail_allowed=True),
    ]
    done = await asyncio.gather(
        *(
            database.run(lambda conn, one=one: changes_store.change(conn, which, one, START))  # type: ignore[misc]
            for one in wanted
        )
    )
    assert all(done)
    told = [one.data for one in await database.run(lambda c: changes_store.changes_of(c, which))]
    assert told.count({"fields": "department"}) == AT_ONCE
    assert {"migrant": "ring", "voicemail_allowed": True} in told
    found = await database.run(lambda conn: bookings.find_booking(conn, which))
    assert found is not None
    assert (found.migrant_number, found.voicemail_allowed) == (number(1), True)
    assert found.fields.keys() == {FieldName.DEPARTMENT, FieldName.COST_CENTRE}
