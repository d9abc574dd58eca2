# SPDX-License-Identifier: EUPL-1.2
"""Every script, in every variant that says or does something else; and everything one can hear."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bridge.agencies.model import AgencyField, AgencyKind, FieldName
from bridge.hours.directory import load_directory
from bridge.hours.periods import Period
from bridge.ivr.announcements import Announcement
from bridge.ivr.arrival import Arrival, CodeEarly, CodeUnknown, DialledIn
from bridge.ivr.callback import CallbackKind, CallbackScript
from bridge.ivr.callback_over import CallbackOverScript
from bridge.ivr.closed import CallBackNoted, ClosedScript
from bridge.ivr.door import DoorScript, door_languages
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.hold import HoldScript
from bridge.ivr.migrant import MigrantScript, guest_script, migrant_script
from bridge.ivr.not_answering import NotAnsweringScript
from bridge.ivr.offer import Granted, OfferScript, TooLate
from bridge.ivr.opening import opening_script
from bridge.ivr.outcomes import Patience
from bridge.ivr.person import NobodyOnDuty, PersonScript, SomebodyOnDuty, WillRing
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import (
    BookingAt,
    InterpreterKnown,
    InterpreterUnknown,
    NoBooking,
    NoShare,
    PresenceSet,
    ShareOf,
)
from bridge.ivr.rating import Noted, RatingScript
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.reminder import ReminderScript
from bridge.ivr.room_keys import CommandDone, NotPossible, RoomCommandKind, RoomKeysScript, WhyNot
from bridge.ivr.script import (
    ALL_KEYS,
    Answer,
    Heard,
    HungUp,
    Keys,
    Notice,
    Said,
    Script,
    Silence,
)
from bridge.ivr.support_line import (
    ClosedMeanwhile,
    OperatorFound,
    ServiceNow,
    SupportLineScript,
)
from bridge.ivr.technician.ends import Ends
from bridge.ivr.technician.language_choice import LanguageChoice
from bridge.ivr.technician.request import (
    Booked,
    CodeFirst,
    DialInCode,
    Failed,
    Identified,
    NobodyAvailable,
    NoLongerWaiting,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    QueueStanding,
    Requested,
    SlotGone,
    SteppedDown,
    Ways,
    WillCallBack,
)
from bridge.ivr.technician.script import TechnicianScript
from bridge.ivr.technician.wishes import WishKey
from bridge.languages.model import Languages, load_languages
from bridge.prompts.catalogue import load_catalogue
from bridge.roster.model import Presence
from bridge.roster.skills import Subject
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, Role, RoomId, TechnicianId

CODE, PIN = "4711", "735281"
NUMBER = "912345678"
CREOLE = "2746856"
EARLIER_JOB = JobNumber.of_serial(42)
LANGUAGES = load_languages()
TODAY = date(2026, 11, 20)
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = timedelta(days=1)
SLOTS = (TEN, TEN + DAY, TEN + 3 * DAY, TEN + 4 * DAY)

FULL_OFFER = NobodyAvailable(2, 7, call_back=True, slots=SLOTS, today=TODAY)
NO_QUEUE = NobodyAvailable(call_back=True, slots=SLOTS[:1], unreached=True)
LOWER_LEVEL = NobodyAvailable(1, step_down=True)
"""Nothing else, for each choice that may be there or not doubles the places of the walk."""
WINDOWS = ((TEN, TEN + timedelta(hours=3)), (TEN + timedelta(hours=4), TEN + DAY))

HOURS = tuple(Period(start, end) for start, end in WINDOWS)
HOURS_TOMORROW = tuple(Period(one.start + DAY, one.end + DAY) for one in HOURS)

IN_ENGLISH = Ways(
    "en",
    Subject.SCHOOL,
    favourites=(LanguageTag("uk"),),
    likely=(LanguageTag("pov"),),
    fields=(
        AgencyField(FieldName.PROCESS_NUMBER, 9, 12),
        AgencyField(FieldName.DEPARTMENT, 4, 4),
        AgencyField(FieldName.COST_CENTRE, 1, 3),
    ),
)
"""An agency that wants everything keyed that can be."""

ANSWERS: tuple[object, ...] = (
    Identified(TechnicianId(1), AgencyId(1), AgencyKind.HEALTH),
    Identified(TechnicianId(2), AgencyId(2), AgencyKind.SCHOOL, IN_ENGLISH),
    NotIdentified(),
    CodeFirst(),
    DialInCode("204815", "218106191"),
    DialInCode("204815"),
    NumberFine(),
    *(NumberRefused(fault) for fault in NumberFault),
    Requested(JobNumber.of_serial(42)),
    Requested(JobNumber.of_serial(42), "204815"),
    Failed(),
    QueueStanding(1, None, unreached=True),
    QueueStanding(400, 100_000),
    WillCallBack(),
    SteppedDown(),
    NoLongerWaiting(),
    Booked(TEN + DAY),
    Booked(TEN + DAY, "204815"),
    SlotGone(()),
    SlotGone(SLOTS[:2]),
    Granted(RoomId("room-1")),
    TooLate(),
    InterpreterKnown(Presence.ON_BREAK, TEN, WINDOWS),
    InterpreterKnown(Presence.AVAILABLE, not_answering=True),
    InterpreterUnknown(),
    PresenceSet(Presence.OFF, TEN + DAY),
    PresenceSet(Presence.AVAILABLE),
    BookingAt(TEN + DAY, LanguageTag("uk")),
    NoBooking(),
    ShareOf(3.0),
    NoShare(),
    DialledIn(),
    CodeUnknown(),
    CodeEarly(TEN + DAY, TODAY),
    CallBackNoted(),
    OperatorFound(with_interpreter=True),
    OperatorFound(with_interpreter=False),
    NobodyOnDuty(),
    NobodyOnDuty(call_back=True),
    SomebodyOnDuty(),
    WillRing(),
    ClosedMeanwhile(),
    ServiceNow("cnaim-beja", True, TEN, "912000345"),
    ServiceNow("cnaim-beja", True, TEN, "912000345", day=HOURS),
    ServiceNow("claim-fundao", False, TEN + DAY, "275779060", has_address=True),
    ServiceNow("claim-fundao", False, TEN + DAY, "275779060", day=HOURS_TOMORROW),
    ServiceNow("cnaim-algarve", True, None, has_address=True),
    CommandDone(),
    Noted(),
    *(NotPossible(why) for why in WhyNot),
    None,
)
HEARD: tuple[Heard, ...] = (
    Said(),
    Silence(),
    HungUp(),
    *(Keys(key) for key in ALL_KEYS),
    Keys(""),
    Keys("0", finished=True),
    Keys(CODE + PIN),
    Keys(PIN),
    Keys(CODE),
    Keys("15"),
    Keys("33"),
    Keys("**"),
    Keys("*1"),
    Keys(CREOLE),
    Keys(EARLIER_JOB.digits),
    Keys("39"),
    Keys("90"),
    Keys("112"),
    Keys(NUMBER),
    Keys("00351*" + NUMBER),
    Keys("*204815"),
    Keys("9" * 400),
    Keys("٣٣"),
    *(Answer(value) for value in ANSWERS),
    Notice(NobodyAvailable()),
    Notice(FULL_OFFER),
    Notice(NO_QUEUE),
    Notice(LOWER_LEVEL),
    Notice(Announcement.REPLACEMENT_FOUND),
    Notice(Announcement.CANNOT_REACH_TECHNICIAN),
    Notice("something new"),
)

_job = JobNumber.of_serial(7)
_offer = OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=True)
_presence = PresenceScript(TODAY, most_turns=5)
_line = load_directory().lines[0]
_door = DoorScript(door_languages(load_catalogue(), _line.languages))
_support = SupportLineScript(("uk",), _line.services, TODAY, TEN + 3 * DAY, most_turns=4)
_closed = ClosedScript(("ar", "pt"), TEN + 3 * DAY, TODAY, call_back=True)


def named_alike(how_many: int) -> Languages:
    """So many languages, each of them called a creole."""
    some = {language.tag for language in list(LANGUAGES)[:how_many]}
    groups = [
        replace(
            group,
            languages=tuple(
                replace(one, pt=f"crioulo {one.pt}") for one in group.languages if one.tag in some
            ),
        )
        for group in LANGUAGES.groups
    ]
    return Languages(groups, LANGUAGES.home)


def only(*tags: str) -> Languages:
    """These languages and no others."""
    groups = [
        replace(group, languages=tuple(one for one in group.languages if one.tag in tags))
        for group in LANGUAGES.groups
    ]
    return Languages(groups, LANGUAGES.home)


_technician = TechnicianScript(
    only("uk", "pov"),
    most_slices=3,
    most_queue_slices=3,
    most_strays=4,
    wishes=frozenset(),
    most_sentences=1,
    patience=Patience(left=3),
)
"""Few languages and no wishes: the choice of a language is walked by itself below."""
_without_operator = replace(
    _technician, operator_on_duty=False, most_strays=3, patience=Patience(left=2)
)
"""Less patient, for each question leads to the one whether to be rung as well."""
_language = LanguageChoice(
    Ends("pt", True),
    only("kea", "pov", "bm", "uk", "en"),
    subject=Subject.HEALTH,
    offered=frozenset(),
    most_sentences=2,
    patience=Patience(left=4),
)
"""Few languages, sentences and tries: the walk is through all of them together."""
_impatient = replace(_language, patience=Patience(left=2))

SCRIPTS: dict[str, Script[Any]] = {
    "technician": _technician,
    "technician, nobody on duty": _without_operator,
    "technician, english": replace(_technician, language="en", most_strays=3),
    "technician, english, nobody on duty": replace(_without_operator, language="en"),
    "technician, resumed": replace(_technician, resuming=_job),
    "technician, recognised": replace(_technician, recognised=True, patience=Patience(left=1)),
    "technician, keyed at the door": replace(
        _technician, identity=(CODE, PIN), patience=Patience(left=1)
    ),
    "language": _language,
    "language, with favourites": replace(_language, favourites=(LanguageTag("uk"),)),
    "language, english": replace(_language, ends=Ends("en", True)),
    "language, nobody on duty": replace(_language, ends=Ends("pt", False)),
    **{
        f"language, wishes {' and '.join(keys)}": replace(_impatient, offered=frozenset(keys))
        for keys in ((WishKey.WOMAN, WishKey.MAN), (WishKey.SUBJECT, WishKey.LEVEL))
    },
    "language, the same again": replace(
        _impatient, ends=Ends("en", False), offered=frozenset({WishKey.SAME_AGAIN})
    ),
    "language, some alike": replace(_impatient, languages=named_alike(12)),
    "language, many alike": replace(_impatient, languages=named_alike(20)),
    "offer": _offer,
    "offer, english": OfferScript(LanguageTag("pov"), AgencyKind.SCHOOL, False, language="en"),
    "offer, booked": replace(_offer, booked_for=TEN, today=TODAY),
    "offer, booked, english": replace(_offer, booked_for=TEN, language="en"),
    "offer, replacement": replace(_offer, replacement=True),
    "offer, relay": replace(_offer, relay=LanguageTag("en")),
    "migrant, own language": MigrantScript(("uk",)),
    "migrant, two languages": MigrantScript(("en", "pt")),
    **{f"migrant, from {kind}": migrant_script(("uk",), kind) for kind in AgencyKind},
    "migrant, voicemail allowed": migrant_script(("ro",), AgencyKind.HEALTH, voicemail=True),
    "migrant, voicemail, two languages": migrant_script(
        ("fr", "pt"), AgencyKind.HEALTH, voicemail=True
    ),
    "guest": guest_script(("pt", "uk")),
    "rejoin": rejoin_script(("pt",)),
    "rejoin, own language": rejoin_script(("ro",)),
    "rejoin, two languages": rejoin_script(("en", "pt")),
    **{
        f"callback, {kind}": CallbackScript(kind, LanguageTag("uk"), _job, "pt")
        for kind in CallbackKind
    },
    "callback, operator with interpreter": CallbackScript(
        CallbackKind.MIGRANT_RANG, LanguageTag("uk"), _job, "pt", with_interpreter=True
    ),
    "callback, english": CallbackScript(CallbackKind.DROPPED, LanguageTag("ff"), _job, "en"),
    "callback, in vain": CallbackOverScript(LanguageTag("uk"), "pt"),
    "callback, in vain, english": CallbackOverScript(LanguageTag("pov"), "en"),
    "reminder": ReminderScript(TEN, LanguageTag("uk"), TODAY),
    "reminder, english": ReminderScript(TEN + DAY, LanguageTag("uk"), TODAY, "en"),
    "not answering": NotAnsweringScript(),
    "not answering, english": NotAnsweringScript("en"),
    "presence": _presence,
    "presence, nobody on duty": replace(_presence, operator_on_duty=False),
    "presence, english": replace(_presence, language="en", today=None),
    **{f"room, {key}": RoomKeysScript(key, "pt") for key in ("*0", "1", "3", "4", "5", "9", "**")},
    "room, english": RoomKeysScript("*0", "en"),
    "room, in private": RoomKeysScript("*0", "pt", in_private=True),
    "room, a fourth person, english": RoomKeysScript("5", "en"),
    "room, nothing offered": RoomKeysScript("*0", "pt", offered=frozenset()),
    "room, only a swap": RoomKeysScript(
        "*7", "pt", offered=frozenset({RoomCommandKind.SWAP_INTERPRETER})
    ),
    **{
        f"hold, {why}": HoldScript(why, ("pt",), most_slices=3, most_strays=3)
        for why in Announcement
    },
    "hold, two languages": HoldScript(
        Announcement.LOST_TECHNICIAN, ("en", "pt"), most_slices=4, most_strays=4
    ),
    "door": _door,
    "door, nobody on duty": replace(_door, operator_on_duty=False),
    "door, few languages": replace(_door, languages=_door.languages[:3]),
    "arrival at the door": Arrival(replace(_door, rounds=1), numbers=14, most_codes=1),
    "arrival at the menu": Arrival(
        replace(_support, services=(), most_turns=2), before=CODE[0], most_codes=1
    ),
    "arrival, closed": Arrival(replace(_closed, plays=2), most_codes=1),
    "a person, asked for in vain": PersonScript(("uk",)),
    "a person, asked for in vain, two languages": PersonScript(("pt", "en")),
    "support line": _support,
    "support line, portuguese": replace(_support, languages=("pt",), lead=("service-silent",)),
    "support line, two languages": replace(_support, languages=("fr", "pt"), closes_at=None),
    "support line, hours of today": replace(_support, day=HOURS),
    "support line, an operator was wished for": replace(_support, seeks=True, services=()),
    "support line, no services": replace(_support, services=()),
    "closed": _closed,
    "closed, an operator on duty": replace(_closed, operator_on_duty=True),
    "closed, tomorrow at half past": replace(
        _closed, languages=("ro",), opens_at=TEN + DAY + timedelta(minutes=30)
    ),
    "closed, for technicians": replace(_closed, languages=("pt",), why="interpreting-closed"),
    "closed, nothing to offer": ClosedScript(("en",), None, TODAY),
    "opening": opening_script(("uk",), Role.MIGRANT),
    "opening, for technicians": opening_script(("pt", "en"), Role.TECHNICIAN),
    "hold, private": HoldScript(
        Announcement.HOLD_PRIVATE,
        ("uk",),
        Announcement.HOLD_PRIVATE,
        most_slices=3,
        most_strays=3,
    ),
    "rating": RatingScript("pt"),
    "rating, english": RatingScript("en"),
    "goodbye": GoodbyeScript(("pt",)),
    "goodbye, ukrainian": GoodbyeScript(("uk",)),
}
