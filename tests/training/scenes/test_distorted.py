import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.scenes.distorted import DistortedScenes, distort
from training.scenes.mixtures import SceneDataset

pytestmark = pytest.mark.torch


def test_the_first_view_is_the_scene_and_the_second_another_recording_of_it(
    scenes: SceneDataset,
) -> None:
    views = DistortedScenes(scenes)

    assert len(views) == len(scenes)
    *scene, distorted = views[3]
    for part, same in zip(scene, scenes[3], strict=True):
        assert torch.equal(part, same)
    assert distorted.shape == scene[0].shape
    assert not torch.equal(distorted, scene[0])


def test_a_view_is_the_same_whenever_and_wherever_it_is_drawn(scenes: SceneDataset) -> None:
    assert torch.equal(DistortedScenes(scenes)[2][3], DistortedScenes(scenes)[2][3])


def test_a_click_stays_where_it_was() -> None:
    """Filters ring after the click, so it may get up to a millisecond longer, never moved."""
    for seed in range(20):
        audio = torch.zeros(16_000)
        audio[8_000] = 0.5

        distorted = distort(audio, np.random.default_rng(seed))

        assert abs(int(distorted.abs().argmax()) - 8_000) <= 16


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), level=st.sampled_from([0.0, 1e-6, 0.1, 1.0]))
def test_any_scene_stays_within_full_scale_and_finite(seed: int, level: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    audio = level * (2 * torch.rand(3_200, generator=generator) - 1)

    distorted = distort(audio, np.random.default_rng(seed))

    assert distorted.shape == audio.shape
    assert distorted.dtype == torch.float32
    assert torch.isfinite(distorted).all()
    assert float(distorted.abs().max()) <= 1.0
