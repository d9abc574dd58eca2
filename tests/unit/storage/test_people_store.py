# SPDX-License-Identifier: EUPL-1.2
"""Interpreters whole: read in few queries, changed one thing at a time, each change noticed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

from bridge.agencies.model import AgencyKind
from bridge.agencies.store import add_agency
from bridge.hours.localtime import LISBON
from bridge.hours.model import WORKING_WEEK, Absence, ExtraHours, Schedule, Weekday, Window
from bridge.roster import lists_store, people_store, store, windows_store
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, PresenceNow
from bridge.roster.requirements import ListEntry, ListKind, Requirements
from bridge.roster.requirements_data import from_data, to_data
from bridge.roster.skills import REGISTER, Gender, Level, LevelScale, Subject
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import InterpreterId, LanguageTag
from tests.storage_samples import START, make_interpreter, number
from tests.unit.roster.people import requests

UK, RU = LanguageTag("uk"), LanguageTag("ru")
SINCE = date(2024, 1, 1)
MORNING = Window(WORKING_WEEK, time(9), time(13), valid_from=SINCE)
NIGHT = Window(frozenset({Weekday.FRI}), time(22), time(2, 0, 1), SINCE, on_holidays=True)
HOLIDAY = datetime(2024, 4, 25, 10, tzinfo=LISBON)
NOBODY = InterpreterId(999)


def person(conn: Connection, who: InterpreterId) -> Interpreter:
    found = people_store.load_person(conn, who)
    assert found is not None
    return found


def test_somebody_new_has_nothing_proven_and_no_windows(conn: Connection) -> None:
    who = store.add_interpreter(conn, "Person", number(1), [UK])
    new = person(conn, who)
    assert new.skills == {UK: REGISTER.lowest}
    assert new.phones == (number(1),)
    assert (new.gender, new.subjects, new.schedule, new.limits) == (
        None,
        frozenset(),
        None,
        Limits(),
    )
    assert new.presence == PresenceNow(Presence.OFF)
    assert not new.vetted
    assert people_store.load_person(conn, NOBODY) is None
    short = LevelScale.of(("good", "fair"))
    assert people_store.load_people(conn, scale=short)[0].skills == {UK: Level(1)}
    strict = Limits(offers_an_hour=1)
    assert people_store.load_people(conn, limits=strict)[0].limits == strict


def test_everything_that_was_said_of_somebody_is_read_back(conn: Connection) -> None:
    who = make_interpreter(conn, 1, ("uk", "ru"))
    limits = Limits(wrap_up=timedelta(seconds=90), daily_minutes=120.0, offers_an_hour=7)
    people_store.set_level(conn, who, UK, Level(0))
    people_store.set_gender(conn, who, Gender.OTHER)
    people_store.set_subjects(conn, who, [Subject.ASYLUM, Subject.HEALTH])
    people_store.set_phones(conn, who, [number(9), number(1)])
    people_store.set_limits(conn, who, limits)
    people_store.set_vetted(conn, who, False)
    windows_store.set_windows(conn, who, [MORNING, NIGHT])
    until = START + timedelta(minutes=10)
    by = store.PresenceBy.PHONE
    store.set_presence(conn, who, Presence.ON_BREAK, until=until, by=by, at=START)
    seen = person(conn, who)
    assert seen.skills == {UK: Level(0), RU: REGISTER.lowest}
    assert seen.gender is Gender.OTHER
    assert seen.subjects == {Subject.ASYLUM, Subject.HEALTH}
    assert seen.phones == (number(9), number(1))
    assert seen.limits == limits
    assert seen.presence == PresenceNow(Presence.ON_BREAK, until)
    assert not seen.vetted
    assert windows_store.windows_of(conn, who) == (MORNING, NIGHT)
    assert people_store.load_people(conn) == (seen,)
    people_store.set_limits(conn, who, None)
    people_store.set_gender(conn, who, None)
    people_store.set_subjects(conn, who, ())
    plain = person(conn, who)
    assert (plain.limits, plain.gender, plain.subjects) == (Limits(), None, frozenset())


def test_a_telephone_is_one_persons_whichever_place_it_has(conn: Connection) -> None:
    one, two = make_interpreter(conn, 1), make_interpreter(conn, 2)
    people_store.set_phones(conn, one, [number(1), number(7)])
    assert store.find_by_number(conn, number(7)) == one
    assert store.find_by_number(conn, number(2)) == two
    assert store.find_by_number(conn, number(8)) is None
    for refused in ([], [number(3), number(3)]):
        with pytest.raises(ValueError, match="telephone"):
            people_store.set_phones(conn, one, refused)
    with pytest.raises(IntegrityError):
        people_store.set_phones(conn, two, [number(2), number(7)])


def test_notes_are_for_coordinators_and_not_part_of_a_person(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    assert people_store.notes_of(conn, who) == ""
    people_store.set_notes(conn, who, "speaks softly")
    assert people_store.notes_of(conn, who) == "speaks softly"
    assert "softly" not in repr(person(conn, who))
    with pytest.raises(LookupError):
        people_store.notes_of(conn, NOBODY)


def _open(conn: Connection, who: InterpreterId, *local: datetime) -> list[bool]:
    schedule = windows_store.load_schedules(conn)[who]
    return [schedule.is_open(one.replace(tzinfo=LISBON)) for one in local]


def test_windows_absences_and_extra_hours_make_the_schedule(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    windows_store.set_windows(conn, who, [MORNING, NIGHT])
    monday, saturday = datetime(2024, 3, 4), datetime(2024, 3, 9)
    hours = (monday.replace(hour=10), monday.replace(hour=15, minute=30), saturday.replace(hour=1))
    assert _open(conn, who, *hours) == [True, False, True]
    away = windows_store.add_absence(conn, who, Absence(START, START + timedelta(hours=2), "ill"))
    afternoon = START + timedelta(hours=6)
    extra = windows_store.add_extra_hours(
        conn, who, ExtraHours(afternoon, afternoon + timedelta(hours=1))
    )
    assert _open(conn, who, *hours) == [False, True, True]
    [(known, absence)] = windows_store.absences_of(conn, who, START)
    assert (known, absence.reason) == (away, "ill")
    assert windows_store.absences_of(conn, who, START + timedelta(hours=2)) == ()
    [(known, _)] = windows_store.extra_hours_of(conn, who)
    assert known == extra
    other = make_interpreter(conn, 2)
    assert not windows_store.remove_absence(conn, other, away)
    assert windows_store.remove_absence(conn, who, away)
    assert windows_store.remove_extra_hours(conn, who, extra)
    assert not windows_store.remove_extra_hours(conn, who, extra)
    assert _open(conn, who, *hours) == [True, False, True]


def test_windows_are_not_held_on_public_holidays_unless_they_say_so(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    windows_store.set_windows(conn, who, [MORNING])
    assert _open(conn, who, HOLIDAY) == [False]
    windows_store.set_windows(
        conn, who, [Window(frozenset(Weekday), time(9), time(13), on_holidays=True)]
    )
    assert _open(conn, who, HOLIDAY) == [True]


def test_no_windows_at_all_means_never_and_none_kept_means_always(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    assert windows_store.load_schedules(conn) == {}
    windows_store.add_absence(conn, who, Absence(START, START + timedelta(hours=2)))
    there = START + timedelta(hours=2)
    schedule = person(conn, who).schedule
    assert isinstance(schedule, Schedule)
    assert [schedule.is_open(one) for one in (START, there, HOLIDAY)] == [False, True, True]
    assert windows_store.keeping_windows(conn) == frozenset()
    windows_store.set_windows(conn, who, [])
    assert _open(conn, who, there) == [False]
    assert windows_store.keeping_windows(conn) == {who}
    windows_store.drop_windows(conn, who)
    assert _open(conn, who, there) == [True]


def test_reading_everybody_takes_as_many_queries_as_reading_one(
    database: InlineDatabase,
) -> None:
    counted: list[str] = []

    def read() -> int:
        counted.clear()
        database.run_now(people_store.load_people)
        return len([one for one in counted if one.startswith("SELECT")])

    connection = database._connection
    event.listen(connection, "before_cursor_execute", lambda *args: counted.append(args[2]))
    database.run_now(lambda conn: make_interpreter(conn, 1))
    few = read()
    database.run_now(lambda conn: [make_interpreter(conn, place) for place in range(2, 30)])
    assert read() == few == 8


def test_every_change_that_a_matcher_sees_raises_the_revision(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    away = Absence(START, START + timedelta(hours=1))
    more = ExtraHours(START, START + timedelta(hours=1))
    entry = ListEntry(ListKind.PREFERRED, who)
    ids: dict[str, int] = {}

    def keep(name: str, made: int) -> None:
        ids[name] = made

    changes: list[Callable[[], object]] = [
        lambda: people_store.set_level(conn, who, UK, Level(1)),
        lambda: people_store.set_gender(conn, who, Gender.MALE),
        lambda: people_store.set_subjects(conn, who, [Subject.WORK]),
        lambda: people_store.set_phones(conn, who, [number(4)]),
        lambda: people_store.set_vetted(conn, who, True),
        lambda: people_store.set_limits(conn, who, Limits(offers_an_hour=2)),
        lambda: windows_store.set_windows(conn, who, [MORNING]),
        lambda: keep("away", windows_store.add_absence(conn, who, away)),
        lambda: keep("more", windows_store.add_extra_hours(conn, who, more)),
        lambda: windows_store.remove_absence(conn, who, ids["away"]),
        lambda: windows_store.remove_extra_hours(conn, who, ids["more"]),
        lambda: windows_store.drop_windows(conn, who),
        lambda: keep("entry", lists_store.add_to_list(conn, entry, START)),
        lambda: lists_store.remove_from_list(conn, ids["entry"]),
    ]
    for change in changes:
        before = store.revision(conn)
        change()
        assert store.revision(conn) > before, change


def test_nobody_cannot_be_changed(conn: Connection) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: people_store.set_level(conn, NOBODY, UK, None),
        lambda: people_store.set_subjects(conn, NOBODY, []),
        lambda: people_store.set_phones(conn, NOBODY, [number(4)]),
        lambda: people_store.set_pin(conn, NOBODY, "hash"),
        lambda: windows_store.set_windows(conn, NOBODY, []),
        lambda: windows_store.add_absence(conn, NOBODY, Absence(START, START + timedelta(1))),
        lambda: lists_store.add_to_list(conn, ListEntry(ListKind.ONLY, NOBODY), START),
    ]
    for attempt in attempts:
        with pytest.raises(LookupError):
            attempt()


# --- lists -------------------------------------------------------------------------------------


def test_lists_are_read_with_their_reason_and_end(conn: Connection) -> None:
    one, two = make_interpreter(conn, 1), make_interpreter(conn, 2)
    agency = add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH).id
    later = START + timedelta(days=1)
    entries = (
        ListEntry(ListKind.PREFERRED, one, agency, "knows the house"),
        ListEntry(ListKind.DO_NOT_SEND, two, None, "under review", later),
        ListEntry(ListKind.ONLY, one, agency, "", later),
    )
    ids = [lists_store.add_to_list(conn, entry, START) for entry in entries]
    assert lists_store.load_lists(conn) == entries
    assert lists_store.load_lists(conn, START) == entries
    assert lists_store.load_lists(conn, later) == entries[:1]
    assert [which for which, _ in lists_store.list_entries(conn)] == ids
    assert lists_store.remove_from_list(conn, ids[0])
    assert not lists_store.remove_from_list(conn, ids[0])
    assert lists_store.load_lists(conn) == entries[1:]


def test_the_same_entry_again_replaces_what_holds_and_leaves_what_ended(conn: Connection) -> None:
    who = make_interpreter(conn, 1)
    agency = add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH).id
    ends = START + timedelta(days=1)
    first = ListEntry(ListKind.PREFERRED, who, None, "first", ends)
    again = ListEntry(ListKind.PREFERRED, who, None, "again", ends)
    third = ListEntry(ListKind.PREFERRED, who, None, "third")
    local = ListEntry(ListKind.PREFERRED, who, agency, "local")
    for entry in (first, local, again):
        lists_store.add_to_list(conn, entry, START)
    assert lists_store.load_lists(conn) == (local, again)
    lists_store.add_to_list(conn, third, ends)
    assert lists_store.load_lists(conn) == (local, again, third)


# --- requirements ------------------------------------------------------------------------------


@pytest.mark.thorough
@given(requests())
@settings(deadline=None)
def test_requirements_survive_storing(asked: Requirements) -> None:
    assert from_data(to_data(asked)) == asked
