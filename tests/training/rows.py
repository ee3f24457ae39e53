"""Rows of manifests and recordings for them, as tests of training data need them."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.clips.manifest import ClipRow

PITCH_HZ = 1_000.0


def row_of(path: str, label: str = "dog", group: str = "g") -> ClipRow:
    """A row whose recording may train weights that ship."""
    return ClipRow(
        path=path, label=label, split="train", use="ship", source="s", group=group, licence="l"
    )


def tone(rate_hz: int, duration_s: float = 0.5) -> NDArray[np.float64]:
    """A tone (S,) of amplitude one half."""
    samples: NDArray[np.float64] = 0.5 * np.sin(
        2 * np.pi * PITCH_HZ * np.arange(round(rate_hz * duration_s)) / rate_hz
    )
    return samples


def write_tone(path: Path, amplitude: float = 0.5) -> Path:
    """Write half a second of tone."""
    soundfile.write(path, 2 * amplitude * tone(16_000), 16_000)
    return path
