# SPDX-License-Identifier: EUPL-1.2
"""Who hears whom, measured on tones made here."""

from __future__ import annotations

import array
import random
import struct
from pathlib import Path

import pytest

from bridge.vocabulary import Role
from lab.audio import (
    RATE,
    ROLE_TONES,
    BadWav,
    Recording,
    Sound,
    hears,
    is_finished,
    join,
    level,
    median_level,
    read_wav,
    tone,
    write_wav,
)

TECHNICIAN, INTERPRETER, MIGRANT = (
    ROLE_TONES[role] for role in (Role.TECHNICIAN, Role.INTERPRETER, Role.MIGRANT)
)


def mix(*sounds: Sound) -> Sound:
    return Sound(array.array("h", (sum(at) for at in zip(*(one.samples for one in sounds)))))  # noqa: B905


def after(*sounds: Sound) -> Sound:
    joined = array.array("h")
    for one in sounds:
        joined.extend(one.samples)
    return Sound(joined)


def silence(seconds: float) -> Sound:
    return tone(0, seconds)


def noise(seconds: float, peak: int) -> Sound:
    chance = random.Random(1)
    return Sound(
        array.array("h", (chance.randint(-peak, peak) for _ in range(round(seconds * RATE))))
    )


@pytest.mark.parametrize("hertz", [TECHNICIAN, INTERPRETER, MIGRANT])
@pytest.mark.parametrize("dbfs", [0.0, -13.0, -40.0])
def test_the_level_of_a_tone_is_its_own(hertz: int, dbfs: float) -> None:
    assert median_level(tone(hertz, 1.0, dbfs), hertz) == pytest.approx(dbfs, abs=0.1)


def test_other_tones_do_not_leak_into_a_bin() -> None:
    both = mix(tone(TECHNICIAN, 1.0), tone(MIGRANT, 1.0))
    assert median_level(both, TECHNICIAN) == pytest.approx(-13, abs=0.1)
    assert median_level(both, INTERPRETER) < -70


def test_each_role_is_told_from_the_others_in_noise() -> None:
    room = mix(tone(TECHNICIAN, 1.0), tone(MIGRANT, 1.0), noise(1.0, 300))
    assert hears(room, TECHNICIAN)
    assert not hears(room, INTERPRETER)
    assert hears(room, MIGRANT)


def test_loud_noise_and_silence_are_nobody() -> None:
    for sound in (noise(1.0, 20_000), silence(1.0)):
        for hertz in ROLE_TONES.values():
            assert not hears(sound, hertz)


def test_a_window_sees_only_its_own_time() -> None:
    sound = after(silence(1.0), tone(INTERPRETER, 1.0), silence(1.0))
    assert not hears(sound, INTERPRETER, 0.0, 1.0)
    assert hears(sound, INTERPRETER, 1.0, 2.0)
    assert not hears(sound, INTERPRETER, 2.0, 3.0)
    # Half of a window's blocks is enough, less is not.
    assert hears(sound, INTERPRETER, 0.5, 1.5)
    assert not hears(sound, INTERPRETER, 0.4, 1.3)


def test_a_window_beyond_the_recording_is_no_answer() -> None:
    with pytest.raises(BadWav, match="does not cover"):
        hears(tone(INTERPRETER, 1.0), INTERPRETER, 2.0, 3.0)
    with pytest.raises(BadWav, match="does not cover"):
        median_level(Sound(array.array("h")), INTERPRETER)
    assert level(tone(INTERPRETER, 1.0), INTERPRETER, 5.0) == []


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = tone(TECHNICIAN, 0.5)
    write_wav(path, sound)
    assert read_wav(path) == sound
    assert is_finished(path)
    assert read_wav(path).seconds == 0.5


def test_a_file_that_is_still_being_written_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = tone(TECHNICIAN, 0.5)
    write_wav(path, sound)
    raw = bytearray(path.read_bytes())
    for lengths in ((0, 0), (0xFFFFFFFF, 0xFFFFFFFF)):
        raw[4:8] = struct.pack("<I", lengths[0])
        raw[40:44] = struct.pack("<I", lengths[1])
        path.write_bytes(bytes(raw) + b"\x01")
        assert read_wav(path) == sound
        assert not is_finished(path)
    assert not is_finished(tmp_path / "missing.wav")


def test_a_recording_of_nothing_is_finished_and_joins_as_silence(tmp_path: Path) -> None:
    empty, later = tmp_path / "empty.wav", tmp_path / "later.wav"
    write_wav(empty, Sound(array.array("h")))
    write_wav(later, tone(MIGRANT, 0.5))
    assert is_finished(empty)
    joined = join([Recording(empty, 10.0), Recording(later, 11.0)], tmp_path / "joined.wav")
    assert read_wav(joined.path) == after(silence(1.0), tone(MIGRANT, 0.5))


def test_chunks_that_mean_nothing_here_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, tone(TECHNICIAN, 0.1))
    raw = path.read_bytes()
    path.write_bytes(raw[:36] + b"LIST\x03\x00\x00\x00abc\x00" + raw[36:])
    assert read_wav(path) == tone(TECHNICIAN, 0.1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda raw: b"", "not a WAV"),
        (lambda raw: raw[:20], "cut short"),
        (lambda raw: raw[:36], "holds no sound"),
        (lambda raw: b"RIFX" + raw[4:], "not a WAV"),
        (lambda raw: raw[:24] + struct.pack("<I", 22050) + raw[28:], "22050 Hz"),
        (lambda raw: raw[:22] + b"\x02\x00" + raw[24:], "2 channels"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, change: object, why: str) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, tone(TECHNICIAN, 0.1))
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BadWav, match=why):
        read_wav(path)


def test_moments_are_found_in_a_recording_of_several_tapes(tmp_path: Path) -> None:
    tapes = []
    for index, (hertz, began) in enumerate(((TECHNICIAN, 1000.0), (INTERPRETER, 1003.0))):
        path = tmp_path / f"{index}.wav"
        write_wav(path, tone(hertz, 2.0))
        tapes.append(Recording(path, began))
    joined = join(tapes, tmp_path / "joined.wav")
    assert joined.began == 1000.0
    assert read_wav(joined.path).seconds == 5.0
    assert joined.hears(TECHNICIAN, 1000.5, 1001.5)
    assert not joined.hears(TECHNICIAN, 1003.5, 1004.5)
    assert joined.hears(INTERPRETER, 1003.5, 1004.5)
    assert joined.median_level(MIGRANT, 1002.2, 1002.8) == -120.0


def test_tapes_that_overlap_keep_the_later_one(tmp_path: Path) -> None:
    tapes = []
    for index, (hertz, began) in enumerate(((TECHNICIAN, 0.0), (INTERPRETER, 1.0))):
        path = tmp_path / f"{index}.wav"
        write_wav(path, tone(hertz, 2.0))
        tapes.append(Recording(path, began))
    joined = join(tapes, tmp_path / "joined.wav")
    assert read_wav(joined.path) == after(tone(TECHNICIAN, 1.0), tone(INTERPRETER, 2.0))
    with pytest.raises(ValueError, match="nothing to join"):
        join([], tmp_path / "none.wav")
