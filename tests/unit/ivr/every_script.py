# SPDX-License-Identifier: EUPL-1.2
"""Every script, in every variant that says or does something else; and everything one can hear."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bridge.agencies.model import AgencyKind
from bridge.ivr.announcements import Announcement
from bridge.ivr.callback import CallbackKind, CallbackScript
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.hold import HoldScript
from bridge.ivr.languages import load_languages
from bridge.ivr.migrant import MigrantScript
from bridge.ivr.offer import Granted, OfferScript, TooLate
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import (
    BookingAt,
    InterpreterKnown,
    InterpreterUnknown,
    NoBooking,
    PresenceSet,
)
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.reminder import ReminderScript
from bridge.ivr.request import (
    Booked,
    Failed,
    Identified,
    NobodyAvailable,
    NotIdentified,
    NumberFault,
    NumberFine,
    NumberRefused,
    QueueStanding,
    Requested,
    SlotGone,
    WillCallBack,
)
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
from bridge.ivr.technician import TechnicianScript
from bridge.roster.model import Presence
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, RoomId, TechnicianId

CODE, PIN = "4711", "735281"
NUMBER = "912345678"
LANGUAGES = load_languages()
TODAY = date(2026, 11, 20)
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = timedelta(days=1)
SLOTS = (TEN, TEN + DAY, TEN + 3 * DAY, TEN + 4 * DAY)

FULL_OFFER = NobodyAvailable(2, 7, call_back=True, slots=SLOTS, today=TODAY)
NO_QUEUE = NobodyAvailable(call_back=True, slots=SLOTS[:1])
WINDOWS = ((TEN, TEN + timedelta(hours=3)), (TEN + timedelta(hours=4), TEN + DAY))

ANSWERS: tuple[object, ...] = (
    Identified(TechnicianId(1), AgencyId(1), AgencyKind.HEALTH),
    NotIdentified(),
    NumberFine(),
    *(NumberRefused(fault) for fault in NumberFault),
    Requested(JobNumber.of_serial(42)),
    Failed(),
    QueueStanding(1, None),
    QueueStanding(400, 100_000),
    WillCallBack(),
    Booked(TEN + DAY),
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
    CommandDone(),
    *(NotPossible(why) for why in WhyNot),
    None,
)
HEARD: tuple[Heard, ...] = (
    Said(),
    Silence(),
    HungUp(),
    *(Keys(key) for key in ALL_KEYS),
    Keys(""),
    Keys(CODE + PIN),
    Keys(PIN),
    Keys(CODE),
    Keys("15"),
    Keys("33"),
    Keys("39"),
    Keys("90"),
    Keys("112"),
    Keys(NUMBER),
    Keys("00351*" + NUMBER),
    Keys("9" * 400),
    Keys("٣٣"),
    *(Answer(value) for value in ANSWERS),
    Notice(NobodyAvailable()),
    Notice(FULL_OFFER),
    Notice(NO_QUEUE),
    Notice(Announcement.REPLACEMENT_FOUND),
    Notice(Announcement.CANNOT_REACH_TECHNICIAN),
    Notice("something new"),
)

_technician = TechnicianScript(LANGUAGES, most_slices=3, most_queue_slices=3, most_strays=4)
_without_operator = replace(_technician, operator_on_duty=False)
_job = JobNumber.of_serial(7)
_offer = OfferScript(LanguageTag("uk"), AgencyKind.HEALTH, migrant_is_rung=True)
_presence = PresenceScript(TODAY, most_turns=5)

SCRIPTS: dict[str, Script[Any]] = {
    "technician": _technician,
    "technician, nobody on duty": _without_operator,
    "technician, english": replace(_technician, language="en", most_strays=3),
    "technician, english, nobody on duty": replace(_without_operator, language="en", most_strays=3),
    "technician, resumed": replace(_technician, resuming=_job),
    "offer": _offer,
    "offer, english": OfferScript(LanguageTag("pov"), AgencyKind.SCHOOL, False, language="en"),
    "offer, booked": replace(_offer, booked_for=TEN, today=TODAY),
    "offer, booked, english": replace(_offer, booked_for=TEN, language="en"),
    "offer, replacement": replace(_offer, replacement=True),
    "offer, relay": replace(_offer, relay=LanguageTag("en")),
    "migrant, own language": MigrantScript(("uk",)),
    "migrant, two languages": MigrantScript(("en", "pt")),
    "rejoin": rejoin_script(("pt",)),
    "rejoin, own language": rejoin_script(("ro",)),
    "rejoin, two languages": rejoin_script(("en", "pt")),
    **{f"callback, {kind}": CallbackScript(kind, LanguageTag("uk"), _job) for kind in CallbackKind},
    "callback, english": CallbackScript(CallbackKind.DROPPED, LanguageTag("ff"), _job, "en"),
    "reminder": ReminderScript(TEN, LanguageTag("uk"), TODAY),
    "reminder, english": ReminderScript(TEN + DAY, LanguageTag("uk"), TODAY, "en"),
    "presence": _presence,
    "presence, nobody on duty": replace(_presence, operator_on_duty=False),
    "presence, english": replace(_presence, language="en", today=None),
    **{f"room, {key}": RoomKeysScript(key) for key in ("*0", "1", "3", "4", "9", "**")},
    "room, english": RoomKeysScript("*0", "en"),
    "room, in private": RoomKeysScript("*0", in_private=True),
    "room, nothing offered": RoomKeysScript("*0", offered=frozenset()),
    "room, only a swap": RoomKeysScript(
        "*7", offered=frozenset({RoomCommandKind.SWAP_INTERPRETER})
    ),
    **{
        f"hold, {why}": HoldScript(why, ("pt",), most_slices=3, most_strays=3)
        for why in Announcement
    },
    "hold, two languages": HoldScript(
        Announcement.LOST_TECHNICIAN, ("en", "pt"), most_slices=4, most_strays=4
    ),
    "goodbye": GoodbyeScript(),
    "goodbye, ukrainian": GoodbyeScript(("uk",)),
}
