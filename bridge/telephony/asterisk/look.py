# SPDX-License-Identifier: EUPL-1.2
"""Asking Asterisk what is true now: which channels there are, and who is in which room."""

from __future__ import annotations

from bridge.telephony.asterisk.ami import AmiLink, AmiRefused, AmiUnavailable, Headers
from bridge.telephony.asterisk.events import person_at
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.switch import Snapshot, SwitchUnavailable
from bridge.vocabulary import LegId, RoomId

_EMPTY_ROOM = ("no active conferences", "no conference by that name found")
"""How Asterisk's answers begin, in small letters, when nobody is in a room."""


async def look(reader: AmiLink) -> Snapshot:
    """What Asterisk says over the link that sees. Raises `SwitchUnavailable`."""
    try:
        channels = await reader.list("CoreShowChannels", complete="CoreShowChannelsComplete")
        rooms: dict[RoomId, frozenset[LegId]] = {}
        for listed in await _list_or_empty(reader, "ConfbridgeListRooms"):
            room = listed.get("Conference")
            people = await _list_or_empty(reader, "ConfbridgeList", ("Conference", room))
            rooms[RoomId(room)] = _legs(people)
    except AmiUnavailable as error:
        raise SwitchUnavailable(str(error)) from None
    except AmiRefused as error:
        raise SwitchUnavailable(
            f"Asterisk refused a list ({error}); "
            "the reading AMI user needs write = reporting in manager.conf"
        ) from None
    return Snapshot(_legs(channels), rooms)


def _legs(listed: list[Frame]) -> frozenset[LegId]:
    return frozenset(leg for each in listed if (leg := person_at(each)))


async def _list_or_empty(reader: AmiLink, name: str, *headers: tuple[str, str]) -> list[Frame]:
    asked: Headers = headers
    try:
        return await reader.list(name, asked, complete=f"{name}Complete")
    except AmiRefused as error:
        if str(error).lower().startswith(_EMPTY_ROOM):
            return []
        raise
