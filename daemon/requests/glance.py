"""What one ear hears now: the latest second of its posteriors, at a glance.

Axes: T posterior frames, N ontology nodes, F mel bands.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S, SILENCE_DBFS, Posteriors
from daemon.clocks import Clock
from ontology import LabelSet

SPAN_S = 1.0
_SPAN_FRAMES = round(SPAN_S / POSTERIOR_HOP_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A second of sound.

    Attributes:
        age_s: how long ago its end was heard.
        level_dbfs: level of its loudest frame.
        nodes: the most probable nodes with the highest posterior of each, the highest first.
    """

    age_s: float
    level_dbfs: float
    nodes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One posterior frame.

    Attributes:
        number: counts the frames of the ear, over all its streams.
        posteriors: (N,) float32.
        level_dbfs: its level.
        log_mel: (10, F) float32, natural log of mel power.
    """

    number: int
    posteriors: NDArray[np.float32]
    level_dbfs: float
    log_mel: NDArray[np.float32]


class Glance:
    """Follows one ear."""

    def __init__(self, labels: LabelSet, *, clock: Clock) -> None:
        """Begin with nothing heard.

        Args:
            labels: columns of the posteriors.
            clock: for how long ago it was.
        """
        self._nodes = labels.nodes
        self._clock = clock
        self._heard_s = 0.0
        self._num_heard = 0
        # Each frame's posteriors, (N,), level, and log-mel, (10, F).
        self._frames: deque[np.ndarray] = deque(maxlen=_SPAN_FRAMES)
        self._log_mels: deque[np.ndarray] = deque(maxlen=_SPAN_FRAMES)
        self._levels_dbfs: deque[float] = deque(maxlen=_SPAN_FRAMES)

    def note(self, posteriors: Posteriors) -> None:
        """Note the frames that the model has completed."""
        num_frames = len(posteriors.values)
        if not num_frames:
            return
        self._num_heard += num_frames
        log_mel = posteriors.log_mel.reshape(num_frames, LOG_MEL_FRAMES_PER_HOP, -1)
        self._log_mels.extend(log_mel[-_SPAN_FRAMES:])
        self._heard_s = self._clock.boottime_s()
        self._frames.extend(posteriors.values[-_SPAN_FRAMES:].copy())
        self._levels_dbfs.extend(posteriors.level_dbfs[-_SPAN_FRAMES:].tolist())

    def see(self, num_nodes: int) -> Seen | None:
        """Look; None if nothing was heard yet.

        Args:
            num_nodes: how many nodes to name at most.
        """
        if not self._frames:
            return None
        highest = np.nan_to_num(np.max(self._frames, axis=0))  # (N,)
        columns = np.argsort(-highest, kind="stable")[:num_nodes].tolist()
        return Seen(
            age_s=self._clock.boottime_s() - self._heard_s,
            level_dbfs=float(np.nan_to_num(max(self._levels_dbfs), nan=SILENCE_DBFS)),
            nodes=tuple((self._nodes[column], float(highest[column])) for column in columns),
        )

    def after(self, number: int) -> list[Frame]:
        """The frames of the latest second, oldest first.

        Args:
            number: of the last one that is known; 0 for none.
        """
        first = self._num_heard - len(self._frames) + 1
        parts = zip(self._frames, self._levels_dbfs, self._log_mels, strict=True)
        return [
            Frame(number=each, posteriors=posteriors, level_dbfs=level_dbfs, log_mel=log_mel)
            for each, (posteriors, level_dbfs, log_mel) in enumerate(parts, start=first)
            if each > number
        ]
