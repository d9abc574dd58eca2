# SPDX-License-Identifier: EUPL-1.2
"""The measurement of reservations measures, and its checker would notice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.reserve import Held, double_bookings, main


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ([], 0),
        ([Held(1, 0, 10), Held(1, 10, 20), Held(2, 5, 15)], 0),
        ([Held(1, 0, 10), Held(1, 9, 20)], 1),
        ([Held(1, 9, 20), Held(1, 0, 10)], 1),
        ([Held(1, 0, 100), Held(1, 10, 20), Held(1, 30, 40)], 2),
        ([Held(1, 5, 5), Held(1, 5, 5)], 0),
    ],
)
def test_overlaps_are_counted(history: list[Held], found: int) -> None:
    assert double_bookings(history) == found


@given(
    st.lists(
        st.builds(
            lambda who, told, lasts: Held(who, told, told + lasts),
            st.integers(0, 2),
            st.integers(0, 40),
            st.integers(1, 9),
        ),
        max_size=12,
    )
)
def test_a_history_is_clean_exactly_when_no_two_promises_overlap(history: list[Held]) -> None:
    overlap = any(
        one.interpreter == other.interpreter
        and one.told < other.given_up
        and other.told < one.given_up
        for place, one in enumerate(history)
        for other in history[place + 1 :]
    )
    assert (double_bookings(history) > 0) is overlap


def test_a_short_measurement_prints_its_figures_last(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--json", "--seconds", "1", "--requesters", "8", "--interpreters", "12"])
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(figures) == {"sqlite", "postgresql"}
    for one in figures.values():
        assert set(one) == {"cycles_per_s", "p50_ms", "p99_ms", "double_bookings"}
        assert one["cycles_per_s"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["double_bookings"] == 0
