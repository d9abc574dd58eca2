# SPDX-License-Identifier: EUPL-1.2
"""What a technician hears and chooses when nobody is free."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.ivr.person import NobodyOnDuty, SomebodyOnDuty
from bridge.ivr.script import Ask, Finish, Notice, Said, Say, Silence, Wait
from bridge.ivr.technician.request import (
    Book,
    Booked,
    BookedFor,
    CallBackPromised,
    CallMeBack,
    Failed,
    GivenUp,
    NobodyAvailable,
    PersonReason,
    QueuePlace,
    QueueStanding,
    SlotGone,
    ToOperator,
    Unserved,
    WillCallBack,
)
from bridge.prompts.catalogue import load_catalogue
from bridge.prompts.spoken import MOST_NUMBER
from tests.unit.ivr.nobody_free import (
    FIRST,
    MUSIC,
    OFFER,
    OTHER_KEYS,
    SECOND,
    STANDING,
    THIRD,
    TIMES,
    queueing,
    told,
)


def test_the_truth_the_place_and_the_choices_are_said() -> None:
    assert told().prompts() == ("nobody-available", *STANDING, "stay-key", *OTHER_KEYS)


@pytest.mark.parametrize(
    ("place", "estimate", "words"),
    [
        (1, 1, ("queue-first", "queue-time-about", "minutes-1")),
        (1, 0, ("queue-first", "queue-time-about", "minutes-1")),
        (2, None, ("queue-place-is", "number-2", "queue-time-unknown")),
        (30, 13, ("queue-place-is", "number-30", "queue-time-about", "minutes-15")),
        (31, 64, ("queue-place-far", "queue-time-about", "hours-1", "and", "minutes-15")),
        (4, 100_000, ("queue-place-is", "number-4", "queue-time-unknown")),
    ],
)
def test_place_and_estimate_are_as_honest_as_they_are_known(
    place: int, estimate: int | None, words: tuple[str, ...]
) -> None:
    offer = replace(OFFER, place=place, estimate_minutes=estimate)
    prompts = told(offer).prompts()
    assert prompts[: 1 + len(words)] == ("nobody-available", *words)


@pytest.mark.parametrize(("language", "at_least"), [("en", "at least"), ("pt", "pelo menos")])
def test_the_first_place_without_a_number_has_no_more_before_it_than_is_said(
    language: str, at_least: str
) -> None:
    catalogue = load_catalogue()
    most = catalogue.text(f"number-{MOST_NUMBER}", language).strip(".")
    assert f"{at_least} {most} " in catalogue.text("queue-place-far", language)


@pytest.mark.parametrize(
    ("offer", "on_duty", "choices"),
    [
        (NobodyAvailable(), True, ("person-key", "or-ring-later")),
        (NobodyAvailable(call_back=True), False, ("call-back-key", "or-ring-later")),
        (NobodyAvailable(slots=(FIRST,)), False, ("slots-key", "or-ring-later")),
        (NobodyAvailable(place=1), False, ("stay-key",)),
        (NobodyAvailable(place=1, step_down=True), False, ("stay-key", "step-down-key")),
        (NobodyAvailable(step_down=True), True, ("step-down-key", "person-key", "or-ring-later")),
        (
            NobodyAvailable(place=1, call_back=True),
            True,
            ("stay-key", "call-back-key", "person-key"),
        ),
    ],
)
def test_only_what_can_be_had_is_read_out(
    offer: NobodyAvailable, on_duty: bool, choices: tuple[str, ...]
) -> None:
    assert told(offer, operator_on_duty=on_duty).prompts()[-len(choices) :] == choices
    said = set(told(offer, operator_on_duty=on_duty).prompts())
    every = {"stay-key", "call-back-key", "slots-key", "step-down-key", "person-key"}
    assert said & every == set(choices) & every


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "7", "#"])
def test_what_is_not_offered_cannot_be_chosen(key: str) -> None:
    talk = told(NobodyAvailable())
    talk.key(key)
    assert talk.prompts()[0] == "no-such-option"


def test_one_stays_in_the_queue_with_music_and_an_honest_word() -> None:
    talk = told()
    talk.key("1")
    assert talk.prompts() == ("queue-staying", *OTHER_KEYS)
    assert talk.hear(Said()) == MUSIC
    talk.hear(Silence())
    assert talk.question() == QueuePlace()
    talk.answer(QueueStanding(2, 4))
    assert talk.prompts() == ("queue-place-is", "number-2", "queue-time-about", "minutes-4")
    assert talk.hear(Said()) == MUSIC


def test_the_keys_are_said_with_every_third_word_only() -> None:
    talk = queueing()
    with_keys = []
    for _ in range(6):
        talk.hear(Silence())
        talk.answer(QueueStanding(2, None))
        with_keys.append("slots-key" in talk.prompts())
        talk.hear(Said())
    assert with_keys == [False, False, True, False, False, True]


def test_when_the_place_cannot_be_told_the_technician_hears_that_the_request_stands() -> None:
    talk = queueing()
    talk.hear(Silence())
    talk.answer(Failed())
    assert talk.prompts() == ("queue-still",)


def test_whoever_chooses_nothing_stays_in_the_queue() -> None:
    talk = told()
    talk.hear(Silence())
    assert talk.prompts() == ("nothing-keyed", "stay-key", *OTHER_KEYS)
    talk.hear(Silence())
    assert talk.prompts()[0] == "queue-staying"


def test_two_is_a_promise_to_be_rung_back() -> None:
    talk = told()
    talk.key("2")
    assert talk.question() == CallMeBack()
    talk.answer(WillCallBack())
    assert talk.prompts() == ("will-call-back", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == CallBackPromised()


def test_a_call_back_that_cannot_be_written_down_is_owned_up_to_and_offered_no_more() -> None:
    talk = told()
    talk.key("2")
    talk.answer(Failed())
    assert talk.prompts() == ("our-fault", "stay-key", "slots-key", "person-key")


def test_three_reads_three_times_nine_repeats_them_and_one_of_them_is_booked() -> None:
    talk = told()
    talk.key("3")
    assert talk.prompts() == TIMES
    talk.key("9")
    assert talk.prompts() == TIMES
    talk.key("2")
    assert talk.question() == Book(SECOND)
    talk.answer(Booked(SECOND))
    when = ("tomorrow", "weekday-6", "at-10", "past-15")
    assert talk.prompts() == ("booked-for", *when, "booked-will-ring", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == BookedFor(SECOND)


def test_a_migrant_who_will_dial_in_is_to_do_so_at_the_booked_time_with_the_same_code() -> None:
    talk = told()
    talk.key("3", "1")
    talk.answer(Booked(FIRST, "204815"))
    assert "204815" not in repr(Booked(FIRST, "204815"))
    digits = tuple(f"digit-{digit}" for digit in "204815")
    assert talk.prompts()[-9:] == ("booked-will-ring", "booked-dial-in", *digits, "goodbye")
    talk.hear(Said())
    assert talk.outcome() == BookedFor(FIRST)


def test_only_times_that_were_read_can_be_booked() -> None:
    talk = told(replace(OFFER, slots=(FIRST,)))
    talk.key("3", "2")
    assert talk.prompts()[0] == "no-such-option"
    assert isinstance(talk.step, Ask)


def test_a_star_leads_back_from_the_times_to_the_choices() -> None:
    talk = told()
    talk.key("3", "*")
    assert talk.prompts() == ("stay-key", *OTHER_KEYS)


def test_a_time_that_was_just_taken_is_said_and_the_others_are_read() -> None:
    talk = told()
    talk.key("3", "1")
    talk.answer(SlotGone((SECOND, THIRD)))
    assert talk.prompts()[:2] == ("slot-gone", "slot-for")
    assert "slot-press-3" not in talk.prompts()
    talk.key("1")
    assert talk.question() == Book(SECOND)
    talk.answer(SlotGone(()))
    assert talk.prompts()[:3] == ("slot-gone", "no-more-slots", "stay-key")
    assert "slots-key" not in talk.prompts()


def test_a_booking_of_which_we_are_not_sure_is_never_confirmed() -> None:
    talk = told()
    talk.key("3", "1")
    talk.answer(None)
    assert talk.prompts()[0] == "our-fault"
    assert "booked-for" not in talk.prompts()


def test_times_that_are_always_gone_end_with_a_person() -> None:
    talk = told()
    for _ in range(100):
        if talk.prompts_or_none() == ("slot-gone", "putting-through"):
            break
        talk.key("3" if "slots-key" in talk.prompts() else "1")
        if talk.prompts_or_none() is None:
            talk.answer(SlotGone((SECOND,)))
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.NOT_UNDERSTOOD)


def test_the_choices_still_work_while_waiting_and_while_something_is_said() -> None:
    talk = queueing()
    talk.key("2")
    assert talk.question() == CallMeBack()
    talk = queueing()
    talk.key("3")
    assert talk.prompts() == TIMES
    talk = queueing()
    talk.key("0")
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.ASKED)
    talk = told()
    talk.key("1", "3")
    assert talk.prompts() == TIMES


def test_nothing_keyed_at_the_times_leads_back_into_the_queue() -> None:
    talk = queueing()
    talk.key("3")
    talk.hear(Silence())
    assert talk.prompts() == ("nothing-keyed", *TIMES)
    talk.hear(Silence())
    assert talk.prompts()[0] == "queue-staying"


def test_any_other_key_in_the_queue_tells_the_place() -> None:
    talk = queueing()
    talk.key("8")
    assert talk.question() == QueuePlace()
    talk.answer(QueueStanding(1, None))
    assert talk.prompts()[:2] == ("queue-first", "queue-time-unknown")


def test_news_in_the_queue_replace_what_was_offered_and_the_place_is_asked_anew() -> None:
    talk = queueing()
    talk.hear(Notice(NobodyAvailable(place=4, estimate_minutes=9)))
    assert talk.question() == QueuePlace(), "they may be as old as the music"
    talk.answer(QueueStanding(1, 2))
    assert talk.prompts() == ("queue-first", "queue-time-about", "minutes-2")
    talk.hear(Said())
    talk.key("3")
    assert talk.question() == QueuePlace(), "times are offered no more"


@pytest.mark.parametrize("heard", [Silence(), Notice(OFFER)])
def test_the_queue_lasts_as_long_whatever_is_new_in_it(heard: Silence | Notice) -> None:
    talk = told(most_queue_slices=5)
    talk.key("1")
    music = 0
    while not isinstance(talk.step, Finish):
        if isinstance(talk.step, Wait):
            assert not talk.step.at_once, "else news would make it shorter"
            music += 1
            talk.hear(heard)
        elif isinstance(talk.step, Say):
            talk.hear(Said())
        else:
            talk.answer(QueueStanding(1, None))
    assert music == 5
    assert talk.outcome() == ToOperator(PersonReason.WAITED_TOO_LONG)


def test_a_queue_that_closes_is_said_and_what_is_left_is_offered() -> None:
    talk = queueing()
    talk.hear(Notice(NobodyAvailable(call_back=True)))
    assert talk.prompts() == ("nobody-available", "call-back-key", "person-key", "or-ring-later")


def test_that_nobody_can_be_reached_is_said_instead_and_now_and_then_again() -> None:
    talk = told(replace(OFFER, unreached=True))
    assert talk.prompts()[0] == "nobody-reached"
    assert "nobody-available" not in talk.prompts()
    talk.key("1")
    heard = []
    for _ in range(6):
        talk.hear(Said(), Silence())
        talk.answer(QueueStanding(3, 7, unreached=True))
        heard.append("nobody-reached" in talk.prompts())
    assert heard == [False, False, True, False, False, True]


def test_that_nobody_can_be_reached_any_more_is_said_at_once_in_the_queue() -> None:
    talk = queueing()
    talk.hear(Silence())
    talk.answer(QueueStanding(3, 7, unreached=True))
    assert talk.prompts() == ("nobody-reached", *STANDING)
    talk.hear(Said(), Silence())
    talk.answer(QueueStanding(3, 7))
    assert talk.prompts() == STANDING


@pytest.mark.parametrize("on_duty", [True, False])
def test_a_queue_without_end_leads_to_a_person_or_is_ended_with_a_word(on_duty: bool) -> None:
    talk = told(operator_on_duty=on_duty, most_queue_slices=5)
    talk.key("1")
    waits = 0
    while not isinstance(talk.step, Finish) and waits < 100:
        if isinstance(talk.step, Wait):
            waits += 1
            talk.hear(Silence())
        elif isinstance(talk.step, Say):
            talk.hear(Said())
        else:
            talk.answer(QueueStanding(1, None))
    assert waits == 5
    reason = PersonReason.WAITED_TOO_LONG
    assert talk.outcome() == (ToOperator(reason) if on_duty else GivenUp(reason))


def test_with_nobody_on_duty_zero_says_so_and_the_choices_are_read_again() -> None:
    talk = told(operator_on_duty=False)
    talk.key("0")
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("nobody-on-duty", "stay-key", "call-back-key", "slots-key")
    talk.key("1")
    talk.hear(Said())
    talk.key("0")
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("nobody-on-duty", "queue-still")


def test_zero_when_nobody_is_free_reaches_whoever_came_on_duty_meanwhile() -> None:
    talk = told(operator_on_duty=False)
    talk.key("0")
    talk.answer(SomebodyOnDuty())
    assert talk.prompts() == ("putting-through",)
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.NOBODY_AVAILABLE)


def test_with_nothing_to_offer_and_nobody_on_duty_it_ends_with_a_word() -> None:
    talk = told(NobodyAvailable(call_back=True), operator_on_duty=False)
    talk.key("2")
    talk.answer(Failed())
    assert talk.prompts() == ("our-fault", "ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == Unserved()
