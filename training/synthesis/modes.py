"""Struck things: grains of exponentially decaying modes, scattered over time.

A grain is the sound of one small piece being struck once. A bank of some dozens of them is
computed in one go; a cascade of hundreds of fragments then only adds them at their times.
"""

import numpy as np
from numpy.typing import NDArray

from training.synthesis.rendered import SAMPLE_RATE_HZ, Samples

_SILENT = 6.0
"""Time constants after which a mode (-52 dB) is cut."""


def grain_bank(
    frequencies_hz: NDArray[np.floating],
    decays_s: NDArray[np.floating],
    amplitudes: NDArray[np.floating],
    rng: np.random.Generator,
) -> Samples:
    """Strike every piece of a set once.

    Args:
        frequencies_hz: (G, M) of M modes of G pieces.
        decays_s: (G, M) time constants: a mode falls by 8.7 dB in each.
        amplitudes: (G, M).
        rng: draws the phases.

    Returns:
        (G, L) float32, L as long as the longest decay needs.
    """
    length = max(2, int(_SILENT * float(decays_s.max()) * SAMPLE_RATE_HZ))
    time_s = np.arange(length, dtype=np.float32) / SAMPLE_RATE_HZ  # (L,)
    phases = rng.uniform(0.0, 2.0 * np.pi, frequencies_hz.shape)
    bank = np.zeros((len(frequencies_hz), length), dtype=np.float32)
    for mode in range(frequencies_hz.shape[1]):
        turns = (2.0 * np.pi * frequencies_hz[:, mode, None]).astype(np.float32) * time_s
        falls = np.exp(-time_s / decays_s[:, mode, None].astype(np.float32))
        strength = amplitudes[:, mode, None].astype(np.float32)
        bank += strength * falls * np.sin(turns + phases[:, mode, None].astype(np.float32))
    soft = min(length, 8)
    bank[:, :soft] *= np.linspace(0.0, 1.0, soft, dtype=np.float32)
    return bank


def scatter(
    bank: Samples,
    onsets_s: NDArray[np.floating],
    amplitudes: NDArray[np.floating],
    count: int,
    rng: np.random.Generator,
) -> Samples:
    """Let random pieces of a bank sound at given times.

    Args:
        bank: (G, L) from `grain_bank`.
        onsets_s: (K,) when; those outside the clip are left out.
        amplitudes: (K,) how strong.
        count: number of samples of the result.
        rng: chooses the pieces.

    Returns:
        (count,) float32.
    """
    length = bank.shape[1]
    out = np.zeros(count + length, dtype=np.float32)
    starts = np.round(onsets_s * SAMPLE_RATE_HZ).astype(np.int64)
    pieces = rng.integers(0, len(bank), len(starts))
    inside = (starts >= 0) & (starts < count)
    for start, piece, amplitude in zip(
        starts[inside], pieces[inside], amplitudes[inside].astype(np.float32), strict=True
    ):
        out[start : start + length] += amplitude * bank[piece]
    return out[:count]


def poisson_onsets(
    *, start_s: float, first_rate_hz: float, decay_s: float, end_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Random moments whose rate falls exponentially.

    Args:
        start_s: when it begins.
        first_rate_hz: moments a second at the beginning.
        decay_s: time constant of the rate.
        end_s: when it ends.
        rng: source of the moments.

    Returns:
        (K,) ordered times in seconds between `start_s` and `end_s`.
    """
    reach = 1.0 - np.exp(-max(0.0, end_s - start_s) / decay_s)
    many = int(rng.poisson(first_rate_hz * decay_s * reach))
    return np.sort(start_s - decay_s * np.log1p(-rng.uniform(0.0, reach, many)))
