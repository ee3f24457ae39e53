"""Recordings as a bundle embeds them, in one stream: each is heard after something else.

Axes: S samples, T posterior frames, D embedding.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from aed.bundle import Bundle
from aed.inference import HOP_SAMPLES, MOST_FRAMES, Inference

LONGEST_S = 15.0
"""So much of each recording is heard."""

GAP_FRAMES = (3, 20)
GAP_DBFS = -65.0
"""Quiet noise between two recordings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream through a bundle, in which recordings follow each other.

    Attributes:
        inference: the network's view of it.
        rng: draws the gaps.
    """

    inference: Inference
    rng: np.random.Generator

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings (T, D) of the next recording (S,) at 16 kHz."""
        frames = int(self.rng.integers(*GAP_FRAMES))
        gap = self.rng.standard_normal(frames * HOP_SAMPLES).astype(np.float32)
        gap *= np.float32(10 ** (GAP_DBFS / 20))
        part = samples[: round(LONGEST_S * SAMPLE_RATE_HZ)]
        heard = np.concatenate([gap, np.pad(part, (0, -len(part) % HOP_SAMPLES))])
        return np.concatenate(list(self._run(heard)))[frames:]

    def _run(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        step = MOST_FRAMES * HOP_SAMPLES
        for start in range(0, len(samples), step):
            embedding = self.inference.run(samples[start : start + step]).embedding
            if embedding is not None:
                yield embedding


def new_stream(bundle: Bundle, *, seed: int) -> Stream:
    """A stream of its own."""
    inference = Inference(bundle.session, bundle.scale, bundle.bias, keeps_embedding=True)
    return Stream(inference=inference, rng=np.random.default_rng(seed))


def hear_all(
    bundle: Bundle, recordings: Iterable[NDArray[np.float32]], *, seed: int
) -> list[NDArray[np.float32]]:
    """Embeddings (T, D) of each of several recordings, one after another."""
    stream = new_stream(bundle, seed=seed)
    return [stream.hear(samples) for samples in recordings]
