# SPDX-License-Identifier: EUPL-1.2
"""Reading an open call back from its events, after the process that had it died. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.agencies.model import AgencyKind
from bridge.calllog.model import Event, EventKind
from bridge.conference.legs import VANISHED, CallLeg, Part
from bridge.conference.model import CallState, Progress, Request
from bridge.conference.store import CallRow
from bridge.roster.requirements import Requirements
from bridge.roster.tries import NOT_REACHED, Tries
from bridge.telephony.switch import Ending
from bridge.vocabulary import InterpreterId, LanguageTag, LegId, PhoneNumber, Role

_OFFER_OVER = frozenset(
    {
        EventKind.OFFER_REFUSED,
        EventKind.OFFER_UNANSWERED,
        EventKind.OFFER_CANCELLED,
        EventKind.OFFER_ACCEPTED,
    }
)
_IN_VAIN = frozenset({EventKind.OFFER_REFUSED, EventKind.OFFER_UNANSWERED})
_TAKES_PART = frozenset({EventKind.OFFER_ACCEPTED, EventKind.REJOINED})
_LEAVES = frozenset({EventKind.LEG_ENDED, EventKind.SWAP_ASKED})
"""After these, the interpreter they are about no longer serves the call."""
_GIVEN_UP = frozenset({EventKind.NOT_REJOINED, EventKind.MIGRANT_UNREACHED})
"""After these, whoever was rung on the leg they are about is not rung again."""


_TO_BE_RUNG = frozenset(
    {EventKind.CALL_BACK_PROMISED, EventKind.BOOKING_DUE, EventKind.OPERATOR_WANTED}
)
_OVER = frozenset({CallState.TALKING, CallState.PUT_THROUGH, CallState.CLOSING})
"""In these states nobody waits to be rung any more."""
_SAY_WHETHER_REACHED = frozenset({EventKind.REDIALLED, EventKind.NOT_REJOINED})
_EXPIRED = "expired"
"""Why a technician is rung who only hears that nobody was found (`rings.Why.EXPIRED`)."""
_SAY_WHAT_IS_ASKED = frozenset({EventKind.REQUESTED, EventKind.OPERATOR_WANTED})


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a call's events say about it."""

    progress: Progress
    technician: LegId
    legs: tuple[CallLeg, ...]
    interpreters: Mapping[Part, LegId]
    complete: bool
    tried: Mapping[Part, Mapping[InterpreterId, Tries]]
    """Who was rung for each part, and what became of the offers that are over."""
    live_offers: tuple[tuple[LegId, InterpreterId, datetime], ...]
    asked_at: datetime | None
    calling_back: bool
    relay_allowed: bool
    pivot: LanguageTag | None
    ringing: Mapping[LegId, str] = field(default_factory=dict)
    """Why somebody is rung into the room, by the leg on which nobody has pressed a key yet.

    Its telephone may be gone, if nobody has seen yet to what follows.
    """
    private: bool = False
    """Whether the migrant is kept outside the room."""
    technician_lost: bool = False
    """Whether the technician was cut off and has not come back."""
    promised_at: datetime | None = None
    """When a call-back was promised."""
    expired: bool = False
    """Whether that promise ran out."""
    told_on: LegId | None = None
    """The leg on which the technician was last rung to be told so."""
    migrant_rang: bool = False
    """Whether the migrant rang the line, so that the number in the row is where they rang from."""

    @property
    def interpreter(self) -> LegId | None:
        """The leg of the interpreter who speaks Portuguese."""
        return self.interpreters.get(Part.PORTUGUESE)


def remember(state: CallState, events: Iterable[Event]) -> Remembered:
    """Fold the events of an open call whose row says `state`."""
    legs: dict[LegId, CallLeg] = {}
    offers: dict[LegId, tuple[InterpreterId, datetime]] = {}
    tried: dict[Part, dict[InterpreterId, Tries]] = {part: {} for part in Part}
    kinds: set[EventKind] = set()
    interpreters: dict[Part, LegId] = {}
    relay_allowed, pivot = False, None
    technician = LegId("")
    private = technician_lost = direct = talked = calling_back = migrant_rang = False
    unreached = False
    rung: dict[LegId, str] = {}
    asked_at = promised_at = told_on = None
    for event in events:
        kinds.add(event.kind)
        leg = event.leg
        if event.kind in _TO_BE_RUNG:
            calling_back = True
        if event.kind is EventKind.REQUESTED:
            asked_at = event.at
            relay_allowed = bool(event.data.get("relay_allowed"))
        elif event.kind is EventKind.RELAY_BEGUN:
            # Whoever accepted for another language between was let go.
            pivot = LanguageTag(str(event.data["pivot"]))
            interpreters.clear()
        elif event.kind is EventKind.NOBODY_AVAILABLE:
            pivot = None
            interpreters.clear()
        elif event.kind is EventKind.CALL_BACK_PROMISED:
            promised_at = event.at
            if leg is not None and leg in legs:
                # They are to hang up; that shall not be taken for having had enough.
                legs[leg] = replace(legs[leg], confirmed=False)
        elif event.kind is EventKind.OPERATOR_WANTED:
            direct = not event.data["interpreter"]
        elif event.kind is EventKind.PRIVATE_WORD:
            private = True
            legs.update(
                (one.id, replace(one, waits=True))
                for one in list(legs.values())
                if one.role is Role.MIGRANT and one.in_room
            )
        elif event.kind is EventKind.PRIVATE_WORD_OVER:
            private = False
        if leg is None:
            continue
        if event.kind is EventKind.CALL_ANSWERED:
            technician = leg
            legs[leg] = CallLeg(leg, Role.TECHNICIAN, event.at, rang=True, connected=True)
        elif event.kind is EventKind.OFFERED:
            legs[leg] = _interpreter_leg(leg, event)
            who = legs[leg].interpreter or InterpreterId(0)
            offers[leg] = (who, event.at)
            tried[legs[leg].part].setdefault(who, Tries())
        elif event.kind is EventKind.REQUESTED:
            # Whoever asks is the technician, though they chose a migrant's language before.
            technician, migrant_rang = leg, False
            if leg in legs:
                legs[leg] = replace(legs[leg], role=Role.TECHNICIAN, confirmed=False)
        elif event.kind is EventKind.MIGRANT_RANG:
            technician, migrant_rang = LegId(""), True
            legs[leg] = CallLeg(
                leg, Role.MIGRANT, event.at, rang=True, connected=True, confirmed=True
            )
        elif event.kind is EventKind.MIGRANT_DIALLED_IN:
            migrant_rang = True
            legs[leg] = CallLeg(
                leg, Role.MIGRANT, event.at, rang=True, connected=True, confirmed=True, waits=True
            )
        elif event.kind is EventKind.MIGRANT_RUNG:
            rung[leg] = "invited"
            legs[leg] = CallLeg(leg, Role.MIGRANT, event.at)
        elif event.kind is EventKind.REDIALLED:
            role = Role(str(event.data["role"]))
            rung[leg] = str(event.data["why"])
            if rung[leg] == _EXPIRED:
                told_on = leg
            if role is Role.INTERPRETER:
                legs[leg] = _interpreter_leg(leg, event)
            else:
                legs[leg] = CallLeg(leg, role, event.at)
            if role is Role.TECHNICIAN or event.data.get("leads"):
                technician = leg
        elif event.kind is EventKind.REJOINED and leg not in legs:
            # Who was lost rang the line, before they could be rung.
            legs[leg] = CallLeg(leg, Role.TECHNICIAN, event.at, rang=True)
            technician = leg
        if leg == technician and event.kind in _SAY_WHETHER_REACHED:
            # Given up; unless another operator was rung after that one.
            unreached = event.kind is EventKind.NOT_REJOINED
        if event.kind in _GIVEN_UP:
            rung.pop(leg, None)
        if event.kind in _IN_VAIN and leg in offers:
            who, part = offers[leg][0], legs[leg].part
            refused = event.kind is EventKind.OFFER_REFUSED
            if event.data.get("reason") not in NOT_REACHED:
                tried[part][who] = tried[part][who].one_more(refused=refused)
            elif tried[part][who] == Tries():
                del tried[part][who]
        if event.kind in _OFFER_OVER:
            offers.pop(leg, None)
        if leg == technician and event.kind in (EventKind.LEG_ENDED, EventKind.REJOINED):
            technician_lost = event.data.get("ending") in VANISHED
        if leg in legs:
            legs[leg] = _after(legs[leg], event)
            part = legs[leg].part
            if event.kind in _TAKES_PART and legs[leg].role is Role.INTERPRETER:
                interpreters[part] = leg
            elif event.kind in _LEAVES and interpreters.get(part) == leg:
                del interpreters[part]
        if event.kind is EventKind.ROOM_ENTERED and _have_met(
            legs, technician, interpreters, direct
        ):
            talked, calling_back = True, False
    talked = talked or state is CallState.TALKING
    return Remembered(
        progress=Progress(
            state=state,
            talked=talked,
            unfilled=EventKind.NOBODY_AVAILABLE in kinds,
            booked=EventKind.BOOKED in kinds,
            unreached=unreached,
            put_through=EventKind.PUT_THROUGH in kinds,
            direct=direct,
            requested=EventKind.REQUESTED in kinds,
            identification_failed=EventKind.IDENTIFICATION_FAILED in kinds,
        ),
        technician=technician,
        legs=tuple(legs.values()),
        interpreters=interpreters,
        complete=EventKind.ROOM_COMPLETE in kinds,
        tried=tried,
        live_offers=tuple((leg, who, since) for leg, (who, since) in offers.items()),
        asked_at=asked_at,
        promised_at=promised_at,
        expired=EventKind.CALL_BACK_EXPIRED in kinds,
        told_on=told_on,
        calling_back=calling_back and state not in _OVER,
        relay_allowed=relay_allowed,
        pivot=pivot,
        ringing=_still_rung(rung, legs),
        private=private,
        technician_lost=technician_lost and EventKind.NOT_REJOINED not in kinds,
        migrant_rang=migrant_rang,
    )


def _still_rung(rung: Mapping[LegId, str], legs: Mapping[LegId, CallLeg]) -> dict[LegId, str]:
    """Of those who were rung into the room, whoever has neither come nor been given up.

    Somebody whose telephone is gone was to be rung again, unless they were, or came otherwise.
    """
    newest = {(leg.role, leg.part): leg.id for leg in legs.values() if _for_a_seat(leg, rung)}
    return {
        leg: why
        for leg, why in rung.items()
        if not legs[leg].confirmed
        and (not legs[leg].ended or newest[legs[leg].role, legs[leg].part] == leg)
    }


def _for_a_seat(leg: CallLeg, rung: Mapping[LegId, str]) -> bool:
    return leg.took_part or leg.id in rung


def request_of(row: CallRow, events: Iterable[Event]) -> Request | None:
    """The request of a call, from its row and events; `None` when it never came to one."""
    found = {event.kind: event.data for event in events if event.kind in _SAY_WHAT_IS_ASKED}
    asked = found.get(EventKind.REQUESTED, {})
    operator = EventKind.OPERATOR_WANTED in found
    if row.language is None or not found:
        return None
    to_ring = row.migrant_mode == "ring" and row.migrant_number is not None
    return Request(
        requirements=row.requirements or Requirements(row.language, agency=row.agency),
        technician=None if operator else row.technician,
        agency=row.agency,
        agency_kind=AgencyKind(str(asked.get("agency_kind", AgencyKind.MIGRATION))),
        migrant=PhoneNumber(str(row.migrant_number)) if to_ring else None,
        voicemail_allowed=bool(asked.get("voicemail_allowed")),
        dial_in_code=row.dial_in_code,
    )


def _have_met(
    legs: Mapping[LegId, CallLeg],
    technician: LegId,
    interpreters: Mapping[Part, LegId],
    direct: bool,
) -> bool:
    """Whether those whom the call is for are in the room together."""
    needed = [technician, *interpreters.values()]
    inside = all(one in legs and legs[one].in_room for one in needed)
    return inside and (direct or Part.PORTUGUESE in interpreters)


def _interpreter_leg(leg: LegId, event: Event) -> CallLeg:
    who, relay = event.data.get("interpreter"), event.data.get("relay")
    return CallLeg(
        leg,
        Role.INTERPRETER,
        event.at,
        interpreter=None if who is None else InterpreterId(int(who)),
        part=Part(str(event.data.get("part", Part.PORTUGUESE))),
        relay=None if relay is None else LanguageTag(str(relay)),
        phone=int(event.data.get("phone") or 0),
    )


def _after(leg: CallLeg, event: Event) -> CallLeg:
    match event.kind:
        case EventKind.OFFER_ANSWERED | EventKind.MIGRANT_ANSWERED:
            return replace(leg, connected=True)
        case EventKind.OFFER_ACCEPTED:
            return replace(leg, connected=True, accepted_at=event.at, came_at=event.at)
        case EventKind.REJOINED if leg.role is Role.INTERPRETER:
            return replace(
                leg, connected=True, confirmed=True, accepted_at=event.at, came_at=event.at
            )
        case EventKind.MIGRANT_CONFIRMED | EventKind.REJOINED:
            waits = bool(event.data.get("waits"))
            return replace(leg, connected=True, confirmed=True, waits=waits, came_at=event.at)
        case EventKind.OPERATOR_WANTED:
            return replace(leg, waits=True)
        case EventKind.ROOM_ENTERED:
            return replace(leg, connected=True, in_room=True, has_entered=True, waits=False)
        case EventKind.ROOM_LEFT:
            return replace(leg, in_room=False)
        case EventKind.LEG_ENDED:
            ending = Ending(str(event.data["ending"]))
            return replace(leg, ending=ending, in_room=False, waits=False)
        case _:
            return leg
