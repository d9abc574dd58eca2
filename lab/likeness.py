# SPDX-License-Identifier: EUPL-1.2
"""Whether a known recording was played to a telephone: how alike the two are, at the best place.

The measure is the normalised cross-correlation (J. P. Lewis, "Fast Normalized Cross-Correlation",
Industrial Light & Magic, 1995), computed by Fourier transform: 1 for the recording itself at any
loudness, near 0 for anything else. The steady tones of the lab's telephones are taken out first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lab.audio import RATE, ROLE_TONES, Sound

ALIKE = 0.85
"""From here on a recording was heard, by itself.

Measured in rooms of the lab: what was played 0.97 and more, what was played over by another prompt
0.77 and less, other prompts of the same voice 0.5 and less.
"""
_NOTCH_HZ = 12.0
"""So far from a role's tone everything is taken out; its edges spread that far."""
_PIECE = RATE // 2
"""Samples compared at once. In its silences a prompt may become some hundredths longer or shorter
on its way, so pieces are looked for a little off their places."""
_OFF = RATE // 5

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
    loudest = int(np.argmax(weights))
    anchor = int(np.argmax(_correlation(inside, pieces[loudest]))) - loudest * _PIECE
    found = []
    for place, piece in enumerate(pieces):
        start = max(0, anchor + place * _PIECE - _OFF)
        stretch = inside[start : start + len(piece) + 2 * _OFF]
        found.append(float(np.max(_correlation(stretch, piece), initial=0.0)))
    return float(np.average(found, weights=weights))


def _correlation(inside: Samples, wanted: Samples) -> Samples:
    """How alike the two are at each place of the first; empty when it is shorter."""
    places = len(inside) - len(wanted) + 1
    energy = float(np.sum(wanted**2))
    if places < 1 or energy == 0.0:
        return np.zeros(0)
    size = len(inside) + len(wanted)
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
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    for tone in ROLE_TONES.values():
        spectrum[np.abs(hertz - tone) <= _NOTCH_HZ] = 0.0
    return np.fft.irfft(spectrum, len(samples))
