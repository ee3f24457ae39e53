"""What one ear hears now: the latest second of its posteriors, at a glance.

Axes: T posterior frames, N ontology nodes.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from aed.posteriors import POSTERIOR_HOP_S, SILENCE_DBFS, Posteriors
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
        # Each frame's posteriors, (N,), and level.
        self._frames: deque[np.ndarray] = deque(maxlen=_SPAN_FRAMES)
        self._levels_dbfs: deque[float] = deque(maxlen=_SPAN_FRAMES)

    def note(self, posteriors: Posteriors) -> None:
        """Note the frames that the model has completed."""
        if not len(posteriors.values):
            return
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
