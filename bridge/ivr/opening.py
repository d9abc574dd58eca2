# SPDX-License-Identifier: EUPL-1.2
"""The script for whoever is rung when the line opens, because they asked for it out of hours, or
when an operator is there, for whom they asked in vain.
"""

from __future__ import annotations

from bridge.ivr.migrant import MigrantScript
from bridge.vocabulary import Role

_GREETINGS = {
    Role.MIGRANT: "opening-migrant",
    Role.TECHNICIAN: "opening-technician",
    Role.INTERPRETER: "opening-technician",
}


def opening_script(languages: tuple[str, ...], role: Role) -> MigrantScript:
    """Say who rings and why, in these prompt languages in turn, and ask for any key.

    `role` is migrant, technician or interpreter. No voicemail ever gets any further. Outcomes:
    `Confirmed`, `NoKey`, `Gone`.
    """
    return MigrantScript(languages, greeting=(_GREETINGS[role],))
