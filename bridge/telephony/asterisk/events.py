# SPDX-License-Identifier: EUPL-1.2
"""From AMI events to the switch's own words. No I/O; what is remembered is bounded.

Asterisk tells of the end of an unanswered leg twice, each time with half of the truth: an
OriginateResponse with a coarse reason and a Hangup with a cause, in either order. They are put
together here, so that each leg has exactly one `LegEnded`. Nothing is assumed about order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.switch import (
    Ending,
    LegAnswered,
    LegEnded,
    LegEvent,
    LegRinging,
    RoomEntered,
    RoomLeft,
)
from bridge.vocabulary import LegId, RoomId

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 16_384
"""Legs remembered, living and ended each; the oldest are forgotten first."""

_RINGING = "5"
_UP = "6"
_FOREIGN = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Message/", "Surrogate/")
"""Channels of Asterisk's own; no person is at their far end."""

ENDING_OF_CAUSE = {
    1: Ending.UNREACHABLE,  # unallocated number
    2: Ending.UNREACHABLE,  # no route to the transit network
    3: Ending.UNREACHABLE,  # no route to the destination
    5: Ending.UNREACHABLE,  # misdialled trunk prefix
    17: Ending.BUSY,  # user busy
    18: Ending.NO_ANSWER,  # no user responding
    19: Ending.NO_ANSWER,  # alerting, no answer
    20: Ending.UNREACHABLE,  # subscriber absent: a mobile that is switched off
    21: Ending.REJECTED,  # call rejected
    22: Ending.UNREACHABLE,  # number changed
    23: Ending.UNREACHABLE,  # redirected to a new destination
    25: Ending.UNREACHABLE,  # exchange routing error
    27: Ending.UNREACHABLE,  # destination out of order
    28: Ending.UNREACHABLE,  # invalid number format
    29: Ending.REJECTED,  # facility rejected
    31: Ending.NO_ANSWER,  # normal, unspecified
    34: Ending.UNREACHABLE,  # no circuit or channel available
    38: Ending.UNREACHABLE,  # network out of order
    41: Ending.UNREACHABLE,  # temporary failure
    42: Ending.UNREACHABLE,  # switch congestion
    44: Ending.UNREACHABLE,  # requested channel not available
    50: Ending.FAILED,  # facility not subscribed
    52: Ending.REJECTED,  # outgoing calls barred
    54: Ending.REJECTED,  # incoming calls barred
    57: Ending.REJECTED,  # bearer capability not authorised
    58: Ending.FAILED,  # bearer capability not available now
    65: Ending.FAILED,  # bearer capability not implemented
    66: Ending.FAILED,  # channel type not implemented
    69: Ending.FAILED,  # facility not implemented
    88: Ending.FAILED,  # incompatible destination: no common codec
    102: Ending.UNREACHABLE,  # recovery on timer expiry
    111: Ending.FAILED,  # protocol error
    127: Ending.UNREACHABLE,  # interworking, unspecified
}
"""How an unanswered leg ended, by ITU-T Q.850 cause."""

SILENT_CAUSES = frozenset({0, 16, 26})
"""Causes that say nothing about an unanswered leg: unknown, normal clearing, answered elsewhere."""

VANISHED_CAUSES = frozenset({27, 38, 41, 42, 44, 102})
"""Causes with which a connected leg was lost rather than hung up: the far end or its network broke
down, or no sound came any more (Asterisk ends such a leg with 44)."""

ENDING_OF_REASON = {
    0: Ending.FAILED,  # could not be dialled at all
    1: Ending.NO_ANSWER,  # hung up without a word
    3: Ending.NO_ANSWER,  # still ringing when the time was over
    5: Ending.BUSY,
    8: Ending.UNREACHABLE,  # congestion
}
"""How an originated leg failed, by the `Reason` of OriginateResponse."""


@dataclass(slots=True)
class _Leg:
    """What is known of a living leg."""

    born: bool = False
    """Its channel exists."""
    ringing: bool = False
    answered: bool = False
    cancelled: bool = False
    ours: bool = False
    """We rang it, so an OriginateResponse tells of its failure."""
    reason: int | None = None
    """Why ringing it failed, once told."""
    gone_at: datetime | None = None
    """When its channel went, while why is still to be told."""
    given_up: bool = False
    """Its end was told, though it may come yet."""


class EventTranslator:
    """Turns frames into events, one at a time."""

    def __init__(self, *, most_remembered: int = MOST_REMEMBERED) -> None:
        self._most = most_remembered
        self._living: OrderedDict[str, _Leg] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def originating(self, leg: LegId) -> None:
        """Note that we are about to ring a leg of this id."""
        self._leg(leg).ours = True

    def cancelling(self, leg: LegId) -> None:
        """Note that we are about to hang up: unanswered, the leg ends as `Ending.CANCELLED`."""
        if leg not in self._ended:
            self._leg(leg).cancelled = True

    def is_cancelled(self, leg: LegId) -> bool:
        """Whether `cancelling` was called for a leg that has not ended."""
        known = self._living.get(leg)
        return known is not None and known.cancelled

    def exists(self, leg: LegId) -> None:
        """Note that a leg was seen otherwise than by an event."""
        known = self._living.get(leg)
        if known is not None:
            known.born = True

    def give_up(self, leg: LegId) -> Ending | None:
        """Say how a leg ends that was rung and has not been seen; nothing where it has.

        Should it come all the same, it is one that was cancelled, and its end is not told again.
        """
        if leg in self._ended:
            return None
        known = self._leg(leg)
        if known.born or known.given_up:
            return None
        ending = Ending.CANCELLED if known.cancelled else Ending.FAILED
        known.cancelled = known.given_up = True
        return ending

    def compare(self, there: Set[LegId]) -> tuple[list[LegId], list[LegId]]:
        """Note which legs exist, after a time in which nobody watched.

        Returns whom to hang up, and whom to wait for. The first should be gone and are there. The
        second were rung by us, and nobody has seen them yet: a request that was made before may
        still be under way.
        """
        unwanted: list[LegId] = []
        unseen: list[LegId] = []
        for leg, known in self._living.items():
            here = LegId(leg) in there
            known.born = known.born or here
            if here and known.cancelled:
                unwanted.append(LegId(leg))
            elif known.ours and not (known.born or known.given_up):
                unseen.append(LegId(leg))
        return unwanted, unseen

    def translate(self, frame: Frame, now: datetime) -> LegEvent | None:
        """What a frame means to us, or nothing. Never raises.

        `now` serves when Asterisk gives no time of its own (``timestampevents=no``).
        """
        leg = person_at(frame)
        if frame.event == "DialState":
            leg = LegId(frame.get("DestUniqueid"))
        if not leg:
            return None
        at = moment_of(frame, now)
        match frame.event:
            case "Newchannel":
                if leg not in self._ended:
                    self._leg(leg).born = True
                return None
            case "Newstate" | "DialState":
                return self._state(leg, frame, at)
            case "OriginateResponse":
                return self._originated(leg, frame, at)
            case "Hangup":
                return self._hung_up(leg, frame, at)
            case "ConfbridgeJoin":
                return RoomEntered(leg, RoomId(frame.get("Conference")), at)
            case "ConfbridgeLeave":
                return RoomLeft(leg, RoomId(frame.get("Conference")), at)
        return None

    def _state(self, leg: LegId, frame: Frame, at: datetime) -> LegEvent | None:
        if leg in self._ended:
            return None
        if frame.event == "DialState":
            state = _RINGING if frame.get("DialStatus") == "RINGING" else ""
        else:
            state = frame.get("ChannelState")
        if state not in (_RINGING, _UP):
            return None
        known = self._leg(leg)
        known.born = True
        if state == _UP and not known.answered:
            known.answered = True
            return LegAnswered(leg, at)
        if state == _RINGING and not known.ringing and not known.answered:
            known.ringing = True
            return LegRinging(leg, at)
        return None

    def _originated(self, leg: LegId, frame: Frame, at: datetime) -> LegEvent | None:
        if frame.get("Response") != "Failure" or leg in self._ended:
            return None
        known = self._leg(leg)
        known.reason = _number(frame.get("Reason"))
        if known.born and known.gone_at is None:
            return None  # its Hangup is under way and may know more
        return self._end(leg, known.gone_at or at, _ending(known, 0))

    def _hung_up(self, leg: LegId, frame: Frame, at: datetime) -> LegEvent | None:
        if leg in self._ended:
            return None
        known = self._leg(leg)
        known.answered = known.answered or frame.get("ChannelState") == _UP
        cause = _number(frame.get("Cause"))
        told = known.answered or known.cancelled or known.reason is not None
        if known.ours and not told and cause in SILENT_CAUSES:
            known.gone_at = at  # the OriginateResponse is under way and knows more
            return None
        return self._end(leg, at, _ending(known, cause))

    def _end(self, leg: LegId, at: datetime, ending: Ending) -> LegEnded | None:
        known = self._living.pop(leg, None)
        self._ended[leg] = None
        if len(self._ended) > self._most:
            self._ended.popitem(last=False)
        if known is not None and known.given_up:
            return None
        return LegEnded(leg, at, ending)

    def _leg(self, leg: str) -> _Leg:
        known = self._living.get(leg)
        if known is None:
            known = self._living[leg] = _Leg()
            if len(self._living) > self._most:
                self._living.popitem(last=False)
        return known


def person_at(frame: Frame) -> LegId:
    """The leg a frame is about; empty when no person can be at its far end.

    That is so for Asterisk's own channels, such as the announcer of each room, and for the far
    half of a Local channel.
    """
    channel = frame.get("Channel")
    if channel.startswith(_FOREIGN) or (channel.startswith("Local/") and channel.endswith(";2")):
        return LegId("")
    return LegId(frame.get("Uniqueid"))


def moment_of(frame: Frame, now: datetime) -> datetime:
    """When Asterisk says it happened, to the microsecond; `now` when it does not say."""
    whole, dot, fraction = frame.get("Timestamp").partition(".")
    if not (dot and len(fraction) == 6 and _digits(whole + fraction) and len(whole) <= 11):
        return now
    return datetime.fromtimestamp(int(whole), UTC) + timedelta(microseconds=int(fraction))


def _ending(known: _Leg, cause: int) -> Ending:
    if known.answered:
        vanished = cause in VANISHED_CAUSES and not known.cancelled
        return Ending.DROPPED if vanished else Ending.HUNG_UP
    if known.cancelled:
        return Ending.CANCELLED
    if cause in ENDING_OF_CAUSE:
        return ENDING_OF_CAUSE[cause]
    if cause not in SILENT_CAUSES:
        log.error("unknown hang-up cause; add it to ENDING_OF_CAUSE", cause=cause)
        return Ending.FAILED
    if known.reason is None:
        # Nobody's request of ours: a caller who gave up before we answered.
        return Ending.CANCELLED
    if known.reason not in ENDING_OF_REASON:
        log.error("unknown reason of a failed originate", reason=known.reason)
        return Ending.FAILED
    if known.ringing and ENDING_OF_REASON[known.reason] is Ending.FAILED:
        return Ending.NO_ANSWER
    return ENDING_OF_REASON[known.reason]


def _number(text: str) -> int:
    return int(text) if len(text) <= 9 and _digits(text) else -1


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
