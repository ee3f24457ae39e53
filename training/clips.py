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
        bounds: (clips, 2) int64, where each clip begins and ends in `samples`.
        samples: (S,) int16 at 16 kHz, clips one after another.
    """

    rows: tuple[ClipRow, ...]
    bounds: NDArray[np.int64]
    samples: NDArray[np.int16]

    def clip(self, index: int) -> NDArray[np.float32]:
        """Samples (S,) of one clip, full scale ±1."""
        start, end = self.bounds[index]
        return self.samples[start:end].astype(np.float32) / 32768.0

    def only(self, rows: Sequence[ClipRow]) -> "ClipBank":
        """The bank of some of its clips, in the order asked for; nothing is copied."""
        place = {row.path: index for index, row in enumerate(self.rows)}
        places = [place[row.path] for row in rows]
        return ClipBank(tuple(rows), self.bounds[places].reshape(-1, 2), self.samples)


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
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainingDataError(f"{path}: is not a table in UTF-8: {error}") from error


def decode(path: Path) -> NDArray[np.int16]:
    """Decode one file to 16 kHz mono (S,) int16, by libsndfile and soxr.

    Raises:
        TrainingDataError: it cannot be decoded, is empty, or holds samples that are not numbers.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise TrainingDataError(f"{path}: cannot be decoded: {error}") from error
    if not len(samples):
        raise TrainingDataError(f"{path}: holds no samples")
    if not np.isfinite(samples).all():
        raise TrainingDataError(f"{path}: holds samples that are not finite numbers")
    mono = samples.mean(axis=1)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = librosa.resample(mono, orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ, res_type="soxr_hq")
    samples_i16: NDArray[np.int16] = np.round(np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return samples_i16


def open_bank(folder: Path, rows: Sequence[ClipRow], cache: Path) -> ClipBank:
    """Decode `rows` once and keep them in `cache`, named by the files' paths, sizes and times.

    Raises:
        TrainingDataError: a clip is missing or cannot be decoded: a training set must not shrink
            in silence.
    """
    stem = cache / f"clips-{_fingerprint(folder, rows)}"
    samples_path, bounds_path = stem.with_suffix(".i16"), stem.with_suffix(".npy")
    if not bounds_path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _logger.info("decoding %d clips into %s", len(rows), samples_path)
        ends = [0]
        with samples_path.open("wb") as file:
            for row in rows:
                samples = decode(folder / row.path)
                file.write(samples.tobytes())
                ends.append(ends[-1] + len(samples))
        partial = stem.with_suffix(".partial.npy")
        np.save(partial, np.stack([ends[:-1], ends[1:]], axis=1).astype(np.int64))
        partial.replace(bounds_path)  # last, and in one move: what is there is whole
    bounds = np.load(bounds_path)
    if not len(bounds):
        return ClipBank((), bounds, np.empty(0, dtype=np.int16))
    return ClipBank(tuple(rows), bounds, np.memmap(samples_path, dtype=np.int16, mode="r"))


def _fingerprint(folder: Path, rows: Sequence[ClipRow]) -> str:
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for row in rows:
        try:
            stat = (folder / row.path).stat()
        except OSError as error:
            raise TrainingDataError(
                f"{folder / row.path}: is in the manifest, but cannot be read ({error.strerror})"
            ) from error
        digest.update(repr((row.path, stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()[:16]


def active_frames(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which 100 ms frames of a clip (S,) sound: (ceil(S / 1600),) bool.

    The loudest frame always does, unless the clip is digital silence.
    """
    count = -(-len(samples) // FRAME_SAMPLES)
    padded = np.pad(samples, (0, count * FRAME_SAMPLES - len(samples)))
    power = np.mean(padded.reshape(count, FRAME_SAMPLES) ** 2, axis=1)
    active: NDArray[np.bool_] = power > max(
        float(power.max(initial=0.0)) * 10 ** (-ACTIVE_RANGE_DB / 10), 1e-10
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
