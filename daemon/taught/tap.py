"""Hands the sound of one source to whoever records on this machine, while they ask for it.

Nobody has asked: nothing is kept. While somebody asks, the latest seconds are, in memory.

Axes: S samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.conditioning import Conditioner
from daemon.clips.pcm_ring import PcmRing
from daemon.clocks import Clock

KEPT_S = 6.0
"""Whoever asks less often than this loses sound."""

MOST_GIVEN_S = 1.5
"""In one answer, which is 64 KB then."""

FORGOTTEN_S = 5.0
"""Whoever has not asked for so long has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """A stretch of sound.

    Attributes:
        begin_sample: its first sample, counted since the tap was opened.
        samples: (S,) int16 at 16 kHz.
    """

    begin_sample: int
    samples: NDArray[np.int16]


class Tap:
    """One source's sound at 16 kHz mono, as the model hears it."""

    def __init__(self, *, clock: Clock) -> None:
        """Begin closed.

        Args:
            clock: for when whoever asked has gone.
        """
        self._clock = clock
        # While it is open: the resampler, the latest sound, when it was last asked for.
        self._conditioner = Conditioner()
        self._ring: PcmRing | None = None
        self._asked_s = 0.0

    def hear(self, chunk: AudioChunk) -> None:
        """Hear a chunk; forgets all if nobody asks any more."""
        if self._ring is None:
            return
        if self._clock.boottime_s() - self._asked_s > FORGOTTEN_S:
            self._ring = None
            return
        self._ring.write(self._conditioner.feed(chunk))

    def read(self, begin_sample: int | None) -> Tapped:
        """Give what there is from a sample on, and open the tap if it is closed.

        Args:
            begin_sample: where the last answer ended; None to begin now.
        """
        self._asked_s = self._clock.boottime_s()
        if self._ring is None:
            self._conditioner.reset()
            self._ring = PcmRing(round(KEPT_S * SAMPLE_RATE_HZ))
        end = self._ring.end_sample
        begin = end if begin_sample is None else max(begin_sample, self._ring.begin_sample)
        begin = min(begin, end)
        stop = min(end, begin + round(MOST_GIVEN_S * SAMPLE_RATE_HZ))
        return Tapped(begin_sample=begin, samples=self._ring.cut(begin, stop))
