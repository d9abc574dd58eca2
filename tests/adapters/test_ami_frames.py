# SPDX-License-Identifier: EUPL-1.2
"""AMI's wire format, against arbitrary bytes and against what a real Asterisk 22 sent."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telephony.asterisk.frames import (
    MOST_HEADERS,
    Frame,
    FrameReader,
    encode_action,
    parse_frame,
)

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures" / "ami").glob("*.txt"))
HOSTILE = [
    'quote " quote',
    "a&b",
    "a,b",
    "${EVAL(1)}",
    "back\\slash",
    "Ana\u2028Conference: 99",
    "semi;colon | pipe",
    "João Ñandú 你好",
    "x" * 900,
]


def split_at(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def read_all(pieces: list[bytes], **options: int) -> list[Frame]:
    reader = FrameReader(**options)
    return [frame for piece in pieces for frame in reader.feed(piece)]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=12))
def test_any_bytes_in_any_pieces_give_the_same_frames(data: bytes, cuts: list[int]) -> None:
    whole = read_all([data, b"\r\n\r\n"])
    assert read_all([*split_at(data, cuts), b"\r\n\r\n"]) == whole


@given(
    st.lists(st.sampled_from([b"A: 1", b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"x" * 30, b"B:\xff"])),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_frames_longer_than_the_bound_are_dropped_alike_in_any_pieces(
    parts: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(parts)
    assert read_all(split_at(data, cuts), most_frame_bytes=40) == read_all(
        [data], most_frame_bytes=40
    )


def test_memory_is_bounded_and_reading_goes_on_after_an_endless_frame() -> None:
    reader = FrameReader(most_frame_bytes=1000)
    for _ in range(1000):
        assert reader.feed(b"x" * 999) == []
    assert len(reader._buffer) <= 2000
    (frame,) = reader.feed(b"\r\n\r\nEvent: After\r\n\r\n")
    assert frame.event == "After"
    assert reader.dropped == 1


header_names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
header_values = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)


@given(st.lists(st.tuples(header_names, header_values), min_size=1, max_size=20))
def test_whatever_may_be_sent_is_read_back_unchanged(headers: list[tuple[str, str]]) -> None:
    (frame,) = FrameReader().feed(encode_action(headers))
    assert frame.headers == tuple(headers)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_stay_values(value: str) -> None:
    headers = [("Action", "Originate"), ("CallerID", value), ("Exten", "line")]
    (frame,) = FrameReader().feed(encode_action(headers))
    assert frame.headers == tuple(headers)


@pytest.mark.parametrize("control", ["\r\n", "\r", "\n", "\x00", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("place", ["{}Action: Command", "a{}b", "a{}"])
def test_control_characters_are_refused_without_repeating_the_value(
    control: str, place: str
) -> None:
    with pytest.raises(ValueError, match="control characters") as refused:
        encode_action([("Action", "Originate"), ("CallerID", place.format(control))])
    assert "Command" not in str(refused.value)
    with pytest.raises(ValueError, match="name"):
        encode_action([("Action", "Ping"), (place.format(control), "x")])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Action", "x" * 1000)],
        [("Action", "é" * 500)],
        [("Action", "Ping")] * (MOST_HEADERS + 1),
        [("", "x")],
        [("A B", "x")],
        [("A:", "x")],
        [("Action", "\ud800")],
    ],
)
def test_what_asterisk_would_misread_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_action(headers)


def test_only_crlf_ends_a_line() -> None:
    frame = parse_frame(
        "Event: Newchannel\r\n"
        "CallerIDName: Ana\u2028Uniqueid: forged\x85X: 1\nY: 2\r\n"
        "Uniqueid: real".encode()
    )
    assert [name for name, _ in frame.headers] == ["Event", "CallerIDName", "Uniqueid"]
    assert frame.get("uniqueid") == "real"


def test_a_value_never_shows_in_repr() -> None:
    frame = parse_frame(b"Event: Newchannel\r\nCallerIDNum: +351210000001")
    assert "210000001" not in repr(frame) + str(frame)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_recorded_conversations_read_alike_at_every_split(path: Path) -> None:
    data = path.read_bytes()
    whole = read_all([data])
    assert len(whole) == data.count(b"\r\n\r\n")
    assert all(frame.event or frame.response for frame in whole)
    for size in (1, 2, 3, 7, 64, 1021):
        assert read_all([data[i : i + size] for i in range(0, len(data), size)]) == whole
    # Around every end of a frame: within the CRLFs, and just before and after them.
    end = data.find(b"\r\n\r\n")
    while end >= 0:
        for cut in range(max(0, end - 1), min(len(data), end + 6)):
            assert read_all([data[:cut], data[cut:]]) == whole
        end = data.find(b"\r\n\r\n", end + 4)


def test_there_are_recorded_conversations() -> None:
    assert {path.stem for path in FIXTURES} >= {"login", "originate", "room", "lists", "endings"}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_three_frames_in_one_packet_keep_their_order(path: Path) -> None:
    data = path.read_bytes()
    packs = [pack + b"\r\n\r\n" for pack in data.split(b"\r\n\r\n")[:-1]]
    one_by_one = [frame for pack in packs for frame in read_all([pack])]
    reader = FrameReader()
    batches = [reader.feed(b"".join(packs[i : i + 3])) for i in range(0, len(packs), 3)]
    assert all(len(batch) == 3 for batch in batches[: len(packs) // 3])
    assert [frame for batch in batches for frame in batch] == one_by_one


def test_a_character_split_between_two_reads_survives() -> None:
    data = encode_action([("Event", "Newchannel"), ("CallerIDName", "João")])
    cut = data.index("ã".encode()) + 1
    (frame,) = read_all([data[:cut], data[cut:]])
    assert frame.get("CallerIDName") == "João"
