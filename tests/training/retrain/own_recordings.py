"""Recordings as people make them: short ones, each unlike the others."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import ontology
from ontology import LabelSet
from training.retrain.naming import Names

RATE_HZ = 16_000


def home() -> LabelSet:
    return LabelSet(ontology.home())


def home_names() -> Names:
    return Names(home())


def home_with_a_garage_door() -> str:
    """The home ontology's text with one more node, below `impact`."""
    lines = ontology.home().source.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.strip() == "- id: knock")
    return "".join([*lines[:place], *_NEW_NODE, *lines[place:]])


_NEW_NODE = (
    "      - id: garage_door\n",
    "        name: Garage door\n",
    "        names: {de: Garagentor}\n",
)


def rattle(seed: int, duration_s: float = 1.0) -> NDArray[np.float32]:
    """Something mechanical: filtered clicks at a rate of their own, (S,)."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * RATE_HZ)
    clicks = np.zeros(count, dtype=np.float32)
    clicks[:: int(rng.integers(500, 900))] = 1.0
    ring = np.exp(-np.arange(400) / 60) * np.sin(np.arange(400) * rng.uniform(0.35, 0.5))
    noise = rng.standard_normal(count).astype(np.float32) * np.float32(0.003)
    return (0.4 * np.convolve(clicks, ring)[:count]).astype(np.float32) + noise


def write_rattle(path: Path, seed: int, duration_s: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, rattle(seed, duration_s), RATE_HZ)
    return path
