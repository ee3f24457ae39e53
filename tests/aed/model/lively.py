"""A model that was never trained, yet reacts to what it hears: wrong wiring must show in it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aed.model.joint import JointModel, ModelConfig
from ontology import LabelSet


def lively_model(labels: LabelSet, *, seed: int = 0) -> JointModel:
    """A model in evaluation mode with random weights and norms, logits spread over some units.

    A fresh head of small weights would answer almost the same to everything.
    """
    torch.manual_seed(seed)
    model = JointModel(ModelConfig(), labels)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.4)
            nn.init.uniform_(module.bias, -0.3, 0.3)
            module.running_mean = torch.empty_like(module.weight).uniform_(-0.3, 0.3).detach()
            module.running_var = torch.empty_like(module.weight).uniform_(0.5, 1.0).detach()
    nn.init.normal_(model.head.decisions.weight, std=0.8)
    return model.eval()


def some_sound(samples: int, *, clips: int = 1, seed: int = 0) -> Tensor:
    """Noise of changing level under a pulsing tone, (B, S)."""
    return torch.from_numpy(np.stack([_clip(samples, seed + clip) for clip in range(clips)]))


def _clip(samples: int, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    time_s = np.arange(samples) / 16_000
    steps = np.exp(rng.normal(-3.5, 1.5, samples // 4_000 + 1))
    level = np.repeat(steps, 4_000)[:samples]
    pulses = np.sin(2 * np.pi * time_s * rng.uniform(0.4, 2.0)) > 0
    tone = np.sin(2 * np.pi * time_s * rng.uniform(300, 4_000)) * pulses
    sound: NDArray[np.float32] = np.clip(
        level * rng.standard_normal(samples) + 0.1 * tone, -1, 1
    ).astype(np.float32)
    return sound
