# SPDX-License-Identifier: EUPL-1.2
"""What people hear whom the bridge rings: call-backs, booked calls, reminders, lost connections."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bridge.ivr.announcements import FOR_MIGRANTS, Announcement
from bridge.ivr.callback import CallbackKind, CallbackScript, CallbackState, Joining
from bridge.ivr.hold import CannotGoOn, HeldTooLong, HoldScript, HoldState
from bridge.ivr.migrant import Confirmed
from bridge.ivr.not_answering import BackAgain, NotAnsweringScript, NotWritten
from bridge.ivr.outcomes import NoKey, Refused
from bridge.ivr.presence_model import PresenceSet, SetPresence
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.reminder import ReminderScript, ReminderState, WillAnswer
from bridge.ivr.script import Ask, Finish, Notice, Said, Say, Silence, Wait
from bridge.prompts.catalogue import load_catalogue, spell
from bridge.roster.model import Presence
from bridge.vocabulary import JobNumber, LanguageTag
from tests.unit.ivr.talk import LAST_KEY_AT, Talk

JOB = JobNumber.of_serial(41)


def rung(kind: CallbackKind = CallbackKind.CALL_BACK) -> Talk[CallbackState]:
    return Talk(CallbackScript(kind, LanguageTag("uk"), JOB, "pt"))


def reminded() -> Talk[ReminderState]:
    at = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
    return Talk(ReminderScript(at, LanguageTag("uk"), date(2026, 11, 20)))


def held(most_slices: int = 18) -> Talk[HoldState]:
    script = HoldScript(
        Announcement.LOST_TECHNICIAN,
        ("en", "pt"),
        in_vain=Announcement.CANNOT_REACH_TECHNICIAN,
        most_slices=most_slices,
    )
    return Talk(script)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (CallbackKind.CALL_BACK, "callback-wanted"),
        (CallbackKind.BOOKED, "callback-booked"),
        (CallbackKind.DROPPED, "callback-dropped"),
    ],
)
def test_a_technician_hears_who_calls_why_and_for_which_job(kind: CallbackKind, why: str) -> None:
    job = ("job-number-is", *spell(JOB.digits))
    assert rung(kind).prompts() == ("service", why, "language-uk", *job, "callback-keys")


def test_only_one_joins() -> None:
    talk = rung()
    talk.key("1")
    assert talk.outcome() == Joining(LAST_KEY_AT)
    talk = rung()
    talk.key("5", "*", "#")
    assert talk.prompts() == ("nothing-keyed", "goodbye")
    talk.key("1")
    assert talk.outcome() == NoKey(), "too late: what comes after the goodbye joins nobody"


def test_two_is_taken_as_no_and_said() -> None:
    talk = rung()
    talk.key("2")
    assert talk.prompts() == ("callback-refused", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == Refused(LAST_KEY_AT)


def test_a_technician_s_voicemail_never_joins() -> None:
    talk = rung()
    for _ in range(2):
        talk.hear(Silence())
        assert talk.prompts() == ("service", "callback-wanted", "language-uk", "callback-keys")
    talk.hear(Silence(), Said())
    assert talk.outcome() == NoKey()


def test_whoever_is_lost_comes_back_with_any_key_in_their_own_language() -> None:
    talk = Talk(rejoin_script(("uk",)))
    assert isinstance(talk.step, Ask)
    assert (talk.step.prompts, talk.step.language) == (("rejoin",), "uk")
    talk.key("5")
    assert talk.outcome() == Confirmed(LAST_KEY_AT)


def test_a_voicemail_does_not_come_back() -> None:
    talk = Talk(rejoin_script(("en", "pt")))
    languages = []
    while not isinstance(talk.step, Finish):
        languages.append(getattr(talk.step, "language", None))
        talk.hear(Silence() if isinstance(talk.step, Ask) else Said())
    assert languages == ["en", "pt", "en", "en"]
    assert talk.outcome() == NoKey()


def test_a_reminder_says_when_and_which_language_and_takes_a_yes_or_a_no() -> None:
    talk = reminded()
    when = ("tomorrow", "weekday-6", "at-10", "past-15")
    assert talk.prompts() == ("reminder", *when, "for-language", "language-uk", "reminder-keys")
    talk.key("1")
    assert talk.prompts() == ("reminder-confirmed", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == WillAnswer(LAST_KEY_AT)
    talk = reminded()
    talk.key("2")
    assert talk.prompts() == ("reminder-refused", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == Refused(LAST_KEY_AT)


def test_silence_at_a_reminder_is_no_refusal() -> None:
    talk = reminded()
    talk.hear(Silence(), Silence(), Silence())
    assert talk.prompts() == ("nothing-keyed", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == NoKey()


def test_whoever_waits_hears_why_then_music_then_that_it_is_still_tried() -> None:
    talk = held()
    assert talk.step == Say(("lost-technician",), "en")
    assert talk.hear(Said()) == Wait(20.0)
    assert talk.hear(Silence()) == Say(("still-looking",), "pt"), "languages take turns"
    assert talk.hear(Said()) == Wait(20.0)


def test_news_is_told_and_bad_news_ends_it_with_a_word() -> None:
    talk = held()
    talk.hear(Said(), Notice(Announcement.REPLACING_INTERPRETER))
    assert talk.prompts() == ("replacing-interpreter",)
    talk.hear(Said(), Notice(Announcement.CANNOT_REACH_INTERPRETER))
    assert talk.prompts() == ("cannot-reach-interpreter", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == CannotGoOn()


def test_keys_do_not_shorten_the_wait() -> None:
    talk = held(most_slices=3)
    for _ in range(10):
        talk.key("1")
        assert talk.prompts() == ("still-looking",)
    assert talk.hear(Said()) == Wait(20.0)


def test_waiting_in_vain_is_bounded_and_said() -> None:
    talk = held(most_slices=4)
    waits = 0
    while not isinstance(talk.step, Finish) and waits < 50:
        waits += isinstance(talk.step, Wait)
        last = talk.prompts_or_none()
        talk.hear(Silence() if isinstance(talk.step, Wait) else Said())
    assert waits == 4
    assert last == ("cannot-reach-technician", "goodbye")
    assert talk.outcome() == HeldTooLong()


def test_what_a_migrant_may_hear_is_there_in_every_language_of_the_greeting() -> None:
    catalogue = load_catalogue()
    greeted = {one.language for one in catalogue if one.key == "migrant-greeting"}
    for announcement in Announcement:
        languages = {one.language for one in catalogue if one.key == announcement}
        assert languages == (greeted if announcement in FOR_MIGRANTS else {"pt", "en"})


def test_who_does_not_answer_is_told_and_comes_back_with_a_key() -> None:
    talk = Talk(NotAnsweringScript())
    assert talk.prompts() == ("presence-greeting", "presence-not-answering")
    talk.key("9")
    assert talk.prompts() == ("presence-greeting", "presence-not-answering")
    talk.key("1")
    assert talk.question() == SetPresence(Presence.AVAILABLE)
    talk.answer(PresenceSet(Presence.AVAILABLE))
    assert talk.prompts() == ("presence-changed", "presence-available", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == BackAgain()


def test_silence_from_who_does_not_answer_changes_nothing_and_says_how_to_come_back() -> None:
    talk = Talk(NotAnsweringScript())
    talk.hear(Silence(), Silence(), Silence())
    assert talk.prompts() == ("not-answering-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == NoKey()


def test_a_return_that_could_not_be_written_down_is_not_confirmed() -> None:
    talk = Talk(NotAnsweringScript())
    talk.key("1")
    talk.answer(None)
    assert talk.prompts() == ("our-fault", "not-answering-later", "goodbye")
    talk.hear(Said())
    assert talk.outcome() == NotWritten()
