# SPDX-License-Identifier: EUPL-1.2
"""When somebody whom a call rang in vain may be rung for it once more. Pure.

Whoever did not answer was away from the telephone and may be back in a moment; whoever pressed 2
could not take a call just then. While the caller still waits and nobody else can be found, it is
worth asking again, as a person at a switchboard would: after a pause, so that no telephone rings on
and on, longer each time, and a refusal is taken seriously by a longer pause and a last question.

The rules of who may be rung hold all the same: three unanswered offers in a row, whichever calls
they are of, make somebody "not answering".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

UNANSWERED_PAUSE = 20.0
"""Seconds after the first unanswered ring of a call; twice as many after each further one."""
MOST_UNANSWERED = 5
"""After so many unanswered rings of one call, it does not ring the same person again."""
NOT_REACHED = frozenset({"failed", "unreachable"})
"""Endings (`telephony.switch.Ending`) of a ring that reached no telephone. It was no try: how long
nobody rings them then, for whatever call, is the rule of `Standing.unreached`."""
REFUSED_PAUSE = 120.0
"""Seconds after a refusal."""
MOST_REFUSED = 2
"""After so many refusals of one call, it does not ring the same person again."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What became of the offers that one call made to one interpreter."""

    unanswered: int = 0
    refused: int = 0

    def one_more(self, *, refused: bool) -> Tries:
        """After one more offer that was refused, or else left unanswered."""
        if refused:
            return replace(self, refused=self.refused + 1)
        return replace(self, unanswered=self.unanswered + 1)

    def again_after(self, *, refused: bool) -> float | None:
        """Seconds until they may be rung again, counted from the last offer's end.

        `refused` says how that ended. `None`: not any more for this call.
        """
        if self.refused >= MOST_REFUSED or self.unanswered >= MOST_UNANSWERED:
            return None
        if refused:
            return REFUSED_PAUSE
        return float(UNANSWERED_PAUSE * 2 ** max(self.unanswered - 1, 0))
