# SPDX-License-Identifier: EUPL-1.2
"""Announcements to one room are heard one after the other; rooms do not wait for each other."""

from __future__ import annotations

from bridge.telephony.asterisk.announcer import MOST_WAITING, Announcer
from bridge.vocabulary import LegId, RoomId

ONE, OTHER = RoomId("room-1"), RoomId("room-2")


def test_one_after_the_other_in_each_room() -> None:
    announcer = Announcer()
    first = announcer.announce(ONE, "a")
    assert first is not None
    assert announcer.announce(ONE, "b") is None
    assert announcer.announce(ONE, "c") is None
    elsewhere = announcer.announce(OTHER, "d")
    assert elsewhere is not None
    assert announcer.is_ours(first.channel)
    second = announcer.ended(first.channel)
    assert second is not None
    assert (second.room, second.files) == (ONE, "b")
    assert not announcer.is_ours(first.channel)
    third = announcer.ended(second.channel)
    assert third is not None
    assert third.files == "c"
    assert announcer.ended(third.channel) is None
    assert announcer.ended(third.channel) is None
    assert announcer.announce(ONE, "e") is not None


def test_an_end_of_somebody_else_changes_nothing() -> None:
    announcer = Announcer()
    assert announcer.announce(ONE, "a") is not None
    assert announcer.announce(ONE, "b") is None
    assert announcer.ended(LegId("a person's")) is None
    assert announcer.announce(ONE, "c") is None


def test_what_waits_is_bounded_and_may_be_forgotten() -> None:
    announcer = Announcer()
    now = announcer.announce(ONE, "first")
    for number in range(3 * MOST_WAITING):
        assert announcer.announce(ONE, str(number)) is None
    said = 0
    while now is not None:
        now = announcer.ended(now.channel)
        said += 1
    assert said == 1 + MOST_WAITING
    left = announcer.announce(ONE, "a")
    assert left is not None
    announcer.forget()
    assert not announcer.is_ours(left.channel)
    assert announcer.announce(ONE, "b") is not None


def test_a_hushed_room_hears_nothing_of_what_waited_and_then_speaks_again() -> None:
    announcer = Announcer()
    speaking = announcer.announce(ONE, "one")
    assert speaking is not None
    assert announcer.announce(ONE, "two") is None
    assert announcer.hush(ONE) == speaking.channel
    assert announcer.ended(speaking.channel) is None
    following = announcer.announce(ONE, "three")
    assert following is not None
    assert following.files == "three"


def test_a_silent_room_has_nothing_to_be_hushed() -> None:
    announcer = Announcer()
    other = announcer.announce(OTHER, "one")
    assert announcer.hush(ONE) is None
    assert other is not None
    assert announcer.is_ours(other.channel)
