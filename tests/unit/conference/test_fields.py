# SPDX-License-Identifier: EUPL-1.2
"""Whole calls in which an agency wants a single digit keyed."""

from __future__ import annotations

import pytest

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyField, FieldName
from bridge.calllog.model import EventKind
from bridge.vocabulary import AgencyId
from tests.unit.conference.at_a_line import at, said
from tests.unit.conference.world import AGENCY_CODE, PIN

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize(
    ("keyed", "happens", "heard"),
    [
        ("0#", EventKind.REQUESTED, "pt/job-number-is"),
        ("0", EventKind.PUT_THROUGH, "pt/putting-through"),
    ],
)
async def test_a_zero_is_an_entry_with_the_hash_key_and_a_person_without(
    keyed: str, happens: EventKind, heard: str, most: int
) -> None:
    async with at(operator_on_duty=True) as w:
        wanted = (AgencyField(FieldName.DEPARTMENT, 1, most),)
        w.database.run_now(lambda conn: agencies.set_fields(conn, AgencyId(1), wanted))
        technician = w.technician(AGENCY_CODE + PIN, "33", "1", "1", keyed)
        await w.event(happens)
        await w.until(lambda: heard in said(w, technician))
        both = {EventKind.REQUESTED, EventKind.PUT_THROUGH}
        assert both & set(w.kinds()) == {happens}
