# SPDX-License-Identifier: EUPL-1.2
"""When somebody who was rung in vain may be rung for the same call once more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.roster.tries import (
    MOST_REFUSED,
    MOST_UNANSWERED,
    REFUSED_PAUSE,
    UNANSWERED_PAUSE,
    Tries,
)


@pytest.mark.parametrize(
    ("refusals", "pause"),
    [
        ([False], UNANSWERED_PAUSE),
        ([False, False], 2 * UNANSWERED_PAUSE),
        ([False, False, False], 4 * UNANSWERED_PAUSE),
        ([True], REFUSED_PAUSE),
        ([False, True], REFUSED_PAUSE),
        ([True, False], UNANSWERED_PAUSE),
        ([True, True], None),
        ([True, False, True], None),
        ([False] * MOST_UNANSWERED, None),
    ],
)
def test_the_pause_depends_on_what_happened(refusals: list[bool], pause: float | None) -> None:
    tries = Tries()
    for refused in refusals:
        tries = tries.one_more(refused=refused)
    assert tries.again_after(refused=refusals[-1]) == pause


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_nobody_is_asked_for_ever_and_no_pause_is_shorter_than_the_first(
    refusals: list[bool],
) -> None:
    tries, asked = Tries(), 0
    for refused in refusals:
        asked += 1
        tries = tries.one_more(refused=refused)
        pause = tries.again_after(refused=refused)
        if pause is None:
            break
        assert pause >= min(UNANSWERED_PAUSE, REFUSED_PAUSE)
    assert asked <= MOST_UNANSWERED + MOST_REFUSED - 1
