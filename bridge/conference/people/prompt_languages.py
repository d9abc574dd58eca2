# SPDX-License-Identifier: EUPL-1.2
"""Which prompt languages the people of one call are spoken to in: decided here, for every script.

Pure. A technician chose nothing: it is their agency's. Interpreters and operators work in
Portuguese. A migrant's follow from the language that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.conference.record import CallRecord
from bridge.vocabulary import LegId, Role

WORKING_LANGUAGE = "pt"
"""Of interpreters and operators; also for whoever is not known."""
MigrantLanguages = Callable[[str], tuple[str, ...]]
"""The prompt languages in which to speak to a speaker of a language; of any, for an empty tag."""


def prompt_languages(
    record: CallRecord, role: Role, migrant_languages: MigrantLanguages
) -> tuple[str, ...]:
    """The languages for somebody of this role in the call, to be taken in turn; at least one."""
    asked = "" if record.request is None else record.request.language
    match role:
        case Role.TECHNICIAN:
            return (WORKING_LANGUAGE if record.agency is None else record.agency.prompt_language,)
        case Role.MIGRANT:
            return migrant_languages(asked)
        case Role.GUEST:
            # A doctor or a relative: nobody knows which of the two.
            return tuple(dict.fromkeys((WORKING_LANGUAGE, *migrant_languages(asked))))
        case Role.INTERPRETER | Role.OPERATOR:
            return (WORKING_LANGUAGE,)


def languages_of_leg(
    record: CallRecord, leg: LegId, migrant_languages: MigrantLanguages
) -> tuple[str, ...]:
    """The languages for whoever is on a leg of the call."""
    found = record.legs.get(leg)
    if found is None:
        return (WORKING_LANGUAGE,)
    return prompt_languages(record, found.role, migrant_languages)
