# SPDX-License-Identifier: EUPL-1.2
"""In which language each person of a call is spoken to, from the room to the goodbye."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.calllog.model import EventKind
from bridge.conference.call import Call
from bridge.conference.people.prompt_languages import prompt_languages
from bridge.ivr.announcements import Announcement
from bridge.roster.model import Presence
from bridge.telephony.switch import Ending
from bridge.vocabulary import AgencyId, LanguageTag, LegId, PhoneNumber, Role
from lab.phones import NeverAnswers
from tests.unit.conference.migrants import (
    ACCEPTS,
    MIGRANT,
    PRESSES,
    key_in_room,
    members,
    three_in_a_room,
)
from tests.unit.conference.world import PIN, TECHNICIAN, World, world

pytestmark = pytest.mark.looptime

BENGALI = LanguageTag("bn")
"""A language that the catalogue cannot speak: English, then Portuguese, instead."""
GUEST = "+351912000077"


def english(w: World) -> None:
    """The agency is spoken to in English, and known by the number that rings."""

    def work(conn: Connection) -> None:
        agencies.set_prompt_language(conn, AgencyId(1), "en")
        agencies.add_number(conn, PhoneNumber(TECHNICIAN), AgencyId(1))

    w.database.run_now(work)


def heard(w: World, leg: LegId) -> list[str]:
    return w.switch.spoken.get(leg, [])


def spoken_in(prompts: list[str]) -> set[str]:
    return {prompt.partition("/")[0] for prompt in prompts}


def people(call: Call) -> tuple[LegId, LegId, LegId]:
    """The legs of technician, interpreter and migrant."""
    interpreter = call.record.interpreter
    assert interpreter is not None
    return call.record.technician, interpreter, call.record.legs.of(Role.MIGRANT)[0].id


async def test_the_keys_the_end_and_the_rating_are_in_the_technician_s_language() -> None:
    async with world() as w:
        english(w)
        call = await three_in_a_room(w)
        technician, interpreter, migrant = people(call)
        before = len(heard(w, technician))
        line = w.switch.line(technician)
        await line.key("*0")
        await line.wait(30)
        await line.key("*9")
        await line.wait(3)
        await line.key("9")
        await w.event(EventKind.CALL_ENDED)
        told = heard(w, technician)[before:]
        assert {"en/room-keys", "en/room-confirm-end", "en/rating-ask"} <= set(told)
        assert told[-1] == "en/goodbye"
        assert spoken_in(told) == {"en"}
        assert heard(w, interpreter)[-2:] == ["pt/rating-ask", "pt/goodbye"]
        assert heard(w, migrant)[-1] == "uk/goodbye"


async def test_an_interpreter_s_keys_are_in_portuguese_for_an_english_speaking_agency() -> None:
    async with world() as w:
        english(w)
        _, interpreter, _ = people(await three_in_a_room(w))
        line = w.switch.line(interpreter)
        await line.key("*0")
        await line.wait(5)
        assert "pt/room-keys" in heard(w, interpreter)
        assert "en" not in spoken_in(heard(w, interpreter))


async def test_the_next_process_speaks_the_technician_s_language_too() -> None:
    async with world() as w:
        english(w)
        call = await three_in_a_room(w)
        technician, _, _ = people(call)
        before = len(heard(w, technician))
        await w.restart()
        await w.switch.line(technician).wait(5)
        await key_in_room(w, w.calls.open[0], "*0")
        assert spoken_in(heard(w, technician)[before:]) == {"en"}


async def test_who_waits_while_the_bridge_dies_is_told_so_in_their_language() -> None:
    async with world() as w:
        english(w)
        w.interpreter(NeverAnswers())
        asked = w.technician(PIN, "33", "1", "1")
        await w.event(EventKind.OFFER_RINGING)
        await w.restart()
        w.switch.spawn(asked.talk("line"))
        await w.until(lambda: "en/resumed" in heard(w, asked.leg))
        assert spoken_in(heard(w, asked.leg)) == {"en"}


async def test_a_technician_who_is_called_back_is_spoken_to_in_their_language() -> None:
    async with world() as w:
        english(w)
        who = w.interpreter(ACCEPTS, presence=Presence.OFF)
        w.telephone(TECHNICIAN, PRESSES)
        asked = w.technician(PIN, "33", "1", "1")
        await w.until(lambda: "en/call-back-key" in heard(w, asked.leg))
        await asked.key("2")
        await asked.wait_hang_up()
        w.set_presence(who, Presence.AVAILABLE)
        await w.until(lambda: members(w) == 2)
        technician = w.calls.open[0].record.technician
        assert "en/callback-wanted" in heard(w, technician)
        await w.switch.line(technician).key("*0")
        await w.switch.line(technician).wait(5)
        assert spoken_in(heard(w, technician)) == {"en"}


# --- announcements -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("english_agency", "lost", "told"),
    [
        (True, Role.MIGRANT, ["en/lost-migrant", "pt/lost-migrant"]),
        (False, Role.MIGRANT, ["pt/lost-migrant"]),
        (True, Role.TECHNICIAN, ["pt/lost-technician", "uk/lost-technician"]),
        (
            True,
            Role.INTERPRETER,
            ["en/lost-interpreter", "uk/lost-interpreter"],
        ),
    ],
)
async def test_an_announcement_is_made_in_the_languages_of_those_who_are_there(
    english_agency: bool, lost: Role, told: list[str]
) -> None:
    async with world() as w:
        if english_agency:
            english(w)
        call = await three_in_a_room(w)
        by_role = dict(
            zip((Role.TECHNICIAN, Role.INTERPRETER, Role.MIGRANT), people(call), strict=True)
        )
        stays = next(leg for role, leg in by_role.items() if role is not lost)
        before = len(heard(w, stays))
        w.switch.line(by_role[lost]).end(Ending.DROPPED)
        await w.event(EventKind.REDIALLED)
        assert heard(w, stays)[before:] == told


@pytest.mark.parametrize(
    ("word", "languages"),
    [
        (Announcement.REPLACING_INTERPRETER, ["pt", "uk"]),
        (Announcement.CANNOT_REACH_GUEST, ["pt"]),
    ],
)
async def test_a_fourth_person_hears_what_is_for_migrants_in_both_of_theirs(
    word: Announcement, languages: list[str]
) -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(GUEST, PRESSES)
        asked = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await asked.wait(3)
        call = w.calls.open[0]
        await key_in_room(w, call, "*5", "912000077#", "1")
        await w.until(lambda: members(w) == 3)
        guest = call.record.legs.of(Role.GUEST)[0].id
        before = len(heard(w, guest))
        await call._room.announce(word)
        assert heard(w, guest)[before:] == [f"{language}/{word.value}" for language in languages]


# --- who is who ----------------------------------------------------------------------------------


async def test_everybody_has_a_language_before_and_after_there_is_a_request() -> None:
    async with world() as w:
        english(w)
        of_migrants = w.catalogue.spoken_to_migrant
        w.interpreter(ACCEPTS, BENGALI)
        ringing = w.technician()
        await w.until(lambda: w.calls.of_leg(ringing.leg) is not None)
        record = w.calls.open[0].record
        assert {role: prompt_languages(record, role, of_migrants) for role in Role} == {
            Role.TECHNICIAN: ("pt",),
            Role.MIGRANT: ("en", "pt"),
            Role.GUEST: ("pt", "en"),
            Role.INTERPRETER: ("pt",),
            Role.OPERATOR: ("pt",),
        }
        await ringing.hang_up()
        asked = w.request("bn", MIGRANT.removeprefix("+351"))
        await w.event(EventKind.REQUESTED, call=1)
        found = w.calls.of_leg(asked.leg)
        assert found is not None
        assert {role: prompt_languages(found.record, role, of_migrants) for role in Role} == {
            Role.TECHNICIAN: ("en",),
            Role.MIGRANT: ("en", "pt"),
            Role.GUEST: ("pt", "en"),
            Role.INTERPRETER: ("pt",),
            Role.OPERATOR: ("pt",),
        }
