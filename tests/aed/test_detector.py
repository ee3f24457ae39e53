"""The streaming law: how a sound was cut does not matter, only what it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.bundle import Bundle
from aed.detector import StreamingDetector
from aed.inference import Frames, Inference
from aed.posteriors import SILENCE_DBFS, Posteriors
from tests.aed.cutting import chunk_lengths, cut, noise_and_tones


def joined(parts: list[Posteriors]) -> Posteriors:
    return Posteriors(
        values=np.concatenate([part.values for part in parts]),
        start_frame=parts[0].start_frame,
        level_dbfs=np.concatenate([part.level_dbfs for part in parts]),
        log_mel=np.concatenate([part.log_mel for part in parts]),
    )


def hear(bundle: Bundle, samples: NDArray[np.float32], sample_rate_hz: int = 16_000) -> Posteriors:
    detector = StreamingDetector(bundle)
    head = detector.feed(AudioChunk(samples=samples, sample_rate_hz=sample_rate_hz))
    return joined([head, detector.flush()])


@given(
    sample_rate_hz=st.sampled_from([16_000, 44_100, 48_000]),
    channels=st.sampled_from([1, 2]),
    lengths=chunk_lengths(3 * 48_000),
    seed=st.integers(0, 3),
)
@settings(max_examples=40, deadline=None)
def test_any_cutting_gives_the_same_posteriors(
    bundle: Bundle, sample_rate_hz: int, channels: int, lengths: list[int], seed: int
) -> None:
    samples = noise_and_tones(4.33, sample_rate_hz, channels, seed)
    detector = StreamingDetector(bundle)

    parts = [detector.feed(chunk) for chunk in cut(samples, sample_rate_hz, lengths)]
    found = joined([*parts, detector.flush()])

    expected = hear(bundle, samples, sample_rate_hz)
    assert found.values.shape == expected.values.shape == (44, len(bundle.labels))
    assert np.abs(found.values - expected.values).max() <= 1e-4
    assert np.abs(found.log_mel - expected.log_mel).max() <= 1e-3
    assert np.abs(found.level_dbfs - expected.level_dbfs).max() <= 1e-3


def test_frames_are_numbered_from_the_start_of_the_stream(bundle: Bundle) -> None:
    detector = StreamingDetector(bundle)
    chunk = AudioChunk(samples=noise_and_tones(0.25, 16_000), sample_rate_hz=16_000)

    starts = [detector.feed(chunk).start_frame for _ in range(4)]

    assert starts == [0, 2, 5, 7]
    assert detector.flush().start_frame == 10


def test_stream_time_is_the_end_of_each_frame(bundle: Bundle) -> None:
    heard = hear(bundle, noise_and_tones(0.35, 16_000))

    assert heard.time_s == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert heard.log_mel.shape[0] == 40


def test_flush_pads_the_tail_with_silence(bundle: Bundle) -> None:
    samples = noise_and_tones(0.95, 16_000)
    padded = np.concatenate([samples, np.zeros(800, np.float32)])

    assert hear(bundle, samples).values == pytest.approx(hear(bundle, padded).values, abs=1e-4)


def test_flush_of_nothing_gives_no_frame(bundle: Bundle) -> None:
    last = StreamingDetector(bundle).flush()

    assert last.values.shape == (0, len(bundle.labels))
    assert last.log_mel.shape[0] == 0


def test_after_reset_a_stream_begins_as_if_nothing_had_been_heard(bundle: Bundle) -> None:
    detector = StreamingDetector(bundle)
    samples = noise_and_tones(2.5, 16_000)
    chunk = AudioChunk(samples=samples, sample_rate_hz=16_000)
    first = detector.feed(chunk)
    detector.feed(AudioChunk(samples=np.full(7, np.nan, np.float32), sample_rate_hz=44_100))

    detector.reset()

    assert np.array_equal(detector.feed(chunk).values, first.values)


def test_two_streams_of_one_bundle_do_not_disturb_each_other(bundle: Bundle) -> None:
    one, other = StreamingDetector(bundle), StreamingDetector(bundle)
    samples = noise_and_tones(3.0, 16_000)
    expected = hear(bundle, samples).values

    heard = []
    for start in range(0, 48_000, 4_800):
        heard.append(
            one.feed(AudioChunk(samples=samples[start : start + 4_800], sample_rate_hz=16_000))
        )
        other.feed(AudioChunk(samples=noise_and_tones(0.4, 48_000, seed=9), sample_rate_hz=48_000))

    assert np.abs(joined(heard).values - expected).max() <= 1e-4


def test_no_node_is_more_probable_than_its_parent(bundle: Bundle) -> None:
    values = hear(bundle, noise_and_tones(5.0, 48_000), 48_000).values
    parents = bundle.labels.parent
    below = np.flatnonzero(parents >= 0)

    assert (values[:, below] <= values[:, parents[below]]).all()
    assert values.min() >= 0.0
    assert values.max() <= 1.0


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(32_000, np.float32),
        np.ones(32_000, np.float32),
        np.full(32_000, np.nan, np.float32),
        np.full(32_000, -np.inf, np.float32),
        np.tile(np.array([1e38, -1e38], np.float32), 16_000),
    ],
    ids=["silence", "constant", "not a number", "infinite", "far beyond full scale"],
)
def test_the_worst_sound_gives_finite_posteriors(
    bundle: Bundle, samples: NDArray[np.float32]
) -> None:
    heard = hear(bundle, samples)

    assert np.isfinite(heard.values).all()
    assert np.isfinite(heard.log_mel).all()
    assert (heard.level_dbfs >= SILENCE_DBFS).all()


def test_a_constant_offset_is_forgotten_after_its_first_click(bundle: Bundle) -> None:
    samples = noise_and_tones(15.0, 16_000)

    plain, offset = hear(bundle, samples), hear(bundle, samples + np.float32(0.2))

    assert np.abs(plain.log_mel - offset.log_mel)[10:].max() < 0.02
    assert np.abs(plain.values - offset.values)[100:].max() < 0.02
    assert np.abs(plain.level_dbfs - offset.level_dbfs).max() < 0.01


@pytest.mark.parametrize("block_samples", [1_600, 16_000])
def test_levels_are_relative_to_full_scale(bundle: Bundle, block_samples: int) -> None:
    time_s = np.arange(16_000) / 16_000
    sine = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)
    detector = StreamingDetector(bundle)

    levels = joined([detector.feed(c) for c in cut(sine, 16_000, [block_samples])]).level_dbfs

    assert levels == pytest.approx(-3.01, abs=0.01)


def test_the_level_of_a_frame_does_not_depend_on_its_block(bundle: Bundle) -> None:
    samples = np.float32(0.9) + np.float32(1e-4) * noise_and_tones(1.0, 16_000)
    detector = StreamingDetector(bundle)

    alone = joined([detector.feed(chunk) for chunk in cut(samples, 16_000, [1_600])])

    # A logarithm is rounded by its place among others: 1e-5 dB.
    assert np.abs(alone.level_dbfs - hear(bundle, samples).level_dbfs).max() <= 1e-4


class _Spoiled:
    """An inference whose states hold no numbers until it begins anew."""

    def __init__(self, inner: Inference) -> None:
        self.inner, self.is_spoiled = inner, True

    def run(self, samples: NDArray[np.float32]) -> Frames:
        frames = self.inner.run(samples)
        return frames._replace(values=frames.values * np.nan) if self.is_spoiled else frames

    def reset(self) -> None:
        self.inner.reset()
        self.is_spoiled = False


def test_a_model_that_gives_no_numbers_begins_anew_and_says_so(
    bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    detector = StreamingDetector(bundle)
    detector.inference = _Spoiled(bundle.new_stream())  # type: ignore[assignment]
    second = AudioChunk(samples=np.zeros(16_000, np.float32), sample_rate_hz=16_000)

    lost, heard = detector.feed(second), detector.feed(second)

    assert (lost.values == 0).all()
    assert detector.lost_frames == len(lost.values) == lost.num_lost == 10
    assert heard.num_lost == 0
    assert np.isfinite(heard.values).all()
    assert (heard.values > 0).any()
    assert "begins anew" in caplog.text
