# SPDX-License-Identifier: EUPL-1.2
"""Which number a migrant is to ring who dials in: one that every telephone can ring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.callers.keys import CallerKeys
from bridge.conversations.technician_answers import AnswerTools, TechnicianAnswers
from bridge.hours.directory import Directory
from bridge.ivr.technician.request import DialInCode, ReserveDialIn
from bridge.prompts.catalogue import spell
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import PhoneNumber, Role, new_leg_id
from tests.storage_samples import PEPPER, quick_hasher
from tests.unit.conference.world import (
    AGENCY_CODE,
    LINE,
    PIN,
    TECHNICIAN,
    World,
    always_open,
    world,
)

pytestmark = pytest.mark.looptime

FROM_LANDLINES = "+351808257257"
FROM_ANYWHERE = "218106191"


@pytest.mark.parametrize("rung", [FROM_LANDLINES, "808257257", LINE])
async def test_whichever_number_the_technician_rang_it_is_the_one_for_mobiles_too(
    rung: str,
) -> None:
    async def keys(line: SimulatedLine) -> None:
        for entry in (AGENCY_CODE + PIN, "33", "1", "3"):
            await line.wait(1.0)
            await line.key(entry)

    async with world() as w:
        technician = w.switch.call(TECHNICIAN, rung, keys)
        heard = w.switch.spoken
        await w.until(lambda: "pt/dial-in-keys" in heard.get(technician.leg, []))
        told = heard[technician.leg]
        first = told.index("pt/dial-in-number-is") + 1
        assert told[first : first + 9] == [f"pt/{digit}" for digit in spell(FROM_ANYWHERE)]


async def number_told(w: World, directory: Directory, rung: str) -> str:
    """What a technician is told who rang this number of an installation."""
    call = await w.calls.open_call(new_leg_id(Role.TECHNICIAN), rung, PhoneNumber(TECHNICIAN))
    tools = AnswerTools(w.database, w.clock, quick_hasher(), w.calls.queue, CallerKeys(PEPPER))
    answer = await TechnicianAnswers(tools, call, directory).consult(ReserveDialIn())
    assert isinstance(answer, DialInCode)
    return answer.number


async def test_each_line_has_its_own_and_what_no_line_has_is_told_as_it_was_rung() -> None:
    ours = always_open()
    other = replace(
        ours.lines[0],
        key="other",
        numbers=(PhoneNumber("+34910000001"),),
        from_anywhere=PhoneNumber("+34910000001"),
    )
    directory = replace(ours, lines=(*ours.lines, other))
    async with world() as w:
        assert await number_told(w, directory, "+34910000001") == "0034910000001"
        assert await number_told(w, directory, FROM_LANDLINES) == FROM_ANYWHERE
        assert await number_told(w, directory, "+351210000077") == "210000077"
        assert await number_told(w, directory, "unknown") == ""
