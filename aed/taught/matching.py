"""Adds columns for taught sounds to what the model says, frame by frame.

The tree's law holds for them too: no parent is less probable than its child. But a taught sound may
be one that the model does not take for anything of its parent's kind, so it is the parents that are
raised to it, never it that is held down to them. What the model itself said stays beside it, for
the second look.

Axes: T posterior frames, N ontology nodes, K taught sounds, D embedding.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import Posteriors
from aed.taught.sounds import TaughtSounds
from aed.taught.space import WINDOW_FRAMES, windowed
from ontology import LabelSet

STEEPNESS = 25.0
"""Log-odds that a cosine gains per unit above the threshold: 0.1 above it are 0.92."""


class TaughtMatcher:
    """Hears taught sounds in one stream.

    Args:
        taught: the sounds.
        own: columns of the model.
        labels: columns of `taught.ontology`.
    """

    def __init__(self, taught: TaughtSounds, own: LabelSet, labels: LabelSet) -> None:
        self._space = taught.space
        self._prototypes = np.stack([sound.prototype for sound in taught.sounds], axis=1)  # (D, K)
        self._thresholds = np.array([sound.threshold for sound in taught.sounds], np.float32)
        self._num_nodes = len(labels)
        self._own = np.array([labels.index[node] for node in own.nodes])
        above = labels.ancestors[[labels.index[sound.id] for sound in taught.sounds]]  # (K, N)
        self._raised = np.flatnonzero(above.any(axis=0))
        self._raises = above[:, self._raised].astype(np.float32)
        # Lives as long as the stream: cosines of its latest frames.
        self._past = np.zeros((0, len(taught.sounds)), np.float32)

    def reset(self) -> None:
        """Forget the stream."""
        self._past = self._past[:0]

    def extend(self, posteriors: Posteriors) -> Posteriors:
        """Add the taught columns.

        Args:
            posteriors: the next frames of the stream, with their embedding.

        Returns:
            The same with (T, N + K) values in the order of the extended ontology.

        Raises:
            ValueError: they came without an embedding.
        """
        if posteriors.embedding is None:
            raise ValueError("taught sounds need embeddings, the posteriors came without")
        own = posteriors.values
        values = np.zeros((len(own), self._num_nodes), np.float32)
        values[:, self._own] = own
        taught = self._probabilities(posteriors.embedding)
        lifted = (taught[:, :, np.newaxis] * self._raises).max(axis=1)
        values[:, self._raised] = np.maximum(values[:, self._raised], lifted)
        return replace(posteriors, values=values, model_values=own)

    def _probabilities(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, K): how probable each sound is; of sounds that are alike only the likeliest one."""
        cosines = self._space.directions(embedding) @ self._prototypes
        above = windowed(cosines, self._past) - self._thresholds
        joined = np.concatenate([self._past, cosines])
        self._past = joined[max(0, len(joined) - WINDOW_FRAMES + 1) :]
        is_likeliest = above == above.max(axis=1, keepdims=True)
        probable: NDArray[np.float32] = is_likeliest / (1 + np.exp(-STEEPNESS * above))
        if not np.isfinite(probable).all():  # the model gave no numbers, and begins anew
            self.reset()
            return np.zeros_like(probable)
        return probable
