"""Two doorbells and a room, made of arithmetic, to be taught and heard."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 16_000
UPSTAIRS_HZ = (1_320.0, 990.0)
GARDEN_HZ = (440.0, 587.0, 740.0)


def chime(
    pitches_hz: tuple[float, ...], *, seed: int, level: float = 0.3, noise: float = 0.0004
) -> NDArray[np.float32]:
    """One ringing of a bell: its notes one after another, each time a little different."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
    notes = [
        sum(
            np.sin(2 * np.pi * pitch_hz * partial * time_s)
            * np.exp(-time_s * 4 * partial)
            / partial
            for partial in (1, 2.76, 5.4)
        )
        for pitch_hz in pitches_hz
    ]
    sound = np.concatenate([*notes]) * level * rng.uniform(0.5, 1.0)
    quiet = np.zeros(round(rng.uniform(0.3, 0.6) * RATE_HZ))
    rung = np.concatenate([quiet, sound, quiet])
    return (rung + noise * rng.standard_normal(len(rung))).astype(np.float32)


def murmur(duration_s: float, *, seed: int, level: float = 0.02) -> NDArray[np.float32]:
    """A room in which nothing rings."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(duration_s * RATE_HZ))).astype(np.float32)


def write_chimes(folder: Path, pitches_hz: tuple[float, ...], count: int) -> list[Path]:
    """Recordings of a bell, as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"ring{number}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        soundfile.write(path, chime(pitches_hz, seed=number), RATE_HZ)
    return paths
