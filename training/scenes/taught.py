"""Scenes with what YAMNet says of them, for a run that learns from it.

Axes: S samples, T posterior frames, N ontology nodes, W windows, C AudioSet classes, E its
embedding.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.clips.bank import FRAME_SAMPLES
from training.scenes.distorted import SeededScenes
from training.yamnet import YamnetNetwork, yamnet_windows

WINDOW_FRAMES, HOP_FRAMES = 10, 8
"""A window of YAMNet lasts 0.975 s; the next one begins 0.8 s later."""

_PEAK = 0.5
"""Of a scene as YAMNet hears it: it is no judge of quiet ones."""


class TaughtScenes(Dataset[tuple[Tensor, ...]]):
    """Scenes by index: audio (S,), true (T, N), unknown (T, N), YAMNet's answers (W, C + E).

    Args:
        scenes: to be heard.
        teacher: folder of YAMNet.

    Raises:
        TrainingDataError: YAMNet cannot be used.
    """

    def __init__(self, scenes: SeededScenes, teacher: Path) -> None:
        self.scenes, self._folder = scenes, teacher
        YamnetNetwork(teacher, embeds=True)  # complains before a worker would
        self._network: YamnetNetwork | None = None

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        if self._network is None:  # each worker has its own: an interpreter cannot be shared
            self._network = YamnetNetwork(self._folder, embeds=True)
        audio, true, unknown = self.scenes[index]
        return audio, true, unknown, answers(self._network, audio)


def answers(network: YamnetNetwork, audio: Tensor) -> Tensor:
    """What YAMNet says of a scene (S,) at an even level: (W, C + E)."""
    samples = audio.numpy()
    samples = samples * np.float32(_PEAK / max(float(np.abs(samples).max(initial=0.0)), 1e-4))
    windows = yamnet_windows(samples, HOP_FRAMES * FRAME_SAMPLES)
    return torch.from_numpy(np.stack([network.scores_and_embedding(each) for each in windows]))
