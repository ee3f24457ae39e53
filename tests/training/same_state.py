"""Whether two checkpoints hold the same, bit for bit."""

from pathlib import Path

import torch

from training.loop.checkpoints import read_checkpoint


def same_state(one: Path, two: Path) -> bool:
    """Compare every tensor and value: weights, average, optimiser, figures."""
    return equal(read_checkpoint(one), read_checkpoint(two))


def equal(one: object, two: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(equal, one, two))
    return one == two
