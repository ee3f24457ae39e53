"""What every synthesiser hands over: samples, and which node sounds from when to when."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
"""Every synthesised sound has this rate."""

PEAK = 0.9
"""Peak of a rendered sound, full scale being 1; levels are the business of whoever mixes."""

Samples = NDArray[np.float32]
"""(S,) float32."""

Pulse = tuple[float, float]
"""On and off time of one beep, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One node sounding for a while.

    Attributes:
        node: id of an ontology node.
        onset_s: first moment it can be heard.
        offset_s: end; pauses inside a cadence belong to the span.
    """

    node: str
    onset_s: float
    offset_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """A synthesised sound with its labels.

    Attributes:
        samples: (S,) float32 at SAMPLE_RATE_HZ, peak at most 1.
        spans: what sounds when, ordered by onset.
        pulses: on and off times of single beeps, where a sound consists of beeps: frames inside
            a span but outside every pulse hold a pause of the cadence.
    """

    samples: Samples
    spans: tuple[Span, ...]
    pulses: tuple[Pulse, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the samples in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


def sample_count(duration_s: float) -> int:
    """Number of samples of a duration, at least one."""
    return max(1, round(duration_s * SAMPLE_RATE_HZ))


def at_peak(samples: NDArray[np.floating], peak: float = PEAK) -> Samples:
    """Scale to a peak; silence stays silence.

    Args:
        samples: (S,) any float type.
        peak: wanted largest magnitude, full scale being 1.

    Returns:
        (S,) float32.
    """
    loudest = float(np.max(np.abs(samples), initial=0.0))
    if loudest <= 0.0:
        return np.zeros(len(samples), dtype=np.float32)
    return (samples * (peak / loudest)).astype(np.float32, copy=False)


def place(rendered: Rendered, *, onset_s: float, duration_s: float) -> Rendered:
    """Put a sound into a longer or shorter silence; what sticks out at the end is cut.

    Args:
        rendered: the sound.
        onset_s: where its first sample goes, 0 or later.
        duration_s: length of the result.

    Returns:
        The sound at its place, spans and pulses moved and cut with it.
    """
    samples = np.zeros(sample_count(duration_s), dtype=np.float32)
    start = min(round(onset_s * SAMPLE_RATE_HZ), len(samples))
    part = rendered.samples[: len(samples) - start]
    samples[start : start + len(part)] = part
    end_s = len(samples) / SAMPLE_RATE_HZ
    spans = tuple(
        replace(span, onset_s=span.onset_s + onset_s, offset_s=min(span.offset_s + onset_s, end_s))
        for span in rendered.spans
        if span.onset_s + onset_s < end_s
    )
    pulses = tuple(
        (on_s + onset_s, min(off_s + onset_s, end_s))
        for on_s, off_s in rendered.pulses
        if on_s + onset_s < end_s
    )
    return Rendered(samples=samples, spans=spans, pulses=pulses)
