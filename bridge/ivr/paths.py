# SPDX-License-Identifier: EUPL-1.2
"""The ways through the scripts that are printed for review: `prompts transcript --path`.

A table: which script, and what is heard on the way. Codes and numbers are fictional.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bridge.agencies.model import AgencyKind
from bridge.ivr.announcements import Announcement
from bridge.ivr.arrival import Arrival, DialledIn
from bridge.ivr.callback import CallbackKind, CallbackScript
from bridge.ivr.closed import CallBackNoted, ClosedScript
from bridge.ivr.door import DoorScript, door_languages
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.hold import HoldScript
from bridge.ivr.migrant import guest_script, migrant_script
from bridge.ivr.not_answering import NotAnsweringScript
from bridge.ivr.offer import Granted, OfferScript
from bridge.ivr.opening import opening_script
from bridge.ivr.person import NobodyOnDuty, WillRing
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import BookingAt, InterpreterKnown, PresenceSet, ShareOf
from bridge.ivr.rating import Noted, RatingScript
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.reminder import ReminderScript
from bridge.ivr.room_keys import CommandDone, RoomKeysScript
from bridge.ivr.script import Answer, Heard, Keys, Notice, Said, Silence
from bridge.ivr.support_line import OperatorFound, ServiceNow, SupportLineScript
from bridge.ivr.technician.request import (
    Booked,
    DialInCode,
    Identified,
    NobodyAvailable,
    NumberFine,
    QueueStanding,
    Requested,
    SteppedDown,
    Ways,
)
from bridge.ivr.technician.script import TechnicianScript
from bridge.ivr.transcripts import ScriptPath
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import load_catalogue
from bridge.prompts.rules import load_rules
from bridge.roster.model import Presence
from bridge.vocabulary import (
    AgencyId,
    JobNumber,
    LanguageTag,
    Role,
    RoomId,
    TechnicianId,
)

_TODAY = date(2026, 3, 2)
_TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
_NOON = _TEN + timedelta(hours=2)
_EVENING = _TEN + timedelta(hours=9)
_SLOTS = (_NOON, _EVENING)
_TOMORROW = _TEN + timedelta(days=1)
_UKRAINIAN = LanguageTag("uk")
_JOB = JobNumber.of_serial(42)

_AGENCY, _PIN, _MIGRANT_NUMBER, _DIAL_IN, _LINE = (
    "1001",
    "246810",
    "912000099",
    "204815",
    "218106191",
)
_SERVICES = ("cnaim-lisboa", "claim-fundao")


def _identified(language: str) -> Heard:
    """Agency code and PIN fit, and the agency is spoken to in this language."""
    who = (TechnicianId(1), AgencyId(1), AgencyKind.HEALTH)
    return Answer(Identified(*who, Ways(language)))


def _technician(language: str) -> TechnicianScript:
    return TechnicianScript(load_languages(), language)


def _recognised(language: str) -> TechnicianScript:
    return replace(_technician(language), recognised=True)


def _support_line(language: str) -> SupportLineScript:
    return SupportLineScript((language,), _SERVICES, _TODAY, _EVENING)


def _door(language: str) -> Arrival:
    tags = tuple(LanguageTag(tag) for tag in load_rules().line)
    return Arrival(DoorScript(door_languages(load_catalogue(), tags)), numbers=len(tags))


_HUNTING: tuple[Heard, ...] = (Answer(Requested(_JOB)), Said())
_CONFIRMED_AND_REQUESTED = (Keys("1"), Keys("1"), *_HUNTING)
"""The language is confirmed, the migrant is beside the technician, interpreters are rung."""
_IN = (Keys(_PIN), _identified)
_ASKED = (_identified, Keys("33"), *_CONFIRMED_AND_REQUESTED)
"""From the answer to the PIN to the music."""

_ALL = (
    ScriptPath(
        "technician",
        "a technician whose agency's number is known, with the migrant beside them",
        _recognised,
        (Keys(_PIN), *_ASKED),
        taken=True,
    ),
    ScriptPath(
        "technician-unknown",
        "the same from a number that is not known: agency code and PIN in one entry",
        _technician,
        (Keys(_AGENCY + _PIN), *_ASKED),
        taken=True,
    ),
    ScriptPath(
        "technician-ring",
        "the migrant is to be rung, and a message may be left on a voicemail",
        _recognised,
        (
            *_IN,
            Keys("33"),
            Keys("1"),
            Keys("2"),
            Keys(_MIGRANT_NUMBER),
            Answer(NumberFine()),
            Keys("1"),
            Keys("1"),
            *_HUNTING,
        ),
        taken=True,
    ),
    ScriptPath(
        "technician-dial-in",
        "the migrant will dial in with a code",
        _recognised,
        (
            *_IN,
            Keys("33"),
            Keys("1"),
            Keys("3"),
            Answer(DialInCode(_DIAL_IN, _LINE)),
            Keys("1"),
            Answer(Requested(_JOB, _DIAL_IN)),
            Said(),
        ),
        taken=True,
    ),
    ScriptPath(
        "technician-spelling",
        "the language is spelt on the letters of the keypad: crioulo, of which there are two",
        _recognised,
        (*_IN, Keys(""), Keys("2746856"), Keys("1"), *_CONFIRMED_AND_REQUESTED),
        taken=True,
    ),
    ScriptPath(
        "technician-finder",
        "nobody knows the language: the migrant hears sentences and presses a key",
        _recognised,
        (
            *_IN,
            Keys("**"),
            Keys("1"),
            Silence(),
            Keys("5"),
            Keys("5"),
            *_CONFIRMED_AND_REQUESTED,
        ),
        taken=True,
    ),
    ScriptPath(
        "technician-wishes",
        "a woman, if there is one, before the code",
        _recognised,
        (*_IN, Keys("*"), Keys("1"), Keys("#"), Keys("33"), *_CONFIRMED_AND_REQUESTED),
        taken=True,
    ),
    ScriptPath(
        "technician-nobody-free",
        "no interpreter is free: the queue, the next times, and one of them is booked",
        _recognised,
        (
            Keys(_PIN),
            *_ASKED,
            Notice(NobodyAvailable(2, 7, call_back=True, slots=_SLOTS, today=_TODAY)),
            Keys("3"),
            Keys("1"),
            Answer(Booked(_NOON)),
            Said(),
        ),
    ),
    ScriptPath(
        "technician-dial-in-booked",
        "the migrant will dial in, no interpreter is free, and the first time is booked",
        _recognised,
        (
            *_IN,
            Keys("33"),
            Keys("1"),
            Keys("3"),
            Answer(DialInCode(_DIAL_IN, _LINE)),
            Keys("1"),
            Answer(Requested(_JOB, _DIAL_IN)),
            Said(),
            Notice(NobodyAvailable(2, 7, call_back=True, slots=_SLOTS, today=_TODAY)),
            Keys("3"),
            Keys("1"),
            Answer(Booked(_NOON, _DIAL_IN)),
            Said(),
        ),
    ),
    ScriptPath(
        "technician-nobody-reached",
        "no interpreter can be reached, for a line or a network is down; the technician waits",
        _recognised,
        (
            Keys(_PIN),
            *_ASKED,
            Notice(NobodyAvailable(1, call_back=True, today=_TODAY, unreached=True)),
            Keys("1"),
            Said(),
            Silence(),
            Answer(QueueStanding(1, None, unreached=True)),
            Said(),
        ),
        taken=True,
    ),
    ScriptPath(
        "technician-step-down",
        "nobody of the required level is free, and a lower one is accepted",
        _recognised,
        (
            *_IN,
            Keys("*4"),
            Keys("4"),
            Keys("#"),
            Keys("33"),
            *_CONFIRMED_AND_REQUESTED,
            Notice(NobodyAvailable(1, call_back=True, today=_TODAY, step_down=True)),
            Keys("4"),
            Answer(SteppedDown()),
            Said(),
        ),
        taken=True,
    ),
    ScriptPath(
        "door",
        "nobody is known: a migrant listens to all languages and chooses the tenth",
        _door,
        (Silence(), Keys("1"), Keys("0"), Silence()),
    ),
    ScriptPath(
        "door-technician",
        "an institution keys its codes into the greeting",
        _door,
        (Keys(_AGENCY[0]), Keys(_AGENCY[1]), Keys(_AGENCY[2:] + _PIN)),
    ),
    ScriptPath(
        "door-dial-in",
        "a migrant keys the code that the technician told",
        _door,
        (Keys("*"), Keys(_DIAL_IN[0]), Keys(_DIAL_IN[1:]), Answer(DialledIn())),
    ),
    ScriptPath(
        "support-line",
        "a migrant hears hours and the address of a service, then wants an operator",
        _support_line,
        (
            Keys("1"),
            Keys("1"),
            Answer(ServiceNow("cnaim-lisboa", True, _EVENING, "218106100", has_address=True)),
            Keys("2"),
            Answer(OperatorFound(with_interpreter=True)),
            Said(),
        ),
    ),
    ScriptPath(
        "support-line-service",
        "a migrant wants a service that is closed, then one that is open",
        _support_line,
        (
            Keys("3"),
            Keys("2"),
            Answer(ServiceNow("claim-fundao", False, _TOMORROW, "275779060", has_address=True)),
            Keys("3"),
            Keys("1"),
            Answer(ServiceNow("cnaim-lisboa", True, _EVENING, "218106100", has_address=True)),
            Said(),
        ),
    ),
    ScriptPath(
        "support-line-nobody-on-duty",
        "a migrant wants an operator, none is there, and the caller wants to be rung when one is",
        _support_line,
        (Keys("2"), Answer(NobodyOnDuty(call_back=True)), Keys("1"), Answer(WillRing()), Said()),
    ),
    ScriptPath(
        "closed",
        "the line is closed, and the caller wants to be rung when it opens",
        lambda language: ClosedScript((language,), _TOMORROW, _TODAY, call_back=True),
        (Keys("1"), Answer(CallBackNoted()), Said()),
    ),
    ScriptPath(
        "opening",
        "a migrant is rung at the opening, as they asked",
        lambda language: opening_script((language,), Role.MIGRANT),
        (Keys("1"),),
    ),
    ScriptPath(
        "offer",
        "an interpreter is rung, hears the offer in full and accepts it",
        lambda language: OfferScript(_UKRAINIAN, AgencyKind.HEALTH, True, language),
        (Keys("1"), Answer(Granted(RoomId("room-1")))),
    ),
    ScriptPath(
        "offer-unanswered",
        "a voicemail or nobody: the offer is said three times",
        lambda language: OfferScript(_UKRAINIAN, AgencyKind.HEALTH, True, language),
        (Silence(), Silence(), Silence()),
    ),
    ScriptPath(
        "offer-booked",
        "a booked call whose hour has come",
        lambda language: OfferScript(
            _UKRAINIAN, AgencyKind.SCHOOL, False, language, booked_for=_TEN, today=_TODAY
        ),
        (Keys("1"), Answer(Granted(RoomId("room-1")))),
    ),
    ScriptPath(
        "migrant",
        "a migrant is rung for a hospital, and presses a key at the third greeting",
        lambda language: migrant_script((language,), AgencyKind.HEALTH),
        (Silence(), Silence(), Keys("5")),
    ),
    ScriptPath(
        "migrant-voicemail",
        "nobody presses a key, and the agreed message is left",
        lambda language: migrant_script((language,), AgencyKind.HEALTH, voicemail=True),
        (Silence(), Silence(), Said()),
    ),
    ScriptPath(
        "migrant-dials-in",
        "a migrant who rang by code waits until the others are there",
        lambda language: HoldScript(Announcement.HOLD_GATHERING, (language,)),
        (Said(), Silence(), Said()),
        taken=True,
    ),
    ScriptPath(
        "guest",
        "a fourth person is rung, whose number was keyed in the room",
        lambda language: guest_script((language,)),
        (Keys("1"),),
    ),
    ScriptPath(
        "rejoin",
        "whoever was dropped is rung again",
        lambda language: rejoin_script((language,)),
        (Keys("1"),),
    ),
    ScriptPath(
        "hold",
        "somebody waits while another person is redialled, replaced, found",
        lambda language: HoldScript(Announcement.LOST_INTERPRETER, (language,)),
        (
            Said(),
            Silence(),
            Said(),
            Notice(Announcement.REPLACING_INTERPRETER),
            Said(),
            Notice(Announcement.REPLACEMENT_FOUND),
            Said(),
            Notice(Announcement.CANNOT_REACH_INTERPRETER),
            Said(),
        ),
    ),
    ScriptPath(
        "goodbye", "the room is over", lambda language: GoodbyeScript((language,)), (Said(),)
    ),
    ScriptPath(
        "rating",
        "after the room, a technician or interpreter says how it was, and that it was hard",
        RatingScript,
        (Keys("4"), Answer(Noted()), Keys("1"), Answer(Noted()), Said()),
    ),
    ScriptPath(
        "presence",
        "an interpreter rings: PIN, half an hour of break, the next booked call, the share of work",
        lambda language: PresenceScript(_TODAY, language),
        (
            Keys("735281"),
            Answer(InterpreterKnown(Presence.AVAILABLE, windows=((_TEN, _NOON),))),
            Keys("2"),
            Keys("30"),
            Keys("1"),
            Answer(PresenceSet(Presence.ON_BREAK, _TEN + timedelta(minutes=30))),
            Keys("4"),
            Answer(BookingAt(_TOMORROW, _UKRAINIAN)),
            Keys("5"),
            Answer(ShareOf(0.92)),
            Silence(),
            Silence(),
            Silence(),
            Said(),
        ),
    ),
    ScriptPath(
        "callback",
        "a technician is rung back because an interpreter has accepted",
        lambda language: CallbackScript(CallbackKind.CALL_BACK, _UKRAINIAN, _JOB, language),
        (Keys("1"),),
    ),
    ScriptPath(
        "reminder",
        "an interpreter is reminded of a booked call",
        lambda language: ReminderScript(_TOMORROW, _UKRAINIAN, _TODAY, language),
        (Keys("1"), Said()),
    ),
    ScriptPath(
        "not-answering",
        "an interpreter who did not answer three times is told so, and comes back",
        NotAnsweringScript,
        (Keys("1"), Answer(PresenceSet(Presence.AVAILABLE)), Said()),
    ),
    ScriptPath(
        "room-keys",
        "the keys in the room are read out, and the migrant is rung",
        lambda language: RoomKeysScript("*0", language),
        (Keys("1"), Answer(CommandDone()), Said()),
    ),
)

PATHS: dict[str, ScriptPath] = {path.name: path for path in _ALL}
"""The paths by name, in the order in which they are listed."""
