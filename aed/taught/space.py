"""The space in which taught sounds are compared, made of a model's embeddings.

An embedding is centred and whitened by mean and covariance of the background, so that what every
sound of a home shares counts for little, and brought to length 1: what is left is a direction. A
sound is the mean direction of its frames, and how alike two are is their cosine.

Axes: T posterior frames, D embedding, K sounds, M windows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.posteriors import POSTERIOR_HOP_S

WINDOW_S = 0.3
"""Directions are averaged over so much of the latest sound."""

WINDOW_FRAMES = round(WINDOW_S / POSTERIOR_HOP_S)

SHRINKAGE = 0.1
"""Share of each embedding dimension's variance added to the covariance before it is inverted."""

_LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Where a model's embeddings are compared.

    Attributes:
        mean: (D,) float32, of the background's embeddings.
        whitening: (D, D) float32; centred embeddings times this are white.
    """

    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]

    @property
    def width(self) -> int:
        """Number of dimensions D."""
        return len(self.mean)

    def directions(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Directions (T, D) of embeddings (T, D)."""
        return unit(np.matmul(embedding - self.mean, self.whitening, dtype=np.float32))


def space_of(embedding: NDArray[np.float32]) -> Space:
    """The space of a background.

    Args:
        embedding: (T, D), frames of it; many more than D.
    """
    covariance = np.cov(embedding.T.astype(np.float64))
    variance = np.diag(covariance)
    ridge = SHRINKAGE * variance + 1e-3 * variance.mean() + _LEAST
    inverse = np.linalg.inv(covariance + np.diag(ridge))
    return Space(
        mean=embedding.mean(axis=0, dtype=np.float64).astype(np.float32),
        whitening=np.linalg.cholesky(inverse).astype(np.float32),
    )


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (..., D) brought to length 1; one of no length stays so."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(lengths, _LEAST)).astype(np.float32)
    return scaled


def windowed(values: NDArray[np.float32], past: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over the latest `WINDOW_FRAMES` rows, fewer at the start of a stream.

    Args:
        values: (T, K), the next rows of a stream.
        past: (P, K), those before, at most `WINDOW_FRAMES` - 1 of them.

    Returns:
        (T, K); the same however the stream was cut.
    """
    if not len(values):
        return values
    joined = np.concatenate([past, values])
    missing = WINDOW_FRAMES - 1 - len(past)
    if missing:
        joined = np.concatenate([np.zeros((missing, values.shape[1]), np.float32), joined])
    total = joined[WINDOW_FRAMES - 1 :].copy()
    for back in range(1, WINDOW_FRAMES):
        total += joined[WINDOW_FRAMES - 1 - back : len(joined) - back]
    total *= np.float32(1 / WINDOW_FRAMES)
    for row in range(min(missing, len(total))):  # the first windows of a stream are shorter
        total[row] *= np.float32(WINDOW_FRAMES / (WINDOW_FRAMES - missing + row))
    return total
