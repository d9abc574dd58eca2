# SPDX-License-Identifier: EUPL-1.2
"""Relay: two interpreters serve one call with a language between them, where nobody does alone."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select

from bridge.agencies import store as agencies
from bridge.calllog.model import Event, EventKind
from bridge.conference import store as conference
from bridge.conference.legs import Part
from bridge.conference.recovery import remember
from bridge.roster.model import Presence
from bridge.roster.skills import BadPair, in_order, pair, split_pair
from bridge.telephony.switch import Ending
from bridge.vocabulary import AgencyId, InterpreterId, LanguageTag, LegId, Role
from lab.phones import Answers, Behaviour, NeverAnswers
from tests.unit.conference.world import TECHNICIAN, World, world

pytestmark = [pytest.mark.looptime, pytest.mark.thorough]

TIGRINYA, ENGLISH, FRENCH, ARABIC = map(LanguageTag, ("ti", "en", "fr", "ar"))
ACCEPTS = Answers(after_seconds=2, hears_seconds=1, keys="1")
LATER = Answers(after_seconds=9, hears_seconds=1, keys="1")
MIGRANT = "912000099"


def allow(w: World) -> None:
    """The agency lets two interpreters serve it."""
    w.database.run_now(lambda conn: agencies.set_relay_allowed(conn, AgencyId(1), True))


def two(
    w: World, near: Behaviour = ACCEPTS, far: Behaviour = ACCEPTS
) -> tuple[InterpreterId, InterpreterId]:
    """One who interprets English and Portuguese, one who interprets Tigrinya and English."""
    return w.interpreter(near, ENGLISH), w.interpreter(far, pair(TIGRINYA, ENGLISH))


async def four_in_a_room(w: World) -> tuple[InterpreterId, InterpreterId]:
    """Technician, migrant and two interpreters who talk."""
    allow(w)
    both = two(w)
    w.telephone(TECHNICIAN, ACCEPTS)
    w.telephone(f"+351{MIGRANT}", ACCEPTS)
    w.request("ti", migrant=MIGRANT)
    await w.event(EventKind.ROOM_COMPLETE)
    return both


def in_room(w: World) -> int:
    """How many hear each other."""
    return max((len(members) for members in w.switch.rooms.values()), default=0)


def of_kind(w: World, kind: EventKind) -> list[Event]:
    """The first call's events of a kind."""
    return [event for event in w.events() if event.kind is kind]


def part_of(w: World, part: Part) -> LegId:
    """The leg of the one who does this part."""
    return w.calls.open[0].record.interpreters[part]


async def test_four_hear_each_other_and_both_interpreters_count() -> None:
    async with world() as w:
        near, far = await four_in_a_room(w)
        assert in_room(w) == 4
        assert w.reserved() == {near, far}
        begun = await w.event(EventKind.RELAY_BEGUN)
        assert begun.data == {"pivot": "en"}
        spoken = w.switch.spoken
        for part, wanted in ((Part.PORTUGUESE, "en"), (Part.FAR, "ti")):
            whisper = spoken[part_of(w, part)]
            assert whisper[:2] == ["pt/offer", f"pt/language-{wanted}"]
            at = whisper.index("pt/offer-relay")
            assert whisper[at + 1] == "pt/language-en"
        w.switch.line(w.calls.open[0].record.technician).end(Ending.HUNG_UP)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert w.reserved() == frozenset()
        expected = {(near, "en", "portuguese"), (far, "en", "far")}
        for kind in (EventKind.OFFER_ACCEPTED, EventKind.RELEASED):
            told = [one.data for one in of_kind(w, kind)]
            assert len(told) == 2
            assert {(one["interpreter"], one["relay"], one["part"]) for one in told} == expected
        ended = [one for one in of_kind(w, EventKind.LEG_ENDED) if "relay" in one.data]
        assert [one.data["role"] for one in ended] == ["interpreter", "interpreter"]

        def legs(conn: Connection) -> list[InterpreterId | None]:
            asked = select(conference.leg.c.interpreter_id).where(
                conference.leg.c.role == Role.INTERPRETER.value
            )
            return list(conn.execute(asked).scalars())

        assert set(w.database.run_now(legs)) == {near, far}


async def test_who_accepts_first_waits_in_the_room_and_the_technician_comes_last() -> None:
    async with world() as w:
        allow(w)
        near, far = two(w, far=LATER)
        technician = w.request("ti")
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == near
        await w.until(lambda: in_room(w) == 1)
        assert not w.switch.others_in_room(technician.leg)
        await w.event(EventKind.ROOM_COMPLETE)
        entered = [str(one.data["role"]) for one in of_kind(w, EventKind.ROOM_ENTERED)]
        assert sorted(entered) == ["interpreter", "interpreter", "technician"]
        assert len(w.switch.others_in_room(technician.leg)) == 2
        assert w.reserved() == {near, far}


async def test_no_relay_without_permission() -> None:
    async with world() as w:
        two(w)
        w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE)
        assert EventKind.RELAY_BEGUN not in w.kinds()
        assert not w.switch.originated


async def test_no_relay_when_somebody_interprets_directly() -> None:
    async with world() as w:
        allow(w)
        two(w)
        direct = w.interpreter(ACCEPTS, TIGRINYA)
        w.request("ti")
        await w.event(EventKind.ROOM_COMPLETE)
        assert EventKind.RELAY_BEGUN not in w.kinds()
        assert w.reserved() == {direct}


async def test_relay_when_nobody_takes_the_direct_offer() -> None:
    async with world() as w:
        allow(w)
        near, far = two(w)
        w.interpreter(NeverAnswers(), TIGRINYA)
        w.request("ti")
        await w.event(EventKind.ROOM_COMPLETE)
        assert w.reserved() == {near, far}


async def test_one_person_is_not_both_halves() -> None:
    async with world() as w:
        allow(w)
        w.interpreter(ACCEPTS, ENGLISH, pair(TIGRINYA, ENGLISH))
        w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE)
        assert not w.switch.originated


async def test_the_half_that_fewer_can_serve_is_rung_first() -> None:
    async with world() as w:
        allow(w)
        either = w.interpreter(ACCEPTS, ENGLISH, pair(TIGRINYA, ENGLISH))
        english = w.interpreter(ACCEPTS, ENGLISH)
        w.request("ti")
        await w.event(EventKind.ROOM_COMPLETE)
        told = {one.data["part"]: one.data["interpreter"] for one in of_kind(w, EventKind.OFFERED)}
        assert told == {"far": either, "portuguese": english}


async def test_who_is_not_taken_for_one_half_may_serve_the_other() -> None:
    async with world("default") as w:
        allow(w)
        # Both can do both, and the first wave rings both for the same half.
        skills = (ENGLISH, pair(TIGRINYA, ENGLISH))
        both = {w.interpreter(ACCEPTS, *skills), w.interpreter(LATER, *skills)}
        w.request("ti")
        await w.event(EventKind.ROOM_COMPLETE)
        first = of_kind(w, EventKind.OFFERED)[:2]
        assert {one.data["part"] for one in first} == {"far"}
        await w.until(lambda: w.reserved() == both)
        assert EventKind.NOBODY_AVAILABLE not in w.kinds()


@pytest.mark.parametrize("absent", ["portuguese", "far"])
async def test_a_half_that_cannot_be_found_ends_the_relay_with_the_truth(absent: str) -> None:
    async with world() as w:
        allow(w)
        if absent == "far":
            accepts, _ = two(w, far=NeverAnswers())
        else:
            _, accepts = two(w, near=NeverAnswers())
        technician = w.request("ti")
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.data["interpreter"] == accepts
        assert accepted.leg is not None
        await w.event(EventKind.NOBODY_AVAILABLE)
        await w.until(lambda: accepts not in w.reserved())
        assert w.switch.spoken[accepted.leg][-1] == "pt/goodbye"
        assert not w.switch.others_in_room(technician.leg)
        assert w.outcome() is None  # the technician still waits
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unfilled"
        assert w.reserved() == frozenset()


def two_ways(w: World, *telephones: Behaviour) -> list[InterpreterId]:
    """Four who relay Tigrinya, over English and over French: near, far, near, far."""
    skills = (ENGLISH, pair(TIGRINYA, ENGLISH), FRENCH, pair(TIGRINYA, FRENCH))
    return [w.interpreter(phone, one) for phone, one in zip(telephones, skills, strict=True)]


@pytest.mark.parametrize("absent", ["portuguese", "far"])
async def test_another_language_between_is_tried_before_giving_up(absent: str) -> None:
    async with world() as w:
        allow(w)
        english = (NeverAnswers(), ACCEPTS) if absent == "portuguese" else (ACCEPTS, NeverAnswers())
        everybody = two_ways(w, *english, ACCEPTS, ACCEPTS)
        technician = w.request("ti")
        first = await w.event(EventKind.OFFER_ACCEPTED)
        assert first.leg is not None
        await w.event(EventKind.ROOM_COMPLETE)
        begun = [one.data["pivot"] for one in of_kind(w, EventKind.RELAY_BEGUN)]
        assert begun == ["en", "fr"]
        assert EventKind.NOBODY_AVAILABLE not in w.kinds()
        assert w.switch.spoken[first.leg][-1] == "pt/goodbye"
        await w.until(lambda: w.reserved() == set(everybody[2:]))
        assert len(w.switch.others_in_room(technician.leg)) == 2
        told = remember(w.calls.open[0].record.state, w.events())
        assert told.interpreters == w.calls.open[0].record.interpreters
        assert told.pivot == FRENCH


async def test_each_language_between_is_tried_once_and_then_the_truth_is_told() -> None:
    async with world() as w:
        allow(w)
        refuses = Answers(after_seconds=2, hears_seconds=1, keys="2")
        everybody = two_ways(w, ACCEPTS, NeverAnswers(), refuses, LATER)
        technician = w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE)
        begun = [one.data["pivot"] for one in of_kind(w, EventKind.RELAY_BEGUN)]
        assert begun == ["en", "fr"]
        await w.until(lambda: not w.reserved())
        offered = [one.data["interpreter"] for one in of_kind(w, EventKind.OFFERED)]
        assert (set(offered), len(offered)) == (set(everybody), len(everybody))
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "unfilled"


async def test_a_restart_between_two_languages_goes_on_with_the_second() -> None:
    async with world() as w:
        allow(w)
        everybody = two_ways(w, ACCEPTS, NeverAnswers(), LATER, LATER)
        technician = w.request("ti")
        await w.event(EventKind.RELAY_BEGUN)
        await w.until(lambda: len(of_kind(w, EventKind.RELAY_BEGUN)) == 2)
        await w.until(lambda: len(of_kind(w, EventKind.OFFER_RINGING)) == 4)
        await w.restart()
        w.switch.spawn(technician.talk("line"))
        await w.event(EventKind.ROOM_COMPLETE)
        await w.until(lambda: w.reserved() == set(everybody[2:]))


async def test_a_half_that_found_nobody_gives_up_once_the_other_half_is_settled() -> None:
    async with world() as w:
        allow(w)
        two(w, near=Answers(after_seconds=2, hears_seconds=1, keys="2"), far=LATER)
        w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE, seconds=60)
        kinds = w.kinds()
        wanted = (EventKind.OFFER_REFUSED, EventKind.OFFER_ACCEPTED, EventKind.NOBODY_AVAILABLE)
        places = [kinds.index(kind) for kind in wanted]
        assert places == sorted(places)
        await w.until(lambda: not w.reserved())


async def test_who_becomes_free_completes_a_relay_for_a_request_that_waits() -> None:
    async with world() as w:
        allow(w)
        near = w.interpreter(ACCEPTS, ENGLISH)
        far = w.interpreter(ACCEPTS, pair(TIGRINYA, ENGLISH), presence=Presence.OFF)
        technician = w.request("ti")
        await w.event(EventKind.NOBODY_AVAILABLE)
        w.set_presence(far, Presence.AVAILABLE)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 2
        assert w.reserved() == {near, far}


@pytest.mark.parametrize("part", list(Part))
async def test_a_dropped_half_comes_back(part: Part) -> None:
    async with world() as w:
        both = await four_in_a_room(w)
        leg = part_of(w, part)
        w.switch.line(leg).end(Ending.DROPPED)
        rejoined = await w.event(EventKind.REJOINED)
        assert (rejoined.data["role"], rejoined.data["part"]) == ("interpreter", part.value)
        await w.until(lambda: in_room(w) == 4)
        assert part_of(w, part) != leg
        assert w.reserved() == set(both)


@pytest.mark.parametrize("part", list(Part))
async def test_a_half_that_cannot_be_reached_again_is_replaced_by_one_of_its_kind(
    part: Part,
) -> None:
    async with world() as w:
        near, far = await four_in_a_room(w)
        skill = ENGLISH if part is Part.PORTUGUESE else pair(TIGRINYA, ENGLISH)
        other = w.interpreter(ACCEPTS, skill)
        w.refresh()
        leg = part_of(w, part)
        rung = next(one for one in w.switch.originated if one.leg == leg)
        w.telephone(rung.to.number.e164, NeverAnswers())
        w.switch.line(leg).end(Ending.DROPPED)
        await w.event(EventKind.NOT_REJOINED)
        await w.until(lambda: len(of_kind(w, EventKind.OFFER_ACCEPTED)) == 3)
        await w.until(lambda: in_room(w) == 4)
        stays = far if part is Part.PORTUGUESE else near
        assert w.reserved() == {stays, other}


async def test_both_halves_lost_at_once_are_replaced() -> None:
    async with world() as w:
        await four_in_a_room(w)
        legs = [part_of(w, part) for part in Part]
        others = two(w)
        w.refresh()
        for one in w.switch.originated[:3]:
            if one.leg in legs:
                w.telephone(one.to.number.e164, NeverAnswers())
        for leg in legs:
            w.switch.line(leg).end(Ending.DROPPED)
        await w.until(lambda: len(of_kind(w, EventKind.OFFER_ACCEPTED)) == 4)
        await w.until(lambda: in_room(w) == 4)
        await w.until(lambda: w.reserved() == set(others))


@pytest.mark.parametrize("part", list(Part))
async def test_a_half_that_hangs_up_ends_it_for_all(part: Part) -> None:
    async with world() as w:
        await four_in_a_room(w)
        w.switch.line(part_of(w, part)).end(Ending.HUNG_UP)
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "interpreted"
        assert EventKind.REDIALLED not in w.kinds()
        assert w.reserved() == frozenset()


async def test_a_half_that_hangs_up_while_waiting_for_the_other_is_looked_for_again() -> None:
    async with world() as w:
        allow(w)
        _, far = two(w, far=LATER)
        second = w.interpreter(ACCEPTS, ENGLISH)
        w.mark_called(second)
        technician = w.request("ti")
        first = await w.event(EventKind.OFFER_ACCEPTED)
        assert first.leg is not None
        await w.until(lambda: in_room(w) == 1)
        w.switch.line(first.leg).end(Ending.HUNG_UP)
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 2
        assert w.reserved() == {second, far}


async def test_a_swap_by_key_replaces_the_one_who_speaks_portuguese() -> None:
    async with world() as w:
        near, far = await four_in_a_room(w)
        other = w.interpreter(ACCEPTS, ENGLISH)
        w.refresh()
        technician = w.switch.line(w.calls.open[0].record.technician)
        await technician.key("*4")
        await technician.wait(2)
        await technician.key("1")
        await w.until(lambda: len(of_kind(w, EventKind.OFFER_ACCEPTED)) == 3)
        await w.until(lambda: in_room(w) == 4)
        await w.until(lambda: near not in w.reserved())
        assert w.reserved() == {far, other}


async def test_who_accepted_hears_goodbye_when_the_technician_gives_up() -> None:
    async with world() as w:
        allow(w)
        two(w, far=NeverAnswers())
        technician = w.request("ti")
        accepted = await w.event(EventKind.OFFER_ACCEPTED)
        assert accepted.leg is not None
        await w.until(lambda: in_room(w) == 1)
        await technician.hang_up()
        await w.event(EventKind.CALL_ENDED)
        assert w.outcome() == "abandoned"
        assert w.switch.spoken[accepted.leg][-1] == "pt/goodbye"
        assert w.reserved() == frozenset()


async def test_a_restart_before_the_second_has_accepted_loses_neither() -> None:
    async with world() as w:
        allow(w)
        near, far = two(w, far=LATER)
        technician = w.request("ti")
        await w.event(EventKind.OFFER_ACCEPTED)
        await w.until(lambda: in_room(w) == 1)
        await w.restart()
        w.switch.spawn(technician.talk("line"))
        await w.event(EventKind.ROOM_COMPLETE)
        assert len(w.switch.others_in_room(technician.leg)) == 2
        assert w.reserved() == {near, far}
        assert len(of_kind(w, EventKind.RELAY_BEGUN)) == 1


async def test_a_restart_in_the_conversation_goes_on_with_all_four() -> None:
    async with world() as w:
        both = await four_in_a_room(w)
        await w.restart()
        await w.event(EventKind.RECONCILED)
        record = w.calls.open[0].record
        assert set(record.interpreters) == set(Part)
        assert in_room(w) == 4
        w.switch.line(part_of(w, Part.FAR)).end(Ending.DROPPED)
        await w.event(EventKind.REJOINED)
        await w.until(lambda: in_room(w) == 4)
        assert w.reserved() == set(both)
        told = remember(record.state, w.events())
        assert told.interpreters == record.interpreters
        assert told.pivot == ENGLISH
        assert told.relay_allowed
        standing = {one.id: (one.part, one.relay, one.accepted_at) for one in told.legs}
        assert standing == {
            one.id: (one.part, one.relay, one.accepted_at)
            for one in map(record.legs.get, standing)
            if one is not None
        }


def test_pivots_are_tried_in_a_known_order() -> None:
    free = {ARABIC: 3, LanguageTag("am"): 3, LanguageTag("it"): 5, FRENCH: 1, ENGLISH: 0}
    assert in_order(free) == ["en", "fr", "it", "am", "ar"]


def test_a_pair_is_written_as_one_tag() -> None:
    assert pair(TIGRINYA, ENGLISH) == "ti>en"
    assert split_pair(LanguageTag("ti>en")) == ("ti", "en")
    assert split_pair(TIGRINYA) is None
    assert split_pair(LanguageTag("ti>pt")) is None


@pytest.mark.parametrize(
    ("language", "pivot"), [("ti", "ti"), ("ti", "pt"), ("pt", "ti"), ("", "en"), ("ti>en", "fr")]
)
def test_what_is_no_pair_is_refused(language: str, pivot: str) -> None:
    with pytest.raises(BadPair):
        pair(LanguageTag(language), LanguageTag(pivot))
