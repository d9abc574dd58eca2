# SPDX-License-Identifier: EUPL-1.2
"""Policies by name: what an installation may choose and set."""

from __future__ import annotations

import pytest

from bridge.roster.policies import POLICIES, Facts, policy_named
from bridge.roster.waves import BUSY

SPEAKS_A_RARE_ONE = Facts(
    interpreter=1,
    level=0,
    below=0,
    unmet=0,
    same_again=0,
    preferred=0,
    scarcity=0.08,
    share=0.5,
    chance=0.8,
    last_call_ended=0.0,
    idle_since=0.0,
)
HAD_MUCH = SPEAKS_A_RARE_ONE._replace(interpreter=2, scarcity=0.0, share=1.5)


@pytest.mark.parametrize("name", POLICIES)
def test_without_a_weight_it_is_the_policy_itself(name: str) -> None:
    assert policy_named(name) is POLICIES[name]


def test_the_weight_of_fairness_says_who_is_rung_first() -> None:
    scarce, even = (policy_named("default", fairness=weight) for weight in (0.02, 0.2))
    assert scarce.score(HAD_MUCH) < scarce.score(SPEAKS_A_RARE_ONE)
    assert even.score(SPEAKS_A_RARE_ONE) < even.score(HAD_MUCH)
    assert even.name == "default"


def test_other_policies_know_no_weight() -> None:
    assert policy_named("leastrecent", fairness=0.2) is POLICIES["leastrecent"]


@pytest.mark.parametrize("name", POLICIES)
def test_at_any_load_it_is_the_same_policy_with_the_same_order(name: str) -> None:
    policy = POLICIES[name]
    busy = policy.at_load(BUSY)
    assert (busy.name, busy.overlap_after) == (name, policy.overlap_after)
    for facts in (SPEAKS_A_RARE_ONE, HAD_MUCH):
        assert busy.score(facts) == policy.score(facts)
    assert busy.at_load(0.0) == policy


def test_a_weight_set_is_kept_at_any_load() -> None:
    policy = policy_named("default", fairness=0.2)
    assert policy.at_load(BUSY).score(HAD_MUCH) == policy.score(HAD_MUCH)


def test_a_name_that_none_has_is_refused() -> None:
    with pytest.raises(KeyError):
        policy_named("favourites")
