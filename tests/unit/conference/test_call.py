# SPDX-License-Identifier: EUPL-1.2
"""A call from the first key to the last hang-up, on the simulated switch and virtual time."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bridge.calllog.model import EventKind
from bridge.roster.model import Presence
from bridge.telephony.dials_store import dial
from bridge.telephony.switch import Ending, LegEnded
from bridge.vocabulary import LanguageTag, Role
from lab.phones import Answers, Busy, NeverAnswers, Rejects, Unreachable, Voicemail
from tests.unit.conference.world import AGENCY_CODE, PIN, world

pytestmark = pytest.mark.looptime

ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
REFUSES = Answers(after_seconds=2, hears_seconds=1, keys="2")
MIGRANT = "912000099"


def in_order(kinds: list[EventKind], *wanted: EventKind) -> bool:
    """Whether the wanted kinds occur in this order, others between them."""
    rest = iter(kinds)
    return all(kind in rest for kind in wanted)


async def test_accepted_first_time() -> None:
    async with world() as w:
        who = w.interpreter(ACCEPTS)
        technician = w.request()
        complete = await w.event(EventKind.ROOM_COMPLETE)
        assert complete.leg is None
        assert len(w.switch.others_in_room(technician.leg)) == 1
        assert w.reserved() == {who}
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()
        assert in_order(
            w.kinds(),
            EventKind.CALL_ANSWERED,
            EventKind.IDENTIFIED,
            EventKind.REQUESTED,
            EventKind.RANKED,
            EventKind.RESERVED,
            EventKind.OFFERED,
            EventKind.OFFER_RINGING,
            EventKind.OFFER_ANSWERED,
            EventKind.OFFER_ACCEPTED,
            EventKind.ROOM_ENTERED,
            EventKind.ROOM_ENTERED,
            EventKind.ROOM_COMPLETE,
            EventKind.LEG_ENDED,
            EventKind.CALL_ENDED,
        )


async def test_the_interpreter_hears_goodbye_when_the_technician_leaves() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        interpreter = w.switch.originated[0].leg
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        heard = ["pt/conversation-over", "pt/rating-ask", "pt/goodbye"]
        assert w.switch.spoken[interpreter][-3:] == heard


async def test_the_migrant_is_rung_and_all_three_meet() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(f"+351{MIGRANT}", Answers(after_seconds=3, keys="5"))
        technician = w.request(migrant=MIGRANT)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 2
        assert in_order(
            w.kinds(),
            EventKind.MIGRANT_RUNG,
            EventKind.MIGRANT_ANSWERED,
            EventKind.MIGRANT_CONFIRMED,
            EventKind.ROOM_ENTERED,
            EventKind.ROOM_COMPLETE,
        )
        migrant = w.switch.originated[1].leg
        assert w.switch.spoken[migrant][0].startswith("uk/")


async def test_a_migrants_voicemail_never_joins() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(f"+351{MIGRANT}", Voicemail(after_seconds=2, stays_seconds=60))
        technician = w.request(migrant=MIGRANT)
        await w.event(EventKind.MIGRANT_UNREACHED)
        assert EventKind.ROOM_COMPLETE not in w.kinds()
        assert len(w.switch.others_in_room(technician.leg)) == 1


@pytest.mark.parametrize(
    ("first", "kind", "reason"),
    [
        (NeverAnswers(), EventKind.OFFER_UNANSWERED, "no_answer"),
        (Busy(), EventKind.OFFER_UNANSWERED, "busy"),
        (Rejects(), EventKind.OFFER_UNANSWERED, "rejected"),
        (Unreachable(), EventKind.OFFER_UNANSWERED, "unreachable"),
        (Voicemail(stays_seconds=120), EventKind.OFFER_UNANSWERED, "no_key"),
        (Voicemail(stays_seconds=3), EventKind.OFFER_UNANSWERED, "hung_up"),
        (REFUSES, EventKind.OFFER_REFUSED, None),
    ],
)
async def test_the_second_is_rung_when_the_first_does_not_accept(
    first: Answers | NeverAnswers | Busy | Rejects | Unreachable | Voicemail,
    kind: EventKind,
    reason: str | None,
) -> None:
    async with world() as w:
        one = w.interpreter(first)
        two = w.interpreter(ACCEPTS)
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        declined = next(event for event in w.events() if event.kind is kind)
        assert declined.data["interpreter"] == one
        assert declined.data.get("reason") == reason
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == two
        await w.until(lambda: w.reserved() == {two})


async def test_nobody_available_is_said_and_who_leaves_then_is_unfilled() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        w.interpreter(ACCEPTS, presence=Presence.OFF)
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        told = w.switch.spoken[technician.leg]
        await w.until(lambda: "pt/nobody-available" in told)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unfilled"
        assert w.reserved() == frozenset()


async def test_nobody_speaks_the_language() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS, LanguageTag("ne"))
        technician = w.request()
        await w.event(EventKind.NOBODY_AVAILABLE)
        assert w.switch.originated == []
        await technician.hang_up()
        ended = await w.event(EventKind.CALL_ENDED)
        assert ended.data["outcome"] == "unfilled"


async def test_the_caller_gives_up_while_ringing() -> None:
    async with world() as w:
        w.interpreter(NeverAnswers())
        technician = w.request()
        await w.event(EventKind.OFFER_RINGING)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "abandoned"
        assert in_order(w.kinds(), EventKind.OFFER_CANCELLED, EventKind.RELEASED)
        assert w.reserved() == frozenset()


async def test_who_accepts_after_the_caller_has_gone_is_told() -> None:
    async with world() as w:
        w.interpreter(Answers(after_seconds=1, hears_seconds=2, keys="1"))
        technician = w.request()
        await w.event(EventKind.OFFER_ANSWERED)
        w.switch.lose_link()  # the hang-up of the offer can't reach the switch
        await technician.hang_up()
        call = w.calls.open[0]
        call.happened(LegEnded(technician.leg, w.clock.now(), Ending.HUNG_UP))
        await w.event(EventKind.OFFER_TOO_LATE)
        told = w.switch.spoken[w.switch.originated[0].leg]
        await w.until(lambda: "pt/offer-too-late" in told)


async def test_two_calls_at_once_for_one_interpreter() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.request()
        w.request()

        def kinds_of_both() -> list[EventKind]:
            return [kind for call in w.call_ids() for kind in w.kinds(call)]

        await w.until(lambda: EventKind.ROOM_COMPLETE in kinds_of_both())
        assert kinds_of_both().count(EventKind.OFFERED) == 1
        assert kinds_of_both().count(EventKind.ROOM_COMPLETE) == 1
        assert kinds_of_both().count(EventKind.NOBODY_AVAILABLE) == 1
        assert len(w.switch.originated) == 1


async def test_wrong_pin_three_times_ends_politely_and_rings_nobody() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        technician = w.technician(*[AGENCY_CODE + "000000"] * 3)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "not_identified"
        assert w.kinds().count(EventKind.IDENTIFICATION_FAILED) == 3
        assert w.switch.originated == []
        assert technician.ended
        assert w.switch.spoken[technician.leg][-1] == "pt/goodbye"


async def test_unknown_language_codes_lead_to_a_person() -> None:
    async with world() as w:
        technician = w.technician(AGENCY_CODE + PIN, "00", "89", "77")
        await w.event(EventKind.PUT_THROUGH)
        await w.until(lambda: w.switch.put_through == [technician.leg])
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "put_through"


async def test_silence_is_bounded() -> None:
    async with world() as w:
        w.technician()
        await w.event(EventKind.PUT_THROUGH, seconds=900)


async def test_the_interpreter_vanishes_on_the_way_into_the_room() -> None:
    async with world() as w:
        w.interpreter(Answers(after_seconds=1, hears_seconds=3, keys="1"))
        two = w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.OFFER_ANSWERED)
        first = w.switch.originated[0].leg
        w.switch.lose_link()  # the technician can't be moved now
        await w.event(EventKind.OFFER_ACCEPTED)
        w.switch.line(first).end(Ending.HUNG_UP)
        w.switch.restore_link()
        await w.event(EventKind.ROOM_COMPLETE)
        assert [one.leg for one in w.switch.originated[:1]] == [first]
        second = w.switch.originated[1].leg
        assert w.reserved() == {two}
        assert w.switch.others_in_room(technician.leg) == {second}
        assert w.kinds().count(EventKind.OFFER_ACCEPTED) == 2


async def test_events_carry_no_number_and_no_key() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.telephone(f"+351{MIGRANT}", Answers(keys="5"))
        technician = w.request(migrant=MIGRANT)
        await w.event(EventKind.ROOM_COMPLETE)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        written = " ".join(f"{event.data}" for event in w.events())
        for secret in (MIGRANT, PIN, "910000001", "210000001", "Teste"):
            assert secret not in written


async def test_every_leg_ends_once() -> None:
    async with world() as w:
        w.interpreter(REFUSES)
        w.interpreter(ACCEPTS)
        technician = w.request()
        await w.event(EventKind.ROOM_COMPLETE)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        ended = [event.leg for event in w.events() if event.kind is EventKind.LEG_ENDED]
        assert len(ended) == len(set(ended)) == 3
        roles = {event.data["role"] for event in w.events() if event.kind is EventKind.LEG_ENDED}
        assert roles == {Role.TECHNICIAN.value, Role.INTERPRETER.value}


async def test_a_rehearsal_leaves_nothing_behind() -> None:
    async with world() as w:
        w.interpreter(ACCEPTS)
        w.database.run_now(w.calls.rehearse)
        assert w.call_ids() == []
        assert w.reserved() == frozenset()
        assert w.switch.originated == []
        assert w.database.run_now(lambda conn: conn.execute(select(dial)).all()) == []
        w.request()
        await w.event(EventKind.ROOM_COMPLETE)
