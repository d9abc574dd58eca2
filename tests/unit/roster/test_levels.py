# SPDX-License-Identifier: EUPL-1.2
"""An installation's own scale of levels: how it is read, and what a wish for a high level means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.skills import MOST_LEVELS, REGISTER, BadLevel, Level, LevelScale
from bridge.settings import Settings


def test_without_a_choice_it_is_the_register() -> None:
    assert LevelScale.of(Settings.model_fields["levels"].default.split(",")) == REGISTER


@pytest.mark.parametrize(
    "names", ["", ",", "A,,B", "A,B,A", "A, a", ",".join(map(str, range(MOST_LEVELS + 1)))]
)
def test_what_is_no_scale_is_refused_in_one_sentence(names: str) -> None:
    with pytest.raises(BadLevel, match="one to 63 names with commas between them") as refused:
        LevelScale.of(names.split(","))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("names", "high"),
    [
        ("A,B,C,D,E", "B"),
        ("expert,trained,none", "trained"),
        ("certified,other", "certified"),
        ("all", "all"),
    ],
)
def test_high_is_the_second_highest_unless_everybody_has_that(names: str, high: str) -> None:
    scale = LevelScale.of(names.split(","))
    assert scale.name_of(scale.high) == high


@given(st.integers(1, MOST_LEVELS), st.integers(0, 2 * MOST_LEVELS))
def test_a_level_of_a_longer_scale_is_shown_as_the_lowest(length: int, level: int) -> None:
    scale = LevelScale.of(f"level {place}" for place in range(length))
    assert scale.parse(scale.shown(level)) == Level(min(level, length - 1))
