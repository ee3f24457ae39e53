"""Cuts sound into chunks of any length, as drivers, files and networks do."""

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.audio import AudioChunk


def chunk_lengths(longest: int) -> st.SearchStrategy[list[int]]:
    """Lengths of chunks, from one sample to `longest`; repeated until the sound is used up."""
    length = st.one_of(
        st.integers(1, longest), st.integers(1, 50), st.sampled_from([1, 160, 1600, longest])
    )
    return st.lists(length, min_size=1, max_size=12)


def cut(
    samples: NDArray[np.float32], sample_rate_hz: int, lengths: list[int]
) -> Iterator[AudioChunk]:
    """Cut (S,) or (S, C) samples into chunks of these lengths, again and again.

    A run of short chunks would take thousands of calls, so after one round the longest goes on.
    """
    start = 0
    for length in lengths:
        yield AudioChunk(samples=samples[start : start + length], sample_rate_hz=sample_rate_hz)
        start += length
    rest = max(*lengths, sample_rate_hz // 10)
    while start < len(samples):
        yield AudioChunk(samples=samples[start : start + rest], sample_rate_hz=sample_rate_hz)
        start += rest


def noise_and_tones(
    duration_s: float, sample_rate_hz: int, channels: int = 1, seed: int = 0
) -> NDArray[np.float32]:
    """Something for the network to hear: (S, C), or (S,) for one channel."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    pitch_hz = min(3100.0, 0.4 * sample_rate_hz)
    tone = np.sin(2 * np.pi * pitch_hz * time_s) * (np.sin(2 * np.pi * time_s) > 0)
    noise = rng.standard_normal((len(time_s), channels)) * rng.uniform(0.01, 0.1, channels)
    samples = (0.2 * tone[:, np.newaxis] + noise).astype(np.float32)
    return samples[:, 0] if channels == 1 else samples
