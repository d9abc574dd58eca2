# SPDX-License-Identifier: EUPL-1.2
"""The fictional roster: always the same, plausible, and safe to write twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.ivr.languages import load_languages
from bridge.roster.model import Presence
from bridge.roster.seed import INTERPRETERS, credentials, plan, seed
from bridge.roster.store import load_roster, revision, set_presence
from bridge.telephony.gate import permit
from bridge.vocabulary import InterpreterId, LanguageTag
from tests.storage_samples import PEPPER, START, quick_hasher

TAGS = tuple(language.tag for language in load_languages())
HASHER = quick_hasher()


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
    roster, at_first = load_roster(conn), revision(conn)
    assert len(roster.interpreters) == 104
    assert len(roster.speakers) == 68
    assert {one.presence for one in roster.interpreters.values()} == {Presence.AVAILABLE}
    assert all(one.vetted for one in roster.interpreters.values())
    ends = [one.last_call_ended for one in roster.interpreters.values()]
    assert len(set(ends)) == 104
    assert all(end is not None and end < START for end in ends)

    assert seed(conn, TAGS[::-1], HASHER, START) == told
    assert load_roster(conn) == roster
    assert revision(conn) == at_first
    technicians = select(func.count()).select_from(agencies.technician)
    assert conn.execute(technicians).scalar_one() == len(told)
    for one in told[:2]:
        found = agencies.find_technician(conn, one.code, one.pin, HASHER)
        assert found is not None
        assert (found.name, found.agency.name) == (one.technician, one.agency)


def test_seeding_again_keeps_what_people_changed(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    set_presence(conn, InterpreterId(1), Presence.OFF)
    seed(conn, TAGS, HASHER, START)
    assert load_roster(conn).interpreters[InterpreterId(1)].presence is Presence.OFF


def test_the_printed_pins_fit_after_a_change_of_pepper(conn: Connection) -> None:
    seed(conn, TAGS, HASHER, START)
    renewed = quick_hasher(PEPPER * 2)
    [first, *_] = seed(conn, TAGS, renewed, START)
    assert agencies.find_technician(conn, first.code, first.pin, renewed) is not None
    assert agencies.find_technician(conn, first.code, first.pin, HASHER) is None
