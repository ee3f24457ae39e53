"""The latest sound of one stream, in memory, overwritten for ever.

Axes: S samples.
"""

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = 32767


class PcmRing:
    """Keeps the latest samples of a stream, counted from its beginning."""

    def __init__(self, capacity_samples: int) -> None:
        """Begin with a stream of which nothing was heard.

        Args:
            capacity_samples: how many samples to keep; they take two bytes each.
        """
        self._samples = np.zeros(capacity_samples, np.int16)  # (S,)
        self.end_sample = 0
        """How many samples of the stream were written."""

    @property
    def begin_sample(self) -> int:
        """The oldest sample that is still there."""
        return max(0, self.end_sample - len(self._samples))

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append to the stream.

        Args:
            samples: (S,) float32 in [-1, 1].
        """
        capacity = len(self._samples)
        self.end_sample += len(samples)
        kept = np.rint(samples[-capacity:] * np.float32(_FULL_SCALE)).astype(np.int16)
        place = (self.end_sample - len(kept)) % capacity
        head = kept[: capacity - place]
        self._samples[place : place + len(head)] = head
        self._samples[: len(kept) - len(head)] = kept[len(head) :]

    def cut(self, begin_sample: int, end_sample: int) -> NDArray[np.int16]:
        """Copy a part of the stream, as far as it is there.

        Args:
            begin_sample: the first one.
            end_sample: the one after the last.

        Returns:
            (S,) int16; empty if nothing of it is there.
        """
        begin = max(begin_sample, self.begin_sample)
        end = min(end_sample, self.end_sample)
        if begin >= end:
            return np.zeros(0, np.int16)
        place, length = begin % len(self._samples), end - begin
        head = self._samples[place : place + length]
        return np.concatenate([head, self._samples[: length - len(head)]])

    def clear(self) -> None:
        """Forget the stream; nothing of it stays in memory."""
        self._samples[:] = 0
        self.end_sample = 0
