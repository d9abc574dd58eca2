# SPDX-License-Identifier: EUPL-1.2
"""Who was cut off gets the same interpreter first; an agency may ask for one by job number."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference.hunting.same_again import (
    WITHIN,
    interpreter_before_the_cut,
    interpreter_of_job,
    was_cut_off,
)
from bridge.roster import store as roster
from bridge.roster.people import Interpreter, Limits
from bridge.roster.policies import POLICIES
from bridge.roster.ranking import Knowledge, rank
from bridge.roster.requirements import Requirements
from bridge.roster.skills import Level
from bridge.roster.standing import Standing
from bridge.telephony.switch import Ending
from bridge.vocabulary import (
    AgencyId,
    CallId,
    InterpreterId,
    JobNumber,
    LanguageTag,
    PhoneNumber,
    TechnicianId,
)
from lab.phones import Answers, NeverAnswers
from tests.unit.conference.world import START, TECHNICIAN, UKRAINIAN, World, world

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
PAUSE = 75.0
"""Longer than the pause after a call, in which nobody is rung."""


# --- what being cut off is -----------------------------------------------------------------------


def told(*happened: tuple[EventKind, dict[str, Scalar]]) -> list[Event]:
    return [Event(CallId("call-1"), kind, START, None, data) for kind, data in happened]


def ended(role: str, ending: Ending) -> tuple[EventKind, dict[str, Scalar]]:
    return EventKind.LEG_ENDED, {"role": role, "ending": ending.value}


def closed(outcome: str) -> tuple[EventKind, dict[str, Scalar]]:
    return EventKind.CALL_ENDED, {"outcome": outcome}


DROPPED = ended("technician", Ending.DROPPED)
BACK: tuple[EventKind, dict[str, Scalar]] = (EventKind.REJOINED, {"role": "technician"})
HUNG_UP = ended("technician", Ending.HUNG_UP)
OVER = closed("interpreted")


@pytest.mark.parametrize(
    ("events", "cut"),
    [
        (told(HUNG_UP, OVER), False),
        (told(DROPPED, OVER), True),
        (told(DROPPED, BACK, HUNG_UP, OVER), False),
        (told(DROPPED, BACK, DROPPED, OVER), True),
        (told(ended("migrant", Ending.DROPPED), BACK, HUNG_UP, OVER), True),
        (told(ended("interpreter", Ending.NO_ANSWER), HUNG_UP, OVER), False),
        (told(closed("lost")), True),
        (told(), False),
    ],
)
def test_a_call_was_cut_off_when_somebody_lost_was_not_brought_back(
    events: list[Event], cut: bool
) -> None:
    assert was_cut_off(events) is cut


def test_who_is_asked_for_again_is_rung_alone_first() -> None:
    people = [(Interpreter(InterpreterId(n), {UKRAINIAN: Level(0)}), Standing()) for n in (1, 2, 3)]
    policy = POLICIES["ring_all"]
    for again in (1, 2, 3):
        asked = Requirements(UKRAINIAN, same_again=InterpreterId(again))
        ranking = rank(people, asked, policy, START, knowledge=Knowledge())
        assert policy.wave(ranking.prospects()).phones == (again,)
    ranking = rank(people, Requirements(UKRAINIAN), policy, START, knowledge=Knowledge())
    assert len(policy.wave(ranking.prospects()).phones) == 3


# --- after a cut ---------------------------------------------------------------------------------


async def cut_off(w: World) -> None:
    """A call with whoever is longest idle, whose technician is lost and not reached again."""
    w.telephone(TECHNICIAN, NeverAnswers())
    line = w.request()
    await w.event(EventKind.ROOM_COMPLETE)
    line.end(Ending.DROPPED)
    await w.event(EventKind.CALL_ENDED)


def offers(w: World, call: int) -> list[object]:
    kinds = (EventKind.OFFERED,)
    return [e.data["interpreter"] for e in w.events(w.call_ids()[call]) if e.kind in kinds]


@pytest.mark.looptime
async def test_who_was_cut_off_gets_the_same_interpreter_first() -> None:
    async with world() as w:
        first, other = w.interpreter(ACCEPTS), w.interpreter(ACCEPTS)
        w.mark_called(other)
        await cut_off(w)
        assert offers(w, 0) == [int(first)]
        # By idleness it would be the other one's turn.
        await asyncio.sleep(PAUSE)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert offers(w, 1) == [int(first)]


@pytest.mark.looptime
async def test_the_pause_after_a_call_that_was_cut_off_does_not_keep_its_interpreter_away() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        await cut_off(w)
        ended = await w.event(EventKind.CALL_ENDED)
        w.request()
        again = await w.event(EventKind.OFFERED, call=1)
        assert again.data["interpreter"] == who
        assert again.at - ended.at < Limits().wrap_up


@pytest.mark.looptime
async def test_the_pause_after_a_call_that_ended_as_calls_do_holds() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await line.hang_up()
        ended = await w.event(EventKind.CALL_ENDED)
        w.request()
        again = await w.event(EventKind.OFFERED, call=1)
        assert again.at - ended.at >= Limits().wrap_up


@pytest.mark.looptime
async def test_after_a_call_that_ended_as_calls_do_it_is_somebody_elses_turn() -> None:
    async with world() as w:
        first, other = w.interpreter(ACCEPTS), w.interpreter(ACCEPTS)
        w.mark_called(other)
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert offers(w, 0) == [int(first)]
        await asyncio.sleep(PAUSE)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE, call=1)
        assert offers(w, 1) == [int(other)]


@pytest.mark.looptime
async def test_the_rule_ends_after_five_minutes_and_holds_for_this_technician_and_language() -> (
    None
):
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        await cut_off(w)
        at = next(e.at for e in w.events() if e.kind is EventKind.CALL_ENDED)

        def again(technician: int, language: str, after: timedelta) -> InterpreterId | None:
            asked = (TechnicianId(technician), LanguageTag(language), at + after)
            return w.database.run_now(lambda conn: interpreter_before_the_cut(conn, *asked))

        assert again(1, "uk", timedelta()) == who
        assert again(1, "uk", WITHIN) == who
        assert again(1, "uk", WITHIN + timedelta(seconds=1)) is None
        assert again(2, "uk", timedelta(seconds=1)) is None
        assert again(1, "ru", timedelta(seconds=1)) is None


# --- by job number -------------------------------------------------------------------------------


@pytest.mark.looptime
async def test_an_interpreter_is_found_by_job_number_for_the_same_agency_only() -> None:
    async with world() as w:
        silent, who = w.interpreter(NeverAnswers()), w.interpreter(ACCEPTS)
        w.mark_called(who)
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        job = w.calls.open[0].job
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert offers(w, 0) == [int(silent), int(who)]

        def found(number: JobNumber, agency: AgencyId) -> InterpreterId | None:
            return w.database.run_now(lambda conn: interpreter_of_job(conn, number, agency))

        other = w.database.run_now(
            lambda conn: agencies.add_agency(conn, "5555", "Escola de Teste", AgencyKind.SCHOOL)
        )
        assert found(job, AgencyId(1)) == who
        assert found(job, other.id) is None
        assert found(JobNumber.of_serial(999), AgencyId(1)) is None

        def forget_the_language(conn: Connection) -> None:
            roster.set_languages(conn, who, [LanguageTag("ru")])

        w.database.run_now(forget_the_language)
        assert found(job, AgencyId(1)) is None


@pytest.mark.looptime
async def test_a_call_that_nobody_took_has_no_interpreter() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.telephone(PhoneNumber(TECHNICIAN).e164, NeverAnswers())
        line = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        job = w.calls.open[0].job
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.database.run_now(lambda c: interpreter_of_job(c, job, AgencyId(1))) is None
