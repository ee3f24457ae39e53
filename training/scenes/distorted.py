"""Scenes in two views: as recorded, and through a worse microphone in a noisier room.

Nothing here moves a sound in time, so both views have the same truth in every posterior frame.

Axes: S samples, T posterior frames, N ontology nodes.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.distortions import Gain, draw_codec, draw_overload, draw_tone

TONE_SHARE, OVERLOAD_SHARE, CODEC_SHARE, NOISE_SHARE = 0.8, 0.15, 0.15, 0.6
NOISE_BELOW_DB = (5.0, 30.0)
"""Range of the level of added noise below that of the scene."""

_STREAM = 0x0D15
"""Keeps the draws apart from those of the scene, which has the same seed and index."""


class SeededScenes(Protocol):
    """Scenes by index, the same in every run with this seed, as of `SceneDataset`."""

    seed: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Audio (S,), true (T, N), unknown (T, N)."""
        ...


class DistortedScenes(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Scenes by index: audio (S,), true (T, N), unknown (T, N), distorted audio (S,)."""

    def __init__(self, scenes: SeededScenes) -> None:
        self.scenes = scenes

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        audio, true, unknown = self.scenes[index]
        rng = np.random.default_rng([self.scenes.seed, index, _STREAM])
        return audio, true, unknown, distort(audio, rng)


def distort(audio: Tensor, rng: np.random.Generator) -> Tensor:
    """Another recording (S,) of the same sounds: colour, overload, codec, noise and gain."""
    if rng.random() < TONE_SHARE:
        audio = draw_tone(rng).apply(audio)
    if rng.random() < OVERLOAD_SHARE:
        audio = draw_overload(rng).apply(audio)
    if rng.random() < CODEC_SHARE:
        audio = draw_codec(rng).apply(audio)
    if rng.random() < NOISE_SHARE:
        level = float(audio.square().mean().sqrt()) * 10 ** (-rng.uniform(*NOISE_BELOW_DB) / 20)
        noise = torch.from_numpy(rng.standard_normal(len(audio), dtype=np.float32))
        audio = audio + level * noise
    return Gain(gain_db=float(rng.uniform(-12, 6))).apply(audio)
