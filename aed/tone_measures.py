"""How tonal and how pulsed a window is, in a few numbers for the second look.

Axes: L log-mel frames (10 ms), F mel bands, M measures.
"""

import math

import numpy as np
from numpy.typing import NDArray

from aed.pulses import DROPS_DB, Tone, band_centres_hz, find_tones

TONE_MEASURES = (
    "log2_khz",
    "prominence_db",
    "ripple_db",
    "contrast_db",
    "pulses",
    "longest_pulse_s",
    "mean_pulse_s",
    "on_share",
    "tones",
)
"""What each number is of: the most prominent tone, its pulses, and how many tones there are."""


def tone_measures(
    log_mel: NDArray[np.float32], fmin_hz: float, fmax_hz: float
) -> NDArray[np.float32]:
    """Measure the most prominent tone of a window.

    Args:
        log_mel: (L, F) natural log of mel power.
        fmin_hz: lower edge of the lowest band.
        fmax_hz: upper edge of the highest band.

    Returns:
        (M,) float32 as `TONE_MEASURES` names them; all 0 where nothing is tonal.
    """
    centres_hz = band_centres_hz(log_mel.shape[1], fmin_hz, fmax_hz)
    tones = [tone for tone in find_tones(log_mel, centres_hz) if tone.drop_db == DROPS_DB[0]]
    if not tones:
        return np.zeros(len(TONE_MEASURES), np.float32)
    return np.array([*_of_tone(tones[0]), len(tones)], np.float32)


def _of_tone(tone: Tone) -> tuple[float, ...]:
    lengths_s = [pulse.duration_s for pulse in tone.pulses]
    total_s = sum(lengths_s)
    return (
        math.log2(tone.pitch_hz / 1_000.0),
        tone.prominence_db,
        tone.ripple_db,
        tone.contrast_db,
        float(len(lengths_s)),
        max(lengths_s, default=0.0),
        total_s / max(len(lengths_s), 1),
        total_s / tone.window_s,
    )
