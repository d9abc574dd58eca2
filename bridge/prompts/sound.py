# SPDX-License-Identifier: EUPL-1.2
"""Sounds of a telephone as samples: measured, trimmed and made equally loud.

Everything is 8 kHz, mono, 16 bit: what telephones carry, and what Asterisk turns into any codec of
theirs by table.
"""

from __future__ import annotations

import math
import sys
import wave
from array import array
from dataclasses import dataclass
from operator import mul
from pathlib import Path

RATE_HZ = 8000
ACTIVE_LEVEL_DB = -20.0
"""Mean level of the spoken parts that `level` gives, in dB relative to full scale."""
PEAK_DB = -1.0
"""No sample is louder after `level`."""

_FULL_SCALE = 32768
_FRAME = RATE_HZ // 50
_ACTIVE = 1 / 1000
"""A stretch within 30 dB of the loudest one counts as spoken."""
_SHORT = RATE_HZ // 200
"""Stretches of 5 ms, by which peaks are held down."""
_ROUNDS = 6
_CLOSE_ENOUGH_DB = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a sound is like."""

    seconds: float
    level_db: float
    """Mean level of the spoken parts, in dB relative to full scale; minus infinity in silence."""


class NotATelephoneSound(Exception):
    """The file is not a WAV of 8 kHz, mono, 16 bit with at least one sample."""


def measure(samples: array[int]) -> Measured:
    """How long and how loud a sound is."""
    return Measured(len(samples) / RATE_HZ, _active_db(samples))


def trim(samples: array[int]) -> array[int]:
    """The same sound with 40 ms of silence before it and 160 ms after it, or less.

    Espeak-ng ends everything with a long pause, which would make a spelt number tedious.
    """
    powers = _powers(samples)
    floor = max(powers, default=0.0) / 10_000
    spoken = [index for index, power in enumerate(powers) if power > floor]
    if not spoken:
        return array("h")
    return samples[max(0, spoken[0] - 2) * _FRAME : (spoken[-1] + 9) * _FRAME]


def level(samples: array[int], wanted_db: float = ACTIVE_LEVEL_DB) -> array[int]:
    """The same sound with its spoken parts at `wanted_db` on average, within `PEAK_DB`.

    A stretch of 20 ms counts as spoken when it is within 30 dB of the loudest one (in the spirit
    of ITU-T P.56's active speech level, simplified). Peaks that would be too loud are held down
    smoothly, some milliseconds ahead, and what that costs is made up for; a sound that is all
    peaks stays below the wanted level. Silence gives an empty sound.
    """
    now = _active_db(samples)
    if now == -math.inf:
        return array("h")
    gain_db = wanted_db - now
    levelled = _amplified(samples, gain_db)
    for _ in range(_ROUNDS):
        short_by = wanted_db - _active_db(levelled)
        if abs(short_by) <= _CLOSE_ENOUGH_DB:
            break
        gain_db += short_by
        levelled = _amplified(samples, gain_db)
    return levelled


def read_wav(path: Path) -> array[int]:
    """The samples of a sound file. Raises `NotATelephoneSound`."""
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            if shape != (RATE_HZ, 1, 2):
                raise NotATelephoneSound
            samples = from_raw(file.readframes(file.getnframes()))
    except (wave.Error, EOFError, OSError):
        raise NotATelephoneSound from None
    if not samples:
        raise NotATelephoneSound
    return samples


def write_wav(path: Path, samples: array[int]) -> None:
    """Write a sound file. Raises `OSError`."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def from_raw(raw: bytes) -> array[int]:
    """The samples of little-endian 16-bit sound; half a sample at the end is left out."""
    samples = array("h")
    samples.frombytes(raw[: len(raw) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _amplified(samples: array[int], gain_db: float) -> array[int]:
    """The samples times a gain, with peaks above `PEAK_DB` held down smoothly."""
    gain = 10 ** (gain_db / 20)
    most = (_FULL_SCALE - 1) * 10 ** (PEAK_DB / 20)
    if gain * max(max(samples), -min(samples)) <= most:
        return array("h", [round(sample * gain) for sample in samples])
    gains = _held_down(samples, gain, most)
    amplified = array("h")
    for index in range(len(gains) - 1):
        start = index * _SHORT
        slope = (gains[index + 1] - gains[index]) / _SHORT
        amplified.extend(
            round(sample * (gains[index] + slope * offset))
            for offset, sample in enumerate(samples[start : start + _SHORT])
        )
    return amplified


def _held_down(samples: array[int], gain: float, most: float) -> list[float]:
    """The gain at each border between short stretches: no peak on either side exceeds `most`."""
    stretches = [samples[start : start + _SHORT] for start in range(0, len(samples), _SHORT)]
    peaks = [max(max(stretch), -min(stretch)) for stretch in stretches]
    allowed = [min(gain, most / peak) if peak else gain for peak in peaks]
    return [min(allowed[max(0, at - 1) : at + 1]) for at in range(len(allowed) + 1)]


def _active_db(samples: array[int]) -> float:
    powers = _powers(samples)
    loudest = max(powers, default=0.0)
    if loudest == 0.0:
        return -math.inf
    active = [power for power in powers if power >= loudest * _ACTIVE]
    return 10 * math.log10(math.fsum(active) / len(active) / _FULL_SCALE**2)


def _powers(samples: array[int]) -> list[float]:
    """The mean square of each stretch of 20 ms."""
    stretches = (samples[start : start + _FRAME] for start in range(0, len(samples), _FRAME))
    return [sum(map(mul, stretch, stretch)) / _FRAME for stretch in stretches]
