from pathlib import Path

import pytest
import torch

from training.errors import TrainingDataError
from training.scenes.mixtures import SceneDataset
from training.scenes.taught import HOP_FRAMES, WINDOW_FRAMES, TaughtScenes, answers
from training.yamnet import CLASSES, EMBEDDING, YamnetNetwork

pytestmark = pytest.mark.torch


@pytest.mark.yamnet
def test_a_taught_scene_is_the_scene_and_what_yamnet_says_of_each_window(
    scenes: SceneDataset, yamnet_folder: Path
) -> None:
    taught = TaughtScenes(scenes, yamnet_folder)

    assert len(taught) == len(scenes)
    *scene, said = taught[1]
    for part, same in zip(scene, scenes[1], strict=True):
        assert torch.equal(part, same)
    windows = 1 + (len(scene[1]) - WINDOW_FRAMES) // HOP_FRAMES
    assert said.shape == (windows, CLASSES + EMBEDDING)
    assert torch.equal(said, taught[1][3])  # whenever it is asked


@pytest.mark.yamnet
def test_a_quiet_scene_is_heard_as_a_loud_one_is(yamnet_folder: Path) -> None:
    network = YamnetNetwork(yamnet_folder, embeds=True)
    audio = 0.5 * torch.sin(torch.arange(32_000) * 2 * torch.pi * 440 / 16_000)

    loud, quiet = answers(network, audio), answers(network, 0.01 * audio)

    assert float((loud - quiet).abs().mean()) < 0.01  # it counts in steps of 1/256


@pytest.mark.yamnet
def test_silence_is_answered_with_numbers(yamnet_folder: Path) -> None:
    network = YamnetNetwork(yamnet_folder, embeds=True)

    assert torch.isfinite(answers(network, torch.zeros(16_000))).all()


def test_a_teacher_that_is_not_there_is_refused_before_training(
    scenes: SceneDataset, tmp_path: Path
) -> None:
    with pytest.raises(TrainingDataError, match="cannot be used as YAMNet"):
        TaughtScenes(scenes, tmp_path)
