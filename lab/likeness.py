# SPDX-License-Identifier: EUPL-1.2
"""Whether a known recording was played to a telephone: how alike the two are, at the best place.

The measure is the normalised cross-correlation (J. P. Lewis, "Fast Normalized Cross-Correlation",
Industrial Light & Magic, 1995), computed by Fourier transform: 1 for the recording itself at any
loudness, near 0 for anything else. The steady tones of the lab's telephones are taken out first.

The recording is compared in pieces that are looked for one after the other. When a machine is busy
one end of a call may stand still for a moment while the other goes on, so that a pause comes into
the middle of what is heard, or a little of it is lost: from there on every piece is off its place.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lab.audio import RATE, ROLE_TONES, Sound

ALIKE = 0.85
"""From here on a recording was heard, by itself.

Measured in rooms of the lab: what was played 0.96 and more, what was played over by another prompt
0.77 and less, other prompts of the same voice 0.7 and less.
"""
_NOTCH_HZ = 12.0
"""So far from a role's tone everything is taken out; its edges spread that far."""
_PIECE = RATE // 2
"""Samples compared at once."""
_OFF = RATE // 5
"""In its silences a prompt may become so much longer or shorter on its way."""
_LOST, _STOOD = 2 * RATE, 5 * RATE
"""So much may be missing, or silence be added, where a machine stood still."""
_SURE = 0.9
"""A piece that is so alike is the one looked for, even off its place; others of the same voice are
that only where the same words are said.
"""
_ANCHORS = 3
"""How many of the loudest pieces are looked for everywhere: one of them may be damaged."""

Samples = npt.NDArray[np.float64]


def likeness(heard: Sound, known: Sound) -> float:
    """How alike `known` is to the stretch of `heard` that is most alike, between 0 and 1.

    The mean of its pieces, each weighed by its energy. 0 when `heard` is shorter than a piece, or
    `known` is silent.
    """
    inside, wanted = _without_tones(heard), _without_tones(known)
    pieces = [wanted[start : start + _PIECE] for start in range(0, len(wanted), _PIECE)]
    weights = np.array([float(np.sum(piece**2)) for piece in pieces])
    if len(inside) < _PIECE or weights.sum() == 0.0:
        return 0.0
    best = 0.0
    for loud in np.argsort(-weights)[:_ANCHORS]:
        everywhere = _correlation(inside, pieces[loud])
        anchor = int(np.argmax(everywhere))
        after = _follow(inside, pieces, range(loud + 1, len(pieces)), anchor, loud)
        before = _follow(inside, pieces, range(loud - 1, -1, -1), anchor, loud)
        at_anchor = float(np.max(everywhere, initial=0.0))
        found = np.array([*reversed(before), at_anchor, *after])
        best = max(best, float(np.average(found, weights=weights)))
        if at_anchor >= _SURE and best >= ALIKE:
            break
    return best


def _follow(
    inside: Samples, pieces: list[Samples], order: Iterable[int], at: int, of: int
) -> list[float]:
    """How alike these pieces are, each looked for from where the one before was found.

    `at` is the place of piece `of`, which is next to the first. A piece that is not at its place is
    looked for further off, and believed there only if it is surely the same.
    """
    found = []
    for which in order:
        expected = at + (which - of) * _PIECE
        near, place = _best(inside, pieces[which], expected - _OFF, expected + _OFF)
        if near < _SURE:
            early, late = (_LOST, _STOOD) if which > of else (_STOOD, _LOST)
            far, far_place = _best(inside, pieces[which], expected - early, expected + late)
            if far >= _SURE:
                near, place = far, far_place
        if near >= _SURE:
            at, of = place, which
        else:
            near = max(near, _in_halves(inside, pieces[which], expected))
        found.append(near)
    return found


def _in_halves(inside: Samples, piece: Samples, expected: int) -> float:
    """How alike a piece is whose halves may have come apart, or of which one was damaged.

    A half that is not surely found near its place counts as nothing. Of a prompt of a second a
    single packet's pause would else be half of all.
    """
    alike, half = 0.0, len(piece) // 2
    for start, part in ((0, piece[:half]), (half, piece[half:])):
        first = expected + start - _OFF
        found, _ = _best(inside, part, first, first + 2 * _OFF)
        if found >= _SURE:
            alike += found * float(np.sum(part**2))
    return alike / max(float(np.sum(piece**2)), 1.0)


def _best(inside: Samples, piece: Samples, first: int, last: int) -> tuple[float, int]:
    """How alike a piece is at the best of these places, and where that is."""
    start = max(0, first)
    alike = _correlation(inside[start : max(start, last + len(piece))], piece)
    if not len(alike):
        return 0.0, start
    place = int(np.argmax(alike))
    return float(alike[place]), start + place


def _correlation(inside: Samples, wanted: Samples) -> Samples:
    """How alike the two are at each place of the first; empty when it is shorter."""
    places = len(inside) - len(wanted) + 1
    energy = float(np.sum(wanted**2))
    if places < 1 or energy == 0.0:
        return np.zeros(0)
    size = _fast(len(inside) + len(wanted))
    spectrum = np.fft.rfft(inside, size) * np.conj(np.fft.rfft(wanted, size))
    products = np.fft.irfft(spectrum, size)[:places]
    passed = np.concatenate(([0.0], np.cumsum(inside**2)))
    energies = passed[len(wanted) :][:places] - passed[:places]
    # Where nothing was heard, rounding alone must not look like something.
    least = max(energy * 1e-4, 1.0)
    return np.asarray(products / np.sqrt(np.maximum(energies, least) * energy))


def _without_tones(sound: Sound) -> Samples:
    samples = np.asarray(sound.samples, dtype=np.float64)
    if not len(samples):
        return samples
    size = _fast(len(samples))
    spectrum = np.fft.rfft(samples, size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    for tone in ROLE_TONES.values():
        spectrum[np.abs(hertz - tone) <= _NOTCH_HZ] = 0.0
    return np.fft.irfft(spectrum, size)[: len(samples)]


def _fast(samples: int) -> int:
    """The next power of two: a transform of another length can take ten times as long."""
    return 1 << (samples - 1).bit_length()
