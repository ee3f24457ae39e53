"""Hears taught sounds in one stream: how probable each is, frame by frame.

Axes: T posterior frames, K taught sounds, D embedding.
"""

import numpy as np
from numpy.typing import NDArray

from aed.taught.sounds import TaughtSounds
from aed.taught.space import WINDOW_FRAMES, windowed

STEEPNESS = 25.0
"""Log-odds that a cosine gains per unit above the threshold: 0.1 above it are 0.92."""


class TaughtMatcher:
    """Holds the embeddings of one stream against prototypes.

    Args:
        taught: the sounds.
    """

    def __init__(self, taught: TaughtSounds) -> None:
        self._space = taught.space
        self._prototypes = np.stack([sound.prototype for sound in taught.sounds], axis=1)  # (D, K)
        self._thresholds = np.array([sound.threshold for sound in taught.sounds], np.float32)
        # Lives as long as the stream: cosines of its latest frames.
        self._past = np.zeros((0, len(taught.sounds)), np.float32)

    def reset(self) -> None:
        """Forget the stream."""
        self._past = self._past[:0]

    def match(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """How probable each sound is; of sounds that are alike only the likeliest one.

        Args:
            embedding: (T, D), the next frames of the stream.

        Returns:
            (T, K), one half where a cosine is at its threshold. Where the model gave no numbers,
            nought, and the stream begins anew.
        """
        cosines = self._space.directions(embedding) @ self._prototypes
        above = windowed(cosines, self._past) - self._thresholds
        joined = np.concatenate([self._past, cosines])
        self._past = joined[max(0, len(joined) - WINDOW_FRAMES + 1) :]
        is_likeliest = above == above.max(axis=1, keepdims=True)
        probable: NDArray[np.float32] = is_likeliest / (1 + np.exp(-STEEPNESS * above))
        if not np.isfinite(probable).all():
            self.reset()
            return np.zeros_like(probable)
        return probable
