# SPDX-License-Identifier: EUPL-1.2
"""From AMI events to the switch's words, on recorded bytes and in every order."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telephony.asterisk.events import EventTranslator, moment_of
from bridge.telephony.asterisk.frames import Frame, FrameReader
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

FIXTURES = Path(__file__).parent.parent / "fixtures" / "ami"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEG = LegId("interpreter-1")


def event(name: str, **headers: object) -> Frame:
    named = {key.replace("_", "-"): str(value) for key, value in headers.items()}
    return Frame((("Event", name), ("Channel", "PJSIP/carrier-1"), *named.items()))


def about(name: str, **headers: object) -> Frame:
    return event(name, Uniqueid=LEG, **headers)


BORN = about("Newchannel", ChannelState=0)
RINGS = about("Newstate", ChannelState=5)
UP = about("Newstate", ChannelState=6)


def told(frames: list[Frame], translator: EventTranslator | None = None) -> list[LegEvent]:
    translator = translator or EventTranslator()
    return [event for frame in frames if (event := translator.translate(frame, NOW))]


def recorded(name: str) -> list[Frame]:
    return FrameReader().feed((FIXTURES / f"{name}.txt").read_bytes())


def ours(*legs: str) -> EventTranslator:
    translator = EventTranslator()
    for leg in legs:
        translator.originating(LegId(leg))
    return translator


def test_a_recorded_leg_is_answered_and_nothing_else() -> None:
    frames = recorded("originate")
    leg = frames[0].get("Uniqueid")
    events = told(frames, ours(leg))
    assert [type(each) for each in events] == [LegAnswered]
    assert events[0].leg == leg


def test_a_recorded_room_is_entered_and_left_while_another_leg_is_given_up() -> None:
    frames = recorded("room")
    translator = EventTranslator()
    for frame in frames:
        if frame.event == "Newchannel" and frame.get("Uniqueid").startswith("interpreter-"):
            translator.originating(LegId(frame.get("Uniqueid")))
    events = told(frames, translator)
    assert [type(each) for each in events] == [
        RoomEntered,
        LegRinging,
        LegEnded,
        RoomLeft,
        LegEnded,
    ]
    entered, rings, gave_up, left, ended = events
    assert isinstance(entered, RoomEntered)
    assert isinstance(left, RoomLeft)
    assert (entered.room, left.room) == ("room-1", "room-1")
    assert entered.leg == left.leg == ended.leg
    assert rings.leg == gave_up.leg != ended.leg
    assert entered.at < left.at <= ended.at


def test_recorded_endings_are_told_once_each_with_their_best_reason() -> None:
    frames = recorded("endings")
    legs = dict.fromkeys(
        frame.get("Uniqueid") for frame in frames if frame.event == "OriginateResponse"
    )
    events = [each for each in told(frames, ours(*legs)) if isinstance(each, LegEnded)]
    assert [each.leg for each in events] == list(legs)
    assert [each.ending for each in events] == [
        Ending.BUSY,
        Ending.UNREACHABLE,
        Ending.FAILED,
        Ending.NO_ANSWER,
        Ending.HUNG_UP,
    ]


@pytest.mark.parametrize(
    ("cause", "reason", "ending"),
    [
        (17, 5, Ending.BUSY),
        (0, 5, Ending.BUSY),
        (19, 3, Ending.NO_ANSWER),
        (0, 3, Ending.NO_ANSWER),
        (16, 3, Ending.NO_ANSWER),
        (21, 8, Ending.REJECTED),
        (21, 0, Ending.REJECTED),
        (1, 0, Ending.UNREACHABLE),
        (20, 8, Ending.UNREACHABLE),
        (34, 8, Ending.UNREACHABLE),
        (0, 8, Ending.UNREACHABLE),
        (0, 0, Ending.FAILED),
        (0, 1, Ending.NO_ANSWER),
        (99, 5, Ending.FAILED),
    ],
)
def test_hangup_and_originate_response_give_one_end_in_either_order(
    cause: int, reason: int, ending: Ending
) -> None:
    hangup = about("Hangup", ChannelState=0, Cause=cause)
    response = about("OriginateResponse", Response="Failure", Reason=reason)
    for order in permutations([hangup, response]):
        events = told([BORN, *order, *order], ours(LEG))
        assert [each.ending for each in events if isinstance(each, LegEnded)] == [ending], order
        assert len(events) == 1


def test_unknown_causes_and_reasons_are_loud(capsys: pytest.CaptureFixture[str]) -> None:
    told([BORN, about("Hangup", ChannelState=0, Cause=99)], ours(LEG))
    assert "unknown hang-up cause" in capsys.readouterr().out
    told([about("OriginateResponse", Response="Failure", Reason=77)], ours(LEG))
    assert "unknown reason" in capsys.readouterr().out


def test_a_leg_that_never_had_a_channel_ends_by_its_response() -> None:
    events = told([about("OriginateResponse", Response="Failure", Reason=0)], ours(LEG))
    assert events == [LegEnded(LEG, NOW, Ending.FAILED)]


@pytest.mark.parametrize("cause", [0, 16, 17, 19, 21, 99])
def test_an_answered_leg_was_hung_up_whatever_the_cause(cause: int) -> None:
    for frames in (
        [BORN, UP, about("Hangup", ChannelState=6, Cause=cause)],
        [BORN, UP, about("Hangup", ChannelState=0, Cause=cause)],
        [about("Hangup", ChannelState=6, Cause=cause)],
    ):
        assert told(frames, ours(LEG))[-1] == LegEnded(LEG, NOW, Ending.HUNG_UP)


@pytest.mark.parametrize("cause", [0, 16, 17, 19, 99])
def test_what_we_gave_up_was_cancelled_unless_it_was_answered(cause: int) -> None:
    for before, ending in (
        ([BORN, RINGS], Ending.CANCELLED),
        ([BORN, UP], Ending.HUNG_UP),
    ):
        translator = ours(LEG)
        told(before, translator)
        translator.cancelling(LEG)
        assert translator.is_cancelled(LEG)
        events = told([about("Hangup", ChannelState=5, Cause=cause)], translator)
        assert events == [LegEnded(LEG, NOW, ending)]
        translator.cancelling(LEG)
        assert not translator.is_cancelled(LEG)


def test_ringing_is_told_once_and_never_after_the_answer() -> None:
    dialling = event("DialState", DestUniqueid=LEG, DialStatus="RINGING")
    assert told([BORN, dialling, RINGS, RINGS, dialling]) == [LegRinging(LEG, NOW)]
    assert told([BORN, UP, RINGS, UP, dialling]) == [LegAnswered(LEG, NOW)]
    assert told([about("DialState", DialStatus="RINGING")]) == []


@pytest.mark.parametrize(
    ("channel", "leg"),
    [("CBAnn/room-1-0000;1", "1.5"), ("Local/x@y-01;2", "interpreter-1;2"), ("PJSIP/x", "")],
)
def test_channels_without_a_person_are_nobody(channel: str, leg: str) -> None:
    for name in ("Newchannel", "Newstate", "Hangup", "ConfbridgeJoin", "ConfbridgeLeave"):
        frame = Frame(
            (
                ("Event", name),
                ("Channel", channel),
                ("Uniqueid", leg),
                ("ChannelState", "6"),
                ("Conference", "room-1"),
                ("Cause", "16"),
            )
        )
        assert told([frame]) == []


def test_times_are_asterisks_own_to_the_microsecond() -> None:
    at = moment_of(about("Hangup", Timestamp="1795191426.931330"), NOW)
    assert at == datetime(2026, 11, 20, 16, 17, 6, 931330, UTC)
    for nonsense in ("", "x", "1795191426", "1795191426.9", "-1.000000", "9" * 30 + ".000000"):
        assert moment_of(about("Hangup", Timestamp=nonsense), NOW) == NOW


names = st.sampled_from(
    ["Newchannel", "Newstate", "DialState", "OriginateResponse", "Hangup", "ConfbridgeJoin", "X"]
)
values = st.sampled_from(["", "0", "5", "6", "16", "17", "Failure", "RINGING", "x" * 50, "\u2028"])
keys = st.sampled_from(
    [
        "Uniqueid",
        "DestUniqueid",
        "Channel",
        "ChannelState",
        "Cause",
        "Reason",
        "Response",
        "DialStatus",
        "Timestamp",
    ]
)


@given(
    st.lists(
        st.builds(
            lambda name, headers: Frame((("Event", name), *headers)),
            names,
            st.lists(st.tuples(keys, values), max_size=8),
        ),
        max_size=30,
    )
)
def test_no_frame_raises_and_no_leg_ends_twice(frames: list[Frame]) -> None:
    ended = [each.leg for each in told(frames) if isinstance(each, LegEnded)]
    assert len(ended) == len(set(ended))


@given(
    st.lists(
        st.sampled_from(
            [
                BORN,
                RINGS,
                UP,
                about("OriginateResponse", Response="Failure", Reason=3),
                about("Hangup", ChannelState=5, Cause=0),
                about("Hangup", ChannelState=5, Cause=17),
            ]
        ),
        max_size=12,
    )
)
def test_in_any_order_nothing_but_rooms_follows_the_end(frames: list[Frame]) -> None:
    events = told(frames, ours(LEG))
    kinds = [type(each) for each in events]
    assert LegEnded not in kinds[:-1]
    assert len(kinds) == len(set(kinds))


def test_memory_is_bounded() -> None:
    translator = EventTranslator(most_remembered=10)
    for number in range(100):
        leg = LegId(f"leg-{number}")
        translator.cancelling(leg)
        translator.translate(event("Newchannel", Uniqueid=f"other-{number}"), NOW)
        translator.translate(event("Hangup", Uniqueid=f"gone-{number}", Cause=16), NOW)
    assert len(translator._living) <= 10
    assert len(translator._ended) <= 10


def test_a_room_is_entered_and_left() -> None:
    frames = [about(name, Conference="room-9") for name in ("ConfbridgeJoin", "ConfbridgeLeave")]
    assert told(frames) == [
        RoomEntered(LEG, RoomId("room-9"), NOW),
        RoomLeft(LEG, RoomId("room-9"), NOW),
    ]
