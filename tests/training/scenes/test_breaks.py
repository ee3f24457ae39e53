import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.scenes.breaks import LARGEST_SPEED, varied
from training.synthesis.breaking import render_glass
from training.synthesis.glass import draw_glass

pytestmark = pytest.mark.torch


def a_break(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return render_glass(draw_glass(rng, "window_glass"), rng).samples


def centroid_hz(samples: NDArray[np.float32]) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float(power @ np.fft.rfftfreq(len(samples), 1 / 16_000) / power.sum())


def test_one_recording_gives_breaks_of_many_pitches_and_lengths() -> None:
    recording = a_break(1)
    made = [
        varied(recording, lambda: a_break(2), np.random.default_rng(seed)) for seed in range(40)
    ]

    pitches_hz = [centroid_hz(each) for each in made]
    lengths = {len(each) for each in made}
    assert max(pitches_hz) > 1.3 * min(pitches_hz)
    assert len(lengths) > 10
    longest = LARGEST_SPEED * max(len(recording), len(a_break(2))) + 0.5 * 16_000 + 3_200
    assert max(lengths) <= longest


def test_silence_before_a_break_is_cut_so_that_it_begins_with_its_onset() -> None:
    late = np.concatenate([np.zeros(16_000, np.float32), a_break(1)])

    made = varied(late, lambda: a_break(2), np.random.default_rng(0))

    begins = int((np.abs(made) > 0.05 * np.abs(made).max()).argmax())
    assert begins < 3_200


@given(samples=st.integers(1, 40_000), loudness=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_anything_recorded_stays_finite_and_bounded(
    samples: int, loudness: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    recording = (loudness * rng.uniform(-1, 1, samples)).astype(np.float32)
    kept = recording.copy()

    made = varied(recording, lambda: recording, rng)

    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert np.abs(made).max(initial=0.0) <= 3.0
    assert np.array_equal(recording, kept)
