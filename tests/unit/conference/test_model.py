# SPDX-License-Identifier: EUPL-1.2
"""The transition table: no order of triggers wedges a call or brings it back from its end."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.conference.model import (
    TERMINAL,
    TRANSITIONS,
    CallState,
    Outcome,
    Progress,
    Trigger,
    advance,
    outcome_of,
    transition,
)

triggers = st.lists(st.sampled_from(Trigger), max_size=30)


def after(order: list[Trigger]) -> Progress:
    """The progress after triggers in this order, the late ones refused."""
    progress = Progress()
    for trigger in order:
        progress = advance(progress, trigger) or progress
    return progress


def test_every_trigger_has_its_sources() -> None:
    assert set(TRANSITIONS) == set(Trigger)


@given(triggers)
def test_nothing_leaves_an_end(order: list[Trigger]) -> None:
    progress = after(order)
    if progress.state in TERMINAL:
        assert all(advance(progress, trigger) is None for trigger in Trigger)


@given(triggers)
def test_every_open_call_can_be_closed_and_lost(order: list[Trigger]) -> None:
    progress = after(order)
    if progress.state not in TERMINAL:
        assert transition(progress.state, Trigger.CLOSE) is CallState.CLOSED
        assert transition(progress.state, Trigger.LOSE) is CallState.LOST


@given(triggers)
@example([Trigger.OPERATOR, Trigger.THREE_WAY, Trigger.ACCEPT, Trigger.JOIN])
@example([Trigger.OPERATOR, Trigger.JOIN, Trigger.INTERPRETER_LOST, Trigger.ACCEPT])
def test_an_interpreted_call_had_a_request_an_acceptance_and_a_join(order: list[Trigger]) -> None:
    progress = after([*order, Trigger.CLOSE])
    if outcome_of(progress) is Outcome.INTERPRETED:
        happened = iter(order)
        for wanted in (
            {Trigger.REQUEST, Trigger.THREE_WAY},
            {Trigger.ACCEPT},
            {Trigger.JOIN},
        ):
            assert any(trigger in wanted for trigger in happened)


@given(triggers)
def test_nobody_talks_without_an_acceptance_in_force(order: list[Trigger]) -> None:
    progress = Progress()
    accepted = False
    for trigger in order:
        moved = advance(progress, trigger)
        if moved is None:
            continue
        if trigger in (Trigger.ACCEPT, Trigger.OPERATOR):
            accepted = True
        elif trigger is Trigger.INTERPRETER_LOST:
            accepted = False
        if moved.state is CallState.TALKING:
            assert accepted
        progress = moved


@given(triggers)
def test_a_call_by_operator_never_counts_as_interpreted(order: list[Trigger]) -> None:
    progress = after([*order, Trigger.CLOSE])
    if progress.direct:
        assert outcome_of(progress) is not Outcome.INTERPRETED
    else:
        assert outcome_of(progress) is not Outcome.BY_OPERATOR


CAME_BACK = [Trigger.PUT_THROUGH, Trigger.COME_BACK, Trigger.MOVE_OVER]
"""Nobody answered whom they were put through to; then they keyed the code of another call."""


@given(triggers)
@example([Trigger.REQUEST, *CAME_BACK])
@example([Trigger.REQUEST, Trigger.ACCEPT, Trigger.JOIN, Trigger.INTERPRETER_LOST, *CAME_BACK])
def test_who_goes_over_to_another_call_never_talked_in_this_one(order: list[Trigger]) -> None:
    progress = after(order)
    if outcome_of(progress) is Outcome.JOINED:
        assert progress.state is CallState.CLOSED
        assert not progress.talked


def test_outcomes_of_migrants_who_ring() -> None:
    assert outcome_of(after([Trigger.MOVE_OVER])) is Outcome.JOINED
    by_operator = [Trigger.OPERATOR, Trigger.JOIN, Trigger.PART, Trigger.CLOSE]
    assert outcome_of(after(by_operator)) is Outcome.BY_OPERATOR
    assert outcome_of(after([Trigger.OPERATOR, Trigger.CLOSE])) is Outcome.ABANDONED


def test_outcomes_of_the_short_calls() -> None:
    assert outcome_of(after([Trigger.CLOSE])) is Outcome.NOT_REQUESTED
    assert outcome_of(after([Trigger.REQUEST, Trigger.CLOSE])) is Outcome.ABANDONED
    exhausted = [Trigger.REQUEST, Trigger.EXHAUST, Trigger.CLOSE]
    assert outcome_of(after(exhausted)) is Outcome.UNFILLED
    failed = Progress(identification_failed=True)
    assert outcome_of(failed) is Outcome.NOT_IDENTIFIED
