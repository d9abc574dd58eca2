# SPDX-License-Identifier: EUPL-1.2
"""A conversation with a script, told in the order in which it happens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Generic, TypeVar

from bridge.ivr.script import Answer, Ask, Consult, Finish, Heard, Keys, Say, Script, Step

S = TypeVar("S")
LAST_KEY_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Talk(Generic[S]):
    """Drives a script and remembers where it stands."""

    def __init__(self, script: Script[S]) -> None:
        self.script = script
        self.state, self.step = script.start()

    def hear(self, *heard: Heard) -> Step:
        """Let the script hear these, one after the other; the step it then asks for."""
        for one in heard:
            assert not isinstance(self.step, Finish), "the script is over"
            self.state, self.step = self.script.hear(self.state, one)
        return self.step

    def key(self, *entries: str) -> Step:
        """Key these entries, one for each question."""
        return self.hear(*(Keys(entry, LAST_KEY_AT) for entry in entries))

    def answer(self, value: object) -> Step:
        """Answer the question the script has put to the application."""
        assert isinstance(self.step, Consult)
        return self.hear(Answer(value))

    def prompts(self) -> tuple[str, ...]:
        """What is being said now."""
        assert isinstance(self.step, Say | Ask)
        return self.step.prompts

    def prompts_or_none(self) -> tuple[str, ...] | None:
        """What is being said now, if anything is."""
        return self.step.prompts if isinstance(self.step, Say | Ask) else None

    def question(self) -> object:
        """What the application is being asked now."""
        assert isinstance(self.step, Consult)
        return self.step.question

    def outcome(self) -> object:
        """How it ended."""
        assert isinstance(self.step, Finish)
        return self.step.outcome
