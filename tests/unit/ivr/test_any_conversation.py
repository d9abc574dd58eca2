# SPDX-License-Identifier: EUPL-1.2
"""A state machine that holds any conversation with any script, keyed by hypothesis.

`test_script_paths` walks every place of every script, with a fixed list of what can be heard. Here
what is heard is anything at all: keys of any length and any characters, at any moment.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.ivr.script import (
    ALL_KEYS,
    Answer,
    Ask,
    Consult,
    Finish,
    Heard,
    HungUp,
    Keys,
    Notice,
    Said,
    Say,
    Script,
    Silence,
    Step,
    Wait,
    prompt_of,
)
from bridge.prompts.catalogue import load_catalogue
from tests.unit.ivr.every_script import ANSWERS, HEARD, SCRIPTS

CATALOGUE = load_catalogue()
LONGEST = 2_000
"""More turns than any conversation may have."""
NOTICES = [one for one in HEARD if isinstance(one, Notice)]


class AnyConversation(RuleBasedStateMachine):
    """One script on one leg."""

    script: Script[Any]
    state: Any
    step: Step

    @initialize(name=st.sampled_from(sorted(SCRIPTS)))
    def begin(self, name: str) -> None:
        """Somebody rings, or is rung."""
        self.script = SCRIPTS[name]
        self.state, self.step = self.script.start()

    @precondition(lambda self: isinstance(self.step, Say | Ask | Wait))
    @rule(digits=st.one_of(st.text(ALL_KEYS, max_size=40), st.text(max_size=400)))
    def keys(self, digits: str) -> None:
        """Keys, as no telephone would send them."""
        self._hear(Keys(digits))

    @precondition(lambda self: isinstance(self.step, Say | Ask | Wait))
    @rule(key=st.sampled_from(ALL_KEYS))
    def key(self, key: str) -> None:
        """One key, as a telephone sends it."""
        self._hear(Keys(key))

    @precondition(lambda self: isinstance(self.step, Say | Ask | Wait))
    @rule()
    def silence(self) -> None:
        """Nobody keys anything."""
        self._hear(Said() if isinstance(self.step, Say) else Silence())

    @precondition(lambda self: isinstance(self.step, Wait))
    @rule(notice=st.sampled_from(NOTICES))
    def notice(self, notice: Notice) -> None:
        """The application has something to tell."""
        self._hear(notice)

    @precondition(lambda self: isinstance(self.step, Consult))
    @rule(answer=st.sampled_from(ANSWERS))
    def answer(self, answer: object) -> None:
        """The application answers, perhaps another question."""
        self._hear(Answer(answer))

    @rule()
    def hang_up(self) -> None:
        """The person is gone: it ends at once, whatever the script was doing."""
        _, step = self.script.hear(self.state, HungUp())
        assert isinstance(step, Finish)

    @rule()
    def patience(self) -> None:
        """Whoever does nothing any more comes to an end that was spoken."""
        state, step, spoken = self.state, self.step, False
        for _ in range(LONGEST):
            match step:
                case Finish():
                    assert spoken or isinstance(self.step, Finish | Consult)
                    return
                case Say():
                    spoken = True
                    state, step = self.script.hear(state, Said())
                case Consult():
                    state, step = self.script.hear(state, Answer(None))
                case _:
                    spoken = spoken or bool(isinstance(step, Ask) and step.prompts)
                    state, step = self.script.hear(state, Silence())
        raise AssertionError("waiting leads nowhere")

    @invariant()
    def says_what_can_be_said(self) -> None:
        """Every prompt is in the catalogue, in the language in which it is said."""
        if isinstance(self.step, Say | Ask):
            for prompt in self.step.prompts:
                assert prompt_of(prompt, self.step.language) in CATALOGUE

    def _hear(self, heard: Heard) -> None:
        self.state, self.step = self.script.hear(self.state, heard)


TestAnyConversation = AnyConversation.TestCase
TestAnyConversation.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestAnyConversation.pytestmark = [pytest.mark.thorough]  # type: ignore[attr-defined]
