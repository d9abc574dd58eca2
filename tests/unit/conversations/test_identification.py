# SPDX-License-Identifier: EUPL-1.2
"""Which interpreter rings: by the telephone and the PIN, and not by guessing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from bridge.callers.keys import CallerKeys
from bridge.callers.model import LOCKS, TRIES_PER_CALL
from bridge.clock import LoopClock
from bridge.conversations.identification import InterpreterIdentification
from bridge.roster import people_store
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import InterpreterId, PhoneNumber
from tests.storage_samples import PEPPER, START, make_interpreter, number, quick_hasher

pytestmark = pytest.mark.looptime

FIRST, FURTHER, OTHERS, STRANGERS = number(1), number(7), number(2), number(8)
PIN = "123456"
WRONG = "123457"
HASHER = quick_hasher()


class Roster:
    """Two interpreters, the first with two telephones and a PIN."""

    def __init__(self, database: InlineDatabase) -> None:
        self.database = database
        self._clock = LoopClock(START)

        def prepare(conn: Connection) -> tuple[InterpreterId, InterpreterId]:
            one, two = make_interpreter(conn, 1), make_interpreter(conn, 2)
            people_store.set_phones(conn, one, [FIRST, FURTHER])
            people_store.set_pin(conn, one, HASHER.hash(people_store.pin_code(one), PIN))
            return one, two

        self.one, self.two = database.run_now(prepare)

    async def identify(self, phone: PhoneNumber, *pins: str) -> list[InterpreterId | None]:
        """Who they are, keying these one after the other in a call of its own."""
        identification = InterpreterIdentification(
            self.database, self._clock, HASHER, CallerKeys(PEPPER), phone
        )
        return [await identification.identify(pin) for pin in pins]


@pytest.fixture
def roster() -> Iterator[Roster]:
    database = InlineDatabase()
    yield Roster(database)
    database.close()


async def test_an_interpreter_is_known_by_any_telephone_and_the_pin(roster: Roster) -> None:
    assert await roster.identify(FIRST, PIN) == [roster.one]
    assert await roster.identify(FURTHER, PIN) == [roster.one]
    assert await roster.identify(FIRST, WRONG) == [None]
    assert await roster.identify(OTHERS, PIN) == [None]
    assert await roster.identify(STRANGERS, PIN) == [None]


async def test_a_stored_hash_proves_nobody_else(roster: Roster) -> None:
    def steal(conn: Connection) -> None:
        found = people_store.find_interpreter_by_number(conn, FIRST)
        assert found is not None
        assert found[1] is not None
        people_store.set_pin(conn, roster.two, found[1])

    roster.database.run_now(steal)
    assert await roster.identify(OTHERS, PIN) == [None]


async def test_guesses_lock_the_telephone_and_no_other_one(roster: Roster) -> None:
    assert await roster.identify(FIRST, *[WRONG] * TRIES_PER_CALL, PIN) == [None] * 4
    assert await roster.identify(FIRST, PIN) == [None]
    assert await roster.identify(FURTHER, PIN) == [roster.one]
    await asyncio.sleep(LOCKS[0].total_seconds())
    assert await roster.identify(FIRST, PIN) == [roster.one]


async def test_being_right_forgives_former_mistakes(roster: Roster) -> None:
    for _ in range(4):
        assert await roster.identify(FIRST, WRONG, WRONG, PIN) == [None, None, roster.one]
