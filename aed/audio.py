"""Sound as it arrives: `AudioChunk`, the value every source produces.

Axes: S samples, C channels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
"""Rate the model hears at, in Hz; everything else is resampled to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioChunk:
    """A piece of a stream, of any length, rate and channel count.

    Attributes:
        samples: (S,) or (S, C) float32, full scale is ±1.
        sample_rate_hz: rate of `samples`.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return len(self.samples) / self.sample_rate_hz
