# SPDX-License-Identifier: EUPL-1.2
"""Migrants who ask for an operator: who comes for which language, and what is said if nobody is."""

from __future__ import annotations

import pytest

from bridge.callers.keys import CallerKeys
from bridge.callers.store import remember_language
from bridge.calllog.model import EventKind
from bridge.vocabulary import LanguageTag, PhoneNumber
from tests.storage_samples import PEPPER
from tests.unit.conference.test_at_the_line import (
    MIGRANT,
    OPERATOR,
    STAYS,
    at,
    on_duty,
    rings,
    said,
)
from tests.unit.conference.world import World

pytestmark = pytest.mark.looptime

ROMANIAN, MOLDOVAN = LanguageTag("ro"), LanguageTag("ro-MD")


def remembered(w: World, language: LanguageTag) -> None:
    """The migrant has rung before, and is greeted in this language."""
    key, at = CallerKeys(PEPPER).caller(PhoneNumber(MIGRANT)), w.clock.now()
    w.database.run_now(lambda conn: remember_language(conn, key, language, at))


@pytest.mark.parametrize("speaks", [ROMANIAN, MOLDOVAN])
@pytest.mark.parametrize("chosen", [ROMANIAN, MOLDOVAN])
async def test_romanian_and_moldovan_are_one_language_between_caller_and_operator(
    speaks: LanguageTag, chosen: LanguageTag
) -> None:
    async with at() as w:
        on_duty(w, speaks)
        w.telephone(OPERATOR, STAYS)
        remembered(w, chosen)
        line = rings(w, "2")
        wanted = await w.event(EventKind.OPERATOR_WANTED)
        assert wanted.data == {"language": chosen, "interpreter": False}
        await w.until(lambda: len(w.switch.others_in_room(line.leg)) == 1)
        assert "ro/operator-soon" in said(w, line)
