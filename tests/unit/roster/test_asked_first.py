# SPDX-License-Identifier: EUPL-1.2
"""What the caller and the agency asked for comes first, in the ranking and in each wave."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.people import Interpreter
from bridge.roster.policies import POLICIES
from bridge.roster.ranking import Knowledge, Ranking, rank
from bridge.roster.requirements import Lists, Requirements, Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.roster.standing import Standing
from bridge.vocabulary import InterpreterId
from tests.unit.roster.people import MONDAY, TAGS, levels, requests

UK = TAGS[-1]
PEOPLE = tuple(map(InterpreterId, range(1, 9)))
somebody = st.builds(
    Interpreter,
    id=st.just(PEOPLE[0]),
    skills=levels.map(lambda level: {UK: level}),
    gender=st.none() | st.sampled_from(Gender),
    subjects=st.frozensets(st.sampled_from(Subject), max_size=3),
)
rosters = st.lists(somebody, min_size=2, max_size=len(PEOPLE)).map(
    lambda people: [replace(one, id=number) for one, number in zip(people, PEOPLE, strict=False)]
)
preferred = st.frozensets(st.sampled_from(PEOPLE), max_size=3)
names = st.sampled_from(list(POLICIES))


def look(
    people: list[Interpreter], asked: Requirements, liked: frozenset[InterpreterId], policy: str
) -> Ranking:
    return rank(
        [(one, Standing()) for one in people],
        replace(asked, language=UK),
        POLICIES[policy],
        MONDAY,
        knowledge=Knowledge(),
        lists=Lists(preferred=liked),
    )


def lacks(person: Interpreter, asked: Requirements) -> tuple[bool, bool, int]:
    """What somebody lacks of what the caller asked for, the weightiest first."""
    level, gender, subject = asked.level, asked.gender, asked.subject
    return (
        asked.same_again != person.id,
        level is not None and person.skills[UK] > level.value,
        (gender is not None and person.gender is not gender.value)
        + (subject is not None and subject.value not in person.subjects),
    )


@given(rosters, requests(), preferred, names)
def test_the_ranking_is_by_what_was_asked_then_level_then_list(
    people: list[Interpreter], asked: Requirements, liked: frozenset[InterpreterId], policy: str
) -> None:
    known = {one.id: one for one in people}
    found = [known[one.interpreter] for one in look(people, asked, liked, policy).candidates]
    keys = [(*lacks(one, asked), one.skills[UK], one.id not in liked) for one in found]
    assert keys == sorted(keys)


@given(rosters, requests(), preferred, names)
def test_nobody_rings_beside_somebody_who_has_more_of_what_was_asked(
    people: list[Interpreter], asked: Requirements, liked: frozenset[InterpreterId], policy: str
) -> None:
    known = {one.id: one for one in people}
    left = look(people, asked, liked, policy).prospects()
    while left:
        phones = POLICIES[policy].wave(left).phones
        together = [known[phone] for phone in phones]
        assert len({lacks(one, asked) for one in together}) == 1
        for one in together:
            for other in together:
                if one.id in liked and other.id not in liked:
                    assert other.skills[UK] < one.skills[UK]
        left = [one for one in left if one.interpreter not in phones]


@pytest.mark.parametrize("policy", ["default", "ring_all"])
def test_who_wishes_for_a_woman_has_the_women_rung_first_and_all_of_them(policy: str) -> None:
    people = [
        Interpreter(
            id=number,
            skills={UK: Level(number % 2)},
            gender=Gender.FEMALE if number > 5 else Gender.MALE,
        )
        for number in PEOPLE
    ]
    wished = Requirements(UK, gender=Wish(Gender.FEMALE))
    left = look(people, wished, frozenset(), policy).prospects()
    women = POLICIES[policy].wave(left).phones
    assert set(women) == {6, 7, 8}
    men = POLICIES[policy].wave([one for one in left if one.interpreter not in women]).phones
    assert set(men) == {1, 2, 3, 4, 5}
    anybody = POLICIES[policy].wave(look(people, Requirements(UK), frozenset(), policy).prospects())
    assert len(anybody.phones) >= 6
