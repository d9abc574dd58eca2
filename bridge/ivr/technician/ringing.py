# SPDX-License-Identifier: EUPL-1.2
"""The part of a technician's conversation while interpreters are rung: music, and honest words.

It ends from outside: the leg is taken into the room, or nobody is free and `NobodyFree` goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.ivr.script import Heard, Keys, Say, Silence, Step, Wait
from bridge.ivr.technician.ends import Elsewhere, Ends
from bridge.ivr.technician.request import PersonReason
from bridge.ivr.technician.states import RingingState, Telling, Waiting
from bridge.prompts.catalogue import spell

Move = tuple[RingingState, Step] | Elsewhere


@dataclass(frozen=True, slots=True)
class WhileRinging:
    """Waiting for an interpreter. Outcomes: `ToOperator`, `GivenUp`, `OperatorPromised`."""

    ends: Ends
    slice_seconds: float
    """Music between two words."""
    most_slices: int
    most_strays: int
    """Keys without meaning."""

    def tell(self, state: Telling, *prompts: str) -> Move:
        """Say these words; music follows."""
        return state, Say((*prompts, *self.ends.person_key), self.ends.language)

    def wait(self, state: Telling) -> Move:
        """Music."""
        waiting = Waiting(state.job, state.slices, state.strays, state.dial_in_code)
        return waiting, Wait(self.slice_seconds)

    def hear(self, state: RingingState, heard: Heard) -> Move:
        """Go on from what was heard, which is neither a hang-up nor that nobody is free."""
        match heard:
            case Keys("0"):
                return self.ends.asked(state)
            case Keys():
                return self._stray(state)
            case _ if isinstance(state, Telling):
                return self.wait(state)
            case Silence() if state.slices + 1 >= self.most_slices:
                return self.ends.to_person(PersonReason.WAITED_TOO_LONG, "waited-too-long")
            case Silence():
                telling = _telling(state)
                return self.tell(replace(telling, slices=state.slices + 1), "still-ringing")
            case _:
                return self._stray(state)

    def without_person(self, state: RingingState, lead: tuple[str, ...]) -> Move:
        """Go on waiting after these words, for whoever asked for a person in vain."""
        if state.strays + 1 >= self.most_strays:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD, *lead)
        telling = replace(_telling(state), strays=state.strays + 1)
        return self.tell(telling, *lead, "still-ringing")

    def _stray(self, state: RingingState) -> Move:
        """A key that means nothing now repeats what the technician may want to know."""
        if state.strays + 1 >= self.most_strays:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD)
        telling = replace(_telling(state), strays=state.strays + 1)
        if isinstance(state, Telling):
            return self.wait(telling)
        code = state.dial_in_code
        dial_in = () if code is None else ("dial-in-code-is", *spell(code))
        job = ("job-number-is", *spell(state.job.digits))
        return self.tell(telling, "still-ringing", *job, *dial_in)


def _telling(state: RingingState) -> Telling:
    return Telling(state.job, state.slices, state.strays, state.dial_in_code)
