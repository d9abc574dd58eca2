# SPDX-License-Identifier: EUPL-1.2
"""What a technician is answered: who it is, what may be dialled, what a request carries."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyField, AgencyKind, FieldName
from bridge.callers.keys import CallerKeys
from bridge.calllog.model import EventKind
from bridge.conference import store
from bridge.conference.call import Call
from bridge.conference.fields_store import fields_of
from bridge.conversations.technician_answers import AnswerTools, TechnicianAnswers
from bridge.ivr.technician.language_choice_states import How, LanguageChosen
from bridge.ivr.technician.request import (
    BesideMe,
    CheckNumber,
    CodeFirst,
    DialInCode,
    DialsIn,
    Failed,
    Identified,
    Identify,
    IdentifyRest,
    MigrantPlace,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    Requested,
    RequestInterpreter,
    ReserveDialIn,
    Ring,
    Ways,
)
from bridge.ivr.technician.wishes import Wishes
from bridge.roster.requirements import Wish
from bridge.roster.skills import Gender, Level, Subject
from bridge.storage.database import DatabaseUnavailable
from bridge.vocabulary import (
    AgencyId,
    CallId,
    JobNumber,
    PhoneNumber,
    Role,
    TechnicianId,
    new_leg_id,
)
from lab.phones import Answers, NeverAnswers
from tests.storage_samples import PEPPER, quick_hasher
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

ELSEWHERE = "+3519600000{place:02d}"
WRONG = "000000"
AGENCY = AgencyId(1)
CHOSEN = LanguageChosen(UKRAINIAN, How.SPELT)
SPANISH_NUMBER = "0034910000000"


class CountingHasher:
    """The real hasher, which counts its slow proofs."""

    def __init__(self) -> None:
        self._real = quick_hasher()
        self.proofs = 0
        self.lookup = self._real.lookup

    def verify(self, pin_hash: str | None, agency_code: str, pin: str) -> bool:
        """See `PinHasher.verify`."""
        self.proofs += 1
        return self._real.verify(pin_hash, agency_code, pin)


class Technicians:
    """Opens calls in a world, each with answers of its own."""

    def __init__(self, w: World) -> None:
        self._w = w
        self.hasher = CountingHasher()
        self.tools = AnswerTools(
            w.database,
            w.clock,
            self.hasher,  # type: ignore[arg-type]
            w.calls.queue,
            CallerKeys(PEPPER),
        )

    async def ring(self, number: str | None = TECHNICIAN) -> tuple[TechnicianAnswers, Call]:
        """Somebody rings the line from this number; `None`: it is withheld."""
        caller = None if number is None else PhoneNumber(number)
        call = await self._w.calls.open_call(new_leg_id(Role.TECHNICIAN), LINE, caller)
        return TechnicianAnswers(self.tools, call, self._w.directory), call

    async def tries(self, number: str | None, *pins: str, code: str = AGENCY_CODE) -> list[object]:
        """What is answered to these PINs, keyed in one call."""
        answers, _ = await self.ring(number)
        return [await answers.consult(Identify(code, pin)) for pin in pins]

    async def identified(self) -> tuple[TechnicianAnswers, Call]:
        """A technician who has said who they are."""
        answers, call = await self.ring()
        assert isinstance(await answers.consult(Identify(AGENCY_CODE, PIN)), Identified)
        return answers, call


def request(
    place: MigrantPlace,
    chosen: LanguageChosen = CHOSEN,
    fields: tuple[tuple[FieldName, str], ...] = (),
) -> RequestInterpreter:
    return RequestInterpreter(chosen, place, None, fields)


def call_of(w: World, code: str) -> CallId | None:
    """The call whose migrant dials in with this code."""
    return w.database.run_now(lambda conn: store.find_by_dial_in(conn, code))


def own_number(w: World, number: str = TECHNICIAN) -> None:
    """Let the agency be known by this number."""
    w.database.run_now(lambda conn: agencies.add_number(conn, PhoneNumber(number), AGENCY))


# --- who is it -----------------------------------------------------------------------------------


async def test_wrong_unknown_and_locked_out_are_answered_alike_and_proved_alike() -> None:
    async with world() as w:
        technicians = Technicians(w)
        unknown = await technicians.tries(ELSEWHERE.format(place=1), PIN, code="9999")
        wrong = await technicians.tries(TECHNICIAN, WRONG, WRONG, WRONG)
        locked = await technicians.tries(TECHNICIAN, PIN)
        assert unknown + wrong + locked == [NotIdentified()] * 5
        assert technicians.hasher.proofs == 5


@pytest.mark.thorough
async def test_a_lock_ends_and_grows_with_further_tries() -> None:
    async with world() as w:
        technicians = Technicians(w)
        await technicians.tries(TECHNICIAN, WRONG, WRONG, WRONG)
        await asyncio.sleep(61)
        assert isinstance((await technicians.tries(TECHNICIAN, PIN))[0], Identified)
        await technicians.tries(TECHNICIAN, WRONG, WRONG, WRONG)
        await asyncio.sleep(61)
        await technicians.tries(TECHNICIAN, WRONG, WRONG, WRONG)
        await asyncio.sleep(61)
        assert await technicians.tries(TECHNICIAN, PIN) == [NotIdentified()]
        await asyncio.sleep(240)
        assert isinstance((await technicians.tries(TECHNICIAN, PIN))[0], Identified)


async def test_who_withholds_the_number_shares_a_lock_with_all_who_do() -> None:
    async with world() as w:
        technicians = Technicians(w)
        await technicians.tries(None, WRONG, WRONG, WRONG)
        assert await technicians.tries(None, PIN) == [NotIdentified()]
        assert isinstance((await technicians.tries(TECHNICIAN, PIN))[0], Identified)


@pytest.mark.thorough
async def test_a_code_tried_from_many_numbers_is_closed_to_all_but_the_agency_s_own() -> None:
    async with world() as w:
        own_number(w)
        technicians = Technicians(w)
        for place in range(10):
            await technicians.tries(ELSEWHERE.format(place=place), WRONG)
        assert await technicians.tries(ELSEWHERE.format(place=77), PIN) == [NotIdentified()]
        assert isinstance((await technicians.tries(TECHNICIAN, PIN))[0], Identified)


async def test_every_wrong_try_is_in_the_call_s_events_without_what_was_keyed() -> None:
    async with world() as w:
        answers, call = await Technicians(w).ring()
        for pin in (WRONG, "123456"):
            await answers.consult(Identify(AGENCY_CODE, pin))
        failed = [e for e in w.events(call.id) if e.kind is EventKind.IDENTIFICATION_FAILED]
        assert [event.data for event in failed] == [{"tries": 1}, {"tries": 2}]


async def test_a_pin_alone_is_enough_from_the_agency_s_own_number_and_from_no_other() -> None:
    async with world() as w:
        own_number(w)
        technicians = Technicians(w)
        answers, _ = await technicians.ring(TECHNICIAN)
        found = await answers.consult(Identify(None, PIN))
        assert isinstance(found, Identified)
        assert (found.technician, found.agency) == (TechnicianId(1), AGENCY)
        for stranger in (ELSEWHERE.format(place=1), None):
            answers, _ = await technicians.ring(stranger)
            assert await answers.consult(Identify(None, PIN)) == NotIdentified()


async def test_ten_digits_where_six_would_do_are_taken_as_what_they_are() -> None:
    async with world() as w:
        own_number(w)
        technicians = Technicians(w)
        answers, _ = await technicians.ring()
        assert await answers.consult(Identify(None, AGENCY_CODE + PIN[:2])) == CodeFirst()
        assert technicians.hasher.proofs == 0  # so it was no try, and cannot be a free one
        assert isinstance(await answers.consult(IdentifyRest(PIN[2:])), Identified)
        answers, call = await technicians.ring()
        assert await answers.consult(IdentifyRest(PIN[2:])) == NotIdentified()
        assert EventKind.IDENTIFICATION_FAILED in w.kinds(call.id)


async def test_the_pin_of_another_agency_s_technician_needs_that_agency_s_code() -> None:
    async with world() as w:

        def another(conn: Connection) -> None:
            school = agencies.add_agency(conn, "5555", "Escola de Teste", AgencyKind.SCHOOL)
            agencies.add_number(conn, PhoneNumber(TECHNICIAN), school.id)

        w.database.run_now(another)
        answers, _ = await Technicians(w).ring()
        assert await answers.consult(Identify(None, PIN)) == NotIdentified()
        found = await answers.consult(Identify(AGENCY_CODE, PIN))
        assert isinstance(found, Identified)
        assert found.agency == AGENCY


async def test_an_agency_s_ways_come_with_the_identification() -> None:
    async with world() as w:
        field = AgencyField(FieldName.PROCESS_NUMBER, 4, 9)

        def change(conn: Connection) -> None:
            agencies.set_prompt_language(conn, AGENCY, "en")
            agencies.set_favourites(conn, AGENCY, [UKRAINIAN])
            agencies.set_fields(conn, AGENCY, [field])

        w.database.run_now(change)
        answers, _ = await Technicians(w).ring()
        found = await answers.consult(Identify(AGENCY_CODE, PIN))
        assert isinstance(found, Identified)
        assert found.ways == Ways("en", Subject.HEALTH, (UKRAINIAN,), (), (field,))


async def test_a_database_that_cannot_be_used_is_owned_up_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        answers, _ = await Technicians(w).identified()
        await answers.consult(request(BesideMe()))

        async def away(work: object) -> object:
            raise DatabaseUnavailable("the database is away")

        with monkeypatch.context() as patched:
            patched.setattr(w.database, "run", away)
            assert await answers.consult(Identify(AGENCY_CODE, PIN)) == Failed()
            assert await answers.consult(ReserveDialIn()) == Failed()
        assert isinstance(await answers.consult(ReserveDialIn()), DialInCode)


# --- the request ---------------------------------------------------------------------------------


async def test_what_was_wished_is_what_is_required() -> None:
    async with world() as w:
        wishes = Wishes(
            gender=Wish(Gender.FEMALE, required=True),
            subject=Wish(Subject.HEALTH),
            level=Wish(Level(1)),
        )
        answers, call = await Technicians(w).identified()
        assert await answers.consult(request(BesideMe(), replace(CHOSEN, wishes=wishes))) == (
            Requested(call.job)
        )
        asked = call.record.request
        assert asked is not None
        wanted = asked.requirements
        assert (wanted.gender, wanted.subject, wanted.level) == (
            wishes.gender,
            wishes.subject,
            wishes.level,
        )
        assert (wanted.language, wanted.agency, wanted.same_again) == (UKRAINIAN, AGENCY, None)
        requested = next(e for e in w.events(call.id) if e.kind is EventKind.REQUESTED)
        assert requested.data["named"] == "spelt"


async def test_the_interpreter_of_an_earlier_job_is_asked_for_by_its_number() -> None:
    async with world() as w:
        who = w.interpreter(Answers(after_seconds=2, hears_seconds=1, keys="1"))
        line = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        job = w.calls.open[0].job
        await line.hang_up()
        await w.event(EventKind.CALL_ENDED)
        for asked_for, expected in ((job, who), (JobNumber.of_serial(999), None)):
            answers, call = await Technicians(w).identified()
            chosen = replace(CHOSEN, wishes=Wishes(same_as=asked_for))
            await answers.consult(request(BesideMe(), chosen))
            asked = call.record.request
            assert asked is not None
            assert asked.requirements.same_again == expected


async def test_what_the_agency_wants_keyed_is_kept_with_the_call_and_in_no_event() -> None:
    async with world() as w:
        fields = ((FieldName.PROCESS_NUMBER, "5566778"), (FieldName.DEPARTMENT, "4711"))
        answers, call = await Technicians(w).identified()
        await answers.consult(request(BesideMe(), fields=fields))
        assert w.database.run_now(lambda conn: fields_of(conn, call.id)) == dict(fields)
        written = " ".join(f"{event.data}" for event in w.events(call.id))
        assert "5566778" not in written


async def test_nothing_is_requested_by_somebody_unknown() -> None:
    async with world() as w:
        answers, call = await Technicians(w).ring()
        assert await answers.consult(request(BesideMe())) == Failed()
        assert EventKind.REQUESTED not in w.kinds(call.id)


# --- where the migrant is ------------------------------------------------------------------------


async def test_a_migrant_who_dials_in_has_a_code_that_stays_and_is_no_other_call_s() -> None:
    async with world() as w:
        technicians = Technicians(w)
        codes = set()
        for _ in range(3):
            answers, call = await technicians.identified()
            assert await answers.consult(request(DialsIn())) == Failed()
            told = await answers.consult(ReserveDialIn())
            assert isinstance(told, DialInCode)
            assert told.number == LINE.removeprefix("+351")
            assert len(told.code) == 6
            assert told.code.isdigit()
            assert await answers.consult(ReserveDialIn()) == told
            codes.add(told.code)
            assert await answers.consult(request(DialsIn())) == Requested(call.job, told.code)
            assert call.record.request is not None
            assert call.record.request.migrant_mode == "dial_in"
            assert call_of(w, told.code) == call.id
            assert told.code not in " ".join(f"{event.data}" for event in w.events(call.id))
        assert len(codes) == 3


async def test_a_code_that_a_booked_call_keeps_is_told_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        await w.book(w.interpreter(NeverAnswers()), dial_in_code="000007")
        drawn = iter([7, 8])
        monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))
        answers, _ = await Technicians(w).identified()
        told = await answers.consult(ReserveDialIn())
        assert isinstance(told, DialInCode)
        assert told.code == "000008"


@pytest.mark.parametrize("voicemail", [True, False])
async def test_the_technician_says_whether_a_message_may_be_left(voicemail: bool) -> None:
    async with world() as w:
        answers, call = await Technicians(w).identified()
        await answers.consult(request(Ring("912000099", voicemail=voicemail)))
        asked = call.record.request
        assert asked is not None
        assert asked.migrant == PhoneNumber("+351912000099")
        assert asked.voicemail_allowed is voicemail


async def test_an_agency_may_be_given_more_to_dial_than_others() -> None:
    async with world() as w:
        answers, _ = await Technicians(w).identified()
        refused = NumberRefused(NumberFault.NOT_PERMITTED)
        assert await answers.consult(CheckNumber(SPANISH_NUMBER)) == refused
        assert await answers.consult(request(Ring(SPANISH_NUMBER))) == refused
        w.database.run_now(lambda conn: agencies.set_dial_allowed(conn, AGENCY, ["+34"]))
        answers, call = await Technicians(w).identified()
        assert await answers.consult(CheckNumber(SPANISH_NUMBER)) == NumberFine()
        assert await answers.consult(request(Ring(SPANISH_NUMBER))) == Requested(call.job)


@pytest.mark.parametrize(
    ("digits", "fault"),
    [
        ("112", NumberFault.EMERGENCY),
        ("00351112", NumberFault.EMERGENCY),
        ("760200100", NumberFault.NOT_PERMITTED),
        ("0012025550100", NumberFault.NOT_PERMITTED),
        ("123456789", NumberFault.NOT_A_NUMBER),
    ],
)
async def test_what_the_gate_refuses_is_refused_at_once_with_its_reason(
    digits: str, fault: NumberFault
) -> None:
    async with world() as w:
        answers, call = await Technicians(w).identified()
        assert await answers.consult(CheckNumber(digits)) == NumberRefused(fault)
        assert await answers.consult(request(Ring(digits))) == NumberRefused(fault)
        assert EventKind.REQUESTED not in w.kinds(call.id)


async def test_an_agency_s_hour_has_only_so_many_numbers() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_dial_allowed(conn, AGENCY, [], hourly_cap=1))
        w.telephone("+351912000099", NeverAnswers())
        fields = ((FieldName.DEPARTMENT, "4711"),)
        technicians = Technicians(w)
        answers, _ = await technicians.identified()
        assert isinstance(await answers.consult(request(Ring("912000099"))), Requested)
        answers, call = await technicians.identified()
        answer = await answers.consult(request(Ring("912000099"), fields=fields))
        assert answer == NumberRefused(NumberFault.TOO_MANY)
        assert w.database.run_now(lambda conn: fields_of(conn, call.id)) == {}
        assert EventKind.REQUESTED not in w.kinds(call.id)
        assert isinstance(await answers.consult(request(BesideMe())), Requested)
        await asyncio.sleep(timedelta(hours=1).total_seconds())
        answers, _ = await technicians.identified()
        assert isinstance(await answers.consult(request(Ring("912000099"))), Requested)


async def test_no_number_pin_or_code_of_a_caller_is_in_any_table_but_the_call_s_own() -> None:
    async with world() as w:
        technicians = Technicians(w)
        await technicians.tries(ELSEWHERE.format(place=5), WRONG)
        await technicians.identified()

        def everything(conn: Connection) -> str:
            from bridge.storage.tables import metadata

            tables = [t for t in metadata.sorted_tables if t.name not in ("call", "agency")]
            return " ".join(str(row) for t in tables for row in conn.execute(select(t)))

        written = w.database.run_now(everything)
        for secret in (WRONG, PIN, ELSEWHERE.format(place=5), TECHNICIAN):
            assert secret not in written
