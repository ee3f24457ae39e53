"""What is played into the microphone: recordings of AED_DATA, or a synthesised minute at home."""

import csv
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.synthesis.scene import home_scene

RATE_HZ = 16_000
GAP_S = 4.0
"""Quiet room between two recordings, so that one is over before the next begins."""

LONGEST_S = 8.0
_ROOM_DBFS = -66.0

CHOSEN = (
    ("smoke_alarm", 4, 4.0),
    ("speech", 3, 3.0),
    ("glass_breaking", 4, 1.0),
    ("music", 3, 3.0),
    ("doorbell", 3, 2.0),
    ("dog", 3, 3.0),
)
"""Label, how many recordings of it, and how long one must be, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One sound of the programme.

    Attributes:
        label: what it is, as the data's label or the scene's node says.
        name: where it comes from.
        onset_s: when it begins.
        offset_s: when it ends.
    """

    label: str
    name: str
    onset_s: float
    offset_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Sounds one after the other.

    Attributes:
        samples: (S,) float32 at RATE_HZ.
        parts: what sounds when.
        remark: where it all comes from.
    """

    samples: NDArray[np.float32]
    parts: tuple[Part, ...]
    remark: str


def programme() -> Programme:
    """Recordings where AED_DATA has them, the synthesised scene where it is unset."""
    folder = os.environ.get("AED_DATA")
    if folder and (Path(folder) / "manifest.tsv").is_file():
        return _recordings(Path(folder))
    scene = home_scene(0)
    parts = tuple(
        Part(label=span.node, name="scene", onset_s=span.onset_s, offset_s=span.offset_s)
        for span in scene.spans
    )
    return Programme(
        samples=scene.samples,
        parts=parts,
        remark="AED_DATA names no recordings: the synthesised scene takes their place",
    )


def _recordings(folder: Path) -> Programme:
    rng = np.random.default_rng(0)
    pieces = [_room(GAP_S, rng)]
    parts = []
    position_s = GAP_S
    for label, path in _chosen(folder):
        samples, rate_hz = soundfile.read(folder / path, dtype="float32")
        if rate_hz != RATE_HZ or samples.ndim != 1:
            raise ValueError(f"{path}: wanted mono at {RATE_HZ} Hz")
        samples = samples[: int(LONGEST_S * RATE_HZ)]
        length_s = len(samples) / RATE_HZ
        parts.append(
            Part(label=label, name=path, onset_s=position_s, offset_s=position_s + length_s)
        )
        pieces += [samples + _room(length_s, rng)[: len(samples)], _room(GAP_S, rng)]
        position_s += length_s + GAP_S
    return Programme(
        samples=np.concatenate(pieces), parts=tuple(parts), remark="recordings of AED_DATA"
    )


def _chosen(folder: Path) -> Iterator[tuple[str, str]]:
    """Label and path, always the same ones: of each group one, in the order of the manifest.

    Development recordings come first; of glass there are none, so there a recording may have been
    trained on. The labels take turns: two smoke alarms in a row would be one event.
    """
    chosen: list[list[tuple[str, str]]] = []
    with (folder / "manifest.tsv").open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file, delimiter="\t"), key=lambda row: row["split"] != "dev")
    for label, count, least_s in CHOSEN:
        groups: dict[str, str] = {}
        for row in rows:
            if row["label"] == label and float(row["duration_s"]) >= least_s:
                groups.setdefault(row["group"], row["path"])
        step = max(1, len(groups) // count)
        chosen.append([(label, path) for path in list(groups.values())[::step][:count]])
    for turn in itertools.zip_longest(*chosen):
        yield from (entry for entry in turn if entry is not None)


def _room(duration_s: float, rng: np.random.Generator) -> NDArray[np.float32]:
    num_samples = round(duration_s * RATE_HZ)
    noise = rng.standard_normal(num_samples).astype(np.float32)
    return noise * np.float32(10 ** (_ROOM_DBFS / 20))
