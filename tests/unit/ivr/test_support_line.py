# SPDX-License-Identifier: EUPL-1.2
"""What the line says at its menu for a migrant, at its opening, and of hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.hours.directory import load_directory
from bridge.hours.periods import Period
from bridge.ivr.line_words import hours_of, time_of
from bridge.ivr.opening import opening_script
from bridge.ivr.person import (
    NobodyOnDuty,
    OperatorPromised,
    RingWhenOnDuty,
    WillRing,
)
from bridge.ivr.script import Ask, Keys, Said, Silence, prompt_of
from bridge.ivr.support_line import (
    AboutService,
    ClosedMeanwhile,
    FindOperator,
    NobodyThere,
    NobodyToTalk,
    OperatorFound,
    OtherLanguage,
    ServiceNow,
    SupportLineScript,
    SupportLineState,
    ToService,
    WantsOperator,
)
from bridge.ivr.technician.request import Failed
from bridge.prompts.catalogue import load_catalogue, spell
from bridge.vocabulary import Role
from tests.unit.ivr.talk import Talk

FRIDAY = date(2026, 11, 20)
CLOSES = datetime(2026, 11, 20, 20, tzinfo=UTC)
MONDAY_8_30 = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DIRECTORY = load_directory()
LINE = DIRECTORY.lines[0]
BEJA = ServiceNow("cnaim-beja", True, CLOSES, "912000345")
FUNDAO = ServiceNow("claim-fundao", False, MONDAY_8_30, "275779060", has_address=True)
ALGARVE = ServiceNow("cnaim-algarve", True, CLOSES, has_address=True)
OFFICE_UK = (
    *("line-hours-open", "line-hour-9", "line-hours-close", "line-hour-12", "line-minutes-30"),
    *("line-hours-open", "line-hour-14", "line-hours-close", "line-hour-17", "line-minutes-30"),
)
"""From 9 to 12:30 and from 14 to 17:30."""


def menu(*languages: str, lead: tuple[str, ...] = ()) -> Talk[SupportLineState]:
    script = SupportLineScript(languages or ("uk",), LINE.services, FRIDAY, CLOSES, lead=lead)
    return Talk(script)


def key_of(service: str) -> str:
    return str(LINE.services.index(service) + 1)


# --- the menu ----------------------------------------------------------------------------------


def test_menu_is_said_in_the_migrant_s_language() -> None:
    talk = menu()
    assert talk.prompts() == ("menu-hours", "menu-operator", "menu-service", "menu-language")
    assert isinstance(talk.step, Ask)
    assert talk.step.language == "uk"


def test_hours_name_the_closing_time_and_each_service_in_portuguese_with_a_key() -> None:
    talk = menu()
    talk.key("1")
    said = talk.prompts()
    assert said[:4] == ("line-open", "line-hours-close", "line-hour-20", "choose-service")
    assert said[4:7] == ("pt/service-cnaim-lisboa", "line-key", "digit-1")
    talk.key(key_of("claim-fundao"))
    assert talk.question() == AboutService("claim-fundao")
    talk.answer(FUNDAO)
    assert talk.prompts()[:-4] == (
        *("pt/service-claim-fundao", "service-address", "pt/address-claim-fundao"),
        *("service-number", *spell("275779060")),
        *("service-closed", "line-opens", "line-day-1", "line-hour-8", "line-minutes-30"),
    )


def test_the_hours_of_the_line_are_told_from_when_to_when() -> None:
    day = DIRECTORY.lines[0].schedule.day_at(CLOSES - timedelta(hours=10))
    talk = Talk(SupportLineScript(("uk",), LINE.services, FRIDAY, CLOSES, day))
    talk.key("1")
    assert talk.prompts()[:6] == (
        *("line-open", "line-hours-today"),
        *("line-hours-open", "line-hour-9", "line-hours-close", "line-hour-20"),
    )


@pytest.mark.parametrize(
    ("at", "state", "told"),
    [
        ("11:00", "service-open-always", ("line-hours-today", *OFFICE_UK)),
        ("13:00", "service-closed", ("line-hours-today", *OFFICE_UK)),
        ("18:00", "service-closed", ("line-hours-next", "line-day-1", *OFFICE_UK)),
    ],
)
def test_every_window_of_the_day_is_told_of_a_service_or_of_its_next_open_day(
    at: str, state: str, told: tuple[str, ...]
) -> None:
    schedule = DIRECTORY.service("cnaim-beja").schedule
    now = datetime.fromisoformat(f"2026-11-20T{at}+00:00")
    talk = menu()
    talk.key("1", key_of("cnaim-beja"))
    verdict = schedule.open_at(now)
    changes = verdict.closes_at or verdict.opens_at
    talk.answer(replace(BEJA, open=verdict.open, changes_at=changes, day=schedule.day_at(now)))
    words = (*spell("912000345"), state, *told)
    assert talk.prompts()[2 : 2 + len(words)] == words


def test_a_service_without_hours_of_a_day_says_when_it_closes() -> None:
    talk = menu()
    talk.key("1", key_of("cnaim-beja"))
    talk.answer(BEJA)
    assert "line-hours-today" not in talk.prompts()
    assert talk.prompts()[-6:-4] == ("service-open", "line-hour-20")


def test_open_service_is_put_through_after_its_number_is_told() -> None:
    talk = menu("pt")
    talk.key("3", key_of("cnaim-beja"))
    talk.answer(BEJA)
    assert talk.prompts() == (
        "service-number",
        *spell("912000345"),
        "putting-through-service",
    )
    talk.hear(Said())
    assert talk.outcome() == ToService("cnaim-beja")


def test_closed_service_says_when_it_opens_and_the_menu_is_back() -> None:
    talk = menu("en")
    talk.key("3", key_of("claim-fundao"))
    talk.answer(FUNDAO)
    assert talk.prompts()[:2] == ("service-closed", "line-opens")
    assert talk.prompts()[-1] == "menu-language"
    talk.key("2")
    assert talk.question() == FindOperator()


def test_service_without_a_number_is_reached_through_an_operator() -> None:
    talk = menu()
    talk.key("3", key_of("cnaim-algarve"))
    talk.answer(ALGARVE)
    assert talk.prompts()[0] == "service-through-line"


@pytest.mark.parametrize("key", ["2", "0"])
@pytest.mark.parametrize("with_interpreter", [True, False])
def test_operator_comes_with_or_without_an_interpreter(key: str, with_interpreter: bool) -> None:
    talk = menu()
    talk.key(key)
    talk.answer(OperatorFound(with_interpreter))
    assert talk.prompts() == (("operator-interpreter" if with_interpreter else "operator-soon"),)
    talk.hear(Said())
    assert talk.outcome() == WantsOperator(with_interpreter)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NobodyOnDuty(), "line-nobody-on-duty"),
        (Failed(), "line-our-fault"),
        (None, "line-our-fault"),
    ],
)
def test_without_an_operator_the_menu_is_back_and_nothing_is_said_of_an_opening(
    answer: object, why: str
) -> None:
    talk = menu()
    talk.key("2")
    talk.answer(answer)
    assert talk.prompts()[:3] == (why, "line-ring-later", "menu-hours")
    assert "line-opens" not in talk.prompts()
    talk.key("1")
    assert "choose-service" in talk.prompts()


def test_whoever_asks_for_an_operator_again_and_again_gets_a_goodbye() -> None:
    talk = menu()
    asked = 0
    while isinstance(talk.step, Ask):
        talk.key("0")
        talk.answer(NobodyOnDuty())
        asked += 1
    assert asked == 12
    assert talk.prompts() == ("line-nobody-on-duty", "line-ring-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == NobodyToTalk()


def test_without_an_operator_the_caller_is_offered_to_be_rung_when_one_is_there() -> None:
    talk = menu()
    talk.key("2")
    talk.answer(NobodyOnDuty(call_back=True))
    assert talk.prompts() == ("line-nobody-on-duty", "operator-call-back-offer")
    talk.key("1")
    assert talk.question() == RingWhenOnDuty()
    talk.answer(WillRing())
    assert talk.prompts() == ("operator-call-back-promised", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == OperatorPromised()


@pytest.mark.parametrize("heard", [Silence(), Keys("2"), Keys("*")])
def test_whoever_does_not_want_to_be_rung_is_back_at_the_menu(heard: Silence | Keys) -> None:
    talk = menu()
    talk.key("2")
    talk.answer(NobodyOnDuty(call_back=True))
    talk.hear(heard)
    assert talk.prompts()[:2] == ("line-ring-later", "menu-hours")


def test_a_promise_that_cannot_be_written_is_none() -> None:
    talk = menu()
    talk.key("2")
    talk.answer(NobodyOnDuty(call_back=True))
    talk.key("1")
    talk.answer(Failed())
    assert talk.prompts()[:3] == ("line-our-fault", "line-ring-later", "menu-hours")


def test_silence_ends_after_the_offer_too() -> None:
    talk = menu()
    for _ in range(3):
        talk.hear(Silence())
    talk.answer(NobodyOnDuty(call_back=True))
    talk.hear(Silence())
    assert talk.prompts() == ("line-ring-later", "goodbye")


def test_who_wished_for_an_operator_hears_no_menu_before_one_is_looked_for() -> None:
    talk = Talk(SupportLineScript(("uk",), LINE.services, FRIDAY, CLOSES, seeks=True))
    assert talk.question() == FindOperator()
    talk.answer(OperatorFound(with_interpreter=False))
    assert talk.prompts() == ("operator-soon",)


def test_silence_with_nobody_on_duty_ends_with_a_word() -> None:
    talk = menu()
    for _ in range(3):
        talk.hear(Silence())
    talk.answer(NobodyOnDuty())
    assert talk.prompts() == ("line-nobody-on-duty", "line-ring-later", "goodbye")


def test_a_line_that_closed_since_the_call_began_is_left_to_the_next_script() -> None:
    talk = menu()
    talk.key("2")
    talk.answer(ClosedMeanwhile())
    assert talk.outcome() == NobodyThere()


def test_star_leads_back_from_services_to_the_menu_and_from_there_to_the_languages() -> None:
    talk = menu()
    talk.key("1", "*")
    assert talk.prompts()[0] == "menu-hours"
    talk.key("*")
    assert talk.outcome() == OtherLanguage()


def test_silence_is_told_again_in_the_next_language_and_then_an_operator_is_looked_for() -> None:
    talk = menu("fr", "pt")
    spoken = []
    while isinstance(talk.step, Ask):
        spoken.append(talk.step.language)
        talk.hear(Silence())
    assert spoken == ["fr", "pt", "fr"]
    assert talk.question() == FindOperator()


def test_whoever_asks_for_service_after_service_is_given_an_operator() -> None:
    talk = menu()
    rounds = 0
    while talk.prompts_or_none() is not None and rounds < 100:
        talk.key("1", key_of("cnaim-beja"))
        talk.answer(BEJA)
        rounds += 1
    assert talk.question() == FindOperator()
    assert rounds == 12


def test_names_and_addresses_are_those_of_the_directory_to_the_letter() -> None:
    catalogue = load_catalogue()
    assert set(LINE.services) | {"stt"} == {place.key for place in DIRECTORY.services}
    for key in LINE.services:
        place = DIRECTORY.service(key)
        assert catalogue.text(f"service-{key}", "pt") == place.pt
        assert catalogue.text(f"service-{key}", "en") == place.en
        if place.address:
            assert catalogue.text(f"address-{key}", "pt") == place.address
        else:
            assert (f"address-{key}", "pt") not in catalogue


# --- at the opening ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.MIGRANT, Role.TECHNICIAN])
def test_whoever_is_rung_at_the_opening_hears_who_rings_in_their_language(role: Role) -> None:
    talk = Talk(opening_script(("pt",), role))
    assert talk.prompts() == (f"opening-{role}",)


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["pt", "en", "fr", "es", "ru", "ro", "uk", "ar"])
def test_every_opening_and_closing_of_the_directory_can_be_said_in_every_language(
    language: str,
) -> None:
    catalogue = load_catalogue()
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)
    for place in (*DIRECTORY.lines, *DIRECTORY.services):
        for _ in range(20):
            verdict = place.schedule.open_at(at)
            change = verdict.closes_at or verdict.opens_at
            assert change is not None
            day = place.schedule.day_at(at)
            said = (
                *time_of(change, at.date(), language),
                *hours_of(day, at.date(), language),
            )
            assert {prompt_of(prompt, language) for prompt in said} <= {
                (prompt.key, prompt.language) for prompt in catalogue
            }
            if language not in ("pt", "en"):
                assert not any("/" in prompt for prompt in said)
            at = change


def test_what_a_language_has_no_words_for_is_said_in_english() -> None:
    odd = datetime(2026, 11, 20, 9, 7, tzinfo=UTC)
    assert all(prompt.startswith("en/") for prompt in time_of(odd, FRIDAY, "fr"))
    far = datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(days=9)
    assert all(prompt.startswith("en/") for prompt in time_of(far, FRIDAY, "fr"))
    assert time_of(far - timedelta(days=8), FRIDAY, "fr") == ("line-tomorrow", "line-hour-9")
    until_7_past = (Period(far, far + timedelta(hours=1, minutes=7)),)
    assert hours_of(until_7_past, FRIDAY, "fr") == (
        *("line-hours-next", "en/weekday-7", "en/day-29", "en/month-11"),
        *("line-hours-open", "line-hour-9"),
        *("line-hours-close", "en/at-10", "en/past-7", "en/in-the-morning"),
    )


def test_hours_in_portuguese_and_english_name_the_part_of_the_day_and_the_date() -> None:
    day = DIRECTORY.service("cnaim-lisboa").schedule.day_at(CLOSES)
    assert hours_of(day, FRIDAY, "pt") == (
        *("line-hours-next", "weekday-1", "day-23", "month-11"),
        *("line-hours-open", "oclock-8", "line-hours-close", "oclock-17"),
    )
    assert hours_of(day, MONDAY_8_30.date(), "en") == (
        *("line-hours-today", "line-hours-open", "oclock-8", "in-the-morning"),
        *("line-hours-close", "oclock-17", "in-the-afternoon"),
    )


def test_keys_after_the_last_word_change_nothing() -> None:
    talk = menu()
    talk.key("2")
    talk.answer(OperatorFound(with_interpreter=False))
    talk.hear(Keys("5"))
    assert talk.outcome() == WantsOperator(with_interpreter=False)
