"""What one ear has heard within the last minute: how loud it was, and what hearing it cost."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from aed.posteriors import POSTERIOR_HOP_S, Posteriors
from daemon.clocks import Clock

SPAN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One call of the model.

    Attributes:
        at_s: when it was finished.
        took_s: how long it took.
        num_frames: the posterior frames that it completed, often none.
        power: their mean powers relative to full scale, summed.
    """

    at_s: float
    took_s: float
    num_frames: int
    power: float


class Meter:
    """Follows one ear."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._readings: deque[_Reading] = deque()
        self.finished_s: float | None = None
        """When the model last completed a frame, by `Clock.boottime_s`; None if never."""

    def note(self, posteriors: Posteriors, *, took_s: float) -> None:
        """Note that the model has heard something.

        Args:
            posteriors: the frames that it completed.
            took_s: how long that took.
        """
        now_s = self._clock.boottime_s()
        levels_dbfs = posteriors.level_dbfs  # (T,)
        power = float(np.sum(10.0 ** (levels_dbfs.astype(np.float64) / 10.0)))
        self._readings.append(
            _Reading(at_s=now_s, took_s=took_s, num_frames=len(levels_dbfs), power=power)
        )
        if len(levels_dbfs):
            self.finished_s = now_s
        self._forget()

    @property
    def took_s(self) -> float:
        """What the last minute's hearing took."""
        self._forget()
        return sum(reading.took_s for reading in self._readings)

    @property
    def heard_s(self) -> float:
        """How much sound that was."""
        self._forget()
        return POSTERIOR_HOP_S * sum(reading.num_frames for reading in self._readings)

    @property
    def longest_s_per_s(self) -> float:
        """Most that one call took for a second of sound."""
        self._forget()
        ratios = (
            r.took_s / (POSTERIOR_HOP_S * r.num_frames) for r in self._readings if r.num_frames
        )
        return max(ratios, default=0.0)

    @property
    def level_dbfs(self) -> float | None:
        """RMS level of the last minute; None if nothing was heard in it."""
        self._forget()
        num_frames = sum(reading.num_frames for reading in self._readings)
        power = sum(reading.power for reading in self._readings)
        if not num_frames or not 0.0 < power < math.inf:
            return None
        return 10.0 * math.log10(power / num_frames)

    def _forget(self) -> None:
        oldest_s = self._clock.boottime_s() - SPAN_S
        while self._readings and self._readings[0].at_s < oldest_s:
            self._readings.popleft()
