# SPDX-License-Identifier: EUPL-1.2
"""The ways through the scripts that are printed for review: `prompts transcript --path`.

A table: which script, and what is heard on the way. Codes and numbers are fictional.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bridge.agencies.model import AgencyKind
from bridge.ivr.announcements import Announcement
from bridge.ivr.callback import CallbackKind, CallbackScript
from bridge.ivr.goodbye import GoodbyeScript
from bridge.ivr.hold import HoldScript
from bridge.ivr.migrant import MigrantScript
from bridge.ivr.offer import Granted, OfferScript
from bridge.ivr.presence import PresenceScript
from bridge.ivr.presence_model import BookingAt, InterpreterKnown, PresenceSet
from bridge.ivr.rejoin import rejoin_script
from bridge.ivr.reminder import ReminderScript
from bridge.ivr.room_keys import CommandDone, RoomKeysScript
from bridge.ivr.script import Answer, Keys, Notice, Said, Silence
from bridge.ivr.transcripts import ScriptPath
from bridge.roster.model import Presence
from bridge.vocabulary import JobNumber, LanguageTag, RoomId

_TODAY = date(2026, 3, 2)
_TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
_NOON = _TEN + timedelta(hours=2)
_TOMORROW = _TEN + timedelta(days=1)
_UKRAINIAN = LanguageTag("uk")
_JOB = JobNumber.of_serial(42)

_ALL = (
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
        "a migrant is rung, presses a key at the third greeting",
        lambda language: MigrantScript((language,)),
        (Silence(), Silence(), Keys("5")),
    ),
    ScriptPath(
        "migrant-unanswered",
        "a migrant's telephone answers, and nobody presses a key",
        lambda language: MigrantScript((language,)),
        (Silence(), Silence(), Silence(), Said()),
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
        "presence",
        "an interpreter rings: PIN, a break of half an hour, the next booked call",
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
        "room-keys",
        "the keys in the room are read out, and the migrant is rung",
        lambda language: RoomKeysScript("*0", language),
        (Keys("1"), Answer(CommandDone()), Said()),
    ),
)

PATHS: dict[str, ScriptPath] = {path.name: path for path in _ALL}
"""The paths by name, in the order in which they are listed."""
