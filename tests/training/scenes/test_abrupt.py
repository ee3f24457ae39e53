import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.clips.bank import FRAME_SAMPLES
from training.kinds import BLUR_FRAMES
from training.scenes.abrupt import abrupt

pytestmark = pytest.mark.torch


@given(onset=st.integers(0, 19), seed=st.integers(0, 2**31))
def test_what_is_heard_keeps_its_truth_and_after_the_cut_nothing_is_true(
    onset: int, seed: int
) -> None:
    frames = 20
    audio = np.repeat(np.arange(1, frames + 1, dtype=np.float32), FRAME_SAMPLES)
    true = np.arange(1, frames + 1)[:, None] == np.arange(1, frames + 1)  # frame t: node t
    unknown = np.zeros_like(true)

    cut, known, doubted = abrupt(audio, true, unknown, onset, np.random.default_rng(seed))

    heard = cut[::FRAME_SAMPLES].astype(int)  # which frame of before, 0 for none
    sounding = heard > 0
    assert cut.shape == audio.shape
    assert onset < heard[0] <= onset + 3 or heard[0] == frames
    assert all(known[place, frame - 1] for place, frame in enumerate(heard) if frame)
    assert known[sounding].sum() == sounding.sum()
    assert not known[~sounding].any()
    last = int(sounding.sum())
    assert doubted[last : last + BLUR_FRAMES, heard[last - 1] - 1].all()
    assert not (known & doubted).any()
