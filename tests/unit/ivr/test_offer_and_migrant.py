# SPDX-License-Identifier: EUPL-1.2
"""What interpreters and migrants hear and key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bridge.agencies.model import AgencyKind
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.migrant import Confirmed, MessageLeft, MigrantScript, migrant_script
from bridge.ivr.offer import (
    Accepted,
    AcceptOffer,
    Granted,
    OfferScript,
    OfferState,
    Refused,
    TooLate,
    WasTooLate,
    agency_prompt,
)
from bridge.ivr.outcomes import Done, Gone, NoKey
from bridge.ivr.script import HungUp, Keys, Said, Say, Silence, in_language
from bridge.prompts.catalogue import load_catalogue
from bridge.vocabulary import LanguageTag, RoomId
from tests.unit.ivr.talk import LAST_KEY_AT, Talk

UKRAINIAN = OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=False)


def offer(*, rung: bool = False) -> Talk[OfferState]:
    return Talk(OfferScript(LanguageTag("uk"), AgencyKind.SOCIAL_SECURITY, migrant_is_rung=rung))


def test_the_whisper_names_language_agency_and_whether_the_migrant_is_rung() -> None:
    assert offer(rung=True).prompts() == (
        "offer",
        "language-uk",
        "agency-social-security",
        "offer-migrant-rung",
        "offer-keys",
    )
    assert "offer-migrant-beside" in offer(rung=False).prompts()


@pytest.mark.parametrize("kind", AgencyKind)
def test_every_kind_of_agency_can_be_said(kind: AgencyKind) -> None:
    assert (agency_prompt(kind), "pt") in load_catalogue()


def test_a_booked_call_is_named_by_its_time_first_and_again() -> None:
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    script = replace(UKRAINIAN, booked_for=at, today=date(2026, 11, 20))
    talk = Talk(script)
    booked = ("offer-booked", "today", "weekday-5", "oclock-10", "for-language", "language-uk")
    assert talk.prompts()[:6] == booked
    talk.hear(Silence())
    assert talk.prompts() == (*booked, "offer-keys")
    talk.key("1")
    assert talk.question() == AcceptOffer(LAST_KEY_AT)


def test_a_replacement_hears_that_the_conversation_is_under_way() -> None:
    assert Talk(replace(UKRAINIAN, replacement=True)).prompts() == (
        "offer",
        "language-uk",
        "agency-health",
        "offer-replacement",
        "offer-migrant-beside",
        "offer-keys",
    )


def test_both_interpreters_of_a_relay_hear_of_each_other_and_of_the_language_between() -> None:
    relay = ("offer-relay", "language-en")
    first = Talk(replace(UKRAINIAN, relay=LanguageTag("en"))).prompts()
    assert first[:2] == ("offer", "language-uk")
    assert first[3:5] == relay
    second = Talk(replace(UKRAINIAN, wanted=LanguageTag("en"), relay=LanguageTag("en"))).prompts()
    assert second[:2] == ("offer", "language-en")
    assert second[3:5] == relay


def test_one_accepts_and_the_moment_of_the_key_is_told() -> None:
    talk = offer()
    talk.key("1")
    assert talk.question() == AcceptOffer(LAST_KEY_AT)
    talk.answer(Granted(RoomId("room-9")))
    assert talk.outcome() == Accepted(RoomId("room-9"))


def test_too_late_is_said() -> None:
    talk = offer()
    talk.key("1")
    talk.answer(TooLate())
    assert talk.prompts() == ("offer-too-late", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == WasTooLate()


def test_an_answer_that_is_none_never_puts_anybody_into_a_room() -> None:
    talk = offer()
    talk.key("1")
    talk.answer(None)
    assert talk.prompts() == ("offer-too-late", "goodbye")


def test_two_refuses_at_once() -> None:
    talk = offer()
    talk.key("2")
    assert talk.outcome() == Refused(LAST_KEY_AT)


def test_a_voicemail_presses_nothing_and_is_left_after_three_times() -> None:
    talk = offer()
    for _ in range(2):
        talk.hear(Silence())
        assert talk.prompts() == ("offer", "language-uk", "offer-keys")
    talk.hear(Silence())
    assert talk.outcome() == NoKey()


def test_other_keys_accept_nothing() -> None:
    talk = offer()
    talk.key("5", "11", "*")
    assert talk.outcome() == NoKey()


def test_a_migrant_is_greeted_in_their_own_language_and_any_key_is_a_person() -> None:
    talk = Talk(MigrantScript(("uk",)))
    assert isinstance(talk.step, Say) is False
    assert talk.prompts() == ("migrant-greeting",)
    talk.key("#")
    assert talk.outcome() == Confirmed(LAST_KEY_AT)


def test_without_an_own_greeting_two_languages_take_turns_and_silence_ends_it() -> None:
    talk = Talk(MigrantScript(("en", "pt")))
    heard = []
    for _ in range(3):
        heard.append(getattr(talk.step, "language", None))
        talk.hear(Silence())
    assert heard == ["en", "pt", "en"]
    assert talk.step == Say(("goodbye",), "en")
    talk.hear(Keys("1"))
    assert talk.outcome() == NoKey(), "a voicemail's beep after the goodbye joins nobody"


def test_the_message_is_left_in_all_languages_and_only_a_whole_one_is_left() -> None:
    script = migrant_script(("en", "pt"), AgencyKind.HEALTH, voicemail=True)
    told = (in_language("en", "voicemail-message"), in_language("pt", "voicemail-message"))
    for heard, outcome in (
        (Said(), MessageLeft()),
        (HungUp(), Gone()),
        (Keys("1", LAST_KEY_AT), Confirmed(LAST_KEY_AT)),
    ):
        talk = Talk(script)
        talk.hear(Silence(), Silence())
        assert talk.step == Say((*told, "goodbye"), "pt")
        talk.hear(heard)
        assert talk.outcome() == outcome


def test_goodbye_is_said_and_over() -> None:
    talk = Talk(GoodbyeScript(("uk",)))
    assert talk.step == Say(("conversation-over", "goodbye"), "uk")
    talk.hear(Said())
    assert talk.outcome() == Done()
    talk = Talk(GoodbyeScript(("pt",)))
    talk.hear(HungUp())
    assert talk.outcome() == Gone()
