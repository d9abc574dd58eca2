# SPDX-License-Identifier: EUPL-1.2
"""A job number is read as it was spoken, and whatever is wrong with it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.vocabulary import JobNumber


@given(st.integers(1, 10**8))
def test_what_was_spoken_is_read_back(serial: int) -> None:
    spoken = JobNumber.of_serial(serial)
    assert JobNumber.parse(f" {spoken} ") == spoken


@given(st.integers(1, 10**8), st.data())
def test_one_wrong_key_is_noticed(serial: int, data: st.DataObject) -> None:
    spoken = JobNumber.of_serial(serial).digits
    place = data.draw(st.integers(0, len(spoken) - 1))
    keyed = data.draw(st.sampled_from("0123456789").filter(lambda key: key != spoken[place]))
    with pytest.raises(ValueError, match="last digit does not fit the others; check it"):
        JobNumber.parse(spoken[:place] + keyed + spoken[place + 1 :])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("00000aa", "holds nothing but digits; check it"),
        ("0000018x", "holds nothing but digits; check it"),
        ("٠٠٠٠٠١٨", "holds nothing but digits; check it"),
        ("", "holds nothing but digits; check it"),
        ("000018", "has at least seven digits; check it"),
        ("0000017", "last digit does not fit the others; check it"),
    ],
)
def test_what_is_wrong_is_said(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        JobNumber.parse(text)
