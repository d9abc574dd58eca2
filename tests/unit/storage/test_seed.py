# SPDX-License-Identifier: EUPL-1.2
"""The fictional roster: always the same, plausible, and safe to write twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind, FieldName
from bridge.callers.keys import CallerKeys
from bridge.clock import SystemClock
from bridge.conversations.identification import InterpreterIdentification
from bridge.hours.localtime import LISBON
from bridge.hours.model import Schedule
from bridge.languages.model import load_languages
from bridge.operators import store as operators
from bridge.roster.lists_store import load_lists
from bridge.roster.model import Presence
from bridge.roster.people import Interpreter
from bridge.roster.people_store import load_people, load_person
from bridge.roster.seed import INTERPRETERS, credentials, plan, seed
from bridge.roster.skills import Gender, Subject, split_pair
from bridge.roster.store import find_by_number, interpreter, revision, set_presence
from bridge.storage.inline import InlineDatabase
from bridge.telephony.gate import permit
from bridge.vocabulary import InterpreterId, LanguageTag
from tests.storage_samples import PEPPER, START, identified, quick_hasher

TAGS = tuple(language.tag for language in load_languages())
HASHER = quick_hasher()

pytestmark = pytest.mark.thorough
"""Each test writes a whole roster."""


def test_all_languages_are_spoken_by_a_plausible_pool() -> None:
    people = plan(TAGS)
    assert len(people) == INTERPRETERS == 104
    assert len({one.number for one in people}) == 104
    assert len({one.name for one in people}) == 104
    speakers = Counter(tag for one in people for tag in one.languages)
    assert set(speakers) == set(TAGS)
    assert len(speakers) == 68
    assert all(1 <= len(set(one.languages)) == len(one.languages) <= 3 for one in people)
    for asked_most in ("uk", "ar", "hi", "bn", "ne", "cmn", "fr", "en", "ru"):
        assert speakers[LanguageTag(asked_most)] >= 4, asked_most
    rare = [tag for tag, many in speakers.items() if many <= 2]
    assert len(rare) > 30


def test_every_number_passes_the_gate_and_follows_the_scheme() -> None:
    for one in plan(TAGS):
        assert permit(one.number).number == one.number
        assert one.number.e164[4:6] in {"91", "92", "93", "96"}
        assert one.number.e164[6:10] == "0000"


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(TAGS), min_size=1, unique=True))
def test_any_set_of_languages_is_covered_in_whatever_order(tags: list[LanguageTag]) -> None:
    people = plan(tags)
    assert len(people) == INTERPRETERS
    assert {tag for one in people for tag in one.languages} == set(tags)
    assert plan(tags[::-1]) == people


@pytest.mark.parametrize("many", [0, INTERPRETERS + 1])
def test_too_few_and_too_many_languages_are_refused(many: int) -> None:
    with pytest.raises(ValueError, match="1 to 104"):
        plan([LanguageTag(f"x{n}") for n in range(many)])


def test_agencies_of_every_kind_with_keyable_secrets() -> None:
    known = credentials()
    assert len({one.code for one in known}) == 12
    assert {one.kind for one in known} == set(AgencyKind)
    assert all(len(one.code) == 4 and one.code.isdigit() for one in known)
    assert all(len(one.pin) == 6 and one.pin.isdigit() for one in known)
    assert len({(one.code, one.pin) for one in known}) == len(known)


def test_seeding_twice_is_seeding_once(conn: Connection) -> None:
    told = seed(conn, TAGS, HASHER, START)
    people, at_first = load_people(conn), revision(conn)
    assert len(people) == 104
    assert len({tag for one in people for tag in one.skills if split_pair(tag) is None}) == 68
    assert {one.presence.state for one in people} == {Presence.AVAILABLE}
    assert all(one.vetted for one in people)
    ends = conn.execute(select(interpreter.c.last_call_ended)).scalars().all()
    assert len(set(ends)) == 104
    assert all(end is not None and end < START for end in ends)

    assert seed(conn, TAGS[::-1], HASHER, START) == told
    assert load_people(conn) == people
    assert revision(conn) == at_first
    technicians = select(func.count()).select_from(agencies.technician)
    assert conn.execute(technicians).scalar_one() == len(told)
    for one in told[:2]:
        found = identified(conn, one.code, one.pin, HASHER)
        assert found is not None
        assert (found.name, found.agency.name) == (one.technician, one.agency)


def test_seeding_again_keeps_what_people_changed(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    set_presence(conn, InterpreterId(1), Presence.OFF)
    seed(conn, TAGS, HASHER, START)
    person = load_person(conn, InterpreterId(1))
    assert person is not None
    assert person.presence.state is Presence.OFF


def test_the_printed_pins_fit_after_a_change_of_pepper(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    renewed = quick_hasher(PEPPER * 2)
    [first, *_] = seed(conn, TAGS, renewed, START)
    assert identified(conn, first.code, first.pin, renewed) is not None
    assert identified(conn, first.code, first.pin, HASHER) is None


# --- what they can and when ----------------------------------------------------------------------


def _hours(day: datetime) -> list[datetime]:
    return [day.replace(hour=hour, minute=30, tzinfo=LISBON) for hour in range(24)]


def test_weekdays_are_well_covered_evenings_a_little_and_nights_not_at_all(
    conn: Connection,
) -> None:
    seed(conn, TAGS, HASHER, START)
    people = load_people(conn)
    hours = _hours(datetime(2024, 3, 5))
    there = [[one for one in people if one.schedule and _open(one, hour)] for hour in hours]
    spoken = [len({tag for one in some for tag in one.skills}) for some in there]
    assert all(len(some) > 60 for some in there[9:19])
    assert all(many > 45 for many in spoken[9:19])
    assert all(0 < len(some) < 20 for some in there[19:22])
    assert all(not some for some in (*there[:9], *there[23:]))
    # Every language has its hours, however rare it is.
    week = [datetime(2024, 3, 4 + day, hour, 30) for day in range(5) for hour in range(9, 19)]
    reached = {
        tag
        for moment in week
        for one in people
        if _open(one, moment.replace(tzinfo=LISBON))
        for tag in one.skills
    }
    assert reached == set(TAGS)


def _open(one: Interpreter, moment: datetime) -> bool:
    assert isinstance(one.schedule, Schedule)
    return one.schedule.is_open(moment)


def test_the_demo_finds_everybody_at_every_hour(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START, always_open=True)
    people = load_people(conn)
    for day in (datetime(2024, 3, 9), datetime(2024, 12, 25), datetime(2026, 10, 25)):
        for hour in _hours(day):
            assert all(_open(one, hour) for one in people)


def test_levels_genders_and_subjects_are_spread(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    people = load_people(conn)
    levels = Counter(level for one in people for level in one.skills.values())
    assert set(levels) == {0, 1, 2, 3, 4}
    assert all(many >= 10 for many in levels.values())
    genders = Counter(one.gender for one in people)
    assert set(genders) == {Gender.FEMALE, Gender.MALE}
    assert all(one.subjects for one in people)
    assert {subject for one in people for subject in one.subjects} == set(Subject)


async def test_fictional_interpreters_have_pins_that_fit_after_a_change_of_pepper(
    database: InlineDatabase,
) -> None:
    first, *_, last = plan(TAGS)
    assert len({one.pin for one in plan(TAGS)}) == INTERPRETERS
    for hasher in (HASHER, quick_hasher(PEPPER * 2)):
        database.run_now(partial(seed, tags=TAGS, hasher=hasher, at=START))
        for one in (first, last):
            identification = InterpreterIdentification(
                database, SystemClock(), hasher, CallerKeys(PEPPER), one.number
            )
            known = await identification.identify(one.pin)
            assert known == database.run_now(partial(find_by_number, number=one.number))
            assert known is not None
            assert one.pin not in repr(one)


def test_a_few_lists_and_relay_for_some_agencies(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    seed(conn, TAGS, HASHER, START)
    entries = load_lists(conn, START)
    assert sorted(one.kind for one in entries) == ["do_not_send", "preferred", "preferred"]
    assert all(one.agency is not None and one.reason for one in entries)
    allowed = {
        agency.kind: agency.relay_allowed
        for one in credentials()
        if (agency := agencies.find_agency(conn, one.code)) is not None
    }
    assert {kind for kind, yes in allowed.items() if yes} == {
        AgencyKind.HEALTH,
        AgencyKind.MIGRATION,
    }


def test_agencies_are_known_by_a_number_and_some_want_fields_and_favourites(
    conn: Connection,
) -> None:
    seed(conn, TAGS, HASHER, START)
    known = agencies.load_agencies(conn)
    numbers = [agencies.numbers_of(conn, one.id) for one in known]
    assert all(len(mine) == 1 for mine in numbers)
    assert all(mine[0].e164.startswith("+35121000") for mine in numbers)
    assert sum(bool(one.fields) for one in known) == 3
    assert {name for one in known for name in (each.name for each in one.fields)} == set(FieldName)
    assert max(len(one.favourites) for one in known) == 9
    assert {tag for one in known for tag in one.favourites} <= set(TAGS)


def test_three_operators_are_on_duty_and_stay_as_they_were_changed(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    first, *others = operators.on_duty(conn, START)
    assert len(others) == 2
    assert all(one.languages and permit(one.number) for one in (first, *others))
    operators.set_duty(conn, first.id, False)
    seed(conn, TAGS, HASHER, START)
    assert operators.on_duty(conn, START) == others


def test_few_languages_leave_out_what_nobody_speaks(conn: Connection) -> None:
    seed(conn, [LanguageTag("uk"), LanguageTag("fr")], HASHER, START)
    favourites = {tag for one in agencies.load_agencies(conn) for tag in one.favourites}
    assert favourites == {"uk", "fr"}
