"""What the detector says: posteriors over an ontology, frame by frame.

Axes: T posterior frames, N ontology nodes, L log-mel frames, F mel bands, D embedding.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POSTERIOR_HOP_S = 0.1
"""Time between two posteriors, in seconds (ten a second)."""

LOG_MEL_HOP_S = 0.01
"""Time between two log-mel frames, in seconds."""

SILENCE_DBFS = -120.0
"""Lowest level told; digital silence has this one."""

LOG_MEL_FRAMES_PER_HOP = round(POSTERIOR_HOP_S / LOG_MEL_HOP_S)
"""Log-mel frames that belong to one posterior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posteriors:
    """Calibrated posteriors of consecutive frames of one stream.

    Attributes:
        values: (T, N) float32, P(node) in [0, 1]; a parent is never below its child.
        start_frame: index of the first frame in the stream; frame i covers
            [i, i + 1) * POSTERIOR_HOP_S of stream time and is known at its end.
        level_dbfs: (T,) float32, RMS level of each frame in dB relative to full scale.
        log_mel: (T * 10, F) float32, natural log of mel power, 10 ms apart.
        embedding: (T, D) float32, what the tree head judges; None where neither a second look nor
            a taught sound needs it.
        num_lost: of the frames, those in which the model gave no numbers; their values are 0.
    """

    values: NDArray[np.float32]
    start_frame: int
    level_dbfs: NDArray[np.float32]
    log_mel: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    num_lost: int = 0

    @property
    def time_s(self) -> NDArray[np.float32]:
        """(T,) float32: stream time of the end of each frame, in seconds."""
        frames = np.arange(self.start_frame + 1, self.start_frame + 1 + len(self.values))
        return (frames * POSTERIOR_HOP_S).astype(np.float32)
