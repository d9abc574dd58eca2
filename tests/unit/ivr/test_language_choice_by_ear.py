# SPDX-License-Identifier: EUPL-1.2
"""The language finder, and the wishes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.agencies.model import AgencyKind
from bridge.ivr.outcomes import Gone
from bridge.ivr.script import ALL_KEYS, Ask, HungUp, Keys, Said, Silence
from bridge.ivr.technician import finder
from bridge.ivr.technician.ends import Ends
from bridge.ivr.technician.language_choice import HIGH_LEVEL, LanguageChoice
from bridge.ivr.technician.language_choice_states import How, LanguageChosen
from bridge.ivr.technician.request import PersonReason, ToOperator
from bridge.ivr.technician.wishes import Wishes, WishKey, subject_of
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import load_catalogue, parse_catalogue
from bridge.roster.requirements import Wish
from bridge.roster.skills import REGISTER, Gender, Subject
from bridge.vocabulary import JobNumber, LanguageTag
from tests.unit.ivr.talk import Talk

LANGUAGES = load_languages()
UKRAINIAN = LanguageTag("uk")
ORDER = ("ne", "uk", "ro")
CHOICE = LanguageChoice(
    Ends("pt", True),
    LANGUAGES,
    likely=ORDER,
    subject=Subject.HEALTH,
    heard=frozenset({*ORDER, "fr"}),
)
JOB = JobNumber.of_serial(41)


def finding(choice: LanguageChoice = CHOICE) -> Talk[Any]:
    """The migrant hears the first sentence."""
    talk = Talk(choice)
    talk.key("**")
    talk.hear(Silence())
    return talk


def sentence(language: str) -> tuple[str, ...]:
    return (f"{language}/finder-understand",)


def once_more(language: str) -> tuple[str, ...]:
    return (f"{language}/finder-confirm",)


# --- the finder ---


def test_the_telephone_is_handed_over_first() -> None:
    talk = Talk(CHOICE)
    talk.key("**")
    assert talk.prompts() == ("finder-hand-over", "person-key")


@pytest.mark.parametrize("heard", [Silence(), Keys("1"), Keys("#")])
def test_the_sentences_begin_after_a_while_or_a_key(heard: Any) -> None:
    talk = Talk(CHOICE)
    talk.key("**")
    talk.hear(heard)
    assert talk.prompts() == sentence("ne")


def test_each_language_speaks_once_and_for_itself_the_likeliest_first() -> None:
    talk = finding()
    heard = []
    while talk.prompts()[0].endswith("finder-understand"):
        heard.append(talk.prompts()[0].split("/")[0])
        assert isinstance(talk.step, Ask)
        assert talk.step.most_keys == 1
        assert talk.step.first_key_seconds < 2
        talk.hear(Silence())
    assert heard == ["ne", "uk", "ro", "fr"]
    assert talk.prompts()[0] == "finder-nothing"


@pytest.mark.parametrize("key", ALL_KEYS)
def test_any_key_means_any_key_and_the_technician_has_the_last_word(key: str) -> None:
    talk = finding()
    talk.hear(Silence())
    talk.key(key)
    assert talk.prompts() == once_more("uk")
    talk.key(key)
    assert talk.prompts() == ("finder-seems", "language-uk", "finder-seems-keys")
    talk.key("1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.FINDER)


def test_a_key_that_slipped_chooses_nothing() -> None:
    talk = finding()
    talk.key("5")
    talk.hear(Silence())
    assert talk.prompts() == sentence("uk")


def test_a_key_may_have_been_meant_for_the_sentence_before() -> None:
    talk = finding()
    talk.hear(Silence(), Silence())
    talk.key("5")
    assert talk.prompts() == once_more("ro")
    talk.hear(Silence())
    assert talk.prompts() == once_more("uk")
    talk.key("5")
    assert talk.prompts()[1] == "language-uk"
    talk.key("1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.FINDER)


def test_when_neither_was_meant_the_next_language_speaks() -> None:
    talk = finding()
    talk.hear(Silence(), Keys("5"), Silence(), Silence())
    assert talk.prompts() == sentence("ro")


def test_a_technician_who_doubts_lets_it_go_on() -> None:
    talk = finding()
    talk.key("5", "5", "2")
    assert talk.prompts() == sentence("uk")


def test_going_on_after_the_sentence_before_skips_what_was_heard() -> None:
    talk = finding()
    talk.hear(Silence())
    talk.key("5")
    talk.hear(Silence())
    talk.key("5", "2")
    assert talk.prompts() == sentence("ro")


def test_when_nothing_was_recognised_there_are_three_ways_on() -> None:
    talk = finding(replace(CHOICE, most_sentences=1))
    talk.hear(Silence())
    nothing = ("finder-nothing", "finder-nothing-keys", "person-key")
    assert talk.prompts() == nothing
    talk.key("1")
    assert talk.prompts()[0] == "finder-hand-over"
    talk.hear(Silence(), Silence())
    assert talk.prompts() == nothing
    talk.key("#")
    assert talk.prompts() == ("spell-ask",)
    talk = finding(replace(CHOICE, most_sentences=1))
    talk.hear(Silence())
    talk.key("0")
    talk.hear(Said())
    assert talk.outcome() == ToOperator(PersonReason.ASKED)


def test_silence_at_the_end_of_the_finder_leads_to_a_person() -> None:
    talk = finding(replace(CHOICE, most_sentences=1))
    talk.hear(*[Silence()] * 4)
    assert talk.prompts() == ("nothing-keyed", "putting-through")


def test_the_finder_cannot_be_started_without_end() -> None:
    talk = finding(replace(CHOICE, most_sentences=1))
    rounds = 0
    while talk.prompts_or_none() == sentence("ne"):
        rounds += 1
        assert rounds <= CHOICE.patience.left
        talk.hear(Silence(), Keys("1"), Silence())
    assert rounds > 3
    assert talk.outcome() == ToOperator(PersonReason.NOT_UNDERSTOOD)


@pytest.mark.parametrize("before", [(), (Silence(), Keys("5"), Keys("5"))])
def test_the_way_back_from_the_finder(before: tuple[Any, ...]) -> None:
    talk = Talk(CHOICE)
    talk.key("**")
    talk.hear(*before)
    talk.key("*")
    assert talk.prompts()[0] == "ask-language"


def test_whoever_hangs_up_at_the_finder_is_gone() -> None:
    talk = finding()
    talk.hear(HungUp())
    assert talk.outcome() == Gone()


def test_the_finder_of_the_catalogue_is_bounded_and_speaks_what_it_says() -> None:
    order = finder.sentences(LANGUAGES, ())
    assert len(order) == len(set(order)) == finder.MOST_SENTENCES
    catalogue = load_catalogue()
    for tag in order:
        assert catalogue.can_say(finder.UNDERSTAND, tag)
        assert catalogue.can_say(finder.CONFIRM, tag)
    assert order[0] == "uk"
    assert {"fr", "en", "es"} <= set(order)


def test_what_is_likely_comes_first_and_what_cannot_be_heard_never() -> None:
    order = finder.sentences(LANGUAGES, ("th", "kea", "no such", "sq", "th"))
    assert order[:2] == ("th", "sq")
    assert "kea" not in order


def test_a_language_that_people_recorded_is_heard_too() -> None:
    recorded = {"kea/finder-understand", "kea/finder-confirm", "pov/finder-understand"}
    catalogue = load_catalogue().with_recordings(recorded.__contains__)
    heard = finder.with_sentences(catalogue)
    assert "kea" in heard
    assert "pov" not in heard
    assert "kea" in finder.sentences(LANGUAGES, (), heard)


def test_a_language_needs_both_sentences() -> None:
    text = """
    digits = {}
    [prompts.finder-understand]
    pt = "a"
    en = "a"
    uk = "a"
    ru = "a"
    [prompts.finder-confirm]
    pt = "b"
    en = "b"
    uk = "b"
    """
    assert finder.with_sentences(parse_catalogue([text], LANGUAGES)) == {"pt", "en", "uk"}


def test_the_guessed_order_names_languages_of_the_list_once() -> None:
    assert len(finder.MOST_ASKED) == len(set(finder.MOST_ASKED))
    assert all(tag in LANGUAGES for tag in finder.MOST_ASKED)


# --- wishes ---

WOMAN = Wish(Gender.FEMALE)


def wishing(choice: LanguageChoice = CHOICE) -> Talk[Any]:
    talk = Talk(choice)
    talk.key("*")
    return talk


def chosen(talk: Talk[Any]) -> Wishes:
    """The wishes with which a language is chosen from here."""
    talk.key("#", "33", "1")
    outcome = talk.outcome()
    assert isinstance(outcome, LanguageChosen)
    return outcome.wishes


def test_star_and_a_key_is_the_first_wish_and_is_read_back() -> None:
    talk = Talk(CHOICE)
    talk.key("*1")
    assert talk.prompts() == ("wish-wished", "wish-woman", "wishes-more")
    assert chosen(talk) == Wishes(gender=WOMAN)


def test_star_alone_opens_the_menu() -> None:
    assert wishing().prompts() == (
        *("wish-woman-key", "wish-man-key", "wish-subject-key", "wish-level-key", "wish-same-key"),
        *("wishes-required", "wishes-end-key"),
    )


@pytest.mark.parametrize(
    ("key", "word", "wishes", "required"),
    [
        ("1", "wish-woman", Wishes(gender=WOMAN), Wishes(gender=Wish(Gender.FEMALE, True))),
        ("2", "wish-man", Wishes(gender=Wish(Gender.MALE)), Wishes(gender=Wish(Gender.MALE, True))),
        (
            *("3", "wish-subject"),
            Wishes(subject=Wish(Subject.HEALTH)),
            Wishes(subject=Wish(Subject.HEALTH, True)),
        ),
        (
            *("4", "wish-level"),
            Wishes(level=Wish(HIGH_LEVEL)),
            Wishes(level=Wish(HIGH_LEVEL, True)),
        ),
    ],
)
def test_once_is_wished_twice_is_required_and_three_times_is_taken_away(
    key: str, word: str, wishes: Wishes, required: Wishes
) -> None:
    talk = wishing()
    talk.key(key)
    assert talk.prompts()[:2] == ("wish-wished", word)
    talk.key(key)
    assert talk.prompts()[:2] == ("wish-required", word)
    talk.key(key)
    assert talk.prompts()[:2] == ("wish-dropped", word)
    assert chosen(talk) == Wishes()
    talk = wishing()
    talk.key(key)
    assert chosen(talk) == wishes
    talk = wishing()
    talk.key(key, key)
    assert chosen(talk) == required


def test_wishes_add_up_and_a_man_replaces_a_woman() -> None:
    talk = wishing()
    talk.key("1", "1", "3", "4", "2")
    assert chosen(talk) == Wishes(Wish(Gender.MALE), Wish(Subject.HEALTH), Wish(HIGH_LEVEL))


def test_all_wishes_at_once_cost_no_patience_but_one_for_the_way_back() -> None:
    talk = wishing()
    talk.key("1", "1", "3", "3", "4", "4", "5", JOB.digits)
    assert talk.state.patience == CHOICE.patience
    assert chosen(talk).strength == 7


def test_the_interpreter_of_an_earlier_call() -> None:
    talk = Talk(CHOICE)
    talk.key("*5")
    assert talk.prompts() == ("wish-same-ask",)
    talk.key(JOB.digits)
    digits = tuple(f"digit-{digit}" for digit in JOB.digits)
    assert talk.prompts() == ("wish-wished", "wish-same", *digits, "wishes-more")
    assert chosen(talk) == Wishes(same_as=JOB)


@pytest.mark.parametrize("keys", ["", "1", "0000410", "9" * 400, "٣" * 7])
def test_a_job_number_with_a_slip_is_noticed(keys: str) -> None:
    talk = Talk(CHOICE)
    talk.key("*5", keys)
    assert talk.prompts() == ("wish-same-wrong", "wish-same-ask")


def test_the_way_back_from_the_job_number() -> None:
    talk = Talk(CHOICE)
    talk.key("*5", "12*")
    assert talk.prompts()[0] == "wish-woman-key"


def test_a_pause_ends_the_wishes_as_the_hash_does() -> None:
    talk = Talk(CHOICE)
    talk.key("*1")
    talk.hear(Silence())
    assert talk.prompts()[0] == "ask-language"
    talk.key("33", "1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.CODE, Wishes(gender=WOMAN))


def test_the_hash_that_ends_the_wishes_is_a_key_of_the_menu() -> None:
    """A finish key would be passed over right after a complete entry."""
    step = wishing().step
    assert isinstance(step, Ask)
    assert (step.most_keys, step.finish_key) == (1, "")


def test_a_slow_second_star_finds_the_language_too_and_keeps_the_wishes() -> None:
    talk = wishing()
    talk.key("1", "*")
    assert talk.prompts()[0] == "finder-hand-over"
    talk.hear(Silence(), Keys("7"), Keys("7"), Keys("1"))
    assert talk.outcome() == LanguageChosen(LanguageTag("ne"), How.FINDER, Wishes(gender=WOMAN))


def test_wishes_are_kept_while_the_name_is_spelt() -> None:
    talk = wishing()
    talk.key("1", "#", "", "827264266", "1")
    assert talk.outcome() == LanguageChosen(UKRAINIAN, How.SPELT, Wishes(gender=WOMAN))


@pytest.mark.parametrize("key", ["6", "9"])
def test_keys_without_a_wish_are_answered(key: str) -> None:
    talk = wishing()
    talk.key(key)
    assert talk.prompts()[:2] == ("no-such-option", "wish-woman-key")
    talk = Talk(CHOICE)
    talk.key("*" + key)
    assert talk.prompts()[:2] == ("no-such-option", "wish-woman-key")


def test_what_cannot_be_had_is_not_offered() -> None:
    talk = wishing(replace(CHOICE, subject=None))
    assert "wish-subject-key" not in talk.prompts()
    talk.key("3")
    assert talk.prompts()[0] == "no-such-option"
    without = replace(CHOICE, offered=frozenset({WishKey.LEVEL}))
    assert wishing(without).prompts() == ("wish-level-key", "wishes-required", "wishes-end-key")
    nothing = Talk(replace(CHOICE, offered=frozenset()))
    nothing.key("*1")
    assert nothing.prompts()[:2] == ("no-such-option", "ask-language")
    assert "ask-language-wishes" not in nothing.prompts()


@pytest.mark.parametrize("before", [("*",), ("*1",), ("*5",), ("**",), ("",), ("33",)])
def test_zero_reaches_a_person_from_every_question(before: tuple[str, ...]) -> None:
    talk = Talk(CHOICE)
    talk.key(*before)
    talk.key("0")
    assert talk.prompts() == ("putting-through",)


def test_playing_with_wishes_has_an_end() -> None:
    talk = wishing()
    presses = 0
    while talk.prompts()[-1] != "putting-through":
        talk.key("1" if presses % 2 else "2")
        presses += 1
        assert presses < 40


def test_the_subject_of_an_agency() -> None:
    assert subject_of(AgencyKind.MIGRATION) is Subject.ASYLUM
    assert subject_of(AgencyKind.OTHER) is None
    assert all(subject_of(kind) for kind in AgencyKind if kind is not AgencyKind.OTHER)


def test_a_high_level_is_the_second_of_the_register() -> None:
    assert REGISTER.name_of(HIGH_LEVEL) == "B"
