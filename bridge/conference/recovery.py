# SPDX-License-Identifier: EUPL-1.2
"""Reading an open call back from its events, after the process that had it died. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.agencies.model import AgencyKind
from bridge.calllog.model import Event, EventKind
from bridge.conference.legs import CallLeg
from bridge.conference.model import CallState, Progress, Request
from bridge.conference.store import CallRow
from bridge.roster.requirements import Requirements
from bridge.vocabulary import InterpreterId, LegId, PhoneNumber, Role

_OFFER_OVER = frozenset(
    {
        EventKind.OFFER_REFUSED,
        EventKind.OFFER_UNANSWERED,
        EventKind.OFFER_CANCELLED,
        EventKind.OFFER_ACCEPTED,
    }
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a call's events say about it."""

    progress: Progress
    technician: LegId
    legs: tuple[CallLeg, ...]
    interpreter: LegId | None
    complete: bool
    tried: frozenset[InterpreterId]
    live_offers: tuple[tuple[LegId, InterpreterId, datetime], ...]
    asked_at: datetime | None
    calling_back: bool


def remember(state: CallState, events: Iterable[Event]) -> Remembered:
    """Fold the events of an open call whose row says `state`."""
    legs: dict[LegId, CallLeg] = {}
    offers: dict[LegId, tuple[InterpreterId, datetime]] = {}
    tried: set[InterpreterId] = set()
    kinds: set[EventKind] = set()
    interpreter: LegId | None = None
    technician = LegId("")
    asked_at: datetime | None = None
    for event in events:
        kinds.add(event.kind)
        leg = event.leg
        if event.kind is EventKind.REQUESTED:
            asked_at = event.at
        if leg is None:
            continue
        if event.kind is EventKind.CALL_ANSWERED:
            technician = leg
            legs[leg] = CallLeg(leg, Role.TECHNICIAN, event.at, connected=True)
        elif event.kind is EventKind.OFFERED:
            who = InterpreterId(int(event.data["interpreter"] or 0))
            legs[leg] = CallLeg(leg, Role.INTERPRETER, event.at, interpreter=who)
            offers[leg] = (who, event.at)
            tried.add(who)
        elif event.kind is EventKind.MIGRANT_RUNG:
            legs[leg] = CallLeg(leg, Role.MIGRANT, event.at)
        elif event.kind is EventKind.REDIALLED:
            legs[leg] = CallLeg(leg, Role(str(event.data["role"])), event.at)
            if legs[leg].role is Role.TECHNICIAN:
                technician = leg
        if event.kind in _OFFER_OVER:
            offers.pop(leg, None)
        if event.kind is EventKind.OFFER_ACCEPTED:
            interpreter = leg
        elif event.kind is EventKind.LEG_ENDED and leg == interpreter:
            interpreter = None
        if leg in legs:
            legs[leg] = _after(legs[leg], event.kind)
    talked = state is CallState.TALKING or (
        state is CallState.CLOSING and EventKind.ROOM_LEFT in kinds
    )
    return Remembered(
        progress=Progress(
            state=state,
            talked=talked,
            unfilled=EventKind.NOBODY_AVAILABLE in kinds,
            put_through=EventKind.PUT_THROUGH in kinds,
            requested=EventKind.REQUESTED in kinds,
            identification_failed=EventKind.IDENTIFICATION_FAILED in kinds,
        ),
        technician=technician,
        legs=tuple(legs.values()),
        interpreter=interpreter,
        complete=EventKind.ROOM_COMPLETE in kinds,
        tried=frozenset(tried),
        live_offers=tuple((leg, who, since) for leg, (who, since) in offers.items()),
        asked_at=asked_at,
        calling_back=EventKind.CALL_BACK_PROMISED in kinds,
    )


def request_of(row: CallRow, events: Iterable[Event]) -> Request | None:
    """The request of a call, from its row and events; `None` when it never came to one."""
    kind = next(
        (event.data.get("agency_kind") for event in events if event.kind is EventKind.REQUESTED),
        None,
    )
    if kind is None or row.language is None or row.agency is None or row.technician is None:
        return None
    return Request(
        requirements=row.requirements or Requirements(row.language, agency=row.agency),
        technician=row.technician,
        agency=row.agency,
        agency_kind=AgencyKind(str(kind)),
        migrant=None if row.migrant_number is None else PhoneNumber(row.migrant_number),
    )


def _after(leg: CallLeg, kind: EventKind) -> CallLeg:
    match kind:
        case EventKind.OFFER_ANSWERED | EventKind.MIGRANT_ANSWERED | EventKind.OFFER_ACCEPTED:
            return replace(leg, connected=True)
        case EventKind.MIGRANT_CONFIRMED | EventKind.REJOINED:
            return replace(leg, connected=True, confirmed=True)
        case EventKind.ROOM_ENTERED:
            return replace(leg, connected=True, in_room=True)
        case EventKind.ROOM_LEFT:
            return replace(leg, in_room=False)
        case EventKind.LEG_ENDED:
            return replace(leg, ended=True, in_room=False)
        case _:
            return leg
