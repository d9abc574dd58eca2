# SPDX-License-Identifier: EUPL-1.2
"""A technician who knows the keys: all of them are keyed at once, before anything is heard."""

from __future__ import annotations

import pytest

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyField, FieldName
from bridge.calllog.model import EventKind
from bridge.conference.fields_store import fields_of
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import AgencyId, PhoneNumber
from lab.phones import Answers, Voicemail
from tests.unit.conference.world import (
    AGENCY_CODE,
    LINE,
    PIN,
    TECHNICIAN,
    UKRAINIAN,
    World,
    world,
)

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
AGENCY = AgencyId(1)
MIGRANT = "912000099"
KEY_SECONDS = 0.1
"""How long a key takes on the simulated switch."""
ONE_BREATH = PIN + "33" + "1" + "1"


def known(w: World) -> None:
    """The agency is known by the number that its technician rings from."""
    w.database.run_now(lambda conn: agencies.add_number(conn, PhoneNumber(TECHNICIAN), AGENCY))


def keys_at_once(w: World, keys: str) -> SimulatedLine:
    """A technician who rings the line and keys everything without a pause."""

    async def ring(line: SimulatedLine) -> None:
        await line.key(keys)

    return w.switch.call(TECHNICIAN, LINE, ring)


async def forced_wait(w: World, keys: str) -> float:
    """Seconds from the answer to the complete request, but for those in which keys were pressed."""
    asked = await w.event(EventKind.REQUESTED)
    passed = asked.at - (await w.event(EventKind.CALL_ANSWERED)).at
    return round(passed.total_seconds() - KEY_SECONDS * (len(keys) - 1), 6)


async def test_ten_keys_make_a_request_and_nothing_is_waited_for() -> None:
    async with world() as w:
        known(w)
        w.interpreter(ACCEPTS)
        assert len(ONE_BREATH) == 10
        keys_at_once(w, ONE_BREATH)
        assert await forced_wait(w, ONE_BREATH) == 0.0
        await w.event(EventKind.ROOM_COMPLETE)


async def test_an_agency_s_fields_cost_their_keys_and_no_pause() -> None:
    async with world() as w:
        known(w)
        fields = (
            AgencyField(FieldName.DEPARTMENT, 4, 4),
            AgencyField(FieldName.PROCESS_NUMBER, 3, 9),
        )
        w.database.run_now(lambda conn: agencies.set_fields(conn, AGENCY, fields))
        keys = ONE_BREATH + "4711" + "55667#"
        keys_at_once(w, keys)
        # The hash key that ends a number of any length is the last one.
        assert await forced_wait(w, keys) == 0.0
        call = w.call_ids()[0]
        found = w.database.run_now(lambda conn: fields_of(conn, call))
        assert found == {FieldName.DEPARTMENT: "4711", FieldName.PROCESS_NUMBER: "55667"}


async def test_who_keys_all_ten_digits_of_the_codes_as_elsewhere_waits_for_nothing_either() -> None:
    async with world() as w:
        known(w)
        keys = AGENCY_CODE + ONE_BREATH
        keys_at_once(w, keys)
        assert await forced_wait(w, keys) == 0.0


async def test_from_a_number_that_nobody_knows_the_agency_s_code_is_keyed_before() -> None:
    async with world() as w:
        keys = AGENCY_CODE + ONE_BREATH
        keys_at_once(w, keys)
        assert await forced_wait(w, keys) == 0.0


@pytest.mark.parametrize(("key", "left"), [("1", True), ("2", False)])
async def test_a_voicemail_is_left_a_message_only_when_the_technician_agreed(
    key: str, left: bool
) -> None:
    async with world() as w:
        known(w)
        w.interpreter(ACCEPTS)
        w.telephone(f"+351{MIGRANT}", Voicemail(after_seconds=2, stays_seconds=120))
        keys = PIN + "33" + "1" + "2" + f"{MIGRANT}#" + "1" + key
        keys_at_once(w, keys)
        assert await forced_wait(w, keys) == 0.0
        await w.event(EventKind.MIGRANT_UNREACHED)
        assert (EventKind.VOICEMAIL_LEFT in w.kinds()) is left


async def test_one_key_names_the_language_that_the_agency_asks_most() -> None:
    async with world() as w:
        known(w)
        w.database.run_now(lambda conn: agencies.set_favourites(conn, AGENCY, [UKRAINIAN]))
        keys = PIN + "1#" + "1" + "1"
        keys_at_once(w, keys)
        assert await forced_wait(w, keys) == 0.0
        asked = await w.event(EventKind.REQUESTED)
        assert (asked.data["language"], asked.data["named"]) == ("uk", "favourite")


async def test_a_migrant_joins_with_the_code_that_the_technician_was_told() -> None:
    async with world() as w:
        known(w)
        w.interpreter(ACCEPTS)
        technician = keys_at_once(w, PIN + "33" + "1" + "3")
        spoken = w.switch.spoken
        await w.until(lambda: "pt/dial-in-keys" in spoken.get(technician.leg, []))
        told = spoken[technician.leg]
        first = told.index("pt/dial-in-code-is")
        digits = [one.removeprefix("pt/digit-") for one in told[first : first + 8]]
        code = "".join(digit for digit in digits if digit.isdigit())
        assert len(code) == 6
        await technician.key("1")

        async def dial_in(line: SimulatedLine) -> None:
            await line.key(f"*{code}")

        migrant = w.switch.call(f"+351{MIGRANT}", LINE, dial_in)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(migrant.leg)) == 2
