# SPDX-License-Identifier: EUPL-1.2
"""Calls at a crossing of ways, and what was said to whom in them."""

from __future__ import annotations

from bridge.calllog.model import EventKind
from bridge.conference.call import Call
from bridge.hours.directory import load_directory
from bridge.roster.model import Presence
from bridge.vocabulary import LegId, Role
from tests.unit.conference.migrants import UKRAINIAN, key_in_room, three_in_a_room
from tests.unit.conference.world import World

UKRAINIAN_KEY = str(load_directory().lines[0].languages.index(UKRAINIAN) + 1)
GUEST = "+351912000077"


def said(w: World, leg: LegId) -> list[str]:
    """What was said to a leg."""
    return w.switch.spoken.get(leg, [])


def migrant_of(call: Call) -> LegId:
    """The migrant's leg."""
    return call.record.legs.of(Role.MIGRANT)[0].id


async def hunts_again(w: World) -> Call:
    """A room in which the interpreter is to be replaced, and nobody else is free."""
    call = await three_in_a_room(w)
    for who in w.interpreter_ids():
        w.set_presence(who, Presence.OFF)
    await key_in_room(w, call, "*4", "4")
    await w.event(EventKind.SWAP_ASKED)
    await w.event(EventKind.NOBODY_AVAILABLE)
    return call
