# SPDX-License-Identifier: EUPL-1.2
"""Migrants who ask for an operator: who comes for which language, and what is said if nobody is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.callers.keys import CallerKeys
from bridge.callers.store import remember_language
from bridge.calllog.model import EventKind
from bridge.vocabulary import LanguageTag, PhoneNumber
from tests.storage_samples import PEPPER
from tests.unit.conference.at_a_line import (
    MIGRANT,
    OPERATOR,
    STAYS,
    at,
    on_duty,
    rings,
    said,
)
from tests.unit.conference.world import UKRAINIAN, World

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


async def test_an_open_line_without_an_operator_says_so_and_never_when_it_opens() -> None:
    async with at() as w:
        remembered(w, UKRAINIAN)
        line = rings(w, "2")
        asked = await w.event(EventKind.NOBODY_ON_DUTY)
        assert asked.data == {"language": "uk"}
        await w.until(lambda: said(w, line).count("uk/menu-hours") == 2)
        told = said(w, line).index("uk/line-nobody-on-duty")
        assert said(w, line)[told + 1 : told + 3] == ["uk/line-ring-later", "uk/menu-hours"]
        await w.until(lambda: line.ended, 600)
        assert said(w, line)[-1] == "uk/goodbye"
        assert not {"uk/line-opens", "uk/line-call-back-offer"} & set(said(w, line))
        assert EventKind.CLOSED_TOLD not in w.kinds()


async def test_a_line_that_closes_before_an_operator_is_asked_for_says_when_it_opens() -> None:
    just_open = datetime(2026, 11, 23, 19, 59, 55, tzinfo=UTC)
    async with at(just_open) as w:
        remembered(w, UKRAINIAN)
        line = rings(w, "2", "1", pause=8.0)
        told = await w.event(EventKind.CLOSED_TOLD)
        assert told.data == {"place": "lam", "opens_at": "2026-11-24T09:00:00+00:00"}
        assert EventKind.NOBODY_ON_DUTY not in w.kinds()
        await w.event(EventKind.OPENING_CALL_BACK_PROMISED)
        await w.until(lambda: line.ended)
        assert "uk/line-closed" in said(w, line)
