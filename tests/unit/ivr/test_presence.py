# SPDX-License-Identifier: EUPL-1.2
"""What an interpreter hears and keys who rings the line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.ivr.person import (
    FindPerson,
    NobodyOnDuty,
    OperatorPromised,
    RingWhenOnDuty,
    SomebodyOnDuty,
    WillRing,
)
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import (
    BookingAt,
    IdentifyInterpreter,
    InterpreterKnown,
    InterpreterNotIdentified,
    InterpreterToOperator,
    InterpreterUnknown,
    NextBooking,
    NoBooking,
    NoShare,
    OwnShare,
    PresenceEnded,
    PresenceSet,
    PresenceState,
    SetPresence,
    ShareOf,
    WhyEnded,
)
from bridge.ivr.script import Ask, Finish, Said, Silence
from bridge.roster.model import Presence
from bridge.vocabulary import LanguageTag
from tests.unit.ivr.talk import Talk

TODAY = date(2026, 11, 20)
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
WINDOWS = (
    (NINE, NINE + timedelta(hours=3, minutes=30)),
    (NINE + timedelta(hours=5), NINE + timedelta(hours=15)),
)
KNOWN = InterpreterKnown(Presence.AVAILABLE, windows=WINDOWS)
HOURS = (
    "windows-today",
    *("window-from", "oclock-9", "window-to", "at-12", "past-30"),
    *("window-from", "oclock-14", "window-to", "oclock-0"),
)
MENU = ("presence-keys", "presence-more-keys", "person-key")


def call(*, operator_on_duty: bool = True) -> Talk[PresenceState]:
    return Talk(PresenceScript(TODAY, operator_on_duty=operator_on_duty))


def at_menu(
    known: InterpreterKnown = KNOWN, *, operator_on_duty: bool = True
) -> Talk[PresenceState]:
    talk = call(operator_on_duty=operator_on_duty)
    talk.key("246810")
    talk.answer(known)
    return talk


def test_the_pin_is_asked_and_presence_and_today_s_hours_are_said() -> None:
    talk = call()
    assert talk.prompts() == ("presence-greeting", "ask-pin", "person-key")
    step = talk.step
    assert isinstance(step, Ask)
    assert step.most_keys == 6
    talk.key("246810")
    assert talk.question() == IdentifyInterpreter("246810")
    talk.answer(KNOWN)
    assert talk.prompts() == ("presence-available", *HOURS, *MENU)


def test_a_pin_shows_in_no_repr() -> None:
    assert repr(IdentifyInterpreter("246810")) == "IdentifyInterpreter()"


@pytest.mark.parametrize("entry", ["", "24681", "2468101", "24*810", "٣" * 6])
def test_what_is_no_pin_is_asked_again_and_not_looked_up(entry: str) -> None:
    talk = call()
    talk.key(entry)
    assert talk.prompts()[:2] == ("pin-incomplete", "ask-pin")


def test_three_wrong_pins_end_politely() -> None:
    talk = call()
    for _ in range(2):
        talk.key("999999")
        talk.answer(InterpreterUnknown())
        assert talk.prompts()[:2] == ("pin-wrong", "ask-pin")
        talk.hear(Silence())
    talk.key("999999")
    talk.answer(InterpreterUnknown())
    assert talk.prompts() == ("pin-not-identified", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == InterpreterNotIdentified(3)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (InterpreterKnown(Presence.OFF), ("presence-off", "no-windows-today")),
        (
            InterpreterKnown(Presence.ON_BREAK, NINE + timedelta(minutes=75)),
            ("presence-on-break", "presence-ends", "at-10", "past-15", "no-windows-today"),
        ),
        (
            InterpreterKnown(Presence.OFF, NINE + timedelta(days=1)),
            (
                *("presence-off", "presence-ends", "tomorrow", "weekday-6", "oclock-9"),
                "no-windows-today",
            ),
        ),
        (
            InterpreterKnown(Presence.AVAILABLE, not_answering=True),
            ("presence-not-answering", "no-windows-today"),
        ),
    ],
)
def test_how_the_interpreter_stands_is_said(known: InterpreterKnown, said: tuple[str, ...]) -> None:
    assert at_menu(known).prompts() == (*said, *MENU)


@pytest.mark.parametrize(
    ("key", "presence", "said"),
    [("1", Presence.AVAILABLE, "presence-available"), ("3", Presence.OFF, "presence-off")],
)
def test_one_and_three_change_presence_and_it_is_confirmed(
    key: str, presence: Presence, said: str
) -> None:
    talk = at_menu()
    talk.key(key)
    assert talk.question() == SetPresence(presence)
    talk.answer(PresenceSet(presence))
    assert talk.prompts() == ("presence-changed", said, *MENU)


def test_one_brings_back_who_had_stopped_answering() -> None:
    talk = at_menu(replace(KNOWN, not_answering=True))
    talk.key("1")
    talk.answer(PresenceSet(Presence.AVAILABLE))
    assert talk.prompts() == ("presence-changed", "presence-available", *MENU)
    talk.key("9")
    assert talk.prompts() == ("presence-available", *HOURS, *MENU)


def test_a_break_has_a_length_that_is_read_back_and_an_end_that_is_said() -> None:
    talk = at_menu()
    step = talk.key("2")
    assert talk.prompts() == ("ask-break",)
    assert isinstance(step, Ask)
    assert step.finish_key == "#"
    talk.key("75")
    assert talk.prompts() == ("break-is", "hours-1", "and", "minutes-15", "confirm-break")
    talk.key("2")
    assert talk.prompts() == ("ask-break",)
    talk.key("15", "1")
    assert talk.question() == SetPresence(Presence.ON_BREAK, 15)
    talk.answer(PresenceSet(Presence.ON_BREAK, NINE + timedelta(minutes=15)))
    ends = ("presence-ends", "at-9", "past-15")
    assert talk.prompts() == ("presence-changed", "presence-on-break", *ends, *MENU)


@pytest.mark.parametrize("entry", ["", "00", "000", "481", "999", "1*5", "٣٣"])
def test_a_break_is_bounded(entry: str) -> None:
    talk = at_menu()
    talk.key("2", entry)
    assert talk.prompts() == ("break-bounds", "ask-break")


@pytest.mark.parametrize(("entry", "minutes"), [("1", 1), ("005", 5), ("480", 480)])
def test_the_shortest_and_the_longest_break(entry: str, minutes: int) -> None:
    talk = at_menu()
    talk.key("2", entry, "1")
    assert talk.question() == SetPresence(Presence.ON_BREAK, minutes)


def test_four_says_the_next_booked_call_or_that_there_is_none() -> None:
    talk = at_menu()
    talk.key("4")
    assert talk.question() == NextBooking()
    talk.answer(BookingAt(NINE + timedelta(days=3), LanguageTag("uk")))
    when = ("weekday-1", "day-23", "month-11", "oclock-9")
    assert talk.prompts() == ("next-booking-is", *when, "for-language", "language-uk", *MENU)
    talk.key("4")
    talk.answer(NoBooking())
    assert talk.prompts() == ("no-booking", *MENU)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "tens-of-percent-0"),
        (0.049, "tens-of-percent-0"),
        (0.05, "tens-of-percent-1"),
        (0.87, "tens-of-percent-9"),
        (1.0, "tens-of-percent-10"),
        (2.04, "tens-of-percent-20"),
        (2.05, "tens-of-percent-more"),
        (60.0, "tens-of-percent-more"),
    ],
)
def test_five_says_the_own_share_of_the_work(share: float, said: str) -> None:
    talk = at_menu()
    talk.key("5")
    assert talk.question() == OwnShare()
    talk.answer(ShareOf(share))
    assert talk.prompts() == ("share-is", said, "share-even", *MENU)


def test_without_hours_or_work_there_is_no_share_to_tell() -> None:
    talk = at_menu()
    talk.key("5")
    talk.answer(NoShare())
    assert talk.prompts() == ("no-share", *MENU)


def test_what_we_could_not_write_down_is_never_confirmed() -> None:
    talk = at_menu()
    talk.key("3")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", *MENU)


def test_a_failure_at_the_pin_leads_to_a_person_or_ends_with_a_word() -> None:
    talk = call()
    talk.key("246810")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", "putting-through")
    talk.hear(Said())
    assert talk.outcome() == InterpreterToOperator()
    talk = call(operator_on_duty=False)
    talk.key("246810")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", "ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == PresenceEnded(WhyEnded.FAILED)


@pytest.mark.parametrize("way", [(), ("2",), ("2", "15")])
def test_zero_is_a_person_at_every_question(way: tuple[str, ...]) -> None:
    talk = at_menu()
    talk.key(*way, "0")
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == InterpreterToOperator()


def test_zero_with_nobody_on_duty_says_so_and_goes_on() -> None:
    talk = at_menu(operator_on_duty=False)
    assert "person-key" not in talk.prompts()
    talk.key("0")
    assert talk.question() == FindPerson()
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("nobody-on-duty", "presence-keys", "presence-more-keys")


def test_zero_in_vain_offers_to_ring_and_what_is_written_down_is_promised() -> None:
    talk = at_menu(operator_on_duty=False)
    talk.key("0")
    talk.answer(NobodyOnDuty(call_back=True))
    assert talk.prompts() == ("nobody-on-duty", "operator-call-back-offer")
    talk.key("1")
    assert talk.question() == RingWhenOnDuty()
    talk.answer(WillRing())
    assert talk.prompts() == ("operator-call-back-promised", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == OperatorPromised()


@pytest.mark.parametrize(
    ("way", "question"),
    [((), MENU[:2]), (("2",), ("ask-break",)), (("2", "15"), ("break-is", "minutes-15"))],
)
def test_whoever_does_not_want_to_be_rung_goes_on_where_they_were(
    way: tuple[str, ...], question: tuple[str, ...]
) -> None:
    talk = at_menu(operator_on_duty=False)
    talk.key(*way, "0")
    talk.answer(NobodyOnDuty(call_back=True))
    talk.key("2")
    assert talk.prompts()[:2] == question


def test_zero_reaches_whoever_came_on_duty_since_the_call_began() -> None:
    talk = call(operator_on_duty=False)
    talk.key("0")
    talk.answer(SomebodyOnDuty())
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == InterpreterToOperator()


def test_a_promise_that_cannot_be_written_is_said_to_be_none() -> None:
    talk = at_menu(operator_on_duty=False)
    talk.key("0")
    talk.answer(NobodyOnDuty(call_back=True))
    talk.key("1")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", "presence-keys", "presence-more-keys")


def test_asking_for_a_person_in_vain_again_and_again_has_an_end() -> None:
    talk = call(operator_on_duty=False)
    for _ in range(3):
        talk.key("0")
        talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("nobody-on-duty", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == PresenceEnded(WhyEnded.ASKED_FOR_PERSON)


def test_whoever_keys_nothing_more_hears_goodbye() -> None:
    talk = at_menu()
    talk.hear(Silence(), Silence())
    assert talk.prompts() == ("nothing-keyed", *MENU)
    talk.hear(Silence())
    assert talk.prompts() == ("nothing-keyed", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == PresenceEnded(WhyEnded.NOTHING_MORE)


def test_hearing_it_again_has_an_end() -> None:
    talk = at_menu()
    keys = 0
    while not isinstance(talk.step, Finish) and keys < 100:
        talk.key("9")
        keys += 1
    assert keys == 25
    assert talk.outcome() == PresenceEnded(WhyEnded.NOTHING_MORE)
