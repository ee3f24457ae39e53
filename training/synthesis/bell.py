"""An electromechanical bell: a gong struck many times a second."""

from dataclasses import dataclass

import numpy as np

from training.synthesis.modes import grain_bank, scatter
from training.synthesis.rendered import SAMPLE_RATE_HZ, Samples
from training.synthesis.waves import log_uniform

_RATIOS = np.array([1.0, 1.52, 2.24, 2.73, 3.46, 4.17, 5.39, 6.61])
"""Partials of a shallow gong relative to the first (typical, no standard)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BellParameters:
    """One bell.

    Attributes:
        strikes_hz: strikes a second, 10 to 25.
        irregularity: relative jitter of the strikes.
        frequencies_hz: modes.
        decays_s: time constant of each mode.
        amplitudes: of each mode.
        clapper: strength of the click of each strike, 0 to 0.5.
    """

    strikes_hz: float
    irregularity: float
    frequencies_hz: tuple[float, ...]
    decays_s: tuple[float, ...]
    amplitudes: tuple[float, ...]
    clapper: float


def draw_bell(rng: np.random.Generator) -> BellParameters:
    """A fire or school bell of 10 to 30 cm."""
    lowest_hz = log_uniform(rng, 600.0, 1_800.0)
    frequencies = lowest_hz * _RATIOS * rng.uniform(0.95, 1.05, len(_RATIOS))
    frequencies = frequencies[frequencies < 7_600.0]  # noqa: PLR2004 - below the Nyquist frequency
    order = np.arange(len(frequencies))
    decays = rng.uniform(0.15, 0.5) / (1.0 + 0.4 * order)
    amplitudes = rng.uniform(0.2, 1.0, len(order)) * np.exp(-0.15 * order)
    return BellParameters(
        strikes_hz=float(rng.uniform(10.0, 25.0)),
        irregularity=float(rng.uniform(0.01, 0.08)),
        frequencies_hz=tuple(frequencies.tolist()),
        decays_s=tuple(decays.tolist()),
        amplitudes=tuple(amplitudes.tolist()),
        clapper=float(rng.uniform(0.05, 0.5)),
    )


def render_bell(
    bell: BellParameters, onset_s: float, offset_s: float, count: int, rng: np.random.Generator
) -> Samples:
    """Ring a bell from one moment to another; it dies away after the last strike.

    Args:
        bell: which.
        onset_s: first strike.
        offset_s: the ringing has died away by then (-26 dB at least).
        count: number of samples.
        rng: irregularities.

    Returns:
        (count,) float32.
    """
    interval_s = 1.0 / bell.strikes_hz
    strikes = np.arange(onset_s, offset_s, interval_s)
    strikes = strikes + rng.normal(0.0, bell.irregularity * interval_s, len(strikes))
    strikes = np.maximum(strikes, onset_s)
    frequencies, decays, amplitudes = (
        np.array([values]) for values in (bell.frequencies_hz, bell.decays_s, bell.amplitudes)
    )
    gong = grain_bank(frequencies, decays, amplitudes, rng)
    click = rng.standard_normal((1, gong.shape[1]), dtype=np.float32)
    click *= np.exp(-np.arange(gong.shape[1], dtype=np.float32) / 24.0)
    gong += bell.clapper * click
    ringing = scatter(gong, strikes, rng.uniform(0.8, 1.0, len(strikes)), count, rng)
    stop = round(offset_s * SAMPLE_RATE_HZ)
    damping = np.exp(-np.arange(count - stop, dtype=np.float32) / (0.05 * SAMPLE_RATE_HZ))
    ringing[stop:] *= damping
    return ringing
