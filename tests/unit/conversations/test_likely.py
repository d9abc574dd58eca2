# SPDX-License-Identifier: EUPL-1.2
"""What the language finder lets a migrant hear first."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.conference import store
from bridge.conversations.likely import area_of, likely_languages
from bridge.vocabulary import AgencyId, CallId, LanguageTag, PhoneNumber, TechnicianId, new_call_id
from tests.unit.conference.world import LINE, START, world

pytestmark = pytest.mark.looptime
AGENCY = AgencyId(1)


def asks(conn: Connection, agency: AgencyId, language: str) -> None:
    """A technician of an agency asks for an interpreter."""
    made = rings(conn, language)
    store.update_call(conn, made, agency=agency, technician=TechnicianId(1))


def rings(conn: Connection, language: str) -> CallId:
    """Somebody rings the line and chooses a language."""
    made = new_call_id()
    store.open_call(conn, made, LINE, START, "first")
    store.update_call(conn, made, language=LanguageTag(language))
    return made


async def test_the_finder_begins_with_what_this_agency_asks_then_with_what_all_ask() -> None:
    async with world() as w:

        def calls(conn: Connection) -> None:
            other = agencies.add_agency(conn, "5555", "Escola de Teste", AgencyKind.SCHOOL)
            asked = [(AGENCY, "ne"), (AGENCY, "hi"), (AGENCY, "hi"), *[(other.id, "uk")] * 5]
            for agency, language in [*asked, (other.id, "bn")]:
                asks(conn, agency, language)

        w.database.run_now(calls)
        found = w.database.run_now(lambda conn: likely_languages(conn, AGENCY))
        assert found == ("hi", "ne", "uk", "bn")
        assert w.database.run_now(lambda conn: likely_languages(conn, AgencyId(2)))[0] == "uk"


async def test_what_migrants_choose_who_ring_the_line_is_not_what_agencies_ask() -> None:
    async with world() as w:

        def calls(conn: Connection) -> None:
            asks(conn, AGENCY, "hi")
            for _ in range(3):
                rings(conn, "uk")

        w.database.run_now(calls)
        assert w.database.run_now(lambda conn: likely_languages(conn, AGENCY)) == ("hi",)


async def test_the_finder_lets_the_region_s_languages_be_heard_before_everybody_s() -> None:
    async with world() as w:

        def calls(conn: Connection) -> None:
            numbers = {"5555": "+351289000001", "6666": "+351289000002", "7777": "+351210000077"}
            of = {
                code: agencies.add_agency(conn, code, f"Escola {code}", AgencyKind.SCHOOL).id
                for code in numbers
            }
            for code, number in numbers.items():
                agencies.add_number(conn, PhoneNumber(number), of[code])
            # A mobile telephone has no place: it makes nobody a neighbour.
            agencies.add_number(conn, PhoneNumber("+351910000071"), of["5555"])
            agencies.add_number(conn, PhoneNumber("+351910000072"), of["7777"])
            asked = [("5555", "hi"), ("6666", "ne"), *[("7777", "uk")] * 5]
            for code, language in asked:
                asks(conn, of[code], language)

        w.database.run_now(calls)
        found = w.database.run_now(lambda conn: likely_languages(conn, AgencyId(2)))
        assert found == ("hi", "ne", "uk")


@pytest.mark.parametrize(
    ("number", "area"),
    [
        ("+351210000001", "+35121"),
        ("+351220000001", "+35122"),
        ("+351289000001", "+351289"),
        ("+351275000001", "+351275"),
        ("+351910000001", None),
        ("+351300000001", None),
        ("+34910000001", None),
    ],
)
def test_the_area_of_a_number(number: str, area: str | None) -> None:
    assert area_of(PhoneNumber(number)) == area
