# SPDX-License-Identifier: EUPL-1.2
"""Whatever a caller keys and whatever a carrier says of him: nobody is rung who must not be.

Whole bridges on virtual time: the real door, menus, hunts and rooms, with a caller who keys
what hypothesis thinks of, from random digits to valid codes followed by nonsense.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.conference import store as conference
from bridge.hours.directory import load_directory
from bridge.ivr.script import ALL_KEYS
from bridge.operators import store as operators
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import AgencyId, PhoneNumber
from lab.phones import Answers
from tests.unit.conference.world import AGENCY_CODE, LINE, PIN, TECHNICIAN, World

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

OPERATOR = "+351210000909"
ORDINARY = re.compile(r"\+351(2\d{8}|9[1236]\d{7}|30\d{7}|800\d{6})")
"""Portugal's geographic, mobile, nomadic and toll-free numbers, by the national numbering plan; an
oracle of its own, beside the library that the gate asks."""
SERVICES = {number.e164 for service in load_directory().services for number in service.numbers}
TALKS = Answers(after_seconds=0.5, hears_seconds=0.5, keys="1", stays_seconds=120.0)

FORBIDDEN = ("112", "0035112", "00351112", "760300300", "808257257", "0088216000000", "00123456789")
numbers = st.sampled_from(("960000901", "00351960000901", "218106100", *FORBIDDEN))
entries = st.one_of(
    st.text(ALL_KEYS, min_size=1, max_size=20),
    st.sampled_from(
        (AGENCY_CODE + PIN, PIN, "33", "10", "1", "2", "3", "#", "*", "**", "0", "*5", "*0", "*3")
    ),
    numbers.map(lambda number: number + "#"),
    numbers.map(lambda number: f"2{number}#1"),
    numbers.map(lambda number: f"{AGENCY_CODE}{PIN}3312{number}#1"),
    numbers.map(lambda number: f"*5{number}#1"),
)
callers = st.one_of(
    st.sampled_from((TECHNICIAN, "", "anonymous", "+351960000002", "+35191000000001")),
    st.text(max_size=30),
    st.text("+0123456789*#\r\n:;,&()${}", max_size=30),
)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    caller=callers,
    dialled=st.one_of(st.just(LINE), st.text(max_size=20)),
    keyed=st.lists(entries, max_size=12),
    known=st.booleans(),
    on_duty=st.booleans(),
)
async def test_nobody_is_rung_who_is_not_listed_and_nobody_meets_silence(
    caller: str, dialled: str, keyed: list[str], known: bool, on_duty: bool
) -> None:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    w = World(operator_on_duty=on_duty)
    w.database.run_now(lambda conn: _people(conn, known=known, on_duty=on_duty))
    w.telephone(OPERATOR, TALKS)
    w.telephone("+351960000901", TALKS)
    for _ in range(2):
        w.interpreter(TALKS)
    await w.start_bridge()

    async def keys(line: SimulatedLine) -> None:
        for entry in keyed:
            await line.wait(1.0)
            await line.key(entry)
        await line.wait(30.0)
        await line.hang_up()

    try:
        line = w.switch.call(caller, dialled, keys)
        await w.until(lambda: line.ended, seconds=3600.0)
        await w.until(lambda: _is_over(w), seconds=8 * 3600.0)
        rung = [outbound.to.number.e164 for outbound in w.switch.originated]
        assert [number for number in rung if not ORDINARY.fullmatch(number)] == []
        assert set(w.switch.transferred) <= SERVICES | {OPERATOR}
        assert w.switch.spoken.get(line.leg), "the caller heard nothing at all"
        assert w.reserved() == frozenset()
        assert failures == []
    finally:
        await w.calls.stop()
        w.switch.close()
        await w.database.dispose()


def _people(conn: Connection, *, known: bool, on_duty: bool) -> None:
    who = operators.add(conn, "Operadora de Teste", PhoneNumber(OPERATOR), ())
    operators.set_duty(conn, who, on_duty)
    if known:
        agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))


def _is_over(w: World) -> bool:
    return not w.database.run_now(conference.open_calls)
