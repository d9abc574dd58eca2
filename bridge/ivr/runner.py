# SPDX-License-Identifier: EUPL-1.2
"""Runs a script over a leg: performs its turns, consults the application, and tells it the result.

The scripts are pure and know nothing of this; a carrier's `Conversation` knows nothing of scripts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bridge.ivr.script import (
    Answer,
    Consult,
    Finish,
    Heard,
    HungUp,
    Notice,
    Script,
    Silence,
    Taken,
    Turn,
    Wait,
)
from bridge.telephony.switch import Conversation

S = TypeVar("S")

ConsultHandler = Callable[[object], Awaitable[object]]
"""Answers the question of a `Consult`."""


class ScriptRun(Generic[S]):
    """One script on one leg, from its start to its outcome. Used once."""

    def __init__(
        self, script: Script[S], conversation: Conversation, consult: ConsultHandler
    ) -> None:
        self._script = script
        self._conversation = conversation
        self._consult = consult
        self._notices: deque[object] = deque(maxlen=1)
        self._stirs = False
        """Whether the person hears music that a notice ends."""

    def notify(self, value: object) -> None:
        """Tell a person who waits how things stand: now, or as soon as the script lets it be told.

        What was not told yet gives way to what is newer, for it is true no more; told once, and
        never lost while the script runs, whatever it is doing. Without effect once it is over.
        """
        self._notices.append(value)
        if self._stirs:
            self._conversation.interrupt()

    async def run(self) -> object:
        """Run to the end and return the script's outcome, or `Taken` when the leg was moved.

        A hang-up or a move during a `Consult` is noticed at the next turn. An error of the
        consult handler is not caught: the carrier's floor under the leg takes over.
        """
        state, step = self._script.start()
        while not isinstance(step, Finish):
            heard = await self._take(step)
            if isinstance(heard, Taken):
                return heard
            was_gone = isinstance(heard, HungUp)
            state, step = self._script.hear(state, heard)
            if was_gone and not isinstance(step, Finish):
                raise RuntimeError(f"{type(self._script).__name__} goes on after a hang-up")
        return step.outcome

    async def _take(self, step: Turn | Consult) -> Heard | Taken:
        if isinstance(step, Consult):
            return Answer(await self._consult(step.question))
        if not isinstance(step, Wait):
            return await self._conversation.perform(step)
        if self._notices and step.at_once:
            return Notice(self._notices.popleft())
        self._stirs = step.at_once
        try:
            heard = await self._conversation.perform(step)
        finally:
            self._stirs = False
        if isinstance(heard, Silence) and self._notices:
            return Notice(self._notices.popleft())
        return heard


async def run(
    script: Script[S], conversation: Conversation, consult: ConsultHandler | None = None
) -> object:
    """Run a script that needs no notices. See `ScriptRun.run`.

    Without `consult`, the script must be one that consults nobody.
    """
    return await ScriptRun(script, conversation, consult or _nobody).run()


async def _nobody(question: object) -> object:
    raise TypeError(f"nobody answers {type(question).__name__} here")
