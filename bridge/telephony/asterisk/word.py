# SPDX-License-Identifier: EUPL-1.2
"""The word that is left for the dialplan when a conversation is over: where the leg goes. Pure."""

from __future__ import annotations

from bridge.telephony.switch import (
    EnterRoom,
    HangUp,
    Hold,
    Next,
    Stay,
    ToLine,
    ToPerson,
    Transfer,
)


def word_for_dialplan(then: Next) -> tuple[tuple[str, str], ...]:
    """The channel variables that say it, each with its value."""
    match then:
        case HangUp():
            return (("BRIDGE_NEXT", "hangup"),)
        case EnterRoom(room):
            return (("BRIDGE_ROOM", room), ("BRIDGE_NEXT", "room"))
        case Stay():
            return (("BRIDGE_NEXT", "stay"),)
        case ToPerson(to):
            return (("BRIDGE_NEXT", "person"),) if to is None else word_for_dialplan(Transfer(to))
        case Transfer(to):
            return (("BRIDGE_NUMBER", to.number.e164), ("BRIDGE_NEXT", "transfer"))
        case Hold():
            return (("BRIDGE_NEXT", "hold"),)
        case ToLine():
            return (("BACK", "/rung"), ("BRIDGE_NEXT", "line"))
