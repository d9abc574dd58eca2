# SPDX-License-Identifier: EUPL-1.2
"""The script for an interpreter or a migrant who is rung again because the connection was lost.

It is the migrant's script with other words: any key brings the person back, a voicemail never.
(A technician is told more, and may say no: see `callback.py`.)
"""

from __future__ import annotations

from bridge.ivr.migrant import MigrantScript


def rejoin_script(languages: tuple[str, ...], plays: int = 3) -> MigrantScript:
    """Says that the connection was lost and asks for any key.

    `languages` are taken in turn: `Catalogue.spoken_to_migrant` for a migrant, the interpreter's
    prompt language alone for an interpreter. Outcomes: `Confirmed`, `NoKey`, `Gone`.
    """
    return MigrantScript(languages, plays, greeting=("rejoin",))
