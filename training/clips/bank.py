"""Recordings for training: decoded clips, where each one sounds, and groups held out of training.

Axes: S samples, T posterior frames (100 ms).
"""

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from training.clips.bank_files import bank_files, exclusive
from training.clips.cache import cached_banks
from training.clips.decoding import decode
from training.clips.manifest import ClipRow, read_manifest
from training.errors import TrainingDataError

__all__ = [
    "ACTIVE_RANGE_DB",
    "FRAME_SAMPLES",
    "ClipBank",
    "ClipRow",
    "Clips",
    "active_frames",
    "decode",
    "held_out",
    "open_bank",
    "read_manifest",
]

FRAME_SAMPLES = 1_600
ACTIVE_RANGE_DB = 30.0
"""A frame sounds if its level is within this range below the loudest frame of its clip."""

_logger = logging.getLogger(__name__)


class Clips(Protocol):
    """Clips by number, wherever their samples lie: a bank on disk, or shards."""

    @property
    def rows(self) -> tuple[ClipRow, ...]:
        """What each clip is."""

    def clip(self, index: int) -> NDArray[np.float32]:
        """Samples (S,) of one clip, full scale ±1."""

    def only(self, rows: Sequence[ClipRow]) -> "Clips":
        """Some of the clips, in the order asked for."""


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

    def __reduce__(self) -> tuple[object, ...]:
        if isinstance(self.samples, np.memmap) and self.samples.filename is not None:
            return _mapped, (self.rows, self.bounds, Path(self.samples.filename))
        return ClipBank, (self.rows, self.bounds, self.samples)


def _mapped(rows: tuple[ClipRow, ...], bounds: NDArray[np.int64], path: Path) -> ClipBank:
    """A bank on disk; workers that are not forked get this, not gigabytes through a pipe."""
    return ClipBank(rows, bounds, np.memmap(path, dtype=np.int16, mode="r"))


def open_bank(folder: Path, rows: Sequence[ClipRow], cache: Path) -> ClipBank:
    """Decode `rows` once and keep them in `cache`, named by the content of their files.

    Raises:
        TrainingDataError: clips are missing or cannot be decoded (all are named: a training set
            must not shrink in silence), or the cache cannot be written to.
    """
    files = bank_files(folder, [row.path for row in rows], cache)
    bounds = files.whole_bounds()
    if bounds is None:
        with exclusive(cache):
            bounds = files.whole_bounds()  # another process may have been quicker
            if bounds is None:
                _report_others(cache)
                _logger.info("decoding %d clips into %s", len(rows), files.samples)
                files.write(_decoded(folder, rows))
                bounds = files.whole_bounds()
    if bounds is None:
        raise TrainingDataError(f"{files.samples}: was written and is gone or broken; try again")
    with contextlib.suppress(OSError):  # a cache on a read-only disk serves as well
        os.utime(files.bounds)  # when it was last opened, for whoever prunes
    if not len(bounds):
        return ClipBank((), bounds, np.empty(0, dtype=np.int16))
    return _mapped(tuple(rows), bounds, files.samples)


def _decoded(folder: Path, rows: Sequence[ClipRow]) -> Iterator[NDArray[np.int16]]:
    """Samples of each row, with a bar on a terminal; in the end every fault of all of them."""
    console = Console(stderr=True)
    faults = []
    hidden = not console.is_terminal
    for row in track(rows, "decoding", console=console, transient=True, disable=hidden):
        try:
            yield decode(folder / row.path)
        except TrainingDataError as error:
            faults.append(str(error))
    if faults:
        advice = "repair them, or remove their rows"
        count = f"{folder}: {len(faults)} of {len(rows)} recordings cannot be used; {advice}"
        raise TrainingDataError.of_faults([count, *faults])


def _report_others(cache: Path) -> None:
    """Say what the cache holds already: every change of the recordings adds a bank."""
    if others := cached_banks(cache, now_s=time.time()):
        _logger.info(
            "%s holds %d other banks, %.1f GB; "
            "python -m training.clips.cache lists and prunes them",
            cache,
            len(others),
            sum(bank.size_bytes for bank in others) / 1e9,
        )


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
