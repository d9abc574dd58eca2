# SPDX-License-Identifier: EUPL-1.2
"""Who hears whom, measured: the level of a role's tone in what another phone heard.

Each phone of the lab speaks with a tone of its own, so a look at one frequency tells whether its
owner can be heard. The look is Goertzel's algorithm (G. Goertzel, "An Algorithm for the Evaluation
of Finite Trigonometric Series", The American Mathematical Monthly 65, 1958): one bin of a discrete
Fourier transform, in plain Python.
"""

from __future__ import annotations

import array
import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.vocabulary import Role

RATE = 8000
"""Samples a second; the telephone network's own."""
ROLE_TONES: dict[Role, int] = {
    Role.TECHNICIAN: 440,
    Role.INTERPRETER: 800,
    Role.MIGRANT: 1200,
    Role.OPERATOR: 1750,
    Role.GUEST: 2300,
}
"""The tone of each role, in hertz. All are whole multiples of `_BIN_HZ`, none of one another."""

_BLOCK = 800
"""Samples looked at together: 0.1 s, bins 10 Hz apart, so every role's tone meets a bin exactly."""
_BIN_HZ = RATE // _BLOCK
_FLOOR_DB = -120.0
"""Level given to complete silence, far under anything a telephone can carry."""

HEARD_DBFS = -40.0
"""A tone must be at least so loud to be heard.

The lab's tones are played, and arrive through a room, at -13 dBFS. The bin of a tone that is not
there holds what A-law's rounding of the other two leaves: measured in a room of three, -63 dBFS in
the loudest tenth of a second. The threshold lies about half-way, over 20 dB from both.
"""
STANDS_OUT_DB = 20.0
"""A tone must stand so far above its surroundings, or it may be a sound in somebody's speech."""
_SURROUNDINGS_HZ = (620, 1020, 1540)
"""Frequencies that no role's tone, and no sum or difference of them (multiples of 40), falls on."""
HEARD_SHARE = 0.5
"""A tone is heard in a window when it is there in at least this share of the window's blocks."""


class BadWav(ValueError):
    """The file is not what the lab's phones write; the message says why."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples of one channel, 16 bit, 8000 a second."""

    samples: array.array[int]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE


def read_wav(path: Path) -> Sound:
    """Read an 8 kHz mono 16-bit WAV, finished or still being written.

    A writer that has not yet closed the file leaves lengths of zero or too large in the header;
    then everything up to the end of the file counts. Raises `BadWav` for anything else, and
    `OSError` when the file cannot be read.
    """
    raw = path.read_bytes()
    if len(raw) < 12 or raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise BadWav(f"{path.name} is not a WAV file")
    position, known_format = 12, False
    while position + 8 <= len(raw):
        kind, length = (
            raw[position : position + 4],
            int.from_bytes(raw[position + 4 : position + 8], "little"),
        )
        body = position + 8
        if kind == b"fmt ":
            _check_format(path, raw[body : body + 16])
            known_format = True
        elif kind == b"data":
            if not known_format:
                break
            end = body + length if 0 < length <= len(raw) - body else len(raw)
            return Sound(_samples(raw[body : end - (end - body) % 2]))
        position = body + length + length % 2
    raise BadWav(f"{path.name} holds no sound")


def is_finished(path: Path) -> bool:
    """Whether the writer of a WAV has closed it: the header's length fits the file's.

    Asterisk writes in blocks and corrects the header last, so a file that it still writes is empty
    or longer than its header says. A recording of nothing at all is finished too.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
        size = path.stat().st_size
    except OSError:
        return False
    return len(head) == 8 and size >= 44 and int.from_bytes(head[4:8], "little") + 8 == size


def write_wav(path: Path, sound: Sound) -> None:
    """Write an 8 kHz mono 16-bit WAV."""
    data = array.array("h", sound.samples)
    if sys.byteorder == "big":
        data.byteswap()
    body = data.tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(body),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        RATE,
        2 * RATE,
        2,
        16,
        b"data",
        len(body),
    )
    path.write_bytes(header + body)


def tone(hertz: float, seconds: float, dbfs: float = -13.0) -> Sound:
    """A sine of so many hertz; `dbfs` is its peak relative to the loudest sample there is."""
    peak = 32767 * 10 ** (dbfs / 20)
    step = 2 * math.pi * hertz / RATE
    count = round(seconds * RATE)
    return Sound(array.array("h", (round(peak * math.sin(step * i)) for i in range(count))))


def level(
    sound: Sound, hertz: float, from_s: float = 0.0, to_s: float | None = None
) -> list[float]:
    """The level of one frequency in each tenth of a second of a window.

    In dBFS: 0 is a sine as loud as 16 bits can hold. A window that reaches beyond the sound is
    cut; the list is empty when nothing of it is left.
    """
    samples = sound.samples
    first = max(0, round(from_s * RATE))
    last = len(samples) if to_s is None else min(len(samples), round(to_s * RATE))
    return [_goertzel(samples, start, hertz) for start in range(first, last - _BLOCK + 1, _BLOCK)]


def hears(sound: Sound, hertz: float, from_s: float = 0.0, to_s: float | None = None) -> bool:
    """Whether a tone is heard in a window.

    It is when, in `HEARD_SHARE` of the window's blocks, it reaches `HEARD_DBFS` and stands
    `STANDS_OUT_DB` above its surroundings. Raises `BadWav` when the recording does not reach into
    the window: nothing measured is not the same as nothing heard.
    """
    blocks = _blocks_with(sound, hertz, from_s, to_s)
    if not blocks:
        raise BadWav("the recording does not cover the moment asked for")
    return sum(blocks) >= HEARD_SHARE * len(blocks)


def heard_seconds(sound: Sound, hertz: float) -> float:
    """For how long a tone is heard in all, in whole tenths of a second.

    It does not matter when: where a machine stood still in the middle, the sound did too.
    """
    return sum(_blocks_with(sound, hertz, 0.0, None)) * _BLOCK / RATE


def _blocks_with(sound: Sound, hertz: float, from_s: float, to_s: float | None) -> list[bool]:
    """For each tenth of a second of a window, whether the tone is heard in it."""
    levels = level(sound, hertz, from_s, to_s)
    around = zip(*(level(sound, one, from_s, to_s) for one in _SURROUNDINGS_HZ), strict=True)
    return [
        one >= HEARD_DBFS and one - sorted(noise)[len(noise) // 2] >= STANDS_OUT_DB
        for one, noise in zip(levels, around, strict=True)
    ]


def median_level(
    sound: Sound, hertz: float, from_s: float = 0.0, to_s: float | None = None
) -> float:
    """The median level of a tone in a window, in dBFS; raises `BadWav` as `hears` does."""
    levels = sorted(level(sound, hertz, from_s, to_s))
    if not levels:
        raise BadWav("the recording does not cover the moment asked for")
    return levels[len(levels) // 2]


@dataclass(frozen=True, slots=True)
class Recording:
    """What one phone heard, with the moment at which it begins."""

    path: Path
    began: float
    """Seconds since the epoch, by the clock of the machine."""

    def hears(self, hertz: float, from_moment: float, to_moment: float) -> bool:
        """Whether a tone was heard between two moments (seconds since the epoch)."""
        return hears(read_wav(self.path), hertz, from_moment - self.began, to_moment - self.began)

    def median_level(self, hertz: float, from_moment: float, to_moment: float) -> float:
        """The median level of a tone between two moments, in dBFS."""
        return median_level(
            read_wav(self.path), hertz, from_moment - self.began, to_moment - self.began
        )


def join(tapes: Sequence[Recording], path: Path) -> Recording:
    """One recording of several, each at its own moment, silence between them.

    Raises `BadWav` and `OSError` as `read_wav`, and `ValueError` for no tapes.
    """
    if not tapes:
        raise ValueError("nothing to join")
    began = tapes[0].began
    joined = array.array("h")
    for tape in tapes:
        gap = round((tape.began - began) * RATE) - len(joined)
        if gap > 0:
            joined.frombytes(bytes(2 * gap))
        else:
            del joined[gap or len(joined) :]
        joined.extend(read_wav(tape.path).samples)
    write_wav(path, Sound(joined))
    return Recording(path, began)


def _goertzel(samples: array.array[int], start: int, hertz: float) -> float:
    """One bin of one block, in dBFS. A Hann window keeps other tones out of it."""
    coefficient = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = previous = 0.0
    for offset, weight in enumerate(_HANN):
        before, previous = (
            previous,
            samples[start + offset] * weight + coefficient * previous - before,
        )
    power = before * before + previous * previous - coefficient * before * previous
    amplitude = 2 * math.sqrt(max(power, 0.0)) / _HANN_SUM
    return max(_FLOOR_DB, 20 * math.log10(amplitude / 32767)) if amplitude > 0 else _FLOOR_DB


_HANN = tuple(0.5 - 0.5 * math.cos(2 * math.pi * i / _BLOCK) for i in range(_BLOCK))
_HANN_SUM = sum(_HANN)


def _check_format(path: Path, fmt: bytes) -> None:
    if len(fmt) < 16:
        raise BadWav(f"{path.name} is cut short")
    coding, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt)
    if (coding, channels, rate, bits) != (1, 1, RATE, 16):
        raise BadWav(
            f"{path.name} must be PCM, mono, {RATE} Hz, 16 bit; it is coding {coding}, "
            f"{channels} channels, {rate} Hz, {bits} bit"
        )


def _samples(data: bytes) -> array.array[int]:
    samples = array.array("h")
    samples.frombytes(data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples
