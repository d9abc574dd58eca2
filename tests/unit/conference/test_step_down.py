# SPDX-License-Identifier: EUPL-1.2
"""A required level is stepped down from by the technician's key, and by nothing else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.agencies import store as agencies
from bridge.callers.keys import CallerKeys
from bridge.calllog.model import Event, EventKind
from bridge.conference.model import CallState
from bridge.conversations.technician_answers import AnswerTools, TechnicianAnswers
from bridge.ivr.technician.request import Failed, NoLongerWaiting, StepDown
from bridge.roster.model import Presence
from bridge.roster.people_store import load_people
from bridge.roster.skills import REGISTER, pair
from bridge.storage.database import DatabaseUnavailable
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag
from lab.phones import Answers, Behaviour, NeverAnswers
from tests.storage_samples import PEPPER, quick_hasher
from tests.unit.conference.world import REQUIRES_A_LEVEL, UKRAINIAN, World, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")
KEY = "step-down-key"
REQUIRED = REGISTER.parse("B")


async def hears(w: World, line: SimulatedLine, prompt: str) -> None:
    """Wait until a technician is told something."""
    await w.until(lambda: f"pt/{prompt}" in heard(w, line))


def heard(w: World, line: SimulatedLine) -> list[str]:
    return w.switch.spoken.get(line.leg, [])


def told(w: World, kind: EventKind) -> list[Event]:
    return [event for event in w.events() if event.kind is kind]


def rung(w: World) -> list[InterpreterId]:
    """Whom the first call rang, in order."""
    return [InterpreterId(int(str(one.data["interpreter"]))) for one in told(w, EventKind.OFFERED)]


def answers(w: World) -> TechnicianAnswers:
    """Who answers the first call's technician."""
    tools = AnswerTools(w.database, w.clock, quick_hasher(), w.calls.queue, CallerKeys(PEPPER))
    return TechnicianAnswers(tools, w.calls.open[0], w.directory)


# --- the key -------------------------------------------------------------------------------------


async def test_with_the_key_somebody_below_the_level_is_rung_at_once() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, level="B", presence=Presence.OFF)
        lower = w.interpreter(ACCEPTS, level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        assert "pt/nobody-of-level" in heard(w, technician)
        assert rung(w) == []
        await technician.key("4")
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [lower]
        assert len(w.switch.others_in_room(technician.leg)) == 1
        kinds = w.kinds()
        place = kinds.index(EventKind.STEP_DOWN_AGREED)
        assert kinds[place - 1 : place + 2] == [
            EventKind.NOBODY_AVAILABLE,
            EventKind.STEP_DOWN_AGREED,
            EventKind.RANKED,
        ]
        (agreed,) = told(w, EventKind.STEP_DOWN_AGREED)
        assert (agreed.leg, agreed.data) == (technician.leg, {"level": REQUIRED})


async def test_without_the_key_nobody_below_the_level_is_ever_rung() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, level="C")
        w.interpreter(ACCEPTS)
        late = w.interpreter(ACCEPTS, level="E", presence=Presence.OFF)
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        await technician.key("1")
        await asyncio.sleep(200)
        w.set_presence(late, Presence.AVAILABLE)
        await asyncio.sleep(200)
        assert rung(w) == []
        assert told(w, EventKind.STEP_DOWN_AGREED) == []


async def test_the_key_is_not_offered_when_nobody_of_another_level_is_free() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, level="C", presence=Presence.OFF)
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, "call-back-key")
        await technician.key("4")
        await hears(w, technician, "no-such-option")
        assert "pt/nobody-available" in heard(w, technician)
        await technician.key("1")
        await asyncio.sleep(100)
        assert f"pt/{KEY}" not in heard(w, technician)
        assert told(w, EventKind.STEP_DOWN_AGREED) == []


async def test_the_key_is_not_offered_when_it_is_not_the_level_that_keeps_them_away() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, level="C")
        technician = w.request(wishes=("*1", "1", "4", "4", "#"))
        await hears(w, technician, "call-back-key")
        assert f"pt/{KEY}" not in heard(w, technician)


async def test_a_level_that_is_only_wished_needs_no_consent() -> None:
    async with world() as w:
        lower = w.interpreter(ACCEPTS, level="C")
        w.request(wishes=("*4", "#"))
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [lower]
        assert told(w, EventKind.STEP_DOWN_AGREED) == []


async def test_who_becomes_free_below_the_level_is_offered_by_key_in_the_queue() -> None:
    async with world() as w:
        lower = w.interpreter(ACCEPTS, level="D", presence=Presence.OFF)
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, "call-back-key")
        await technician.key("1")
        await hears(w, technician, "queue-staying")
        w.set_presence(lower, Presence.AVAILABLE)
        await hears(w, technician, KEY)
        assert rung(w) == []
        await technician.key("4")
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [lower]


# --- who is rung, and when -----------------------------------------------------------------------


async def test_who_was_tried_stays_tried() -> None:
    async with world() as w:
        high = w.interpreter(REFUSES, level="B")
        lower = w.interpreter(ACCEPTS, level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        await technician.key("4")
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [high, lower]


async def test_whoever_has_the_level_is_still_rung_before_the_others() -> None:
    async with world(policy="default") as w:
        high = w.interpreter(ACCEPTS, level="A", presence=Presence.OFF)
        first = w.interpreter(REFUSES, level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        await technician.key("4")
        await w.event(EventKind.OFFER_REFUSED)
        w.interpreter(ACCEPTS, level="C", presence=Presence.OFF)
        for one in w.interpreter_ids():
            w.set_presence(one, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [first, high]


async def test_the_place_in_the_queue_is_kept() -> None:
    async with world() as w:
        w.interpreter(REFUSES, level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        w.request(wishes=REQUIRES_A_LEVEL)
        await w.event(EventKind.NOBODY_AVAILABLE, call=1)
        first, second = w.calls.open
        await technician.key("4")
        await w.event(EventKind.OFFER_RINGING)
        assert first.record.state is CallState.HUNTING
        assert [w.calls.queue.place(one)[0] for one in (first, second)] == [1, 2]
        await w.event(EventKind.OFFER_REFUSED)
        await w.until(lambda: first.record.state is CallState.QUEUED)
        assert [w.calls.queue.place(one)[0] for one in (first, second)] == [1, 2]
        await hears(w, technician, "step-down-agreed")


async def test_consent_while_somebody_is_rung_counts_for_those_rung_next() -> None:
    async with world() as w:
        high = w.interpreter(NeverAnswers(), level="B", presence=Presence.OFF)
        lower = w.interpreter(ACCEPTS, level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        w.set_presence(high, Presence.AVAILABLE)
        await w.event(EventKind.OFFER_RINGING)
        await technician.key("4")
        await w.event(EventKind.STEP_DOWN_AGREED)
        assert w.calls.open[0].record.state is CallState.HUNTING
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [high, lower]


async def test_a_relay_over_lower_levels_needs_the_key_too() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
        english, tigrinya = LanguageTag("en"), LanguageTag("ti")
        w.interpreter(ACCEPTS, english, level="C")
        w.interpreter(ACCEPTS, pair(tigrinya, english), level="C")
        technician = w.request("ti", wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        assert rung(w) == []
        await technician.key("4")
        await w.event(EventKind.ROOM_COMPLETE)
        kinds = w.kinds()
        assert kinds.index(EventKind.STEP_DOWN_AGREED) < kinds.index(EventKind.RELAY_BEGUN)
        assert len(w.switch.others_in_room(technician.leg)) == 2


async def test_a_half_of_a_relay_that_found_nobody_hunts_on_with_the_consent() -> None:
    async with world() as w:
        w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))
        english, tigrinya = LanguageTag("en"), LanguageTag("ti")
        between = pair(tigrinya, english)
        off = Presence.OFF
        near = w.interpreter(NeverAnswers(), english, level="B", presence=off)
        far = w.interpreter(REFUSES, between, level="B", presence=off)
        w.interpreter(ACCEPTS, english, level="C")
        lower = w.interpreter(ACCEPTS, between, level="C")
        technician = w.request("ti", wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        for one in (near, far):
            w.set_presence(one, Presence.AVAILABLE)
        await w.event(EventKind.OFFER_REFUSED)
        await asyncio.sleep(5)  # until the leg of whoever refused has ended, too
        await technician.key("4")
        await w.until(lambda: lower in rung(w))
        assert told(w, EventKind.OFFER_UNANSWERED) == []
        await w.event(EventKind.ROOM_COMPLETE)


async def test_the_next_process_knows_of_the_consent() -> None:
    async with world() as w:
        away = w.interpreter(NeverAnswers(), level="C")
        other = w.interpreter(ACCEPTS, level="D", presence=Presence.OFF)
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        await technician.key("4")
        await w.event(EventKind.OFFER_RINGING)
        await w.restart()
        w.switch.spawn(technician.talk("line"))
        await w.event(EventKind.RECONCILED)
        w.set_presence(other, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert rung(w) == [away, other]
        assert len(told(w, EventKind.STEP_DOWN_AGREED)) == 1


# --- what may go wrong ---------------------------------------------------------------------------


async def test_consent_that_comes_too_late_changes_nothing() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, level="B")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await w.event(EventKind.ROOM_COMPLETE)
        asking, call = answers(w), w.calls.open[0]
        assert await asking.consult(StepDown()) == NoLongerWaiting()
        (late,) = told(w, EventKind.LATE)
        assert late.data == {"what": "step_down_agreed"}
        assert call.record.request is not None
        assert not call.record.request.requirements.step_down
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert await asking.consult(StepDown()) == Failed()
        assert told(w, EventKind.STEP_DOWN_AGREED) == []


async def test_consent_is_written_once() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers(), level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)
        consent = w.calls.open[0].consent
        assert await consent.would_help()
        assert await consent.give()
        assert not await consent.would_help()
        assert await consent.give()
        assert len(told(w, EventKind.STEP_DOWN_AGREED)) == 1


async def test_without_a_database_nothing_is_offered_and_nothing_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, level="C")
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await hears(w, technician, KEY)

        async def unavailable(_work: object) -> None:
            raise DatabaseUnavailable("away")

        with monkeypatch.context() as patched:
            patched.setattr(w.database, "run", unavailable)
            assert not (await answers(w).nobody_available()).step_down
            assert await answers(w).consult(StepDown()) == Failed()
        assert told(w, EventKind.STEP_DOWN_AGREED) == []
        assert (await answers(w).nobody_available()).step_down


# --- whatever happens ----------------------------------------------------------------------------

behaviours = st.sampled_from((ACCEPTS, REFUSES, NeverAnswers()))
people = st.tuples(st.sampled_from((*REGISTER.names, None)), behaviours, st.booleans())


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    roster=st.lists(people, max_size=5),
    policy=st.sampled_from(("longest_idle", "default", "ring_all")),
    agrees_after=st.none() | st.integers(0, 60),
    restarts=st.booleans(),
)
async def test_nobody_below_the_level_is_rung_before_the_technician_agreed(
    roster: list[tuple[str | None, Behaviour, bool]],
    policy: str,
    agrees_after: int | None,
    restarts: bool,
) -> None:
    async with world(policy) as w:
        for level, behaviour, here in roster:
            presence = Presence.AVAILABLE if here else Presence.OFF
            w.interpreter(behaviour, level=level, presence=presence)
        technician = w.request(wishes=REQUIRES_A_LEVEL)
        await w.event(EventKind.REQUESTED)
        if agrees_after is not None:
            await asyncio.sleep(agrees_after)
            await technician.key("4")
        if restarts:
            await w.restart()
            w.switch.spawn(technician.talk("line"))
        for who in w.interpreter_ids():
            w.set_presence(who, Presence.AVAILABLE)
            await asyncio.sleep(30)
        levels = {one.id: one.skills[UKRAINIAN] for one in w.database.run_now(load_people)}
        agreed = False
        for event in w.events():
            agreed = agreed or event.kind is EventKind.STEP_DOWN_AGREED
            if event.kind is EventKind.OFFERED and not agreed:
                assert levels[InterpreterId(int(str(event.data["interpreter"])))] <= REQUIRED
        assert agrees_after is not None or not agreed
