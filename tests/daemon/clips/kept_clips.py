"""Clips for tests: noise that is kept."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daemon.clips.clips import Clips
from daemon.clips.folder import clip_name


def noise(seconds: float, seed: int = 0) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    return rng.integers(-9_000, 9_000, round(seconds * 16_000)).astype(np.int16)


def keep(clips: Clips, event_id: str, *, seconds: float = 1.0, is_critical: bool = False) -> str:
    """Have a clip written; returns its name."""
    assert clips.admit()
    clips.write(event_id, noise(seconds), is_critical=is_critical)
    clips.close()
    return clip_name(event_id, is_critical=is_critical)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
