# SPDX-License-Identifier: EUPL-1.2
"""Whoever rings a line is led to where they belong, by their number and their keys."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, select

from bridge.agencies import store as agencies
from bridge.calllog.model import EventKind
from bridge.conference.store import call as call_table
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import AgencyId, PhoneNumber
from tests.unit.conference.at_a_line import (
    BEJA,
    MIGRANT,
    MONDAY_10,
    OPERATOR,
    REAL,
    STAYS,
    UKRAINIAN_KEY,
    at,
    found,
    language_remembered,
    on_duty,
    rings,
    said,
)
from tests.unit.conference.world import (
    AGENCY_CODE,
    LINE,
    PIN,
    TECHNICIAN,
    UKRAINIAN,
    World,
)

pytestmark = pytest.mark.looptime


# --- the door ----------------------------------------------------------------------------------


async def test_ten_digits_at_once_are_identified_before_anything_was_heard_to_the_end() -> None:
    async with at() as w:
        line = w.technician(AGENCY_CODE + PIN)
        await w.event(EventKind.IDENTIFIED)
        assert said(w, line)[0] == "pt/door-greeting"
        assert "pt/line-greeting" not in said(w, line)


async def test_an_agency_s_number_is_asked_for_the_pin_alone() -> None:
    async with at() as w:
        w.database.run_now(
            lambda conn: agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))
        )
        line = w.technician(PIN)
        await w.event(EventKind.IDENTIFIED)
        assert "pt/ask-personal-code" in said(w, line)
        assert "pt/door-greeting" not in said(w, line)


async def test_an_agency_s_number_is_greeted_in_the_agency_s_own_prompt_language() -> None:
    async with at() as w:

        def english(conn: Connection) -> None:
            agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))
            agencies.set_prompt_language(conn, AgencyId(1), "en")

        w.database.run_now(english)
        line = w.technician("1")
        await w.until(lambda: "en/personal-code-incomplete" in said(w, line))
        assert said(w, line)[:2] == ["en/line-greeting", "en/ask-personal-code"]
        assert not [one for one in said(w, line) if one.startswith("pt/")]


async def test_what_somebody_recorded_for_the_finder_is_played_by_it() -> None:
    async with at() as w:
        recorded = {"kea/finder-understand", "kea/finder-confirm"}
        w.catalogue = w.catalogue.with_recordings(recorded.__contains__)
        await w.restart()
        asked = w.request("kea")
        await w.event(EventKind.NOBODY_AVAILABLE)
        await asked.hang_up()
        line = w.technician(AGENCY_CODE + PIN, "**", "1")
        await w.until(lambda: "kea/finder-understand" in said(w, line))


async def test_a_chosen_language_is_remembered_and_skips_the_door_the_next_time() -> None:
    async with at() as w:
        first = rings(w, UKRAINIAN_KEY)
        rang = await w.event(EventKind.MIGRANT_RANG)
        assert rang.data == {"language": "uk"}
        await w.until(lambda: "uk/menu-hours" in said(w, first))
        await first.hang_up()
        assert language_remembered(w) == UKRAINIAN
        second = rings(w)
        await w.until(lambda: bool(said(w, second)))
        assert said(w, second)[0] == "uk/menu-hours"


async def test_a_telephone_from_which_a_technician_identified_greets_everybody_again() -> None:
    async with at() as w:
        migrant = rings(w, UKRAINIAN_KEY, number=TECHNICIAN)
        await w.until(lambda: "uk/menu-hours" in said(w, migrant))
        await migrant.hang_up()
        assert language_remembered(w, TECHNICIAN) == UKRAINIAN
        again = rings(w, "*", AGENCY_CODE + PIN, number=TECHNICIAN)
        await w.until(lambda: "pt/ask-language" in said(w, again), 400)
        await w.until(lambda: language_remembered(w, TECHNICIAN) is None)


@pytest.mark.parametrize("pause", [0.3, 1.7, 3.0])
async def test_a_technician_may_key_the_codes_at_leisure(pause: float) -> None:
    """Pauses of two seconds or more choose a language by mistake, and still it goes on."""
    async with at() as w:

        async def telephone(line: SimulatedLine) -> None:
            await line.wait(5)
            for digit in AGENCY_CODE + PIN:
                await line.key(digit)
                await line.wait(pause)

        line = w.switch.call(TECHNICIAN, LINE, telephone)
        await w.event(EventKind.IDENTIFIED)
        await w.until(lambda: "pt/ask-language" in said(w, line))
        await w.until(lambda: language_remembered(w, TECHNICIAN) is None)


async def test_a_technician_at_a_telephone_remembered_for_a_migrant_keys_the_codes_alone() -> None:
    async with at() as w:
        migrant = rings(w, UKRAINIAN_KEY, number=TECHNICIAN)
        await w.until(lambda: "uk/menu-hours" in said(w, migrant))
        await migrant.hang_up()
        rings(w, AGENCY_CODE + PIN, number=TECHNICIAN, pause=1.0)
        await w.event(EventKind.IDENTIFIED, call=1)
        await w.until(lambda: language_remembered(w, TECHNICIAN) is None)


@pytest.mark.parametrize("start", [MONDAY_10, MONDAY_10.replace(hour=18, minute=57)])
async def test_a_migrant_who_is_remembered_dials_in_with_the_code_also_after_hours(
    start: datetime,
) -> None:
    async with at(start) as w:
        before = rings(w, UKRAINIAN_KEY)
        await w.until(lambda: "uk/menu-hours" in said(w, before))
        await before.hang_up()
        w.interpreter(STAYS)
        w.technician(AGENCY_CODE + PIN, "33", "1", "3")
        await w.event(EventKind.OFFER_ACCEPTED, call=1)
        if start != MONDAY_10:
            await asyncio.sleep(70 * 60)
        codes = select(call_table.c.dial_in_code).where(call_table.c.dial_in_code.is_not(None))
        code = w.database.run_now(lambda conn: conn.execute(codes).scalar_one())
        rings(w, f"*{code}", pause=2.0)
        await w.event(EventKind.MIGRANT_DIALLED_IN, call=1)


async def test_the_tenth_language_is_chosen_with_two_keys() -> None:
    async with at() as w:
        line = rings(w, "10")
        rang = await w.event(EventKind.MIGRANT_RANG)
        assert rang.data == {"language": REAL.lines[0].languages[9]}
        await line.hang_up()


async def test_star_leads_from_the_menu_back_to_the_languages() -> None:
    async with at() as w:
        line = rings(w, UKRAINIAN_KEY, "*", "3")
        await w.until(lambda: language_remembered(w) == "fr", 400)
        await w.until(lambda: "fr/menu-hours" in said(w, line))


async def code_of_first(w: World) -> str:
    """The code of the one call that has one, as soon as it does."""
    codes = select(call_table.c.dial_in_code).where(call_table.c.dial_in_code.is_not(None))

    def drawn() -> list[str]:
        return list(w.database.run_now(lambda conn: conn.execute(codes).scalars().all()))

    await w.until(lambda: bool(drawn()))
    return drawn()[0]


async def test_a_migrant_with_the_code_of_a_call_is_brought_to_it() -> None:
    async with at() as w:
        line = rings(w, "*204815", pause=2.0)
        await w.until(lambda: "pt/door-code-unknown" in said(w, line))


async def test_who_guesses_codes_is_told_of_none_not_even_of_a_right_one() -> None:
    async with at() as w:
        w.interpreter(STAYS)
        w.technician(AGENCY_CODE + PIN, "33", "1", "3")
        code = await code_of_first(w)
        wrong = f"*{(int(code) + 1) % 1_000_000:06d}"
        guesser = rings(w, wrong, wrong, wrong, pause=8.0)
        await w.until(lambda: said(w, guesser).count("pt/door-code-unknown") == 3)
        await guesser.hang_up()
        locked = rings(w, f"*{code}", pause=2.0)
        await w.until(lambda: "pt/door-code-unknown" in said(w, locked))
        await locked.hang_up()
        assert EventKind.MIGRANT_DIALLED_IN not in w.kinds()
        other = rings(w, f"*{code}", pause=2.0, number="+351960000002")
        await w.event(EventKind.MIGRANT_DIALLED_IN)
        await other.hang_up()


async def test_a_migrant_who_mistyped_is_believed_again_after_a_minute() -> None:
    async with at() as w:
        w.interpreter(STAYS)
        w.technician(AGENCY_CODE + PIN, "33", "1", "3")
        code = await code_of_first(w)
        wrong = f"*{(int(code) + 1) % 1_000_000:06d}"
        first = rings(w, wrong, wrong, wrong, pause=8.0)
        await w.until(lambda: said(w, first).count("pt/door-code-unknown") == 3)
        await first.hang_up()
        await asyncio.sleep(60)
        rings(w, f"*{code}", pause=2.0)
        await w.event(EventKind.MIGRANT_DIALLED_IN)


async def test_whoever_rings_too_often_waits_and_then_is_refused_with_a_word() -> None:
    async with at() as w:
        for _ in range(30):
            line = rings(w)
            await w.until(lambda now=line: bool(said(w, now)) or now.ended)  # type: ignore[misc]
            await line.hang_up()
        refused = rings(w)
        await w.until(lambda: refused.ended)
        assert said(w, refused)[0] == "pt/line-too-many-calls"
        assert len(w.call_ids()) == 30


# --- operators and services --------------------------------------------------------------------


async def test_operator_who_speaks_the_language_is_rung_without_an_interpreter() -> None:
    async with at() as w:
        on_duty(w, UKRAINIAN)
        w.telephone(OPERATOR, STAYS)
        line = rings(w, UKRAINIAN_KEY, "2")
        wanted = await w.event(EventKind.OPERATOR_WANTED)
        assert wanted.data == {"language": "uk", "interpreter": False}
        await w.until(lambda: len(w.switch.others_in_room(line.leg)) == 1)
        assert "uk/operator-soon" in said(w, line)
        assert [one.to.number.e164 for one in w.switch.originated] == [OPERATOR]


async def test_operator_who_does_not_speak_it_comes_with_an_interpreter() -> None:
    async with at() as w:
        on_duty(w)
        w.telephone(OPERATOR, STAYS)
        w.interpreter(STAYS)
        line = rings(w, UKRAINIAN_KEY, "2")
        wanted = await w.event(EventKind.OPERATOR_WANTED)
        assert wanted.data == {"language": "uk", "interpreter": True}
        await w.until(lambda: len(w.switch.others_in_room(line.leg)) == 2)
        assert "uk/operator-interpreter" in said(w, line)


async def test_open_service_is_dialled_and_the_call_is_the_caller_s_own() -> None:
    async with at() as w:
        w.telephone(BEJA, STAYS)
        line = rings(w, UKRAINIAN_KEY, "3", "4")
        directed = await w.event(EventKind.DIRECTED)
        assert directed.data == {"service": "cnaim-beja", "open": True}
        await w.until(lambda: w.switch.transferred == [BEJA])
        assert found(w, EventKind.PUT_THROUGH).data == {"reason": "service"}
        await asyncio.sleep(60)
        assert "uk/service-silent" not in said(w, line)
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "put_through"


async def test_service_that_does_not_answer_is_told_and_the_menu_is_back_but_not_for_ever() -> None:
    async with at() as w:

        async def telephone(line: SimulatedLine) -> None:
            """Choose the service again whenever the menu is there."""
            await line.wait(5)
            await line.key(UKRAINIAN_KEY)
            heard = 0
            while not line.ended:
                await line.wait(1)
                if said(w, line).count("uk/menu-service") > heard:
                    heard = said(w, line).count("uk/menu-service")
                    await line.key("34")

        line = w.switch.call(MIGRANT, LINE, telephone)
        await w.until(lambda: line.ended, 2000)
        assert said(w, line).count("uk/service-silent") == 4
        assert w.switch.transferred == [BEJA] * 5
        assert said(w, line)[-3:] == ["en/line-person-silent", "en/line-ring-later", "en/goodbye"]


async def test_who_comes_back_from_a_silent_service_gets_an_operator_with_an_interpreter() -> None:
    async with at() as w:
        w.telephone(OPERATOR, STAYS)
        w.interpreter(STAYS)
        on_duty(w)

        async def telephone(line: SimulatedLine) -> None:
            await line.wait(5)
            await line.key(UKRAINIAN_KEY)
            await line.wait(5)
            await line.key("34")
            await w.until(lambda: "uk/service-silent" in said(w, line))
            await line.wait(5)
            await line.key("2")

        w.switch.call(MIGRANT, LINE, telephone)
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.kinds().count(EventKind.MIGRANT_RANG) == 1
        assert EventKind.LATE not in w.kinds()


async def test_closed_service_is_not_dialled() -> None:
    lunch = datetime(2026, 11, 23, 13, tzinfo=UTC)
    async with at(lunch) as w:
        line = rings(w, UKRAINIAN_KEY, "3", "4")
        directed = await w.event(EventKind.DIRECTED)
        assert directed.data == {"service": "cnaim-beja", "open": False}
        await w.until(lambda: "uk/service-closed" in said(w, line))
        assert said(w, line)[-6:-4] == ["uk/line-opens", "uk/line-hour-14"]
        assert w.switch.transferred == []


async def test_both_windows_of_a_service_are_told_and_the_hours_of_the_line() -> None:
    async with at() as w:
        line = rings(w, UKRAINIAN_KEY, "1", "4")
        await w.until(lambda: said(w, line).count("uk/menu-hours") == 2)
        times = [one for one in said(w, line) if one.startswith(("uk/line-hour", "uk/line-min"))]
        assert [one.removeprefix("uk/line-") for one in times] == [
            *("hours-today", "hours-open", "hour-9", "hours-close", "hour-20"),
            *("hours-today", "hours-open", "hour-9", "hours-close", "hour-12", "minutes-30"),
            *("hours-open", "hour-14", "hours-close", "hour-17", "minutes-30"),
        ]


async def test_zero_reaches_the_operator_on_duty_and_an_honest_end_when_nobody_answers() -> None:
    async with at() as w:
        on_duty(w)
        line = rings(w, "0", pause=2.0)
        await w.until(lambda: line.ended)
        assert w.switch.transferred == [OPERATOR]
        assert said(w, line)[-6:] == [
            *("pt/line-person-silent", "pt/line-ring-later", "pt/goodbye"),
            *("en/line-person-silent", "en/line-ring-later", "en/goodbye"),
        ]
