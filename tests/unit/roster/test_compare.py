# SPDX-License-Identifier: EUPL-1.2
"""Memory that differs from the rows about a promise heals itself, but not at the first glance."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from bridge.roster import store
from bridge.roster.live import IN_DOUBT_FOR, Freed, LiveRoster
from bridge.roster.policies import POLICIES
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import InterpreterId, LegId
from tests.storage_samples import START, make_call, make_interpreter

LEG = LegId("leg-1")


class Place:
    """A roster in memory over a database in memory, with one interpreter who is free."""

    def __init__(self) -> None:
        self.database = InlineDatabase()
        self.live = LiveRoster(POLICIES["default"])
        self.who = self.database.run_now(lambda conn: make_interpreter(conn, 1))
        self.database.run_now(lambda conn: self.live.refresh(conn, START))
        self.freed: list[Freed] = []
        self.live.on_free = self.freed.append

    def reserve(self) -> None:
        """Promise them, in the rows."""
        self.database.run_now(
            lambda conn: store.reserve(conn, self.who, make_call(conn), LEG, START, "process-1")
        )

    def compare(self, seconds: float) -> None:
        """Compare, so many seconds after the start."""
        at = START + timedelta(seconds=seconds)
        self.database.run_now(partial(self.live.compare, at=at))


@pytest.fixture
def place() -> Place:
    return Place()


def test_who_is_promised_to_nobody_is_free_again(place: Place) -> None:
    place.live.promised(place.who)
    place.compare(0)
    place.compare(1)
    assert not place.live.is_free(place.who)
    with capture_logs() as logs:
        place.compare(IN_DOUBT_FOR.total_seconds())
    assert place.live.is_free(place.who)
    assert place.freed == [Freed(place.who)]
    assert [one["log_level"] for one in logs] == ["warning"]


def test_who_is_promised_is_free_no_more(place: Place) -> None:
    place.reserve()
    for seconds in (0, 1, 2):
        assert place.live.is_free(place.who)
        place.compare(seconds)
    assert not place.live.is_free(place.who)


def test_a_word_meanwhile_begins_the_doubt_anew(place: Place) -> None:
    place.live.promised(place.who)
    place.compare(0)
    place.live.promised(place.who)
    place.compare(2)
    assert not place.live.is_free(place.who)
    place.compare(4)
    assert place.live.is_free(place.who)


def test_a_difference_that_was_over_is_another_one(place: Place) -> None:
    place.live.promised(place.who)
    place.compare(0)
    place.live.released(place.who)
    place.compare(1)
    place.live.promised(place.who)
    place.compare(2)
    assert not place.live.is_free(place.who)


def test_who_is_on_the_telephone_with_us_is_busy_without_a_promise(place: Place) -> None:
    place.live.rings_us(place.who)
    for seconds in range(9):
        place.compare(seconds)
    assert not place.live.is_free(place.who)
    place.live.rang_us(place.who)
    assert place.live.is_free(place.who)


def test_rows_of_somebody_who_is_not_on_the_roster_are_nobodys_business(place: Place) -> None:
    place.live._reserved.add(InterpreterId(99))
    for seconds in range(9):
        place.compare(seconds)
    assert place.live.is_free(place.who)
