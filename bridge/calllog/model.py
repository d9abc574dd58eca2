# SPDX-License-Identifier: EUPL-1.2
"""The events of a call. Every decision is written as an event before it is acted on.

Events carry ids, never telephone numbers, keyed digits or names of persons, so the log needs no
masking and can be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.vocabulary import CallId, LegId

Scalar = str | int | float | bool | None


class EventKind(StrEnum):
    """What can happen in a call, in the order in which it usually does."""

    CALL_ANSWERED = "call_answered"
    """A technician's leg was answered on a line. data: line"""
    IDENTIFIED = "identified"
    """Agency code and PIN fit. data: agency, technician"""
    IDENTIFICATION_FAILED = "identification_failed"
    """They did not; data: tries"""
    REQUESTED = "requested"
    """Language and the migrant's place are known; `at` is the moment of the last key. data:
    language, migrant, agency_kind, relay_allowed, named, voicemail_allowed"""
    RANKED = "ranked"
    """The matcher ranked the roster. data: candidates, skipped, trace (JSON text)"""
    RESERVED = "reserved"
    """An interpreter is promised to this call. data: interpreter"""
    RESERVATION_REFUSED = "reservation_refused"
    """Another call was faster. data: interpreter"""
    OFFERED = "offered"
    """An interpreter's phone is about to be rung. data: interpreter"""
    OFFER_RINGING = "offer_ringing"
    OFFER_ANSWERED = "offer_answered"
    """Somebody or something answered; the whisper begins."""
    OFFER_ACCEPTED = "offer_accepted"
    """The interpreter pressed 1; `at` is the moment of the key. data: interpreter"""
    OFFER_REFUSED = "offer_refused"
    """The interpreter pressed 2. data: interpreter"""
    OFFER_UNANSWERED = "offer_unanswered"
    """Rang out, busy, unreachable, or answered and pressed nothing. data: interpreter, reason"""
    OFFER_CANCELLED = "offer_cancelled"
    """We stopped ringing. data: interpreter, reason"""
    OFFER_TOO_LATE = "offer_too_late"
    """Pressed 1 after somebody else had, or after the caller had gone. data: interpreter"""
    RELEASED = "released"
    """The interpreter is free again. data: interpreter, reason (only when swept)"""
    RELAY_BEGUN = "relay_begun"
    """Nobody interprets directly: two interpreters are looked for, with a language between them.
    From here on, the events about an interpreter say `relay` (that language) and `part`. data:
    pivot"""
    NOBODY_AVAILABLE = "nobody_available"
    """The hunt ended without an interpreter; the technician is told. data: reason"""
    STEP_DOWN_AGREED = "step_down_agreed"
    """The technician agreed by key to an interpreter below the required level. data: level"""
    MIGRANT_RANG = "migrant_rang"
    """Whoever rang the line is a migrant. data: language"""
    MIGRANT_DIALLED_IN = "migrant_dialled_in"
    """The migrant rang the line and keyed this call's code."""
    CLOSED_TOLD = "closed_told"
    """The caller was told, out of hours, that nobody is there. data: place (key of the line or
    service), opens_at (ISO 8601, UTC; absent when not known)"""
    NOBODY_ON_DUTY = "nobody_on_duty"
    """The caller asked for an operator, and there was none. data: language (a migrant's; absent at
    the door, where it is not known yet, and for a technician or interpreter), closed (out of
    hours)"""
    OPERATOR_CALL_BACK_PROMISED = "operator_call_back_promised"
    """The caller is to be rung when an operator comes on duty."""
    OPENING_CALL_BACK_PROMISED = "opening_call_back_promised"
    """The caller is to be rung at the next opening. data: due_at (ISO 8601, UTC)"""
    CALL_BACK_NOT_NEEDED = "call_back_not_needed"
    """Whoever rang is served, and is not rung any more as they were promised before. data:
    for_operator (or for the opening)"""
    DIRECTED = "directed"
    """The caller chose to be put through to a service. data: service (its key), open"""
    OPERATOR_WANTED = "operator_wanted"
    """The migrant who rang is to talk with an operator. data: language, interpreter (whether one
    is needed between the two)"""
    MIGRANT_RUNG = "migrant_rung"
    MIGRANT_ANSWERED = "migrant_answered"
    MIGRANT_CONFIRMED = "migrant_confirmed"
    """A person pressed a key; not a voicemail."""
    VOICEMAIL_LEFT = "voicemail_left"
    """Nobody pressed a key, and the message that was agreed was said to its end."""
    MIGRANT_UNREACHED = "migrant_unreached"
    """data: reason"""
    ROOM_ENTERED = "room_entered"
    """A leg hears the others; `at` is the switch's time. data: role"""
    ROOM_LEFT = "room_left"
    """data: role"""
    ROOM_COMPLETE = "room_complete"
    """Everybody the request named is in the room."""
    BOOKING_DUE = "booking_due"
    """The hour of a booked call has come: the call begins without anybody having rung us. data:
    booking"""
    BOOKING_CHANGED = "booking_changed"
    """The booked call was changed before its hour; told when that has come. data: booking,
    changed_at (ISO 8601, UTC), migrant, voicemail_allowed, fields, without (what was changed)"""
    CALL_BACK_PROMISED = "call_back_promised"
    """The technician is told that the bridge rings him when an interpreter accepts."""
    CALL_BACK_EXPIRED = "call_back_expired"
    """Nobody was found within the service's hours, or within four: the promise ends."""
    BOOKED = "booked"
    """The request is held for a later time. data: booking, starts_at (ISO 8601, UTC)"""
    REDIALLED = "redialled"
    """Somebody who belongs in the room is rung. data: role, why, try"""
    REJOINED = "rejoined"
    """The one who was rung pressed a key and enters the room. data: role"""
    NOT_REJOINED = "not_rejoined"
    """The one who was rung could not be brought back. data: role, reason"""
    SWAP_ASKED = "swap_asked"
    """Somebody in the room asked for another interpreter. data: reason"""
    PRIVATE_WORD = "private_word"
    """Somebody in the room asked for a word that the migrant does not hear. data: role"""
    PRIVATE_WORD_OVER = "private_word_over"
    """The migrant is brought back. data: reason"""
    RATED = "rated"
    """Somebody who was in the room rated the conversation by key. data: role, rating (1 to 5)"""
    FLAGGED = "flagged"
    """Who had rated it said more by key. data: role, flag"""
    PUT_THROUGH = "put_through"
    """The caller was sent to the operator on duty. data: reason"""
    LEG_ENDED = "leg_ended"
    """data: role, ending"""
    CALL_ENDED = "call_ended"
    """The last event of a call. data: outcome"""
    LATE = "late"
    """Something was reported after it could matter; recorded, not obeyed. data: what"""
    RECONCILED = "reconciled"
    """The switch and our record were compared after a link or process loss. data: gone, in_room"""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in one call.

    `data` holds the scalars named beside its kind, JSON-serialisable.
    """

    call: CallId
    kind: EventKind
    at: datetime
    leg: LegId | None = None
    data: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its place in the log: `seq` counts from 1 within a call."""

    seq: int
    event: Event
