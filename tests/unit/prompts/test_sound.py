# SPDX-License-Identifier: EUPL-1.2
"""Samples: measured, trimmed and made equally loud."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

import pytest

from bridge.prompts.sound import (
    ACTIVE_LEVEL_DB,
    PEAK_DB,
    RATE_HZ,
    Measured,
    NotATelephoneSound,
    from_raw,
    level,
    measure,
    read_wav,
    trim,
    write_wav,
)

SILENCE = array("h", [0] * RATE_HZ)


def tone(amplitude: int, seconds: float, hz: float = 400.0) -> array[int]:
    count = int(seconds * RATE_HZ)
    return array(
        "h", (round(amplitude * math.sin(2 * math.pi * hz * n / RATE_HZ)) for n in range(count))
    )


def peak_db(samples: array[int]) -> float:
    return 20 * math.log10(max(abs(sample) for sample in samples) / 32768)


def test_a_sound_is_measured_by_its_spoken_parts() -> None:
    sound = tone(3277, 1.0) + SILENCE
    assert measure(sound).seconds == 2.0
    # A tenth of full scale, and a sine's mean power is half its peak's: -20 dB and -3 dB.
    assert measure(sound).level_db == pytest.approx(-23.0, abs=0.05)
    assert measure(SILENCE) == Measured(1.0, -math.inf)
    assert measure(array("h")) == Measured(0.0, -math.inf)


@pytest.mark.parametrize("amplitude", [40, 1000, 20000])
@pytest.mark.parametrize("wanted", [ACTIVE_LEVEL_DB, -26.0])
def test_quiet_and_loud_voices_come_out_equally_loud(amplitude: int, wanted: float) -> None:
    levelled = level(tone(amplitude, 1.0) + SILENCE, wanted)
    assert len(levelled) == 2 * RATE_HZ
    assert measure(levelled).level_db == pytest.approx(wanted, abs=0.2)


def test_a_sharp_voice_is_as_loud_as_a_round_one_and_its_peaks_are_held_down() -> None:
    """Each half second begins with a peak 30 dB above the rest of it."""
    sharp = array("h")
    for _ in range(4):
        sharp += tone(20000, 0.0025) + tone(600, 0.4975)
    assert peak_db(sharp) - measure(sharp).level_db > 20
    levelled = level(sharp)
    assert len(levelled) == len(sharp)
    assert measure(levelled).level_db == pytest.approx(ACTIVE_LEVEL_DB, abs=0.2)
    assert peak_db(levelled) <= PEAK_DB + 0.01


def test_a_peak_is_never_cut_off() -> None:
    """The click keeps its shape: what is beside it is turned down with it."""
    click = array("h", [30000, 15000]) + tone(300, 1.0)
    levelled = level(click)
    assert peak_db(levelled) <= PEAK_DB + 0.01
    assert levelled[0] / levelled[1] == pytest.approx(2.0, rel=0.05)


def test_silence_around_a_sound_is_trimmed_and_silence_alone_is_nothing() -> None:
    trimmed = trim(SILENCE + tone(9000, 0.5) + SILENCE)
    assert len(trimmed) / RATE_HZ == pytest.approx(0.04 + 0.5 + 0.16, abs=0.021)
    assert trim(SILENCE) == level(SILENCE) == array("h")
    assert trim(array("h")) == array("h")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    sound = tone(1000, 0.1)
    write_wav(tmp_path / "tone.wav", sound)
    assert read_wav(tmp_path / "tone.wav") == sound


def test_half_a_sample_is_left_out() -> None:
    assert from_raw(bytes([1, 0, 255, 255, 7])) == array("h", [1, -1])


@pytest.mark.parametrize("shape", [(2, 2, RATE_HZ), (1, 1, RATE_HZ), (1, 2, 44100)])
def test_what_is_no_telephone_sound_is_refused(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    channels, width, rate = shape
    with wave.open(str(tmp_path / "other.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(400))
    with pytest.raises(NotATelephoneSound):
        read_wav(tmp_path / "other.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all"])
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "no.wav").write_bytes(content)
    with pytest.raises(NotATelephoneSound):
        read_wav(tmp_path / "no.wav")


def test_an_empty_sound_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", array("h"))
    with pytest.raises(NotATelephoneSound):
        read_wav(tmp_path / "empty.wav")
