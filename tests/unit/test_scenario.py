# SPDX-License-Identifier: EUPL-1.2
"""Scenarios are read as they are meant, and compared with what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.agencies.model import AgencyField, FieldName
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference.model import Outcome
from bridge.languages.model import load_languages
from bridge.roster.model import Presence
from bridge.roster.skills import REGISTER, Gender
from bridge.vocabulary import CallId, InterpreterId, LanguageTag, PhoneNumber, Role
from lab.hours import LineHours
from lab.phones import Answers, Busy
from lab.scenario import (
    AGENCY_CODE,
    MIGRANT_NUMBER,
    PIN,
    AgencySetup,
    Expectations,
    Expected,
    HearEachOther,
    unmet,
)
from lab.scenario_file import load_scenario, load_scenarios
from lab.steps import (
    DIAL_IN,
    BeRung,
    BringForward,
    Call,
    Hear,
    Key,
    KillBridge,
    Listen,
    Mute,
    OpenLine,
    RemindIn,
    Step,
    Vanish,
    WaitFor,
    WaitPresence,
)
from lab.tables import BadScenario

NAMES = {"Olena": InterpreterId(1), "Taras": InterpreterId(2)}
STORIES = {
    "accepted_first_time",
    "second_accepts",
    "first_refuses",
    "voicemail",
    "wrong_pin",
    "unknown_code",
    "caller_gives_up",
    "pool_empty",
    "two_at_once",
    "bridge_killed",
    "hostile_caller_name",
    "second_wave",
    "wished_woman",
    "freed_for_the_waiting",
    "called_back",
    "booked",
    "reminder",
    "reminder_refused",
    "replaced_by_key",
    "dropped_technician",
    "dropped_interpreter",
    "dropped_migrant",
    "presence_by_phone",
    "ended_by_key",
    "relay",
    "step_down",
    "ten_keys",
    "favourite_in_english",
    "spelt_name",
    "spelt_ambiguous",
    "language_finder",
    "required_field",
    "closed",
    "holiday",
    "called_at_opening",
    "line_three_way",
    "line_operator_alone",
    "service_open",
    "service_closed",
    "service_silent",
    "language_remembered",
    "dials_in_by_code",
    "locked_out",
}
LEAST = """
title = "A story"
description = "Something happens."
[[interpreters]]
name = "Olena"
languages = ["uk"]
[[technicians]]
name = "nurse"
steps = [{ call = true }, STEP]
[expect]
"""


def event(kind: EventKind, **data: Scalar) -> Event:
    return Event(CallId("call-1"), kind, datetime(2026, 3, 2, tzinfo=UTC), data=data)


def written(folder: Path, text: str) -> Path:
    path = folder / "story.toml"
    path.write_text(text, encoding="utf-8")
    return path


def steps_of(folder: Path, step: str) -> tuple[Step, ...]:
    story = load_scenario(written(folder, LEAST.replace("STEP", step)))
    return story.technicians[0].steps[1:]


def test_every_story_of_the_lab_can_be_read() -> None:
    stories = {one.name: one for one in load_scenarios()}
    assert set(stories) >= STORIES
    numbers: set[str] = set()
    for one in stories.values():
        assert len(one.description.split()) > 20
        assert any(isinstance(step, Call) for step in one.people[0].steps)
        numbers |= {who.number for who in one.technicians}
        numbers |= {who.number for who in one.migrants}
        numbers |= {who.number for who in one.operators}
        numbers |= {who.number for who in one.interpreters}
    for number in numbers | {MIGRANT_NUMBER}:
        assert PhoneNumber.parse(number).e164 == number
    killed = stories["bridge_killed"]
    steps = killed.technicians[0].steps
    assert steps[steps.index(KillBridge()) + 1] == Listen()
    assert killed.expect.hear_each_other == HearEachOther(("technician", "interpreter", "migrant"))


def test_nobody_hears_himself_and_everybody_the_others() -> None:
    pairs = HearEachOther((Role.TECHNICIAN, Role.MIGRANT)).pairs()
    assert set(pairs) == {
        (Role.TECHNICIAN, Role.TECHNICIAN, False),
        (Role.TECHNICIAN, Role.MIGRANT, True),
        (Role.MIGRANT, Role.TECHNICIAN, True),
        (Role.MIGRANT, Role.MIGRANT, False),
    }


def test_placeholders_become_keys(tmp_path: Path) -> None:
    def keys(text: str) -> str:
        (step,) = steps_of(tmp_path, f'{{ key = "{text}" }}')
        assert isinstance(step, Key)
        assert text not in repr(step)
        return step.keys

    assert keys("{identity}") == AGENCY_CODE + PIN
    assert keys("{wrong_identity}") not in (AGENCY_CODE + PIN, "")
    assert keys("{migrant}#") == MIGRANT_NUMBER.removeprefix("+351") + "#"
    languages = load_languages()
    ukrainian = languages.by_code(keys("{language:uk}"))
    assert ukrainian is not None
    assert ukrainian.tag == "uk"
    assert languages.by_code(keys("{unknown_language}")) is None
    assert keys("{pin}") == PIN
    assert keys("{wrong_pin}") not in (PIN, "")
    assert keys("{letters:língua}#") == "546482#"
    # The code is drawn by the bridge, so it is filled in when the step is taken.
    assert keys("*{dial_in}") == f"*{DIAL_IN}"


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    story = load_scenario(
        written(tmp_path, LEAST.replace("STEP", '{ wait_for = "identified", count = 2 }'))
    )
    assert story.interpreters[0].phone == Answers(keys="1")
    assert story.interpreters[0].level is None
    assert (story.migrant, story.operator, story.ring_seconds) == (None, None, 20.0)
    assert story.technicians[0].steps[1] == WaitFor(EventKind.IDENTIFIED, 2)
    assert story.expect == Expectations()


def test_a_story_of_migrants_services_and_hours(tmp_path: Path) -> None:
    text = """
title = "A story"
description = "Something happens."
hours = "closure"
closed_services = ["cnaim-norte"]
[agency]
prompt_language = "en"
favourites = ["uk"]
fields = [{ name = "process_number", least = 3, most = 6 }]
[services]
cnaim-lisboa = { kind = "busy" }
[[operators]]
name = "Marta"
languages = ["fr"]
[[migrants]]
name = "Danylo"
steps = [{ call = true }, { hear = "ro-MD/line-closed" }, { open_line = true }, { listen = true }]
[expect]
hear_each_other = ["Danylo", "Marta", "cnaim-lisboa"]
fields = { process_number = "4711" }
events = [{ kind = "operator_wanted", interpreter = true }]
"""
    story = load_scenario(written(tmp_path, text))
    assert (story.hours, story.closed_services) == (LineHours.CLOSURE, frozenset({"cnaim-norte"}))
    assert story.agency == AgencySetup(
        "en", (LanguageTag("uk"),), (AgencyField(FieldName.PROCESS_NUMBER, 3, 6),)
    )
    assert story.services == {"cnaim-lisboa": Busy()}
    (marta,), (danylo,) = story.operators, story.migrants
    assert (marta.languages, marta.phone) == ((LanguageTag("fr"),), Answers(keys="1"))
    assert danylo.steps == (Call(), Hear("ro-MD/line-closed"), OpenLine(), Listen())
    assert story.people == (danylo,)
    assert "4711" not in repr(story.expect)
    assert story.expect.fields == {FieldName.PROCESS_NUMBER: "4711"}
    (wanted,) = story.expect.events
    assert wanted.fits(event(EventKind.OPERATOR_WANTED, interpreter=True), NAMES)
    assert not wanted.fits(event(EventKind.OPERATOR_WANTED, interpreter=False), NAMES)


def test_people_and_steps_of_longer_stories(tmp_path: Path) -> None:
    text = LEAST.replace(
        "STEP",
        '{ be_rung = true }, { key = "*9", by = "migrant" }, { vanish = "interpreter" },'
        '{ hear = "pt/rejoin", by = "interpreter" },'
        '{ key = "1", by = "interpreter", asked = "pt/rating-ask" },'
        '{ key = "7", asked = ["pt/door-greeting", "uk/door-language"] },'
        '{ mute = "technician" }, { listen = ["technician", "Olena"] }, { bring_forward = 2 },'
        "{ remind_in = 1 }",
    ).replace(
        'languages = ["uk"]',
        'languages = ["uk", "ti>en"]\nwrap_up_seconds = 0\nalways_open = true\ntone = "operator"\n'
        'level = "b"\ngender = "f"\nmisses = 2\n'
        'presence = "on_break"\npresence_minutes = 5\n'
        'steps = [{ call = true }, { wait_presence = "off" }]',
    )
    story = load_scenario(written(tmp_path, 'relay = true\npolicy = "default"\n' + text))
    assert (story.relay, story.policy) == (True, "default")
    assert story.technicians[0].steps[1:] == (
        BeRung(),
        Key("*9", Role.MIGRANT),
        Vanish(Role.INTERPRETER),
        Hear("pt/rejoin", Role.INTERPRETER),
        Key("1", Role.INTERPRETER, ("pt/rating-ask",)),
        Key("7", None, ("pt/door-greeting", "uk/door-language")),
        Mute(Role.TECHNICIAN),
        Listen(("technician", "Olena")),
        BringForward(2.0),
        RemindIn(1.0),
    )
    (olena,) = story.interpreters
    assert olena.steps == (Call(), WaitPresence(Presence.OFF))
    assert (olena.wrap_up_seconds, olena.always_open, olena.tone) == (0.0, True, Role.OPERATOR)
    assert (olena.level, olena.misses) == (REGISTER.parse("B"), 2)
    assert olena.gender is Gender.FEMALE
    assert (olena.presence, olena.presence_minutes) == (Presence.ON_BREAK, 5)
    assert story.people == (story.technicians[0], olena)


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ('{ dance = "tango" }', "nobody knows how to do dance"),
        ("{ call = false }", "nobody knows how to do call"),
        ('{ call = "12" }', "not a telephone number"),
        ('{ key = "12a" }', "keys are 0-9"),
        ('{ key = "" }', "keys are 0-9"),
        ('{ key = "{language:xx}" }', "stands for nothing"),
        ('{ key = "{pinn}" }', "stands for nothing"),
        ('{ key = "1", pause = 1.0 }', "does one thing"),
        ('{ key = "1", count = 2 }', "does one thing"),
        ('{ hear = "pt/offer", asked = "pt/offer" }', "does one thing"),
        ('{ key = "1", asked = "offer" }', "language/key"),
        ('{ key = "1", asked = 1 }', "list of texts"),
        ("{ pause = -1 }", "between 0 and 3600"),
        ("{ pause = true }", "number of seconds"),
        ('{ wait_for = "lunch" }', "'lunch' is none of call_answered"),
        ('{ wait_for = "identified", count = 0 }', "whole number from 1"),
        ('{ vanish = "cat" }', "'cat' is none of"),
        ('{ pause = 1.0, by = "migrant" }', "does one thing"),
        ('{ wait_presence = "asleep" }', "'asleep' is none of"),
        ('{ bring_forward = "soon" }', "number of seconds"),
        ('{ remind_in = "soon" }', "number of seconds"),
        ('{ hear = "uk" }', "nobody knows how to do hear"),
        ("{ open_line = false }", "nobody knows how to do open_line"),
        ("{ listen = [] }", "nobody knows how to do listen"),
        ('{ key = "{letters:-}" }', "stands for nothing"),
        ("{ be_rung = false }", "nobody knows how to do be_rung"),
    ],
)
def test_a_step_that_cannot_be_taken_is_refused(tmp_path: Path, step: str, why: str) -> None:
    with pytest.raises(BadScenario, match=why) as refused:
        steps_of(tmp_path, step)
    assert "story.toml, technicians[1].steps[2]" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title", "is not TOML"),
        ("colour = 1", "may not have colour"),
        ('title = "a"', "somebody must ring the line"),
        (LEAST.replace("STEP", "").replace('"uk"', '"xx"'), "not a language of the service"),
        (LEAST.replace("STEP", "").replace("[expect]", ""), "expect: is missing"),
        (LEAST.replace("STEP", "") + 'events = ["lunch"]', "'lunch' is none of"),
        (
            LEAST.replace("STEP", "") + 'events = [{kind = "offered", interpreter = "Ana"}]',
            "no interpreter 'Ana'",
        ),
        (LEAST.replace("STEP", "") + 'outcomes = ["fine"]', "'fine' is none of interpreted"),
        (
            LEAST.replace("STEP", "{ listen = true }") + 'hear_each_other = ["cat"]',
            "nobody is called 'cat'",
        ),
        (LEAST.replace("STEP", "{ listen = true }"), "goes with a step that says listen = true"),
        (LEAST.replace("STEP", "") + 'hear_each_other = ["nurse"]', "listen = true"),
        (LEAST.replace("STEP", "") + 'presence = { Ana = "off" }', "no interpreter 'Ana'"),
        (LEAST.replace("STEP", "") + 'hear_prompts = { migrant = ["hello"] }', "language/key"),
        ('hours = "late"' + LEAST.replace("STEP", ""), "'late' is none of open"),
        ('closed_services = ["zoo"]' + LEAST.replace("STEP", ""), "no service 'zoo'"),
        ('services = { zoo = { kind = "busy" } }' + LEAST.replace("STEP", ""), "no service 'zoo'"),
        ('agency = { prompt_language = "fr" }' + LEAST.replace("STEP", ""), "is pt or en"),
        (
            'agency = { fields = [{ name = "department", least = 9, most = 3 }] }'
            + LEAST.replace("STEP", ""),
            "the fewest first",
        ),
        ('agency = { favourites = ["xx"] }' + LEAST.replace("STEP", ""), "not a language"),
        (
            LEAST.replace("STEP", "").replace('["uk"]', '["uk"]\nlevel = "F"'),
            r"interpreters\[1\].level: there is no such level",
        ),
        (
            LEAST.replace("STEP", "").replace('["uk"]', '["uk"]\ngender = "w"'),
            r"interpreters\[1\].gender: 'w' is none of f, m, x",
        ),
        ('policy = "coin"' + LEAST.replace("STEP", ""), "policy: is one of default"),
        ("relay = 1" + LEAST.replace("STEP", ""), "relay: is true or false"),
        (LEAST.replace("STEP", "") + "counts = { offered = -1 }", "whole number"),
        ('migrant = { kind = "sings" }' + LEAST.replace("STEP", ""), "migrant: a behaviour's kind"),
        (LEAST.replace("STEP", "").replace("steps =", "steps_ ="), "may not have steps_"),
        (
            LEAST.replace("STEP", "").replace(
                "[[technicians]]",
                '[[interpreters]]\nname = "Olena"\nlanguages = []\n[[technicians]]',
            ),
            "nine different names",
        ),
    ],
)
def test_a_story_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BadScenario, match=why) as refused:
        load_scenario(written(tmp_path, text))
    assert str(refused.value).startswith("story.toml")


HAPPENED = [
    event(EventKind.OFFERED, interpreter=1),
    event(EventKind.OFFER_REFUSED, interpreter=1),
    event(EventKind.OFFERED, interpreter=2),
    event(EventKind.OFFER_ACCEPTED, interpreter=2),
    event(EventKind.CALL_ENDED, outcome="interpreted"),
]


def test_events_in_order_with_others_between_them_are_enough() -> None:
    expect = Expectations(
        events=(
            Expected(EventKind.OFFERED, "Olena"),
            Expected(EventKind.OFFERED, "Taras"),
            Expected(EventKind.CALL_ENDED, data={"outcome": "interpreted"}),
        ),
        never=frozenset({EventKind.NOBODY_AVAILABLE}),
        counts={EventKind.OFFERED: 2, EventKind.LATE: 0},
        outcomes=(Outcome.INTERPRETED,),
    )
    assert unmet(expect, [HAPPENED], NAMES) == []


def test_each_broken_expectation_is_told() -> None:
    expect = Expectations(
        events=(Expected(EventKind.OFFERED, "Taras"), Expected(EventKind.OFFERED, "Olena")),
        never=frozenset({EventKind.OFFER_REFUSED}),
        counts={EventKind.OFFERED: 1},
        outcomes=(Outcome.UNFILLED,),
    )
    assert unmet(expect, [HAPPENED], NAMES) == [
        "no call has offered(interpreter=Olena) after the 1 expected before it",
        "offer_refused must not happen",
        "offered happens 2 times, not 1",
        "the outcomes are interpreted, not unfilled",
    ]


def test_what_stands_in_a_row_has_nothing_between_it() -> None:
    together = Expectations(
        in_a_row=(EventKind.OFFERED, EventKind.OFFER_ACCEPTED), outcomes=(Outcome.INTERPRETED,)
    )
    assert unmet(together, [HAPPENED], NAMES) == []
    apart = Expectations(
        in_a_row=(EventKind.OFFERED, EventKind.CALL_ENDED), outcomes=(Outcome.INTERPRETED,)
    )
    assert unmet(apart, [HAPPENED], NAMES) == [
        "no call has offered, call_ended one right after the other"
    ]


def test_what_goes_across_calls_is_ordered_by_time() -> None:
    def at(second: int, kind: EventKind, call: str) -> Event:
        return Event(CallId(call), kind, datetime(2026, 3, 2, 12, 0, second, tzinfo=UTC))

    calls = [
        [at(1, EventKind.ROOM_COMPLETE, "a"), at(3, EventKind.RELEASED, "a")],
        [at(2, EventKind.NOBODY_AVAILABLE, "b"), at(4, EventKind.OFFERED, "b")],
    ]
    kinds = (EventKind.NOBODY_AVAILABLE, EventKind.RELEASED, EventKind.OFFERED)
    assert unmet(Expectations(across=tuple(map(Expected, kinds))), calls, NAMES) == []
    assert unmet(Expectations(across=tuple(map(Expected, kinds[::-1]))), calls, NAMES) == [
        "over all calls, released does not come after the 1 expected before it"
    ]


def test_the_order_must_hold_within_one_call() -> None:
    expect = Expectations(
        events=(Expected(EventKind.OFFERED, "Olena"), Expected(EventKind.OFFER_ACCEPTED)),
    )
    halves = [HAPPENED[:1], HAPPENED[3:4]]
    assert unmet(expect, halves, NAMES) != []
    assert unmet(expect, [HAPPENED[:4]], NAMES) == []
    assert unmet(expect, [], NAMES) != []
