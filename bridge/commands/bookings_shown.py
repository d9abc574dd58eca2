# SPDX-License-Identifier: EUPL-1.2
"""How booked calls are shown to coordinators: numbers masked, secrets only where asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.agencies.model import FieldName
from bridge.bookings.model import Booking
from bridge.calllog.timeline import changes_in_words
from bridge.commands import base
from bridge.vocabulary import PhoneNumber


def interpreters(one: Booking) -> str:
    """Whom it was booked with; of a relay both, the one who speaks Portuguese first."""
    return ", ".join(
        str(int(who)) if who in one.coming else f"{int(who)} will not come"
        for who in one.interpreters
    )


def migrant(one: Booking) -> str:
    """How the migrant comes; empty when that is forgotten."""
    if one.migrant_beside:
        return "beside"
    return "dials in" if one.dial_in_code is not None else masked(one.migrant_number)


def masked(number: PhoneNumber | None) -> str:
    """A number as it is shown; empty where there is none."""
    return "" if number is None else number.masked


def data(one: Booking, agency: str) -> dict[str, Any]:
    """A booking as JSON, numbers masked, without its code and without what was keyed."""
    return {
        "booking": int(one.id),
        "state": one.state.value,
        "starts_at": base.local(one.starts_at),
        "minutes": one.minutes,
        "language": one.language,
        "agency": agency,
        "technician": int(one.technician),
        "technician_number": masked(one.technician_number) or None,
        "migrant_beside": one.migrant_beside,
        "migrant_dials_in": one.dial_in_code is not None,
        "migrant_number": masked(one.migrant_number) or None,
        "voicemail_allowed": one.voicemail_allowed,
        "fields": [name.value for name in FieldName if name in one.fields],
        "interpreter": int(one.interpreter),
        "interpreter_refused": one.interpreter not in one.coming,
        "relay": None
        if one.far is None
        else {
            "interpreter": int(one.far.interpreter),
            "interpreter_refused": one.far.interpreter not in one.coming,
            "pivot": one.far.pivot,
        },
        "made_by": one.made_by.value,
        "reminders": [base.local(moment) for moment in one.reminders],
    }


def dial_in(one: Booking, ours: PhoneNumber | None) -> dict[str, str | None] | None:
    """What the migrant is to be told who dials in."""
    if one.dial_in_code is None:
        return None
    return {"number": None if ours is None else ours.e164, "code": one.dial_in_code}


def dial_in_sentence(number: PhoneNumber | None, code: str) -> str:
    """What the migrant is told who dials in."""
    line = "the line" if number is None else base.printed(number)
    return f"the migrant rings {line} and keys * {code}"


def lines(found: dict[str, Any], ours: PhoneNumber | None) -> list[str]:
    """A booking's `data`, with what lacks and what was changed, and perhaps what is secret."""
    people = [one for one in (found, found["relay"]) if one is not None]
    with_whom = ", ".join(
        f"{one['interpreter']}{' will not come' if one['interpreter_refused'] else ''}"
        for one in people
    )
    told = [
        f"booking {found['booking']}: {_clock(found['starts_at'])}, {found['minutes']} minutes, "
        f"{found['state']}",
        f"language: {found['language']}",
        f"interpreter: {with_whom}",
        f"agency: {found['agency']}",
        f"technician: {found['technician']} {found['technician_number'] or ''}".rstrip(),
        f"migrant: {_comes(found)}",
        f"fields: {', '.join(found['fields']) or 'none'}",
    ]
    if found["fields_lacking"]:
        told.append(f"fields that the agency also wants: {', '.join(found['fields_lacking'])}")
    told.append(f"made by: {found['made_by']}")
    told += [f"reminder: {_clock(one)}" for one in found["reminders"]]
    told += [f"changed {_clock(one['at'])}: {changes_in_words(one)}" for one in found["changes"]]
    dials = found.get("dial_in")
    if dials is not None:
        told.append(f"to dial in, {dial_in_sentence(ours, dials['code'])}")
    told += [f"{name}: {keyed}" for name, keyed in found.get("keyed", {}).items()]
    return told


def _comes(found: dict[str, Any]) -> str:
    if found["migrant_beside"]:
        return "beside the technician"
    if found["migrant_dials_in"]:
        return "dials in"
    if found["migrant_number"] is None:
        return "forgotten, for it is over"
    message = ", a voicemail gets a message" if found["voicemail_allowed"] else ""
    return f"rung at {found['migrant_number']}{message}"


def _clock(moment: str) -> str:
    return base.clock(datetime.fromisoformat(moment))
