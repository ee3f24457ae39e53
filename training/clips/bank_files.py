"""A bank of decoded clips on disk, named by the content of the recordings it was made from.

The same recordings give the same bank in whatever folder they lie; a recording that changed gives
another bank. A bank is written under other names and moved into place when it is whole, by one
process at a time.

Sources: content-addressed storage as in git; advisory locks, flock(2).
"""

import fcntl
import functools
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from training.clips.decoding import DECODING_VERSION
from training.errors import TrainingDataError

LOCK_NAME = "clips.lock"
PARTIAL_SUFFIX = ".unfinished"
_BYTES_PER_SAMPLE = 2
_ENDS = 2  # of a clip: where it begins, and where it ends

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFiles:
    """The two files of one bank: bounds come last, so where they are the bank is whole."""

    stem: Path

    @property
    def samples(self) -> Path:
        """int16 samples of all clips, one after another."""
        return self.stem.with_suffix(".i16")

    @property
    def bounds(self) -> Path:
        """(clips, 2) int64, where each clip begins and ends."""
        return self.stem.with_suffix(".npy")

    def whole_bounds(self) -> NDArray[np.int64] | None:
        """Where each clip begins and ends, or None unless both files are there and whole."""
        try:
            with self.bounds.open("rb") as file:
                bounds: NDArray[np.int64] = np.lib.format.read_array(file)
            size_bytes = self.samples.stat().st_size
        except (OSError, ValueError, EOFError):
            return None
        if bounds.shape[1:] != (_ENDS,) or bounds.dtype != np.int64:
            return None  # of another version
        samples = int(bounds[-1, 1]) if len(bounds) else 0
        return bounds if size_bytes == samples * _BYTES_PER_SAMPLE else None

    def write(self, clips: Iterable[NDArray[np.int16]]) -> None:
        """Write a bank clip by clip; what interrupts it, a full disk too, leaves no bank behind.

        Raises:
            TrainingDataError: the folder cannot be written to.
        """
        unfinished = {path: Path(f"{path}{PARTIAL_SUFFIX}") for path in (self.samples, self.bounds)}
        ends = [0]
        try:
            with _durable(unfinished[self.samples]) as file:
                for samples in clips:
                    file.write(samples.tobytes())
                    ends.append(ends[-1] + len(samples))
            with _durable(unfinished[self.bounds]) as file:
                np.save(file, np.stack([ends[:-1], ends[1:]], axis=1).astype(np.int64))
            for path, partial in unfinished.items():
                partial.replace(path)
        except OSError as error:
            raise TrainingDataError(
                f"{self.samples}: cannot be written ({error.strerror}) after "
                f"{ends[-1] * _BYTES_PER_SAMPLE / 1e6:.0f} MB; make room there (python -m "
                "training.clips.cache lists what may go), or name another cache folder"
            ) from error
        finally:
            for partial in unfinished.values():
                partial.unlink(missing_ok=True)


def bank_files(folder: Path, paths: Sequence[str], cache: Path) -> BankFiles:
    """Where the bank of some recordings, in this order, stands in `cache`.

    Raises:
        TrainingDataError: recordings are missing or cannot be read; all are named.
    """
    digest = hashlib.sha256(b"clips %d\n" % DECODING_VERSION)
    faults = []
    for path in paths:
        try:
            digest.update(_content_digest(folder / path))
        except OSError as error:
            faults.append(
                f"{folder / path}: is in the manifest, but cannot be read ({error.strerror})"
            )
    if faults:
        advice = "put them back, or remove their rows"
        count = f"{folder}: {len(faults)} of {len(paths)} recordings cannot be read; {advice}"
        raise TrainingDataError.of_faults([count, *faults])
    return BankFiles(stem=cache / f"clips-{digest.hexdigest()[:16]}")


@contextmanager
def exclusive(cache: Path) -> Iterator[None]:
    """Hold the cache alone while writing or deleting banks; others wait. Reading needs no lock.

    Raises:
        TrainingDataError: the folder cannot be made or written to.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / LOCK_NAME).open("ab")
    except OSError as error:
        raise TrainingDataError(
            f"{cache}: cannot be written to ({error.strerror}); name another cache folder"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _logger.info("%s: another process writes to it; waiting", cache)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _durable(path: Path) -> Iterator[BinaryIO]:
    """A new file whose content is on the disk when the block ends."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _content_digest(path: Path) -> bytes:
    stat = path.stat()
    return _digest(path.resolve(), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@functools.cache
def _digest(path: Path, _size_bytes: int, _mtime_ns: int, _ctime_ns: int) -> bytes:
    """SHA-256 of a file; a process reads it again only if it changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
