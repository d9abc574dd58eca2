# SPDX-License-Identifier: EUPL-1.2
"""A call's events as lines a person can read. Pure.

Interpreters are called by the number of their row, everybody else by their role; no telephone
number and no name can appear, for the events hold none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bridge.calllog.model import Event, EventKind, Scalar, StoredEvent

_LONGEST = 60
"""So many characters of a value are shown: values may have come from a carrier."""


def timeline(events: Sequence[StoredEvent]) -> list[str]:
    """One line for each event, with the seconds since the first; empty for no events."""
    if not events:
        return []
    start = events[0].event.at
    return [line_of(stored, start) for stored in events]


def line_of(stored: StoredEvent, start: datetime) -> str:
    """The line of one event of a call that began at `start`.

    Events that the switch reports may carry a moment shortly before an earlier line's.
    """
    seconds = (stored.event.at - start).total_seconds()
    return f"{seconds:9.3f} s  {sentence(stored.event)}"


def sentence(event: Event) -> str:
    """What happened, as one English sentence without the time."""
    return _SENTENCES[event.kind](event.data)


_Data = Mapping[str, Scalar]


def _text(data: _Data, name: str, missing: str = "not told") -> str:
    """A value as harmless text: printable, short, one line."""
    value = data.get(name)
    if value is None or value == "":
        return missing
    shown = "".join(c if c.isprintable() else "·" for c in str(value)[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _words(data: _Data, name: str, missing: str = "not told") -> str:
    return _text(data, name, missing).replace("_", " ")


def _who(data: _Data) -> str:
    who = data.get("interpreter")
    return "an interpreter" if who is None else f"interpreter {_text(data, 'interpreter')}"


def _role(data: _Data) -> str:
    return f"the {_words(data, 'role', 'unknown leg')}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(data: _Data) -> str:
    where = data.get("migrant")
    if where == "beside":
        return "; the migrant is beside the technician"
    if where in {"ring", "rung"}:
        return "; the migrant is to be rung"
    return "" if where is None else f"; the migrant: {_words(data, 'migrant')}"


def changes_in_words(data: _Data) -> str:
    """What was changed of a booking, from the data of `booking_changed`."""
    voicemail = data.get("voicemail_allowed")
    told = (
        f"the migrant: {_words(data, 'migrant')}" if "migrant" in data else "",
        "" if voicemail is None else f"a message {'may' if voicemail else 'must not'} be left",
        f"with {_words(data, 'fields')}" if "fields" in data else "",
        f"without {_words(data, 'without')}" if "without" in data else "",
    )
    return "; ".join(filter(None, told)) or "not told"


def _tries(data: _Data) -> str:
    tries = data.get("tries")
    return "" if tries is None else f" (try {_text(data, 'tries')})"


def _try(data: _Data) -> str:
    attempt = data.get("try")
    return "" if attempt in {None, 1} else f", try {_text(data, 'try')}"


_ALONE: Mapping[object, str] = {
    "booked": " {who} comes first: the call was booked with them.",
    "same_again": " {who} comes first: the technician was just cut off from them.",
}


def _candidates(data: _Data) -> str:
    found, skipped = data.get("candidates"), data.get("skipped")
    able = "1 interpreter" if found == 1 else f"{_text(data, 'candidates', 'No')} interpreters"
    passed = _text(data, "skipped", "0") if skipped else "none"
    alone = _ALONE.get(data.get("reason"), "")
    return f"{able} may be rung, {passed} passed over.{alone.format(who=_upper(_who(data)))}"


def _plain(text: str) -> Callable[[_Data], str]:
    return lambda _data: text


def _of_interpreter(text: str) -> Callable[[_Data], str]:
    return lambda data: _upper(text.format(who=_who(data)))


def _with_reason(text: str) -> Callable[[_Data], str]:
    return lambda data: _upper(text.format(who=_who(data), reason=_words(data, "reason")))


_SENTENCES: Mapping[EventKind, Callable[[_Data], str]] = {
    EventKind.CALL_ANSWERED: lambda data: f"The call was answered on line {_text(data, 'line')}.",
    EventKind.IDENTIFIED: lambda data: (
        f"Technician {_text(data, 'technician')} of agency {_text(data, 'agency')} was recognised."
    ),
    EventKind.IDENTIFICATION_FAILED: lambda data: f"Agency code and PIN did not fit{_tries(data)}.",
    EventKind.REQUESTED: lambda data: (
        f"An interpreter of “{_text(data, 'language')}” was asked for{_place(data)}."
    ),
    EventKind.RANKED: _candidates,
    EventKind.RESERVED: _of_interpreter("{who} is promised to this call."),
    EventKind.RESERVATION_REFUSED: _of_interpreter("{who} was promised to another call first."),
    EventKind.OFFERED: _of_interpreter("{who} is being rung."),
    EventKind.OFFER_RINGING: _plain("The interpreter's telephone rings."),
    EventKind.OFFER_ANSWERED: _plain("The interpreter's telephone was answered."),
    EventKind.OFFER_ACCEPTED: _of_interpreter("{who} accepted."),
    EventKind.OFFER_REFUSED: _of_interpreter("{who} refused."),
    EventKind.OFFER_UNANSWERED: _with_reason("{who} did not take the offer: {reason}."),
    EventKind.OFFER_CANCELLED: _with_reason("{who} is no longer rung: {reason}."),
    EventKind.OFFER_TOO_LATE: _of_interpreter("{who} accepted too late."),
    EventKind.RELEASED: _of_interpreter("{who} is free again."),
    EventKind.RELAY_BEGUN: lambda data: (
        f"Two interpreters are looked for, with “{_text(data, 'pivot')}” between them."
    ),
    EventKind.NOBODY_AVAILABLE: _with_reason("Nobody is available: {reason}."),
    EventKind.STEP_DOWN_AGREED: _plain(
        "The technician agreed to an interpreter below the required level."
    ),
    EventKind.MIGRANT_RANG: lambda data: f"A migrant rang, who speaks “{_text(data, 'language')}”.",
    EventKind.MIGRANT_DIALLED_IN: _plain("The migrant rang the line and keyed the call's code."),
    EventKind.CLOSED_TOLD: lambda data: (
        f"The caller was told that {_text(data, 'place')} is closed."
    ),
    EventKind.NOBODY_ON_DUTY: lambda data: (
        "The caller asked for an operator"
        f"{' out of hours' if data.get('closed') else ''}, and none was on duty."
    ),
    EventKind.OPERATOR_CALL_BACK_PROMISED: _plain(
        "The caller is to be rung when an operator comes on duty."
    ),
    EventKind.OPENING_CALL_BACK_PROMISED: _plain("The caller is to be rung at the next opening."),
    EventKind.CALL_BACK_NOT_NEEDED: lambda data: (
        "The caller is served, and is not rung any more "
        f"{'when an operator comes on duty' if data.get('for_operator') else 'at the opening'}."
    ),
    EventKind.DIRECTED: lambda data: (
        f"The caller was directed to {_text(data, 'service')}, which is "
        f"{'open' if data.get('open') else 'closed'}."
    ),
    EventKind.OPERATOR_WANTED: lambda data: (
        "The migrant is to talk with an operator"
        f"{', with an interpreter' if data.get('interpreter') else ''}."
    ),
    EventKind.MIGRANT_RUNG: _plain("The migrant is being rung."),
    EventKind.MIGRANT_ANSWERED: _plain("The migrant's telephone was answered."),
    EventKind.MIGRANT_CONFIRMED: _plain("The migrant pressed a key."),
    EventKind.VOICEMAIL_LEFT: _plain("A voicemail answered; the message was left."),
    EventKind.MIGRANT_UNREACHED: _with_reason("The migrant was not reached: {reason}."),
    EventKind.ROOM_ENTERED: lambda data: _upper(f"{_role(data)} is in the room."),
    EventKind.ROOM_LEFT: lambda data: _upper(f"{_role(data)} left the room."),
    EventKind.ROOM_COMPLETE: _plain("Everybody is in the room."),
    EventKind.BOOKING_DUE: lambda data: (
        f"The hour of booking {_text(data, 'booking', 'without a number')} has come."
    ),
    EventKind.BOOKING_CHANGED: lambda data: (
        f"The booking had been changed at {_text(data, 'changed_at', 'some time')}: "
        f"{changes_in_words(data)}."
    ),
    EventKind.CALL_BACK_PROMISED: _plain(
        "The technician hangs up, and is rung when an interpreter accepts."
    ),
    EventKind.CALL_BACK_EXPIRED: _plain("Nobody could be found; the promised call-back ends."),
    EventKind.BOOKED: lambda data: (
        f"The call is booked for {_text(data, 'starts_at', 'a later time')}"
        f" (booking {_text(data, 'booking', 'without a number')})."
    ),
    EventKind.REDIALLED: lambda data: _upper(
        f"{_role(data)} is being rung ({_words(data, 'why')}){_try(data)}."
    ),
    EventKind.REJOINED: lambda data: _upper(f"{_role(data)} was reached and enters the room."),
    EventKind.NOT_REJOINED: lambda data: _upper(
        f"{_role(data)} was not reached: {_words(data, 'reason')}."
    ),
    EventKind.SWAP_ASKED: _with_reason("Another interpreter was asked for: {reason}."),
    EventKind.PRIVATE_WORD: lambda data: _upper(
        f"{_role(data)} asked for a word that the migrant does not hear."
    ),
    EventKind.PRIVATE_WORD_OVER: _with_reason("The private word is over: {reason}."),
    EventKind.RATED: lambda data: _upper(f"{_role(data)} rated it {_text(data, 'rating')} of 5."),
    EventKind.FLAGGED: lambda data: _upper(f"{_role(data)} reported: {_words(data, 'flag')}."),
    EventKind.PUT_THROUGH: _with_reason("The caller is put through to a person: {reason}."),
    EventKind.LEG_ENDED: lambda data: _upper(
        f"{_role(data)}'s connection ended: {_words(data, 'ending')}."
    ),
    EventKind.CALL_ENDED: lambda data: f"The call ended: {_words(data, 'outcome')}.",
    EventKind.LATE: lambda data: f"Too late to matter: {_words(data, 'what')}.",
    EventKind.RECONCILED: lambda data: (
        f"Compared with the switch after a loss: {_text(data, 'gone', 'unknown')} gone unseen, "
        f"{_text(data, 'in_room', 'unknown')} in the room."
    ),
}
