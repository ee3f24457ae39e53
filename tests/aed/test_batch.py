"""Several streams heard together give what each of them gives alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.batch import hear_together
from aed.bundle import Bundle
from aed.hearing import Hearing
from aed.joint_inference import run_together

SECONDS = 3


def sounds(num_streams: int) -> NDArray[np.float32]:
    """(K, S): beeps of several pitches over noise, so that streams differ and events come up."""
    rng = np.random.default_rng(7)
    time_s = np.arange(SECONDS * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    is_on = (time_s % 1.0) < 0.5
    beeps = [is_on * np.sin(2 * np.pi * 700 * (k + 1) * time_s) for k in range(num_streams)]
    noise = rng.normal(0, 0.01, (num_streams, len(time_s)))
    return (0.3 * np.array(beeps) + noise).astype(np.float32)


def chunk(samples: NDArray[np.float32]) -> AudioChunk:
    return AudioChunk(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)


@pytest.mark.torch
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_streams_of_any_chunks_heard_together_are_heard_as_alone(seed: int, bundle: Bundle) -> None:
    rng = np.random.default_rng(seed)
    audio = sounds(3)
    together = [Hearing(bundle) for _ in audio]
    parts: list[list[NDArray[np.float32]]] = [[] for _ in audio]
    positions = [0] * len(audio)
    while any(position < audio.shape[1] for position in positions):
        rows, chunks = [], []
        for row, position in enumerate(positions):
            length = int(rng.integers(1, 40_000))
            if rng.random() < 0.7 and position < audio.shape[1]:
                rows.append(row)
                chunks.append(chunk(audio[row, position : position + length]))
                positions[row] += length
        heard = hear_together([together[row] for row in rows], chunks)
        for row, each in zip(rows, heard, strict=True):
            parts[row].append(each.posteriors.values)
    for row, samples in enumerate(audio):
        alone = Hearing(bundle).feed(chunk(samples)).posteriors
        np.testing.assert_allclose(np.concatenate(parts[row]), alone.values, atol=1e-5)


@pytest.mark.torch
def test_each_stream_keeps_its_own_frames_and_place(bundle: Bundle) -> None:
    first, second = Hearing(bundle), Hearing(bundle)
    quiet, loud = sounds(2)[:, :3_200]
    first.feed(chunk(quiet))

    heard = hear_together([first, second], [chunk(quiet), chunk(loud)])

    assert [each.posteriors.start_frame for each in heard] == [2, 0]
    levels = [each.posteriors.level_dbfs for each in heard]
    np.testing.assert_allclose(levels[0], Hearing(bundle).feed(chunk(quiet)).posteriors.level_dbfs)
    assert not np.shares_memory(heard[0].posteriors.values, heard[1].posteriors.values)


@pytest.mark.torch
def test_a_block_that_is_no_whole_number_of_hops_is_refused(bundle: Bundle) -> None:
    streams = [bundle.new_stream(), bundle.new_stream()]
    with pytest.raises(ValueError, match="wanted 1 to 10 hops of 1600, got 1700"):
        run_together(streams, [np.zeros(1_700, np.float32)] * 2)


def test_nothing_to_hear_gives_nothing() -> None:
    assert hear_together([], []) == []
