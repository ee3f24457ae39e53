"""Recordings for training: manifest, decoded samples cached on disk, and where each clip sounds.

Axes: S samples, T posterior frames (100 ms).
"""

import csv
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.errors import TrainingDataError

FRAME_SAMPLES = 1_600
ACTIVE_RANGE_DB = 30.0
"""A frame sounds if its level is within this range below the loudest frame of its clip."""
_COLUMNS = ("path", "label", "split", "use", "source", "group", "licence", "duration_s")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One row of a manifest."""

    path: str
    label: str
    split: str
    use: str
    source: str
    group: str
    licence: str


@dataclass(frozen=True, slots=True)
class ClipBank:
    """Decoded clips in one file on disk, read through the page cache.

    Attributes:
        rows: what each clip is.
        starts: (clips + 1,) int64, where each clip begins in `samples`.
        samples: (S,) int16 at 16 kHz, all clips one after another.
    """

    rows: tuple[ClipRow, ...]
    starts: NDArray[np.int64]
    samples: NDArray[np.int16]

    def clip(self, index: int) -> NDArray[np.float32]:
        """Samples (S,) of one clip, full scale ±1."""
        part = self.samples[self.starts[index] : self.starts[index + 1]]
        return part.astype(np.float32) / 32768.0


def read_manifest(folder: Path) -> tuple[ClipRow, ...]:
    """Read `manifest.tsv` of a data folder.

    Raises:
        TrainingDataError: no such file, or a column is missing.
    """
    path = folder / "manifest.tsv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise TrainingDataError(
                    f"{path}: wanted the columns {', '.join(_COLUMNS)}; "
                    f"{', '.join(missing)} missing"
                )
            names = [name for name in _COLUMNS if name != "duration_s"]
            return tuple(ClipRow(**{name: row[name] or "" for name in names}) for row in reader)
    except OSError as error:
        raise TrainingDataError(
            f"{path}: cannot be read ({error.strerror}); AED_DATA must name a folder with a "
            "manifest.tsv"
        ) from error


def decode(path: Path) -> NDArray[np.int16]:
    """Decode one file to 16 kHz mono (S,) int16, by libsndfile and soxr.

    Raises:
        TrainingDataError: it cannot be decoded, or is empty.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise TrainingDataError(f"{path}: cannot be decoded: {error}") from error
    mono = samples.mean(axis=1)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = librosa.resample(mono, orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ, res_type="soxr_hq")
    if not len(mono):
        raise TrainingDataError(f"{path}: holds no samples")
    samples_i16: NDArray[np.int16] = np.round(np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return samples_i16


def open_bank(folder: Path, rows: Sequence[ClipRow], cache: Path) -> ClipBank:
    """Decode `rows` once and keep them in `cache`, named by what they hold.

    A clip that cannot be decoded is an error: a training set must not shrink in silence.
    """
    stats = [(folder / row.path).stat().st_size for row in rows]
    key = repr([(row.path, size) for row, size in zip(rows, stats, strict=True)])
    stem = cache / f"clips-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    samples_path, starts_path = stem.with_suffix(".i16"), stem.with_suffix(".npy")
    if not starts_path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _logger.info("decoding %d clips into %s", len(rows), samples_path)
        starts = [0]
        with samples_path.open("wb") as file:
            for row in rows:
                samples = decode(folder / row.path)
                file.write(samples.tobytes())
                starts.append(starts[-1] + len(samples))
        np.save(starts_path, np.array(starts, dtype=np.int64))
    starts_array = np.load(starts_path)
    samples_map = np.memmap(samples_path, dtype=np.int16, mode="r")
    return ClipBank(tuple(rows), starts_array, samples_map)


def active_frames(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which 100 ms frames of a clip (S,) sound: (ceil(S / 1600),) bool.

    The loudest frame always does, unless the clip is digital silence.
    """
    count = -(-len(samples) // FRAME_SAMPLES)
    padded = np.pad(samples, (0, count * FRAME_SAMPLES - len(samples)))
    power = np.mean(padded.reshape(count, FRAME_SAMPLES) ** 2, axis=1)
    active: NDArray[np.bool_] = power > max(
        float(power.max()) * 10 ** (-ACTIVE_RANGE_DB / 10), 1e-10
    )
    return active


def held_out(rows: Sequence[ClipRow], *, share: float, least_groups: int = 6) -> frozenset[str]:
    """Groups that no gradient ever sees: the same for every run, chosen by their name's hash.

    Labels recorded in fewer than `least_groups` groups give none: they are too scarce to lose one.
    """
    groups_of: dict[str, set[str]] = {}
    for row in rows:
        groups_of.setdefault(row.label, set()).add(row.group)
    scarce = {
        group for groups in groups_of.values() if len(groups) < least_groups for group in groups
    }
    limit = int(share * 2**32)
    return frozenset(
        row.group
        for row in rows
        if row.group not in scarce
        and int.from_bytes(hashlib.sha256(row.group.encode()).digest()[:4], "big") < limit
    )
