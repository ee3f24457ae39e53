"""One recorded break made into another: few recordings exist, and no two panes break alike.

Cut to the break itself, played at another speed (a larger pane is lower and slower; the 3 % that an
alarm may be stretched do not bind glass), died away sooner, and laid over a second one, since most
panes break in several blows.

Axes: S samples.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from aed.audio import SAMPLE_RATE_HZ
from training.clips.bank import FRAME_SAMPLES, active_frames

SPEED_SHARE, FALL_SHARE, SECOND_SHARE = 0.7, 0.4, 0.35
"""How often each is done."""

LARGEST_SPEED = 1.35
"""A break is played at most so much faster, or slower, than it was recorded."""

_DENOMINATOR = 20
_LONGEST_LAG_S = 0.5
_SECOND_DB = (-14.0, 0.0)
_FALL_S = (0.08, 0.6)

_FADE_SAMPLES = 480

Samples = NDArray[np.float32]


def varied(recording: Samples, another: Callable[[], Samples], rng: np.random.Generator) -> Samples:
    """Make another break of a recording of one.

    Args:
        recording: (S,), not changed.
        another: gives a second break (S',), recorded or rendered.
        rng: source of all choices.

    Returns:
        (S'',) of at least one sample.
    """
    samples = _at_speed(_cut(recording), rng)
    if rng.random() < FALL_SHARE:
        samples = _fallen(samples, rng)
    if rng.random() < SECOND_SHARE:
        samples = _laid_over(samples, _at_speed(_cut(another()), rng), rng)
    return samples


def _cut(recording: Samples) -> Samples:
    """From the first to the last frame that sounds, the edges faded."""
    active = np.flatnonzero(active_frames(recording))
    if not len(active):
        return recording
    part = recording[active[0] * FRAME_SAMPLES : (active[-1] + 2) * FRAME_SAMPLES].copy()
    fade = min(_FADE_SAMPLES, len(part))
    part[len(part) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return part


def _at_speed(samples: Samples, rng: np.random.Generator) -> Samples:
    if rng.random() >= SPEED_SHARE:
        return samples
    speed = LARGEST_SPEED ** rng.uniform(-1.0, 1.0)
    up = max(1, round(_DENOMINATOR / speed))
    return np.asarray(resample_poly(samples, up, _DENOMINATOR), dtype=np.float32)


def _fallen(samples: Samples, rng: np.random.Generator) -> Samples:
    """The same, dying away sooner from its loudest moment on."""
    loudest = int(np.abs(samples).argmax())
    fall_samples = rng.uniform(*_FALL_S) * SAMPLE_RATE_HZ
    later = np.arange(len(samples), dtype=np.float32) - loudest
    fall = np.exp(-np.maximum(later, 0.0) / np.float32(fall_samples))
    return np.asarray(samples * fall, dtype=np.float32)


def _laid_over(first: Samples, second: Samples, rng: np.random.Generator) -> Samples:
    """Two breaks, the second a moment later and no louder than the first."""
    lag = int(rng.uniform(0.0, _LONGEST_LAG_S) * SAMPLE_RATE_HZ)
    gain = 10 ** (rng.uniform(*_SECOND_DB) / 20)
    loudest = max(float(np.abs(second).max(initial=0.0)), 1e-9)
    gain *= float(np.abs(first).max(initial=0.0)) / loudest
    both = np.zeros(max(len(first), lag + len(second)), dtype=np.float32)
    both[: len(first)] += first
    both[lag : lag + len(second)] += np.float32(gain) * second
    return both
