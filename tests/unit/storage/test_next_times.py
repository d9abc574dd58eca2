# SPDX-License-Identifier: EUPL-1.2
"""The next times that are read from the rows are times at which somebody may be sent."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import Connection

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import add_agency
from bridge.bookings.model import Slot
from bridge.bookings.times import next_times, slot_at
from bridge.hours.model import Absence, Weekday, Window
from bridge.roster import lists_store, people_store, windows_store
from bridge.roster.requirements import ListEntry, ListKind, Requirements, Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag
from tests.storage_samples import START, make_interpreter

UK = LanguageTag("uk")
DAY, HALF = timedelta(days=1), timedelta(minutes=30)
NINE = START.replace(microsecond=0)
MORNINGS = Window(frozenset(Weekday), time(9), time(10), on_holidays=True)


@pytest.fixture
def agency(conn: Connection) -> AgencyId:
    return add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH).id


def keeps_mornings(conn: Connection, place: int) -> InterpreterId:
    """Somebody who speaks Ukrainian and is there from nine to ten, every day."""
    who = make_interpreter(conn, place)
    windows_store.set_windows(conn, who, [MORNINGS])
    return who


def put_on(
    conn: Connection,
    kind: ListKind,
    who: InterpreterId,
    agency: AgencyId,
    ends: datetime | None = None,
) -> None:
    lists_store.add_to_list(conn, ListEntry(kind, who, agency, ends=ends), START - DAY)


def starts(slots: tuple[Slot, ...]) -> list[tuple[int, datetime]]:
    return [(int(one.interpreter), one.starts_at) for one in slots]


def true_to_the_roster(conn: Connection, asked: Requirements, slots: tuple[Slot, ...]) -> bool:
    """Whether a coordinator who asks for these very times is told the same."""
    return all(
        slot_at(conn, asked, one.starts_at, START, only=one.interpreter) == one for one in slots
    )


def test_who_may_not_be_sent_any_more_is_not_promised(conn: Connection, agency: AgencyId) -> None:
    first, second = keeps_mornings(conn, 1), keeps_mornings(conn, 2)
    put_on(conn, ListKind.ONLY, first, agency, NINE + DAY + HALF)
    put_on(conn, ListKind.ONLY, second, agency)
    asked = Requirements(UK, agency=agency)
    windows_store.add_absence(conn, second, Absence(START - DAY, NINE + 2 * DAY))
    slots = next_times(conn, asked, NINE + timedelta(hours=2))
    there = NINE + 2 * DAY
    assert starts(slots) == [(first, NINE + DAY), (second, there), (second, there + HALF)]
    assert true_to_the_roster(conn, asked, slots)


def test_who_may_be_sent_again_by_then_is_promised(conn: Connection, agency: AgencyId) -> None:
    banned, other = keeps_mornings(conn, 1), keeps_mornings(conn, 2)
    put_on(conn, ListKind.DO_NOT_SEND, banned, agency, NINE + DAY)
    put_on(conn, ListKind.ONLY, other, agency, NINE + DAY)
    windows_store.add_absence(conn, other, Absence(START - DAY, NINE + 30 * DAY))
    asked = Requirements(UK, agency=agency)
    slots = next_times(conn, asked, START)
    assert [one.interpreter for one in slots] == [banned] * 3
    assert slots[0].starts_at == NINE + DAY
    assert true_to_the_roster(conn, asked, slots)


def test_who_keeps_no_windows_promised_no_time_by_being_away(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    asked = Requirements(UK)
    assert next_times(conn, asked, START) == ()
    windows_store.add_absence(conn, who, Absence(START - 2 * DAY, START - DAY))
    assert next_times(conn, asked, START) == ()
    assert slot_at(conn, asked, NINE + HALF, START) is None
    windows_store.set_windows(conn, who, [MORNINGS])
    assert len(next_times(conn, asked, START)) == 3


@pytest.mark.parametrize("wish", ["nothing", "gender", "subject", "same again"])
def test_of_those_who_are_there_at_a_time_the_one_wished_for_is_named(
    conn: Connection, wish: str
) -> None:
    keeps_mornings(conn, 1)
    second = keeps_mornings(conn, 2)
    preferred = keeps_mornings(conn, 3)
    lists_store.add_to_list(conn, ListEntry(ListKind.PREFERRED, preferred), START)
    people_store.set_gender(conn, second, Gender.FEMALE)
    people_store.set_subjects(conn, second, [Subject.HEALTH])
    asked = {
        "nothing": Requirements(UK),
        "gender": Requirements(UK, gender=Wish(Gender.FEMALE)),
        "subject": Requirements(UK, subject=Wish(Subject.HEALTH)),
        "same again": Requirements(UK, same_again=second),
    }[wish]
    slots = next_times(conn, asked, START)
    named = preferred if wish == "nothing" else second
    assert {one.interpreter for one in slots} == {named}
    found = slot_at(conn, asked, slots[0].starts_at, START)
    assert found is not None
    assert found.interpreter == named
    # A level comes before a wish, the same person before all.
    people_store.set_level(conn, second, UK, Level(3))
    people_store.set_level(conn, preferred, UK, Level(0))
    named = second if wish == "same again" else preferred
    assert {one.interpreter for one in next_times(conn, asked, START)} == {named}
