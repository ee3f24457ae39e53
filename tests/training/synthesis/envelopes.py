"""Measures rendered sounds the way an ear or a meter would: levels, pulses, pitches."""

import numpy as np
from numpy.typing import NDArray

from training.synthesis.rendered import SAMPLE_RATE_HZ, Pulse, Rendered, Samples

_STEP = 32  # 2 ms


def envelope(samples: Samples) -> NDArray[np.float32]:
    """(S / 32,) peak magnitude in steps of 2 ms."""
    whole = len(samples) // _STEP * _STEP
    peaks: NDArray[np.float32] = np.abs(samples[:whole]).reshape(-1, _STEP).max(axis=1)
    return peaks


def measured_pulses(samples: Samples, shortest_gap_s: float = 0.02) -> list[Pulse]:
    """On and off times of what exceeds half of the peak; shorter gaps are bridged."""
    level = envelope(samples)
    loud = np.flatnonzero(level > 0.5 * level.max())
    step_s = _STEP / SAMPLE_RATE_HZ
    pulses: list[Pulse] = []
    for index in loud:
        on_s, off_s = float(index) * step_s, float(index + 1) * step_s
        if pulses and on_s - pulses[-1][1] < shortest_gap_s:
            pulses[-1] = (pulses[-1][0], off_s)
        else:
            pulses.append((on_s, off_s))
    return pulses


def peak_frequency_hz(samples: Samples) -> float:
    """Frequency of the strongest spectral line."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * SAMPLE_RATE_HZ / len(samples)


def energy_share(samples: Samples, low_hz: float, high_hz: float) -> float:
    """Share of the energy between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1.0 / SAMPLE_RATE_HZ)
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    return float(power[inside].sum() / power.sum())


def energy_outside_spans(rendered: Rendered, *, ringing_s: float = 0.1) -> float:
    """Share of the energy before each span and later than `ringing_s` after it."""
    outside = np.ones(len(rendered.samples), dtype=bool)
    for span in rendered.spans:
        start = max(0, int(span.onset_s * SAMPLE_RATE_HZ) - 1)
        outside[start : int((span.offset_s + ringing_s) * SAMPLE_RATE_HZ) + 1] = False
    power = rendered.samples.astype(np.float64) ** 2
    return float(power[outside].sum() / power.sum())
