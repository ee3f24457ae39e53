"""Draws, oscillators, envelopes and noise: the raw material of the synthesisers.

Everything is vectorised over samples. An oscillator is a table of one period, read at the phase
of a frequency contour, so that a sound of many harmonics costs as much as a sine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.synthesis.rendered import SAMPLE_RATE_HZ, Pulse, Samples

HIGHEST_HZ = 7_800.0
"""Partials above this are left out: they would alias, or fall to any converter's filter."""

_TABLE_SIZE = 16_384


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A value whose logarithm is evenly distributed."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def period_table(harmonics: Sequence[float], highest_pitch_hz: float) -> Samples:
    """One period of a tone.

    Args:
        harmonics: amplitude of the fundamental, of the second harmonic, and so on.
        highest_pitch_hz: highest pitch it will be read at; harmonics that would then pass
            HIGHEST_HZ are left out.

    Returns:
        (_TABLE_SIZE,) float32.
    """
    fits = max(1, int(HIGHEST_HZ / max(highest_pitch_hz, 1.0)))
    spectrum = np.zeros(_TABLE_SIZE // 2 + 1, dtype=np.complex64)
    kept = list(harmonics)[:fits]
    spectrum[1 : len(kept) + 1] = -0.5j * _TABLE_SIZE * np.asarray(kept)
    return np.fft.irfft(spectrum, _TABLE_SIZE).astype(np.float32)


def oscillator(
    pitch_hz: NDArray[np.floating] | float, count: int, harmonics: Sequence[float], phase: float
) -> Samples:
    """A tone along a pitch contour, continuous in phase.

    Args:
        pitch_hz: (count,) pitch of each sample, or one for all.
        count: number of samples.
        harmonics: amplitudes as for `period_table`.
        phase: at the first sample, in periods.

    Returns:
        (count,) float32.
    """
    steps = np.asarray(pitch_hz, dtype=np.float64) / SAMPLE_RATE_HZ
    if steps.ndim == 0:
        turns = phase + steps * np.arange(count)
        highest_hz = float(steps) * SAMPLE_RATE_HZ
    else:
        turns = phase + np.cumsum(steps) - steps[0]
        highest_hz = float(steps.max(initial=0.0)) * SAMPLE_RATE_HZ
    table = period_table(harmonics, highest_hz)
    index = (turns * _TABLE_SIZE).astype(np.int64)
    tone: Samples = table[index & (_TABLE_SIZE - 1)]
    return tone


def pulse_envelope(
    pulses: Sequence[Pulse], count: int, *, attack_s: float, decay_s: float
) -> Samples:
    """Loudness of a resonant sounder driven by pulses: it rings up and dies away.

    Args:
        pulses: on and off times in seconds, ordered, not overlapping.
        count: number of samples.
        attack_s: time to 90 % of the full level.
        decay_s: time to fall by 20 dB after the drive stops.

    Returns:
        (count,) float32 in [0, 1].
    """
    envelope = np.zeros(count, dtype=np.float32)
    rise = np.log(10.0) / max(attack_s, 1e-4) / SAMPLE_RATE_HZ
    fall = np.log(10.0) / max(decay_s, 1e-4) / SAMPLE_RATE_HZ
    for on_s, off_s in pulses:
        start, stop = (min(count, max(0, round(x * SAMPLE_RATE_HZ))) for x in (on_s, off_s))
        if stop <= start:
            continue
        ramp = np.arange(stop - start, dtype=np.float32)
        level = 1.0 - np.exp(-rise * ramp)
        envelope[start:stop] = np.maximum(envelope[start:stop], level)
        tail = min(count - stop, int(7.0 / fall))
        dying = level[-1] * np.exp(-fall * np.arange(1, tail + 1, dtype=np.float32))
        envelope[stop : stop + tail] = np.maximum(envelope[stop : stop + tail], dying)
    return envelope


def band_noise(count: int, low_hz: float, high_hz: float, rng: np.random.Generator) -> Samples:
    """Noise of a band with soft edges (12 dB an octave below, 24 dB above), unit variance."""
    frequencies = np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE_HZ)
    below = 1.0 / (1.0 + (low_hz / np.maximum(frequencies, 1.0)) ** 2)
    above = 1.0 / (1.0 + (frequencies / high_hz) ** 4)
    return shaped_noise(count, below * above, rng)


def shaped_noise(count: int, magnitude: NDArray[np.floating], rng: np.random.Generator) -> Samples:
    """Noise with a magnitude spectrum.

    Args:
        count: number of samples.
        magnitude: (count // 2 + 1,) relative magnitude at the frequencies of an FFT of `count`.
        rng: source of the noise.

    Returns:
        (count,) float32 with unit variance (zeros where the spectrum is zero).
    """
    spectrum = np.fft.rfft(rng.standard_normal(count, dtype=np.float32)) * magnitude
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, count)
    spread = float(noise.std())
    return (noise / spread if spread > 0.0 else noise).astype(np.float32)


def smooth_random(
    count: int, rate_hz: float, rng: np.random.Generator, *, low: float = 0.0, high: float = 1.0
) -> Samples:
    """A slowly wandering control signal.

    Args:
        count: number of samples.
        rate_hz: new random values a second, joined by straight lines.
        rng: source of the values.
        low: smallest value.
        high: largest value.

    Returns:
        (count,) float32 between `low` and `high`.
    """
    knots = max(2, int(count / SAMPLE_RATE_HZ * rate_hz) + 2)
    values = rng.uniform(low, high, knots)
    return np.interp(np.linspace(0, knots - 1, count), np.arange(knots), values).astype(np.float32)
