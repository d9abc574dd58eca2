# SPDX-License-Identifier: EUPL-1.2
"""A call's events as lines that a person can read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calllog.model import Event, EventKind, Scalar, StoredEvent
from bridge.calllog.timeline import line_of, sentence, timeline
from bridge.vocabulary import CallId
from tests.storage_samples import START

CALL = CallId("call-1")


def _stored(*happened: tuple[float, EventKind, dict[str, Scalar]]) -> list[StoredEvent]:
    return [
        StoredEvent(seq, Event(CALL, kind, START + timedelta(seconds=after), None, data))
        for seq, (after, kind, data) in enumerate(happened, 1)
    ]


def test_who_is_rung_alone_is_named_with_the_reason() -> None:
    looked: dict[str, Scalar] = {"candidates": 1, "skipped": 0, "interpreter": 17}
    events = _stored(
        (0, EventKind.RANKED, {**looked, "reason": "booked"}),
        (1, EventKind.RANKED, {**looked, "reason": "same_again"}),
    )
    assert timeline(events) == [
        "    0.000 s  1 interpreter may be rung, none passed over. "
        "Interpreter 17 comes first: the call was booked with them.",
        "    1.000 s  1 interpreter may be rung, none passed over. "
        "Interpreter 17 comes first: the technician was just cut off from them.",
    ]


def test_a_call_reads_like_a_story() -> None:
    events = _stored(
        (0, EventKind.CALL_ANSWERED, {"line": "218106191"}),
        (9.5, EventKind.IDENTIFIED, {"agency": 3, "technician": 4}),
        (20, EventKind.REQUESTED, {"language": "uk", "migrant": "ring"}),
        (20.001, EventKind.RANKED, {"candidates": 4, "skipped": 1, "trace": "{}"}),
        (20.002, EventKind.OFFERED, {"interpreter": 17}),
        (24, EventKind.OFFER_UNANSWERED, {"interpreter": 17, "reason": "no_answer"}),
        (31.25, EventKind.OFFER_ACCEPTED, {"interpreter": 5}),
        (31.29, EventKind.ROOM_ENTERED, {"role": "technician"}),
        (95, EventKind.LEG_ENDED, {"role": "migrant", "ending": "hung_up"}),
        (100, EventKind.CALL_ENDED, {"outcome": "interpreted"}),
    )
    assert timeline(events) == [
        "    0.000 s  The call was answered on line 218106191.",
        "    9.500 s  Technician 4 of agency 3 was recognised.",
        "   20.000 s  An interpreter of “uk” was asked for; the migrant is to be rung.",
        "   20.001 s  4 interpreters may be rung, 1 passed over.",
        "   20.002 s  Interpreter 17 is being rung.",
        "   24.000 s  Interpreter 17 did not take the offer: no answer.",
        "   31.250 s  Interpreter 5 accepted.",
        "   31.290 s  The technician is in the room.",
        "   95.000 s  The migrant's connection ended: hung up.",
        "  100.000 s  The call ended: interpreted.",
    ]


def test_no_events_no_lines() -> None:
    assert timeline([]) == []


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_has_a_sentence_even_without_its_data(kind: EventKind) -> None:
    said = sentence(Event(CALL, kind, START))
    assert said[0].isupper()
    assert said.endswith(".")
    assert "{" not in said


@given(
    st.sampled_from(EventKind),
    st.dictionaries(
        st.sampled_from(
            ["line", "interpreter", "reason", "role", "ending", "outcome", "what", "migrant"]
        ),
        st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()),
    ),
)
def test_hostile_values_stay_on_one_short_printable_line(
    kind: EventKind, data: dict[str, Scalar]
) -> None:
    line = line_of(StoredEvent(1, Event(CALL, kind, START, None, data)), START)
    assert line.isprintable()
    assert len(line) < 400
