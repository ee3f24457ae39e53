"""What one ear has heard within the last minute: how loud it was, and what hearing it cost.

And whether it hears at all: sound goes in, and numbers come out.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from aed.posteriors import POSTERIOR_HOP_S, Posteriors
from daemon.clocks import Clock

SPAN_S = 60.0

FRESH_S = 10.0
"""Whoever takes sound for so long without a number coming of it does not hear."""


@dataclass(slots=True, kw_only=True)
class _Second:
    """What was heard within one second of the clock.

    Attributes:
        begin_s: its beginning.
        took_s: how long the model took.
        num_frames: the posterior frames that it completed.
        power: their mean powers relative to full scale, summed.
        longest_s: most that it took for one frame, on average over a call.
    """

    begin_s: float
    took_s: float = 0.0
    num_frames: int = 0
    power: float = 0.0
    longest_s: float = 0.0


class Meter:
    """Follows one ear."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._seconds: deque[_Second] = deque()
        self.finished_s: float | None = None
        """When the model last completed a frame, by `Clock.boottime_s`; None if never."""
        # When it last gave something that is no number; since when sound has been taken of which
        # nothing has come yet.
        self._lost_s: float | None = None
        self._waiting_since_s: float | None = None

    def note_taken(self) -> None:
        """Note that sound is about to be heard."""
        if self._waiting_since_s is None:
            self._waiting_since_s = self._clock.boottime_s()

    def note_cut(self) -> None:
        """Note that nothing will come of what was taken: the stream has ended."""
        self._waiting_since_s = None

    @property
    def is_stuck(self) -> bool:
        """Whether sound goes in and no numbers come out, for longer than `FRESH_S`."""
        since_s = self._waiting_since_s
        return since_s is not None and self._clock.boottime_s() - since_s > FRESH_S

    @property
    def is_losing(self) -> bool:
        """Whether the model has given something that is no number within the last `FRESH_S`."""
        return self._lost_s is not None and self._clock.boottime_s() - self._lost_s <= FRESH_S

    def note(self, posteriors: Posteriors, *, took_s: float) -> None:
        """Note that the model has heard something.

        Args:
            posteriors: the frames that it completed.
            took_s: how long that took.
        """
        now_s = self._clock.boottime_s()
        self._forget()
        begin_s = math.floor(now_s)
        if not self._seconds or self._seconds[-1].begin_s != begin_s:
            self._seconds.append(_Second(begin_s=begin_s))
        second = self._seconds[-1]
        second.took_s += took_s
        levels_dbfs = posteriors.level_dbfs.astype(np.float64)  # (T,)
        if posteriors.num_lost:
            self._lost_s = now_s
        if len(levels_dbfs) > posteriors.num_lost:
            self.finished_s, self._waiting_since_s = now_s, None
        if len(levels_dbfs):
            second.num_frames += len(levels_dbfs)
            second.power += float(np.sum(10.0 ** (levels_dbfs / 10.0)))
            second.longest_s = max(second.longest_s, took_s / len(levels_dbfs))

    @property
    def took_s(self) -> float:
        """What the last minute's hearing took."""
        self._forget()
        return sum(second.took_s for second in self._seconds)

    @property
    def heard_s(self) -> float:
        """How much sound that was."""
        self._forget()
        return POSTERIOR_HOP_S * sum(second.num_frames for second in self._seconds)

    @property
    def longest_s_per_s(self) -> float:
        """Most that one call took for a second of sound."""
        self._forget()
        return max((second.longest_s for second in self._seconds), default=0.0) / POSTERIOR_HOP_S

    @property
    def level_dbfs(self) -> float | None:
        """RMS level of the last minute; None if nothing was heard in it."""
        self._forget()
        num_frames = sum(second.num_frames for second in self._seconds)
        power = sum(second.power for second in self._seconds)
        if not num_frames or not 0.0 < power < math.inf:
            return None
        return 10.0 * math.log10(power / num_frames)

    def _forget(self) -> None:
        oldest_s = self._clock.boottime_s() - SPAN_S
        while self._seconds and self._seconds[0].begin_s < oldest_s:
            self._seconds.popleft()
